#include "db/table_text.h"

#include <algorithm>
#include <array>
#include <utility>

#include "db/sql_tokens.h"

namespace offx::db {
namespace {

/// `text` up to the end of `token`.
std::string_view extended(std::string_view text, const SqlToken& token) {
  const char* begin = text.empty() ? token.text.data() : text.data();
  return {begin, static_cast<std::size_t>(token.text.data() + token.text.size() - begin)};
}

bool begins_constraint(std::string_view item) {
  static constexpr std::array<std::string_view, 5> kWords = {"constraint", "primary", "unique", "check", "foreign"};
  const auto first = SqlTokens(item).next();
  return first && std::any_of(kWords.begin(), kWords.end(), [&](auto word) { return is_word(*first, word); });
}

}  // namespace

TableText read_table_text(std::string_view create_sql) {
  TableText text;
  std::string_view item;
  const auto end_item = [&] {
    if (item.empty()) return;
    auto& items = !text.constraints.empty() || begins_constraint(item) ? text.constraints : text.columns;
    items.push_back(std::exchange(item, {}));
  };
  SqlTokens tokens(create_sql);
  int depth = 0;
  bool ended = false;
  while (const auto token = tokens.next()) {
    if (ended) {
      text.options = extended(text.options, *token);
      continue;
    }
    if (token->text == "(" && ++depth == 1) continue;
    if (token->text == ")" && --depth == 0) {
      ended = true;
    } else if (depth == 1 && token->text == ",") {
      end_item();
    } else if (depth > 0) {
      item = extended(item, *token);
    }
  }
  end_item();
  return text;
}

}  // namespace offx::db
