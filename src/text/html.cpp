#include "text/html.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <unordered_set>
#include <utility>

#include "text/clean.h"
#include "text/html_tree.h"
#include "text/url.h"

namespace offx::text {
namespace {

enum class Kind : std::uint8_t {
  inline_text,  ///< its content counts, the element does not break the line
  block,        ///< on lines of its own
  paragraph,    ///< a block with an empty line around it
  hidden,       ///< neither it nor what is inside is text
};

Kind kind_of(const GumboElement& element) noexcept {
  if (element.tag_namespace != GUMBO_NAMESPACE_HTML) return Kind::hidden;
  switch (element.tag) {
    case GUMBO_TAG_SCRIPT:
    case GUMBO_TAG_STYLE:
    case GUMBO_TAG_IFRAME:
    case GUMBO_TAG_NOEMBED:
    case GUMBO_TAG_NOFRAMES:
    case GUMBO_TAG_NOSCRIPT:
    case GUMBO_TAG_XMP:
    case GUMBO_TAG_PLAINTEXT:
    case GUMBO_TAG_TEMPLATE:
    case GUMBO_TAG_TITLE:
    case GUMBO_TAG_TEXTAREA:
    case GUMBO_TAG_SELECT:
    case GUMBO_TAG_OBJECT:
    case GUMBO_TAG_APPLET:
    case GUMBO_TAG_SVG:
    case GUMBO_TAG_MATH: return Kind::hidden;
    case GUMBO_TAG_P:
    case GUMBO_TAG_BLOCKQUOTE:
    case GUMBO_TAG_H1:
    case GUMBO_TAG_H2:
    case GUMBO_TAG_H3:
    case GUMBO_TAG_H4:
    case GUMBO_TAG_H5:
    case GUMBO_TAG_H6:
    case GUMBO_TAG_UL:
    case GUMBO_TAG_OL:
    case GUMBO_TAG_DL:
    case GUMBO_TAG_PRE:
    case GUMBO_TAG_TABLE:
    case GUMBO_TAG_FIGURE:
    case GUMBO_TAG_HR: return Kind::paragraph;
    case GUMBO_TAG_DIV:
    case GUMBO_TAG_LI:
    case GUMBO_TAG_DT:
    case GUMBO_TAG_DD:
    case GUMBO_TAG_TR:
    case GUMBO_TAG_CAPTION:
    case GUMBO_TAG_FIGCAPTION:
    case GUMBO_TAG_SECTION:
    case GUMBO_TAG_ARTICLE:
    case GUMBO_TAG_ASIDE:
    case GUMBO_TAG_HEADER:
    case GUMBO_TAG_FOOTER:
    case GUMBO_TAG_NAV:
    case GUMBO_TAG_MAIN:
    case GUMBO_TAG_ADDRESS:
    case GUMBO_TAG_DETAILS:
    case GUMBO_TAG_SUMMARY:
    case GUMBO_TAG_FORM:
    case GUMBO_TAG_FIELDSET:
    case GUMBO_TAG_CENTER: return Kind::block;
    default: return Kind::inline_text;
  }
}

const GumboElement* element_of(const GumboNode* node) noexcept {
  return node->type == GUMBO_NODE_ELEMENT || node->type == GUMBO_NODE_TEMPLATE ? &node->v.element : nullptr;
}

bool is_text(const GumboNode* node) noexcept {
  return node->type == GUMBO_NODE_TEXT || node->type == GUMBO_NODE_WHITESPACE || node->type == GUMBO_NODE_CDATA;
}

std::string_view attribute(const GumboElement& element, const char* name) noexcept {
  const GumboAttribute* found = gumbo_get_attribute(&element.attributes, name);
  return found == nullptr ? std::string_view{} : std::string_view(found->value);
}

/// Writes text as a browser would lay it out: white space collapses, blocks stand on lines of their own.
class TextWriter {
 public:
  void text(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      const bool no_break_space = c == '\xC2' && i + 1 < text.size() && text[i + 1] == '\xA0';
      if (no_break_space) ++i;
      if (preformatted_ == 0 ? c == ' ' || (c >= '\t' && c <= '\r') : false) {
        space_ = true;
      } else if (preformatted_ != 0 && c == '\n') {
        flush();
        out_ += '\n';
      } else {
        flush();
        out_ += no_break_space ? ' ' : c;
      }
    }
  }
  void space() noexcept { space_ = true; }
  /// The next text begins after that many line breaks.
  void lines(int count) noexcept { lines_ = std::max(lines_, count); }
  /// One more line break, as <br> has it.
  void line_break() noexcept { lines_ = std::min(lines_ + 1, 2); }
  void preformatted(int change) noexcept { preformatted_ += change; }

  [[nodiscard]] std::size_t size() const noexcept { return out_.size(); }
  /// What was written since `start`, without the white space before it.
  [[nodiscard]] std::string_view since(std::size_t start) const noexcept {
    return trim(std::string_view(out_).substr(start));
  }
  void replace_since(std::size_t start, std::string_view replacement) {
    while (start < out_.size() && (out_[start] == ' ' || out_[start] == '\n')) ++start;
    out_.resize(start);
    out_ += replacement;
  }
  std::string take() && {
    std::string cleaned = clean_text(out_);
    return std::string(trim(cleaned));
  }

 private:
  void flush() {
    if (!out_.empty()) {
      if (lines_ > 0) {
        out_.append(static_cast<std::size_t>(lines_), '\n');
      } else if (space_ && out_.back() != '\n') {
        out_ += ' ';
      }
    }
    lines_ = 0;
    space_ = false;
  }

  std::string out_;
  int lines_ = 0;
  int preformatted_ = 0;
  bool space_ = false;
};

std::string_view without_scheme(std::string_view url) noexcept {
  if (const std::size_t mark = url.find("://"); mark != std::string_view::npos && mark <= 5)
    url.remove_prefix(mark + 3);
  if (url.starts_with("www.")) url.remove_prefix(4);
  return url;
}

/// Is the text of a link its address, whole or cut short?
bool shows_address(std::string_view text, std::string_view url) noexcept {
  if (text.find_first_of(" \n\t") != std::string_view::npos) return false;
  if (text.starts_with("http://") || text.starts_with("https://")) return true;
  constexpr std::string_view kEllipsis = "\xE2\x80\xA6";
  if (text.ends_with(kEllipsis)) {
    text.remove_suffix(kEllipsis.size());
  } else if (text.ends_with("...")) {
    text.remove_suffix(3);
  }
  if (text.starts_with("www.")) text.remove_prefix(4);
  return text.size() >= 4 && text.find('.') != std::string_view::npos && without_scheme(url).starts_with(text);
}

bool has_word(std::string_view words, std::string_view wanted) noexcept {
  for (std::size_t at = words.find(wanted); at != std::string_view::npos; at = words.find(wanted, at + 1)) {
    const std::size_t end = at + wanted.size();
    if ((at == 0 || words[at - 1] == ' ') && (end == words.size() || words[end] == ' ')) return true;
  }
  return false;
}

/// The text of HTML no tree can be made of: tags out, block ends and <br> to line breaks, references replaced.
std::string strip_tags(std::string_view html) {
  std::string out;
  out.reserve(html.size());
  while (!html.empty()) {
    const std::size_t open = std::min(html.find('<'), html.size());
    out.append(html.substr(0, open));
    html.remove_prefix(open);
    if (html.empty()) break;
    if (html.starts_with("<!--")) {
      const std::size_t end = html.find("-->");
      html.remove_prefix(end == std::string_view::npos ? html.size() : end + 3);
      continue;
    }
    const char after = html.size() > 1 ? html[1] : ' ';
    const bool tag = after == '/' || after == '!' || after == '?' || (after >= 'a' && after <= 'z') ||
                     (after >= 'A' && after <= 'Z');
    const std::size_t close = tag ? html.find('>') : std::string_view::npos;
    if (close == std::string_view::npos) {
      out += tag ? ' ' : '<';
      html.remove_prefix(1);
      continue;
    }
    if (after == '/' || after == 'b' || after == 'B') out += html.starts_with("</") && close > 4 ? ' ' : '\n';
    html.remove_prefix(close + 1);
  }
  return unescape_entities(out);
}

void escape_into(std::string& out, std::string_view text, bool in_attribute) {
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += in_attribute ? "&quot;" : "\""; break;
      default: out += c;
    }
  }
}

bool is_void(GumboTag tag) noexcept { return tag == GUMBO_TAG_BR || tag == GUMBO_TAG_HR || tag == GUMBO_TAG_IMG; }

bool is_allowed(GumboTag tag) noexcept {
  static constexpr auto kAllowed = std::to_array<GumboTag>({
      GUMBO_TAG_P,      GUMBO_TAG_BR,         GUMBO_TAG_HR,    GUMBO_TAG_A,       GUMBO_TAG_IMG,   GUMBO_TAG_EM,
      GUMBO_TAG_STRONG, GUMBO_TAG_B,          GUMBO_TAG_I,     GUMBO_TAG_U,       GUMBO_TAG_S,     GUMBO_TAG_DEL,
      GUMBO_TAG_INS,    GUMBO_TAG_CODE,       GUMBO_TAG_PRE,   GUMBO_TAG_KBD,     GUMBO_TAG_SAMP,  GUMBO_TAG_BLOCKQUOTE,
      GUMBO_TAG_UL,     GUMBO_TAG_OL,         GUMBO_TAG_LI,    GUMBO_TAG_DL,      GUMBO_TAG_DT,    GUMBO_TAG_DD,
      GUMBO_TAG_H1,     GUMBO_TAG_H2,         GUMBO_TAG_H3,    GUMBO_TAG_H4,      GUMBO_TAG_H5,    GUMBO_TAG_H6,
      GUMBO_TAG_FIGURE, GUMBO_TAG_FIGCAPTION, GUMBO_TAG_TABLE, GUMBO_TAG_THEAD,   GUMBO_TAG_TBODY, GUMBO_TAG_TFOOT,
      GUMBO_TAG_TR,     GUMBO_TAG_TD,         GUMBO_TAG_TH,    GUMBO_TAG_CAPTION, GUMBO_TAG_DIV,   GUMBO_TAG_SPAN,
      GUMBO_TAG_SUB,    GUMBO_TAG_SUP,        GUMBO_TAG_SMALL, GUMBO_TAG_Q,       GUMBO_TAG_CITE,  GUMBO_TAG_ABBR,
      GUMBO_TAG_TIME,   GUMBO_TAG_MARK,
  });
  return std::find(kAllowed.begin(), kAllowed.end(), tag) != kAllowed.end();
}

bool is_short_number(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 5 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

void write_attribute(std::string& out, std::string_view name, std::string_view value) {
  out += ' ';
  out += name;
  out += "=\"";
  escape_into(out, value, true);
  out += '"';
}

void write_attributes(std::string& out, const GumboElement& element, std::string_view base_url) {
  const auto copy = [&](const char* name) {
    if (const std::string_view value = attribute(element, name); !value.empty()) write_attribute(out, name, value);
  };
  const auto copy_number = [&](const char* name) {
    if (const std::string_view value = attribute(element, name); is_short_number(value)) {
      write_attribute(out, name, value);
    }
  };
  switch (element.tag) {
    case GUMBO_TAG_A: {
      const std::string url = resolve_url(base_url, attribute(element, "href"));
      if (!attribute(element, "href").empty() && (is_web_url(url) || url_scheme(url) == "mailto")) {
        write_attribute(out, "href", url);
        write_attribute(out, "rel", "noopener noreferrer nofollow");
      }
      copy("title");
      break;
    }
    case GUMBO_TAG_IMG:
      write_attribute(out, "src", resolve_url(base_url, attribute(element, "src")));
      copy("alt");
      copy("title");
      copy_number("width");
      copy_number("height");
      break;
    case GUMBO_TAG_TD:
    case GUMBO_TAG_TH:
      copy_number("colspan");
      copy_number("rowspan");
      break;
    case GUMBO_TAG_OL: copy_number("start"); break;
    case GUMBO_TAG_TIME: copy("datetime"); break;
    case GUMBO_TAG_ABBR: copy("title"); break;
    default: break;
  }
}

/// One pass of the sanitiser; nullopt if there is no tree.
std::optional<std::string> sanitise_once(std::string_view html, std::string_view base_url) {
  const HtmlTree tree(html);
  if (tree.root() == nullptr) return std::nullopt;
  std::string out;
  out.reserve(html.size() + html.size() / 8);
  const auto keep = [&](const GumboElement& element) {
    return is_allowed(element.tag) &&
           (element.tag != GUMBO_TAG_IMG || is_web_url(resolve_url(base_url, attribute(element, "src"))));
  };
  walk(
      tree.root(),
      [&](const GumboNode* node) {
        if (is_text(node)) {
          escape_into(out, node->v.text.text, false);
          return false;
        }
        const GumboElement* element = element_of(node);
        if (element == nullptr || kind_of(*element) == Kind::hidden) return false;
        if (keep(*element)) {
          out += '<';
          out += gumbo_normalized_tagname(element->tag);
          write_attributes(out, *element, base_url);
          out += '>';
        }
        return true;
      },
      [&](const GumboNode* node) {
        const GumboElement* element = element_of(node);
        if (element == nullptr || !keep(*element) || is_void(element->tag)) return;
        out += "</";
        out += gumbo_normalized_tagname(element->tag);
        out += '>';
      });
  clean_text_in_place(out);
  return out;
}

}  // namespace

HtmlContent read_html(std::string_view html, std::string_view base_url) {
  HtmlContent content;
  const std::string cleaned = clean_text(html);
  if (cleaned.find_first_of("<&") == std::string::npos) {  // plain text: only its white space is HTML
    TextWriter writer;
    writer.text(cleaned);
    content.text = std::move(writer).take();
    return content;
  }
  std::optional<HtmlTree> tree;
  if (cleaned.size() <= kHtmlMaxBytes) tree.emplace(cleaned);
  if (!tree || tree->root() == nullptr) {
    content.text = std::string(trim(strip_tags(cleaned)));
    return content;
  }

  TextWriter writer;
  std::unordered_set<std::string> seen;
  std::vector<std::size_t> link_starts;  // one for each open <a>; gumbo does not nest them, but tables may
  walk(
      tree->root(),
      [&](const GumboNode* node) {
        if (is_text(node)) {
          writer.text(node->v.text.text);
          return false;
        }
        const GumboElement* element = element_of(node);
        if (element == nullptr) return false;
        const Kind kind = kind_of(*element);
        if (kind == Kind::hidden) return false;
        if (kind == Kind::block) writer.lines(1);
        if (kind == Kind::paragraph) writer.lines(2);
        switch (element->tag) {
          case GUMBO_TAG_BR: writer.line_break(); break;
          case GUMBO_TAG_TD:
          case GUMBO_TAG_TH: writer.space(); break;
          case GUMBO_TAG_PRE: writer.preformatted(1); break;
          case GUMBO_TAG_A: link_starts.push_back(writer.size()); break;
          case GUMBO_TAG_IMG: {
            std::string url = resolve_url(base_url, attribute(*element, "src"));
            if (is_web_url(url) && seen.insert("img " + url).second) {
              content.images.push_back({std::move(url), clean_text(trim(attribute(*element, "alt")))});
            }
            break;
          }
          default: break;
        }
        return true;
      },
      [&](const GumboNode* node) {
        const GumboElement* element = element_of(node);
        if (element == nullptr) return;
        const Kind kind = kind_of(*element);
        if (kind == Kind::block) writer.lines(1);
        if (kind == Kind::paragraph) writer.lines(2);
        if (element->tag == GUMBO_TAG_PRE) writer.preformatted(-1);
        if (element->tag != GUMBO_TAG_A) return;
        const std::size_t start = link_starts.back();
        link_starts.pop_back();
        std::string url = resolve_url(base_url, attribute(*element, "href"));
        if (attribute(*element, "href").empty() || !is_web_url(url)) return;
        const std::string_view classes = attribute(*element, "class");
        if (has_word(classes, "mention") || has_word(classes, "hashtag")) return;
        if (shows_address(writer.since(start), url)) writer.replace_since(start, url);
        if (seen.insert(url).second) content.links.push_back(std::move(url));
      });
  content.text = std::move(writer).take();
  return content;
}

std::string html_to_text(std::string_view html) { return read_html(html).text; }

std::string sanitise_html(std::string_view html, std::string_view base_url) {
  std::string cleaned = clean_text(html);
  // Leaving elements out can make the rest parse differently (`<p>` inside what was a <button>), so go on until
  // nothing changes any more: what is returned is what a browser will see.
  constexpr int kRoundsMax = 6;
  std::string result;
  for (int round = 0; round < kRoundsMax && cleaned.size() <= kHtmlMaxBytes; ++round) {
    std::optional<std::string> next = sanitise_once(cleaned, base_url);
    if (!next) break;
    if (round > 0 && *next == cleaned) return *std::move(next);
    cleaned = *std::move(next);
  }
  escape_into(result, strip_tags(cleaned), false);
  return result;
}

}  // namespace offx::text
