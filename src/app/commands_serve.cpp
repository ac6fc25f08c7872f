#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <stop_token>
#include <thread>

#include <fmt/format.h>
#include <malloc.h>
#include <sys/resource.h>

#include "api/accounts.h"
#include "api/events.h"
#include "api/metrics.h"
#include "api/request_log.h"
#include "api/router.h"
#include "app/commands.h"
#include "app/database_watch.h"
#include "app/notify.h"
#include "app/serve_config.h"
#include "base/log.h"
#include "base/version.h"
#include "db/fallback_reads.h"
#include "db/sqlite/change_watch.h"
#include "db/sqlite/engine.h"
#include "net/http_client.h"
#include "net/http_server.h"

namespace offx::app {
namespace {

using namespace std::chrono_literals;

constexpr auto kGrace = 20s;  // for requests that are being answered when the server is stopped
// For the database to open; then we listen all the same, and say that we are not ready. A file only takes long when its
// tables are carried to a new release.
constexpr auto kFilePatience = 60s;
constexpr auto kServerPatience = 1s;

sigset_t awaited_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, number);
  return set;
}

const char* environment(const char* name) { return std::getenv(name); }

/// As many connections as the system lets us have.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 65'536);
  setrlimit(RLIMIT_NOFILE, &limit);
}

/// glibc gives threads up to eight heaps for each processor, and keeps in each what a busy moment left free there:
/// after ten minutes of imports and reading that was 92 of 116 MB. Threads that run at the same time are few.
void limit_heaps() {
#ifdef __GLIBC__
  mallopt(M_ARENA_MAX, static_cast<int>(std::max(2U, std::thread::hardware_concurrency())));
#endif
}

/// Gives back to the system what is free in them.
void trim_heaps() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

/// Before any thread is made.
void prepare_process() {
  // All threads inherit it, and this one alone takes signals, when it waits for them.
  const sigset_t signals = awaited_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);  // a client that is gone is an error of its connection
  raise_descriptor_limit();
  limit_heaps();
}

/// Only for its owner: uploads and backups hold everything there is.
Result<void> make_private_folder(const std::filesystem::path& path) {
  std::error_code error;
  const bool is_new = std::filesystem::create_directories(path, error);
  if (is_new) std::filesystem::permissions(path, std::filesystem::perms::owner_all, error);
  if (error) return fail(Error(Errc::io, "cannot make this folder: " + error.message()).within(path.string()));
  return {};
}

/// What the server carries, asked for by /metrics. `server` is null until it runs.
void add_gauges(api::Metrics& metrics, const std::atomic<const net::HttpServer*>& server,
                const api::RequestLog& request_log, const api::Readiness& readiness) {
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
  metrics.add_gauge("offx_ready", "Whether the database answers, as /readyz says.",
                    [&readiness] { return readiness.reason().empty() ? 1.0 : 0.0; });
  metrics.add_gauge("offx_request_log_dropped", "Entries that the database did not take.",
                    [&request_log] { return static_cast<double>(request_log.dropped()); });
}

/// Until somebody asks to stop.
void wait_for_stop() {
  constexpr timespec kTrimInterval{.tv_sec = 30, .tv_nsec = 0};
  const sigset_t signals = awaited_signals();
  while (true) {
    const int number = sigtimedwait(&signals, nullptr, &kTrimInterval);
    if (number < 0) {  // it is time, or it was interrupted
      trim_heaps();
      continue;
    }
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

/// The clients by which the parts of the server use the database.
struct Clients {
  std::unique_ptr<db::DatabaseClient> main;
  std::optional<db::FallbackReads> reads;
  // With a replica the work that goes on by itself has a client of its own, as have notes of who was here: a replica
  // answers a client when it has all that this one wrote, and when the primary dies it may lack the last line of the
  // request log.
  std::unique_ptr<db::DatabaseClient> aside;
  std::optional<db::FallbackReads> notes;

  /// `readiness` must live longer.
  Result<void> open(const std::string& url, const api::Readiness& readiness) {
    OFFX_ASSIGN(main, db::create_database_client(url));
    if (!db::has_replica(url)) return {};
    const auto is_away = [&readiness] { return readiness.is_read_only(); };
    reads.emplace(*main, is_away);
    OFFX_ASSIGN(aside, db::create_database_client(url));
    notes.emplace(*aside, is_away);
    return {};
  }

  /// For what people ask for.
  [[nodiscard]] db::DatabaseClient& shown() { return reads ? static_cast<db::DatabaseClient&>(*reads) : *main; }
  /// For the work that goes on by itself: it waits for the primary.
  [[nodiscard]] db::DatabaseClient& unattended() { return aside ? *aside : *main; }
};

api::RouterOptions router_options(const ServeConfig& config) {
  api::RouterOptions options;
  options.cors_origins = config.cors_origins;
  options.trusted_proxies = config.trusted_proxies;
  options.metrics_allow = config.metrics_allow;
  options.requests_per_second = config.requests_per_second;
  options.requests_at_once = 20.0 * config.requests_per_second;
  return options;
}

Result<net::HttpServerOptions> server_options(const ServeConfig& config) {
  net::HttpServerOptions options;
  options.listen = config.listen;
  options.upload_folder = config.data_folder / "uploads";
  options.workers = config.workers;
  options.connections_per_caller_max = 256;
  // Everything on this machine may come through a proxy here; and who runs programs here needs no connections to harm.
  OFFX_ASSIGN(const auto loopback, net::NetworkList::parse("127.0.0.0/8, ::1"));
  options.is_shared_address = [proxies = config.trusted_proxies, loopback](const std::string& address) {
    return loopback.contains(address) || proxies.contains(address);
  };
  return options;
}

}  // namespace

Result<void> run_serve(const Context& context, const ServeCommand& command) {
  const auto started = std::chrono::steady_clock::now();
  OFFX_ASSIGN(const auto config, ServeConfig::read(command, context.db_url, environment));
  set_log_level(config.log_level);
  prepare_process();
  OFFX_TRY(make_private_folder(config.data_folder));
  OFFX_TRY(make_private_folder(config.data_folder / "uploads"));
  api::Readiness readiness;
  Clients clients;
  OFFX_TRY(clients.open(context.db_url, readiness));
  if (const auto warning = db::sqlite::version_warning(); !warning.empty()) {
    log(LogLevel::warning, "database.old", {{"message", warning}});
  }
  std::stop_source fetches;
  OFFX_ASSIGN(const auto http,
              net::HttpClient::create({.allow_hosts = config.allow_hosts, .stop = fetches.get_token()}));

  db::sqlite::ChangeWatch changes(*clients.main);
  // Each keeps a worker for seconds, it may be: together they leave a quarter of the workers to all others.
  const auto log_ins_at_once = std::max<std::size_t>(config.workers / 2, 1);
  const auto media_at_once = std::max<std::size_t>(config.workers / 4, 1);
  api::Accounts accounts(clients.shown(), context.clock,
                         {.cookie_secure = config.cookie_secure,
                          .public_origins = config.public_origins,
                          .log_ins_at_once = log_ins_at_once,
                          .changes = &changes,
                          .notes = clients.notes ? &*clients.notes : nullptr});
  api::Events events(api::standard_events(*clients.main));
  DatabaseWatch watch(context, config, clients.unattended(), readiness);
  const api::Services services{
      clients.shown(), context.clock, http, config.data_folder, [&] { watch.wake_jobs(); }, &accounts,
      &events,         media_at_once, 0,    &changes,           config.summaries_per_day};
  api::RequestLog request_log(clients.unattended(), &changes);
  api::Router router(router_options(config), services, readiness,
                     [&](store::RequestLogEntry entry) { request_log.add(std::move(entry)); });
  OFFX_TRY(watch.start(db::is_server(context.db_url) ? kServerPatience : kFilePatience));

  OFFX_ASSIGN(auto http_options, server_options(config));
  std::atomic<const net::HttpServer*> running = nullptr;
  add_gauges(router.metrics(), running, request_log, readiness);
  OFFX_ASSIGN(const auto server, net::HttpServer::start(std::move(http_options), router));
  running = server.get();
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - started);
  log(LogLevel::info, "server.started",
      {{"version", version()},
       {"address", server->address()},
       {"database", clients.main->description()},
       {"ms", std::to_string(took.count())}});
  print(fmt::format("OffX is at http://{}/\n", server->address()));
  std::fflush(stdout);
  notify_service_manager("READY=1");

  wait_for_stop();
  notify_service_manager("STOPPING=1");
  fetches.request_stop();  // other hosts may take longer than we have
  const bool finished = server->stop(kGrace);
  events.stop();
  watch.stop();
  log(LogLevel::info, "server.stopped", {{"all_requests_finished", finished ? "yes" : "no"}});
  return watch.failure();
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
