// Migrations on libSQL and rqlite while programs of both releases write.

#include <array>
#include <atomic>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/test_support.h"
#include "db/test_servers.h"
#include "migrate/linted_client.h"
#include "migrate/migrator.h"
#include "migrate/plan.h"

namespace offx::migrate {
namespace {

using db::to_integer;
using db::to_text;
using testing::HasSubstr;

Migration shelves() {
  return must(parse_migration(R"toml(
name = "shelves_v2"
[[table]]
from = "authors_v1"
to = "authors_v2"
create = "CREATE TABLE authors_v2 (id INTEGER PRIMARY KEY AUTOINCREMENT, full_name TEXT NOT NULL, rank INTEGER NOT NULL DEFAULT 0)"
[table.rename]
name = "full_name"
[[table]]
from = "books_v1"
to = "books_v2"
create = "CREATE TABLE books_v2 (id INTEGER PRIMARY KEY, author_id INTEGER NOT NULL REFERENCES authors_v2 (id), title TEXT NOT NULL)"
)toml",
                              "shelves_v2.toml"));
}

/// One program: adds an author with a book, changes and deletes, until it is stopped. Every write may be repeated.
class Writer {
 public:
  Writer(std::string url, std::string version, std::int64_t first)
      : client_(must(db::create_database_client(url))), version_(std::move(version)), next_(first) {
    thread_ = std::thread([this] { work(); });
  }
  ~Writer() { stop(); }
  void stop() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
  }
  [[nodiscard]] std::vector<std::int64_t> kept() const { return kept_; }  ///< after stop()
  [[nodiscard]] std::string failure() const { return failure_; }
  [[nodiscard]] int writes() const { return writes_; }

 private:
  void work() {
    const std::string name = version_ == "v1" ? "name" : "full_name";
    const std::string add = "INSERT INTO authors_" + version_ + " (id, " + name +
                            ") VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET " + name + " = excluded." + name;
    const std::string add_book = "INSERT INTO books_" + version_ +
                                 " (id, author_id, title) VALUES (?1, ?2, ?3) ON CONFLICT (id) DO UPDATE SET title = "
                                 "excluded.title";
    const std::string change = "UPDATE authors_" + version_ + " SET " + name + " = ?2 WHERE id = ?1";
    const std::string remove = "DELETE FROM books_" + version_ + " WHERE author_id = ?1";
    while (!stopping_) {
      const auto id = next_++;
      const std::vector<db::Statement> statements = {{add, {id, "first"}},
                                                     {add_book, {id, id, "book " + std::to_string(id)}},
                                                     {change, {id, version_ + " " + std::to_string(id)}}};
      if (!write(statements)) return;
      if (id % 3 == 0) {
        if (!write({{remove, {id}}})) return;
      } else {
        kept_.push_back(id);
      }
    }
  }
  bool write(const std::vector<db::Statement>& statements) {
    for (int attempt = 0;; ++attempt) {
      const auto done = client_->batch(statements, db::Mode::write);
      if (done) {
        ++writes_;
        return true;
      }
      if (attempt < 50 && done.error().retryable()) continue;
      failure_ = done.error().to_string();
      return false;
    }
  }

  std::unique_ptr<db::DatabaseClient> client_;
  const std::string version_;
  std::int64_t next_;
  std::vector<std::int64_t> kept_;
  std::string failure_;
  std::atomic<int> writes_ = 0;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

class OnServers : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (const auto missing = db::servers_missing(); !missing.empty()) GTEST_SKIP() << missing;
    url_ = db::empty_database_on(GetParam());
    client_ = linted(must(db::create_database_client(url_)));
    const std::vector<db::Statement> statements = {
        {"CREATE TABLE authors_v1 (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL)", {}},
        {"CREATE TABLE books_v1 (id INTEGER PRIMARY KEY, author_id INTEGER NOT NULL REFERENCES authors_v1 (id), "
         "title TEXT NOT NULL)",
         {}},
        {"INSERT INTO authors_v1 (id, name) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
         "WHERE i < 3000) SELECT i, 'author ' || i FROM n",
         {}},
        {"INSERT INTO books_v1 (id, author_id, title) SELECT id, id, 'book ' || id FROM authors_v1", {}}};
    must(client_->batch(statements, db::Mode::write));
  }

  std::int64_t count(const std::string& sql) { return to_integer(must(client_->execute(sql), sql.c_str()).row(0)[0]); }
  /// Everything a writer was told is done stands once in `authors` and once in `books`.
  void expect_kept(const Writer& writer, const std::string& version, const std::string& by) {
    const std::string name = version == "v1" ? "name" : "full_name";
    EXPECT_EQ(writer.failure(), "");
    EXPECT_GT(writer.writes(), 5);
    for (const auto id : writer.kept()) {
      const auto rows =
          must(client_->execute("SELECT a." + name + ", b.title FROM authors_" + version + " AS a JOIN books_" +
                                    version + " AS b ON b.author_id = a.id WHERE a.id = ?1",
                                {id}));
      ASSERT_EQ(rows.rows(), 1U) << id;
      ASSERT_EQ(to_text(rows.row(0)[0]), by + " " + std::to_string(id));
    }
  }

  std::string url_;
  std::unique_ptr<db::DatabaseClient> client_;
};

TEST_P(OnServers, a_migration_runs_under_write_load) {
  const auto migration = shelves();
  Writer old_writer(url_, "v1", 10'000);
  EXPECT_FALSE(must(make_plan(*client_, migration)).refused());
  // Chunks of a few rows, so that writers come between them.
  must(start(*client_, migration, {.max_chunk_rows = 500}));
  {
    Writer new_writer(url_, "v2", 20'000);
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    EXPECT_EQ(must(verify(*client_, "shelves_v2", {})).differences_total, 0);
    new_writer.stop();
    expect_kept(new_writer, "v1", "v2");
    must(roll_back(*client_, "shelves_v2", {.discard = true}));
  }
  auto again = migration;
  again.name = "shelves_v2_again";
  must(start(*client_, again, {}));
  Writer new_writer(url_, "v2", 30'000);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_EQ(must(verify(*client_, again.name, {})).differences_total, 0);
  old_writer.stop();  // the old release is gone; the new one goes on writing
  CompleteOptions stopping;
  stopping.max_chunk_rows = 500;
  stopping.progress = [](const WorkState& state) { return !state.what.starts_with("remove"); };
  EXPECT_EQ(complete(*client_, again.name, stopping).error().code(), Errc::cancelled);
  // What leaves is found by nobody any more: a write to it is not told done, to go with the table.
  EXPECT_FALSE(client_->execute("INSERT INTO authors_v1 (id, name) VALUES (90000, 'late')").has_value());
  must(complete(*client_, again.name, {}));
  new_writer.stop();

  expect_kept(old_writer, "v2", "v1");
  expect_kept(new_writer, "v2", "v2");
  EXPECT_EQ(count("SELECT count(*) FROM sqlite_schema WHERE name IN ('authors_v1', 'books_v1') OR type = 'trigger'"),
            0);
  EXPECT_EQ(count("SELECT count(*) FROM books_v2 WHERE id <= 3000"), 3000);
  EXPECT_EQ(count("SELECT count(*) FROM books_v2 WHERE author_id NOT IN (SELECT id FROM authors_v2)"), 0);
}

TEST_P(OnServers, tables_outside_that_refer_to_the_old_one_refer_to_the_new_one_in_the_end) {
  auto migration = shelves();
  migration.tables.pop_back();  // the books go on referring to authors_v1
  must(
      client_->execute("CREATE TABLE prizes (author_id INTEGER PRIMARY KEY REFERENCES \"authors_v1\" ON DELETE CASCADE "
                       "CHECK (author_id > 0), \"authors_v1\" TEXT DEFAULT 'authors_v1, (x')"));
  must(client_->execute("INSERT INTO prizes (author_id) VALUES (1), (2)"));
  const auto plan = must(make_plan(*client_, migration));
  for (const auto& finding : plan.findings) EXPECT_EQ(finding.severity, Finding::Severity::note) << finding.message;
  must(start(*client_, migration, {}));
  must(complete(*client_, migration.name, {}));
  EXPECT_EQ(count("SELECT count(*) FROM pragma_foreign_key_list('books_v1') WHERE \"table\" = 'authors_v2'"), 1);
  EXPECT_EQ(count("SELECT count(*) FROM books_v1"), 3000);
  EXPECT_EQ(count("SELECT count(*) FROM prizes WHERE authors_v1 = 'authors_v1, (x'"), 2);
  EXPECT_FALSE(client_->execute("INSERT INTO books_v1 (id, author_id, title) VALUES (9000, 9000, 'x')").has_value());
  EXPECT_FALSE(client_->execute("DELETE FROM authors_v2 WHERE id = 3").has_value());
  must(client_->execute("DELETE FROM books_v1 WHERE author_id = 1"));
  must(client_->execute("DELETE FROM authors_v2 WHERE id = 1"));
  EXPECT_EQ(count("SELECT count(*) FROM prizes"), 1);
  EXPECT_EQ(must(find_drift(*client_)).size(), 0U);
  // What comes next clears the newest first, which these refer to.
  for (const auto* table : {"prizes", "books_v1"}) must(client_->execute(std::string("DROP TABLE ") + table));
}

TEST_P(OnServers, what_refers_to_several_old_ones_refers_to_all_new_ones_at_once) {
  must(
      client_->execute("CREATE TABLE loans (book_id INTEGER PRIMARY KEY REFERENCES books_v1 (id) ON DELETE CASCADE, "
                       "author_id INTEGER REFERENCES authors_v1 (id))"));
  must(client_->execute("INSERT INTO loans VALUES (1, 1), (2, 2)"));
  must(start(*client_, shelves(), {}));
  must(complete(*client_, "shelves_v2", {}));
  EXPECT_EQ(
      count("SELECT count(*) FROM pragma_foreign_key_list('loans') WHERE \"table\" IN ('authors_v2', 'books_v2')"), 2);
  EXPECT_FALSE(client_->execute("INSERT INTO loans VALUES (3, 9000)").has_value());
  must(client_->execute("DELETE FROM books_v2 WHERE id = 1"));
  EXPECT_EQ(count("SELECT count(*) FROM loans"), 1);
  must(client_->execute("DROP TABLE loans"));
}

TEST_P(OnServers, what_refers_and_is_changed_at_the_same_moment_is_not_written_over) {
  if (GetParam() == "sqld") GTEST_SKIP() << "libSQL changes single columns";
  for (const auto* sql : {"CREATE TABLE p1 (id INTEGER PRIMARY KEY)", "CREATE TABLE p2 (id INTEGER PRIMARY KEY)",
                          "CREATE TABLE c (p REFERENCES p1 (id))"}) {
    must(client_->execute(sql));
  }
  const std::array<db::Statement, 1> meanwhile = {{{"ALTER TABLE c ADD COLUMN more", {}}}};
  EXPECT_EQ(client_->redirect_references(std::array{db::Redirect{"p1", "p2"}}, meanwhile, {}).error().code(),
            Errc::conflict);
  EXPECT_EQ(count("SELECT count(*) FROM pragma_foreign_key_list('c') WHERE \"table\" = 'p1'"), 1);
  EXPECT_EQ(count("SELECT count(*) FROM pragma_table_info('c')"), 1);
}

TEST_P(OnServers, a_plan_says_what_the_engine_cannot_do) {
  auto migration = shelves();
  migration.tables.pop_back();
  must(client_->execute(
      "CREATE TABLE pages (id INTEGER PRIMARY KEY, author_id INTEGER, FOREIGN KEY (author_id) REFERENCES "
      "authors_v1 (id))"));
  const auto plan = must(make_plan(*client_, migration));
  std::string warnings;
  for (const auto& finding : plan.findings) {
    if (finding.severity == Finding::Severity::warning) warnings += finding.message + "\n";
  }
  EXPECT_FALSE(plan.refused()) << "both versions can live";
  must(start(*client_, migration, {}));
  const auto completed = complete(*client_, migration.name, {});
  if (GetParam() == "rqlite") {
    EXPECT_EQ(warnings, "");
    EXPECT_TRUE(completed) << completed.error().to_string();
    EXPECT_FALSE(client_->execute("INSERT INTO pages VALUES (1, 9000)").has_value());
    for (const auto* table : {"pages", "books_v1"}) must(client_->execute(std::string("DROP TABLE ") + table));
  } else {
    EXPECT_THAT(warnings, HasSubstr("pages refers to authors_v1"));
    ASSERT_FALSE(completed);
    EXPECT_EQ(completed.error().code(), Errc::unsupported);
    EXPECT_EQ(must(list_migrations(*client_)).front().phase, Phase::live);
    // The way out that it names.
    Migration pages;
    pages.name = "pages_v2";
    pages.tables.emplace_back();
    pages.tables[0].from = "pages";
    pages.tables[0].to = "pages_v2";
    pages.tables[0].create =
        "CREATE TABLE pages_v2 (id INTEGER PRIMARY KEY, author_id INTEGER, FOREIGN KEY (author_id) REFERENCES "
        "authors_v2 (id))";
    must(start(*client_, pages, {}));
    must(complete(*client_, pages.name, {}));
    must(complete(*client_, migration.name, {}));
    EXPECT_FALSE(client_->execute("INSERT INTO pages_v2 VALUES (1, 9000)").has_value());
  }
}

TEST_P(OnServers, where_nodes_run_statements_again_no_default_and_no_trigger_may_ask_the_clock) {
  for (const char* column : {"made TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP", "dice DEFAULT (random())"}) {
    auto migration = shelves();
    auto& create = migration.tables[0].create;
    create.insert(create.rfind(')'), std::string(", ") + column);
    const auto plan = must(make_plan(*client_, migration));
    EXPECT_EQ(plan.refused(), GetParam() == "rqlite") << column;
  }
  auto migration = shelves();
  migration.tables[0].create +=
      ";\nCREATE TRIGGER authors_v2_touched AFTER UPDATE ON authors_v2 BEGIN "
      "UPDATE authors_v2 SET rank = strftime('%s') WHERE id = NEW.id; END";
  EXPECT_EQ(must(make_plan(*client_, migration)).refused(), GetParam() == "rqlite");
}

INSTANTIATE_TEST_SUITE_P(Engines, OnServers, testing::Values("sqld", "rqlite"),
                         [](const auto& tested) { return tested.param; });

}  // namespace
}  // namespace offx::migrate
