#include "sources/mend_xml.h"

#include <algorithm>
#include <string_view>

#include "text/clean.h"

namespace offx::sources {
namespace {

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

}  // namespace

std::string mend_xml(std::string document) {
  if (document.starts_with("\xEF\xBB\xBF")) document.erase(0, 3);
  if (document.starts_with("\xFE\xFF") || document.starts_with("\xFF\xFE") ||
      document.find('\0') < std::min<std::size_t>(document.size(), 4)) {
    return document;
  }
  const std::size_t start = std::min(document.find('<'), document.size());
  document.erase(0, start);  // white space or rubbish before the declaration
  const std::string encoding = declared_encoding(document);
  const bool utf8 = encoding.empty() || encoding == "utf-8" || encoding == "utf8";
  if (utf8 && !text::is_utf8(document)) {
    // Nothing declared: more likely Windows-1252 than damaged UTF-8. libxml2 reads the declaration we put there.
    if (encoding.empty() && !document.starts_with("<?xml")) {
      document.insert(0, "<?xml version=\"1.0\" encoding=\"windows-1252\"?>");
    } else {
      text::clean_text_in_place(document);
    }
  }
  std::string out;
  out.reserve(document.size() + document.size() / 64);
  bool in_cdata = false;
  for (std::size_t i = 0; i < document.size(); ++i) {
    const char c = document[i];
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 && c != '\n' && c != '\t' && c != '\r') continue;
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
        } else if (utf8) {
          text::append_utf8(out, code);
          i += end + 1;
        } else {
          out += "&#" + std::to_string(static_cast<unsigned>(code)) + ';';
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
