#include "migrate/positions.h"

#include <algorithm>
#include <array>
#include <set>
#include <span>
#include <string>

#include "migrate/ignoring.h"
#include "migrate/sql_text.h"

namespace offx::migrate {
namespace {

/// True if the old table's columns, in their order, are carried to the new table's in theirs: what names none of them
/// means the same of both. `written`: those that an INSERT without a list of columns gives values to.
bool same_by_position(const Pair& pair, bool written) {
  std::array<std::vector<const Column*>, 2> columns;
  for (const Side side : {kOld, kNew}) {
    for (const auto& column : pair.table(side).columns) {
      if (!written || !column.generated) columns[side].push_back(&column);
    }
  }
  return std::equal(columns[kOld].begin(), columns[kOld].end(), columns[kNew].begin(), columns[kNew].end(),
                    [&](const Column* old_column, const Column* new_column) {
                      return old_column->generated && new_column->generated
                                 ? same_name(old_column->name, new_column->name)
                                 : same_name(pair.counterpart(kOld, old_column->name), new_column->name);
                    });
}

/// What one statement of a trigger, or a view, takes by the order of columns.
struct Positions {
  bool inserts = false;  ///< INSERT INTO one of the tables, without a list of columns
  bool selects = false;  ///< SELECT * from one of them, not inside of parentheses
};

/// `tables`: names of tables, folded.
Positions positions_in(std::span<const Token> statement, const std::set<std::string>& tables) {
  Positions found;
  bool has_star = false;
  bool is_from = false;
  bool in_from = false;
  int depth = 0;
  for (std::size_t i = 0; i < statement.size(); ++i) {
    const auto& token = statement[i];
    const auto is_before = [&](std::string_view word) { return i > 0 && is_word(statement[i - 1], word); };
    if (token.text == "(") ++depth;
    if (token.text == ")") --depth;
    if (depth != 0) continue;
    const bool is_symbol_before = i > 0 && (statement[i - 1].text == "," || statement[i - 1].text == ".");
    has_star = has_star || (token.text == "*" &&
                            (is_before("select") || is_before("distinct") || is_before("all") || is_symbol_before));
    if (is_word(token, "from")) in_from = true;
    if (is_word(token, "where") || is_word(token, "select")) in_from = false;
    if (!is_name(token) || !tables.contains(name_of(token))) continue;
    is_from = is_from || is_before("from") || is_before("join") || (in_from && is_symbol_before);
    if (!is_before("into")) continue;
    const auto next = i + 1 < statement.size() ? statement[i + 1] : token;
    found.inserts = found.inserts || next.text != "(";
  }
  found.selects = has_star && is_from;
  return found;
}

/// Of a CREATE VIEW, what it selects.
std::span<const Token> selected_by(std::span<const Token> create_view) {
  const auto as =
      std::find_if(create_view.begin(), create_view.end(), [](const Token& token) { return is_word(token, "as"); });
  return as == create_view.end() ? std::span<const Token>() : std::span(as + 1, create_view.end());
}

}  // namespace

void check_positions(const Pair& pair, const std::vector<SchemaObject>& objects,
                     const std::function<bool(const SchemaObject&)>& is_carried, std::vector<Finding>& findings) {
  const bool written_alike = same_by_position(pair, true);
  const bool read_alike = same_by_position(pair, false);
  if (written_alike && read_alike) return;
  const std::set<std::string> table = {folded(pair.change.from)};
  auto read = table;  // and views of all its columns
  const auto refuse = [&](const SchemaObject& object, const std::string& what) {
    findings.push_back({Finding::Severity::refusal, pair.change.from, object.name,
                        "the " + object.type + " " + object.name + " " + what + ", and those of " + pair.change.to +
                            " are others, or in another order: let it name them (drop it and make it again), or make "
                            "its successor under `complete`, with the same name, or list it in `drop`"});
  };
  for (const auto& object : objects) {
    if (object.type != "view" || !is_carried(object)) continue;
    const auto tokens = tokens_of(object.sql);
    const auto selected = selected_by(tokens);
    if (!positions_in(selected, read).selects) continue;
    read.insert(folded(object.name));
    const bool is_compound = std::any_of(selected.begin(), selected.end(), [](const Token& token) {
      return is_word(token, "union") || is_word(token, "except") || is_word(token, "intersect");
    });
    const bool names_columns = selected.data() - tokens.data() >= 2 && (selected.data() - 2)->text == ")";
    if (read_alike || (!is_compound && !names_columns)) continue;
    refuse(object, "takes the columns of " + pair.change.from + " by their order (SELECT *)");
  }
  for (const auto& object : objects) {
    if (object.type != "trigger" || !is_carried(object)) continue;
    const auto tokens = tokens_of(object.sql);
    bool inserts = false;
    bool selects = false;
    for (const auto statement : trigger_statements(tokens)) {
      inserts = inserts || positions_in(statement, table).inserts;
      const bool writes = !is_word(statement.front(), "select");
      selects = selects || (writes && positions_in(statement, read).selects);
    }
    if (inserts && !written_alike) {
      refuse(object, "inserts into " + pair.change.from + " by the order of its columns");
    } else if (selects && !read_alike) {
      refuse(object, "takes the columns of " + pair.change.from + " by their order (SELECT *)");
    }
  }
}

}  // namespace offx::migrate
