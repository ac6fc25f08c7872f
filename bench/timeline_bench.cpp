// Pages of the timeline inside the process, beside the same rows read by a bare prepared statement.
//
//     OFFX_BENCH_DB=filled.db timeline_bench [Google Benchmark's options]

#include <cstdio>
#include <cstdlib>

#include <benchmark/benchmark.h>
#include <sqlite3.h>

#include "store/posts.h"
#include "store/store.h"

namespace {

using namespace offx;

struct Fixture {
  std::unique_ptr<db::DatabaseClient> client;
  std::int64_t topic_id = 0;
  std::string path;
};

Fixture& fixture() {
  static Fixture fixture = [] {
    const char* path = std::getenv("OFFX_BENCH_DB");
    if (path == nullptr) {
      std::fprintf(stderr, "timeline_bench: OFFX_BENCH_DB names no database\n");
      std::exit(2);
    }
    auto client = store::open(path);
    if (!client) {
      std::fprintf(stderr, "timeline_bench: %s\n", client.error().to_string().c_str());
      std::exit(1);
    }
    Fixture made{std::move(*client), 0, path};
    std::int64_t most = -1;
    if (const auto counts = store::TopicRepository(*made.client).counts()) {
      for (const auto& count : *counts) {
        if (count.posts > most) {
          most = count.posts;
          made.topic_id = count.topic_id;
        }
      }
    }
    return made;
  }();
  return fixture;
}

/// One page after the other, from the newest post to the oldest.
void pages(benchmark::State& state, const store::PostFilter& filter) {
  store::PostRepository posts(*fixture().client);
  std::optional<store::PageKey> after;
  for (auto _ : state) {
    auto page = posts.page(filter, 50, after);
    if (!page) {
      state.SkipWithError(page.error().to_string().c_str());
      return;
    }
    benchmark::DoNotOptimize(page->posts.data());
    after = page->next;
  }
}

void timeline_page(benchmark::State& state) { pages(state, {}); }
void topic_timeline_page(benchmark::State& state) { pages(state, {.topic_id = fixture().topic_id}); }

void floor_topic_page(benchmark::State& state) {
  sqlite3* handle = nullptr;
  sqlite3_open_v2(fixture().path.c_str(), &handle, SQLITE_OPEN_READONLY, nullptr);
  sqlite3_stmt* statement = nullptr;
  sqlite3_prepare_v2(handle,
                     "SELECT p.* FROM topic_timeline_v1 AS l CROSS JOIN posts_v1 AS p ON p.id = l.post_id "
                     "WHERE l.topic_id = ? ORDER BY l.created_at DESC, l.post_id DESC LIMIT 50",
                     -1, &statement, nullptr);
  for (auto _ : state) {
    sqlite3_bind_int64(statement, 1, fixture().topic_id);
    while (sqlite3_step(statement) == SQLITE_ROW) {
      for (int i = 0; i < 9; ++i) benchmark::DoNotOptimize(sqlite3_column_text(statement, i));
    }
    sqlite3_reset(statement);
  }
  sqlite3_finalize(statement);
  sqlite3_close(handle);
}

BENCHMARK(timeline_page)->Unit(benchmark::kMicrosecond);
BENCHMARK(topic_timeline_page)->Unit(benchmark::kMicrosecond);
BENCHMARK(floor_topic_page)->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();
