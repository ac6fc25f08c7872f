// Pages of the timeline inside the process, beside the same rows of the same tables read by bare prepared statements.
//
//     OFFX_BENCH_DB=filled.db timeline_bench [Google Benchmark's options]

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>

#include <benchmark/benchmark.h>
#include <sqlite3.h>

#include "store/catalogue.h"
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

struct CloseDatabase {
  void operator()(sqlite3* handle) const noexcept { sqlite3_close_v2(handle); }
};
struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

/// Looks at every column of every row; gives each row to `visit`.
template <class Visit>
void read_rows(sqlite3_stmt* statement, Visit visit) {
  while (sqlite3_step(statement) == SQLITE_ROW) {
    for (int i = 0; i < sqlite3_column_count(statement); ++i) {
      benchmark::DoNotOptimize(sqlite3_column_text(statement, i));
    }
    visit();
  }
  sqlite3_reset(statement);
}

/// The same pages by the same statements, one after the other, with nothing made of what they give.
void floor_pages(benchmark::State& state, store::Query query) {
  sqlite3* opened = nullptr;
  sqlite3_open_v2(fixture().path.c_str(), &opened, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nullptr);
  const std::unique_ptr<sqlite3, CloseDatabase> handle(opened);
  sqlite3_db_config(opened, SQLITE_DBCONFIG_ENABLE_QPSG, 1, nullptr);
  sqlite3_exec(opened, "PRAGMA cache_size=-8000; PRAGMA mmap_size=1073741824", nullptr, nullptr, nullptr);
  const auto prepare = [&](store::Query which) {
    const auto text = store::sql(which);
    sqlite3_stmt* statement = nullptr;
    sqlite3_prepare_v2(opened, text.data(), static_cast<int>(text.size()), &statement, nullptr);
    return Statement(statement);
  };
  const auto page = prepare(query);
  const auto media = prepare(store::Query::posts_media_of);
  const auto labels = prepare(store::Query::posts_labels_of);
  if (!page || !media || !labels) {
    state.SkipWithError(sqlite3_errmsg(opened));
    return;
  }
  constexpr int kLimit = 51;
  std::string time;
  std::int64_t id = 0;
  for (auto _ : state) {
    sqlite3_bind_int(page.get(), 5, kLimit);
    if (sqlite3_bind_parameter_count(page.get()) >= 9) sqlite3_bind_int64(page.get(), 9, fixture().topic_id);
    if (!time.empty()) {
      sqlite3_bind_text(page.get(), 3, time.data(), static_cast<int>(time.size()), SQLITE_STATIC);
      sqlite3_bind_int64(page.get(), 4, id);
    }
    int rows = 0;
    std::string ids = "[";
    std::string last_time;
    read_rows(page.get(), [&] {
      if (++rows == kLimit) return;
      id = sqlite3_column_int64(page.get(), 0);
      last_time = reinterpret_cast<const char*>(sqlite3_column_text(page.get(), 6));
      ids += (rows > 1 ? "," : "") + std::to_string(id);
    });
    ids += "]";
    time = rows == kLimit ? last_time : std::string();
    if (time.empty()) sqlite3_clear_bindings(page.get());
    for (auto* const statement : {media.get(), labels.get()}) {
      sqlite3_bind_text(statement, 1, ids.data(), static_cast<int>(ids.size()), SQLITE_STATIC);
      read_rows(statement, [] {});
    }
  }
}

void floor_timeline_page(benchmark::State& state) { floor_pages(state, store::Query::posts_page); }
void floor_topic_timeline_page(benchmark::State& state) { floor_pages(state, store::Query::posts_page_of_topic); }

BENCHMARK(timeline_page)->Unit(benchmark::kMicrosecond);
BENCHMARK(topic_timeline_page)->Unit(benchmark::kMicrosecond);
BENCHMARK(floor_timeline_page)->Unit(benchmark::kMicrosecond);
BENCHMARK(floor_topic_timeline_page)->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();
