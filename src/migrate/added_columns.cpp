#include "migrate/added_columns.h"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "db/script.h"
#include "migrate/sql_text.h"

namespace offx::migrate {
namespace {

using Tokens = std::vector<Token>;

/// A CREATE TABLE taken apart: what stands between its commas, and what follows its parentheses.
struct TableText {
  std::vector<Tokens> items;
  Tokens options;
};

bool is_word(const Token& token, std::string_view word) {
  return token.kind == Token::Kind::name && same_name(token.text, word);
}

bool is_one_of(const Token& token, std::span<const std::string_view> words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) { return is_word(token, word); });
}

TableText take_apart(std::string_view create_sql) {
  TableText text;
  int depth = 0;
  bool ended = false;
  for (const auto& token : tokens_of(create_sql)) {
    if (ended) {
      text.options.push_back(token);
      continue;
    }
    if (token.text == "(" && ++depth == 1) {
      text.items.emplace_back();
      continue;
    }
    if (token.text == ")" && --depth == 0) {
      ended = true;
    } else if (depth == 1 && token.text == ",") {
      text.items.emplace_back();
    } else if (depth > 0) {
      text.items.back().push_back(token);
    }
  }
  return text;
}

bool says_the_same(const Tokens& a, const Tokens& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Token& x, const Token& y) {
    const bool names = (x.kind == Token::Kind::name || x.kind == Token::Kind::quoted_name) &&
                       (y.kind == Token::Kind::name || y.kind == Token::Kind::quoted_name);
    return names ? name_of(x) == name_of(y) : x.text == y.text;
  });
}

bool is_constraint(const Tokens& item) {
  static constexpr std::array<std::string_view, 5> kWords = {"constraint", "primary", "unique", "check", "foreign"};
  return !item.empty() && is_one_of(item.front(), kWords);
}

/// A name, a type, and nothing behind it but NOT NULL, COLLATE and a DEFAULT that is a literal.
bool can_be_added(const Tokens& column) {
  static constexpr std::array<std::string_view, 10> kOthers = {
      "constraint", "primary", "unique", "check", "references", "generated", "as", "on", "deferrable", "always"};
  static constexpr std::array<std::string_view, 3> kClocks = {"current_time", "current_date", "current_timestamp"};
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
  const auto was = take_apart(old_sql);
  const auto is = take_apart(pair.table(kNew).sql);
  if (is.items.size() <= was.items.size() || !says_the_same(was.options, is.options)) return false;
  const auto added = static_cast<std::ptrdiff_t>(is.items.size() - was.items.size());
  const auto old_columns = std::find_if(was.items.begin(), was.items.end(), is_constraint) - was.items.begin();
  const auto first = is.items.begin() + old_columns;
  return std::equal(is.items.begin(), first, was.items.begin(), says_the_same) &&
         std::none_of(first, first + added, is_constraint) && std::all_of(first, first + added, can_be_added) &&
         std::equal(first + added, is.items.end(), was.items.begin() + old_columns, was.items.end(), says_the_same);
}

}  // namespace offx::migrate
