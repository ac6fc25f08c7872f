// Random schemas, mappings and writes through both versions at random phases. After every statement both versions hold
// what a model in plain C++ says, and the statement gave what it gives in a database without a migration.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "migrate/linted_client.h"
#include "migrate/migrator.h"
#include "migrate/plan.h"
#include "migrate/property_control.h"

namespace offx::migrate::model {
namespace {

/// One case from the first table to what is left at the end.
class Story {
 public:
  Story() : client_(linted(must(db::create_database_client(":memory:")))) { make_tables(); }

  void tell() {
    for (std::size_t i = 0, n = pick(25); i < n; ++i) write(kOld);
    for (int attempt = 0; attempt < 2; ++attempt) {
      const auto plan = must(make_plan(*client_, migration_));
      warned_ = std::any_of(plan.findings.begin(), plan.findings.end(),
                            [](const Finding& finding) { return finding.severity == Finding::Severity::warning; });
      if (plan.refused()) {
        std::string why;
        for (const auto& finding : plan.findings) {
          if (finding.severity == Finding::Severity::refusal) why += finding.message + "; ";
        }
        note("refused: " + why);
        const bool for_rows = why.find("correct the rows") != std::string::npos;
        check(for_rows, "the plan is refused");
        check(!start(*client_, migration_, {}).has_value(), "start() does what the plan refuses");
        check_old();
        RC_TAG("refused");
        return;
      }
      if (!begin()) return;
      live_ = true;
      enter_live();
      for (std::size_t i = 0, n = 3 + pick(20); i < n; ++i) write(chance(50) ? kNew : kOld);
      const auto report = must(verify(*client_, "m", {}));
      check(report.differences_total == 0, "verify() finds differences");
      if (chance(60)) {
        end_with(kNew);
        return;
      }
      end_with(kOld);
      if (!chance(20)) return;
    }
  }

 private:
  void note(const std::string& line) { history_ += line + "\n"; }
  void check(bool holds, const std::string& what) {
    if (!holds) RC_FAIL(what + "\n" + history_);
  }
  void run(const std::string& sql) {
    note(sql + ";");
    const auto done = client_->execute(sql);
    check(done.has_value(), done ? "" : done.error().to_string());
  }

  void make_tables() {
    migration_.name = "m";
    tables_.push_back(TableMaker("p_v1", "p_v2").make(nullptr, ""));
    const auto actions = std::vector<std::string>{"", " ON DELETE CASCADE", " ON DELETE SET NULL",
                                                  " ON DELETE RESTRICT", " ON UPDATE CASCADE ON DELETE CASCADE"};
    if (chance(40)) {
      const auto* parent = tables_[0].key_width == 1 && chance(80) ? tables_.data() : nullptr;
      auto child = TableMaker("c_v1", "c_v2").make(parent, any_of(actions));
      tables_.push_back(std::move(child));
    }
    for (const auto& table : tables_) migration_.tables.push_back(table.change);
    const bool same_key = tables_[0].columns[kOld][0].name == tables_[0].columns[kNew][0].name;
    if (tables_[0].key_width == 1 && same_key && chance(20)) {
      tables_.push_back(outside_child(any_of(actions)));
    }
    for (const auto& table : tables_) {
      run(table.create(kOld));
      for (const auto& index : table.indexes[kOld]) run(index);
    }
    if (chance(30)) add_triggers(tables_[0]);
    if (chance(20)) run("CREATE VIEW v AS SELECT count(*) AS n FROM p_v1");
    note(to_json(migration_));
  }

  /// Triggers of the user's on the old version, which make writes arrive there in another way. (How often they run is
  /// the matter of user_triggers_test.cpp.)
  void add_triggers(const ModelTable& table) {
    const auto add = [&](const std::string& of) {
      user_triggers_.push_back("user_" + std::to_string(user_triggers_.size()));
      run("CREATE TRIGGER " + user_triggers_.back() + " AFTER UPDATE" + of + " ON " + table.name[kOld] +
          " BEGIN SELECT 1; END");
    };
    add("");
    for (const auto& column : table.columns[kOld]) {
      const auto is_it = [&](const ModelColumn& other) { return other.name == column.name; };
      const bool stays = std::any_of(table.columns[kNew].begin(), table.columns[kNew].end(), is_it);
      if (column.name[0] == 'c' && stays && chance(50)) add(" OF " + column.name);
    }
  }

  ModelTable outside_child(const std::string& action) {
    ModelTable child;
    child.name = {"x", "x"};
    child.outside = true;
    child.integer_key = true;
    for (const Side side : {kOld, kNew}) {
      auto reference = tables_[0].columns[side][0];
      const auto parent_key = reference.name;
      reference.name = "pid";
      reference.not_null = false;
      child.columns[side] = {{"id", "INTEGER", Affinity::integer, false, "", {}, {number(1), number(2), number(3)}},
                             reference};
      child.constraints[side] = {"FOREIGN KEY (pid) REFERENCES " + tables_[0].name[side] + " (" + parent_key + ")" +
                                 action};
    }
    const auto same = [](const Row& row) { return row; };
    const auto affinity = child.columns[kOld][1].affinity;
    child.facets.push_back({{{{1}, {1}}}, {same, same}, {{{affinity}, {affinity}}}, false});
    child.groups = {{0}};
    return child;
  }

  void write(Side side) {
    const auto& table = any_of(tables_);
    perform(side, table, Writer(table, side).statement());
  }

  void perform(Side side, const ModelTable& table, const std::string& sql) {
    note(sql.substr(0, 600) + ";  -- " + (side == kOld ? "old" : "new"));
    Control control(tables_, side, numbers(side));
    check(control.refusal().empty(), "the control refuses: " + control.refusal());
    const auto expected = control.execute(sql);
    const auto given = client_->execute(sql);
    if (expected && given) {
      check(shown(*given, table) == shown(*expected, table),
            "the statement gives " + shown(*given, table) + " and without a migration " + shown(*expected, table));
      tables_ = control.outcome();
    } else if (expected && !given) {
      note("-- " + given.error().to_string());
      const auto wanted = control.outcome();
      const Control target(wanted, other(side), {});
      // Of several rows one may be refused for another that the statement itself replaces later.
      const bool several = sql.find("), (") != std::string::npos || sql.starts_with("UPDATE");
      const auto& why = given.error().message();
      const bool in_between = several && warned_ &&
                              (why.find(table.name[other(side)]) != std::string::npos ||
                               why.find("CHECK constraint failed") != std::string::npos);  // which names no table
      check(migrating_ && (in_between || !target.refusal().empty()),
            "the statement fails, and would not without the migration");
      check(warned_, "the plan did not warn of the constraint: " + target.refusal());
      RC_TAG("other version refuses");
    } else if (!expected) {
      note("-- " + expected.error().to_string());
      check(!given, "the statement works, and would not without the migration");
    }
    compare(side);
    if (live_) compare(other(side));
  }

  Numbers numbers(Side side) {
    Numbers all;
    for (const auto& table : tables_) {
      const auto& name = table.name[side];
      if (table.autoincrement) {
        const auto found = must(client_->execute("SELECT seq FROM sqlite_sequence WHERE name = '" + name + "'"));
        if (found.rows() > 0) all.sequences[name] = db::to_integer(found.row(0)[0]);
      }
      if (table.integer_key || table.without_rowid) continue;
      const auto found =
          must(client_->execute("SELECT rowid, " + names_of(table, side) + " FROM " + db::quote_identifier(name)));
      for (std::size_t i = 0; i < found.rows(); ++i) {
        const auto row = found.row(i);
        all.rowids[name][table.key_of(Row(row.begin() + 1, row.end()))] = db::to_integer(row[0]);
      }
    }
    return all;
  }

  void compare(Side side) {
    for (const auto& table : tables_) {
      const auto& name = table.name[side];
      const auto found = rows_of(*client_, table, name, side);
      std::string difference;
      for (const auto& [key, row] : table.rows) {
        const auto its = found.find(key);
        if (its == found.end()) {
          difference += "\n  missing " + shown(row[side]);
        } else if (shown(its->second) != shown(row[side])) {
          difference += "\n  " + shown(its->second) + " instead of " + shown(row[side]);
        }
      }
      for (const auto& [key, row] : found) {
        if (!table.rows.contains(key)) difference += "\n  too much: " + shown(row);
      }
      check(difference.empty(), "in " + name + difference);
    }
    const auto sequences = numbers(side).sequences;
    for (const auto& table : tables_) {
      const auto last = sequences.find(table.name[side]);
      check(table.sequence == 0 || (last != sequences.end() && last->second >= table.sequence),
            table.name[side] + " would give an id again");
    }
  }
  void check_old() { compare(kOld); }

  /// start(), disturbed by writers and now and then stopped; false if it was rolled back instead.
  bool begin() {
    migrating_ = true;
    for (;;) {
      const bool stops = chance(25);
      auto left = pick(3);
      WorkOptions options;
      options.max_chunk_rows = 1 + static_cast<std::int64_t>(pick(4));
      options.progress = [&](const WorkState& state) {
        note("-- " + std::string(state.what) + " " + std::to_string(state.done));
        for (std::size_t i = 0, n = pick(4); i < n; ++i) write(kOld);
        return !stops || left-- > 0;
      };
      const auto done = start(*client_, migration_, options);
      note("-- start: " + (done ? std::string("done") : done.error().to_string()));
      if (done) return true;
      if (done.error().code() == Errc::conflict) {
        // What is written to a table before its triggers are there may not fit the new version.
        auto wanted = tables_;
        for (auto& table : wanted) {
          for (auto& [key, row] : table.rows) row = table.inserted(kOld, row[kOld]);
        }
        check(warned_ && !Control(wanted, kNew, {}).refusal().empty(), "start() refuses");
        end_with(kOld);
        return false;
      }
      check(done.error().code() == Errc::cancelled, "start() fails");
      for (std::size_t i = 0, n = pick(3); i < n; ++i) write(kOld);
      if (chance(20)) {
        end_with(kOld);
        return false;
      }
    }
  }

  void enter_live() {
    for (auto& table : tables_) {
      for (auto& [key, row] : table.rows) row = table.inserted(kOld, row[kOld]);
    }
    compare(kOld);
    compare(kNew);
  }

  void end_with(Side side) {
    live_ = false;
    migrating_ = false;
    for (;;) {
      const bool stops = chance(25);
      const auto progress = [&](const WorkState& state) {
        note("-- " + std::string(state.what));
        if (state.what.starts_with("remove")) {
          for (std::size_t i = 0, n = pick(3); i < n; ++i) write(side);
          write_to_leaving(other(side));
        }
        return !stops;
      };
      Result<void> done;
      if (side == kNew) {
        CompleteOptions options;
        options.progress = progress;
        options.max_chunk_rows = 2;
        done = complete(*client_, "m", options);
      } else {
        RollbackOptions options;
        options.progress = progress;
        options.max_chunk_rows = 2;
        options.discard = true;
        done = roll_back(*client_, "m", options);
      }
      note(std::string("-- ") + (side == kNew ? "complete: " : "roll_back: ") +
           (done ? "done" : done.error().to_string()));
      if (done) break;
      check(done.error().code() == Errc::cancelled, "the end fails");
    }
    compare(side);
    std::set<std::string> expected = {"v"};
    expected.insert(user_triggers_.begin(), user_triggers_.end());
    for (const auto& table : tables_) {
      expected.insert(table.name[side]);
      for (const auto& index : table.indexes[side]) expected.insert(index_name(index));
      if (side == kNew) {
        for (const auto& index : table.new_indexes) expected.insert(index_name(index));
      }
    }
    const auto objects = must(client_->execute(
        "SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND NOT (name LIKE 'offx\\_%' "
        "ESCAPE '\\' AND type IN ('table', 'index') AND name NOT LIKE 'offx\\_sync%' ESCAPE '\\')"));
    for (std::size_t i = 0; i < objects.rows(); ++i) {
      const auto name = db::to_text(objects.row(i)[0]);
      check(expected.contains(name), "left over: " + name);
      expected.erase(name);
    }
    expected.erase("v");
    check(expected.empty(), "missing: " + (expected.empty() ? "" : *expected.begin()));
    check(db::to_text(must(client_->execute("PRAGMA integrity_check")).row(0)[0]) == "ok", "the file is damaged");
    check(must(client_->execute("PRAGMA foreign_key_check")).rows() == 0, "references to nothing");
    for (std::size_t i = 0; i < 5; ++i) write(side);
  }

  /// Whose writes were told done would lose them.
  void write_to_leaving(Side side) {
    const auto& table = any_of(tables_);
    if (table.outside) return;
    const auto sql = Writer(table, side).statement();
    note(sql.substr(0, 600) + ";  -- to the version that leaves");
    check(!client_->execute(sql).has_value(), "a version that leaves can still be written to");
  }

  static std::string index_name(const std::string& sql) {
    const auto begin = sql.find("idx_");
    return sql.substr(begin, sql.find(' ', begin) - begin);
  }

  std::unique_ptr<db::DatabaseClient> client_;
  std::vector<ModelTable> tables_;
  std::vector<std::string> user_triggers_;
  Migration migration_;
  bool warned_ = false;
  bool migrating_ = false;
  bool live_ = false;
  std::string history_;
};

RC_GTEST_PROP(MigrationProperty, BothVersionsHoldWhatTheModelSays, ()) { Story().tell(); }

}  // namespace
}  // namespace offx::migrate::model
