// What ON DELETE does to tables outside of a migration, seen from either version.

#include <gmock/gmock.h>

#include "migrate/test_support.h"

namespace offx::migrate {
namespace {

using testing::Contains;
using testing::Each;
using testing::Field;
using testing::HasSubstr;
using testing::Not;

/// A parent with children outside of the migration, once with both versions live and once without any migration.
class References : public MigrationTest {
 protected:
  void make(const std::string& action) {
    plain_ = must(db::create_database_client(":memory:"));
    for (auto* client : {client_.get(), plain_.get()}) {
      for (const auto& sql : std::vector<std::string>{
               "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT UNIQUE, old_only TEXT DEFAULT '-')",
               "CREATE TABLE u (id INTEGER PRIMARY KEY, t INTEGER DEFAULT 9 REFERENCES t_v1 (id)" + action + ")",
               "CREATE TABLE log (what TEXT)",
               "CREATE TRIGGER u_deleted AFTER DELETE ON u BEGIN INSERT INTO log VALUES ('u' || OLD.id); END",
               "CREATE TRIGGER t_inserted AFTER INSERT ON t_v1 BEGIN INSERT INTO log VALUES ('t' || NEW.name); END",
               "INSERT INTO t_v1 VALUES (-1, '', 'm'), (1, 'a', 'x'), (2, 'b', 'y'), (3, 'c', 'z'), (9, 'i', '-')",
               "INSERT INTO u (t) VALUES (1), (1), (2)"}) {
        run(*client, sql);
      }
    }
    change_ = change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT UNIQUE, own TEXT)");
  }

  static std::string state_of(db::DatabaseClient& client) {
    return ask(client, "SELECT id, name FROM t_v1 ORDER BY id") + " / " + ask(client, "SELECT id, t FROM u") + " / " +
           ask(client, "SELECT * FROM log");
  }

  /// Runs `sql` with `table` for its %; it must do what it does without a migration.
  void expect_same(const std::string& sql, const std::string& table) {
    SCOPED_TRACE(sql);
    const auto at = sql.find('%');
    const auto on = [&](const std::string& name) { return sql.substr(0, at) + name + sql.substr(at + 1); };
    const auto given = client_->execute(on(table));
    const auto expected = plain_->execute(on("t_v1"));
    EXPECT_EQ(given.has_value(), expected.has_value()) << (given ? "" : given.error().to_string());
    EXPECT_EQ(given ? given->rows_affected() : 0, expected ? expected->rows_affected() : 0);
    EXPECT_EQ(state_of(*client_), state_of(*plain_));
    expect_alike("m");
  }

  /// The same in both, which may be that there is no such parent.
  void refer(int id, int parent) {
    const auto sql = "INSERT INTO u VALUES (" + std::to_string(id) + ", " + std::to_string(parent) +
                     ") ON CONFLICT (id) DO UPDATE SET t = excluded.t";
    EXPECT_EQ(ask(*client_, sql), ask(*plain_, sql));
  }

  std::unique_ptr<db::DatabaseClient> plain_;
  TableChange change_;
};

class EveryAction : public References, public testing::WithParamInterface<const char*> {};

TEST_P(EveryAction, StatementsDoTheSameThroughBothVersions) {
  for (const bool from_new : {false, true}) {
    SCOPED_TRACE(from_new);
    client_ = must(db::create_database_client(folder_ / (from_new ? "new.db" : "old.db")));
    make(GetParam());
    begin(migration_of("m", {change_}));
    const auto same = [&](const std::string& sql) { expect_same(sql, from_new ? "t_v2" : "t_v1"); };
    // What meets a row and leaves it, or changes it, is no REPLACE.
    same("INSERT OR IGNORE INTO % (id, name) VALUES (1, 'n')");
    same("INSERT OR FAIL INTO % (id, name) VALUES (1, 'n')");
    same("INSERT INTO % (id, name) VALUES (1, 'n')");
    same("INSERT INTO % (id, name) VALUES (1, 'n') ON CONFLICT (id) DO NOTHING");
    same("INSERT INTO % (id, name) VALUES (1, 'a2') ON CONFLICT (id) DO UPDATE SET name = excluded.name");
    same("INSERT OR REPLACE INTO % (id, name) VALUES (1, 'a3') ON CONFLICT (id) DO UPDATE SET name = excluded.name");
    same("INSERT OR IGNORE INTO % (id, name) VALUES (3, 'n')");
    same("DELETE FROM % WHERE id = 3");
    same("INSERT INTO % (id, name) VALUES (3, 'c')");
    same("INSERT INTO % (name) VALUES ('auto')");
    // REPLACE of the row itself, with what it holds already, of several, and by another UNIQUE.
    same("INSERT OR REPLACE INTO % (id, name) VALUES (3, 'c3')");
    same("INSERT OR REPLACE INTO % (id, name) VALUES (1, 'a3')");
    same("REPLACE INTO % (id, name) VALUES (3, 'c4'), (2, 'b2'), (20, 'k')");
    refer(3, 3);
    same("INSERT OR REPLACE INTO % (id, name) VALUES (30, 'c4')");
    refer(4, 20);
    same("UPDATE OR REPLACE % SET id = 20 WHERE id = 30");
    same("UPDATE OR REPLACE % SET name = 'i' WHERE id = 20");
    same("DELETE FROM % WHERE id = 1");
  }
}

INSTANTIATE_TEST_SUITE_P(OnDelete, EveryAction,
                         testing::Values("", " ON DELETE CASCADE", " ON DELETE SET NULL", " ON DELETE SET DEFAULT",
                                         " ON DELETE RESTRICT", " ON DELETE NO ACTION DEFERRABLE INITIALLY DEFERRED"));

TEST_F(References, ReplaceKeepsWhatTheOtherVersionAloneKnows) {
  make(" ON DELETE CASCADE");
  execute({"DROP TRIGGER t_inserted", "UPDATE t_v1 SET name = ' a' WHERE id = 1"});
  change_.up = {{"name", "trim(name)"}};
  change_.down = {{"name", "name"}};
  begin(migration_of("m", {change_}));
  execute({"INSERT OR REPLACE INTO t_v2 (id, name) VALUES (1, 'a'), (2, 'B')"});
  EXPECT_EQ(asked("SELECT * FROM t_v1 WHERE id IN (1, 2)"), "1| a|x 2|B|y");
  EXPECT_EQ(asked("SELECT count(*) FROM u"), "0");
}

TEST_F(References, AChainPassesReplaceOn) {
  make(" ON DELETE CASCADE");
  begin(migration_of("m", {change_}));
  begin(migration_of(
      "n", {change_of("t_v2", "t_v3", "CREATE TABLE t_v3 (id INTEGER PRIMARY KEY, name TEXT UNIQUE, own TEXT)")}));
  execute({"INSERT OR REPLACE INTO t_v3 (id, name) VALUES (1, 'A')"});
  EXPECT_EQ(asked("SELECT t FROM u"), "2");
  EXPECT_EQ(asked("SELECT * FROM t_v1 WHERE id = 1"), "1|A|x");
  expect_alike("m");
  expect_alike("n");
  end("m");
  execute({"INSERT OR REPLACE INTO t_v3 (id, name) VALUES (2, 'B')"});
  EXPECT_EQ(asked("SELECT count(*) FROM u"), "0");
  end("n");
  EXPECT_THAT(objects_in(*client_), Not(HasSubstr("offx_")));
}

TEST_F(References, WhoComesToReferMeanwhileChangesNothing) {
  make("");
  begin(migration_of("m", {change_}));
  execute({"CREATE TABLE late (t REFERENCES t_v1 (id) ON DELETE CASCADE)", "INSERT INTO late VALUES (3)"});
  EXPECT_THAT(must(find_drift(*client_)), Each(Field(&Drift::name, "late")));
  execute({"DELETE FROM t_v2 WHERE id = 3"});
  EXPECT_EQ(asked("SELECT count(*) FROM late"), "0");
  end("m");
  EXPECT_EQ(asked("SELECT \"table\" FROM pragma_foreign_key_list('late')"), "t_v2");
}

TEST_F(References, ParentsWhoseNewVersionNobodyReferredToGoOn) {
  // The child's next version does not refer any more; REPLACE of a parent still does to it what the old one says.
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT)",
           "CREATE TABLE c_v1 (id INTEGER PRIMARY KEY, t REFERENCES t_v1 (id) ON DELETE CASCADE)",
           "INSERT INTO t_v1 VALUES (1, 'a')", "INSERT INTO c_v1 VALUES (1, 1)"});
  begin(migration_of("m", {change_of("c_v1", "c_v2", "CREATE TABLE c_v2 (id INTEGER PRIMARY KEY, t)"),
                           change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT)")}));
  execute({"REPLACE INTO t_v2 VALUES (1, 'b')"});
  EXPECT_EQ(asked("SELECT (SELECT count(*) FROM c_v1), (SELECT count(*) FROM c_v2), name FROM t_v1"), "0|0|b");
  expect_alike("m");
}

TEST_F(References, AreThoseOfTheOldVersionAsLongAsItDoesNotLeave) {
  make(" ON DELETE CASCADE");
  begin(migration_of("m", {change_}));
  const std::array<std::string_view, 1> tables = {"t_v1"};
  std::unique_ptr<TableUse> use;
  const auto begin_to_use = [&] { use = must(TableUse::announce(*client_, "old code", tables)); };
  const auto lose_the_lease = [&] { run(*client_, "UPDATE offx_migration_lease SET fence = fence + 1"); };
  const auto refused = [&](const std::function<void()>& meanwhile, const std::string& why) {
    CompleteOptions options;
    options.progress = [&, first = true](const WorkState&) mutable {
      if (std::exchange(first, false)) meanwhile();
      return true;
    };
    EXPECT_THAT(error_of(complete(*client_, "m", options)), HasSubstr(why));
    EXPECT_EQ(asked("SELECT \"table\" FROM pragma_foreign_key_list('u')"), "t_v1");
    use.reset();
  };
  refused(begin_to_use, "old code");
  refused(lose_the_lease, "another migrator has taken over");
  execute({"UPDATE offx_migration_lease SET holder = ''"});
  EXPECT_THAT(must(find_drift(*client_)), testing::IsEmpty());
  end("m");
  EXPECT_EQ(asked("SELECT \"table\" FROM pragma_foreign_key_list('u')"), "t_v2");
}

TEST_F(MigrationTest, AReplacedRowTakesNobodyAlongWhoHasANewParent) {
  for (const std::string action : {"CASCADE", "SET NULL", "SET DEFAULT", "RESTRICT", "NO ACTION"}) {
    for (const std::string table : {"t_v1", "t_v2"}) {
      for (const std::string sql :
           {"INSERT OR REPLACE INTO % VALUES (2, 1, 'n', 'e1')",  // refers to what it replaces
            "INSERT OR REPLACE INTO % VALUES (2, NULL, 'n', 'e1')", "INSERT OR REPLACE INTO % VALUES (2, 3, 'n', 'e1')",
            "INSERT OR REPLACE INTO % VALUES (3, 1, 'n', 'e1')",
            "UPDATE OR REPLACE % SET a = 3, email = 'e1' WHERE id = 2",
            "UPDATE OR REPLACE % SET a = 1, email = 'e1' WHERE id = 3"}) {
        // SQLite lets a row with SET NULL refer to what it has just replaced.
        const bool refers = sql.find(", 1, 'n'") != std::string::npos || sql.find("a = 1") != std::string::npos;
        if (action == "SET NULL" && refers) continue;
        SCOPED_TRACE(table + " ON DELETE " + action + ": " + sql);
        client_ = must(db::create_database_client(":memory:"));
        const auto plain = must(db::create_database_client(":memory:"));
        for (auto* client : {client_.get(), plain.get()}) {
          run(*client, "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, a REFERENCES t_v1 (id) ON DELETE " + action +
                           ", b TEXT, email TEXT UNIQUE)");
          run(*client, "INSERT INTO t_v1 VALUES (1, NULL, 'b', 'e1'), (2, 1, 'b', 'e2'), (3, 3, 'b', 'e3')");
        }
        begin(migration_of(
            "m", {change_of("t_v1", "t_v2",
                            "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, a REFERENCES t_v2 (id) ON DELETE " + action +
                                ", b TEXT, email TEXT UNIQUE)")}));
        const auto on = [&](const std::string& name) { return std::string(sql).replace(sql.find('%'), 1, name); };
        const auto expected = plain->execute(on("t_v1"));
        EXPECT_EQ(client_->execute(on(table)).has_value(), expected.has_value());
        EXPECT_EQ(asked("SELECT * FROM t_v1"), ask(*plain, "SELECT * FROM t_v1"));
        expect_alike("m");
      }
    }
  }
}

TEST_F(MigrationTest, AReplacedRowTakesItsNewParentNotAlong) {
  const auto columns = [](const std::string& table) {
    return "CREATE TABLE " + table + " (id INTEGER PRIMARY KEY, a REFERENCES " + table +
           " (id) ON DELETE CASCADE, email TEXT UNIQUE)";
  };
  run(*client_, columns("t_v1"));
  begin(migration_of("m", {change_of("t_v1", "t_v2", columns("t_v2"))}));
  for (const std::string table : {"t_v1", "t_v2"}) {
    // The first row refers to the second, which replaces it.
    const auto done = client_->execute("INSERT OR REPLACE INTO " + table + " VALUES (1, 2, 'e'), (2, NULL, 'e')");
    ASSERT_FALSE(done.has_value());
    EXPECT_THAT(done.error().message(), HasSubstr("refuses this row"));
    expect_alike("m");
  }
}

TEST_F(MigrationTest, ANewKeyThatReplacesARowTakesThoseWhoReferToItAlong) {
  for (const std::string action : {"CASCADE", "SET NULL", "RESTRICT", "NO ACTION"}) {
    for (const std::string column : {"id", "code"}) {
      for (const std::string table : {"p", "p2"}) {
        SCOPED_TRACE(action + " " + column + " " + table);
        const std::string parent = std::string(" (id TEXT PRIMARY KEY COLLATE NOCASE NOT NULL, code TEXT") +
                                   (column == "code" ? " UNIQUE" : "") + ", n INT)";
        const auto child = [&](const std::string& name, const std::string& of) {
          return "CREATE TABLE " + name + " (cid INTEGER PRIMARY KEY, p REFERENCES " + of + " (" + column +
                 ") ON DELETE " + action + " ON UPDATE CASCADE)";
        };
        execute({std::string("CREATE TABLE p" + parent), child("c", "p"),
                 "INSERT INTO p VALUES ('b', 'b', 2), ('c', 'c', 3), ('d', 'd', 4)",
                 "INSERT INTO c VALUES (1, 'c'), (2, 'd')"});
        begin(migration_of(
            "m", {change_of("p", "p2", "CREATE TABLE p2" + parent), change_of("c", "c2", child("c2", "p2"))}));
        execute({"UPDATE OR REPLACE " + table + " SET " + column + " = 'b' WHERE n = 3",
                 "UPDATE " + table + " SET " + column + " = 'e', n = 5 WHERE n = 4"});
        EXPECT_EQ(asked("SELECT " + column + ", n FROM p ORDER BY 1"), "b|3 e|5");
        EXPECT_EQ(asked("SELECT * FROM c"), "1|b 2|e");
        expect_alike("m");
        go_back("m");
        execute({"DROP TABLE c", "DROP TABLE p"});
      }
    }
  }
}

// An outsider is pointed at the new parent; a child's old version leaves with the old one.
TEST_F(MigrationTest, WhatLeavesDoesNotStandInTheWayOfWhatStays) {
  for (const bool back : {false, true}) {
    SCOPED_TRACE(back);
    client_ = must(db::create_database_client(folder_ / (back ? "back.db" : "on.db")));
    execute({"CREATE TABLE p (id INTEGER PRIMARY KEY, code TEXT UNIQUE)",
             "CREATE TABLE c (id INTEGER PRIMARY KEY, code TEXT REFERENCES p (code) ON DELETE RESTRICT)",
             "CREATE TABLE o (p INTEGER REFERENCES p (id))", "INSERT INTO p VALUES (1, 'a'), (2, 'b')",
             "INSERT INTO c VALUES (1, 'a'), (2, 'b')"});
    const auto p = change_of("p", "p2", "CREATE TABLE p2 (id INTEGER PRIMARY KEY, kind TEXT UNIQUE, own TEXT)");
    const auto c = change_of("c", "c2",
                             "CREATE TABLE c2 (id INTEGER PRIMARY KEY, kind TEXT REFERENCES p2 (kind) ON DELETE "
                             "RESTRICT, own TEXT)");
    auto migration = migration_of("m", {p, c});
    for (auto& change : migration.tables) change.rename = {{"code", "kind"}};
    begin(migration);
    const std::string suffix = back ? "" : "2";
    const auto delete_rows = [&](int id) {
      const auto where = " WHERE id = " + std::to_string(id);
      execute({"DELETE FROM c" + suffix + where, "DELETE FROM p" + suffix + where});
    };
    int removing = 0;
    const auto look = [&](const WorkState& state) {
      if (state.what.starts_with("remove") && ++removing == 1) delete_rows(1);
      return true;
    };
    if (back) {
      execute({"CREATE TABLE o2 (p INTEGER REFERENCES p2 (id))"});
      RollbackOptions options;
      options.progress = look;
      ASSERT_EQ(error_of(roll_back(*client_, "m", options)), "");
    } else {
      CompleteOptions options;
      options.max_chunk_rows = 1;
      options.progress = look;
      ASSERT_EQ(error_of(complete(*client_, "m", options)), "");
      EXPECT_EQ(removing, 4);
    }
    delete_rows(2);
    EXPECT_EQ(asked("SELECT \"table\" FROM pragma_foreign_key_list('o')"), "p" + suffix);
  }
}

TEST_F(MigrationTest, OneMigrationThatEndsDoesNotKeepAnotherFromIt) {
  execute({"CREATE TABLE p (id INTEGER PRIMARY KEY, n INT)",
           "CREATE TABLE c (id INTEGER PRIMARY KEY, p REFERENCES p (id), n INT)", "INSERT INTO p VALUES (1, 1)",
           "INSERT INTO c VALUES (1, 1, 1)"});
  begin(migration_of("m", {change_of("p", "p2", "CREATE TABLE p2 (id INTEGER PRIMARY KEY, n INT)")}));
  begin(migration_of("mc",
                     {change_of("c", "c2", "CREATE TABLE c2 (id INTEGER PRIMARY KEY, p REFERENCES p (id), n INT)")}));
  end("m");
  end("mc");
  EXPECT_EQ(asked("SELECT * FROM c2"), "1|1|1");
  EXPECT_EQ(asked("SELECT \"table\" FROM pragma_foreign_key_list('c2')"), "p2");
}

// SQLite's default; then a row may refer to one that it replaces, and nothing goes with it.
TEST_F(MigrationTest, ARowRefersToOneThatItReplacesWhereForeignKeysAreNotEnforced) {
  const auto plain = folder_ / "plain.db";
  for (const std::string action : {"CASCADE", "SET NULL"}) {
    const std::string columns =
        "(id INTEGER PRIMARY KEY, parent REFERENCES % (id) ON DELETE " + action + ", name TEXT UNIQUE)";
    const auto create = [&](const std::string& table) {
      return "CREATE TABLE " + table + " " + std::string(columns).replace(columns.find('%'), 1, table);
    };
    for (const std::string table : {"t_v1", "t_v2"}) {
      for (const std::string& sql :
           {std::string("DROP TABLE IF EXISTS t_v1"), create("t_v1"),
            std::string("INSERT INTO t_v1 VALUES (1, NULL, 'root'), (2, 1, 'child'), (3, 2, 'grandchild')")}) {
        ASSERT_EQ(run_elsewhere(file(), sql), "");
        ASSERT_EQ(run_elsewhere(plain, sql), "");
      }
      begin(migration_of("m", {change_of("t_v1", "t_v2", create("t_v2"))}));
      const auto control = must(db::create_database_client(plain));
      for (const std::string sql :
           {"INSERT OR REPLACE INTO % VALUES (9, 1, 'root')", "UPDATE OR REPLACE % SET name = 'child' WHERE id = 3",
            "INSERT OR REPLACE INTO % VALUES (4, 3, 'child'), (3, NULL, 'again')",
            "UPDATE OR REPLACE % SET id = 8, name = 'again' WHERE id = 4",
            "INSERT OR REPLACE INTO % VALUES (10, 8, 'again'), (11, 10, 'leaf'), (12, 11, 'again')"}) {
        SCOPED_TRACE(action + ", " + table + ": " + sql);
        const auto on = [&](const std::string& name) { return std::string(sql).replace(sql.find('%'), 1, name); };
        EXPECT_EQ(run_elsewhere(file(), "PRAGMA foreign_keys = OFF; " + on(table)), "");
        EXPECT_EQ(run_elsewhere(plain, "PRAGMA foreign_keys = OFF; " + on("t_v1")), "");
        EXPECT_EQ(asked("SELECT * FROM t_v1 ORDER BY id"), ask(*control, "SELECT * FROM t_v1 ORDER BY id"));
        expect_alike("m");
      }
      const std::string again = "INSERT OR REPLACE INTO t_v1 VALUES (20, 12, 'again')";
      EXPECT_EQ(run_elsewhere(file(), "PRAGMA foreign_keys = ON; " + again), "FOREIGN KEY constraint failed");
      expect_alike("m");
      go_back("m", true);
    }
  }
}

// REPLACE deletes a parent, and makes one of the same key.
TEST_F(MigrationTest, WhoFollowsAParentGetsTheDefaultWhenItIsReplaced) {
  const auto plain = folder_ / "plain.db";
  const std::string follow = " ON DELETE SET DEFAULT ON UPDATE CASCADE";
  const auto posts = [&](const std::string& name, const std::string& parent) {
    return "CREATE TABLE " + name + " (id INTEGER PRIMARY KEY, u INT DEFAULT 1 REFERENCES " + parent + " (id)" +
           follow + ")";
  };
  const auto users = [](const std::string& name) {
    return "CREATE TABLE " + name + " (id INTEGER PRIMARY KEY, name TEXT UNIQUE)";
  };
  for (const std::string side : {"v1", "v2"}) {
    for (const std::string& sql :
         {std::string("DROP TABLE IF EXISTS posts_v1"), std::string("DROP TABLE IF EXISTS users_v1"), users("users_v1"),
          posts("posts_v1", "users_v1"), std::string("INSERT INTO users_v1 VALUES (1, 'anon'), (2, 'ann'), (3, 'bob')"),
          std::string("INSERT INTO posts_v1 VALUES (1, 2), (2, 3), (3, 1)")}) {
      ASSERT_EQ(run_elsewhere(file(), sql), "");
      ASSERT_EQ(run_elsewhere(plain, sql), "");
    }
    begin(migration_of("m", {change_of("users_v1", "users_v2", users("users_v2")),
                             change_of("posts_v1", "posts_v2", posts("posts_v2", "users_v2"))}));
    const auto control = must(db::create_database_client(plain));
    for (const std::string sql : {"INSERT OR REPLACE INTO % VALUES (2, 'eve')", "UPDATE % SET id = 9 WHERE id = 3",
                                  "INSERT OR REPLACE INTO % VALUES (4, 'bob')",
                                  "UPDATE OR REPLACE % SET id = 2 WHERE id = 4", "DELETE FROM % WHERE id = 2"}) {
      SCOPED_TRACE(side + ": " + sql);
      const auto on = [&](const std::string& name) {
        return "PRAGMA foreign_keys = ON; " + std::string(sql).replace(sql.find('%'), 1, name);
      };
      EXPECT_EQ(run_elsewhere(file(), on("users_" + side)), run_elsewhere(plain, on("users_v1")));
      for (const std::string what : {"SELECT * FROM users_v1 ORDER BY id", "SELECT * FROM posts_v1 ORDER BY id"}) {
        EXPECT_EQ(asked(what), ask(*control, what));
      }
      expect_alike("m");
    }
    go_back("m", true);
  }
}

TEST_F(MigrationTest, AReplaceByNewCodeMovesNobodyWhoFollowsAnotherColumn) {
  execute({"CREATE TABLE users_v1 (id INTEGER PRIMARY KEY, login TEXT NOT NULL UNIQUE)",
           "CREATE TABLE posts (id INTEGER PRIMARY KEY, u REFERENCES users_v1 (login) ON UPDATE CASCADE)",
           "INSERT INTO users_v1 VALUES (1, 'ann'), (2, 'bob')", "INSERT INTO posts VALUES (1, 'ann')"});
  begin(migration_of("m", {change_of("users_v1", "users_v2",
                                     "CREATE TABLE users_v2 (id INTEGER PRIMARY KEY, login TEXT NOT NULL UNIQUE)")}));
  EXPECT_THAT(asked("INSERT OR REPLACE INTO users_v2 VALUES (1, 'cat')"), HasSubstr("FOREIGN KEY"));
  execute({"UPDATE users_v2 SET login = 'eve' WHERE id = 1", "INSERT OR REPLACE INTO users_v2 VALUES (2, 'cat')"});
  EXPECT_EQ(asked("SELECT u FROM posts") + " " + asked("SELECT login FROM users_v1 ORDER BY id"), "eve eve cat");
  expect_alike("m");
}

// REPLACE is no UPDATE: at its end there is again what was referred to.
TEST_F(MigrationTest, AReplaceByNewCodeIsNotHeldByAReferenceToAnotherColumn) {
  execute({"CREATE TABLE p (id INTEGER PRIMARY KEY, code TEXT UNIQUE)",
           "CREATE TABLE c (id INTEGER PRIMARY KEY, p REFERENCES p (code) ON UPDATE RESTRICT)",
           "INSERT INTO p VALUES (1, 'a'), (2, 'b')", "INSERT INTO c VALUES (1, 'a')"});
  const auto migration = migration_of(
      "m",
      {change_of("p", "p2", "CREATE TABLE p2 (id INTEGER PRIMARY KEY, code TEXT UNIQUE)"),
       change_of("c", "c2", "CREATE TABLE c2 (id INTEGER PRIMARY KEY, p REFERENCES p2 (code) ON UPDATE RESTRICT)")});
  EXPECT_THAT(must(make_plan(*client_, migration)).findings,
              Contains(Field(&Finding::message, HasSubstr("a REPLACE by old code that changes that row is refused"))));
  begin(migration);
  execute({"REPLACE INTO p2 VALUES (1, 'b'), (2, 'a')"});
  EXPECT_EQ(asked("SELECT * FROM p ORDER BY id"), "1|b 2|a");
  expect_alike("m");
}

/// The key that a reference without columns means is another one in the new table.
TEST_F(MigrationTest, AReferenceThatNamesNoColumnMeansThePrimaryKey) {
  execute({"CREATE TABLE u (id INTEGER PRIMARY KEY, code TEXT NOT NULL)", "INSERT INTO u VALUES (1, 'a')",
           "CREATE TABLE b (id INTEGER PRIMARY KEY, u REFERENCES u)"});
  const auto migration =
      migration_of("m", {change_of("u", "u2", "CREATE TABLE u2 (code TEXT PRIMARY KEY NOT NULL, id INTEGER UNIQUE)")});
  std::string refusals;
  for (const auto& finding : must(make_plan(*client_, migration)).findings) {
    if (finding.severity == Finding::Severity::refusal) refusals += finding.message;
  }
  EXPECT_THAT(refusals,
              testing::HasSubstr("b refers to u without naming columns, which means the primary key, and that "
                                 "of u2 is (code), where it is (id) now: let b say REFERENCES u (id)"));
  execute({"DROP TABLE b", "CREATE TABLE b (id INTEGER PRIMARY KEY, u REFERENCES u (id))"});
  EXPECT_FALSE(must(make_plan(*client_, migration)).refused());
}

}  // namespace
}  // namespace offx::migrate
