#include "sources/mend_xml.h"

#include <algorithm>
#include <string_view>

#include "text/charset.h"
#include "text/clean.h"

namespace offx::sources {
namespace {

constexpr int kAttributesMax = 256;

/// The declared encoding in lower case, or empty.
std::string declared_encoding(std::string_view document) {
  if (!document.starts_with("<?xml")) return {};
  const std::string_view declaration = document.substr(0, std::min(document.find("?>"), document.size()));
  const std::size_t at = declaration.find("encoding");
  if (at == std::string_view::npos) return {};
  const std::size_t open = declaration.find_first_of("\"'", at);
  if (open == std::string_view::npos) return {};
  const std::size_t close = declaration.find(declaration[open], open + 1);
  std::string name(declaration.substr(open + 1, close == std::string_view::npos ? 0 : close - open - 1));
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return name;
}

/// The encoding that the first bytes show, or else the declared one, or empty.
std::string encoding_of(std::string_view document) {
  if (document.starts_with("\xFE\xFF") || document.starts_with("\xFF\xFE")) return "utf-16";
  const std::size_t zero = document.find('\0');
  if (zero < std::min<std::size_t>(document.size(), 4)) return zero % 2 == 0 ? "utf-16be" : "utf-16le";
  std::string declared = declared_encoding(document);
  // The declaration could be read as bytes: some programs write what their strings are in, not the file.
  for (const std::string_view wide : {"utf-16", "utf-32", "ucs-", "iso-10646"}) {
    if (declared.starts_with(wide)) return {};
  }
  return declared;
}

std::string in_utf8(std::string document) {
  if (document.starts_with("\xEF\xBB\xBF")) document.erase(0, 3);
  const std::string encoding = encoding_of(document);
  const bool utf8 = encoding.empty() || encoding == "utf-8" || encoding == "utf8";
  if (!utf8) {
    if (auto text = text::decoded(document, encoding)) document = std::move(*text);
  } else if (encoding.empty() && !document.starts_with("<?xml") && !text::is_utf8(document)) {
    // Nothing declared: more likely Windows-1252 than damaged UTF-8.
    if (auto text = text::decoded(document, "windows-1252")) document = std::move(*text);
  }
  text::clean_text_in_place(document);
  return document;
}

/// Counts the attributes of each start tag, as libxml2 sees them: it reads none behind one that is broken.
class AttributeCounter {
 public:
  /// True if there are too many. `following` comes behind `c`; '\0': nothing.
  bool next(char c, char following) noexcept {
    if (c == '<') {
      is_tag_ = following != '!' && following != '?';  // comments, CDATA and instructions have no attributes
      quote_ = '\0';
      count_ = 0;
    } else if (quote_ != '\0') {
      if (c == quote_) quote_ = '\0';
    } else if (c == '"' || c == '\'') {
      quote_ = c;
    } else if (c == '>') {
      is_tag_ = false;
    } else if (c == '=') {
      ++count_;
    }
    return is_tag_ && count_ > kAttributesMax;
  }

 private:
  bool is_tag_ = false;
  char quote_ = '\0';
  int count_ = 0;
};

}  // namespace

Result<std::string> mend_xml(std::string document) {
  document = in_utf8(std::move(document));
  document.erase(0, std::min(document.find('<'), document.size()));  // white space or rubbish before the declaration
  if (document.starts_with("<?xml ") || document.starts_with("<?xml\n") || document.starts_with("<?xml\t")) {
    document.erase(0, std::min(document.find("?>"), document.size() - 2) + 2);
  }
  std::string out;
  out.reserve(document.size() + document.size() / 64);
  bool in_cdata = false;
  AttributeCounter attributes;
  for (std::size_t i = 0; i < document.size(); ++i) {
    const char c = document[i];
    if (attributes.next(c, i + 1 < document.size() ? document[i + 1] : '\0')) {
      return fail(Errc::corrupt, "has an element with more than " + std::to_string(kAttributesMax) +
                                     " attributes, which feeds do not need and attacks use: refused");
    }
    if (in_cdata) {
      if (c == ']' && document.compare(i, 3, "]]>") == 0) in_cdata = false;
    } else if (c == '<' && document.compare(i, 9, "<![CDATA[") == 0) {
      in_cdata = true;
    } else if (c == '&') {
      const std::string_view rest = std::string_view(document).substr(i + 1, 34);
      const std::size_t end = rest.find(';');
      const std::string_view name = end == std::string_view::npos ? std::string_view{} : rest.substr(0, end);
      const bool number = name.size() > 1 && name.front() == '#';
      const bool of_xml = name == "amp" || name == "lt" || name == "gt" || name == "quot" || name == "apos";
      if (number) {
        // &#0; and the like make the whole document ill-formed.
        const std::string character = text::unescape_entities(document.substr(i, end + 2));
        if (character.empty()) {
          i += end + 1;
          continue;
        }
        if (character.front() == '&') {
          if (character.size() > 1) {  // no number after all
            out += "&amp;";
            continue;
          }
        }
      } else if (!of_xml) {
        const char32_t code = name.empty() ? 0 : text::named_entity(name);
        if (code == 0) {
          out += "&amp;";
        } else {
          text::append_utf8(out, code);
          i += end + 1;
        }
        continue;
      }
    }
    out += c;
  }
  return out;
}

}  // namespace offx::sources
