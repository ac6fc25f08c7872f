#include "migrate/data_check.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <utility>

#include "db/script.h"
#include "migrate/pair_sql.h"
#include "migrate/sql_text.h"
#include "migrate/table.h"

namespace offx::migrate {
namespace {

using db::quote_identifier;

class Checker {
 public:
  /// `begin` is called before each check, and says whether it is to be done.
  Checker(db::DatabaseClient& client, const Blueprint& blueprint, const Pair& pair, std::vector<Finding>& findings,
          std::function<Result<bool>()> begin)
      : client_(client), blueprint_(blueprint), pair_(pair), findings_(findings), begin_(std::move(begin)) {
    std::vector<std::string> columns = {key_text() + " AS offx_key"};
    std::vector<std::string> stored = {"offx_key"};
    for (const auto& c : pair.computed(kNew)) {
      // Conditions compare as the new table does.
      const auto collation = collation_of(pair_.table(kNew), c.column);
      const bool is_carried = !c.carried_from.empty();
      const bool is_alike = is_carried && collation_of(pair_.table(kOld), c.carried_from) == collation;
      columns.push_back((is_carried ? c.expression : "(" + c.expression + ")") +
                        (is_alike ? "" : " COLLATE " + quote_identifier(collation)) + " AS " +
                        quote_identifier(c.column));
      stored.push_back(as_stored(*pair.table(kNew).column(c.column),
                                 is_carried ? pair.table(kOld).column(c.carried_from) : nullptr));
    }
    for (const auto* column : pair.own_columns(kNew)) {
      columns.push_back("(" + column->default_value.value_or("NULL") + ") AS " + quote_identifier(column->name));
      stored.push_back(as_stored(*column, nullptr));
    }
    rows_ = "(SELECT " + joined(columns, ", ") + " FROM " + quote_identifier(pair.change.from) + ")";
    stored_rows_ = with_generated("(SELECT " + joined(stored, ", ") + " FROM " + rows_ + ")");
  }

  Result<void> check() {
    const auto& old_table = pair_.table(kOld);
    const auto& new_table = pair_.table(kNew);
    if (pair_.nullable_key[kOld]) {
      std::vector<std::string> nulls;
      for (const auto& column : pair_.key[kNew]) nulls.push_back(quote_identifier(column) + " IS NULL");
      OFFX_TRY(refuse_where(joined(nulls, " OR "), joined(pair_.key[kOld], ", "), "the key is NULL"));
    }
    for (const auto& c : pair_.computed(kNew)) {
      const auto* column = new_table.column(c.column);
      const auto* source = c.carried_from.empty() ? nullptr : old_table.column(c.carried_from);
      if (column->not_null && (source == nullptr || !source->not_null)) {
        OFFX_TRY(refuse_where(quote_identifier(column->name) + " IS NULL", column->name,
                              column->name + " would be NULL, which " + pair_.change.to + " refuses"));
      }
      if (source != nullptr) {
        if (auto changed = changed_value(*column, *source); !changed.empty()) {
          OFFX_TRY(
              refuse_where(changed, column->name,
                           column->name + " would have another value in " + pair_.change.to + ", as " + column->type));
        }
      }
      if (new_table.strict && !(old_table.strict && source != nullptr && same_name(source->type, column->type))) {
        if (auto wrong = wrong_type(*column); !wrong.empty()) {
          OFFX_TRY(refuse_where(wrong, column->name,
                                column->name + " would not be " + column->type + ", which STRICT refuses"));
        }
      }
    }
    std::set<std::string> old_checks;
    for (const auto expression : check_expressions(old_table.sql)) old_checks.insert(std::string(expression));
    for (const auto expression : check_expressions(new_table.sql)) {
      if (old_checks.contains(std::string(expression))) continue;
      OFFX_TRY(check_check(std::string(expression)));
    }
    for (const auto& column : new_table.columns) {
      if (column.generated) OFFX_TRY(check_generated(column));
    }
    for (const auto& index : new_table.indexes) OFFX_TRY(check_unique(index));
    for (const auto& key : new_table.foreign_keys) OFFX_TRY(check_reference(key));
    return {};
  }

 private:
  [[nodiscard]] std::string key_text() const {
    std::vector<std::string> parts;
    for (const auto& column : pair_.key[kOld]) {
      parts.push_back(quote_text(column + " = ") + " || quote(" + quote_identifier(column) + ")");
    }
    return joined(parts, " || ', ' || ");
  }

  /// True for columns that `up` cannot change, as rows are told apart by them.
  [[nodiscard]] bool is_key(const std::string& columns) const {
    return same_name(columns, joined(pair_.key[kOld], ", ")) || same_name(columns, joined(pair_.key[kNew], ", ")) ||
           contains_name(pair_.key[kNew], columns);
  }

  /// `example` gives a row that breaks a constraint, if there is one, and `count` how many do.
  Result<void> refuse_found(const std::string& example, const std::string& count, const std::string& column,
                            const std::string& why) {
    OFFX_ASSIGN(const bool is_to_be_done, begin_());
    if (!is_to_be_done) return {};
    const auto found = client_.execute(example);
    if (!found && found.error().code() == Errc::invalid_argument) {
      // A constraint may speak of what only the new table has: its rowid, for instance.
      findings_.push_back({Finding::Severity::note, pair_.change.from, column,
                           "not looked for beforehand: whether " + why + " (" + found.error().message() + ")"});
      return {};
    }
    if (!found) return fail(found.error());
    if (found->rows() == 0) return {};
    OFFX_ASSIGN(const auto counted, client_.execute(count));
    const auto rows = db::to_integer(counted.row(0)[0]);
    findings_.push_back({Finding::Severity::refusal, pair_.change.from, column,
                         why + ", in " + std::to_string(rows) + (rows == 1 ? " row, " : " rows, for instance ") +
                             db::to_text(found->row(0)[0]) + ": correct the rows" +
                             (is_key(column) ? "" : ", or say under [table.up] what they get"),
                         pair_.change.line_of("up." + column)});
    return {};
  }

  Result<void> refuse_where(const std::string& condition, const std::string& column, const std::string& why) {
    const auto from = " FROM " + rows_ + " AS offx_rows WHERE " + condition;
    return refuse_found("SELECT offx_key" + from + " LIMIT 1", "SELECT count(*)" + from, column, why);
  }

  /// True for values that a STRICT table's column refuses after trying to convert them.
  static std::string wrong_type(const Column& column) {
    const auto type = folded(column.type);
    const auto name = quote_identifier(column.name);
    const auto is = "typeof(" + name + ")";
    if (type == "int" || type == "integer") {
      return is + " = 'blob' OR (" + is + " = 'real' AND " + name + " <> CAST(" + name + " AS INTEGER)) OR (" + is +
             " = 'text' AND CAST(CAST(" + name + " AS INTEGER) AS TEXT) <> trim(" + name + "))";
    }
    if (type == "real")
      return is + " = 'blob' OR (" + is + " = 'text' AND typeof(" + name + " + 0) = 'integer' AND " + name +
             " + 0 = 0 AND trim(" + name + ") NOT GLOB '[-+0-9.]*')";
    if (type == "text") return is + " = 'blob'";
    if (type == "blob") return is + " NOT IN ('blob', 'null')";
    return {};
  }

  /// True for values of `source` that `column` stores as others, which are not alike: a comparison of both columns
  /// turns texts into numbers only where one of them is declared for numbers, and neither a text nor a REAL has all
  /// digits.
  static std::string changed_value(const Column& column, const Column& source) {
    const auto name = quote_identifier(column.name);
    const auto type = "typeof(" + name + ")";
    const auto from = affinity_of(source.type);
    switch (affinity_of(column.type)) {
      case Affinity::text:
        if (from == Affinity::text) return {};
        if (from == Affinity::blob) return type + " IN ('integer', 'real')";
        return type + " = 'real' AND CAST(CAST(" + name + " AS TEXT) AS REAL) <> " + name;
      case Affinity::real: {
        const auto number = "(" + name + " + 0)";
        return type + " IN ('integer', 'text') AND typeof" + number + " = 'integer' AND CAST(" + number +
               " AS REAL) <> " + number;
      }
      default: return {};
    }
  }

  /// `rows` with what the new table generates of them, of which some may be made of other such columns.
  [[nodiscard]] std::string with_generated(std::string rows) const {
    const auto& table = pair_.table(kNew);
    const auto made_of = [&](const Column* column) { return generated_as(definition(table, column->name)); };
    std::vector<const Column*> left;
    for (const auto& column : table.columns) {
      if (column.generated) left.push_back(&column);
    }
    while (!left.empty()) {
      const auto waiting = std::stable_partition(left.begin(), left.end(), [&](const Column* column) {
        const auto names = columns_in(made_of(column));
        return std::none_of(left.begin(), left.end(),
                            [&](const Column* other) { return names.contains(folded(other->name)); });
      });
      if (waiting == left.begin()) break;  // SQLite makes no such table
      std::string made;
      std::string stored;
      for (auto column = left.begin(); column != waiting; ++column) {
        auto raw = **column;
        for (raw.name = "offx_raw_" + raw.name; table.column(raw.name) != nullptr;) raw.name += "_";
        made +=
            ", (" +
            over_values(table, made_of(*column), [](const Column& source) { return quote_identifier(source.name); }) +
            ") AS " + quote_identifier(raw.name);
        const auto value = value_as_stored(raw, nullptr);
        stored += ", " + (value.empty() ? quote_identifier(raw.name) : value) + " COLLATE " +
                  quote_identifier(collation_of(table, (*column)->name)) + " AS " + quote_identifier((*column)->name);
      }
      rows = "(SELECT *" + stored + " FROM (SELECT *" + made + " FROM " + rows + "))";
      left.erase(left.begin(), waiting);
    }
    return rows;
  }

  /// `column` of rows_ with the value that the new table stores, which `source`, if there is one, has had so far.
  [[nodiscard]] std::string as_stored(const Column& column, const Column* source) const {
    const auto name = quote_identifier(column.name);
    const auto value = value_as_stored(column, source);
    if (value.empty()) return name;
    return value + " COLLATE " + quote_identifier(collation_of(pair_.table(kNew), column.name)) + " AS " + name;
  }

  /// What `column` makes of a value; empty if it is what `source` made of it.
  static std::string value_as_stored(const Column& column, const Column* source) {
    const auto name = quote_identifier(column.name);
    const auto affinity = affinity_of(column.type);
    if (affinity == Affinity::blob || (source != nullptr && affinity_of(source->type) == affinity)) return {};
    if (affinity == Affinity::text) {
      return "CASE WHEN typeof(" + name + ") IN ('integer', 'real') THEN CAST(" + name + " AS TEXT) ELSE " + name +
             " END";
    }
    // A CAST is compared as a number, and so is what stands beside it, if it is one altogether.
    const auto as = [&](const std::string& type) { return "CAST(" + name + " AS " + type + ")"; };
    const auto is_number = as("NUMERIC") + " = " + name;
    if (affinity == Affinity::real) return "CASE WHEN " + is_number + " THEN " + as("REAL") + " ELSE " + name + " END";
    return "CASE WHEN " + as("INTEGER") + " = " + name + " THEN " + as("INTEGER") + " WHEN " + is_number + " THEN " +
           as("NUMERIC") + " ELSE " + name + " END";
  }

  Result<void> check_generated(const Column& column) {
    const auto refuse = [&](const std::string& condition, const std::string& why) {
      const auto from = " FROM " + stored_rows_ + " WHERE " + condition;
      return refuse_found("SELECT offx_key" + from + " LIMIT 1", "SELECT count(*)" + from, column.name, why);
    };
    if (column.not_null) {
      OFFX_TRY(refuse(quote_identifier(column.name) + " IS NULL",
                      column.name + " would be NULL, which " + pair_.change.to + " refuses"));
    }
    const auto wrong = pair_.table(kNew).strict ? wrong_type(column) : std::string();
    if (wrong.empty()) return {};
    return refuse(wrong, column.name + " would not be " + column.type + ", which STRICT refuses");
  }

  Result<void> check_check(const std::string& expression) {
    const auto why = "CHECK (" + expression + ") would fail";
    const auto over_row = over_values(pair_.table(kNew), expression, [&](const Column& column) {
      return "offx_rows." + quote_identifier(column.name);
    });
    const auto from = " FROM " + stored_rows_ + " AS offx_rows WHERE NOT (" + over_row + ")";
    return refuse_found("SELECT offx_key" + from + " LIMIT 1", "SELECT count(*)" + from, "", why);
  }

  Result<void> check_unique(const Index& index) {
    if (!index.unique || is_demanded_already(index)) return {};
    bool is_key = index.columns.size() == pair_.key[kNew].size() && !index.partial;
    std::vector<std::string> terms;
    std::vector<std::string> names;
    std::vector<std::string> group;
    std::vector<std::string> present;
    for (std::size_t i = 0; i < index.columns.size(); ++i) {
      const auto& column = index.columns[i];
      const auto name = "offx_term" + std::to_string(i + 1);
      terms.push_back((column.empty() ? "(" + index.text.terms[i] + ")" : quote_identifier(column)) + " AS " + name);
      names.push_back(column.empty() ? index.text.terms[i] : column);
      group.push_back(name + " COLLATE " + index.collations[i]);
      present.push_back(name + " IS NOT NULL");
      is_key = is_key && same_name(pair_.table(kOld).key.size() > i ? pair_.counterpart(kNew, column) : "",
                                   pair_.table(kOld).key.size() > i ? pair_.table(kOld).key[i] : "-");
    }
    if (is_key && index.collations == std::vector<std::string>(index.collations.size(), "BINARY")) return {};
    const auto groups = " FROM (SELECT offx_key, " + joined(terms, ", ") + " FROM " + stored_rows_ +
                        (index.partial ? " WHERE " + index.text.where : "") + ") WHERE " + joined(present, " AND ") +
                        " GROUP BY " + joined(group, ", ") + " HAVING count(*) > 1";
    const auto what = joined(names, ", ");
    return refuse_found("SELECT min(offx_key) || ' and ' || max(offx_key)" + groups + " LIMIT 1",
                        "SELECT sum(n) FROM (SELECT count(*) AS n" + groups + ")",
                        contains_name(index.columns, "") ? index.name : what,
                        "(" + what + ") would not be unique in " + pair_.change.to +
                            (index.partial ? " WHERE " + index.text.where : ""));
  }

  /// True if the old table's rows are under the same constraint: then none breaks it.
  [[nodiscard]] bool is_demanded_already(const Index& index) const {
    for (const auto& c : pair_.computed(kNew)) {
      const auto* source = pair_.table(kOld).column(c.carried_from);
      const bool concerns = std::any_of(index.text.terms.begin(), index.text.terms.end(),
                                        [&](const auto& term) { return mentions(term, c.column); }) ||
                            mentions(index.text.where, c.column);
      // '1' and '01' are two texts and one number.
      if (concerns && source != nullptr && !tell_apart_alike(source->type, pair_.table(kNew).column(c.column)->type))
        return false;
    }
    for (const auto& unique : pair_.uniqueness[kNew]) {
      if (unique.columns[kNew] != index.columns || unique.text.terms != index.text.terms) continue;
      if (unique.on_both && unique.text.where == index.text.where) return true;
    }
    return false;
  }

  /// Rows may refer to nothing although the old table has the same reference: a program need not enforce it.
  Result<void> check_reference(const ForeignKey& key) {
    std::string parent = key.parent;
    auto parent_columns = key.parent_columns;
    for (const auto& plan : blueprint_.pairs) {
      if (!same_name(plan.pair.change.to, parent)) continue;
      parent = plan.pair.change.from;
      if (parent_columns.empty()) parent_columns = plan.pair.table(kNew).key;
      for (auto& column : parent_columns) column = plan.pair.counterpart(kNew, column);
    }
    if (parent_columns.empty()) {
      const auto described = get_table_columns(client_, parent);
      if (!described && described.error().code() == Errc::not_found) return {};  // `create` makes it, empty
      if (!described) return fail(described.error());
      std::map<int, std::string> primary;
      for (const auto& column : *described) {
        if (column.primary_key > 0) primary[column.primary_key] = column.name;
      }
      for (const auto& [at, column] : primary) parent_columns.push_back(column);
    }
    if (parent_columns.size() != key.columns.size()) return {};  // the parent's key: the rehearsal has looked at it
    std::vector<std::string> present;
    std::vector<std::string> same;
    for (std::size_t i = 0; i < key.columns.size(); ++i) {
      if (parent_columns[i].empty()) return {};
      present.push_back("offx_rows." + quote_identifier(key.columns[i]) + " IS NOT NULL");
      same.push_back("offx_parent." + quote_identifier(parent_columns[i]) + " = offx_rows." +
                     quote_identifier(key.columns[i]));
    }
    const auto from = " FROM " + stored_rows_ + " AS offx_rows WHERE " + joined(present, " AND ") +
                      " AND NOT EXISTS (SELECT 1 FROM " + quote_identifier(parent) + " AS offx_parent WHERE " +
                      joined(same, " AND ") + ")";
    return refuse_found("SELECT offx_key" + from + " LIMIT 1", "SELECT count(*)" + from, joined(key.columns, ", "),
                        "(" + joined(key.columns, ", ") + ") refers to no row of " + parent);
  }

  db::DatabaseClient& client_;
  const Blueprint& blueprint_;
  const Pair& pair_;
  std::vector<Finding>& findings_;
  std::function<Result<bool>()> begin_;
  std::string rows_;         ///< the new table's rows, of values as they are given to it
  std::string stored_rows_;  ///< … as it has them, if not as it compares them with others
};

}  // namespace

Result<void> check_rows(db::DatabaseClient& client, const Blueprint& blueprint, std::vector<Finding>& findings,
                        const WorkProgress& progress) {
  std::uint64_t total = 0;
  std::uint64_t done = 0;
  std::string what;
  const auto count = [&]() -> Result<bool> {
    ++total;
    return false;
  };
  const auto tell = [&]() -> Result<bool> {
    if (progress && !progress({what, done++, total, false, {}, "checks"})) {
      return fail(Errc::cancelled, "stopped while rows were looked at; nothing was changed");
    }
    return true;
  };
  for (const auto& plan : blueprint.pairs) OFFX_TRY(Checker(client, blueprint, plan.pair, findings, count).check());
  for (const auto& plan : blueprint.pairs) {
    what = "look at the rows of " + plan.pair.change.from;
    OFFX_TRY(Checker(client, blueprint, plan.pair, findings, tell).check());
  }
  return {};
}

}  // namespace offx::migrate
