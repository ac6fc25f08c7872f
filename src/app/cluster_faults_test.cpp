// Servers that are killed again and again, or cut off from one another, while posts are stored and tables migrate:
// whatever was acknowledged is there, once. OFFX_KILLS=N for another number of kills, with what was measured on stdout.

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <thread>

#include <gtest/gtest.h>

#include "app/test_support.h"
#include "db/forwarding_client.h"
#include "db/test_servers.h"
#include "migrate/migrator.h"
#include "migrate/row_pages.h"
#include "migrate/schema.h"
#include "pipeline/import.h"
#include "store/posts.h"
#include "store/store.h"

namespace offx::app {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr auto kBackWithin = std::chrono::seconds(5);
constexpr auto kGiveUp = std::chrono::seconds(60);

int kills(int by_default) {
  const char* text = std::getenv("OFFX_KILLS");
  return text == nullptr ? by_default : std::max(1, std::atoi(text));
}

/// Tells when a write was acknowledged last, by when it had begun.
class Watched final : public db::ForwardingClient {
 public:
  Watched(std::unique_ptr<db::DatabaseClient> client, std::atomic<Clock::rep>& begun_of_acknowledged)
      : ForwardingClient(std::move(client)), begun_of_acknowledged_(begun_of_acknowledged) {}
  Result<std::vector<db::QueryResult>> batch(std::span<const db::Statement> statements, db::Mode mode) override {
    const auto begun = Clock::now().time_since_epoch().count();
    auto results = client().batch(statements, mode);
    auto seen = begun_of_acknowledged_.load();
    while (results && db::writes(mode) && seen < begun && !begun_of_acknowledged_.compare_exchange_weak(seen, begun)) {
    }
    return results;
  }

 private:
  std::atomic<Clock::rep>& begun_of_acknowledged_;
};

/// What goes on while servers are killed: imports, none of which may fail, and one migration after the other.
class Load {
 public:
  explicit Load(const std::string& url) : url_(url), client_(must(store::open(url))) {
    must(client_->execute("CREATE TABLE notes_v1 (id INTEGER PRIMARY KEY, body TEXT NOT NULL)"));
    must(
        client_->execute("INSERT INTO notes_v1 (id, body) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 "
                         "FROM n WHERE i < 2000) SELECT i, 'note ' || i FROM n"));
    for (int writer = 0; writer < kWriters; ++writer) threads_.emplace_back([this, writer] { keep_importing(writer); });
    threads_.emplace_back([this] { migrate(); });
  }
  ~Load() { stop(); }
  void stop() {
    stopping_ = true;
    for (auto& thread : threads_) thread.join();
    threads_.clear();
  }

  /// Returns while a migration is at work: when it has just made a step.
  void wait_for_migration() const {
    const auto give_up = Clock::now() + kGiveUp;
    for (const int before = migration_steps_; migration_steps_ == before;) {
      ASSERT_LT(Clock::now(), give_up) << "no migration goes on";
      std::this_thread::sleep_for(milliseconds(1));
    }
  }

  /// How long until a write is acknowledged that began after now.
  [[nodiscard]] milliseconds back_in() const {
    const auto now = Clock::now();
    while (begun_of_acknowledged_.load() < now.time_since_epoch().count() && Clock::now() - now < kGiveUp) {
      std::this_thread::sleep_for(milliseconds(2));
    }
    return std::chrono::duration_cast<milliseconds>(Clock::now() - now);
  }

  /// After stop().
  void expect_all_there_once() {
    auto client = must(db::create_database_client(url_));
    std::map<std::string, int> found;
    store::PostRepository posts(*client);
    std::size_t media = 0;
    must(posts.each([&](const store::Post& post) -> Result<void> {
      ++found[post.external_id];
      media += post.media.size();
      return {};
    }));
    int lost = 0;
    for (const auto& id : acknowledged_) lost += found.contains(id) ? 0 : 1;
    int doubled = static_cast<int>(media) - static_cast<int>(found.size());
    for (const auto& [id, times] : found) doubled += times - 1;
    EXPECT_EQ(lost, 0);
    EXPECT_EQ(doubled, 0);
    EXPECT_EQ(failure_, "");
    EXPECT_EQ(found.size(), acknowledged_.size());
    const auto rows = must(client->execute("SELECT count(*), sum(id) FROM " + notes()));
    EXPECT_EQ(db::to_integer(rows.row(0)[0]), 2000);
    EXPECT_EQ(db::to_integer(rows.row(0)[1]), 2000 * 2001 / 2);
    EXPECT_EQ(db::to_text(must(client->execute("SELECT body FROM " + notes() + " WHERE id = 1999")).row(0)[0]),
              "note 1999");
    expect_consistent(*client);
    std::printf("%zu posts acknowledged, %d lost, %d doubled; %d calls tried again; %d migrations\n",
                acknowledged_.size(), lost, doubled, outages_.load(), version_ - 1);
  }

 private:
  static constexpr int kWriters = 2;
  static constexpr int kPostsOfImport = 100;
  [[nodiscard]] std::string notes() const { return "notes_v" + std::to_string(version_); }

  void fails(const Error& error) {
    const std::lock_guard lock(mutex_);
    failure_ = error.to_string();
  }

  void keep_importing(int writer) {
    Watched client(must(db::create_database_client(url_)), begun_of_acknowledged_);
    const FixedClock clock;
    for (int first = 0; !stopping_; first += kPostsOfImport) {
      std::string lines;
      std::vector<std::string> ids;
      for (int number = first; number < first + kPostsOfImport; ++number) {
        const auto& id = ids.emplace_back("w" + std::to_string(writer) + "-" + std::to_string(number));
        lines += R"({"external_id":")" + id + R"(","content":"sqlite, the )" + std::to_string(number) +
                 R"(th time","platform":"x","created_at":"2026-03-01T08:00:00Z","media":["https://img.example/)" + id +
                 "\"]}\n";
      }
      pipeline::ImportOptions options;
      options.read.clock = &clock;
      pipeline::ImportCallbacks callbacks;
      callbacks.on_away = [this](const Error&) { ++outages_; };
      auto imported = pipeline::import_posts(client, {.name = "posts.jsonl", .bytes = lines}, options, callbacks);
      if (!imported) return fails(imported.error());
      if (imported->failure) return fails(*imported->failure);
      const std::lock_guard lock(mutex_);
      acknowledged_.insert(acknowledged_.end(), ids.begin(), ids.end());
    }
  }

  void migrate() {
    auto client = must(db::create_database_client(url_));
    const auto persistently = [&](auto call) {
      for (;;) {
        const auto done = call();
        if (done) return true;
        if (!done.error().retryable()) {
          fails(done.error());
          return false;
        }
        ++outages_;
        std::this_thread::sleep_for(milliseconds(20));
      }
    };
    while (!stopping_) {
      const auto next = "notes_v" + std::to_string(version_ + 1);
      migrate::Migration migration;
      migration.name = next;
      migrate::TableChange change;
      change.from = notes();
      change.to = next;
      change.create = "CREATE TABLE " + next + " (id INTEGER PRIMARY KEY, body TEXT NOT NULL)";
      migration.tables = {change};
      migrate::CompleteOptions options;
      options.max_chunk_rows = 100;
      options.progress = [&](const migrate::WorkState& state) {
        if (state.waits_for.empty()) ++migration_steps_;
        return true;
      };
      // What was lost in the middle of a step is soon taken up again, not after the ten seconds that are usual.
      options.lease_ttl = milliseconds(500);
      if (!persistently([&] { return migrate::start(*client, migration, options); })) return;
      if (!persistently([&]() -> Result<void> {
            auto done = migrate::complete(*client, next, options);
            // Completed by a call whose answer was lost.
            if (!done && done.error().code() == Errc::conflict) {
              OFFX_ASSIGN(const auto all, migrate::list_migrations(*client));
              if (all.back().phase == migrate::Phase::completed) return {};
            }
            return done;
          })) {
        return;
      }
      ++version_;
    }
  }

  const std::string url_;
  std::unique_ptr<db::DatabaseClient> client_;
  std::mutex mutex_;
  std::vector<std::string> acknowledged_;
  std::string failure_;
  std::atomic<Clock::rep> begun_of_acknowledged_ = 0;
  std::atomic<int> outages_ = 0;
  std::atomic<int> migration_steps_ = 0;
  int version_ = 1;
  std::atomic<bool> stopping_ = false;
  std::vector<std::thread> threads_;
};

/// What one node has, asked of nobody else.
class OneNode final : public db::ForwardingClient {
 public:
  explicit OneNode(const std::string& url) : ForwardingClient(must(db::create_database_client(url))) {}
  Result<db::QueryResult> execute(std::string_view sql, const db::Params& params) override {
    const db::Statement statement{sql, params};
    OFFX_ASSIGN(auto results, client().batch(std::span(&statement, 1), db::Mode::read_stale));
    return std::move(results[0]);
  }
  Result<std::vector<db::QueryResult>> batch(std::span<const db::Statement> statements, db::Mode /*mode*/) override {
    return client().batch(statements, db::Mode::read_stale);
  }
};

/// Table → hash of its rows, of the search index's own tables too.
Result<std::map<std::string, std::string>> hashes(db::DatabaseClient& client) {
  std::map<std::string, std::string> result;
  OFFX_ASSIGN(auto schema, migrate::Schema::read(client));
  for (const auto& object : schema.objects()) {
    if (object.type != "table") continue;
    OFFX_ASSIGN(const auto table, schema.table(object.name));
    if (table.kind == "virtual") continue;
    OFFX_ASSIGN(auto pages, migrate::RowPages::of(table));
    migrate::RowHash hash;
    std::vector<db::Value> low;
    for (;;) {
      OFFX_ASSIGN(const auto page, pages.after(client, low));
      if (page.rows == 0) break;
      hash.add(page.cells);
      low = page.key;
    }
    result[object.name] = hash.text();
  }
  return result;
}

/// Waits until all nodes have the same rows in every table: followers apply the last writes a moment later.
void expect_equal_nodes(const db::Rqlite& cluster) {
  const auto give_up = Clock::now() + std::chrono::seconds(20);
  std::vector<std::map<std::string, std::string>> of_nodes;
  do {
    of_nodes.clear();
    for (std::size_t i = 0; i < cluster.size(); ++i) {
      OneNode node(cluster.url_of(i));
      // One that was just started is still reading its log: it has not all tables yet.
      auto of_node = hashes(node);
      of_nodes.push_back(of_node ? std::move(*of_node) : std::map<std::string, std::string>());
    }
  } while ((of_nodes[0] != of_nodes[1] || of_nodes[1] != of_nodes[2]) && Clock::now() < give_up);
  EXPECT_EQ(of_nodes[0], of_nodes[1]);
  EXPECT_EQ(of_nodes[1], of_nodes[2]);
  EXPECT_GT(of_nodes[0].size(), 15U);
}

TEST(ClusterFaults, the_leader_of_three_rqlite_nodes_dies_under_load) {
  if (const auto missing = db::servers_missing(); !missing.empty()) GTEST_SKIP() << missing;
  db::Rqlite cluster(3);
  Load load(cluster.url("?timeout_ms=10000"));
  (void)load.back_in();
  for (int kill = 0; kill < kills(8); ++kill) {
    std::this_thread::sleep_for(milliseconds(500));
    load.wait_for_migration();
    const auto leader = cluster.leader();
    cluster.node(leader).kill();
    const auto back = load.back_in();
    std::printf("leader %zu killed: writes again after %lld ms\n", leader + 1, static_cast<long long>(back.count()));
    EXPECT_LT(back, kBackWithin);
    cluster.restart(leader);
  }
  load.stop();
  load.expect_all_there_once();
  expect_equal_nodes(cluster);
}

TEST(ClusterFaults, the_leader_of_three_rqlite_nodes_is_cut_off_under_load) {
  if (const auto missing = db::servers_missing(); !missing.empty()) GTEST_SKIP() << missing;
  db::Rqlite cluster(3, db::Network::can_be_cut);
  // What the old leader took and has not answered ends at the deadline, and is done again elsewhere.
  Load load(cluster.url("?timeout_ms=2500"));
  (void)load.back_in();
  for (const bool from_clients_too : {false, true}) {
    std::this_thread::sleep_for(milliseconds(500));
    load.wait_for_migration();
    const auto leader = cluster.leader();
    cluster.cut_off_from_nodes(leader);
    if (from_clients_too) cluster.cut_off_from_clients(leader);
    const auto back = load.back_in();
    std::printf("leader %zu cut off%s: writes again after %lld ms\n", leader + 1,
                from_clients_too ? " from clients too" : "", static_cast<long long>(back.count()));
    EXPECT_LT(back, kBackWithin);
    std::this_thread::sleep_for(milliseconds(2000));
    cluster.mend_network();
    cluster.wait_for(leader);
    (void)load.back_in();
  }
  load.stop();
  load.expect_all_there_once();
  expect_equal_nodes(cluster);
}

TEST(ClusterFaults, the_primary_of_libsql_dies_under_load) {
  if (const auto missing = db::servers_missing(); !missing.empty()) GTEST_SKIP() << missing;
  db::Sqld sqld;
  Load load(sqld.make_database() + "&timeout_ms=10000");
  (void)load.back_in();
  for (int kill = 0; kill < kills(15); ++kill) {
    std::this_thread::sleep_for(milliseconds(500));
    load.wait_for_migration();
    sqld.process().kill();
    sqld.start();
    const auto back = load.back_in();
    std::printf("primary killed and started: writes again after %lld ms\n", static_cast<long long>(back.count()));
    EXPECT_LT(back, kBackWithin);
  }
  load.stop();
  load.expect_all_there_once();
}

}  // namespace
}  // namespace offx::app
