// What the plan refuses, and what it warns of: a schema, a change, and what it says.

#include <algorithm>
#include <array>
#include <cstring>

#include <gmock/gmock.h>

#include "db/script.h"
#include "migrate/test_support.h"

namespace offx::migrate {
namespace {

using testing::HasSubstr;

struct Case {
  const char* name;
  const char* schema;  ///< a script
  TableChange change;
  Finding::Severity severity;
  const char* says;
};

TableChange with(std::string create, const std::function<void(TableChange&)>& more = {}) {
  auto change = change_of("t_v1", "t_v2", std::move(create));
  if (more) more(change);
  return change;
}

constexpr auto kRefusal = Finding::Severity::refusal;
constexpr auto kWarning = Finding::Severity::warning;
const char* const kSame = "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER)";
const char* const kTable = "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER);";
const char* const kRows =
    "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER);"
    "INSERT INTO t_v1 VALUES (1, 'a', 5), (2, 'A', NULL), (3, 'a', 7);";

const Case kCases[] = {
    // The tables.
    {"no_old_table", "CREATE TABLE orders (id INTEGER PRIMARY KEY);", with(kSame), kRefusal, "there is no table t_v1"},
    {"nearly_a_table", "CREATE TABLE t_v (id INTEGER PRIMARY KEY);", with(kSame), kRefusal,
     "there is no table t_v1; did you mean t_v?"},
    {"old_is_a_view", "CREATE VIEW t_v1 AS SELECT 1 AS id;", with(kSame), kRefusal, "t_v1 is a view"},
    {"old_is_virtual", "CREATE VIRTUAL TABLE t_v1 USING fts5 (name);", with(kSame), kRefusal,
     "t_v1 is a virtual table"},
    {"new_is_there", "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY); CREATE TABLE t_v2 (id INTEGER PRIMARY KEY);",
     with(kSame), kRefusal, "the table t_v2 exists already"},
    {"new_is_not_made", kTable, with("CREATE TABLE other (id INTEGER PRIMARY KEY)"), kRefusal,
     "`create` does not make t_v2"},
    {"new_is_virtual", kTable, with("CREATE VIRTUAL TABLE t_v2 USING fts5 (name)"), kRefusal, "t_v2 is a virtual"},
    {"create_drops", "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER); CREATE TABLE u (x);",
     with(std::string(kSame) + "; DROP TABLE u"), kRefusal, "`create` may hold CREATE"},
    {"create_deletes", "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER); CREATE TABLE u (x);",
     with(std::string(kSame) + "; DELETE FROM u"), kRefusal, "`create` may hold CREATE"},
    {"create_inserts_elsewhere",
     "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER); CREATE TABLE u (x);",
     with(std::string(kSame) + "; INSERT INTO u VALUES (1)"), kRefusal, "`create` may hold CREATE"},
    {"create_makes_what_is_there",
     "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER); CREATE TABLE u (x);",
     with(std::string(kSame) + "; CREATE TABLE IF NOT EXISTS U (x)"), kRefusal,
     "`create` makes the table U, which exists already"},
    {"create_changes_settings", kTable, with(std::string(kSame) + "; PRAGMA writable_schema = 1"), kRefusal,
     "`create` may hold CREATE"},
    {"create_is_temporary", kTable, with("CREATE TEMP TABLE t_v2 (id INTEGER PRIMARY KEY)"), kRefusal,
     "`create` may hold CREATE"},
    {"create_is_on_another_table",
     "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER); CREATE TABLE u (x);",
     with(std::string(kSame) + "; CREATE INDEX u_x ON u (x)"), kRefusal, "is on u, which"},
    {"create_fills_what_refers_to_the_new_table", kTable,
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, n INTEGER); "
          "CREATE TABLE names (id INTEGER PRIMARY KEY REFERENCES t_v2, name TEXT); "
          "INSERT INTO names SELECT id, name FROM t_v1"),
     kRefusal, "`create` fills names with rows that refer to t_v2, which is empty then"},
    {"create_fills_much", kTable,
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, n INTEGER); CREATE TABLE names (id INTEGER PRIMARY KEY, name "
          "TEXT); "
          "INSERT INTO names SELECT id, name FROM t_v1"),
     kWarning, "`create` fills names from t_v1 in one transaction: writers wait"},
    {"create_fails", kTable, with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY,, name)"), kRefusal, "`create` fails"},
    // The columns.
    {"rename_of_nothing", kTable, with(kSame, [](auto& c) { c.rename = {{"nmae", "name"}}; }), kRefusal,
     "rename names nmae, which t_v1 does not have; did you mean name?"},
    {"rename_to_nothing", kTable, with(kSame, [](auto& c) { c.rename = {{"name", "title"}}; }), kRefusal,
     "rename names title, which t_v2 does not have"},
    {"up_of_nothing", kTable, with(kSame, [](auto& c) { c.up = {{"x", "1"}}; }), kRefusal, "up names x"},
    {"down_of_nothing", kTable, with(kSame, [](auto& c) { c.down = {{"x", "1"}}; }), kRefusal, "down names x"},
    {"up_of_generated", kTable,
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER AS (id))",
          [](auto& c) { c.up = {{"n", "n"}}; }),
     kRefusal, "n is a generated column"},
    {"up_is_random", kTable, with(kSame, [](auto& c) { c.up = {{"n", "random()"}}; }), kRefusal, "up uses random"},
    {"up_calls_what_only_offx_knows", kTable,
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER, x TEXT)",
          [](auto& c) {
            c.up = {{"x", "offx_checksum(name)"}};
            c.one_way = {"x"};
          }),
     kRefusal, "up uses offx_checksum(), which is no function of SQLite's own"},
    {"up_calls_what_newer_ones_know", kTable,
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER, x TEXT)",
          [](auto& c) {
            c.up = {{"x", "CASE WHEN (n IN (1, 2)) THEN concat(name, 1) ELSE CAST (n AS TEXT) END"}};
            c.one_way = {"x"};
          }),
     kWarning, "up uses concat(), which not every SQLite has"},
    {"up_counts_rows", kTable,
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER, x TEXT)",
          [](auto& c) {
            c.up = {{"x", "max(name)"}};
            c.one_way = {"x"};
          }),
     kRefusal, "x is computed from several rows"},
    {"up_numbers_rows", kTable,
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER, x TEXT)",
          [](auto& c) {
            c.up = {{"x", "row_number() OVER (ORDER BY name)"}};
            c.one_way = {"x"};
          }),
     kRefusal, "x is computed from several rows"},
    {"down_counts_rows", kTable,
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT)", [](auto& c) { c.down = {{"n", "count(*)"}}; }),
     kRefusal, "n is computed from several rows"},
    {"up_is_no_sql", kTable,
     with(kSame,
          [](auto& c) {
            c.up = {{"n", "n +"}};
            c.down = {{"n", "n"}};
          }),
     kRefusal, "`up` of n is no SQL expression over t_v1: "},
    {"up_reads_nothing_there", kTable, with(kSame, [](auto& c) { c.up = {{"n", "m + 1"}}; }), kRefusal,
     "`up` of n is no SQL expression over t_v1: no such column: m"},
    {"up_does_not_close_a_parenthesis", kTable, with(kSame, [](auto& c) { c.up = {{"n", "(n + 1"}}; }), kRefusal,
     "it opens a parenthesis that it does not close"},
    {"up_closes_two_parentheses", kTable, with(kSame, [](auto& c) { c.up = {{"n", "n) + (1"}}; }), kRefusal,
     "it closes a parenthesis that it does not open"},
    {"up_ends_with_a_comment", kTable, with(kSame, [](auto& c) { c.up = {{"n", "n * 2 -- twice"}}; }), kRefusal,
     "a comment or a quote in it does not end"},
    {"up_ends_in_a_text", kTable, with(kSame, [](auto& c) { c.up = {{"name", "name || 'x"}}; }), kRefusal,
     "a comment or a quote in it does not end"},
    {"down_is_two_statements", kTable, with(kSame, [](auto& c) { c.down = {{"n", "n; SELECT 1"}}; }), kRefusal,
     "`down` of n is no SQL expression over t_v2: it has a semicolon"},
    {"up_looks_elsewhere", "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER); CREATE TABLE u (x);",
     with(kSame,
          [](auto& c) {
            c.up = {{"n", "(SELECT x FROM u WHERE x = n)"}};
            c.down = {{"n", "n"}};
          }),
     kWarning,
     "n is looked up in other tables, and what is written to these while both live does not reach it: the "
     "versions would differ then"},
    {"up_looks_elsewhere_for_new_rows",
     "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER); CREATE TABLE u (x);",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER, x)",
          [](auto& c) { c.up = {{"x", "(SELECT max(x) FROM u)"}}; }),
     kWarning, "it stays as it was when its row was made"},
    {"no_way_back", kTable,
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT, m INTEGER)", [](auto& c) { c.up = {{"m", "n * 2"}}; }),
     kRefusal, "would not reach the old column n"},
    {"rename_forgotten", "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT);",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, title TEXT, n INTEGER, words AS (title))"), kWarning,
     "name is not carried into t_v2, and title begins anew there: if one becomes the other, say rename = { name = "
     "\"title\" }"},
    {"rename_forgotten_of_an_odd_name", "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, \"the name\" TEXT);",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, title TEXT)"), kWarning, "rename = { \"the name\" = \"title\" }"},
    {"new_needs_a_value", kTable,
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER, x TEXT NOT NULL)"), kRefusal,
     "the new column x is NOT NULL and has no DEFAULT"},
    {"old_needs_a_value", "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER NOT NULL);",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT)"), kRefusal, "the old column n is NOT NULL"},
    // The key.
    {"no_key", "CREATE TABLE t_v1 (name TEXT);", with("CREATE TABLE t_v2 (name TEXT)"), kRefusal,
     "t_v1 has no PRIMARY KEY or UNIQUE key that both versions share"},
    {"key_is_dropped", kTable, with("CREATE TABLE t_v2 (key INTEGER PRIMARY KEY, name TEXT, n INTEGER)"), kRefusal,
     "the key (id) of t_v1 is not carried"},
    {"key_is_computed", kTable,
     with(kSame,
          [](auto& c) {
            c.up = {{"id", "id + 1"}};
            c.down = {{"id", "id - 1"}};
          }),
     kRefusal, "the key (id) of t_v1 is not carried"},
    {"key_of_another_collation", "CREATE TABLE t_v1 (name TEXT NOT NULL PRIMARY KEY);",
     with("CREATE TABLE t_v2 (name TEXT NOT NULL PRIMARY KEY COLLATE NOCASE)"), kRefusal, "type and collation"},
    {"key_of_another_type",
     "CREATE TABLE t_v1 (code TEXT PRIMARY KEY NOT NULL, n); INSERT INTO t_v1 VALUES ('1', 2), ('01', 4);",
     with("CREATE TABLE t_v2 (code INTEGER PRIMARY KEY, n)"), kRefusal, "with the same type"},
    {"sequence_is_lost", "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY AUTOINCREMENT);",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY)"), kRefusal, "ids of deleted rows would be given again"},
    {"sequence_of_a_key_that_is_dropped",
     "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE);",
     with("CREATE TABLE t_v2 (name TEXT NOT NULL PRIMARY KEY) WITHOUT ROWID"), Finding::Severity::note,
     "id is not carried into t_v2: rows that new code inserts have a number of SQLite's in t_v1"},
    {"row_without_key", "CREATE TABLE t_v1 (code TEXT PRIMARY KEY); INSERT INTO t_v1 VALUES (NULL);",
     with("CREATE TABLE t_v2 (code TEXT PRIMARY KEY)"), kRefusal, "the key is NULL, in 1 row, code = NULL"},
    {"key_may_be_null", "CREATE TABLE t_v1 (code TEXT PRIMARY KEY);", with("CREATE TABLE t_v2 (code TEXT PRIMARY KEY)"),
     kWarning, "the key (code) of t_v1 may be NULL by its declaration"},
    // References.
    {"refers_to_the_old", kTable,
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER REFERENCES t_v1 (id))"), kRefusal,
     "t_v2 refers to t_v1, which this migration replaces: refer to t_v2"},
    {"refers_to_nothing", kTable,
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER REFERENCES u (id))"), kRefusal,
     "t_v2 refers to u, and there is no such table"},
    {"refers_to_itself_twice",
     "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, a REFERENCES t_v1 (id), b REFERENCES t_v1 (id));",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, a REFERENCES t_v2 (id), b REFERENCES t_v2 (id))"), kRefusal,
     "refers to itself by more than one column"},
    {"referred_to_itself_twice",
     "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, a REFERENCES t_v1 (id), b REFERENCES t_v1 (id));",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, a, b)"), kRefusal, "make t_v1 anew without it before"},
    {"child_of_a_dropped_column",
     "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT UNIQUE, n INTEGER); CREATE TABLE u (name REFERENCES t_v1 "
     "(name));",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, title TEXT UNIQUE, n INTEGER)"), kRefusal,
     "u refers to (name) of t_v1, which t_v2 does not have"},
    {"reference_is_left_out",
     "CREATE TABLE u (id INTEGER PRIMARY KEY); CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, n REFERENCES u (id));",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, n INTEGER)"), kWarning,
     "the reference of (n) to u is not in t_v2"},
    {"reference_acts_otherwise",
     "CREATE TABLE u (id INTEGER PRIMARY KEY); CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, n REFERENCES u (id));",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, n REFERENCES u (id) ON DELETE CASCADE)"), kWarning,
     "both happen"},
    {"reference_is_new",
     "CREATE TABLE u (id INTEGER PRIMARY KEY); CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, n INTEGER);",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, n INTEGER REFERENCES u (id))"), kWarning,
     "only t_v2 demands that (n) refers to a row of u: old code that writes otherwise, or deletes what is referred to, "
     "gets an error while both live"},
    {"reference_is_new_and_acts",
     "CREATE TABLE u (id INTEGER PRIMARY KEY); CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, n INTEGER);",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, n INTEGER REFERENCES u (id) ON DELETE CASCADE)"), kWarning,
     "gets an error while both live, and ON DELETE CASCADE acts on t_v1 too"},
    {"reference_is_not_deferred_any_more",
     "CREATE TABLE u (id INTEGER PRIMARY KEY); CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, n INTEGER REFERENCES u (id) "
     "NOT DEFERRABLE INITIALLY DEFERRED, m INTEGER REFERENCES u DEFERRABLE INITIALLY DEFERRED);",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, n INTEGER, m INTEGER, FOREIGN KEY (n) REFERENCES u (id), FOREIGN "
          "KEY (m) REFERENCES u (id) ON DELETE NO ACTION)"),
     kWarning,
     "the reference of (m) is DEFERRABLE INITIALLY DEFERRED in t_v1 alone: old code that makes a row before the one"},
    {"reference_to_nothing_in_a_row",
     "CREATE TABLE u (id INTEGER PRIMARY KEY); CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, n INTEGER); INSERT INTO t_v1 "
     "VALUES (1, 9);",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, n INTEGER REFERENCES u (id))"), kRefusal,
     "(n) refers to no row of u, in 1 row, id = 1"},
    // Objects around them.
    {"index_on_a_dropped_column",
     "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER); CREATE INDEX i ON t_v1 (n);",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT)"), kRefusal, "the index i speaks of n"},
    {"view_of_a_renamed_column",
     "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER); CREATE VIEW v AS SELECT n FROM t_v1;",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT, m INTEGER)", [](auto& c) { c.rename = {{"n", "m"}}; }),
     kRefusal, "the view v speaks of n"},
    {"trigger_of_a_dropped_column",
     "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER);"
     "CREATE TRIGGER x AFTER UPDATE OF n ON t_v1 BEGIN SELECT NEW.n; END;",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT)"), kRefusal, "the trigger x speaks of n"},
    {"trigger_of_a_dropped_column_called_old",
     "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, old TEXT);"
     "CREATE TRIGGER x AFTER UPDATE ON t_v1 BEGIN SELECT OLD.name, new.old; END;",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT)"), kRefusal, "the trigger x speaks of old"},
    {"trigger_that_says_old_beside_a_dropped_column_called_so",
     "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, old TEXT, new TEXT);"
     "CREATE TRIGGER x AFTER UPDATE ON t_v1 BEGIN SELECT OLD.name, \"new\" . name; END;",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT)"), Finding::Severity::note,
     "the trigger x stays as it is while both live"},
    {"trigger_with_a_keyword_that_a_dropped_column_is_called",
     "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, before TEXT);"
     "CREATE TRIGGER x BEFORE UPDATE ON t_v1 BEGIN SELECT RAISE (ABORT, 'no'); END;",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT)"), Finding::Severity::note,
     "the trigger x stays as it is while both live"},
    {"trigger_with_another_tables_column_of_that_name",
     "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, guid TEXT, n INTEGER);"
     "CREATE TABLE u (guid TEXT UNIQUE, t INTEGER); CREATE TABLE gone (guid TEXT UNIQUE);"
     "CREATE TRIGGER x AFTER DELETE ON u BEGIN UPDATE t_v1 SET n = n - 1 WHERE id = OLD.t; "
     "INSERT INTO gone (guid) VALUES (OLD.guid) ON CONFLICT (guid) DO NOTHING; END;",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER)"), Finding::Severity::note,
     "the trigger x stays as it is while both live"},
    {"trigger_with_that_column_beside_another_tables",
     "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, guid TEXT); CREATE TABLE u (guid TEXT UNIQUE, t INTEGER);"
     "CREATE TRIGGER x AFTER DELETE ON u BEGIN DELETE FROM t_v1 WHERE guid = OLD.guid; END;",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT)"), kRefusal, "the trigger x speaks of guid"},
    {"view_with_another_tables_column_of_that_name",
     "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, code TEXT); CREATE TABLE u (t INTEGER, code TEXT);"
     "CREATE VIEW v AS SELECT name, u.code FROM t_v1 JOIN u ON u.t = t_v1.id;",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT)"), Finding::Severity::note,
     "the view v stays as it is while both live"},
    {"trigger_on_a_view_of_a_dropped_column",
     "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, code TEXT); CREATE VIEW v AS SELECT * FROM t_v1;"
     "CREATE TRIGGER x INSTEAD OF DELETE ON v BEGIN DELETE FROM t_v1 WHERE id = OLD.id AND OLD.code > ''; END;",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT)"), kRefusal, "the trigger x speaks of code"},
    {"index_with_a_function_that_a_dropped_column_is_called",
     "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, date TEXT); CREATE INDEX i ON t_v1 (date(name));",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT)"), Finding::Severity::note, "the index i is carried"},
    {"view_that_joins_by_what_both_have",
     "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER); CREATE TABLE u (id INTEGER, item TEXT);"
     "CREATE VIEW v AS SELECT item, name FROM u NATURAL JOIN t_v1;",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT, item TEXT)"), kWarning,
     "the view v says NATURAL JOIN: from `complete` on it joins by the columns that t_v2 shares with what it joins"},
    {"trigger_that_ignores_and_does_more",
     "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER); CREATE TABLE log (n);"
     "CREATE TRIGGER x BEFORE INSERT ON t_v1 BEGIN INSERT INTO log VALUES (1); SELECT RAISE (IGNORE) WHERE NEW.n < 0; "
     "END;",
     with(kSame), kRefusal, "changes something before for what it does not leave undone"},
    {"trigger_that_fails_after_a_change",
     "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER); CREATE TABLE log (n);"
     "CREATE TRIGGER x BEFORE INSERT ON t_v1 BEGIN INSERT INTO log VALUES (1); SELECT RAISE (FAIL, 'no') WHERE NEW.n < "
     "0; END;",
     with(kSame), kRefusal, "put RAISE first"},
    {"unique_over_an_expression_of_the_id",
     "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER); CREATE UNIQUE INDEX x ON t_v1 (id + n);",
     with(kSame, [](auto& c) { c.drop = {"x"}; }), kRefusal, "x is unique over an expression of id"},
    {"trigger_that_writes_before_what_may_replace",
     "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT UNIQUE, n INTEGER);"
     "CREATE TRIGGER y BEFORE INSERT ON t_v1 BEGIN SELECT 1; UPDATE OR IGNORE \"t_v1\" SET n = 1; END;",
     with(kSame), kWarning, "the trigger y writes to t_v1 before each row"},
    {"trigger_of_a_part_of_what_is_carried_together",
     "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER);"
     "CREATE UNIQUE INDEX x ON t_v1 (name) WHERE n IS NULL;"
     "CREATE TRIGGER y AFTER UPDATE OF name ON t_v1 BEGIN SELECT 1; END;",
     with(kSame), kWarning, "runs for an UPDATE of n by new code too"},
    {"trigger_that_fails_a_delete_where_replace_may_need_one",
     "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER);"
     "CREATE TRIGGER x AFTER DELETE ON t_v1 WHEN OLD.n = 1 BEGIN SELECT RAISE (FAIL, 'no'); END;",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT UNIQUE, n INTEGER)"), kRefusal, "say RAISE (ABORT)"},
    {"trigger_of_the_new_table_that_fails", kTable,
     with(kSame,
          [](auto& c) {
            c.create += "; CREATE TRIGGER x BEFORE INSERT ON t_v2 WHEN NEW.n < 0 BEGIN SELECT RAISE (FAIL, 'no'); END;";
          }),
     kRefusal, "say RAISE (ABORT)"},
    {"trigger_of_the_new_table_that_ignores", kTable,
     with(kSame,
          [](auto& c) { c.create += "; CREATE TRIGGER x BEFORE DELETE ON t_v2 BEGIN SELECT RAISE (IGNORE); END;"; }),
     kRefusal, "put it under `complete`"},
    {"trigger_that_ignores_by_a_dropped_column",
     "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER);"
     "CREATE TRIGGER x BEFORE INSERT ON t_v1 WHEN NEW.n < 0 BEGIN SELECT RAISE (IGNORE); END;",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT)", [](auto& c) { c.drop = {"x"}; }), kRefusal,
     "the trigger x speaks of n"},
    {"full_text_over_the_old",
     "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER);"
     "CREATE VIRTUAL TABLE f USING fts5 (name, content = 't_v1', content_rowid = 'id');",
     with(kSame), kRefusal, "the virtual table f reads its content from t_v1"},
    {"view_of_everything",
     "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER); CREATE VIEW v AS SELECT * FROM t_v1;",
     with(kSame), kWarning, "the view v says SELECT *"},
    {"trigger_elsewhere_that_inserts_by_position",
     "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER); CREATE TABLE o (x);"
     "CREATE TRIGGER tr AFTER INSERT ON o BEGIN SELECT 1; INSERT OR IGNORE INTO t_v1 VALUES (NULL, NEW.x, 1); END;",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, n INTEGER, name TEXT)"), kRefusal,
     "the trigger tr inserts into t_v1 by the order of its columns"},
    {"trigger_elsewhere_that_inserts_by_position_into_more_columns",
     "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER); CREATE TABLE o (x);"
     "CREATE TRIGGER tr AFTER INSERT ON o BEGIN INSERT INTO t_v1 SELECT NULL, NEW.x, 1; END;",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER, more)"), kRefusal,
     "the trigger tr inserts into t_v1 by the order of its columns"},
    {"trigger_that_selects_by_position",
     "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER); CREATE TABLE log (id, name, n);"
     "CREATE VIEW v AS SELECT t_v1.* FROM t_v1;"
     "CREATE TRIGGER tr AFTER INSERT ON t_v1 BEGIN INSERT INTO log SELECT * FROM v WHERE id = NEW.id; END;",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, n INTEGER, name TEXT)"), kRefusal,
     "the trigger tr takes the columns of t_v1 by their order"},
    {"view_that_selects_by_position",
     "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER); CREATE TABLE more (id, name, n);"
     "CREATE VIEW v AS SELECT * FROM more UNION ALL SELECT * FROM t_v1;",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, n INTEGER, name TEXT)"), kRefusal,
     "the view v takes the columns of t_v1 by their order"},
    {"view_that_names_the_columns_it_selects_by_position",
     "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER); CREATE VIEW v (a, b, c) AS SELECT * FROM t_v1;",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, n INTEGER, name TEXT)"), kRefusal,
     "the view v takes the columns of t_v1 by their order"},
    {"trigger_by_position_of_columns_that_are_where_they_were",
     "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER, g AS (n + 1)); CREATE TABLE o (x);"
     "CREATE TABLE log (id, name, n, g);"
     "CREATE TRIGGER tr AFTER INSERT ON o BEGIN INSERT INTO t_v1 VALUES (NULL, NEW.x, 1); INSERT INTO log SELECT * "
     "FROM t_v1; END;",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, title TEXT, n INTEGER UNIQUE, g AS (n + 1))",
          [](auto& c) { c.rename = {{"name", "title"}}; }),
     kWarning, "n"},
    {"trigger_that_names_columns_or_counts_rows",
     "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER); CREATE TABLE o (x);"
     "CREATE TRIGGER tr AFTER INSERT ON o BEGIN INSERT INTO t_v1 (n) SELECT count (*) FROM t_v1; UPDATE "
     "t_v1 SET n = n * 2 WHERE EXISTS (SELECT * FROM t_v1); END;",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, n INTEGER, name TEXT)"), Finding::Severity::note,
     "the trigger tr stays as it is"},
    {"view_over_a_view_of_everything",
     "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER); CREATE VIEW v AS SELECT * FROM t_v1;"
     "CREATE VIEW w AS SELECT n FROM v;",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT, m INTEGER)", [](auto& c) { c.rename = {{"n", "m"}}; }),
     kRefusal, "after complete, the view w would fail: no such column: n"},
    {"trigger_of_a_view_of_everything",
     "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER); CREATE VIEW v AS SELECT * FROM t_v1;"
     "CREATE TABLE log (x); CREATE TRIGGER x INSTEAD OF INSERT ON v BEGIN INSERT INTO log VALUES (NEW.n); END;",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT, m INTEGER)", [](auto& c) { c.rename = {{"n", "m"}}; }),
     kRefusal, "after complete, INSERT of the view v would fail"},
    {"complete_makes_what_is_there",
     "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER); CREATE TABLE o (x);",
     with(kSame, [](auto& c) { c.complete = "CREATE TABLE o (y)"; }), kRefusal, "table o already exists"},
    {"drop_of_nothing", kTable, with(kSame, [](auto& c) { c.drop = {"nothing"}; }), kWarning, "`drop` names nothing"},
    {"sync_is_no_trigger", kTable, with(kSame, [](auto& c) { c.sync = "CREATE INDEX i ON t_v2 (n)"; }), kRefusal,
     "`sync` may hold CREATE TRIGGER statements only"},
    {"complete_fails", kTable, with(kSame, [](auto& c) { c.complete = "CREATE VIEW v AS SELEC 1"; }), kRefusal,
     "this statement fails"},
    // Rows that do not fit.
    {"null_in_a_row", kRows, with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER NOT NULL)"),
     kRefusal, "n would be NULL, which t_v2 refuses, in 1 row, id = 2: correct"},
    {"repeated_in_rows",
     "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER);"
     "INSERT INTO t_v1 VALUES (1, 'a', 5), (2, 'A', NULL), (3, 'a', 7), (4, 'a', 7), (5, 'b', 7), (6, 'b', 7);",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT UNIQUE, n INTEGER)"), kRefusal,
     "(name) would not be unique in t_v2, in 5 rows, for instance id = 1 and id = 4: correct the rows"},
    {"repeated_but_for_case",
     "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT UNIQUE); INSERT INTO t_v1 VALUES (1, 'a'), (2, 'A');",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT COLLATE NOCASE UNIQUE)"), kRefusal,
     "(name) would not be unique in t_v2"},
    {"repeated_in_an_expression", kRows,
     with(std::string(kSame) + "; CREATE UNIQUE INDEX low ON t_v2 (lower(name), n > 1)"), kRefusal,
     "(lower(name), n > 1) would not be unique in t_v2, in 2 rows, for instance id = 1 and id = 3: correct"},
    {"repeated_in_an_expression_but_for_case",
     "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO t_v1 VALUES (1, ' a'), (2, 'A');",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT);"
          "CREATE UNIQUE INDEX trimmed ON t_v2 (trim(name) COLLATE NOCASE DESC)"),
     kRefusal, "(trim(name)) would not be unique in t_v2, in 2 rows, for instance id = 1 and id = 2"},
    {"repeated_where_a_partial_index_is", kRows,
     with(std::string(kSame) + "; CREATE UNIQUE INDEX some ON t_v2 (name) WHERE n > 0 OR id < 0"), kRefusal,
     "(name) would not be unique in t_v2 WHERE n > 0 OR id < 0, in 2 rows, for instance id = 1 and id = 3"},
    {"repeated_where_no_partial_index_is", kRows,
     with(std::string(kSame) + "; CREATE UNIQUE INDEX some ON t_v2 (name) WHERE n > 5"), kWarning,
     "only t_v2 demands unique (name)"},
    {"repeated_in_an_expression_of_what_is_computed", kRows,
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, code TEXT, n INTEGER, more TEXT DEFAULT 'm');"
          "CREATE UNIQUE INDEX coded ON t_v2 (upper(code || more))",
          [](auto& c) {
            c.up = {{"code", "'x' || name"}};
            c.down = {{"name", "substr(code, 2)"}};
          }),
     kRefusal, "(upper(code || more)) would not be unique in t_v2, in 3 rows, for instance id = 1 and id = 3"},
    {"repeated_in_what_sqlite_computes", kRows,
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER, tag TEXT AS ('#' || low) UNIQUE, low AS "
          "(lower(name)))"),
     kRefusal, "(tag) would not be unique in t_v2, in 3 rows, for instance id = 1 and id = 3: correct"},
    {"repeated_in_what_sqlite_computes_but_for_case", kRows,
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER, same TEXT COLLATE NOCASE AS (name));"
          "CREATE UNIQUE INDEX sames ON t_v2 (same) WHERE same = 'A'"),
     kRefusal, "(same) would not be unique in t_v2 WHERE same = 'A', in 3 rows, for instance id = 1 and id = 3"},
    {"null_in_what_sqlite_computes", kRows,
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER, more TEXT NOT NULL AS (n || '0'))"),
     kRefusal, "more would be NULL, which t_v2 refuses, in 1 row, id = 2"},
    {"null_that_sqlite_may_compute", "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT)",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT, low TEXT NOT NULL AS (lower(name)))"), kWarning,
     "only t_v2 demands CHECK (\"low\" IS NOT NULL): old code that writes otherwise gets an error"},
    {"type_of_what_sqlite_computes_is_refused", kRows,
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER, low INTEGER AS (lower(name))) STRICT"),
     kRefusal, "low would not be INTEGER, which STRICT refuses, in 3 rows"},
    {"reference_of_what_sqlite_computes",
     "CREATE TABLE p (x INTEGER PRIMARY KEY); CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, n INTEGER);"
     "INSERT INTO p VALUES (2); INSERT INTO t_v1 VALUES (1, 1), (2, 5)",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, n INTEGER, next INTEGER AS (n + 1) REFERENCES p (x))"), kRefusal,
     "(next) refers to no row of p, in 1 row, id = 2"},
    {"column_called_as_ours", kRows,
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER, offx_raw_g TEXT DEFAULT 'x', g TEXT AS "
          "(lower(name)) UNIQUE)"),
     kRefusal, "(g) would not be unique in t_v2, in 3 rows"},
    {"unique_that_compares_otherwise",
     "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT COLLATE NOCASE, n INTEGER);"
     "CREATE UNIQUE INDEX one ON t_v1 (iif(name = 'x', 1, n));",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER)"), kWarning,
     "t_v2 may tell other rows apart by unique (an expression) than t_v1"},
    {"check_of_what_sqlite_computes", kRows,
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER, more INTEGER AS (n || '0') STORED CHECK "
          "(more <> 50))"),
     kRefusal, "CHECK (more <> 50) would fail, in 1 row"},
    {"repeated_where_only_the_table_can_tell", kRows,
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER);"
          "CREATE UNIQUE INDEX some ON t_v2 (name) WHERE rowid > 1"),
     Finding::Severity::note, "not looked for beforehand: whether (name) would not be unique in t_v2 WHERE rowid > 1"},
    {"repeated_as_numbers",
     "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, n TEXT UNIQUE); INSERT INTO t_v1 VALUES (1, '1'), (2, '01'), (3, "
     "'x');",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, n INTEGER UNIQUE)"), kRefusal,
     "(n) would not be unique in t_v2, in 2 rows, for instance id = 1 and id = 2"},
    {"check_fails_for_a_row", kRows,
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER CHECK (n > 5))"), kRefusal,
     "CHECK (n > 5) would fail"},
    {"check_fails_for_a_text_that_becomes_a_number",
     "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, n TEXT); INSERT INTO t_v1 VALUES (1, '10'), (2, '7'), (3, '50');",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, n INTEGER CHECK (n < 11))"), kRefusal,
     "CHECK (n < 11) would fail, in 1 row, id = 3"},
    {"type_is_refused_for_a_row",
     "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, n TEXT); INSERT INTO t_v1 VALUES (1, 'five');",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, n INTEGER) STRICT"), kRefusal,
     "n would not be INTEGER, which STRICT refuses"},
    {"numbers_become_texts",
     "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, n); INSERT INTO t_v1 VALUES (1, 'five'), (2, 5);",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, n TEXT)"), kRefusal,
     "n would have another value in t_v2, as TEXT, in 1 row, id = 2"},
    {"text_of_infinity_is_no_number",
     "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, n REAL); INSERT INTO t_v1 VALUES (1, 0.5), (2, 9e999);",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, n TEXT)"), kRefusal,
     "n would have another value in t_v2, as TEXT, in 1 row, id = 2"},
    {"reals_have_fewer_digits",
     "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, n INTEGER); INSERT INTO t_v1 VALUES (1, 5), (2, 9007199254740993);",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, n REAL)"), kRefusal,
     "n would have another value in t_v2, as REAL, in 1 row, id = 2"},
    // What only one version demands.
    {"only_new_makes_texts_of_numbers", "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, n);",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, n TEXT)"), kWarning,
     "t_v2 makes another value of a number in n, as TEXT: old code that writes one gets an error while both live; "
     "CAST (n AS TEXT) under [table.up]"},
    {"only_old_makes_texts_of_numbers", "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, n VARCHAR (9));",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, n REAL)"), kWarning,
     "t_v1 makes another value of a number of more than 15 digits in n, as VARCHAR (9): new code"},
    {"only_new_is_strict", kTable, with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER) STRICT"),
     kWarning, "t_v2 is STRICT: old code"},
    {"only_old_is_strict", "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER) STRICT;", with(kSame),
     kWarning, "t_v1 is STRICT: new code"},
    {"only_new_checks", kTable, with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER CHECK (n > 0))"),
     kWarning, "only t_v2 demands CHECK (n > 0): old code"},
    {"only_old_checks", "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER CHECK (n > 0));", with(kSame),
     kWarning, "only t_v1 demands CHECK (n > 0): new code"},
    {"only_new_demands_not_null", kTable,
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER NOT NULL)"), kWarning,
     "only t_v2 demands NOT NULL of n: old code"},
    {"only_old_demands_not_null", "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER NOT NULL);",
     with(kSame), kWarning, "only t_v1 demands NOT NULL of n: new code"},
    {"only_new_is_unique", kTable, with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT UNIQUE, n INTEGER)"),
     kWarning, "only t_v2 demands unique (name)"},
    {"only_old_is_unique", "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT UNIQUE, n INTEGER);", with(kSame),
     kWarning, "only t_v1 demands unique (name)"},
    {"unique_but_for_case", "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT UNIQUE, n INTEGER);",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT COLLATE NOCASE UNIQUE, n INTEGER)"), kWarning,
     "only t_v2 demands unique (name COLLATE NOCASE)"},
    {"triggers_that_replace_sets_off",
     "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER);"
     "CREATE TRIGGER gone AFTER DELETE ON t_v1 BEGIN SELECT 1; END;",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT UNIQUE, n INTEGER)"), kWarning,
     "the trigger gone runs for rows too that new code replaces through a UNIQUE"},
    {"triggers_that_replace_sets_off_and_that_raise",
     "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER);"
     "CREATE TRIGGER stays BEFORE DELETE ON t_v1 BEGIN SELECT RAISE (IGNORE) WHERE OLD.n = 1; END;",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT UNIQUE, n INTEGER)"), kWarning,
     "runs no DELETE trigger, and where this one says RAISE the write is refused"},
    {"unique_constraints_in_another_order",
     "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT UNIQUE, n INTEGER UNIQUE);"
     "CREATE TABLE c (t REFERENCES t_v1); CREATE TRIGGER gone AFTER DELETE ON t_v1 BEGIN SELECT 1; END;",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, n INTEGER UNIQUE, name TEXT UNIQUE)"), kWarning,
     "and its UNIQUE constraints in another order: say them in the same one"},
    {"other_unique_constraints",
     "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT UNIQUE, n INTEGER UNIQUE);"
     "CREATE TABLE c (t REFERENCES t_v1); CREATE TRIGGER gone AFTER DELETE ON t_v1 BEGIN SELECT 1; END;",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, n INTEGER UNIQUE, name TEXT)"), kWarning,
     "as that has foreign keys and other UNIQUE constraints"},
    {"triggers_that_a_cascade_after_replace_sets_off",
     "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER REFERENCES t_v1 (id) ON DELETE CASCADE);"
     "CREATE TRIGGER gone AFTER DELETE ON t_v1 BEGIN SELECT 1; END;",
     with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER REFERENCES t_v2 (id) ON DELETE CASCADE)"),
     kWarning, "the trigger gone runs for rows too that new code replaces, if others"},
};

class PlanSays : public testing::TestWithParam<Case> {};

TEST_P(PlanSays, It) {
  const auto& its = GetParam();
  auto client = must(db::create_database_client(":memory:"));
  for (const auto statement : db::split_script(its.schema)) run(*client, statement);
  const auto before = ask(*client, "SELECT type, name, sql FROM sqlite_schema ORDER BY name");
  const auto migration = migration_of("m", {its.change});
  const auto plan = must(make_plan(*client, migration));
  std::string all;
  bool found = false;
  for (const auto& finding : plan.findings) {
    all += std::string(to_string(finding.severity)) + ": " + finding.message + "\n";
    found = found || (finding.severity == its.severity && finding.message.find(its.says) != std::string::npos);
  }
  EXPECT_TRUE(found) << all;
  EXPECT_EQ(plan.refused(), its.severity == kRefusal) << all;
  EXPECT_EQ(ask(*client, "SELECT type, name, sql FROM sqlite_schema ORDER BY name"), before);
  const auto started = start(*client, migration, {});
  ASSERT_EQ(started.has_value(), !plan.refused()) << error_of(started);
  if (!started) {
    EXPECT_EQ(started.error().code(), Errc::conflict);
    EXPECT_EQ(ask(*client, "SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE '%offx%' ORDER BY name"),
              before);
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, PlanSays, testing::ValuesIn(kCases),
                         [](const auto& its) { return std::string(its.param.name); });

/// `m.toml:LINE: ` of each refusal, in their order.
TEST(PlanRefuses, WithTheLineOfTheFile) {
  const auto lines = [](std::string_view file) {
    auto client = must(db::create_database_client(":memory:"));
    run(*client, "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER NOT NULL)");
    run(*client, "INSERT INTO t_v1 VALUES (1, NULL, 1), (2, NULL, 2)");
    std::string text;
    for (const auto& finding : must(make_plan(*client, must(parse_migration(file, "m.toml")))).findings) {
      if (finding.severity == kRefusal) text += std::to_string(finding.line) + " " + place_of(finding) + "\n";
    }
    return text;
  };
  constexpr std::string_view kTop = R"(name = "m"
[[table]]
from = "t_v1"
to = "t_v2"
create = """
CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT NOT NULL, n INTEGER NOT NULL)
"""
)";
  EXPECT_EQ(lines(std::string(kTop) + "rename = { nmae = \"name\" }\n[table.up]\n\nm = \"1\"\nn = \"random()\"\n"),
            "8 t_v1.nmae: \n11 t_v1.m: \n12 t_v1.n: \n5 t_v1.name: \n");
  EXPECT_EQ(lines(kTop), "2 t_v1.name: \n");
  EXPECT_EQ(lines(std::string(kTop) + "[table.up]\nname = \"trim(name)\"\n[table.down]\nname = \"name\"\n"),
            "9 t_v1.name: \n");
  EXPECT_EQ(lines(std::string(kTop) +
                  "[table.up]\nname = \"coalesce(nmae, '')\"\n[table.down]\nname = \"name\"\nn = \"(n\"\n"),
            "12 t_v1.n: \n9 t_v1.name: \n");
  constexpr std::string_view kJson = R"json({"name": "m", "table": [
    {"from": "t",
     "to": "t_v2", "create": "CREATE TABLE t_v2 (id)"}]})json";
  EXPECT_EQ(lines(kJson), "2 t: \n");
}

TEST(PlanRefuses, ATriggerThatLeavesWritesUndoneOnce) {
  auto client = must(db::create_database_client(":memory:"));
  run(*client, "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER)");
  run(*client, "CREATE TRIGGER x BEFORE INSERT ON t_v1 WHEN NEW.n < 0 BEGIN SELECT RAISE (IGNORE); END");
  auto change = with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT, m INTEGER)");
  change.rename = {{"n", "m"}};
  const auto refusals = [&] {
    std::vector<std::string> messages;
    for (const auto& finding : must(make_plan(*client, migration_of("m", {change}))).findings) {
      if (finding.severity == kRefusal) messages.push_back(finding.message);
    }
    return messages;
  };
  EXPECT_THAT(refusals(), testing::ElementsAre(HasSubstr("the trigger x speaks of n")));
  change.drop = {"x"};
  EXPECT_THAT(refusals(), testing::ElementsAre(testing::EndsWith("under `complete`, with the same name")));
}

TEST(PlanRefuses, ForAllReasonsAtOnce) {
  auto client = must(db::create_database_client(":memory:"));
  for (const auto* sql :
       {"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER)",
        "CREATE TRIGGER x AFTER INSERT ON t_v1 BEGIN SELECT NEW.n; END", "INSERT INTO t_v1 VALUES (1, NULL, 1)",
        "CREATE TABLE u_v1 (id INTEGER PRIMARY KEY, name TEXT)", "INSERT INTO u_v1 VALUES (1, 'a'), (2, 'a')",
        "CREATE TABLE w_v1 (id INTEGER PRIMARY KEY, name TEXT)"}) {
    run(*client, sql);
  }
  auto t = change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT NOT NULL, r REAL)");
  t.up = {{"r", "random()"}};
  auto w = change_of("w_v1", "w_v2", "CREATE TABLE w_v2 (id INTEGER PRIMARY KEY, name TEXT)");
  w.up = {{"name", "nmae"}};
  const auto plan = must(make_plan(
      *client,
      migration_of("m",
                   {t, w, change_of("u_v1", "u_v2", "CREATE TABLE u_v2 (id INTEGER PRIMARY KEY, name TEXT UNIQUE)"),
                    change_of("v_v1", "v_v2", "CREATE TABLE v_v2 (id INTEGER PRIMARY KEY)")})));
  std::vector<std::string> refusals;
  for (const auto& finding : plan.findings) {
    if (finding.severity == kRefusal) refusals.push_back(place_of(finding) + finding.message);
  }
  EXPECT_THAT(refusals, testing::UnorderedElementsAre(
                            HasSubstr("t_v1.r: up uses random,"), HasSubstr("t_v1.x: the trigger x speaks of n"),
                            HasSubstr("t_v1.name: name would be NULL"), HasSubstr("no such column: nmae"),
                            HasSubstr("u_v1.name: (name) would not be unique"), HasSubstr("there is no table v_v1")));
}

/// A column that can be added in place, and others whose addition SQLite refuses or that come with something else.
TEST(PlanAdvises, AlterTableWhereItWouldDoAndNowhereElse) {
  const char* const kOldTable = "(id INTEGER PRIMARY KEY, a TEXT, b INT CHECK (b > 0), g AS (a || b), UNIQUE (a, b))";
  const auto changed = [&](const char* what, const char* by) {
    std::string text = kOldTable;
    text.replace(text.find(what), std::strlen(what), by);
    return text;
  };
  const auto with_column = [&](const std::string& column) {
    return changed(", UNIQUE", (", " + column + ", UNIQUE").c_str());
  };
  std::vector<std::pair<std::string, std::string>> cases;  // the new table, the column if it can be added
  for (const auto* column : {"c", "c TEXT", "\"primary\" VARCHAR(20) COLLATE NOCASE", "c INTEGER NOT NULL DEFAULT -1",
                             "c TEXT DEFAULT 'x, (y)' NOT NULL", "c BOOLEAN DEFAULT NULL"}) {
    cases.emplace_back(with_column(column), column);
  }
  for (const auto* column :
       {"c UNIQUE", "c INTEGER NOT NULL", "c NOT NULL DEFAULT NULL", "c DEFAULT CURRENT_TIMESTAMP", "c DEFAULT (1 + 1)",
        "c REFERENCES t_v2", "c CHECK (c > 0)", "c AS (a) STORED", "c, CHECK (b < 9)", "c, UNIQUE (a)"}) {
    cases.emplace_back(with_column(column), "");
  }
  const auto and_c = [&](std::string table) { return table.replace(table.find(", UNIQUE"), 0, ", c"); };
  cases.emplace_back(and_c(changed("b > 0", "b > 1")), "");
  cases.emplace_back(and_c(changed("a || b", "b || a")), "");
  cases.emplace_back(and_c(changed("a TEXT", "a TEXT COLLATE NOCASE")), "");
  cases.emplace_back(and_c(changed("b INT", "b INT DEFAULT 1")), "");
  cases.emplace_back(and_c(changed("(a, b)", "(a, b) ON CONFLICT IGNORE")), "");
  cases.emplace_back(and_c(std::string(kOldTable) + " STRICT"), "");
  cases.emplace_back("(c, " + std::string(kOldTable).substr(1), "");
  for (const auto& [table, column] : cases) {
    SCOPED_TRACE(table);
    auto client = must(db::create_database_client(":memory:"));
    run(*client, "CREATE TABLE t_v1 " + std::string(kOldTable));
    run(*client, "INSERT INTO t_v1 VALUES (1, 'a', 1)");
    const auto plan =
        must(make_plan(*client, migration_of("m", {change_of("t_v1", "t_v2", "CREATE TABLE t_v2 " + table)})));
    const bool advised = std::any_of(plan.findings.begin(), plan.findings.end(), [](const Finding& finding) {
      return finding.message.find("ADD COLUMN") != std::string::npos;
    });
    EXPECT_EQ(advised, !column.empty());
    if (advised) must(client->execute("ALTER TABLE t_v1 ADD COLUMN " + column));
  }
}

/// Rows are not asked about what the old version demands of them already, nor by another collation than they will have.
TEST(PlanSaysNothing, OfRowsThatAnIndexFits) {
  auto client = must(db::create_database_client(":memory:"));
  for (const auto* sql :
       {"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT COLLATE NOCASE, n INTEGER, low AS (lower(name)))",
        "CREATE UNIQUE INDEX lows ON t_v1 (low) WHERE n > 5",
        "INSERT INTO t_v1 (name, n) VALUES ('a', 1), ('A', 1), ('b', 7)"}) {
    run(*client, sql);
  }
  auto change = change_of("t_v1", "t_v2",
                          "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT, m INTEGER, low AS (lower(name)));"
                          "CREATE UNIQUE INDEX lows_v2 ON t_v2 (low) WHERE m > 5;"
                          "CREATE UNIQUE INDEX only_a ON t_v2 (m) WHERE name = 'a'");
  change.rename = {{"n", "m"}};
  change.drop = {"lows"};
  const auto migration = migration_of("m", {change});
  for (const auto& finding : must(make_plan(*client, migration)).findings) {
    EXPECT_THAT(finding.message, testing::Not(HasSubstr("would not be unique")));
  }
  must(start(*client, migration, {}));
}

/// A CHECK looks at what the table stores.
TEST(PlanSaysNothing, OfRowsThatACheckFits) {
  auto client = must(db::create_database_client(":memory:"));
  run(*client, "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, n TEXT, code TEXT)");
  run(*client, "INSERT INTO t_v1 VALUES (1, '10', 'a7'), (2, '7', 'b12'), (3, NULL, NULL)");
  auto change =
      change_of("t_v1", "t_v2",
                "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, n INTEGER CHECK (n > 5), "
                "number INTEGER CHECK (number < '20'), letter TEXT, done INTEGER DEFAULT '0' CHECK (done IN (0, 1)), "
                "CHECK (typeof(n) IN ('integer', 'null')))");
  change.up = {{"number", "substr(code, 2)"}, {"letter", "substr(code, 1, 1)"}};
  change.down = {{"code", "letter || number"}};
  const auto migration = migration_of("m", {change});
  for (const auto& finding : must(make_plan(*client, migration)).findings) {
    EXPECT_THAT(finding.message, testing::Not(HasSubstr("would fail")));
  }
  must(start(*client, migration, {}));
}

/// Not every star is SELECT * of the table.
TEST(PlanSaysNothing, OfViewsWhoseColumnsStay) {
  auto client = must(db::create_database_client(":memory:"));
  for (const auto* sql : {"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, n INTEGER)",
                          "CREATE VIEW counted AS SELECT name, count(*) AS often, n * 2 FROM t_v1 GROUP BY name",
                          "CREATE VIEW listed AS WITH c AS (SELECT name FROM t_v1) SELECT * FROM c",
                          "CREATE VIEW shown AS SELECT u.*, n FROM t_v1 JOIN (SELECT 1 AS id) AS u USING (id)",
                          "CREATE VIEW all_of_it AS SELECT * FROM t_v1"}) {
    run(*client, sql);
  }
  std::string warned;
  for (const auto& finding : must(make_plan(*client, migration_of("m", {with(kSame)}))).findings) {
    if (finding.message.find("SELECT *") != std::string::npos) warned += finding.column + " ";
  }
  EXPECT_EQ(warned, "all_of_it ");
}

/// Of an expression that gives NULL for nothing, nobody has to hear what NULL would do.
TEST(PlanSaysNothing, OfWhatIsNeverNull) {
  auto client = must(db::create_database_client(":memory:"));
  run(*client, "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, a TEXT, n INTEGER)");
  const auto is_warned_of = [&](const std::string& expression) {
    const auto change =
        with("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, a TEXT, n INTEGER, c TEXT NOT NULL)", [&](auto& c) {
          c.up = {{"c", expression}};
          c.one_way = {"c"};
        });
    const auto findings = must(make_plan(*client, migration_of("m", {change}))).findings;
    return std::any_of(findings.begin(), findings.end(), [](const Finding& finding) {
      return finding.message.find("demands NOT NULL of c") != std::string::npos;
    });
  };
  for (const auto* never : {"CASE WHEN n = 1 THEN 'x' ELSE 'y' END",
                            "CASE n WHEN 0 THEN 0 WHEN (CASE a WHEN 1 THEN NULL END) THEN 1 ELSE 2 END",
                            "json_object('a', a, 'n', n)", "coalesce(a, '')"}) {
    EXPECT_FALSE(is_warned_of(never)) << never;
  }
  for (const auto* perhaps : {"CASE WHEN n = 1 THEN 'x' END", "CASE n WHEN 0 THEN a ELSE 'x' END",
                              "CASE n WHEN 0 THEN 'x' ELSE NULL END", "CASE n WHEN 0 THEN 'x' || a ELSE 'y' END",
                              "CASE WHEN n THEN 'x' ELSE 'y' END || a", "hex(a) || a", "upper(a)"}) {
    EXPECT_TRUE(is_warned_of(perhaps)) << perhaps;
  }
}

TEST(PlanRefuses, TablesThatReferToEachOtherInACircle) {
  auto client = must(db::create_database_client(":memory:"));
  run(*client, "CREATE TABLE a_v1 (id INTEGER PRIMARY KEY, b REFERENCES b_v1 (id))");
  run(*client, "CREATE TABLE b_v1 (id INTEGER PRIMARY KEY, a REFERENCES a_v1 (id))");
  const auto plan = must(make_plan(
      *client,
      migration_of("m",
                   {change_of("a_v1", "a_v2", "CREATE TABLE a_v2 (id INTEGER PRIMARY KEY, b REFERENCES b_v2 (id))"),
                    change_of("b_v1", "b_v2", "CREATE TABLE b_v2 (id INTEGER PRIMARY KEY, a REFERENCES a_v2 (id))")})));
  ASSERT_TRUE(plan.refused());
  EXPECT_THAT(plan.findings.front().message, HasSubstr("in a circle"));
}

TEST(PlanRefuses, ARowThatRefersToNothingThoughBothVersionsForbidIt) {
  auto client = must(db::create_database_client(":memory:"));
  for (const auto* sql : {"CREATE TABLE gone (id INTEGER PRIMARY KEY)", "INSERT INTO gone VALUES (1), (7)",
                          "CREATE TABLE a_v1 (id INTEGER PRIMARY KEY)", "INSERT INTO a_v1 VALUES (1)",
                          "CREATE TABLE b_v1 (id INTEGER PRIMARY KEY, a REFERENCES gone)",
                          "INSERT INTO b_v1 VALUES (1, NULL), (2, 1), (3, 7)"}) {
    run(*client, sql);
  }
  must(client->redirect_references(std::array{db::Redirect{"gone", "a_v1"}}, {}, {}));
  const auto plan = must(make_plan(
      *client,
      migration_of("m", {change_of("a_v1", "a_v2", "CREATE TABLE a_v2 (id INTEGER PRIMARY KEY)"),
                         change_of("b_v1", "b_v2", "CREATE TABLE b_v2 (id INTEGER PRIMARY KEY, a REFERENCES a_v2)")})));
  ASSERT_TRUE(plan.refused());
  EXPECT_THAT(plan.findings.front().message, HasSubstr("(a) refers to no row of a_v1, in 1 row, id = 3"));
}

/// Nothing under `up` changes a key.
TEST(PlanRefuses, ARowWithoutAKeyAndAdvisesNoUp) {
  auto client = must(db::create_database_client(":memory:"));
  run(*client, "CREATE TABLE t_v1 (code TEXT PRIMARY KEY, n)");
  run(*client, "INSERT INTO t_v1 VALUES (NULL, 1)");
  const auto plan = must(make_plan(
      *client, migration_of("m", {change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (code TEXT PRIMARY KEY, n)")})));
  ASSERT_TRUE(plan.refused());
  EXPECT_EQ(plan.findings.front().message, "the key is NULL, in 1 row, code = NULL: correct the rows");
}

TEST(PlanRefuses, AChildThatKeepsReferringToAnOldParent) {
  auto client = must(db::create_database_client(":memory:"));
  run(*client, "CREATE TABLE a_v1 (id INTEGER PRIMARY KEY)");
  run(*client, "CREATE TABLE b_v1 (id INTEGER PRIMARY KEY, a REFERENCES a_v1 (id))");
  const auto plan = must(make_plan(
      *client, migration_of("m", {change_of("a_v1", "a_v2", "CREATE TABLE a_v2 (id INTEGER PRIMARY KEY)"),
                                  change_of("b_v1", "b_v2",
                                            "CREATE TABLE b_v2 (id INTEGER PRIMARY KEY, a REFERENCES a_v1 (id))")})));
  ASSERT_TRUE(plan.refused());
  EXPECT_THAT(plan.findings.front().message, HasSubstr("refer to a_v2"));
}

}  // namespace
}  // namespace offx::migrate
