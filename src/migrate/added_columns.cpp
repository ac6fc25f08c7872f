#include "migrate/added_columns.h"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "db/script.h"
#include "db/table_text.h"
#include "migrate/sql_text.h"

namespace offx::migrate {
namespace {

bool is_one_of(const Token& token, std::span<const std::string_view> words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) { return is_word(token, word); });
}

bool say_the_same(std::string_view a, std::string_view b) { return normalised(a) == normalised(b); }

/// A name, a type, and nothing behind it but NOT NULL, COLLATE and a DEFAULT that is a literal.
bool can_be_added(std::string_view definition) {
  static constexpr std::array<std::string_view, 10> kOthers = {
      "constraint", "primary", "unique", "check", "references", "generated", "as", "on", "deferrable", "always"};
  static constexpr std::array<std::string_view, 3> kClocks = {"current_time", "current_date", "current_timestamp"};
  const auto column = tokens_of(definition);
  bool not_null = false;
  bool has_default = false;
  for (std::size_t i = 1; i < column.size(); ++i) {
    const auto& token = column[i];
    if (is_one_of(token, kOthers)) return false;
    if (is_word(token, "not")) not_null = true;
    if (!is_word(token, "default")) continue;
    if (i + 1 < column.size() && (column[i + 1].text == "+" || column[i + 1].text == "-")) ++i;
    if (++i == column.size() || column[i].text == "(" || is_one_of(column[i], kClocks)) return false;
    has_default = !is_word(column[i], "null");
  }
  return !not_null || has_default;
}

}  // namespace

bool only_adds_columns(const Pair& pair) {
  const auto& change = pair.change;
  const bool says_more = !change.up.empty() || !change.down.empty() || !change.rename.empty() || !change.drop.empty() ||
                         !change.sync.empty() || !change.complete.empty() ||
                         db::split_script(change.create).size() != 1;
  if (says_more) return false;
  const auto old_sql = with_name_replaced(pair.table(kOld).sql, change.from, change.to);
  const auto was = db::read_table_text(old_sql);
  const auto is = db::read_table_text(pair.table(kNew).sql);
  if (is.columns.size() <= was.columns.size() || !say_the_same(was.options, is.options)) return false;
  const auto added = is.columns.begin() + static_cast<std::ptrdiff_t>(was.columns.size());
  return std::equal(was.columns.begin(), was.columns.end(), is.columns.begin(), added, say_the_same) &&
         std::equal(was.constraints.begin(), was.constraints.end(), is.constraints.begin(), is.constraints.end(),
                    say_the_same) &&
         std::all_of(added, is.columns.end(), can_be_added);
}

}  // namespace offx::migrate
