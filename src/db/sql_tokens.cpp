#include "db/sql_tokens.h"

#include <algorithm>

namespace offx::db {
namespace {

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

bool starts_name(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

bool continues_name(char c) noexcept { return starts_name(c) || is_digit(c) || c == '$'; }

bool is_blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }

/// From the opening quote to the closing one, both included; a doubled quote is none.
std::size_t quoted_length(std::string_view sql) {
  const char close = sql[0] == '[' ? ']' : sql[0];
  for (std::size_t i = 1; i < sql.size(); ++i) {
    if (sql[i] != close) continue;
    if (close == ']' || i + 1 >= sql.size() || sql[i + 1] != close) return i + 1;
    ++i;
  }
  return sql.size();
}

std::size_t comment_length(std::string_view sql) {
  if (sql.starts_with("--")) return std::min(sql.size(), sql.find('\n'));
  const auto end = sql.find("*/", 2);
  return end == std::string_view::npos ? sql.size() : end + 2;
}

}  // namespace

std::optional<SqlToken> SqlTokens::next() {
  using Kind = SqlToken::Kind;
  for (;;) {
    if (rest_.empty()) return std::nullopt;
    if (is_blank(rest_[0])) {
      rest_.remove_prefix(1);
    } else if (rest_.starts_with("--") || rest_.starts_with("/*")) {
      rest_.remove_prefix(comment_length(rest_));
    } else {
      break;
    }
  }
  const char first = rest_[0];
  auto kind = Kind::symbol;
  std::size_t length = 1;
  const auto take_while = [&](const auto& belongs) {
    while (length < rest_.size() && belongs(rest_[length])) ++length;
  };
  if (first == '\'') {
    kind = Kind::string;
    length = quoted_length(rest_);
  } else if (first == '"' || first == '`' || first == '[') {
    kind = Kind::quoted_name;
    length = quoted_length(rest_);
  } else if ((first == 'x' || first == 'X') && rest_.size() > 1 && rest_[1] == '\'') {
    kind = Kind::string;
    length = 1 + quoted_length(rest_.substr(1));
  } else if (starts_name(first)) {
    kind = Kind::name;
    take_while(continues_name);
  } else if (is_digit(first)) {
    kind = Kind::number;
    take_while([](char c) { return continues_name(c) || c == '.'; });
  } else if (first == '?' || first == ':' || first == '@' || first == '$') {
    take_while(continues_name);
    if (first == '?' || length > 1) kind = Kind::parameter;
  }
  const SqlToken token{kind, rest_.substr(0, length)};
  rest_.remove_prefix(length);
  return token;
}

std::string folded(std::string_view name) {
  std::string text(name);
  std::transform(text.begin(), text.end(), text.begin(), lower);
  return text;
}

bool same_name(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

bool is_word(const SqlToken& token, std::string_view word) noexcept {
  return token.kind == SqlToken::Kind::name && same_name(token.text, word);
}

std::string unquoted(const SqlToken& token) {
  if (token.kind != SqlToken::Kind::quoted_name && !token.text.starts_with('\'')) return std::string(token.text);
  const char close = token.text.back();
  const auto inner = token.text.substr(1, token.text.size() < 2 ? 0 : token.text.size() - 2);
  std::string name;
  for (std::size_t i = 0; i < inner.size(); ++i) {
    name += inner[i];
    if (inner[i] == close && i + 1 < inner.size() && inner[i + 1] == close) ++i;
  }
  return name;
}

std::string name_of(const SqlToken& token) { return folded(unquoted(token)); }

}  // namespace offx::db
