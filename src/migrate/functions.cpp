#include "migrate/functions.h"

#include <algorithm>
#include <array>
#include <span>

#include "migrate/sql_text.h"

namespace offx::migrate {
namespace {

using namespace std::string_view_literals;

/// Words that may stand before a parenthesis and call nothing.
constexpr std::array kKeywords = {
    "all"sv,      "and"sv,       "as"sv,     "between"sv, "by"sv,     "case"sv,      "cast"sv,        "collate"sv,
    "distinct"sv, "else"sv,      "escape"sv, "except"sv,  "exists"sv, "filter"sv,    "from"sv,        "having"sv,
    "in"sv,       "intersect"sv, "is"sv,     "isnull"sv,  "join"sv,   "limit"sv,     "not"sv,         "notnull"sv,
    "null"sv,     "offset"sv,    "on"sv,     "or"sv,      "over"sv,   "recursive"sv, "select"sv,      "then"sv,
    "union"sv,    "using"sv,     "values"sv, "when"sv,    "where"sv,  "with"sv,      "materialized"sv};

constexpr std::array kEverywhere = {
    // scalar
    "abs"sv, "changes"sv, "char"sv, "coalesce"sv, "glob"sv, "hex"sv, "ifnull"sv, "iif"sv, "instr"sv,
    "last_insert_rowid"sv, "length"sv, "like"sv, "likelihood"sv, "likely"sv, "lower"sv, "ltrim"sv, "max"sv, "min"sv,
    "nullif"sv, "printf"sv, "quote"sv, "random"sv, "randomblob"sv, "replace"sv, "round"sv, "rtrim"sv, "substr"sv,
    "substring"sv, "total_changes"sv, "trim"sv, "typeof"sv, "unicode"sv, "unlikely"sv, "upper"sv, "zeroblob"sv,
    // of time
    "date"sv, "datetime"sv, "julianday"sv, "strftime"sv, "time"sv,
    // over several rows, in a subquery
    "avg"sv, "count"sv, "group_concat"sv, "sum"sv, "total"sv, "cume_dist"sv, "dense_rank"sv, "first_value"sv, "lag"sv,
    "last_value"sv, "lead"sv, "nth_value"sv, "ntile"sv, "percent_rank"sv, "rank"sv, "row_number"sv,
    // compiled into every SQLite that is commonly met, and into all since 3.38
    "json"sv, "json_array"sv, "json_array_length"sv, "json_each"sv, "json_extract"sv, "json_group_array"sv,
    "json_group_object"sv, "json_insert"sv, "json_object"sv, "json_patch"sv, "json_quote"sv, "json_remove"sv,
    "json_replace"sv, "json_set"sv, "json_tree"sv, "json_type"sv, "json_valid"sv};

constexpr std::array kSomewhere = {
    "concat"sv, "concat_ws"sv, "format"sv, "if"sv, "octet_length"sv, "sign"sv, "soundex"sv, "sqlite_version"sv,
    "string_agg"sv, "timediff"sv, "unhex"sv, "unistr"sv, "unistr_quote"sv, "unixepoch"sv, "median"sv, "percentile"sv,
    // jsonb and the later ones of JSON
    "json_array_insert"sv, "json_error_position"sv, "json_pretty"sv, "jsonb"sv, "jsonb_array"sv, "jsonb_extract"sv,
    "jsonb_group_array"sv, "jsonb_group_object"sv, "jsonb_insert"sv, "jsonb_object"sv, "jsonb_patch"sv,
    "jsonb_remove"sv, "jsonb_replace"sv, "jsonb_set"sv,
    // mathematics
    "acos"sv, "acosh"sv, "asin"sv, "asinh"sv, "atan"sv, "atan2"sv, "atanh"sv, "ceil"sv, "ceiling"sv, "cos"sv, "cosh"sv,
    "degrees"sv, "exp"sv, "floor"sv, "ln"sv, "log"sv, "log10"sv, "log2"sv, "mod"sv, "pi"sv, "pow"sv, "power"sv,
    "radians"sv, "sin"sv, "sinh"sv, "sqrt"sv, "tan"sv, "tanh"sv, "trunc"sv};

bool is_among(std::span<const std::string_view> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

std::vector<CalledFunction> called_functions(std::string_view expression) {
  std::vector<CalledFunction> called;
  const auto tokens = tokens_of(expression);
  for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
    const bool quoted = tokens[i].kind == Token::Kind::quoted_name;
    if ((tokens[i].kind != Token::Kind::name && !quoted) || tokens[i + 1].text != "(") continue;
    const auto name = name_of(tokens[i]);
    if (!quoted && is_among(kKeywords, name)) continue;
    // `WITH t (a, b)` names columns.
    if (i > 0 && !quoted) {
      const auto before = folded(tokens[i - 1].text);
      if (before == "as" || before == "with" || before == "recursive") continue;
    }
    const bool seen = std::any_of(called.begin(), called.end(),
                                  [&](const CalledFunction& function) { return function.name == name; });
    if (seen) continue;
    called.push_back({name, is_among(kEverywhere, name)  ? Known::everywhere
                            : is_among(kSomewhere, name) ? Known::somewhere
                                                         : Known::nowhere});
  }
  return called;
}

}  // namespace offx::migrate
