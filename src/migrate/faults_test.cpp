// A database whose n-th call fails, for n = 1, 2, … until nothing is left to fail: after each failure the version that
// counts is whole and writable, and doing the same again ends as if nothing had happened.

#include "db/test_faults.h"
#include "migrate/test_support.h"

namespace offx::migrate {
namespace {

using db::Fault;
using db::FaultyClient;

/// Two tables that refer to each other, a child of each outside, a view and a sequence.
Migration shop() {
  auto orders = change_of("orders_v1", "orders_v2",
                          "CREATE TABLE orders_v2 (id INTEGER PRIMARY KEY AUTOINCREMENT, customer TEXT NOT NULL, cents "
                          "INTEGER, state TEXT NOT NULL DEFAULT 'open')");
  orders.up = {{"cents", "euros * 100"}};
  orders.down = {{"euros", "cents / 100"}};
  auto items = change_of("items_v1", "items_v2",
                         "CREATE TABLE items_v2 (id INTEGER PRIMARY KEY, order_id INTEGER REFERENCES orders_v2 (id) ON "
                         "DELETE CASCADE, what TEXT UNIQUE); CREATE INDEX items_v2_order ON items_v2 (order_id)");
  items.rename = {{"name", "what"}};
  return migration_of("shop", {orders, items});
}

void make_shop(db::DatabaseClient& client) {
  for (const auto* sql :
       {"CREATE TABLE orders_v1 (id INTEGER PRIMARY KEY AUTOINCREMENT, customer TEXT NOT NULL, euros INTEGER)",
        "CREATE TABLE items_v1 (id INTEGER PRIMARY KEY, order_id INTEGER REFERENCES orders_v1 (id) ON DELETE CASCADE, "
        "name TEXT UNIQUE)",
        "CREATE TABLE letters (id INTEGER PRIMARY KEY, order_id INTEGER REFERENCES orders_v1 (id))",
        "CREATE TABLE labels (order_id INTEGER REFERENCES orders_v1 (id), item_id REFERENCES items_v1 (id))",
        "CREATE VIEW customers AS SELECT customer FROM orders_v1",
        "INSERT INTO orders_v1 (customer, euros) VALUES ('ann', 1), ('bo', 2), ('cy', 3), ('dee', 4)",
        "INSERT INTO items_v1 (order_id, name) VALUES (1, 'pen'), (2, 'ink'), (2, 'nib'), (4, 'pad')",
        "INSERT INTO letters (order_id) VALUES (3)", "DELETE FROM orders_v1 WHERE id = 4"}) {
    run(client, sql);
  }
}

/// One write of old code, or of new code, that has to work and to stay.
void write(db::DatabaseClient& client, bool by_new) {
  run(client, by_new ? "INSERT INTO orders_v2 (customer, cents) VALUES ('new', 550)"
                     : "INSERT INTO orders_v1 (customer, euros) VALUES ('old', 7)");
  run(client, by_new ? "UPDATE items_v2 SET what = what || '.' WHERE what LIKE 'pen%'"
                     : "UPDATE items_v1 SET name = name || ',' WHERE name LIKE 'pen%'");
}

/// What the tables of a version hold, apart from what it alone knows.
std::string facts(db::DatabaseClient& client, bool of_new) {
  return of_new ? ask(client, "SELECT group_concat(id || customer || (cents / 100)) FROM orders_v2") + " / " +
                      ask(client, "SELECT group_concat(id || order_id || what) FROM items_v2")
                : ask(client, "SELECT group_concat(id || customer || euros) FROM orders_v1") + " / " +
                      ask(client, "SELECT group_concat(id || order_id || name) FROM items_v1");
}

/// What the tables outside of the migration refer to.
std::string parents(db::DatabaseClient& client) {
  return ask(client,
             "SELECT t.name, k.\"table\" FROM sqlite_schema AS t, pragma_foreign_key_list(t.name) AS k "
             "WHERE t.name IN ('letters', 'labels') ORDER BY 1, 2");
}

std::string end_of(db::DatabaseClient& client) {
  return objects_in(client) + "\n" + parents(client) + "\n" + ask(client, "SELECT phase FROM offx_migrations") + "\n" +
         ask(client, "SELECT phase FROM offx_migration_tables") + "\n" +
         ask(client, "SELECT holder FROM offx_migration_lease") + "\n" +
         ask(client, "SELECT name, seq FROM sqlite_sequence WHERE name LIKE 'orders%' ORDER BY name") + "\n" +
         ask(client, "PRAGMA integrity_check") + ask(client, "PRAGMA foreign_key_check");
}

/// The phase a migration ends in, and the call that brings it there.
struct Way {
  const char* name;
  bool live_before;  ///< both versions live before the call
  bool new_counts;   ///< the new version is the one that counts after it
  Result<void> (*call)(db::DatabaseClient& client);
};

const Way kWays[] = {
    {"start", false, false,
     [](db::DatabaseClient& client) {
       WorkOptions options;
       options.max_chunk_rows = 2;
       return start(client, shop(), options);
     }},
    {"complete", true, true,
     [](db::DatabaseClient& client) {
       CompleteOptions options;
       options.max_chunk_rows = 2;
       return complete(client, "shop", options);
     }},
    {"complete, keeping the old", true, true,
     [](db::DatabaseClient& client) {
       CompleteOptions options;
       options.max_chunk_rows = 2;
       options.keep_old = true;
       return complete(client, "shop", options);
     }},
    {"roll_back", true, false,
     [](db::DatabaseClient& client) {
       RollbackOptions options;
       options.max_chunk_rows = 2;
       options.discard = true;
       return roll_back(client, "shop", options);
     }},
    {"roll_back, keeping the new", true, false,
     [](db::DatabaseClient& client) {
       RollbackOptions options;
       options.max_chunk_rows = 2;
       return roll_back(client, "shop", options);
     }},
};

class MigrationFaults : public testing::TestWithParam<std::tuple<std::size_t, Fault>> {};

TEST_P(MigrationFaults, AnyCallMayFail) {
  const auto& way = kWays[std::get<0>(GetParam())];
  const auto fault = std::get<1>(GetParam());
  const auto prepared = [&] {
    auto client = must(db::create_database_client(":memory:"));
    make_shop(*client);
    if (way.live_before) must(start(*client, shop(), {}));
    return client;
  };
  auto undisturbed = prepared();
  must(way.call(*undisturbed));
  const auto expected_end = end_of(*undisturbed);

  constexpr int kMost = 500;
  int nth = 1;
  for (; nth < kMost; ++nth) {
    SCOPED_TRACE(std::string(way.name) + ", call " + std::to_string(nth));
    auto client = prepared();
    FaultyClient faulty(*client, fault, nth, Errc::io);
    const auto disturbed = way.call(faulty);
    if (!faulty.failed()) break;
    if (disturbed.has_value()) {
      // Only the lease's return at the very end may go wrong unnoticed: it ends by its time.
      ASSERT_EQ(
          ask(*client, "SELECT count(*) FROM offx_migrations WHERE phase IN ('live', 'completed', 'rolled back')"),
          "1");
    }
    // Before the end is near, old code works; after, new code.
    const bool old_is_there =
        ask(*client, "SELECT count(*) FROM sqlite_schema WHERE name = 'orders_v1' AND type = 'table'") == "1";
    const auto phase = ask(*client, "SELECT phase FROM offx_migrations");
    const bool by_new = way.new_counts && (phase == "completing" || phase == "completed" || !old_is_there);
    ASSERT_EQ(parents(*client), old_is_there ? "labels|items_v1 labels|orders_v1 letters|orders_v1"
                                             : "labels|items_v2 labels|orders_v2 letters|orders_v2");
    const auto before = facts(*client, by_new);
    write(*client, by_new);
    const auto written = facts(*client, by_new);
    ASSERT_NE(before, written);
    if (way.live_before) {
      // What the version that leaves is told is done stands in the one that stays.
      const auto acknowledged = client->execute(by_new ? "INSERT INTO orders_v1 (customer, euros) VALUES ('old', 9)"
                                                       : "INSERT INTO orders_v2 (customer, cents) VALUES ('new', 950)");
      ASSERT_EQ(facts(*client, by_new) != written, acknowledged.has_value()) << phase;
      ASSERT_EQ(acknowledged.has_value(), phase == "live") << phase;
    }
    run(*client, "DELETE FROM orders_v" + std::string(by_new ? "2" : "1") + " WHERE customer IN ('old', 'new')");
    run(*client,
        by_new ? "UPDATE items_v2 SET what = rtrim(what, '.')" : "UPDATE items_v1 SET name = rtrim(name, ',')");
    ASSERT_EQ(facts(*client, by_new), before);
    run(*client, "UPDATE sqlite_sequence SET seq = 4 WHERE name LIKE 'orders%'");
    // What lost its lease's return would hold it for some seconds more.
    const bool has_lease =
        ask(*client, "SELECT count(*) FROM sqlite_schema WHERE name = 'offx_migration_lease'") == "1";
    if (has_lease) run(*client, "UPDATE offx_migration_lease SET holder = ''");

    const auto again = way.call(*client);
    if (!again) {
      // The migration may be done and only the answer lost.
      ASSERT_EQ(phase, "completed") << error_of(again);
    }
    ASSERT_EQ(end_of(*client), expected_end);
    ASSERT_EQ(facts(*client, way.new_counts), before);
    if (!way.live_before) {
      ASSERT_EQ(facts(*client, true), before);
    }
  }
  EXPECT_GT(nth, 10);
  EXPECT_LT(nth, kMost);
}

INSTANTIATE_TEST_SUITE_P(Ways, MigrationFaults,
                         testing::Combine(testing::Range<std::size_t>(0, std::size(kWays)),
                                          testing::Values(Fault::refused, Fault::lost)));

}  // namespace
}  // namespace offx::migrate
