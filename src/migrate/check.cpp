#include "migrate/check.h"

#include <algorithm>
#include <map>
#include <set>

#include "db/statement_text.h"
#include "migrate/check_databases.h"
#include "migrate/check_units.h"
#include "migrate/departure.h"
#include "migrate/migrator.h"
#include "migrate/moments.h"
#include "migrate/range_sql.h"
#include "migrate/replay.h"
#include "migrate/sample_data.h"
#include "migrate/schema.h"
#include "migrate/sql_text.h"

namespace offx::migrate {
namespace {

using db::Value;

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

class Check {
 public:
  Check(const CheckInput& input, const CheckDatabases& databases) : input_(input), databases_(databases) {}

  Result<CheckReport> run() {
    for (const auto& table : databases_.data().empty_tables()) {
      report_.notes.push_back("no row could be made up that " + table +
                              " takes: statements about it were run, and found nothing");
    }
    OFFX_TRY(look_at({"before", 0, false}, true));
    for (const auto& moment : databases_.moments()) {
      if (!moment.completing) OFFX_TRY(look_at(moment, false));
    }
    if (input_.new_code.statements.empty()) return std::move(report_);
    OFFX_TRY(look_at_meaning());
    OFFX_TRY(look_at_schema());
    for (const auto& moment : databases_.moments()) {
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
    const auto readers = units_of(program, databases_.data(), false);
    run_all(place, readers, good, reference, tested);
    run_all(place, units_of(program, databases_.data(), true), good, reference, tested);
    OFFX_TRY(compare_tables(place, reference, tested, "after the writes of " + place.side + " code"));
    run_all(place, readers, good, reference, tested);
    return {};
  }

  // --- Moments ---

  /// The old version stands: old code, then a rollback; with both live new code comes between.
  Result<void> look_at(const Moment& moment, bool before) {
    OFFX_TRY(enter(moment.name));
    const Place place{moment.name, "old"};
    OFFX_ASSIGN(const auto reference, databases_.old_alone());
    OFFX_ASSIGN(const auto tested, before ? databases_.old_alone() : databases_.at(moment));
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
      std::vector<Finding> findings;  // said by the plan already
      OFFX_ASSIGN(auto blueprint, read_blueprint(live, migration, findings));
      blueprints.push_back(std::move(blueprint));
    }
    return blueprints;
  }

  /// `tested` has both versions live, and old code has written to it.
  Result<void> look_at_both(db::DatabaseClient& tested) {
    const Place place{"both live", "new"};
    // What new code must find: the same writes by old code, and then a migration of all that at once.
    OFFX_ASSIGN(const auto reference, databases_.old_alone());
    for (const auto& unit : units_of(input_.old_code, databases_.data(), true)) {
      for (const auto& arguments : unit.runs) (void)run_unit(*reference, unit, arguments);
    }
    if (auto done = databases_.advance(*reference, {"completed", 0, true}); !done) {
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
    const auto readers = units_of(input_.old_code, databases_.data(), false);
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
    OFFX_ASSIGN(const auto alone, databases_.old_alone());
    compile(back, input_.old_code, *alone, tested);
    return {};
  }

  Result<void> look_at_completing(const Moment& moment) {
    OFFX_TRY(enter(moment.name));
    std::vector<std::string> unfit;
    OFFX_ASSIGN(const auto reference, databases_.new_alone(unfit));
    for (const auto& table : unfit) {
      add_failure({"completed", "new"}, nullptr,
                  "the rows of " + table + " do not fit into a database of the new version");
    }
    OFFX_ASSIGN(const auto tested, databases_.at(moment));
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
    OFFX_ASSIGN(auto old_side, databases_.both_live());
    OFFX_ASSIGN(auto new_side, databases_.both_live());
    OFFX_ASSIGN(const auto alone, databases_.old_alone());
    OFFX_ASSIGN(const auto after, databases_.completed());
    OFFX_ASSIGN(const auto facts, carried_facts(*old_side));

    auto in_batches = statements_in_batches(input_.old_code);
    in_batches.merge(statements_in_batches(input_.new_code));
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
        for (const auto& arguments : databases_.data().arguments(*old)) {
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
      for (const auto& arguments : databases_.data().arguments(*old)) {
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
        OFFX_ASSIGN(old_side, databases_.both_live());
        OFFX_ASSIGN(new_side, databases_.both_live());
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
    if (!databases_.new_stands_alone()) return {};
    const Place place{"completed", "new"};
    OFFX_ASSIGN(const auto fresh, make_database(input_.new_schema));
    OFFX_ASSIGN(const auto migrated, databases_.completed());
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
  const CheckDatabases& databases_;
  CheckReport report_;
};

}  // namespace

Result<CheckReport> check_compatibility(const CheckInput& input) {
  if (input.migrations.empty()) return fail(Errc::invalid_argument, "there is no migration to check");
  if (input.old_code.statements.empty()) return fail(Errc::invalid_argument, "there is no statement to check it with");
  OFFX_ASSIGN(const auto databases, CheckDatabases::make(input));
  return Check(input, databases).run();
}

}  // namespace offx::migrate
