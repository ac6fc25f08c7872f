#include "app/context.h"

#include <charconv>

#include "base/version.h"
#include "db/fallback_reads.h"
#include "db/sqlite/engine.h"
#include "pipeline/filer.h"
#include "store/posts.h"
#include "store/store.h"

namespace offx::app {

Result<std::unique_ptr<migrate::TableUse>> Context::announce(db::DatabaseClient& client,
                                                             std::string_view command) const {
  return store::announce(client, std::string("offx ") + version() + " " + std::string(command));
}

Result<std::unique_ptr<db::DatabaseClient>> Context::open_initialised() const {
  ProgressBar bar(terminal, "Upgrading tables", "rows");
  OFFX_ASSIGN(auto client, store::open(db_url, [&](const migrate::WorkState& state) {
                bar.update(state.done, state.total, state.done);
                return !interrupted.load();
              }));
  bar.clear();
  if (const auto warning = db::sqlite::version_warning(); !warning.empty()) print_error("offx: " + warning);
  return client;
}

Result<OpenedDatabase> Context::open_database(std::string_view command, bool outlasts) const {
  OpenedDatabase database;
  OFFX_ASSIGN(database.client, open_initialised());
  const auto announce_it = [&]() -> Result<void> {
    OFFX_ASSIGN(database.use, announce(*database, command));
    return {};
  };
  OFFX_TRY(outlasts ? pipeline::persist(patience(), announce_it) : announce_it());
  OFFX_TRY(file_unfiled(*database));
  return database;
}

Result<std::unique_ptr<db::DatabaseClient>> Context::open_database_to_show() const {
  auto opened = open_initialised();
  if (opened) {
    if (auto filed = announce_and_file(**opened); !filed) opened = fail(std::move(filed).error());
  }
  if (!db::may_fall_back(db_url) || (!opened && !opened.error().retryable())) return opened;
  static constexpr std::string_view kMayBeBehind =
      "; what is shown comes from a replica or another node, and may be behind";
  if (opened) {
    // It may still go away while the command reads.
    return std::make_unique<db::FallbackReads>(std::move(*opened), db::FallbackReads::Primary::there, [] {
      print_error("offx: the primary or the leader does not answer any more" + std::string(kMayBeBehind));
    });
  }
  OFFX_ASSIGN(auto client, open_database_as_it_is());
  std::unique_ptr<db::DatabaseClient> fallback =
      std::make_unique<db::FallbackReads>(std::move(client), db::FallbackReads::Primary::away);
  // Without tables of ours, or an answer, what is wrong at the primary is what is to be mended.
  const auto has_posts = store::has_posts(*fallback);
  if (!has_posts || !*has_posts) return opened;
  print_error("offx: " + printable(opened.error().to_string()) + std::string(kMayBeBehind));
  return fallback;
}

pipeline::Patience Context::patience() const {
  return {.interrupted = &interrupted, .on_away = [](const Error& error) {
            print_error("offx: " + printable(error.to_string()) + "; trying again for a minute");
          }};
}

Result<void> Context::file_unfiled(db::DatabaseClient& client) const {
  ProgressBar bar(terminal, "Filing", "posts");
  auto filed = pipeline::file_unfiled_posts(client, clock, [&](std::uint64_t done, std::uint64_t total) {
    bar.update(done, total, done);
    return !interrupted.load();
  });
  if (filed) return {};
  if (filed.error().code() != Errc::corrupt) return fail(std::move(filed).error());
  bar.clear();
  print_error("offx: warning: some posts are not filed yet: " + printable(filed.error().to_string()) +
              " with `offx topic edit`");
  return {};
}

Result<void> Context::announce_and_file(db::DatabaseClient& client) const {
  OFFX_ASSIGN(const bool is_due, store::PostRepository(client).is_filing_due());
  if (!is_due) return {};
  OFFX_ASSIGN(const auto use, announce(client, "filing"));
  return file_unfiled(client);
}

Result<std::unique_ptr<db::DatabaseClient>> Context::open_database_as_it_is() const {
  return db::create_database_client(db_url, db::IfMissing::fail);
}

Result<store::Topic> find_topic(db::DatabaseClient& client, const std::string& name) {
  store::TopicRepository topics(client);
  OFFX_ASSIGN(const auto by_title, topics.find(name));
  if (by_title) return *by_title;
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), id);
  if (error == std::errc{} && end == name.data() + name.size()) {
    auto topic = topics.get(id);
    if (topic || topic.error().code() != Errc::not_found) return topic;
  }
  return fail(Errc::not_found, "there is no topic \"" + name + "\"; see `offx topic list`");
}

}  // namespace offx::app
