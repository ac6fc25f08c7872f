#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace offx::db {

/// A token of SQL text, by SQLite's rules (https://www.sqlite.org/lang_expr.html, tokenize.c).
struct SqlToken {
  enum class Kind : std::uint8_t {
    name,         ///< a keyword too
    quoted_name,  ///< "…", `…` or […]
    string,       ///< '…' or x'…'
    number,
    parameter,  ///< ?, ?1, :name, @name, $name
    symbol,     ///< one character of anything else
  };
  Kind kind = Kind::symbol;
  std::string_view text;  ///< as written, quotes included; a view into the SQL
};

/// The tokens of a text, one after the other, without blanks and comments. Never fails: a quote or comment that is not
/// closed ends with the text. One pass, no memory.
class SqlTokens {
 public:
  explicit SqlTokens(std::string_view sql) : rest_(sql) {}

  [[nodiscard]] std::optional<SqlToken> next();  ///< nothing at the end

 private:
  std::string_view rest_;
};

/// Letters of ASCII in lower case, as SQLite compares names.
[[nodiscard]] std::string folded(std::string_view name);
[[nodiscard]] bool same_name(std::string_view a, std::string_view b) noexcept;

/// True if the token is this keyword, or this name without quotes.
[[nodiscard]] bool is_word(const SqlToken& token, std::string_view word) noexcept;

/// The name that a token means where a name must stand, as it is written: without quotes, and doubled ones once. SQLite
/// takes a '…' for a name there.
[[nodiscard]] std::string unquoted(const SqlToken& token);

/// The same, folded.
[[nodiscard]] std::string name_of(const SqlToken& token);

}  // namespace offx::db
