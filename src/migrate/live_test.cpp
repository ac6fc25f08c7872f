// What has to be true while both versions live, and after: one test for each promise.

#include <gmock/gmock.h>

#include "db/forwarding_client.h"
#include "migrate/test_support.h"

namespace offx::migrate {
namespace {

using testing::Contains;
using testing::Field;
using testing::HasSubstr;
using testing::Not;

class Live : public MigrationTest {};

TEST_F(Live, AnIdIsNeverGivenTwice) {
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE)",
           "INSERT INTO t_v1 (name) VALUES ('a'), ('b'), ('c')", "DELETE FROM t_v1 WHERE id = 3"});
  begin(migration_of(
      "m", {change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE)")}));
  EXPECT_EQ(asked("INSERT INTO t_v2 (name) VALUES ('d') RETURNING id"), "4");
  EXPECT_EQ(asked("INSERT INTO t_v1 (name) VALUES ('e') RETURNING id"), "5");
  execute({"DELETE FROM t_v1 WHERE id = 5"});
  EXPECT_EQ(asked("INSERT INTO t_v2 (name) VALUES ('f') RETURNING id"), "6");
  EXPECT_EQ(asked("INSERT OR REPLACE INTO t_v2 (name) VALUES ('f') RETURNING id"), "7");
  EXPECT_EQ(asked("SELECT group_concat(id || name, ' ') FROM t_v1"), "1a 2b 4d 7f");
  execute({"DELETE FROM t_v2"});
  EXPECT_EQ(asked("INSERT INTO t_v1 (name) VALUES ('g') RETURNING id"), "8");
  execute({"DELETE FROM t_v1"});
  go_back("m");
  EXPECT_EQ(asked("INSERT INTO t_v1 (name) VALUES ('h') RETURNING id"), "9");
  EXPECT_EQ(asked("SELECT name FROM sqlite_sequence"), "t_v1");
}

TEST_F(Live, TheSequenceGoesOnAfterComplete) {
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT)",
           "INSERT INTO t_v1 (name) VALUES ('a'), ('b')", "DELETE FROM t_v1"});
  begin(migration_of(
      "m", {change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT)")}));
  execute({"INSERT INTO t_v1 (id, name) VALUES (50, 'x')", "DELETE FROM t_v2"});
  end("m");
  EXPECT_EQ(asked("INSERT INTO t_v2 (name) VALUES ('c') RETURNING id"), "51");
}

TEST_F(Live, IndexesAreCarriedWithAllTheySay) {
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, at TEXT, gone TEXT)",
           "CREATE INDEX t_v1_recent ON t_v1 (at DESC, name COLLATE NOCASE) WHERE name IS NOT NULL",
           "CREATE UNIQUE INDEX by_lower ON t_v1 (lower(name))", "CREATE INDEX by_gone ON t_v1 (gone)"});
  auto change = change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, title TEXT, at TEXT)");
  change.rename = {{"name", "title"}};
  change.drop = {"by_gone"};
  begin(migration_of("m", {change}));
  end("m");
  EXPECT_EQ(
      asked(
          "SELECT sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL AND tbl_name = 't_v2' ORDER BY name"),
      "CREATE UNIQUE INDEX \"by_lower_v2\" ON \"t_v2\" (lower(\"title\")) "
      "CREATE INDEX \"t_v2_recent\" ON \"t_v2\" (at DESC, \"title\" COLLATE NOCASE) WHERE \"title\" IS NOT NULL");
  EXPECT_EQ(objects_in(*client_), "by_lower_v2 t_v2 t_v2_recent");
}

TEST_F(Live, NamesOfTablesColumnsIndexesAndFunctionsAreToldApart) {
  execute({"CREATE TABLE note (id INTEGER PRIMARY KEY, note TEXT, date TEXT, a TEXT, b TEXT)",
           "CREATE INDEX note_note ON note (note)", "CREATE INDEX date ON note (date(date), note COLLATE nocase)",
           "CREATE UNIQUE INDEX a ON note (b) WHERE a > ''", "CREATE INDEX \"of (b)\" ON note (b)",
           "CREATE VIEW notes AS SELECT note, note.note AS again FROM note", "CREATE TABLE log (note TEXT)",
           "CREATE TRIGGER logs AFTER INSERT ON note BEGIN INSERT INTO log (note) SELECT n.note FROM note AS n WHERE "
           "n.id = NEW.id; END"});
  auto change =
      change_of("note", "note2", "CREATE TABLE note2 (id INTEGER PRIMARY KEY, note TEXT, day TEXT, a TEXT, b TEXT)");
  change.rename = {{"date", "day"}, {"a", "b"}, {"b", "a"}};
  begin(migration_of("m", {change}));
  execute({"INSERT INTO note2 VALUES (1, 'x', '2026-01-02', 'a', 'b')"});
  expect_alike("m");
  end("m");
  EXPECT_EQ(asked("SELECT group_concat(substr(sql, instr(sql, ' ON ')), '') FROM (SELECT sql FROM sqlite_schema WHERE "
                  "type = 'index' ORDER BY name)"),
            " ON \"note2\" (\"a\") WHERE \"b\" > '' ON \"note2\" (date(\"day\"), note COLLATE nocase)"
            " ON \"note2\" (note) ON \"note2\" (\"a\")");
  execute({"INSERT INTO note2 VALUES (2, 'y', NULL, NULL, NULL)"});
  EXPECT_EQ(asked("SELECT * FROM notes"), "x|x y|y");
  EXPECT_EQ(asked("SELECT note FROM log"), "x y");
}

TEST_F(Live, KeywordsAndTypesAreNoColumns) {
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, num INT, text TEXT, \"end\" TEXT)",
           "CREATE UNIQUE INDEX ends ON t_v1 (CASE WHEN \"end\" IS NULL THEN num END)",
           "CREATE UNIQUE INDEX as_text ON t_v1 (CAST(num AS TEXT), text)"});
  auto change = change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, num INT, body TEXT, stop TEXT)");
  change.rename = {{"text", "body"}, {"end", "stop"}};
  begin(migration_of("m", {change}));
  execute({"INSERT INTO t_v1 VALUES (1, 5, 'x', NULL)", "INSERT OR REPLACE INTO t_v2 VALUES (2, 5, 'y', NULL)"});
  EXPECT_EQ(asked("SELECT * FROM t_v1"), "2|5|y|-");
  expect_alike("m");
  end("m");
  EXPECT_EQ(
      asked("SELECT group_concat(sql, ' ') FROM (SELECT sql FROM sqlite_schema WHERE type = 'index' ORDER BY name)"),
      "CREATE UNIQUE INDEX \"as_text_v2\" ON \"t_v2\" (CAST(num AS TEXT), \"body\") "
      "CREATE UNIQUE INDEX \"ends_v2\" ON \"t_v2\" (CASE WHEN \"stop\" IS NULL THEN num END)");
}

TEST_F(Live, AViewAndATriggerOfOneNameAndABrokenViewBesideThem) {
  execute({"CREATE TABLE tag (id INTEGER PRIMARY KEY, tag TEXT)", "CREATE TABLE seen (id)",
           "CREATE VIEW log AS SELECT tag FROM tag",
           "CREATE TRIGGER log AFTER INSERT ON tag BEGIN INSERT INTO seen VALUES (NEW.id); END",
           "CREATE TABLE nowhere (x)", "CREATE VIEW broken AS SELECT x FROM nowhere", "DROP TABLE nowhere"});
  begin(migration_of("m", {change_of("tag", "tag_v2", "CREATE TABLE tag_v2 (id INTEGER PRIMARY KEY, tag TEXT)")}));
  end("m");
  execute({"INSERT INTO tag_v2 VALUES (1, 'x')"});
  EXPECT_EQ(asked("SELECT tag FROM log") + asked("SELECT id FROM seen"), "x1");
}

TEST_F(Live, HelpersOfTheTriggersGoWithThem) {
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT)"});
  const auto migration =
      migration_of("m", {change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT UNIQUE)")});
  begin(migration);
  EXPECT_THAT(objects_in(*client_), HasSubstr("offx_sync_t_v2_displaced"));
  go_back("m");
  EXPECT_EQ(objects_in(*client_), "t_v1");
  begin(migration);
  execute({"CREATE INDEX by_name ON t_v1 (name)"});  // with which none would be made
  CompleteOptions forced;
  forced.force = true;
  must(complete(*client_, "m", forced));
  EXPECT_EQ(objects_in(*client_), "t_v2");
}

TEST_F(Live, HelpersOfAChainDoNotMeet) {
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, n INT UNIQUE)"});
  begin(migration_of("m", {change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT, n INT)")}));
  begin(migration_of(
      "n", {change_of("t_v2", "t_v3", "CREATE TABLE t_v3 (id INTEGER PRIMARY KEY, name TEXT UNIQUE, n INT)")}));
  execute({"INSERT INTO t_v1 VALUES (1, 'a', 1)", "INSERT OR REPLACE INTO t_v3 VALUES (2, 'a', 2)"});
  EXPECT_EQ(asked("SELECT * FROM t_v1"), "2|a|2");
  end("m");
  end("n");
  EXPECT_EQ(objects_in(*client_), "t_v3");
}

TEST_F(Live, AUniqueIndexThatIsCarriedIsADemandOfBothVersions) {
  execute({"CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, name TEXT, team INT)",
           "CREATE UNIQUE INDEX index_users_on_email ON users (email)",
           "CREATE UNIQUE INDEX one_lead ON users (team) WHERE name = 'lead'",
           "CREATE UNIQUE INDEX by_lower ON users (lower(email))"});
  auto change =
      change_of("users", "users_v2", "CREATE TABLE users_v2 (id INTEGER PRIMARY KEY, mail TEXT, name TEXT, team INT)");
  change.rename = {{"email", "mail"}};
  const auto migration = migration_of("m", {change});
  for (const auto& finding : must(make_plan(*client_, migration)).findings) {
    EXPECT_THAT(finding.message, Not(HasSubstr("demands unique")));
  }
  begin(migration);
  EXPECT_THAT(asked("SELECT sql FROM sqlite_schema WHERE name LIKE 'offx_sync%find%'"), Not(HasSubstr("mail")));
  execute({"INSERT INTO users_v2 VALUES (1, 'a', 'x', 1), (2, 'b', 'x', 1)",
           "INSERT OR REPLACE INTO users VALUES (3, 'a', 'y', 1)",
           "INSERT OR REPLACE INTO users_v2 VALUES (4, 'b', 'z', 1)"});
  EXPECT_EQ(asked("SELECT id, email, name FROM users ORDER BY id"), "3|a|y 4|b|z");
  expect_alike("m");
  end("m");
  EXPECT_EQ(objects_in(*client_), "by_lower_v2 index_users_v2_on_email one_lead_v2 users_v2");
  // The next version's are counted up.
  auto next = change_of("users_v2", "users_v3",
                        "CREATE TABLE users_v3 (id INTEGER PRIMARY KEY, mail TEXT, name TEXT, team INT)");
  begin(migration_of("n", {next}));
  end("n");
  EXPECT_EQ(objects_in(*client_), "by_lower_v3 index_users_v3_on_email one_lead_v3 users_v3");
}

TEST_F(Live, ViewsAndTriggersOfTheUserGoOn) {
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT)", "CREATE TABLE log (what TEXT)",
           "CREATE VIEW names AS SELECT name FROM t_v1",
           "CREATE TRIGGER noted AFTER INSERT ON t_v1 BEGIN INSERT INTO log VALUES ('+' || NEW.name); END"});
  begin(migration_of("m",
                     {change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT, more TEXT)")}));
  execute({"INSERT INTO t_v1 (name) VALUES ('a')", "INSERT INTO t_v2 (name) VALUES ('b')"});
  EXPECT_EQ(asked("SELECT * FROM log"), "+a +b");
  EXPECT_EQ(asked("SELECT * FROM names"), "a b");
  end("m");
  execute({"INSERT INTO t_v2 (name) VALUES ('c')"});
  EXPECT_EQ(asked("SELECT * FROM log"), "+a +b +c");
  EXPECT_EQ(asked("SELECT * FROM names"), "a b c");
}

/// DROP VIEW takes them along, and they need not speak of the table.
TEST_F(Live, TriggersOfAViewGoOn) {
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT)", "CREATE TABLE log (x)",
           "CREATE VIEW v AS SELECT id, name FROM t_v1", "CREATE VIEW w AS SELECT id, name FROM t_v1",
           "CREATE TRIGGER v_insert INSTEAD OF INSERT ON v BEGIN INSERT INTO log VALUES ('v ' || NEW.name); END",
           "CREATE TRIGGER w_insert INSTEAD OF INSERT ON w BEGIN INSERT INTO log VALUES ('w ' || NEW.name); END"});
  auto change = change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT, n)");
  change.complete = "CREATE VIEW w AS SELECT id, name, n FROM t_v2";
  begin(migration_of("m", {change}));
  end("m");
  execute({"INSERT INTO v (name) VALUES ('a')", "INSERT INTO w (name) VALUES ('b')"});
  EXPECT_EQ(asked("SELECT x FROM log ORDER BY rowid"), "v a w b");
}

TEST_F(Live, WhatSpeaksOfAnotherTablesColumnOfTheSameNameGoesOn) {
  execute({"CREATE TABLE p (id INTEGER PRIMARY KEY, n INT)", "CREATE TABLE c (id INTEGER PRIMARY KEY, p INT, n INT)",
           "CREATE VIEW v AS SELECT c.id, p.n FROM p JOIN c ON c.p = p.id", "INSERT INTO p VALUES (1, 0)",
           "CREATE TRIGGER counts AFTER INSERT ON c BEGIN UPDATE p SET n = n + 1 WHERE id = NEW.p; END"});
  auto change = change_of("c", "c2", "CREATE TABLE c2 (id INTEGER PRIMARY KEY, p INT, size INT)");
  change.rename = {{"n", "size"}};
  begin(migration_of("m", {change}));
  execute({"INSERT INTO c2 (p) VALUES (1)"});
  end("m");
  execute({"INSERT INTO c2 (p) VALUES (1)"});
  EXPECT_EQ(asked("SELECT * FROM v ORDER BY id"), "1|2 2|2");
}

/// A view over a view speaks of the table without its name.
TEST_F(Live, AViewOverAViewHasASuccessor) {
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT)", "INSERT INTO t_v1 VALUES (1, 'a')",
           "CREATE VIEW v AS SELECT * FROM t_v1", "CREATE VIEW w AS SELECT name FROM v",
           "CREATE VIEW gone AS SELECT id, name FROM v"});
  auto change = change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, title TEXT)");
  change.rename = {{"name", "title"}};
  change.complete = "CREATE VIEW w AS SELECT title AS name FROM v";
  change.drop = {"gone"};
  begin(migration_of("m", {change}));
  end("m");
  EXPECT_EQ(asked("SELECT name FROM w"), "a");
  EXPECT_EQ(objects_in(*client_), "t_v2 v w");
}

TEST_F(Live, ViewsAndTriggersOfTheUserSurviveARollback) {
  execute(
      {"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT)", "CREATE VIEW names AS SELECT name FROM t_v1",
       "CREATE TRIGGER upper AFTER INSERT ON t_v1 BEGIN UPDATE t_v1 SET name = upper(name) WHERE id = NEW.id; END"});
  begin(migration_of("m", {change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT)")}));
  execute({"INSERT INTO t_v1 (name) VALUES ('a')", "INSERT INTO t_v2 (name) VALUES ('b')"});
  EXPECT_EQ(asked("SELECT name FROM t_v2"), "A B");
  expect_alike("m");
  go_back("m");
  EXPECT_EQ(objects_in(*client_), "names t_v1 upper");
  execute({"INSERT INTO t_v1 (name) VALUES ('c')"});
  EXPECT_EQ(asked("SELECT * FROM names"), "A B C");
}

TEST_F(Live, AFullTextTableHasASuccessor) {
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, body TEXT)",
           "CREATE VIRTUAL TABLE t_v1_fts USING fts5 (body, content = 't_v1', content_rowid = 'id')",
           "CREATE TRIGGER t_v1_ai AFTER INSERT ON t_v1 BEGIN INSERT INTO t_v1_fts (rowid, body) VALUES (NEW.id, "
           "NEW.body); END",
           "CREATE TRIGGER t_v1_ad AFTER DELETE ON t_v1 BEGIN INSERT INTO t_v1_fts (t_v1_fts, rowid, body) VALUES "
           "('delete', OLD.id, OLD.body); END",
           "INSERT INTO t_v1 (body) VALUES ('green apples'), ('red plums')"});
  auto change = change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, text TEXT)");
  change.rename = {{"body", "text"}};
  const auto refused = must(make_plan(*client_, migration_of("m", {change})));
  ASSERT_TRUE(refused.refused());
  EXPECT_THAT(refused.findings, Contains(Field(&Finding::message, HasSubstr("the virtual table t_v1_fts"))));

  change.create +=
      "; CREATE VIRTUAL TABLE t_v2_fts USING fts5 (text, content = 't_v2', content_rowid = 'id');"
      "CREATE TRIGGER t_v2_ai AFTER INSERT ON t_v2 BEGIN INSERT INTO t_v2_fts (rowid, text) VALUES (NEW.id, NEW.text); "
      "END;"
      "CREATE TRIGGER t_v2_ad AFTER DELETE ON t_v2 BEGIN INSERT INTO t_v2_fts (t_v2_fts, rowid, text) VALUES "
      "('delete', OLD.id, OLD.text); END";
  change.drop = {"t_v1_fts", "t_v1_ai", "t_v1_ad"};
  const auto migration = migration_of("m", {change});
  begin(migration);
  const auto found = [&](std::string_view table, std::string_view word) {
    return asked("SELECT count(*) FROM " + std::string(table) + " WHERE " + std::string(table) + " MATCH '" +
                 std::string(word) + "'");
  };
  EXPECT_EQ(found("t_v2_fts", "apples"), "1");
  execute({"INSERT INTO t_v1 (body) VALUES ('blue berries')", "INSERT INTO t_v2 (text) VALUES ('black berries')",
           "DELETE FROM t_v1 WHERE body = 'red plums'"});
  for (const auto* table : {"t_v1_fts", "t_v2_fts"}) {
    EXPECT_EQ(found(table, "berries"), "2") << table;
    EXPECT_EQ(found(table, "plums"), "0") << table;
  }
  go_back("m");
  EXPECT_EQ(found("t_v1_fts", "berries"), "2");
  begin(migration);
  end("m");
  EXPECT_EQ(found("t_v2_fts", "berries"), "2");
  execute({"INSERT INTO t_v2_fts (t_v2_fts, rank) VALUES ('integrity-check', 1)"});
  EXPECT_THAT(objects_in(*client_), Not(HasSubstr("t_v1")));
}

TEST_F(Live, KeysOfManyColumnsAndOfText) {
  execute({"CREATE TABLE t_v1 (host TEXT, part INTEGER, value TEXT, PRIMARY KEY (host, part)) WITHOUT ROWID",
           "INSERT INTO t_v1 VALUES ('a', 1, 'x'), ('a', 2, 'y'), ('b', 1, 'z')"});
  auto change = change_of("t_v1", "t_v2",
                          "CREATE TABLE t_v2 (host TEXT NOT NULL, number INTEGER NOT NULL, value TEXT, extra TEXT "
                          "DEFAULT '-', PRIMARY KEY (host, number))");
  change.rename = {{"part", "number"}};
  begin(migration_of("m", {change}));
  execute({"UPDATE t_v2 SET extra = 'kept' WHERE host = 'a' AND number = 1",
           "UPDATE t_v1 SET part = 9 WHERE host = 'a' AND part = 1", "UPDATE t_v2 SET host = 'c' WHERE host = 'b'",
           "INSERT INTO t_v1 VALUES ('a', 2, 'again') ON CONFLICT DO UPDATE SET value = excluded.value"});
  EXPECT_EQ(asked("SELECT * FROM t_v2 ORDER BY host, number"), "a|2|again|- a|9|x|kept c|1|z|-");
  EXPECT_EQ(asked("SELECT * FROM t_v1"), "a|2|again a|9|x c|1|z");
  expect_alike("m");
  end("m");
}

TEST_F(Live, ParentsComeBeforeTheirChildrenInOneTable) {
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, up INTEGER REFERENCES t_v1 (id) ON DELETE CASCADE)"});
  // Every row refers to the one behind it, which a chunk in key order has not copied yet.
  execute({"PRAGMA defer_foreign_keys = 1"});
  run(*client_,
      "INSERT INTO t_v1 WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) SELECT i, CASE "
      "WHEN i < 300 THEN i + 1 END FROM n");
  int calls = 0;
  WorkOptions options;
  options.max_chunk_rows = 50;
  options.progress = [&](const WorkState&) {
    if (++calls == 1) run(*client_, "UPDATE t_v1 SET up = 250 WHERE id = 150");
    return true;
  };
  const auto started = start(
      *client_,
      migration_of(
          "m",
          {change_of("t_v1", "t_v2",
                     "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, up INTEGER REFERENCES t_v2 (id) ON DELETE CASCADE)")}),
      options);
  ASSERT_TRUE(started) << error_of(started);
  execute({"DELETE FROM t_v2 WHERE id = 250"});
  EXPECT_EQ(asked("SELECT count(*), min(id) FROM t_v1"), "50|251");
  EXPECT_EQ(asked("SELECT count(*), min(id) FROM t_v2"), "50|251");
  expect_alike("m");
}

TEST_F(Live, ANewKeyTakesThoseWhoReferToItAlong) {
  const auto columns = [](const std::string& table) {
    return "CREATE TABLE " + table + " (id INTEGER PRIMARY KEY, up INTEGER REFERENCES " + table +
           " (id) ON UPDATE CASCADE, name TEXT UNIQUE" + (table == "t_v2" ? ", own TEXT DEFAULT '-')" : ")");
  };
  run(*client_, columns("t_v1"));
  execute({"INSERT INTO t_v1 VALUES (1, 1, 'self'), (2, NULL, 'top'), (3, 2, 'below')"});
  int calls = 0;
  WorkOptions options;
  options.max_chunk_rows = 1;
  options.progress = [&](const WorkState&) {
    if (++calls == 1) run(*client_, "UPDATE t_v1 SET id = 21, up = 21 WHERE id = 1");
    if (calls == 1) run(*client_, "UPDATE t_v1 SET up = 3 WHERE id = 2");  // a circle: neither is copied
    if (calls == 2) run(*client_, "UPDATE t_v1 SET id = 22, up = NULL WHERE id = 2");
    return true;
  };
  EXPECT_EQ(error_of(start(*client_, migration_of("m", {change_of("t_v1", "t_v2", columns("t_v2"))}), options)), "");
  execute({"UPDATE t_v2 SET own = name", "UPDATE t_v1 SET id = id + 10 WHERE id > 20",
           "UPDATE t_v2 SET id = 42 WHERE id = 32"});
  EXPECT_EQ(asked("SELECT * FROM t_v1"), "3|42|below 31|31|self 42|-|top");
  EXPECT_EQ(asked("SELECT * FROM t_v2"), "3|42|below|below 31|31|self|self 42|-|top|top");
}

TEST_F(Live, WhatAPartialUniqueIndexSpeaksOfMovesTogether) {
  const auto partial = [](const std::string& table) {
    return "CREATE UNIQUE INDEX " + table + "_email ON " + table + " (email) WHERE is_active";
  };
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, email TEXT, is_active INTEGER)",
           "INSERT INTO t_v1 VALUES (1, 'e', 1), (2, 'e', 0)"});
  run(*client_, partial("t_v1"));
  begin(migration_of("m", {change_of("t_v1", "t_v2",
                                     "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, email TEXT, is_active INTEGER); " +
                                         partial("t_v2"))}));
  for (const std::string table : {"t_v1", "t_v2"}) {
    // Whichever came first alone would meet the other row.
    run(*client_, "UPDATE " + table + " SET email = 'f', is_active = 1 WHERE id = 2");
    run(*client_, "UPDATE " + table + " SET email = 'e', is_active = 0 WHERE id = 2");
    EXPECT_FALSE(client_->execute("UPDATE " + table + " SET is_active = 1 WHERE id = 2").has_value());
    run(*client_, "UPDATE OR REPLACE " + table + " SET is_active = 1 WHERE id = 2");
    EXPECT_EQ(asked("SELECT * FROM t_v1"), "2|e|1");
    expect_alike("m");
    run(*client_, "INSERT INTO " + table + " VALUES (1, 'e', 0)");
    run(*client_, "UPDATE " + table + " SET is_active = 0 WHERE id = 2");
    run(*client_, "UPDATE " + table + " SET is_active = 1 WHERE id = 1");
  }
}

TEST_F(Live, AKeyThatFoldsCaseKeepsItsLetters) {
  execute({"CREATE TABLE t_v1 (name TEXT NOT NULL PRIMARY KEY COLLATE NOCASE, n INTEGER)",
           "INSERT INTO t_v1 VALUES ('a', 1)"});
  begin(migration_of("m", {change_of("t_v1", "t_v2",
                                     "CREATE TABLE t_v2 (name TEXT NOT NULL PRIMARY KEY COLLATE NOCASE, n INTEGER)")}));
  execute({"INSERT OR REPLACE INTO t_v1 VALUES ('A', 1)"});
  EXPECT_EQ(asked("SELECT * FROM t_v2"), "A|1");
  execute({"UPDATE t_v2 SET name = 'a'"});
  EXPECT_EQ(asked("SELECT * FROM t_v1"), "a|1");
  const auto other = must(make_plan(
      *client_,
      migration_of("n", {change_of("t_v1", "t_v3", "CREATE TABLE t_v3 (name TEXT NOT NULL PRIMARY KEY, n INTEGER)")})));
  EXPECT_TRUE(other.refused());
}

TEST_F(Live, RowsThatHoldEachOtherAreRemoved) {
  for (const std::string action : {"", " ON DELETE RESTRICT"}) {
    SCOPED_TRACE(action);
    const auto columns = [&](const std::string& table) {
      return "CREATE TABLE " + table + " (id INTEGER PRIMARY KEY, up INTEGER NOT NULL REFERENCES " + table + " (id)" +
             action + ")";
    };
    run(*client_, columns("t_v1"));
    execute({"INSERT INTO t_v1 VALUES (2, 2)", "INSERT INTO t_v1 VALUES (1, 2)", "INSERT INTO t_v1 VALUES (3, 1)"});
    const auto migration =
        migration_of("m" + std::to_string(action.size()), {change_of("t_v1", "t_v2", columns("t_v2"))});
    begin(migration);
    RollbackOptions back;
    back.max_chunk_rows = 1;
    EXPECT_EQ(error_of(roll_back(*client_, migration.name, back)), "");
    EXPECT_EQ(asked("SELECT * FROM t_v1"), "1|2 2|2 3|1");
    begin(migration);
    CompleteOptions options;
    options.max_chunk_rows = 1;
    EXPECT_EQ(error_of(complete(*client_, migration.name, options)), "");
    EXPECT_EQ(asked("SELECT * FROM t_v2"), "1|2 2|2 3|1");
    EXPECT_EQ(objects_in(*client_), "t_v2");
    execute({"UPDATE t_v2 SET up = id", "DROP TABLE t_v2"});
  }
}

/// Keeps what SQLite says it does for each DELETE from a table that leaves.
class Watching final : public db::ForwardingClient {
 public:
  explicit Watching(db::DatabaseClient& client) : ForwardingClient(client) {}

  Result<std::vector<db::QueryResult>> batch(std::span<const db::Statement> statements, db::Mode mode) override {
    for (const auto& statement : statements) {
      if (!statement.sql.starts_with("DELETE FROM \"offx_leaving_")) continue;
      const auto plan = must(client().execute("EXPLAIN QUERY PLAN " + std::string(statement.sql), statement.params));
      for (std::size_t i = 0; i < plan.rows(); ++i) steps += db::to_text(plan.row(i)[3]) + '\n';
    }
    return client().batch(statements, mode);
  }

  std::string steps;
};

TEST_F(Live, RowsThatReferToOthersAreRemovedWithoutALookAtAllOfThem) {
  int number = 0;
  for (const std::string action : {"", " ON DELETE RESTRICT", " ON DELETE SET NULL", " ON DELETE CASCADE"}) {
    for (const std::string column : {"INTEGER", "INTEGER CHECK (up <> id)", "INTEGER NOT NULL"}) {
      SCOPED_TRACE(column + action);
      const auto columns = [&](const std::string& table) {
        return "CREATE TABLE " + table + " (id INTEGER PRIMARY KEY, up " + column + " REFERENCES " + table + " (id)" +
               action + ")";
      };
      run(*client_, columns("t_v1"));
      const bool is_needed = column.find("NOT NULL") != std::string::npos;
      run(*client_,
          "INSERT INTO t_v1 VALUES (1, " + std::string(is_needed ? "1" : "NULL") + "), (2, 1), (3, 2), (4, 1)");
      const auto rows = asked("SELECT * FROM t_v1");
      const auto migration = migration_of("m" + std::to_string(++number), {change_of("t_v1", "t_v2", columns("t_v2"))});
      begin(migration);
      Watching watching(*client_);
      RollbackOptions back;
      back.max_chunk_rows = 1;
      EXPECT_EQ(error_of(roll_back(watching, migration.name, back)), "");
      begin(migration);
      CompleteOptions options;
      options.max_chunk_rows = 1;
      EXPECT_EQ(error_of(complete(watching, migration.name, options)), "");
      EXPECT_THAT(watching.steps, HasSubstr("SEARCH offx_leaving_t_v1"));
      EXPECT_THAT(watching.steps, HasSubstr("SEARCH offx_leaving_t_v2"));
      EXPECT_THAT(watching.steps, Not(HasSubstr("SCAN")));
      EXPECT_EQ(asked("SELECT * FROM t_v2"), rows);
      EXPECT_EQ(objects_in(*client_), "t_v2");
      execute({"UPDATE OR IGNORE t_v2 SET up = NULL", "UPDATE OR IGNORE t_v2 SET up = id", "DROP TABLE t_v2"});
    }
  }
}

TEST_F(Live, ARollbackIsNoDeleteForTheAuthorsTriggers) {
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT)", "CREATE TABLE log (what TEXT)",
           "INSERT INTO t_v1 (name) VALUES ('a')"});
  begin(migration_of("m", {change_of("t_v1", "t_v2",
                                     "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT);"
                                     "CREATE TRIGGER t_v2_gone AFTER DELETE ON t_v2 BEGIN INSERT INTO log VALUES "
                                     "('-' || OLD.name); END")}));
  execute({"INSERT INTO t_v2 (name) VALUES ('b')", "DELETE FROM t_v1 WHERE name = 'a'"});
  EXPECT_EQ(asked("SELECT * FROM log"), "-a");
  go_back("m");
  EXPECT_EQ(asked("SELECT * FROM log"), "-a");
  EXPECT_EQ(objects_in(*client_), "log t_v1");
}

TEST_F(Live, ChildrenOutsideAreRedirectedAtTheEnd) {
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT)",
           "CREATE TABLE notes (id INTEGER PRIMARY KEY, t INTEGER NOT NULL REFERENCES t_v1 (id) ON DELETE CASCADE)",
           "INSERT INTO t_v1 VALUES (1, 'a'), (2, 'b'), (3, 'c')", "INSERT INTO notes (t) VALUES (1), (1), (2)"});
  const auto migration =
      migration_of("m", {change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT)")});
  begin(migration);
  execute({"DELETE FROM t_v2 WHERE id = 2", "INSERT INTO t_v2 VALUES (4, 'd')", "INSERT INTO notes (t) VALUES (4)"});
  EXPECT_EQ(asked("SELECT group_concat(t, ' ') FROM notes"), "1 1 4");
  EXPECT_THAT(asked("INSERT INTO notes (t) VALUES (99)"), HasSubstr("FOREIGN KEY"));
  go_back("m");
  EXPECT_EQ(asked("SELECT group_concat(t, ' ') FROM notes"), "1 1 4");
  begin(migration);
  end("m");
  EXPECT_EQ(asked("SELECT \"table\" FROM pragma_foreign_key_list('notes')"), "t_v2");
  EXPECT_EQ(asked("SELECT group_concat(t, ' ') FROM notes"), "1 1 4");
  execute({"DELETE FROM t_v2 WHERE id = 1"});
  EXPECT_EQ(asked("SELECT group_concat(t, ' ') FROM notes"), "4");
}

TEST_F(Live, AChainOfThreeVersions) {
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, old_only TEXT DEFAULT 'o')",
           "INSERT INTO t_v1 (name) VALUES ('a'), ('b')"});
  auto second =
      change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, title TEXT, two TEXT DEFAULT '2')");
  second.rename = {{"name", "title"}};
  auto third = change_of("t_v2", "t_v3",
                         "CREATE TABLE t_v3 (id INTEGER PRIMARY KEY, trimmed TEXT, two TEXT, three TEXT DEFAULT '3')");
  third.up = {{"trimmed", "trim(title)"}};
  third.down = {{"title", "trimmed"}};
  begin(migration_of("second", {second}));
  begin(migration_of("third", {third}));
  execute({"INSERT INTO t_v1 (name) VALUES (' c ')", "INSERT INTO t_v3 (trimmed, two) VALUES ('d', 'two')",
           "UPDATE t_v1 SET name = ' a' WHERE id = 1", "UPDATE t_v3 SET trimmed = 'B' WHERE id = 2",
           "UPDATE t_v2 SET id = 30 WHERE id = 3"});
  EXPECT_EQ(asked("SELECT id, name, old_only FROM t_v1 ORDER BY id"), "1| a|o 2|B|o 4|d|o 30| c |o");
  EXPECT_EQ(asked("SELECT * FROM t_v2 ORDER BY id"), "1| a|2 2|B|2 4|d|two 30| c |2");
  EXPECT_EQ(asked("SELECT * FROM t_v3 ORDER BY id"), "1|a|2|3 2|B|2|3 4|d|two|3 30|c|2|3");
  expect_alike("second");
  expect_alike("third");
  execute({"DELETE FROM t_v3 WHERE id = 30"});
  EXPECT_EQ(asked("SELECT count(*) FROM t_v1"), "3");
  end("second");
  execute({"INSERT INTO t_v3 (trimmed) VALUES ('e')"});
  EXPECT_EQ(asked("SELECT title FROM t_v2 WHERE id = 5"), "e");
  end("third");
  EXPECT_EQ(objects_in(*client_), "t_v3");
}

/// What speaks of the first table of a chain speaks of the second one when that is left, and the third knows nothing of
/// it: the plan of the second migration says so, while its file can still be changed.
TEST_F(Live, ViewsOfTheFirstTableOfAChain) {
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, email TEXT)", "INSERT INTO t_v1 VALUES (1, 'a')",
           "CREATE VIEW v AS SELECT email FROM t_v1", "CREATE TABLE log (x)", "CREATE VIEW ids AS SELECT id FROM t_v1",
           "CREATE TRIGGER x AFTER UPDATE OF email ON t_v1 BEGIN INSERT INTO log VALUES (NEW.email); END"});
  begin(migration_of("a", {change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, email TEXT, n)")}));
  auto change = change_of("t_v2", "t_v3", "CREATE TABLE t_v3 (id INTEGER PRIMARY KEY, mail TEXT, n)");
  change.rename = {{"email", "mail"}};
  const auto warnings = [&] {
    std::vector<std::string> messages;
    const auto plan = must(make_plan(*client_, migration_of("b", {change})));
    EXPECT_FALSE(plan.refused());
    for (const auto& finding : plan.findings) {
      if (finding.severity == Finding::Severity::warning) messages.push_back(finding.message);
    }
    return messages;
  };
  EXPECT_THAT(warnings(),
              testing::ElementsAre(HasSubstr("when a is completed, the view v speaks of email, which is not in t_v3"),
                                   HasSubstr("when a is completed, the trigger x speaks of email")));
  const auto unforeseen = migration_of("b", {change});
  change.complete =
      "CREATE VIEW v AS SELECT mail AS email FROM t_v3;"
      "CREATE TRIGGER x AFTER UPDATE OF mail ON t_v3 BEGIN INSERT INTO log VALUES ('new ' || NEW.mail); END;";
  EXPECT_THAT(warnings(), testing::IsEmpty());

  begin(unforeseen);
  end("a");
  const auto completed = complete(*client_, "b", {});
  ASSERT_FALSE(completed);
  EXPECT_THAT(completed.error().message(), HasSubstr("drop it by hand and make it again over t_v3"));
  EXPECT_THAT(completed.error().message(), HasSubstr("drop it by hand, and make its successor after `complete`"));
  go_back("b");
  begin(migration_of("b", {change}));
  end("b");
  execute({"UPDATE t_v3 SET mail = 'b'"});
  EXPECT_EQ(asked("SELECT email FROM v"), "b");
  EXPECT_EQ(asked("SELECT x FROM log"), "new b");
  EXPECT_EQ(asked("SELECT id FROM ids"), "1");
}

TEST_F(Live, AChainGoesFromItsEnds) {
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, a TEXT)", "INSERT INTO t_v1 (a) VALUES ('a'), ('b')"});
  begin(migration_of("second", {change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, a TEXT, b)")}));
  begin(migration_of("third", {change_of("t_v2", "t_v3", "CREATE TABLE t_v3 (id INTEGER PRIMARY KEY, a TEXT, b, c)")}));
  const auto early = complete(*client_, "third", {});
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().code(), Errc::conflict);
  EXPECT_THAT(early.error().message(), HasSubstr("complete second first"));
  const auto late = roll_back(*client_, "second", {});
  ASSERT_FALSE(late);
  EXPECT_THAT(late.error().message(), HasSubstr("roll third back first"));
  execute({"INSERT INTO t_v1 (a) VALUES ('c')", "INSERT INTO t_v3 (a) VALUES ('d')"});
  expect_alike("second");
  expect_alike("third");
  EXPECT_EQ(asked("SELECT group_concat(a, '') FROM t_v1"), "abcd");
  go_back("third");
  go_back("second");
  EXPECT_EQ(asked("SELECT group_concat(a, '') FROM t_v1"), "abcd");
}

TEST_F(Live, TablesOfAnyNameAreAdopted) {
  execute({"CREATE TABLE requests_2 (id INTEGER PRIMARY KEY, url TEXT)", "INSERT INTO requests_2 (url) VALUES ('a')",
           "CREATE TABLE users (id INTEGER PRIMARY KEY, mail TEXT)", "INSERT INTO users (mail) VALUES ('m')",
           "CREATE TABLE \"my \"\"odd\"\" table\" (\"the key\" INTEGER PRIMARY KEY, \"select\" TEXT, \"a.b\" TEXT "
           "UNIQUE, [gr\"oup] TEXT)",
           "INSERT INTO \"my \"\"odd\"\" table\" VALUES (1, 's', 'ab', 'g')"});
  auto odd = change_of(
      "my \"odd\" table", "odd; \"--\"'2",
      "CREATE TABLE \"odd; \"\"--\"\"'2\" (\"the key\" INTEGER PRIMARY KEY, \"from where\" TEXT, \"a.b\" TEXT "
      "UNIQUE, \"gr\"\"oup\" TEXT, \"é'\" TEXT DEFAULT 'x')");
  odd.rename = {{"select", "from where"}};
  begin(migration_of(
      "m", {change_of("requests_2", "requests_3", "CREATE TABLE requests_3 (id INTEGER PRIMARY KEY, url TEXT)"),
            change_of("users", "users_v2", "CREATE TABLE users_v2 (id INTEGER PRIMARY KEY, mail TEXT)"), odd}));
  execute({"INSERT INTO requests_3 (url) VALUES ('b')", "INSERT INTO users (mail) VALUES ('n')",
           "UPDATE \"odd; \"\"--\"\"'2\" SET \"from where\" = 't', \"gr\"\"oup\" = 'h', \"the key\" = 2"});
  EXPECT_EQ(asked("SELECT group_concat(url, '') FROM requests_2"), "ab");
  EXPECT_EQ(asked("SELECT group_concat(mail, '') FROM users_v2"), "mn");
  EXPECT_EQ(asked("SELECT * FROM \"my \"\"odd\"\" table\""), "2|t|ab|h");
  expect_alike("m");
  end("m");
  EXPECT_EQ(objects_in(*client_), "odd; \"--\"'2 requests_3 users_v2");
}

TEST_F(Live, WhatOneSideAloneKnowsSurvivesTheOther) {
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, note TEXT, state TEXT)",
           "INSERT INTO t_v1 VALUES (1, 'abc', 'on')"});
  auto change = change_of(
      "t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, length INTEGER, active INTEGER NOT NULL DEFAULT 1)");
  change.up = {{"length", "length(note)"}};
  change.one_way = {"length"};
  change.down = {{"state", "CASE active WHEN 1 THEN 'on' ELSE 'off' END"}};
  begin(migration_of("m", {change}));
  // The echo of an insert must not compute again what the insert said itself.
  execute({"INSERT INTO t_v2 (id, length, active) VALUES (2, 77, 0)",
           "INSERT INTO t_v1 (id, note, state) VALUES (3, 'x', 'odd')"});
  EXPECT_EQ(asked("SELECT * FROM t_v2"), "1|3|1 2|77|0 3|1|1");
  EXPECT_EQ(asked("SELECT * FROM t_v1"), "1|abc|on 2|-|off 3|x|odd");
  execute({"UPDATE t_v1 SET id = 20 WHERE id = 2", "UPDATE t_v2 SET id = 30 WHERE id = 3"});
  EXPECT_EQ(asked("SELECT * FROM t_v2 WHERE id > 1"), "20|77|0 30|1|1");
  EXPECT_EQ(asked("SELECT * FROM t_v1 WHERE id > 1"), "20|-|off 30|x|odd");
  execute({"UPDATE t_v1 SET note = 'four' WHERE id = 20", "UPDATE t_v2 SET active = 0 WHERE id = 30"});
  EXPECT_EQ(asked("SELECT length FROM t_v2 WHERE id = 20"), "4");
  EXPECT_EQ(asked("SELECT state FROM t_v1 WHERE id = 30"), "off");
}

TEST_F(Live, AReplaceTakesNothingAwayByWhatTheOtherSideAloneKeepsUnique) {
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, title TEXT, name TEXT UNIQUE)",
           "INSERT INTO t_v1 VALUES (1, 'Ann', 'a'), (2, 'Bob', 'b')"});
  auto change = change_of("t_v1", "t_v2",
                          "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, title TEXT, slug TEXT UNIQUE, \"as\" TEXT, "
                          "kind TEXT DEFAULT 'k' UNIQUE)");
  change.up = {{"slug", "lower(title)"}};
  change.one_way = {"slug"};
  change.down = {{"name", "lower(\"as\")"}};
  execute({"DELETE FROM t_v1 WHERE id = 2"});
  begin(migration_of("m", {change}));
  execute({"UPDATE t_v2 SET kind = 'first' WHERE id = 1", "INSERT INTO t_v1 VALUES (2, 'Bob', 'b')",
           "UPDATE t_v2 SET kind = 'second' WHERE id = 2"});
  const auto refused = [&](const std::string& sql, const std::string& why) {
    SCOPED_TRACE(sql);
    EXPECT_THAT(asked(sql), HasSubstr("UNIQUE constraint failed: " + why));
    EXPECT_EQ(asked("SELECT id FROM t_v1"), "1 2");
    EXPECT_EQ(asked("SELECT id FROM t_v2"), "1 2");
  };
  refused("INSERT OR REPLACE INTO t_v1 (id, title) VALUES (7, 'ANN')", "t_v2.slug");
  refused("INSERT OR REPLACE INTO t_v1 (id, title) VALUES (2, 'ANN')", "t_v2.slug");
  refused("UPDATE OR REPLACE t_v1 SET title = 'ANN' WHERE id = 2", "t_v2.slug");
  refused("UPDATE OR REPLACE t_v1 SET title = 'ANN', id = 3 WHERE id = 2", "t_v2.slug");
  // What a DEFAULT gives is known too.
  execute({"UPDATE t_v2 SET kind = 'k' WHERE id = 2"});
  refused("INSERT OR REPLACE INTO t_v1 (id, title) VALUES (7, 'new')", "t_v2.kind");
  execute({"UPDATE t_v2 SET kind = 'second', \"as\" = 'B' WHERE id = 2"});
  refused("INSERT OR REPLACE INTO t_v2 (id, \"as\") VALUES (7, 'b')", "t_v1.name");
  refused("UPDATE OR REPLACE t_v2 SET \"as\" = 'b' WHERE id = 1", "t_v1.name");
  // What is the row's own, and what it keeps, is in nobody's way.
  execute({"INSERT OR REPLACE INTO t_v1 (id, title) VALUES (1, 'ANN')",
           "UPDATE OR REPLACE t_v1 SET title = 'aNN', id = 5 WHERE id = 1",
           "UPDATE t_v2 SET slug = 'mine' WHERE id = 5", "INSERT OR REPLACE INTO t_v1 (id, title) VALUES (7, 'ann')"});
  EXPECT_EQ(asked("SELECT id, title, slug, kind FROM t_v2"), "2|Bob|bob|second 5|aNN|mine|first 7|ann|ann|k");
  EXPECT_EQ(asked("SELECT id, title FROM t_v1"), "2|Bob 5|aNN 7|ann");
  expect_alike("m");
}

TEST_F(Live, ALostTriggerIsNotForgottenBecauseOfAnotherMigration) {
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY)", "CREATE TABLE u_v1 (id INTEGER PRIMARY KEY)"});
  begin(migration_of("m", {change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY)")}));
  execute({"DROP TRIGGER offx_sync_t_v2_down_ins", "INSERT INTO t_v2 VALUES (2)"});
  begin(migration_of("n", {change_of("u_v1", "u_v2", "CREATE TABLE u_v2 (id INTEGER PRIMARY KEY)")}));
  end("n");
  EXPECT_THAT(must(find_drift(*client_)), testing::ElementsAre(AllOf(Field(&Drift::name, "offx_sync_t_v2_down_ins"),
                                                                     Field(&Drift::what, "missing"))));
  EXPECT_THAT(error_of(roll_back(*client_, "m", {})), HasSubstr("offx_sync_t_v2_down_ins"));
  EXPECT_EQ(asked("SELECT id FROM t_v2"), "2");
  go_back("m", true);
  EXPECT_EQ(asked("SELECT count(*) FROM offx_schema_objects WHERE name LIKE 'offx%'"), "0");
}

/// Takes a migration to where its old or new version is being removed, and stops there.
WorkProgress stopped_while_removing() {
  return [](const WorkState& state) { return !state.what.starts_with("remove"); };
}

TEST_F(Live, WhatIsToldDoneWhileOneVersionLeavesIsNotLost) {
  const auto change = change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT, more TEXT)");
  for (const bool completes : {true, false}) {
    SCOPED_TRACE(completes);
    execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT)",
             "INSERT INTO t_v1 (name) VALUES ('a'), ('b'), ('c')"});
    begin(migration_of(completes ? "forth" : "back", {change}));
    CompleteOptions complete_options;
    RollbackOptions back_options;
    complete_options.max_chunk_rows = back_options.max_chunk_rows = 1;
    complete_options.progress = back_options.progress = stopped_while_removing();
    back_options.discard = true;
    const auto stopped =
        completes ? complete(*client_, "forth", complete_options) : roll_back(*client_, "back", back_options);
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().code(), Errc::cancelled);
    const std::string leaving = completes ? "t_v1" : "t_v2";
    const std::string stays = completes ? "t_v2" : "t_v1";
    EXPECT_THAT(asked("INSERT INTO " + leaving + " (name) VALUES ('d')"), HasSubstr("no such table: " + leaving));
    EXPECT_THAT(asked("UPDATE " + leaving + " SET name = 'x'"), HasSubstr("no such table: " + leaving));
    EXPECT_THAT(asked("SELECT count(*) FROM " + leaving), HasSubstr("no such table: " + leaving));
    run(*client_, "INSERT INTO " + stays + " (name) VALUES ('e')");
    EXPECT_EQ(asked("SELECT group_concat(name, '') FROM " + stays), "abce");
    if (completes) {
      end("forth");
    } else {
      go_back("back", true);
    }
    EXPECT_EQ(asked("SELECT group_concat(name, '') FROM " + stays), "abce");
    EXPECT_EQ(asked("SELECT group_concat(name) FROM sqlite_schema WHERE name LIKE '%t_v_'"), stays);
    run(*client_, "DROP TABLE " + stays);
  }
}

TEST_F(Live, ViewsAndTriggersThatOnlyTheirProgramCanCompileStay) {
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT)", "INSERT INTO t_v1 (name) VALUES ('a')",
           "CREATE TABLE u (a TEXT)", "CREATE VIEW dangling AS SELECT * FROM missing",
           "CREATE TRIGGER dangling_insert INSTEAD OF INSERT ON dangling BEGIN SELECT only_theirs(1); END",
           "CREATE TRIGGER theirs AFTER INSERT ON u BEGIN UPDATE u SET a = only_theirs(a); END"});
  const auto before = asked("SELECT name, sql FROM sqlite_schema WHERE tbl_name IN ('u', 'dangling') ORDER BY name");
  const auto change = change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT, more TEXT)");
  begin(migration_of("m", {change}));
  execute({"CREATE VIEW by_hand AS SELECT name FROM t_v2"});
  go_back("m");
  EXPECT_EQ(asked("SELECT sql FROM sqlite_schema WHERE name = 'by_hand'"),
            "CREATE VIEW by_hand AS SELECT name FROM t_v2");
  execute({"DROP VIEW by_hand"});
  begin(migration_of("m", {change}));
  end("m");
  EXPECT_EQ(asked("SELECT name, sql FROM sqlite_schema WHERE tbl_name IN ('u', 'dangling') ORDER BY name"), before);
  EXPECT_EQ(asked("SELECT name FROM t_v2"), "a");
  EXPECT_EQ(asked("SELECT name FROM t_v2_rolled_back"), "a");
}

TEST_F(Live, AThousandColumns) {
  std::string columns;
  std::string names;
  std::string values;
  for (int i = 1; i < 1000; ++i) {
    columns += ", c" + std::to_string(i) + " INTEGER";
    names += ", c" + std::to_string(i);
    values += ", " + std::to_string(i);
  }
  run(*client_, "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY" + columns + ")");
  run(*client_, "INSERT INTO t_v1 (id" + names + ") VALUES (1" + values + ")");
  begin(migration_of(
      "m", {change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY" + columns + ", more TEXT)")}));
  execute({"UPDATE t_v1 SET c999 = -1", "UPDATE t_v2 SET id = 2, c1 = -2"});
  EXPECT_EQ(asked("SELECT id, c1, c500, c999 FROM t_v1"), "2|-2|500|-1");
  EXPECT_EQ(asked("SELECT id, c1, c500, c999 FROM t_v2"), "2|-2|500|-1");
  expect_alike("m");
  end("m");
}

}  // namespace
}  // namespace offx::migrate
