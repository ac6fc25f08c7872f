#include "api/events.h"

#include <array>
#include <exception>
#include <utility>

#include "api/accounts.h"
#include "base/log.h"
#include "migrate/migrator.h"
#include "pipeline/database.h"
#include "pipeline/json.h"
#include "store/jobs.h"
#include "store/posts.h"
#include "store/store.h"

namespace offx::api {
namespace {

namespace json = boost::json;
using Things = std::map<std::string, Watched>;

constexpr std::size_t kRunsLookedAt = 50;
/// Where each time is a query.
constexpr std::chrono::seconds kAskedEvery{10};

/// The newest post and how many have come since the last look.
class NewPosts {
 public:
  explicit NewPosts(db::DatabaseClient& client) : client_(&client) {}
  Result<Things> operator()() {
    OFFX_ASSIGN(const auto now, store::PostRepository(*client_).newest(newest_));
    newest_ = now.newest_id;
    if (now.added == 0) return Things{};
    auto data = json::serialize(json::object{{"newest_id", now.newest_id}, {"added", now.added}});
    return Things{{"posts", {data, data}}};
  }

 private:
  db::DatabaseClient* client_;
  std::int64_t newest_ = 0;
};

Result<Things> read_runs(db::DatabaseClient& client) {
  OFFX_ASSIGN(const auto runs, store::JobRepository(client).runs({}, kRunsLookedAt));
  Things things;
  for (const auto& run : runs) {
    auto data = json::serialize(pipeline::to_json(run));
    things.emplace(std::to_string(run.id), Watched{data, data});
  }
  return things;
}

Result<Things> read_migrations(db::DatabaseClient& client) {
  OFFX_ASSIGN(const auto states, migrate::list_migrations(client));
  OFFX_ASSIGN(const auto kept, store::migrations_kept(client));
  Things things;
  for (const auto& state : states) {
    auto shown = pipeline::to_json(state, kept);
    Watched watched{json::serialize(shown), {}};
    // Who uses its tables says so every few seconds; that they are the same ones is no news.
    for (const auto* const users : {"old_users", "new_users"}) {
      for (auto& user : shown.at(users).as_array()) {
        user.as_object().erase("renewed_at");
        user.as_object().erase("expires_at");
      }
    }
    watched.news = json::serialize(shown);
    things.emplace(state.migration.name, std::move(watched));
  }
  return things;
}

/// Whether the session or token of the request still is; true if nobody can tell now.
Events::Permission still_there(const Request& request, const Services& services) {
  if (services.accounts == nullptr) return {"", [] { return true; }};
  Events::Permission permission;
  if (!services.accounts->knows_again()) permission.every = kAskedEvery;
  net::HttpRequest credentials;
  for (const auto* name : {"Authorization", "Cookie"}) {
    const auto value = request.http().header(name);
    if (value) credentials.headers.push_back({name, std::string(*value)});
    permission.who.append(value.value_or("")).append("\n");
  }
  permission.holds = [&accounts = *services.accounts, credentials = std::move(credentials), address = request.address(),
                      caller = request.caller()] {
    const auto identity = accounts.identify(credentials, address);
    return !identity || (identity->caller.session_id == caller.session_id &&
                         identity->caller.token_id == caller.token_id && identity->may_read);
  };
  return permission;
}

/// Whatever is thrown, say for want of memory: nobody above the thread would catch it, and the next round may succeed.
template <typename Work>
void do_guarded(const Work& work) {
  try {
    work();
  } catch (const std::exception& error) {
    log(LogLevel::error, "events.failed", {{"message", error.what()}});
  }
}

Result<net::HttpResponse> get_events(const Request& request, const Services& services) {
  OFFX_TRY(request.only({}));
  if (services.events == nullptr) return fail(Errc::unsupported, "this server tells no events");
  auto place = services.events->take_place(request.caller().user_id);
  if (!place) {
    constexpr int kTooMany = 429;
    auto refusal =
        problem(kTooMany, title_of(kTooMany),
                "you listen to " + std::to_string(Events::kStreamsOfUser) + " streams of events already; close one",
                request.id());
    refusal.headers.push_back({"Retry-After", "10"});
    return refusal;
  }
  net::HttpResponse response;
  // X-Accel-Buffering: nginx would otherwise hold events back.
  response.headers = {
      {"Content-Type", "text/event-stream"}, {"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}};
  response.on_events = [&events = *services.events, permission = still_there(request, services),
                        place = std::move(place)](std::shared_ptr<net::EventStream> stream) {
    events.add(std::move(stream), permission, place);
  };
  return response;
}

}  // namespace

Events::Events(std::vector<EventSource> sources)
    : sources_(std::move(sources)), last_(sources_.size()), thread_([this] { run(); }) {}

Events::~Events() { stop(); }

void Events::stop() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    listeners_.clear();
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool Events::is_stopping() {
  const std::scoped_lock lock(mutex_);
  return stopping_;
}

Events::Place Events::take_place(std::int64_t user_id) {
  {
    // Whoever is gone needs no place: a page that is loaded anew has let go of its stream just now.
    const std::scoped_lock lock(mutex_);
    std::erase_if(listeners_, [](const Listener& listener) { return !listener.stream->is_open(); });
  }
  const std::scoped_lock lock(places_->mutex);
  auto& taken = places_->taken[user_id];
  if (taken >= kStreamsOfUser) return nullptr;
  ++taken;
  return {this, [places = places_, user_id](const void*) {
            const std::scoped_lock given_back(places->mutex);
            if (--places->taken[user_id] == 0) places->taken.erase(user_id);
          }};
}

void Events::add(std::shared_ptr<net::EventStream> stream, Permission permission, Place place) {
  if (!stream->send("hello", "{}")) return;
  {
    const std::scoped_lock lock(mutex_);
    if (stopping_) return;
    listeners_.push_back(
        {std::move(stream), std::chrono::steady_clock::now() + kStreamAge, std::move(permission), std::move(place)});
  }
  changed_.notify_all();
}

void Events::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !listeners_.empty(); });
    if (stopping_) return;
    lock.unlock();
    do_guarded([this] { look(false); });  // what was before anybody listened is no news
    lock.lock();
    while (!listeners_.empty()) {
      if (changed_.wait_for(lock, kInterval, [this] { return stopping_; })) return;
      const auto now = std::chrono::steady_clock::now();
      std::erase_if(listeners_, [&](const Listener& listener) {
        const bool is_old = now >= listener.until;
        if (is_old) listener.stream->close();
        return is_old || !listener.stream->is_open();
      });
      lock.unlock();
      do_guarded([this] { close_those_who_may_not(); });
      do_guarded([this] { look(true); });
      lock.lock();
    }
  }
}

void Events::close_those_who_may_not() {
  std::vector<Listener> listeners;
  {
    const std::scoped_lock lock(mutex_);
    listeners = listeners_;
  }
  std::map<std::string, Asked> asked;
  for (const auto& [stream, until, permission, place] : listeners) {
    if (!stream->is_open()) continue;
    const auto [entry, is_first] = asked.try_emplace(permission.who);
    if (is_first) {
      const auto now = std::chrono::steady_clock::now();
      const auto before = asked_.find(permission.who);
      if (before != asked_.end() && now - before->second.at < permission.every) {
        entry->second = before->second;
      } else {
        if (is_stopping()) return;  // a database that does not answer keeps each one long
        entry->second = {now, permission.holds()};
      }
    }
    if (!entry->second.holds) stream->close();
  }
  asked_ = std::move(asked);
}

void Events::look(bool tell) {
  for (std::size_t i = 0; i < sources_.size() && !is_stopping(); ++i) {
    auto things = sources_[i].read();
    if (!things) {
      log(LogLevel::debug, "events.not_read", {{"message", things.error().to_string()}});
      continue;  // the next look may succeed
    }
    std::map<std::string, std::string> seen;
    for (auto& [name, thing] : *things) {
      const auto before = last_[i].find(name);
      if (tell && (before == last_[i].end() || before->second != thing.news)) send(sources_[i].event, thing.data);
      seen.emplace(name, std::move(thing.news));
    }
    last_[i] = std::move(seen);
  }
}

void Events::send(const std::string& event, const std::string& data) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(listeners_, [&](const Listener& listener) { return !listener.stream->send(event, data); });
}

std::vector<EventSource> standard_events(db::DatabaseClient& client) {
  return {{"posts", NewPosts(client)},
          {"run", [&client] { return read_runs(client); }},
          {"migration", [&client] { return read_migrations(client); }}};
}

std::span<const Route> event_routes() {
  static constexpr std::array<Route, 1> kRoutes = {{{"GET", "/api/v1/events", Access::read, &get_events}}};
  return kRoutes;
}

}  // namespace offx::api
