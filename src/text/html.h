#pragma once

#include <string>
#include <string_view>
#include <vector>

/// HTML as it comes from feeds and servers: hostile, broken, in any bytes. Trees are built by gumbo (the HTML5
/// algorithm) inside a memory budget; a document that would exceed it, or nests absurdly deep, is stripped of its tags
/// by a plain scan instead. All functions are thread-safe, never fail, and return valid UTF-8.
namespace offx::text {

/// What a fragment of HTML says.
struct HtmlContent {
  struct Image {
    std::string url;
    std::string alt;

    friend bool operator==(const Image&, const Image&) = default;
  };

  std::string text;                ///< paragraphs end in `\n\n`, <br> and other blocks in `\n`; trimmed
  std::vector<std::string> links;  ///< absolute http(s) targets of <a>, in order, each once; no mentions and hashtags
  std::vector<Image> images;       ///< absolute http(s) sources of <img>, in order, each once
};

/// Text, links and images of an HTML fragment. A link whose text is an address (even cut short, as Mastodon does) is
/// written as its target; other link texts stay as they are. script, style, template and the like are left out, and so
/// are images' descriptions. Relative addresses are resolved against `base_url`; those that stay relative are dropped.
[[nodiscard]] HtmlContent read_html(std::string_view html, std::string_view base_url = {});

/// `read_html(html).text`
[[nodiscard]] std::string html_to_text(std::string_view html);

/// The fragment with only the elements and attributes of an allow-list (text structure, links, images, tables), written
/// anew from the tree. Addresses are http and https (for links also mailto), absolute; links get
/// `rel="noopener noreferrer nofollow"`. Safe to put into a page; sanitising it again changes nothing.
[[nodiscard]] std::string sanitise_html(std::string_view html, std::string_view base_url = {});

}  // namespace offx::text
