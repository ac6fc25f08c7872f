#pragma once

#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "base/test_support.h"
#include "migrate/linted_client.h"
#include "migrate/migrator.h"
#include "migrate/plan.h"

namespace offx::migrate {

inline void run(db::DatabaseClient& client, std::string_view sql) {
  auto done = client.execute(sql);
  ASSERT_TRUE(done) << done.error().to_string() << "\n" << sql;
}

/// The first result, cells joined with `|`, rows with a blank; or the error.
inline std::string ask(db::DatabaseClient& client, std::string_view sql) {
  auto rows = client.execute(sql);
  if (!rows) return rows.error().to_string();
  std::string text;
  for (std::size_t i = 0; i < rows->rows(); ++i) {
    if (i > 0) text += ' ';
    for (std::size_t j = 0; j < rows->columns().size(); ++j) {
      text += (j > 0 ? "|" : "") + (db::is_null(rows->row(i)[j]) ? "-" : db::to_text(rows->row(i)[j]));
    }
  }
  return text;
}

/// Runs `sql` as another program does: nothing is taken back but what SQLite takes back. Gives the error, or nothing.
inline std::string run_elsewhere(const std::string& database, const std::string& sql) {
  sqlite3* connection = nullptr;
  std::string error;
  if (sqlite3_open(database.c_str(), &connection) != SQLITE_OK ||
      sqlite3_exec(connection, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    error = sqlite3_errmsg(connection);
  }
  sqlite3_close(connection);
  return error;
}

/// Everything in the schema that is not SQLite's or ours, by name.
inline std::string objects_in(db::DatabaseClient& client) {
  return ask(client,
             "SELECT group_concat(name, ' ') FROM (SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' "
             "ESCAPE '\\' AND (name NOT LIKE 'offx\\_%' ESCAPE '\\' OR name LIKE 'offx\\_sync%' ESCAPE '\\') "
             "ORDER BY name)");
}

inline Migration migration_of(std::string name, std::vector<TableChange> tables) {
  Migration migration;
  migration.name = std::move(name);
  migration.tables = std::move(tables);
  return migration;
}

inline TableChange change_of(std::string from, std::string to, std::string create) {
  TableChange change;
  change.from = std::move(from);
  change.to = std::move(to);
  change.create = std::move(create);
  return change;
}

inline std::string error_of(const Result<void>& result) { return result ? "" : result.error().to_string(); }

/// A test with a database file of its own.
class MigrationTest : public testing::Test {
 protected:
  void SetUp() override { client_ = linted(must(db::create_database_client(file()))); }

  void execute(std::initializer_list<std::string_view> statements) {
    for (const auto sql : statements) run(*client_, sql);
  }
  std::string asked(std::string_view sql) { return ask(*client_, sql); }
  [[nodiscard]] std::string file() const { return folder_ / "test.db"; }
  void begin(const Migration& migration) {
    const auto started = start(*client_, migration, {});
    ASSERT_TRUE(started) << error_of(started);
  }
  void end(std::string_view name) {
    const auto completed = complete(*client_, name, {});
    ASSERT_TRUE(completed) << error_of(completed);
  }
  void go_back(std::string_view name, bool discard = false) {
    RollbackOptions options;
    options.discard = discard;
    const auto back = roll_back(*client_, name, options);
    ASSERT_TRUE(back) << error_of(back);
  }
  void expect_alike(std::string_view name) { EXPECT_EQ(must(verify(*client_, name, {})).differences_total, 0); }

  TemporaryFolder folder_;
  std::unique_ptr<db::DatabaseClient> client_;
};

}  // namespace offx::migrate
