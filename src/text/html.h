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
  std::vector<std::string> links;  ///< absolute http(s) targets of <a>, in order, each once
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

/// Replaces character references (`&amp;`, `&eacute;`, `&#8217;`, `&#x1F600;`), once: `&amp;lt;` gives `&lt;`. What is
/// no reference stays as it is. Knows HTML's Latin 1, symbol and special entities, with their semicolon.
[[nodiscard]] std::string unescape_entities(std::string_view text);

/// The character reference's replacement by its name without `&` and `;` (`eacute` → `é`), or empty if there is none.
[[nodiscard]] std::string_view named_entity(std::string_view name) noexcept;

/// Appends a code point as UTF-8; U+FFFD for surrogates and what lies beyond U+10FFFF.
void append_utf8(std::string& out, char32_t code_point);

/// Plain text fit for storing: invalid UTF-8 becomes U+FFFD, `\r\n` and `\r` become `\n`, other control characters
/// (C0, DEL, C1) but `\t` are removed. Linear; text that is fit already is found so without a copy of its parts.
[[nodiscard]] std::string clean_text(std::string_view text);
void clean_text_in_place(std::string& text);

/// Resolves a reference against an absolute base as RFC 3986 section 5.2 says; empty if neither is absolute.
/// Surrounding white space is dropped.
[[nodiscard]] std::string resolve_url(std::string_view base, std::string_view reference);

}  // namespace offx::text
