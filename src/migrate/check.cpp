#include "migrate/check.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "db/script.h"
#include "db/statement_text.h"
#include "migrate/blueprint.h"
#include "migrate/migrator.h"
#include "migrate/moments.h"
#include "migrate/replay.h"
#include "migrate/sample_data.h"
#include "migrate/schema.h"
#include "migrate/sql_text.h"

namespace offx::migrate {
namespace {

using db::Value;
using Database = std::unique_ptr<db::DatabaseClient>;

/// Where something was looked at.
struct Place {
  std::string moment;
  std::string side;  ///< old, new
};

/// Columns of a table that must be alike whichever version was written to; none: all.
struct Facts {
  std::string table;
  std::vector<std::string> columns;
};

std::size_t parameters_of(const NamedStatement& statement) {
  const auto text = db::read_statement(statement.sql);
  return text ? text->parameter_count : 0;
}

bool empties_a_table(const NamedStatement& statement) {
  const auto tokens = tokens_of(statement.sql);
  return !tokens.empty() && same_name(tokens[0].text, "delete") && !mentions(statement.sql, "where");
}

/// What is run at once: a statement, or a batch.
struct Unit {
  NamedStatement shown;  ///< what a report names
  std::vector<const NamedStatement*> parts;
  std::vector<std::vector<std::vector<Value>>> runs;  ///< of each run, the arguments of each part
};

/// Reading statements, and writing ones in the order they are run: what empties a table last, lest the others find
/// nothing there.
std::vector<Unit> units_of(const Program& program, const SampleData& data, bool writing) {
  std::set<std::string> in_batches;
  for (const auto& batch : program.batches) {
    for (const auto& part : batch.parts) in_batches.insert(part.statement);
  }
  std::vector<Unit> units;
  for (const auto& statement : program.statements) {
    if (statement.writes != writing || in_batches.contains(statement.name)) continue;
    Unit unit{statement, {&statement}, {}};
    for (auto& arguments : data.arguments(statement)) unit.runs.push_back({std::move(arguments)});
    units.push_back(std::move(unit));
  }
  for (const auto& batch : program.batches) {
    if (!writing) break;
    Unit unit{{batch.name, "", {}, true}, {}, data.arguments(batch)};
    for (const auto& part : batch.parts) {
      unit.parts.push_back(program.find(part.statement));
      unit.shown.sql += (unit.shown.sql.empty() ? "" : ";\n") + unit.parts.back()->sql;
    }
    units.push_back(std::move(unit));
  }
  std::stable_partition(units.begin(), units.end(), [](const Unit& unit) { return !empties_a_table(unit.shown); });
  return units;
}

std::vector<Outcome> run_unit(db::DatabaseClient& client, const Unit& unit,
                              const std::vector<std::vector<Value>>& arguments) {
  if (unit.parts.size() == 1) return {run(client, *unit.parts.front(), arguments.front())};
  std::vector<db::Statement> statements;
  for (std::size_t i = 0; i < unit.parts.size(); ++i) statements.push_back({unit.parts[i]->sql, arguments[i]});
  auto results = client.batch(statements, db::Mode::write);
  if (!results) return std::vector<Outcome>(unit.parts.size(), Outcome{{}, results.error()});
  std::vector<Outcome> outcomes;
  for (auto& result : *results) outcomes.push_back({std::move(result), std::nullopt});
  return outcomes;
}

std::optional<std::string> difference_of_units(const Unit& unit, const std::vector<std::vector<Value>>& arguments,
                                               const std::vector<Outcome>& expected,
                                               const std::vector<Outcome>& found) {
  for (std::size_t i = 0; i < unit.parts.size(); ++i) {
    if (const auto differs = difference(*unit.parts[i], expected[i], found[i])) {
      return (unit.parts.size() > 1 ? unit.parts[i]->name + " " : "") + "with " + described(arguments[i]) + ": " +
             *differs;
    }
  }
  return std::nullopt;
}

Result<std::vector<std::string>> ordinary_tables(db::DatabaseClient& client) {
  OFFX_ASSIGN(auto schema, Schema::read(client));
  OFFX_ASSIGN(const auto names, schema.table_names());
  std::vector<std::string> tables;
  for (const auto& name : names) {
    if (!folded(name).starts_with("offx_")) tables.push_back(name);
  }
  return tables;
}

class Check {
 public:
  explicit Check(const CheckInput& input) : input_(input) {}

  Result<CheckReport> run() {
    if (input_.migrations.empty()) return fail(Errc::invalid_argument, "there is no migration to check");
    if (input_.old_code.statements.empty())
      return fail(Errc::invalid_argument, "there is no statement to check it with");
    auto schema = input_.schema;
    OFFX_ASSIGN(const auto extra, made_by_new_code());
    new_stands_alone_ = !input_.new_schema.empty() && !new_schema_has_old_tables();
    schema.insert(schema.end(), extra.begin(), extra.end());
    auto hints = input_.old_code.statements;
    hints.insert(hints.end(), input_.new_code.statements.begin(), input_.new_code.statements.end());
    OFFX_ASSIGN(auto data, SampleData::make(std::move(schema), input_.migrations, hints, input_.rows, input_.seed));
    data_ = std::make_unique<SampleData>(std::move(data));
    for (const auto& table : data_->empty_tables()) {
      report_.notes.push_back("no row could be made up that " + table +
                              " takes: statements about it were run, and found nothing");
    }
    chunk_rows_ = std::max(1, input_.rows / 2);
    OFFX_ASSIGN(const auto scratch, data_->database());
    OFFX_ASSIGN(const auto moments, moments_of(*scratch, input_.migrations, chunk_rows_));

    OFFX_TRY(look_at({"before", 0, false}, true));
    for (const auto& moment : moments) {
      if (!moment.completing) OFFX_TRY(look_at(moment, false));
    }
    if (input_.new_code.statements.empty()) return std::move(report_);
    OFFX_TRY(look_at_meaning());
    OFFX_TRY(look_at_schema());
    for (const auto& moment : moments) {
      if (moment.completing) OFFX_TRY(look_at_completing(moment));
    }
    return std::move(report_);
  }

 private:
  // --- Failures ---

  void add_failure(const Place& place, const NamedStatement* statement, std::string what) {
    const auto name = statement == nullptr ? std::string() : statement->name;
    for (auto& failure : report_.failures) {
      if (failure.statement != name || failure.side != place.side || failure.what != what) continue;
      if (failure.moments.back() != place.moment) failure.moments.push_back(place.moment);
      return;
    }
    report_.failures.push_back(
        {{place.moment}, name, place.side, std::move(what), statement == nullptr ? std::string() : statement->sql});
  }

  Result<void> enter(const std::string& moment) {
    report_.moments.push_back(moment);
    if (input_.progress && !input_.progress(moment)) return fail(Errc::cancelled, "stopped");
    return {};
  }

  // --- Databases ---

  Result<Database> database_at(const Moment& moment) {
    OFFX_ASSIGN(auto database, data_->database());
    OFFX_TRY(advance_to(*database, input_.migrations, chunk_rows_, moment));
    return database;
  }
  Result<Database> both_live() { return database_at({"both live", 0, false}); }
  Result<Database> completed() { return database_at({"completed", 0, true}); }

  [[nodiscard]] bool new_schema_has_old_tables() const {
    std::set<std::string> made;
    for (const auto& sql : input_.new_schema) made.insert(folded(created_object(sql).name));
    for (const auto& migration : input_.migrations) {
      for (const auto& change : migration.tables) {
        if (made.contains(folded(change.from))) return true;
      }
    }
    return false;
  }

  /// Of `new_schema`, what is neither in the database before nor made by a migration: new code makes it when it starts.
  Result<std::vector<std::string>> made_by_new_code() {
    std::vector<std::string> extra;
    if (input_.new_schema.empty()) return extra;
    OFFX_ASSIGN(const auto before, make_database(input_.schema));
    OFFX_ASSIGN(const auto after, make_database(input_.new_schema));
    OFFX_ASSIGN(const auto known, read_objects(*before));
    OFFX_ASSIGN(const auto objects, read_objects(*after));
    for (const auto& sql : input_.new_schema) {
      const auto object =
          std::find_if(objects.begin(), objects.end(), [&](const SchemaObject& o) { return o.sql == sql; });
      if (object == objects.end()) continue;
      const bool is_known = std::any_of(known.begin(), known.end(), [&](const SchemaObject& o) {
        return o.type == object->type && same_name(o.name, object->name);
      });
      bool speaks_of_new = folded(object->name).starts_with("offx_");
      for (const auto& migration : input_.migrations) {
        for (const auto& change : migration.tables) {
          speaks_of_new = speaks_of_new || same_name(object->table, change.to) || mentions(sql, change.to);
        }
      }
      if (!is_known && !speaks_of_new) extra.push_back(sql);
    }
    return extra;
  }

  /// The new version alone: a database that never had another, with the rows of a migrated one; or a migrated one if
  /// nobody said what the other looks like.
  Result<Database> new_alone() {
    OFFX_ASSIGN(auto migrated, completed());
    if (!new_stands_alone_) return migrated;
    std::vector<std::string> tables_sql;
    std::vector<std::string> rest;
    for (const auto& sql : input_.new_schema) {
      const auto kind = created_object(sql).kind;
      (kind == "trigger" || kind == "view" ? rest : tables_sql).push_back(sql);
    }
    OFFX_ASSIGN(auto database, make_database(tables_sql));
    OFFX_ASSIGN(auto left, ordinary_tables(*database));
    // Parents first: a table whose rows refer to others that are not there yet comes again.
    for (std::size_t tried = 0; tried < left.size();) {
      OFFX_ASSIGN(const bool copied, copy_rows(*migrated, *database, left.front()));
      if (!copied) left.push_back(left.front());
      left.erase(left.begin());
      tried = copied ? 0 : tried + 1;
    }
    for (const auto& table : left) {
      add_failure({"completed", "new"}, nullptr,
                  "the rows of " + table + " do not fit into a database of the new version");
    }
    for (const auto& sql : rest) OFFX_TRY(database->execute(sql));
    return database;
  }

  /// False if a constraint refuses one.
  Result<bool> copy_rows(db::DatabaseClient& from, db::DatabaseClient& to, const std::string& table) {
    OFFX_ASSIGN(const bool there, table_exists(from, table));
    if (!there) return true;
    OFFX_ASSIGN(const auto columns, get_table_columns(to, table));
    OFFX_ASSIGN(const auto columns_from, get_table_columns(from, table));
    std::vector<std::string> names;
    std::vector<std::string> places;
    for (const auto& column : columns) {
      const bool carried = std::any_of(columns_from.begin(), columns_from.end(),
                                       [&](const Column& c) { return same_name(c.name, column.name); });
      if (column.generated || !carried) continue;
      names.push_back(db::quote_identifier(column.name));
      places.emplace_back("?");
    }
    const auto list = joined(names, ", ");
    const auto quoted = db::quote_identifier(table);
    OFFX_ASSIGN(const auto rows, from.execute("SELECT " + list + " FROM " + quoted));
    const auto sql = "INSERT INTO " + quoted + " (" + list + ") VALUES (" + joined(places, ", ") + ")";
    std::vector<db::Statement> inserts;
    for (std::size_t i = 0; i < rows.rows(); ++i) {
      inserts.push_back({sql, std::vector<Value>(rows.row(i).begin(), rows.row(i).end())});
    }
    const auto done = to.batch(inserts, db::Mode::write);
    if (!done && done.error().code() != Errc::conflict) return fail(done.error());
    return done.has_value();
  }

  // --- Running statements on two databases ---

  /// The names of the statements that can be compiled; plans compared.
  std::set<std::string> compile(const Place& place, const Program& program, db::DatabaseClient& reference,
                                db::DatabaseClient& tested) {
    std::set<std::string> good;
    for (const auto& statement : program.statements) {
      ++report_.runs;
      const auto expected = query_plan(reference, statement);
      const auto found = query_plan(tested, statement);
      if (!found) {
        add_failure(place, &statement, "cannot be compiled: " + found.error().message());
      } else if (!expected) {
        add_failure(place, &statement,
                    "cannot be compiled where its version stands alone: " + expected.error().message());
      } else {
        if (const auto worse = worse_plan(*expected, *found, {})) add_failure(place, &statement, *worse);
        good.insert(statement.name);
      }
    }
    return good;
  }

  void run_all(const Place& place, const std::vector<Unit>& units, const std::set<std::string>& good,
               db::DatabaseClient& reference, db::DatabaseClient& tested) {
    for (const auto& unit : units) {
      const bool runs = std::all_of(unit.parts.begin(), unit.parts.end(),
                                    [&](const NamedStatement* part) { return good.contains(part->name); });
      if (!runs) continue;
      for (const auto& arguments : unit.runs) {
        ++report_.runs;
        const auto expected = run_unit(reference, unit, arguments);
        const auto found = run_unit(tested, unit, arguments);
        if (auto differs = difference_of_units(unit, arguments, expected, found)) {
          add_failure(place, &unit.shown, std::move(*differs));
          break;
        }
      }
    }
  }

  Result<void> compare_tables(const Place& place, db::DatabaseClient& reference, db::DatabaseClient& tested,
                              const std::string& when) {
    OFFX_ASSIGN(const auto tables, ordinary_tables(reference));
    for (const auto& table : tables) {
      OFFX_ASSIGN(const bool there, table_exists(tested, table));
      const auto differs = there ? difference_of_contents(contents(reference, table, {}), contents(tested, table, {}))
                                 : std::optional<std::string>("is not there");
      if (differs) add_failure(place, nullptr, table + " " + when + ": " + *differs);
    }
    return {};
  }

  /// Everything a version's code does, on a database in the middle of things and on one that has its version alone.
  Result<void> replay(const Place& place, const Program& program, db::DatabaseClient& reference,
                      db::DatabaseClient& tested) {
    const auto good = compile(place, program, reference, tested);
    const auto readers = units_of(program, *data_, false);
    run_all(place, readers, good, reference, tested);
    run_all(place, units_of(program, *data_, true), good, reference, tested);
    OFFX_TRY(compare_tables(place, reference, tested, "after the writes of " + place.side + " code"));
    run_all(place, readers, good, reference, tested);
    return {};
  }

  // --- Moments ---

  /// The old version stands: old code, then a rollback; with both live new code comes between.
  Result<void> look_at(const Moment& moment, bool before) {
    OFFX_TRY(enter(moment.name));
    const Place place{moment.name, "old"};
    OFFX_ASSIGN(const auto reference, data_->database());
    OFFX_ASSIGN(const auto tested, before ? data_->database() : database_at(moment));
    OFFX_TRY(replay(place, input_.old_code, *reference, *tested));
    if (before) return {};
    if (moment.name == "both live") return look_at_both(*tested);
    const Place back{"rolled back from " + moment.name, "old"};
    OFFX_TRY(enter(back.moment));
    if (auto done = roll_back_all(*tested); !done) {
      add_failure(back, nullptr, "the rollback fails: " + done.error().to_string());
      return {};
    }
    return replay(back, input_.old_code, *reference, *tested);
  }

  /// An upsert that updates takes an id from its own table's sequence that no row gets. That the other version gives it
  /// to a row is right, and would look like a difference.
  Result<void> equalise_ids(db::DatabaseClient& live) {
    OFFX_ASSIGN(const auto blueprints, blueprints_of(live));
    for (const auto& blueprint : blueprints) {
      for (const auto& plan : blueprint.pairs) {
        for (const auto& sql : equalise_sequences(plan.pair)) OFFX_TRY(live.execute(sql));
      }
    }
    return {};
  }

  Result<std::vector<Blueprint>> blueprints_of(db::DatabaseClient& live) {
    std::vector<Blueprint> blueprints;
    for (const auto& migration : input_.migrations) {
      OFFX_ASSIGN(auto schema, Schema::read(live));
      std::vector<Finding> findings;  // said by the plan already
      OFFX_ASSIGN(auto blueprint, make_blueprint(schema, migration, can_redirect_references(live), findings));
      blueprints.push_back(std::move(blueprint));
    }
    return blueprints;
  }

  /// `tested` has both versions live, and old code has written to it.
  Result<void> look_at_both(db::DatabaseClient& tested) {
    const Place place{"both live", "new"};
    // What new code must find: the same writes by old code, and then a migration of all that at once.
    OFFX_ASSIGN(const auto reference, data_->database());
    for (const auto& unit : units_of(input_.old_code, *data_, true)) {
      for (const auto& arguments : unit.runs) (void)run_unit(*reference, unit, arguments);
    }
    if (auto done = advance_to(*reference, input_.migrations, chunk_rows_, {"completed", 0, true}); !done) {
      add_failure({"completed", "old"}, nullptr, "what old code wrote cannot be migrated: " + done.error().to_string());
      return {};
    }
    OFFX_TRY(equalise_ids(tested));
    OFFX_TRY(replay(place, input_.new_code, *reference, tested));
    for (const auto& migration : input_.migrations) {
      OFFX_ASSIGN(const auto verified, verify(tested, migration.name, {}));
      if (verified.differences_total == 0) continue;
      const auto& first = verified.differences.front();
      add_failure(place, nullptr,
                  "the versions differ after the writes of both: " + first.table + " " + first.key + ": " + first.what);
    }
    // What old code reads now, it must read after a rollback too.
    const auto readers = units_of(input_.old_code, *data_, false);
    std::vector<std::vector<Outcome>> seen;
    for (const auto& unit : readers) {
      for (const auto& arguments : unit.runs) seen.push_back(run_unit(tested, unit, arguments));
    }
    const Place back{"rolled back from both live", "old"};
    OFFX_TRY(enter(back.moment));
    if (auto done = roll_back_all(tested); !done) {
      add_failure(back, nullptr, "the rollback fails: " + done.error().to_string());
      return {};
    }
    auto outcome = seen.begin();
    for (const auto& unit : readers) {
      for (const auto& arguments : unit.runs) {
        ++report_.runs;
        if (auto differs = difference_of_units(unit, arguments, *outcome++, run_unit(tested, unit, arguments))) {
          add_failure(back, &unit.shown, std::move(*differs));
        }
      }
    }
    OFFX_ASSIGN(const auto alone, data_->database());
    compile(back, input_.old_code, *alone, tested);
    return {};
  }

  Result<void> look_at_completing(const Moment& moment) {
    OFFX_TRY(enter(moment.name));
    OFFX_ASSIGN(const auto reference, new_alone());
    OFFX_ASSIGN(const auto tested, database_at(moment));
    return replay({moment.name, "new"}, input_.new_code, *reference, *tested);
  }

  // --- The same names on both sides ---

  /// The columns of both versions that carry the same facts, and everything else that is not a migration's.
  Result<std::vector<Facts>> carried_facts(db::DatabaseClient& live) {
    std::vector<Facts> facts;
    std::set<std::string> versioned;
    OFFX_ASSIGN(const auto blueprints, blueprints_of(live));
    for (const auto& blueprint : blueprints) {
      for (const auto& plan : blueprint.pairs) {
        const auto& pair = plan.pair;
        for (const auto side : {kOld, kNew}) {
          std::set<std::string> own;
          for (const auto& group : pair.groups) {
            for (const auto& computed : group.computed[side]) {
              if (group.only_initial(side)) own.insert(folded(computed.column));
            }
          }
          Facts one{pair.table(side).name, {}};
          for (const auto& computed : pair.computed(side)) {
            if (!own.contains(folded(computed.column))) one.columns.push_back(computed.column);
          }
          versioned.insert(folded(one.table));
          if (!one.columns.empty()) facts.push_back(std::move(one));
        }
      }
    }
    OFFX_ASSIGN(const auto tables, ordinary_tables(live));
    for (const auto& table : tables) {
      if (!versioned.contains(folded(table))) facts.push_back({table, {}});
    }
    return facts;
  }

  Result<void> look_at_meaning() {
    const Place place{"both live", "new"};
    std::map<std::string, std::string> names;
    for (const auto& migration : input_.migrations) {
      for (const auto& change : migration.tables) names[folded(change.from)] = folded(change.to);
    }
    OFFX_ASSIGN(auto old_side, both_live());
    OFFX_ASSIGN(auto new_side, both_live());
    OFFX_ASSIGN(const auto alone, data_->database());
    OFFX_ASSIGN(const auto after, completed());
    OFFX_ASSIGN(const auto facts, carried_facts(*old_side));

    std::set<std::string> in_batches;
    for (const auto* program : {&input_.old_code, &input_.new_code}) {
      for (const auto& batch : program->batches) {
        for (const auto& part : batch.parts) in_batches.insert(part.statement);
      }
    }
    const auto same = [&](const NamedStatement& statement) -> const NamedStatement* {
      const auto* old = input_.old_code.find(statement.name);
      if (old == nullptr || old->writes != statement.writes) return nullptr;
      const auto plan = query_plan(*alone, *old);
      const auto new_plan = query_plan(*after, statement);
      if (!plan || !new_plan) return nullptr;  // said where each stands alone
      if (const auto worse = worse_plan(*plan, *new_plan, names)) add_failure({"completed", "new"}, &statement, *worse);
      return parameters_of(*old) == parameters_of(statement) && !in_batches.contains(statement.name) ? old : nullptr;
    };
    std::vector<std::pair<const NamedStatement*, const NamedStatement*>> readers;
    std::vector<std::pair<const NamedStatement*, const NamedStatement*>> writers;
    for (const auto& statement : input_.new_code.statements) {
      if (const auto* old = same(statement)) (statement.writes ? writers : readers).emplace_back(old, &statement);
    }
    const auto compare_readers = [&](db::DatabaseClient& old_reads, db::DatabaseClient& new_reads,
                                     const std::string& what) {
      for (const auto& [old, statement] : readers) {
        for (const auto& arguments : data_->arguments(*old)) {
          ++report_.runs;
          const auto expected = migrate::run(old_reads, *old, arguments);
          const auto differs =
              difference_in_meaning(*old, *statement, expected, migrate::run(new_reads, *statement, arguments));
          if (!differs) continue;
          add_failure(place, statement, what + ", with " + described(arguments) + ": " + *differs);
          break;
        }
      }
    };

    compare_readers(*old_side, *new_side, "does not return what the statement of this name did");
    for (const auto& [old, statement] : writers) {
      for (const auto& arguments : data_->arguments(*old)) {
        ++report_.runs;
        const auto expected = migrate::run(*old_side, *old, arguments);
        auto differs =
            difference_in_meaning(*old, *statement, expected, migrate::run(*new_side, *statement, arguments));
        for (const auto& fact : facts) {
          if (differs) break;
          differs = difference_of_contents(contents(*old_side, fact.table, fact.columns),
                                           contents(*new_side, fact.table, fact.columns));
          if (differs) differs = "leaves another " + fact.table + ": " + *differs;
        }
        if (!differs) continue;
        add_failure(place, statement,
                    "does not do what the statement of this name did, with " + described(arguments) + ": " + *differs);
        // What follows should not suffer from it.
        OFFX_ASSIGN(old_side, both_live());
        OFFX_ASSIGN(new_side, both_live());
        break;
      }
    }
    compare_readers(*old_side, *old_side, "of what old code wrote, new code reads something else");
    compare_readers(*new_side, *new_side, "of what new code wrote, old code reads something else");
    return {};
  }

  // --- The schema ---

  /// What a database of the new version has, a migrated one must have.
  Result<void> look_at_schema() {
    if (!new_stands_alone_) return {};
    const Place place{"completed", "new"};
    OFFX_ASSIGN(const auto fresh, make_database(input_.new_schema));
    OFFX_ASSIGN(const auto migrated, completed());
    OFFX_ASSIGN(auto fresh_schema, Schema::read(*fresh));
    OFFX_ASSIGN(auto schema, Schema::read(*migrated));
    for (const auto& object : fresh_schema.objects()) {
      if (object.type == "index" || schema.find(object.type, object.name) != nullptr) continue;
      add_failure(place, nullptr,
                  "a new database has the " + object.type + " " + object.name + ", a migrated one does not");
    }
    OFFX_ASSIGN(const auto names, fresh_schema.table_names());
    for (const auto& name : names) {
      if (schema.find("table", name) == nullptr) continue;
      OFFX_ASSIGN(const auto expected, fresh_schema.table(name));
      OFFX_ASSIGN(const auto found, schema.table(name));
      compare_shapes(place, expected, found);
    }
    return {};
  }

  void compare_shapes(const Place& place, const Table& expected, const Table& found) {
    const auto shape = [](const Table& table) {
      std::vector<std::string> columns;
      for (const auto& column : table.columns) {
        columns.push_back(column.name + " " + column.type + (column.not_null ? " NOT NULL" : "") +
                          (column.default_value ? " DEFAULT " + *column.default_value : "") +
                          (column.generated ? " GENERATED" : ""));
      }
      return joined(columns, ", ");
    };
    if (shape(expected) != shape(found)) {
      add_failure(place, nullptr,
                  expected.name + " has other columns than in a new database: " + shape(found) +
                      "; expected: " + shape(expected));
    }
    for (const auto& index : expected.indexes) {
      const bool there = std::any_of(found.indexes.begin(), found.indexes.end(), [&](const Index& other) {
        return other.columns == index.columns && other.unique == index.unique && other.partial == index.partial;
      });
      if (there) continue;
      add_failure(place, nullptr,
                  expected.name + " lacks the index " + index.name + " over (" + joined(index.columns, ", ") +
                      "), which it has in a new database");
    }
  }

  const CheckInput& input_;
  std::unique_ptr<SampleData> data_;
  std::int64_t chunk_rows_ = 1;
  bool new_stands_alone_ = false;  ///< new_schema has the new version and no other
  CheckReport report_;
};

}  // namespace

Result<CheckReport> check_compatibility(const CheckInput& input) { return Check(input).run(); }

}  // namespace offx::migrate
