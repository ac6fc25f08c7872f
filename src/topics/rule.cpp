#include "topics/rule.h"

#include <algorithm>
#include <utility>

#include <unicode/uchar.h>

#include "text/utf8.h"
#include "topics/rule_syntax.h"

namespace offx::topics {
namespace {

std::string_view name_of(TermKind kind) {
  const auto* found = std::find_if(kOperators.begin(), kOperators.end(), [&](const auto& o) { return o.kind == kind; });
  return found == kOperators.end() ? std::string_view() : found->name;
}

bool needs_quotes(std::string_view value) {
  for (std::size_t i = 0; i < value.size();) {
    if (ends_bare(text::next_char(value, i))) return true;
  }
  return value.empty();
}

std::string in_quotes(std::string_view value) {
  std::string out = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  out.push_back('"');
  return out;
}

void print(const Node& node, std::string& out) {
  switch (node.kind) {
    case Node::Kind::term: out += to_string(node.term); return;
    case Node::Kind::negation: {
      const Node& child = node.children.front();
      const bool bare = child.kind == Node::Kind::term;
      out += bare ? "-" : "-(";
      print(child, out);
      if (!bare) out.push_back(')');
      return;
    }
    case Node::Kind::all:
    case Node::Kind::any: {
      const bool all = node.kind == Node::Kind::all;
      for (std::size_t i = 0; i < node.children.size(); ++i) {
        if (i > 0) out += all ? " " : " OR ";
        const bool group = all && node.children[i].kind == Node::Kind::any;
        if (group) out.push_back('(');
        print(node.children[i], out);
        if (group) out.push_back(')');
      }
    }
  }
}

}  // namespace

Error RuleError::to_error() const { return {code, "column " + std::to_string(column) + ": " + message}; }

std::string caret_lines(std::string_view source, const RuleError& error) {
  constexpr std::size_t kBefore = 50;
  constexpr std::size_t kAfter = 40;
  const std::size_t first = error.column > kBefore + 1 ? error.column - kBefore : 1;
  std::string line;
  std::string carets;
  if (first > 1) {
    line += "…";
    carets += " ";
  }
  std::size_t column = 1;
  std::size_t at = 0;
  for (; at < source.size() && column <= error.column + kAfter; ++column) {
    const std::size_t begin = at;
    const char32_t c = text::next_char(source, at);
    if (column < first) continue;
    if (c < ' ' || c == 0x7F) {
      line += ' ';
    } else if (c == text::kReplacementChar) {
      line += "\xEF\xBF\xBD";
    } else {
      line += source.substr(begin, at - begin);
    }
    const auto code = static_cast<UChar32>(c);
    const int east_asian = u_getIntPropertyValue(code, UCHAR_EAST_ASIAN_WIDTH);
    const bool wide = east_asian == U_EA_WIDE || east_asian == U_EA_FULLWIDTH;
    const bool none = (U_GET_GC_MASK(code) & (U_GC_MN_MASK | U_GC_ME_MASK | U_GC_CF_MASK)) != 0;
    const std::size_t width = wide ? 2 : none ? 0 : 1;
    if (column < error.column) {
      carets.append(width, ' ');
    } else if (column == error.column) {
      carets += '^';
      if (wide) carets += error.length > 1 ? '~' : ' ';
    } else if (column < error.column + error.length) {
      carets.append(width, '~');
    }
  }
  if (at < source.size()) line += "…";
  if (carets.find('^') == std::string::npos) carets += '^';
  while (carets.back() == ' ') carets.pop_back();
  return line + "\n" + carets;
}

std::string to_string(const Term& term) {
  switch (term.kind) {
    case TermKind::words: {
      std::string out = term.quoted ? in_quotes(term.text) : term.text;
      if (term.prefix) out += "*";
      if (term.proximity != 0) out += "~" + std::to_string(term.proximity);
      return out;
    }
    case TermKind::hashtag: return "#" + term.text;
    case TermKind::cashtag: return "$" + term.text;
    case TermKind::mention: return "@" + term.text;
    default:
      return std::string(name_of(term.kind)) + ":" + (needs_quotes(term.text) ? in_quotes(term.text) : term.text);
  }
}

std::string Rule::to_string() const {
  std::string out;
  print(root_, out);
  return out;
}

}  // namespace offx::topics
