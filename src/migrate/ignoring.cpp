#include "migrate/ignoring.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace offx::migrate {
namespace {

using Tokens = std::span<const Token>;

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

bool raises(Tokens tokens, std::string_view what) {
  for (std::size_t i = 0; i + 2 < tokens.size(); ++i) {
    if (is_word(tokens[i], "raise") && tokens[i + 1].text == "(" && is_word(tokens[i + 2], what)) return true;
  }
  return false;
}

bool stops(Tokens tokens) { return raises(tokens, "ignore") || raises(tokens, "fail"); }

/// SELECT RAISE (…), whatever the row is.
bool always_stops(Tokens statement) {
  const auto end =
      std::find_if(statement.begin(), statement.end(), [](const Token& token) { return token.text == ")"; });
  return stops(statement) && is_word(statement[0], "select") && is_word(statement[1], "raise") &&
         end + 1 == statement.end();
}

}  // namespace

std::vector<std::span<const Token>> trigger_statements(std::span<const Token> create_trigger) {
  auto body = parts_of(create_trigger).body;
  std::vector<Tokens> statements;
  while (!body.empty()) {
    const auto end = std::find_if(body.begin(), body.end(), [](const Token& token) { return token.text == ";"; });
    const auto size = static_cast<std::size_t>(end - body.begin());
    if (size > 0) statements.push_back(body.first(size));
    body = body.subspan(std::min(size + 1, body.size()));
  }
  return statements;
}

Ignores ignores(std::string_view create_trigger) {
  const auto tokens = tokens_of(create_trigger);
  const auto [name, head, body] = parts_of(tokens);
  if (!stops(body) || (!head.empty() && is_word(head.front(), "after"))) return Ignores::nothing;
  auto statements = trigger_statements(tokens);
  if (always_stops(statements.back())) return Ignores::all_it_does;
  while (!stops(statements.back())) statements.pop_back();
  const bool only_asks = std::all_of(statements.begin(), statements.end(),
                                     [](Tokens statement) { return is_word(statement.front(), "select"); });
  return only_asks ? Ignores::all_it_does : Ignores::some_of_what;
}

TriggerText trigger_text(std::string_view create_trigger) {
  const auto tokens = tokens_of(create_trigger);
  const auto [name, head, body] = parts_of(tokens);
  const auto end_of = [](const Token& token) { return token.text.data() + token.text.size(); };
  const auto when = std::find_if(head.begin(), head.end(), [](const Token& token) { return is_word(token, "when"); });
  TriggerText text;
  if (head.empty()) return text;
  text.event.assign(head.front().text.data(), end_of(*(when - 1)));
  if (when != head.end()) text.when.assign(end_of(*when), end_of(head.back()));
  text.body = "\nBEGIN\n";
  auto statements = trigger_statements(tokens);
  while (!statements.empty() && !stops(statements.back())) statements.pop_back();
  for (const auto statement : statements) {
    text.body.append(statement.front().text.data(), end_of(statement.back())).append(";\n");
  }
  text.body += "END";
  return text;
}

bool runs_for(std::string_view sql, std::string_view event) {
  const auto tokens = tokens_of(sql);
  const auto on = std::find_if(tokens.begin(), tokens.end(), [](const Token& token) { return is_word(token, "on"); });
  return std::any_of(tokens.begin(), on, [&](const Token& token) { return same_name(token.text, event); });
}

bool fails(std::string_view create_trigger) { return raises(tokens_of(create_trigger), "fail"); }

bool writes_before(std::string_view create_trigger, std::string_view table) {
  const auto tokens = tokens_of(create_trigger);
  const auto [name, head, body] = parts_of(tokens);
  if (head.empty() || is_word(head.front(), "after")) return false;
  for (const auto statement : trigger_statements(tokens)) {
    if (is_word(statement.front(), "select")) continue;
    // INSERT OR … INTO t, UPDATE OR … t, DELETE FROM t: the first name behind the words.
    const auto target = std::find_if(statement.begin(), statement.end(), [](const Token& token) {
      constexpr std::array<std::string_view, 11> kWords = {"insert", "update", "delete", "replace", "or",      "into",
                                                           "from",   "ignore", "abort",  "fail",    "rollback"};
      return std::none_of(kWords.begin(), kWords.end(), [&](std::string_view word) { return is_word(token, word); });
    });
    if (target != statement.end() && name_of(*target) == folded(table)) return true;
  }
  return false;
}

}  // namespace offx::migrate
