#include "migrate/mappings.h"

#include <string>

#include "db/script.h"
#include "migrate/sql_text.h"

namespace offx::migrate {
namespace {

using db::quote_identifier;

/// Why `expression` would not end where the parentheses around it do; empty if it does.
std::string not_closed(const std::string& expression) {
  int open = 0;
  for (const auto& token : tokens_of(expression)) {
    if (token.text == ";") return "it has a semicolon";
    if (token.kind != Token::Kind::symbol) continue;
    open += token.text == "(" ? 1 : token.text == ")" ? -1 : 0;
    if (open < 0) return "it closes a parenthesis that it does not open";
  }
  if (open > 0) return "it opens a parenthesis that it does not close";
  // A name behind it is read as one unless a comment or a quote has not ended.
  const std::string end = "offx_end";
  const auto followed = expression + " " + end;
  const auto tokens = tokens_of(followed);
  return tokens.empty() || tokens.back().text != end ? "a comment or a quote in it does not end" : "";
}

/// SQLite's message, without a word of ours around the expression.
std::string why_not(db::DatabaseClient& scratch, const Table& table, const std::string& expression) {
  if (auto why = not_closed(expression); !why.empty()) return why;
  // An aggregate or a window over the whole table would make one row of many, or another value in a trigger than in
  // the copy. SQLite refuses both in a WHERE, and allows them in subqueries there.
  const auto compiled = scratch.execute("EXPLAIN QUERY PLAN SELECT 1 FROM " + quote_identifier(table.name) +
                                        " WHERE (" + expression + ")");
  return compiled ? std::string() : compiled.error().message();
}

}  // namespace

bool check_mappings(db::DatabaseClient& scratch, const Blueprint& blueprint, std::vector<Finding>& findings) {
  bool all_are = true;
  for (const auto& plan : blueprint.pairs) {
    const auto& pair = plan.pair;
    for (const Side side : {kOld, kNew}) {
      for (const auto& c : pair.computed(side)) {
        if (!c.carried_from.empty()) continue;
        const auto why = why_not(scratch, pair.table(other(side)), c.expression);
        if (why.empty()) continue;
        const std::string where = side == kNew ? "up" : "down";
        const bool is_of_many = why.find("misuse of") != std::string::npos;
        findings.push_back({Finding::Severity::refusal, pair.change.from, c.column,
                            is_of_many ? c.column + " is computed from several rows (" + why +
                                             "): an expression has one; (SELECT …) looks at others"
                                       : "`" + where + "` of " + c.column + " is no SQL expression over " +
                                             pair.table(other(side)).name + ": " + why,
                            pair.change.line_of(where + "." + c.column)});
        all_are = false;
      }
    }
  }
  return all_are;
}

}  // namespace offx::migrate
