#include "text/links.h"

#include "text/ascii.h"
#include "text/characters.h"
#include "text/utf8.h"

namespace offx::text {
namespace {

class LinkScanner {
 public:
  explicit LinkScanner(std::string_view text) : tables_(CharTables::get(NormalForm::exact)), text_(text) {}

  [[nodiscard]] std::size_t find_end(std::size_t host) const noexcept {
    std::size_t end = find_host_end(host);
    if (end == 0) return 0;
    if (is_short_link_host(text_.substr(host, end - host))) return find_short_link_end(end);
    if (end + 1 < text_.size() && text_[end] == ':' && is_digit(text_[end + 1])) {
      ++end;
      while (end < text_.size() && is_digit(text_[end])) ++end;
    }
    if (end >= text_.size() || (text_[end] != '/' && text_[end] != '?' && text_[end] != '#')) return end;
    return find_path_end(end);
  }

 private:
  static bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

  static bool is_short_link_host(std::string_view host) noexcept {
    return host.size() == 4 && ascii_lower(host[0]) == 't' && host[1] == '.' && ascii_lower(host[2]) == 'c' &&
           ascii_lower(host[3]) == 'o';
  }

  /// Labels of letters, digits and, inside, hyphens; `_` not in the last two. The last label is of two letters or
  /// more; one of ASCII letters ends where other letters begin (`example.comだよね`).
  [[nodiscard]] std::size_t find_host_end(std::size_t at) const noexcept {
    std::size_t label = at;
    std::size_t labels = 0;
    bool previous_underscore = false;
    while (true) {
      std::size_t i = label;
      std::size_t ascii_letters = 0;  // at the start of the label
      bool only_letters = true;
      bool underscore = false;
      bool any_other = false;
      while (i < text_.size()) {
        if (is_ascii(text_[i])) {
          if (!is_name(text_[i]) && text_[i] != '-') break;
          const bool letter = ascii_is(text_[i], kAlpha);
          if (letter && ascii_letters == i - label) ++ascii_letters;
          only_letters = only_letters && letter;
          underscore = underscore || text_[i] == '_';
          ++i;
          continue;
        }
        std::size_t after = i;
        const char32_t c = next_char(text_, after);
        const std::uint8_t flags = tables_.flags(c);
        if ((flags & (kCharWord | kCharEmoji)) == 0 && c < 0x2190) break;
        if ((flags & (kCharSpace | kCharIgnorable)) != 0 || (c >= 0x2E80 && (flags & (kCharWord | kCharEmoji)) == 0))
          break;
        any_other = true;
        i = after;
      }
      const bool edges =
          i > label && text_[label] != '-' && text_[label] != '_' && text_[i - 1] != '-' && text_[i - 1] != '_';
      if (!edges) return 0;
      const bool goes_on =
          i + 1 < text_.size() && text_[i] == '.' &&
          (ascii_is(text_[i + 1], kAlnum) || !is_ascii(text_[i + 1]) || text_[i + 1] == '-' || text_[i + 1] == '_');
      ++labels;
      const bool ascii_then_other =
          any_other && ascii_letters >= 2 && ascii_letters < i - label && !is_ascii(text_[label + ascii_letters]);
      if (labels >= 2 && ascii_then_other && !previous_underscore) return label + ascii_letters;
      if (!goes_on) {
        const bool top_level = only_letters && (any_other || i - label >= 2) && !underscore;
        return labels >= 2 && top_level && !previous_underscore ? i : 0;
      }
      previous_underscore = underscore;
      label = i + 1;
    }
  }

  /// t.co's own links: `/` and letters and digits, a query perhaps.
  [[nodiscard]] std::size_t find_short_link_end(std::size_t end) const noexcept {
    if (end >= text_.size() || text_[end] != '/') return end;
    ++end;
    while (end < text_.size() && ascii_is(text_[end], kAlnum)) ++end;
    return end < text_.size() && text_[end] == '?' ? find_path_end(end) : end;
  }

  /// Path, query and fragment from `at`: printable ASCII and letters of scripts with spaces, less the punctuation at
  /// its end and a parenthesis that was opened before.
  [[nodiscard]] std::size_t find_path_end(std::size_t at) const noexcept {
    std::size_t end = at;  // behind the last character that may end it
    std::size_t open = 0;  // parentheses
    for (std::size_t i = at; i < text_.size();) {
      const char c = text_[i];
      if (is_ascii(c)) {
        if (ascii_is(c, kSpaceOrControl) || std::string_view("<>\"`{}\\^").find(c) != std::string_view::npos) break;
        if (c == '(') ++open;
        if (c == ')') {
          if (open == 0) break;
          --open;
          end = i + 1;
        } else if (is_name(c) || std::string_view("/=&#+-%").find(c) != std::string_view::npos) {
          end = i + 1;
        }
        ++i;
        continue;
      }
      std::size_t after = i;
      const char32_t code = next_char(text_, after);
      const std::uint8_t flags = tables_.flags(code);
      if (code == 0x2013) {  // an en dash, as in titles of encyclopaedias
        i = after;
        continue;
      }
      if ((flags & kCharWord) == 0 || (flags & kCharSpaceless) != 0 || (code >= 0xAC00 && code <= 0xD7A3)) break;
      i = after;
      end = after;
    }
    return end;
  }

  const CharTables& tables_;
  std::string_view text_;
};

}  // namespace

std::size_t find_link_end(std::string_view text, std::size_t host) { return LinkScanner(text).find_end(host); }

}  // namespace offx::text
