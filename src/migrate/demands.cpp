#include "migrate/demands.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "db/script.h"
#include "migrate/sql_text.h"

namespace offx::migrate {
namespace {

using Severity = Finding::Severity;

/// Which values of `source` the column cannot hold as they are; empty if there are none worth a word. data_check.cpp
/// finds those that are there.
std::string values_it_changes(const Column& column, const Column& source) {
  const auto from = affinity_of(source.type);
  if (affinity_of(column.type) != Affinity::text) return {};
  if (from == Affinity::blob) return "a number";
  return from == Affinity::real || from == Affinity::numeric ? "a number of more than 15 digits" : "";
}

/// True if the form of an expression tells that it is not NULL, whatever it is made of: a CASE with ELSE that gives
/// nothing but literals, or a function that never gives NULL.
bool is_never_null(std::string_view expression) {
  constexpr std::array<std::string_view, 6> kFunctions = {"hex",    "json_array", "json_object",
                                                          "printf", "quote",      "typeof"};
  const auto tokens = tokens_of(expression);
  if (tokens.size() < 3) return false;
  const bool is_case = is_word(tokens.front(), "case");
  const bool is_call = is_name(tokens[0]) && tokens[1].text == "(" &&
                       std::find(kFunctions.begin(), kFunctions.end(), name_of(tokens[0])) != kFunctions.end();
  if (!is_case && !is_call) return false;
  int depth = 0;
  bool has_else = false;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].text == "(" || is_word(tokens[i], "case")) ++depth;
    if ((tokens[i].text == ")" || is_word(tokens[i], "end")) && --depth == 0 && i + 1 < tokens.size()) return false;
    if (!is_case || depth != 1 || (!is_word(tokens[i], "then") && !is_word(tokens[i], "else"))) continue;
    has_else = has_else || is_word(tokens[i], "else");
    const bool is_literal = i + 2 < tokens.size() &&
                            (tokens[i + 1].kind == Token::Kind::string || tokens[i + 1].kind == Token::Kind::number);
    if (!is_literal ||
        (!is_word(tokens[i + 2], "when") && !is_word(tokens[i + 2], "else") && !is_word(tokens[i + 2], "end"))) {
      return false;
    }
  }
  return is_call || has_else;
}

/// What only one version demands, code on the other one does not know.
void note_demands_of(const Pair& pair, Side side, std::vector<Finding>& findings) {
  const auto find = [&](Severity severity, const std::string& table, const std::string& name, std::string message) {
    findings.push_back({severity, table, name, std::move(message)});
  };
  const auto& table = pair.table(side);
  const auto& others = pair.table(other(side));
  const std::string code = side == kNew ? "old code" : "new code";
  const std::string place = side == kNew ? "[table.up]" : "[table.down]";
  const std::string error = " gets an error while both live";
  if (table.strict && !others.strict) {
    find(Severity::warning, pair.change.from, "",
         table.name + " is STRICT: " + code + " that writes a value of another type" + error + "; a CAST under " +
             place + " makes it fit");
  }
  for (const auto& check : pair.own_checks[side]) {
    find(Severity::warning, pair.change.from, "",
         "only " + table.name + " demands CHECK (" + check.text + "): " + code + " that writes otherwise" + error);
  }
  for (const auto& c : pair.computed(side)) {
    const auto* column = table.column(c.column);
    if (const auto* source = others.column(c.carried_from); source != nullptr) {
      if (const auto values = values_it_changes(*column, *source); !values.empty()) {
        find(Severity::warning, pair.change.from, column->name,
             table.name + " makes another value of " + values + " in " + column->name + ", as " + column->type + ": " +
                 code + " that writes one gets an error while both live; CAST (" + source->name + " AS " +
                 column->type + ") under " + place + ", and the way back under " +
                 (side == kNew ? "[table.down]" : "[table.up]") + ", make it fit");
      }
    }
    if (!column->not_null || mentions(c.expression, "coalesce") || mentions(c.expression, "ifnull") ||
        is_never_null(c.expression)) {
      continue;
    }
    auto sources = c.reads;
    if (c.reads_key) sources.insert(sources.end(), pair.key[other(side)].begin(), pair.key[other(side)].end());
    const bool may_be_null = std::any_of(sources.begin(), sources.end(), [&](const std::string& name) {
      const auto* source = others.column(name);
      return !source->not_null && source->primary_key == 0;
    });
    if (!may_be_null) continue;
    find(Severity::warning, pair.change.from, column->name,
         "only " + table.name + " demands NOT NULL of " + column->name + ": " + code + " that writes NULL" + error +
             "; coalesce(…) under " + place + " makes it fit");
  }
}

/// What is computed from other tables, no trigger of ours follows.
void note_lookups(const Pair& pair, std::vector<Finding>& findings) {
  if (!pair.change.sync.empty()) return;
  for (const Side side : {kOld, kNew}) {
    for (const auto& group : pair.groups) {
      for (const auto& c : group.computed[side]) {
        if (!c.carried_from.empty() || !mentions(c.expression, "select")) continue;
        const auto field = (side == kNew ? "up." : "down.") + c.column;
        findings.push_back(
            {Severity::warning, pair.change.from, c.column,
             c.column +
                 " is looked up in other tables, and what is written to these while both live does not reach it: " +
                 (group.looked_up[side] ? "it stays as it was when its row was made"
                                        : "the versions would differ then, and `complete` be refused") +
                 "; triggers of yours under `sync` keep it alike",
             pair.change.line_of(field)});
      }
    }
  }
}

/// `name` as the key of a TOML table.
std::string toml_key(const std::string& name) {
  const bool is_bare = std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return c < 0x80 && (std::isalnum(c) != 0 || c == '_' || c == '-');
  });
  return is_bare ? name : "\"" + name + "\"";
}

}  // namespace

bool demands_more(const Pair& pair, Side side) {
  std::vector<Finding> findings;
  note_demands_of(pair, side, findings);
  return !findings.empty();
}

void note_demands(const Pair& pair, std::vector<Finding>& findings) {
  const auto find = [&](Severity severity, const std::string& table, const std::string& name, std::string message) {
    findings.push_back({severity, table, name, std::move(message)});
  };
  const auto& old_table = pair.table(kOld);
  const auto& new_table = pair.table(kNew);
  note_demands_of(pair, kNew, findings);
  note_demands_of(pair, kOld, findings);
  note_lookups(pair, findings);
  const auto own_new = pair.own_columns(kNew);
  for (const auto* column : own_new) {
    const bool is_rowid = new_table.key_is_rowid() && column->primary_key > 0;
    find(Severity::note, old_table.name, column->name,
         column->name + " is known to " + new_table.name + " alone: existing rows get " +
             (is_rowid                ? "a number"
              : column->default_value ? "its DEFAULT, " + *column->default_value + ","
                                      : "NULL") +
             " there, and a rollback keeps it in an archive");
  }
  for (const auto* column : pair.own_columns(kOld)) {
    const bool is_rowid = old_table.key_is_rowid() && column->primary_key > 0;
    find(Severity::note, old_table.name, column->name,
         column->name + " is not carried into " + new_table.name + ": rows that new code inserts have " +
             (is_rowid                ? "a number of SQLite's"
              : column->default_value ? "its DEFAULT, " + *column->default_value + ","
                                      : "NULL") +
             " in " + old_table.name + ", and `complete` drops it (`--keep-old` keeps the table as an archive)");
    // Without this a forgotten line loses a column, and says so in a note among others.
    std::string candidates;
    for (const auto* other : own_new) {
      if (!tell_apart_alike(other->type, column->type) || other->primary_key > 0) continue;
      candidates += (candidates.empty() ? "" : " or ") + other->name;
    }
    if (candidates.empty()) continue;
    const bool is_one = candidates.find(" or ") == std::string::npos;
    find(Severity::warning, old_table.name, column->name,
         column->name + " is not carried into " + new_table.name + ", and " + candidates + " begin" +
             (is_one ? "s" : "") + " anew there: if one becomes the other, say rename = { " + toml_key(column->name) +
             " = \"" + (is_one ? candidates : "…") + "\" }, or up and down");
  }
  for (const Side side : {kOld, kNew}) {
    if (!pair.nullable_key[side]) continue;
    const auto key = joined(pair.key[side], ", ");
    find(Severity::warning, old_table.name, key,
         "the key (" + key + ") of " + pair.table(side).name +
             " may be NULL by its declaration: a row without a key cannot be told apart, and writing one gets an error "
             "while both live");
  }
}

}  // namespace offx::migrate
