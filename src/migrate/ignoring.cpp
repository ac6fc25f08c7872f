#include "migrate/ignoring.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "migrate/sql_text.h"

namespace offx::migrate {
namespace {

using Tokens = std::span<const Token>;

bool is_word(const Token& token, std::string_view word) {
  return token.kind == Token::Kind::name && same_name(token.text, word);
}

/// The tokens of a CREATE TRIGGER: its name is the last of the first part.
struct Parts {
  Tokens name;
  Tokens head;  ///< BEFORE INSERT ON t WHEN …
  Tokens body;  ///< between BEGIN and END
};

Parts parts_of(Tokens tokens) {
  const auto word = [&](std::size_t from, std::string_view text) {
    while (from < tokens.size() && !is_word(tokens[from], text)) ++from;
    return from;
  };
  auto name = word(0, "trigger") + 1;
  if (name < tokens.size() && is_word(tokens[name], "if")) name += 3;
  if (name + 1 < tokens.size() && tokens[name + 1].text == ".") name += 2;
  name = std::min(name + 1, tokens.size());
  const auto begin = word(word(name, "on"), "begin");
  auto end = tokens.size();
  while (end > begin && !is_word(tokens[end - 1], "end")) --end;
  return {tokens.first(name), tokens.subspan(name, begin - name),
          end > begin + 1 ? tokens.subspan(begin + 1, end - begin - 2) : Tokens()};
}

bool says_ignore(Tokens tokens) {
  for (std::size_t i = 0; i + 2 < tokens.size(); ++i) {
    if (is_word(tokens[i], "raise") && tokens[i + 1].text == "(" && is_word(tokens[i + 2], "ignore")) return true;
  }
  return false;
}

}  // namespace

Ignores ignores(std::string_view create_trigger) {
  const auto tokens = tokens_of(create_trigger);
  const auto [name, head, body] = parts_of(tokens);
  if (!says_ignore(body) || (!head.empty() && is_word(head.front(), "after"))) return Ignores::nothing;
  bool only_asks = true;
  bool ends_so = false;  // whatever it did before
  for (std::size_t i = 0; i < body.size();) {
    std::size_t end = i;
    while (end < body.size() && body[end].text != ";") ++end;
    const auto statement = body.subspan(i, end - i);
    if (!statement.empty()) {
      only_asks = only_asks && is_word(statement.front(), "select");
      ends_so = statement.size() == 5 && is_word(statement.front(), "select") && says_ignore(statement);
    }
    i = end + 1;
  }
  return only_asks || ends_so ? Ignores::all_it_does : Ignores::some_of_what;
}

std::string_view behind_name(std::string_view create_trigger) {
  const auto tokens = tokens_of(create_trigger);
  const auto name = parts_of(tokens).name;
  const char* begin = name.back().text.data() + name.back().text.size();
  return create_trigger.substr(static_cast<std::size_t>(begin - create_trigger.data()));
}

}  // namespace offx::migrate
