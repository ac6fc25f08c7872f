#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "db/sql_tokens.h"

/// SQL text as a row of tokens: enough to see which names it uses and to change a name, without understanding it.
namespace offx::migrate {

using Token = db::SqlToken;
using db::folded;
using db::is_word;
using db::name_of;
using db::same_name;

/// All tokens of `sql`, without blanks and comments.
[[nodiscard]] std::vector<Token> tokens_of(std::string_view sql);

[[nodiscard]] bool contains_name(const std::vector<std::string>& names, std::string_view name);

/// True for a name with or without quotes, a keyword too.
[[nodiscard]] bool is_name(const Token& token) noexcept;

/// `; did you mean X?` where one of `known` is nearly `name`, otherwise nothing.
[[nodiscard]] std::string did_you_mean(std::string_view name, const std::vector<std::string>& known);

/// Every name that occurs in `sql`, keywords and functions among them, folded.
[[nodiscard]] std::set<std::string> names_in(std::string_view sql);
[[nodiscard]] bool mentions(std::string_view sql, std::string_view name);

/// `sql` without blanks and comments, names folded: equal for statements that say the same.
[[nodiscard]] std::string normalised(std::string_view sql);

/// `sql` with every occurrence of the name `from` replaced by `to`, quoted: of a column that has it too. Columns want
/// with_columns().
[[nodiscard]] std::string with_name_replaced(std::string_view sql, std::string_view from, std::string_view to);

/// `expression` over a row, with what `say` answers, if anything, in the place of each name that may be a column's:
/// folded, and neither a keyword, a function, a collation, a CAST's type, nor behind a dot.
[[nodiscard]] std::string with_columns(std::string_view expression,
                                       const std::function<std::string(const std::string& name)>& say);

/// Every name in `expression` that may be a column's, folded, behind a dot too; tables of subqueries may be among them.
[[nodiscard]] std::set<std::string> columns_in(std::string_view expression);

/// What an index is over: all that stands behind its table's name.
[[nodiscard]] std::string_view indexed_part(std::string_view create_index);

/// What indexed_part() says of each row: its terms as SQL, without COLLATE, ASC and DESC behind them, and the condition
/// of a partial one.
struct IndexText {
  std::vector<std::string> terms;
  std::string where;
};
[[nodiscard]] IndexText read_index(std::string_view create_index);

/// The function or keyword in `expression` whose value is not the same every time (`random`, `CURRENT_TIMESTAMP`,
/// `datetime('now')`, …), or empty.
[[nodiscard]] std::string non_deterministic_part(std::string_view expression);

/// What stands in the parentheses of every `CHECK (…)` of a CREATE TABLE.
[[nodiscard]] std::vector<std::string_view> check_expressions(std::string_view create_sql);

/// Of a generated column's definition, the expression.
[[nodiscard]] std::string_view generated_as(std::string_view definition);

/// True if a CREATE TABLE says PRIMARY KEY … ON CONFLICT REPLACE.
[[nodiscard]] bool key_says_replace(std::string_view create_sql);

/// The name a CREATE statement gives to what it makes, without quotes, and its kind in lower case: table, index,
/// trigger, view. Both empty if it is none. A schema before the name (`main.t`) is left out.
struct CreatedObject {
  std::string kind;
  std::string name;
  std::string table;  ///< which an index or a trigger is on, without quotes
};
[[nodiscard]] CreatedObject created_object(std::string_view statement);

/// Of a CREATE TRIGGER, the columns of its UPDATE OF, folded.
[[nodiscard]] std::vector<std::string> columns_of_update(std::string_view create_trigger);

/// `text` as an SQL string literal.
[[nodiscard]] std::string quote_text(std::string_view text);

/// The parts with `separator` between them.
[[nodiscard]] std::string joined(const std::vector<std::string>& parts, std::string_view separator);

/// As joined(), for an operator of which it does not matter in what order it is applied (`AND`, `OR`, `+`, `||`): in
/// parentheses where there are so many parts that SQLite would refuse so deep an expression.
[[nodiscard]] std::string combined(std::vector<std::string> parts, std::string_view separator);

}  // namespace offx::migrate
