#include "migrate/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/test_support.h"

namespace offx::migrate {
namespace {

using testing::Contains;
using testing::HasSubstr;

/// A shop's customers and their orders; customers get a next version.
CheckInput shop() {
  CheckInput input;
  input.schema = {
      "CREATE TABLE customers_v1 (id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT NOT NULL UNIQUE, name TEXT, "
      "country TEXT DEFAULT 'de', status TEXT NOT NULL DEFAULT 'new' CHECK (status IN ('new', 'good', 'bad')), fax "
      "TEXT)",
      "CREATE INDEX customers_by_country ON customers_v1 (country, name)",
      "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER NOT NULL REFERENCES customers_v1 (id) ON DELETE "
      "CASCADE, cents INTEGER NOT NULL CHECK (cents > 0), note TEXT)",
      "CREATE INDEX orders_by_customer ON orders (customer)",
  };
  Migration migration;
  migration.name = "customers_v2";
  TableChange change;
  change.from = "customers_v1";
  change.to = "customers_v2";
  change.create =
      "CREATE TABLE customers_v2 (id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT NOT NULL UNIQUE, full_name TEXT, "
      "country TEXT DEFAULT 'de', status TEXT NOT NULL DEFAULT 'new' CHECK (status IN ('new', 'good', 'bad')), "
      "is_active INTEGER NOT NULL DEFAULT 1)";
  change.rename = {{"name", "full_name"}};
  migration.tables = {change};
  input.migrations = {migration};
  input.old_code = must(parse_program(R"sql(
-- name: customers.get
-- args: [1]
SELECT id, email, name, country, status FROM customers_v1 WHERE id = ?1;
-- name: customers.of_country
SELECT id, email, name FROM customers_v1 WHERE country = ?1 ORDER BY name, id;
-- name: customers.spent
SELECT c.email, sum(o.cents) AS spent FROM customers_v1 AS c JOIN orders AS o ON o.customer = c.id GROUP BY c.id;
-- name: customers.add
INSERT INTO customers_v1 (email, name) VALUES (?1, ?2);
-- name: customers.rename
UPDATE customers_v1 SET name = ?2 WHERE id = ?1;
-- name: customers.put
INSERT INTO customers_v1 (email, name, country) VALUES (?1, ?2, 'fr')
ON CONFLICT (email) DO UPDATE SET name = excluded.name RETURNING id;
-- name: customers.fax
UPDATE customers_v1 SET fax = ?2 WHERE id = ?1;
-- name: customers.delete
DELETE FROM customers_v1 WHERE id = ?1;
-- name: orders.add
INSERT INTO orders (customer, cents, note) VALUES (?1, ?2, ?3);
)sql",
                                      "old.sql"));
  input.new_code = must(parse_program(R"sql(
-- name: customers.get
-- args: [1]
SELECT id, email, full_name AS name, country, status, is_active FROM customers_v2 WHERE id = ?1;
-- name: customers.of_country
SELECT id, email, full_name FROM customers_v2 WHERE country = ?1 ORDER BY full_name, id;
-- name: customers.spent
SELECT c.email, sum(o.cents) AS spent FROM customers_v2 AS c JOIN orders AS o ON o.customer = c.id GROUP BY c.id;
-- name: customers.add
INSERT INTO customers_v2 (email, full_name) VALUES (?1, ?2);
-- name: customers.rename
UPDATE customers_v2 SET full_name = ?2 WHERE id = ?1;
-- name: customers.switch
UPDATE customers_v2 SET is_active = 0 WHERE id = ?1;
-- name: customers.delete
DELETE FROM customers_v2 WHERE id = ?1;
-- name: orders.add
INSERT INTO orders (customer, cents, note) VALUES (?1, ?2, ?3);
)sql",
                                      "new.sql"));
  return input;
}

TableChange& change_of(CheckInput& input) { return input.migrations.front().tables.front(); }

void replace(std::string& text, const std::string& what, const std::string& by) {
  const auto at = text.find(what);
  ASSERT_NE(at, std::string::npos) << what;
  text.replace(at, what.size(), by);
}

/// Gives the statement of this name another text.
void say(Program& program, const std::string& name, const std::string& sql) {
  for (auto& statement : program.statements) {
    if (statement.name == name) statement.sql = sql;
  }
}

/// One line for each failure: `side statement [moments]: what`.
std::vector<std::string> failures_of(const CheckInput& input) {
  const auto report = check_compatibility(input);
  if (!report) return {"error: " + report.error().to_string()};
  std::vector<std::string> lines;
  for (const auto& failure : report->failures) {
    std::string moments;
    for (const auto& moment : failure.moments) moments += (moments.empty() ? "" : ", ") + moment;
    lines.push_back(failure.side + " " + failure.statement + " [" + moments + "]: " + failure.what);
  }
  return lines;
}

auto has(const std::string& side_and_name, const std::string& what) {
  return Contains(testing::AllOf(testing::StartsWith(side_and_name), HasSubstr(what)));
}

TEST(Check, AMigrationThatIsFinePasses) {
  const auto input = shop();
  EXPECT_THAT(failures_of(input), testing::IsEmpty());
  const auto report = must(check_compatibility(input));
  EXPECT_THAT(report.moments,
              testing::IsSupersetOf({"before", "expanded", "customers_v1 copied to 0 %", "customers_v1 copied to 50 %",
                                     "customers_v1 copied to 100 %", "both live", "completed",
                                     "rolled back from expanded", "rolled back from customers_v1 copied to 0 %",
                                     "rolled back from customers_v1 copied to 50 %",
                                     "rolled back from customers_v1 copied to 100 %", "rolled back from both live"}));
  EXPECT_GT(report.runs, 500);
  EXPECT_THAT(report.notes, testing::IsEmpty());
}

TEST(Check, OldStatementsAloneAreEnough) {
  auto input = shop();
  input.new_code = {};
  EXPECT_THAT(failures_of(input), testing::IsEmpty());
}

TEST(Check, FindsADroppedColumnThatIsStillUsed) {
  auto input = shop();
  say(input.new_code, "customers.switch", "UPDATE customers_v2 SET fax = NULL WHERE id = ?1");
  EXPECT_THAT(failures_of(input), has("new customers.switch", "no such column: fax"));
}

TEST(Check, FindsAColumnThatWasRenamedWithoutSayingSo) {
  auto input = shop();
  change_of(input).rename.clear();
  change_of(input).drop = {"customers_by_country"};
  const auto failures = failures_of(input);
  EXPECT_THAT(failures, has("new customers.get", "name: NULL, expected '"));
  EXPECT_THAT(failures, has("new customers.get", "of what new code wrote, old code reads something else"));
}

TEST(Check, FindsAnIndexThatIsGone) {
  auto input = shop();
  change_of(input).drop = {"customers_by_country"};
  EXPECT_THAT(failures_of(input), has("new customers.of_country [completed]",
                                      "`SCAN customers_v2`, where it was `SEARCH customers_v1 USING INDEX"));
}

TEST(Check, FindsAnIndexThatOnlySortsNoMore) {
  auto input = shop();
  change_of(input).create += "; CREATE INDEX customers_v2_by_country ON customers_v2 (country)";
  change_of(input).drop = {"customers_by_country"};
  EXPECT_THAT(failures_of(input), has("new customers.of_country", "sorts rows that came in order"));
}

TEST(Check, TakesARangeOfSeveralColumnsForTheRangeItIs) {
  auto input = shop();
  say(input.old_code, "customers.of_country",
      "SELECT id, email, name FROM customers_v1 WHERE country >= ?1 ORDER BY country, name, id");
  say(input.new_code, "customers.of_country",
      "SELECT id, email, full_name FROM customers_v2 WHERE (country, full_name) >= (?1, '') "
      "ORDER BY country, full_name, id");
  EXPECT_THAT(failures_of(input), testing::Not(has("new customers.of_country", "reads more")));
}

TEST(Check, FindsColumnsThatAStarReturnsNow) {
  auto input = shop();
  say(input.old_code, "customers.get", "SELECT * FROM customers_v1 WHERE id = ?1");
  say(input.new_code, "customers.get", "SELECT * FROM customers_v2 WHERE id = ?1");
  EXPECT_THAT(failures_of(input), has("new customers.get", "says * and returns the columns id, email, full_name"));
}

TEST(Check, FindsAnInsertByPosition) {
  auto input = shop();
  // The columns changed places, and their number is the same.
  auto& create = change_of(input).create;
  replace(create, "full_name TEXT, country TEXT DEFAULT 'de'", "country TEXT DEFAULT 'de', full_name TEXT");
  replace(create, "is_active INTEGER NOT NULL DEFAULT 1", "fax TEXT");
  const auto add = [](const std::string& table) {
    return "INSERT INTO " + table + " VALUES (NULL, ?1, ?2, 'it', 'good', NULL)";
  };
  say(input.old_code, "customers.add", add("customers_v1"));
  say(input.new_code, "customers.add", add("customers_v2"));
  say(input.new_code, "customers.get",
      "SELECT id, email, full_name AS name, country, status FROM customers_v2 WHERE id = ?1");
  say(input.new_code, "customers.switch", "UPDATE customers_v2 SET status = 'bad' WHERE id = ?1");
  EXPECT_THAT(failures_of(input), has("new customers.add", "leaves another customers_v1"));

  // And where the number is not: it cannot even be compiled.
  replace(create, "fax TEXT", "fax TEXT, phone TEXT");
  EXPECT_THAT(failures_of(input), has("new customers.add", "has 7 columns but 6 values were supplied"));
}

TEST(Check, FindsADefaultThatIsLost) {
  auto input = shop();
  replace(change_of(input).create, "country TEXT DEFAULT 'de'", "country TEXT");
  EXPECT_THAT(failures_of(input), has("new customers.add", "country: NULL, expected 'de'"));

  replace(change_of(input).create, "status TEXT NOT NULL DEFAULT 'new'", "status TEXT NOT NULL");
  EXPECT_THAT(failures_of(input), has("new customers.add", "NOT NULL constraint failed: customers_v2.status"));
}

TEST(Check, FindsAQueryThatReturnsOtherRows) {
  auto input = shop();
  say(input.new_code, "customers.spent",
      "SELECT c.email, sum(o.cents) AS spent FROM customers_v2 AS c LEFT JOIN orders AS o ON o.customer = c.id GROUP "
      "BY c.id");
  EXPECT_THAT(failures_of(input), has("new customers.spent", "expected"));
}

TEST(Check, FindsADoubleQuotedStringAndWhatElseCannotBeCompiled) {
  auto input = shop();
  say(input.old_code, "customers.fax", "UPDATE customers_v1 SET status = \"good\" WHERE id = ?1 AND fax = ?2");
  EXPECT_THAT(failures_of(input), has("old customers.fax [before", "no such column: \"good\""));
}

TEST(Check, FindsThatOnlyTheNewVersionRefusesWhatOldCodeWrites) {
  auto input = shop();
  replace(change_of(input).create, "status IN ('new', 'good', 'bad')", "status IN ('new', 'good')");
  input.old_code.statements.push_back(
      {"customers.judge", "UPDATE customers_v1 SET status = 'bad' WHERE id = ?1", {{1}}, true});
  const auto failures = failures_of(input);
  EXPECT_THAT(failures, has("old customers.judge", "fails: CHECK constraint failed"));
}

TEST(Check, FindsAViewWhoseColumnsChangeUnderNewCode) {
  auto input = shop();
  input.schema.emplace_back("CREATE VIEW everybody AS SELECT * FROM customers_v1");
  // Completing makes it a view over the new table; the name of a column would change for those who read it.
  change_of(input).complete = "CREATE VIEW everybody AS SELECT * FROM customers_v2";
  input.new_code.statements.push_back({"customers.everybody", "SELECT * FROM everybody ORDER BY id", {{}}, false});
  EXPECT_THAT(failures_of(input), has("new customers.everybody [both live", "returns the columns"));
}

TEST(Check, FindsWhatADatabaseOfTheNewVersionHasAndAMigratedOneLacks) {
  auto input = shop();
  input.new_schema = {change_of(input).create,
                      "CREATE INDEX customers_by_country_v2 ON customers_v2 (country, full_name)", input.schema[2],
                      input.schema[3], "CREATE TABLE returns_v1 (id INTEGER PRIMARY KEY, why TEXT)"};
  replace(input.new_schema[2], "customers_v1", "customers_v2");
  input.new_code.statements.push_back({"returns.add", "INSERT INTO returns_v1 (why) VALUES (?1)", {{"late"}}, true});
  EXPECT_THAT(failures_of(input), testing::IsEmpty());

  input.new_schema.emplace_back("CREATE INDEX active ON customers_v2 (is_active)");
  input.new_schema.emplace_back("CREATE TRIGGER t AFTER DELETE ON customers_v2 BEGIN SELECT 1; END");
  replace(input.new_schema[0], "is_active INTEGER NOT NULL DEFAULT 1", "is_active INTEGER NOT NULL DEFAULT 0");
  const auto failures = failures_of(input);
  EXPECT_THAT(failures, has("new", "customers_v2 lacks the index active over (is_active)"));
  EXPECT_THAT(failures, has("new", "a new database has the trigger t"));
  EXPECT_THAT(failures, has("new", "customers_v2 has other columns"));
}

TEST(Check, SaysWhenThereIsNothingToCheckOrThePlanIsRefused) {
  auto input = shop();
  change_of(input).create = "CREATE TABLE customers_v2 (oops";
  EXPECT_EQ(check_compatibility(input).error().code(), Errc::conflict);
  input = shop();
  input.old_code = {};
  EXPECT_EQ(check_compatibility(input).error().code(), Errc::invalid_argument);
  input = shop();
  input.schema = {"CREATE TABLE (oops"};
  EXPECT_EQ(check_compatibility(input).error().code(), Errc::invalid_argument);
  input = shop();
  input.progress = [](std::string_view moment) { return moment != "both live"; };
  EXPECT_EQ(check_compatibility(input).error().code(), Errc::cancelled);
}

}  // namespace
}  // namespace offx::migrate
