#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <mutex>
#include <stop_token>
#include <thread>

#include <fmt/format.h>
#include <sys/resource.h>

#include "api/accounts.h"
#include "api/events.h"
#include "api/metrics.h"
#include "api/request_log.h"
#include "api/router.h"
#include "app/commands.h"
#include "app/notify.h"
#include "app/serve_config.h"
#include "base/log.h"
#include "base/version.h"
#include "db/fallback_reads.h"
#include "db/sqlite/change_watch.h"
#include "db/sqlite/engine.h"
#include "jobs/kinds.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "pipeline/filer.h"
#include "store/catalogue.h"
#include "store/jobs.h"
#include "store/store.h"

namespace offx::app {
namespace {

using namespace std::chrono_literals;

constexpr auto kGrace = 20s;         // for requests that are being answered when the server is stopped
constexpr auto kProbeInterval = 5s;  // of a database that answers
constexpr auto kRetryInterval = 1s;  // of one that does not

sigset_t awaited_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, number);
  return set;
}

bool stop_is_pending() {
  sigset_t pending;
  sigpending(&pending);
  return sigismember(&pending, SIGINT) == 1 || sigismember(&pending, SIGTERM) == 1;
}

const char* environment(const char* name) { return std::getenv(name); }

/// As many connections as the system lets us have.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 65'536);
  setrlimit(RLIMIT_NOFILE, &limit);
}

/// Only for its owner: uploads and backups hold everything there is.
Result<void> make_private_folder(const std::filesystem::path& path) {
  std::error_code error;
  const bool is_new = std::filesystem::create_directories(path, error);
  if (is_new) std::filesystem::permissions(path, std::filesystem::perms::owner_all, error);
  if (error) return fail(Error(Errc::io, "cannot make this folder: " + error.message()).within(path.string()));
  return {};
}

/// Watches the database from a thread of its own: makes its tables ready as soon as it answers, and says in `readiness`
/// how it is from then on.
class DatabaseWatch {
 public:
  /// `opened` is called once, when the tables are there.
  DatabaseWatch(const Context& context, db::DatabaseClient& client, api::Readiness& readiness,
                std::function<Result<void>()> opened)
      : context_(context), client_(client), readiness_(readiness), opened_(std::move(opened)) {}
  ~DatabaseWatch() { stop(); }
  DatabaseWatch(const DatabaseWatch&) = delete;
  DatabaseWatch& operator=(const DatabaseWatch&) = delete;

  /// The first look is made in the caller's thread. An error is one that waiting does not mend.
  Result<void> start() {
    OFFX_TRY(look());
    thread_ = std::thread([this] { run(); });
    return {};
  }

  void stop() {
    {
      const std::scoped_lock lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
    use_.reset();
  }

 private:
  Result<void> open() {
    OFFX_TRY(store::initialise(client_, [this](const migrate::WorkState&) { return goes_on(); }));
    OFFX_ASSIGN(auto use, context_.announce(client_, "serve"));
    OFFX_TRY(opened_());
    use_ = std::move(use);
    return {};
  }

  /// Errc::unavailable and the like are noted; others are returned.
  Result<void> look() {
    Result<void> state;
    if (use_) {
      readiness_.asked();
      if (auto rows = client_.execute(store::sql(store::Query::topic_rule_revision)); !rows) {
        state = fail(std::move(rows).error());
      }
      readiness_.answered();
    } else {
      state = open();
      note_replica(state);
    }
    if (state) {
      note("");
      return {};
    }
    note("the database does not answer: " + state.error().to_string());
    const bool passes = state.error().retryable() || state.error().code() == Errc::timeout || use_ != nullptr;
    return passes ? Result<void>() : state;
  }

  /// Once the tables of this release are there, or seen at the replica, that can be shown.
  void note_replica(const Result<void>& opened) {
    if (!db::has_replica(context_.db_url) || (!opened && !opened.error().retryable())) return;
    db::FallbackReads at_replica(client_, [] { return true; });
    const auto seen = opened ? Result<bool>(true) : store::is_initialised(at_replica);
    if (seen && *seen) readiness_.set_has_replica();
  }

  void note(const std::string& reason) {
    is_ready_ = reason.empty();
    if (reason == last_) return;
    if (is_ready_) {
      log(LogLevel::info, "database.ready", {{"database", client_.description()}});
    } else {
      log(LogLevel::warning, "database.unavailable", {{"message", reason}});
    }
    last_ = reason;
    // Its message may name addresses: the log is the place for it.
    readiness_.set(is_ready_ ? "" : "the database does not answer");
  }

  /// Asked by work that may take long: as long as it asks, it is alive.
  bool goes_on() {
    if (watchdog_.count() > 0) notify_service_manager("WATCHDOG=1");
    const std::scoped_lock lock(mutex_);
    return !stopping_ && !stop_is_pending();
  }

  void run() {
    bool has_filed_topics = false;
    std::unique_lock lock(mutex_);
    while (!stopping_) {
      lock.unlock();
      if (is_ready_) {
        if (watchdog_.count() > 0) notify_service_manager("WATCHDOG=1");
        if (!has_filed_topics) {
          has_filed_topics = file(&pipeline::file_unfiled_posts);
        } else {
          file(&pipeline::file_noted_posts);
        }
      }
      lock.lock();
      auto wait = std::chrono::milliseconds(is_ready_ ? kProbeInterval : kRetryInterval);
      if (watchdog_.count() > 0) wait = std::min(wait, watchdog_ / 3);
      if (changed_.wait_for(lock, wait, [this] { return stopping_; })) return;
      lock.unlock();
      if (const auto looked = look(); !looked) {
        log(LogLevel::error, "database.failed", {{"message", looked.error().to_string()}});
      }
      lock.lock();
    }
  }

  /// What other programs wrote, before and meanwhile. Later, topics are filed by the jobs of those who edit them. False
  /// if trying again may help.
  bool file(Result<std::uint64_t> (*how)(db::DatabaseClient&, const Clock&, const db::Progress&)) {
    const auto filed = how(client_, context_.clock, [this](std::uint64_t, std::uint64_t) { return goes_on(); });
    const auto problem = filed || filed.error().code() == Errc::cancelled ? "" : filed.error().to_string();
    if (problem != filing_problem_ && !problem.empty()) {
      log(LogLevel::warning, "posts.not_filed", {{"message", problem}});
    }
    filing_problem_ = problem;
    return filed || (!filed.error().retryable() && filed.error().code() != Errc::cancelled);
  }

  const Context& context_;
  db::DatabaseClient& client_;
  api::Readiness& readiness_;
  const std::function<Result<void>()> opened_;
  const std::chrono::milliseconds watchdog_ = watchdog_interval();
  std::unique_ptr<migrate::TableUse> use_;
  bool is_ready_ = false;
  std::string last_ = "starting";
  std::string filing_problem_;  // logged once, not at every look
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::thread thread_;
};

/// The first user, from the environment or by a link that is printed once.
Result<void> prepare_accounts(db::DatabaseClient& client, const Clock& clock, const ServeConfig& config) {
  api::Accounts accounts(client, clock, {});
  OFFX_ASSIGN(const bool setup_required, accounts.is_setup_required());
  if (!setup_required) return {};
  if (!config.first_username.empty()) {
    if (auto made = accounts.add_user(config.first_username, config.first_password, true); !made) {
      if (made.error().code() == Errc::conflict) return {};  // another process was faster
      return fail(std::move(made).error().within("AUTH_USERNAME, AUTH_PASSWORD"));
    }
    log(LogLevel::info, "user.added", {{"username", config.first_username}});
    return {};
  }
  if (!config.listens_on_loopback && !config.allow_remote_setup) {
    return fail(Errc::invalid_argument,
                "there is no user yet, and whoever reaches " + config.listen +
                    " first could try to become the first: make one with `offx user add NAME`, or say "
                    "--allow-remote-setup");
  }
  OFFX_ASSIGN(const auto token, accounts.make_setup_token());
  // Behind #, which browsers keep to themselves: it comes into no log. Only here, never in a log line.
  print(fmt::format("Set OFFX up, within the hour: {}/setup#{}\n", config.shown_url(), token));
  std::fflush(stdout);
  return {};
}

/// What the server carries, asked for by /metrics. `server` is null until it runs.
void add_gauges(api::Metrics& metrics, const std::atomic<const net::HttpServer*>& server,
                const api::RequestLog& request_log) {
  const auto add = [&](const char* name, const char* help, std::size_t net::HttpServer::Load::* member) {
    metrics.add_gauge(name, help, [&server, member] {
      const auto* running = server.load();
      return running == nullptr ? 0.0 : static_cast<double>(running->load().*member);
    });
  };
  add("offx_connections", "Clients connected.", &net::HttpServer::Load::connections);
  add("offx_event_streams", "Clients that listen to events.", &net::HttpServer::Load::event_streams);
  add("offx_requests_in_progress", "Requests that wait for a worker, or are with one.",
      &net::HttpServer::Load::requests);
  metrics.add_gauge("offx_request_log_dropped", "Entries that the database did not take.",
                    [&request_log] { return static_cast<double>(request_log.dropped()); });
}

/// Until somebody asks to stop.
void wait_for_stop() {
  const sigset_t signals = awaited_signals();
  while (true) {
    int number = 0;
    if (sigwait(&signals, &number) != 0) continue;
    if (number != SIGHUP) {
      log(LogLevel::info, "server.stopping", {{"signal", number == SIGINT ? "INT" : "TERM"}});
      return;
    }
    if (const auto level = ServeConfig::read_log_level(environment)) {
      set_log_level(*level);
    } else {
      log(LogLevel::warning, "server.not_reloaded", {{"message", "OFFX_LOG_LEVEL " + level.error().message()}});
    }
    log(LogLevel::info, "server.reloaded");
  }
}

/// What an earlier release kept for the one before it goes, in a run of its own, so that its history tells of it. If
/// the database does not answer yet, the job of every day does it.
void ask_to_finish_migrations(db::DatabaseClient& client, const Clock& clock) {
  const auto names = store::migrations_to_complete(client);
  if (!names || names->empty()) return;
  const auto asked =
      store::JobRepository(client).enqueue("complete_migrations", "Finish migrations", "{}", "start", clock.now());
  if (!asked) log(LogLevel::warning, "migrations.not_finished", {{"message", asked.error().to_string()}});
}

}  // namespace

Result<void> run_serve(const Context& context, const ServeCommand& command) {
  const auto started = std::chrono::steady_clock::now();
  OFFX_ASSIGN(const auto config, ServeConfig::read(command, context.db_url, environment));
  set_log_level(config.log_level);
  // Before any thread is made: all inherit it, and this one alone takes signals, when it waits for them.
  const sigset_t signals = awaited_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);  // a client that is gone is an error of its connection
  raise_descriptor_limit();

  OFFX_TRY(make_private_folder(config.data_folder));
  OFFX_TRY(make_private_folder(config.data_folder / "uploads"));
  OFFX_ASSIGN(auto client, db::create_database_client(context.db_url));
  if (const auto warning = db::sqlite::version_warning(); !warning.empty()) {
    log(LogLevel::warning, "database.old", {{"message", warning}});
  }
  std::stop_source fetches;
  OFFX_ASSIGN(const auto http,
              net::HttpClient::create({.allow_hosts = config.allow_hosts, .stop = fetches.get_token()}));

  db::sqlite::ChangeWatch changes(*client);
  api::Readiness readiness;
  // What people ask for; the work that goes on by itself waits for the primary.
  std::optional<db::FallbackReads> reads;
  // With a replica that work has a client of its own: a replica answers a client when it has all that this one wrote,
  // and when the primary dies it may lack the last line of the request log.
  std::unique_ptr<db::DatabaseClient> aside;
  if (db::has_replica(context.db_url)) {
    reads.emplace(*client, [&readiness] { return readiness.is_read_only(); });
    OFFX_ASSIGN(aside, db::create_database_client(context.db_url));
  }
  db::DatabaseClient& unattended = aside ? *aside : *client;
  db::DatabaseClient& shown = reads ? static_cast<db::DatabaseClient&>(*reads) : *client;
  // Each keeps a worker for seconds, it may be: together they leave a quarter of the workers to all others.
  const auto log_ins_at_once = std::max<std::size_t>(config.workers / 2, 1);
  const auto media_at_once = std::max<std::size_t>(config.workers / 4, 1);
  api::Accounts accounts(shown, context.clock,
                         {.cookie_secure = config.cookie_secure,
                          .public_origins = config.public_origins,
                          .log_ins_at_once = log_ins_at_once,
                          .changes = &changes});
  api::Events events(api::standard_events(*client));
  std::optional<jobs::Scheduler> scheduler;  // made before anybody can ask for it
  const api::Services services{shown,   context.clock, http, config.data_folder, [&] { scheduler->wake(); }, &accounts,
                               &events, media_at_once, 0,    &changes,           config.summaries_per_day};
  api::RouterOptions options;
  options.cors_origins = config.cors_origins;
  options.trusted_proxies = config.trusted_proxies;
  options.metrics_allow = config.metrics_allow;
  options.requests_per_second = config.requests_per_second;
  options.requests_at_once = 20.0 * config.requests_per_second;
  api::RequestLog request_log(unattended, &changes);
  api::Router router(std::move(options), services, readiness,
                     [&](store::RequestLogEntry entry) { request_log.add(std::move(entry)); });
  DatabaseWatch watch(context, unattended, readiness, [&] {
    ask_to_finish_migrations(unattended, context.clock);
    return prepare_accounts(*client, context.clock, config);
  });
  OFFX_TRY(watch.start());
  scheduler.emplace(unattended, context.clock, jobs::standard_kinds(config.data_folder));

  net::HttpServerOptions http_options;
  http_options.listen = config.listen;
  http_options.upload_folder = config.data_folder / "uploads";
  http_options.workers = config.workers;
  http_options.connections_per_caller_max = 256;
  // Everything on this machine may come through a proxy here; and who runs programs here needs no connections to harm.
  OFFX_ASSIGN(const auto loopback, net::NetworkList::parse("127.0.0.0/8, ::1"));
  http_options.is_shared_address = [proxies = config.trusted_proxies, loopback](const std::string& address) {
    return loopback.contains(address) || proxies.contains(address);
  };
  std::atomic<const net::HttpServer*> running = nullptr;
  add_gauges(router.metrics(), running, request_log);
  OFFX_ASSIGN(const auto server, net::HttpServer::start(std::move(http_options), router));
  running = server.get();
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - started);
  log(LogLevel::info, "server.started",
      {{"version", version()},
       {"address", server->address()},
       {"database", client->description()},
       {"ms", std::to_string(took.count())}});
  print(fmt::format("OffX is at http://{}/\n", server->address()));
  std::fflush(stdout);
  notify_service_manager("READY=1");

  wait_for_stop();
  notify_service_manager("STOPPING=1");
  fetches.request_stop();  // other hosts may take longer than we have
  const bool finished = server->stop(kGrace);
  events.stop();
  scheduler->stop();
  watch.stop();
  log(LogLevel::info, "server.stopped", {{"all_requests_finished", finished ? "yes" : "no"}});
  return {};
}

Result<void> run_healthcheck(const Context& context, const std::string& listen) {
  const char* from_environment = std::getenv("OFFX_LISTEN");
  std::string place = !listen.empty()               ? listen
                      : from_environment != nullptr ? std::string(from_environment)
                                                    : "127.0.0.1:8080";
  OFFX_ASSIGN(const auto address, net::parse_listen_address(place));
  // A server for all addresses is asked at that of the machine itself.
  std::string host = address.host == "0.0.0.0" ? "127.0.0.1" : address.host == "::" ? "::1" : address.host;
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  place = host + ":" + std::to_string(address.port);
  OFFX_ASSIGN(const auto http, net::HttpClient::create({.allow_hosts = {place}}));
  net::Request request{"http://" + place + "/readyz", {}, {}};
  request.limits.connect_timeout = 3s;
  request.limits.total_timeout = 5s;
  OFFX_ASSIGN(const auto response, http.fetch(request));
  if (response.status != 200)
    return fail(Errc::unavailable, "the server at " + place + " is not ready: " + response.body);
  if (!context.json) print("ready\n");
  return {};
}

}  // namespace offx::app
