#include <array>
#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/test_support.h"
#include "db/script.h"
#include "db/server_references.h"
#include "db/sqlite/engine.h"

namespace offx::db {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// redirect_references() on a file and in memory.
class RedirectReferences : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { client_ = must(sqlite::open(GetParam() == "memory" ? ":memory:" : folder_ / "a.db")); }

  void script(std::string_view sql) {
    for (const auto statement : split_script(sql)) must(client_->execute(statement), std::string(statement).c_str());
  }
  std::vector<std::string> lines(std::string_view sql) {
    const auto result = must(client_->execute(sql), std::string(sql).c_str());
    std::vector<std::string> lines;
    for (std::size_t i = 0; i < result.rows(); ++i) {
      std::string line;
      for (const auto& cell : result.row(i)) line += (line.empty() ? "" : "|") + to_text(cell);
      lines.push_back(std::move(line));
    }
    return lines;
  }
  /// Parent, columns and actions of every foreign key of `table`.
  std::vector<std::string> keys(std::string_view table) {
    return lines("SELECT \"table\", \"from\", \"to\", on_delete, on_update FROM pragma_foreign_key_list('" +
                 std::string(table) + "') ORDER BY id, seq");
  }
  std::vector<std::string> schema() { return lines("SELECT sql FROM sqlite_schema ORDER BY rowid"); }
  Result<void> redirect(std::string_view from, std::string_view to) {
    return redirect({{std::string(from), std::string(to)}});
  }
  Result<void> redirect(const std::vector<Redirect>& redirects) {
    return client_->redirect_references(redirects, {}, {});
  }

  TemporaryFolder folder_;
  std::unique_ptr<DatabaseClient> client_;
};

INSTANTIATE_TEST_SUITE_P(Sqlite, RedirectReferences, testing::Values("memory", "file"),
                         [](const auto& where) { return where.param; });

const std::array kFromFirstToSecond = {Redirect{"p1", "p2"}};

constexpr std::string_view kParents =
    "CREATE TABLE p1 (id INTEGER PRIMARY KEY, name TEXT);"
    "CREATE TABLE p2 (id INTEGER PRIMARY KEY, title TEXT);"
    "INSERT INTO p1 VALUES (1, 'a'), (2, 'b');"
    "INSERT INTO p2 VALUES (1, 'a'), (2, 'b');";

TEST(ServerReferences, a_key_of_the_table_needs_no_comma_before_it) {
  EXPECT_TRUE(has_key_of_table("CREATE TABLE c (p, UNIQUE (p) FOREIGN KEY (p) REFERENCES t (id))", "t"));
  EXPECT_TRUE(has_key_of_table(
      "CREATE TABLE c (p, q, FOREIGN KEY (p) REFERENCES s (id) FOREIGN KEY (q) REFERENCES \"T\" (id))", "t"));
  EXPECT_FALSE(has_key_of_table("CREATE TABLE c (p REFERENCES t, q, FOREIGN KEY (q) REFERENCES s (id))", "t"));
}

TEST_P(RedirectReferences, children_obey_the_new_parent_from_then_on) {
  script(kParents);
  script(
      "CREATE TABLE c (p REFERENCES p1 ON DELETE CASCADE);"
      "CREATE TABLE d (p INTEGER REFERENCES \"P1\" (id) ON DELETE SET NULL ON UPDATE CASCADE) STRICT;"
      "INSERT INTO c VALUES (1), (2); INSERT INTO d VALUES (1), (2);");
  must(redirect("p1", "p2"));
  EXPECT_THAT(keys("c"), ElementsAre("p2|p||CASCADE|NO ACTION"));
  EXPECT_THAT(keys("d"), ElementsAre("p2|p|id|SET NULL|CASCADE"));
  script("DELETE FROM p1");
  EXPECT_THAT(lines("SELECT p FROM c ORDER BY p"), ElementsAre("1", "2"));
  script("DELETE FROM p2 WHERE id = 1");
  EXPECT_THAT(lines("SELECT p FROM c ORDER BY p"), ElementsAre("2"));
  script("DELETE FROM c; UPDATE p2 SET id = 7 WHERE id = 2");
  EXPECT_THAT(lines("SELECT p FROM d ORDER BY p"), ElementsAre("", "7"));
  EXPECT_EQ(client_->execute("INSERT INTO d VALUES (3)").error().code(), Errc::conflict);
}

TEST_P(RedirectReferences, tables_that_are_left_out_go_on_referring_to_the_old_parent) {
  script(kParents);
  script(
      "CREATE TABLE c (p REFERENCES p1 (id));"
      "CREATE TABLE d (p REFERENCES p1 (name));");  // which p2 does not have
  must(redirect({{"p1", "p2", {"D"}}}));
  EXPECT_THAT(keys("c"), ElementsAre("p2|p|id|NO ACTION|NO ACTION"));
  EXPECT_THAT(keys("d"), ElementsAre("p1|p|name|NO ACTION|NO ACTION"));
}

TEST_P(RedirectReferences, composite_keys_and_odd_names_survive) {
  script(
      "CREATE TABLE \"old \"\"parent\"\" – v1\" (a, b, PRIMARY KEY (a, b)) WITHOUT ROWID;"
      "CREATE TABLE [new parent's] (a, b, c, PRIMARY KEY (a, b)) WITHOUT ROWID;"
      "CREATE TABLE \"select\" (\"x y\", z DEFAULT 'old \"\"parent\"\" – v1', other REFERENCES elsewhere, /* p1 */ "
      "CONSTRAINT \"fk 1\" FOREIGN KEY (\"x y\", z) REFERENCES `old \"parent\" – v1` (a, b) DEFERRABLE INITIALLY "
      "DEFERRED);"
      "CREATE TABLE elsewhere (id INTEGER PRIMARY KEY);");
  must(redirect("old \"parent\" – v1", "new parent's"));
  EXPECT_THAT(keys("select"),
              ElementsAre("new parent's|x y|a|NO ACTION|NO ACTION", "new parent's|z|b|NO ACTION|NO ACTION",
                          "elsewhere|other||NO ACTION|NO ACTION"));
  EXPECT_THAT(lines("SELECT sql FROM sqlite_schema WHERE name = 'select'"),
              ElementsAre("CREATE TABLE \"select\" (\"x y\", z DEFAULT 'old \"\"parent\"\" – v1', other REFERENCES "
                          "elsewhere, /* p1 */ CONSTRAINT \"fk 1\" FOREIGN KEY (\"x y\", z) REFERENCES "
                          "\"new parent's\" (a, b) DEFERRABLE INITIALLY DEFERRED)"));
}

TEST_P(RedirectReferences, references_to_itself_stay_and_those_of_the_new_table_become_its_own) {
  script(
      "CREATE TABLE p1 (id INTEGER PRIMARY KEY, up REFERENCES p1);"
      "CREATE TABLE p2 (id INTEGER PRIMARY KEY, up REFERENCES p1, CHECK (p2.id > 0));"
      "CREATE TABLE c (p REFERENCES p1, self REFERENCES c (p));");
  const auto old = lines("SELECT sql FROM sqlite_schema WHERE name = 'p1'");
  must(redirect("p1", "p2"));
  EXPECT_EQ(lines("SELECT sql FROM sqlite_schema WHERE name = 'p1'"), old);
  EXPECT_THAT(keys("p2"), ElementsAre("p2|up||NO ACTION|NO ACTION"));
  script("INSERT INTO p2 VALUES (1, NULL), (2, 1); INSERT INTO p1 VALUES (1, 1)");
}

TEST_P(RedirectReferences, nothing_else_in_the_schema_changes) {
  script(kParents);
  script(
      "CREATE TABLE c (id INTEGER PRIMARY KEY AUTOINCREMENT, p REFERENCES p1, g AS (p * 2) STORED);"
      "CREATE INDEX c_p ON c (p, lower(g)) WHERE p > 1;"
      "CREATE VIEW v AS SELECT p1.name, c.id FROM p1 JOIN c ON c.p = p1.id;"
      "CREATE VIEW dangling AS SELECT * FROM gone_long_ago;"
      "CREATE TRIGGER t AFTER INSERT ON c BEGIN UPDATE p1 SET name = 'seen' WHERE id = NEW.p; END;"
      "CREATE TRIGGER u AFTER UPDATE ON p1 BEGIN INSERT INTO p2 (title) VALUES (NEW.name); END;"
      "CREATE VIRTUAL TABLE f USING fts5 (body);");
  auto expected = schema();
  must(redirect("p1", "p2"));
  expected[2] = "CREATE TABLE c (id INTEGER PRIMARY KEY AUTOINCREMENT, p REFERENCES \"p2\", g AS (p * 2) STORED)";
  EXPECT_EQ(schema(), expected);
  script("INSERT INTO c (p) VALUES (2)");
  EXPECT_THAT(lines("SELECT name FROM v"), ElementsAre("seen"));
  EXPECT_THAT(lines("PRAGMA integrity_check"), ElementsAre("ok"));
}

TEST_P(RedirectReferences, what_runs_before_and_after_is_in_the_same_transaction) {
  script(kParents);
  script("CREATE TABLE c (p REFERENCES p1 ON DELETE CASCADE); INSERT INTO c VALUES (1), (2)");
  const auto before_all = schema();
  const std::vector<Statement> before = {{"CREATE TABLE noted (t)", {}}};
  std::vector<Statement> after = {
      {"INSERT INTO noted VALUES (?)", {"after"}}, {"DROP TABLE p1", {}}, {"INSERT INTO no_such_table VALUES (1)", {}}};
  const auto failed = client_->redirect_references(kFromFirstToSecond, before, after);
  ASSERT_FALSE(failed.has_value());
  EXPECT_THAT(failed.error().to_string(), HasSubstr("no_such_table"));
  EXPECT_EQ(schema(), before_all);
  EXPECT_THAT(keys("c"), ElementsAre("p1|p||CASCADE|NO ACTION"));
  EXPECT_EQ(client_->execute("INSERT INTO c VALUES (77)").error().code(), Errc::conflict) << "keys are enforced again";

  after.pop_back();
  must(client_->redirect_references(kFromFirstToSecond, before, after));
  EXPECT_THAT(lines("SELECT t FROM noted"), ElementsAre("after"));
  EXPECT_THAT(lines("SELECT p FROM c ORDER BY p"), ElementsAre("1", "2"));
  EXPECT_EQ(client_->execute("INSERT INTO c VALUES (77)").error().code(), Errc::conflict);
}

TEST_P(RedirectReferences, several_are_done_together_or_not_at_all) {
  script(kParents);
  script(
      "CREATE TABLE q1 (id INTEGER PRIMARY KEY, p REFERENCES p1); CREATE TABLE q2 (id INTEGER PRIMARY KEY, p "
      "REFERENCES "
      "p2); CREATE TABLE c (p REFERENCES p1 ON DELETE CASCADE, q REFERENCES q1, r REFERENCES p1);"
      "CREATE TABLE d (q REFERENCES q1); INSERT INTO q1 VALUES (1, 1); INSERT INTO q2 VALUES (1, 1);"
      "INSERT INTO c VALUES (1, 1, 2)");
  const auto before = schema();
  EXPECT_EQ(redirect({{"p1", "p2"}, {"q1", "gone"}}).error().code(), Errc::not_found);
  EXPECT_EQ(schema(), before);
  const std::vector<Redirect> both = {{"p1", "p2"}, {"q1", "q2"}};
  std::vector<std::string> by_servers;
  for (const auto& table : must(redirected_tables(*client_, both))) by_servers.push_back(table.sql);
  must(redirect(both));
  EXPECT_EQ(by_servers,
            lines("SELECT sql FROM sqlite_schema WHERE name IN ('q1', 'c', 'd') ORDER BY name = 'd', name"));
  EXPECT_THAT(keys("c"),
              ElementsAre("p2|r||NO ACTION|NO ACTION", "q2|q||NO ACTION|NO ACTION", "p2|p||CASCADE|NO ACTION"));
  EXPECT_THAT(keys("d"), ElementsAre("q2|q||NO ACTION|NO ACTION"));
  script("DELETE FROM p1; INSERT INTO c VALUES (2, 1, 1)");
  EXPECT_EQ(client_->execute("DELETE FROM q2").error().code(), Errc::conflict);
}

TEST_P(RedirectReferences, a_parent_that_does_not_fit_is_refused) {
  script(
      "CREATE TABLE p1 (id INTEGER PRIMARY KEY, code TEXT UNIQUE);"
      "CREATE TABLE p2 (id INTEGER PRIMARY KEY, code TEXT);"
      "CREATE TABLE c (code TEXT REFERENCES p1 (code));");
  const auto before = schema();
  const auto refused = redirect("p1", "p2");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), Errc::conflict);
  EXPECT_THAT(refused.error().message(), HasSubstr("unique"));
  EXPECT_EQ(schema(), before);
  EXPECT_EQ(redirect("p1", "p3").error().code(), Errc::not_found);
  EXPECT_EQ(redirect("p0", "p2").error().code(), Errc::not_found);
  script("CREATE UNIQUE INDEX p2_code ON p2 (code)");
  must(redirect("p1", "p2"));
}

TEST_P(RedirectReferences, the_schema_is_locked_again_afterwards) {
  script(kParents);
  script("CREATE TABLE c (p REFERENCES p1)");
  must(redirect("p1", "p2"));
  EXPECT_FALSE(client_->execute("UPDATE sqlite_schema SET sql = '' WHERE name = 'c'").has_value());
  must(redirect("p2", "p1"));
  EXPECT_THAT(keys("c"), ElementsAre("p1|p||NO ACTION|NO ACTION"));
}

TEST(RedirectReferencesOfAFile, other_connections_see_it_and_a_kill_in_the_middle_leaves_all_as_it_was) {
  TemporaryFolder folder;
  const std::string path = folder / "a.db";
  {
    auto client = must(sqlite::open(path));
    for (const auto statement : split_script(kParents)) must(client->execute(statement));
    must(client->execute("CREATE TABLE c (p REFERENCES p1 ON DELETE CASCADE)"));
    must(client->execute("INSERT INTO c VALUES (1), (2)"));
  }
  const pid_t child = fork();
  if (child == 0) {
    auto client = must(sqlite::open(path));
    const std::vector<Statement> endless = {
        {"INSERT INTO p1 (name) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE "
         "i < 0",
         {}}};
    (void)client->redirect_references(kFromFirstToSecond, {}, endless);
    _exit(0);
  }
  usleep(200'000);  // whenever the kill comes, it is before the end
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);

  auto other = must(sqlite::open(path));
  must(other->execute("DELETE FROM p1 WHERE id = 1"));
  EXPECT_EQ(must(other->execute("SELECT count(*) FROM c")).row(0)[0], Value{1});
  must(must(sqlite::open(path))->redirect_references(kFromFirstToSecond, {}, {}));
  must(other->execute("DELETE FROM p1"));
  EXPECT_EQ(must(other->execute("SELECT count(*) FROM c")).row(0)[0], Value{1});
  must(other->execute("DELETE FROM p2"));
  EXPECT_EQ(must(other->execute("SELECT count(*) FROM c")).row(0)[0], Value{0});
}

}  // namespace
}  // namespace offx::db
