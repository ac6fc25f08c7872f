#include "db/libsql/engine.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "db/fallback_reads.h"
#include "db/http/transport.h"
#include "db/http/url.h"
#include "db/libsql/hrana.h"
#include "db/server_references.h"
#include "db/stop.h"

namespace offx::db::libsql {
namespace {

using http::Deadline;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using Results = std::vector<QueryResult>;

constexpr milliseconds kBusyPause{5};                ///< at first
constexpr std::chrono::seconds kReplicaShunned{10};  ///< after it did not answer
constexpr std::chrono::seconds kReplicaTrusted{1};   ///< so long after an answer it is taken to be there
constexpr milliseconds kProbe{500};                  ///< it has so long to say that it is; later more
constexpr milliseconds kLastProbe{2'000};            ///< the same where nobody else can be asked
constexpr std::size_t kStreamsMax = 16;              ///< kept of each server; sqld has 128 for everybody
constexpr std::chrono::seconds kStreamIdleMax{8};    ///< sqld forgets a stream after 10
constexpr std::chrono::seconds kStreamAgeMax{30};    ///< bounds how long a database is read that was replaced
constexpr milliseconds kGoodbye{500};                ///< for closing streams

// How a client with a replica knows what that has. The server's own replication_index does not tell: a replica was seen
// to name the primary's before it had the data. So every write transaction counts up one row, and the replica is asked
// for it in the transaction that reads. A replica applies the primary's transactions in their order, so if it has the
// number, it has the write.
const std::array<Statement, 2> kAdvance = {
    Statement{"CREATE TABLE IF NOT EXISTS replica_position_v1 (id INTEGER PRIMARY KEY, position INTEGER NOT NULL)", {}},
    Statement{"INSERT INTO replica_position_v1 (id, position) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET position = "
              "position + 1 RETURNING position",
              {}}};
const std::array<Statement, 1> kAskPosition = {Statement{"SELECT position FROM replica_position_v1 WHERE id = 1", {}}};

struct Address {
  std::string place;    ///< for messages
  std::string primary;  ///< `https://host:port`
  std::string replica;  ///< likewise; empty if there is none
  std::string name_space;
  milliseconds timeout;
};

struct Stream {
  std::string baton;  ///< good for one request
  steady_clock::time_point opened;
};

/// The streams of one server that wait for their next read. With a new stream sqld opens a connection, which reads the
/// whole schema before its first statement: with OffX's tables that is most of what a read of one row costs.
/// Thread-safe.
class Streams {
 public:
  /// The one that was used last, which is nobody else's from now on. So those that a rush leaves over expire.
  std::optional<Stream> take() {
    const auto now = steady_clock::now();
    const std::lock_guard lock(mutex_);
    while (!idle_.empty()) {
      auto idle = std::move(idle_.back());
      idle_.pop_back();
      if (now < idle.good_until) return std::move(idle.stream);
    }
    return std::nullopt;
  }
  /// False if there are enough, or it is too old.
  bool keep(const Stream& stream) {
    const auto now = steady_clock::now();
    const auto good_until = std::min(now + kStreamIdleMax, stream.opened + kStreamAgeMax);
    const std::lock_guard lock(mutex_);
    if (now >= good_until || idle_.size() == kStreamsMax) return false;
    idle_.push_back({stream, good_until});
    return true;
  }
  /// The server knows them no more.
  void forget() {
    const std::lock_guard lock(mutex_);
    idle_.clear();
  }

 private:
  struct Idle {
    Stream stream;
    steady_clock::time_point good_until;
  };
  std::mutex mutex_;
  std::vector<Idle> idle_;  ///< the longest idle first
};

struct Server {
  std::string url;  ///< `https://host:port`
  Streams streams;
  std::atomic<bool> keeps_streams = true;
};

class Engine final : public DatabaseClient {
 public:
  Engine(Address address, std::unique_ptr<http::Transport> transport)
      : address_(std::move(address)),
        transport_(std::move(transport)),
        primary_{address_.primary, {}},
        replica_{address_.replica, {}} {}

  /// A server has few connections, and each stream would hold one for ten seconds more.
  ~Engine() override {
    const Deadline deadline = steady_clock::now() + kGoodbye;
    for (auto* server : {&primary_, &replica_}) {
      for (auto stream = server->streams.take(); stream; stream = server->streams.take()) {
        if (!close_stream(*server, *stream, deadline)) break;
      }
    }
  }

  Result<QueryResult> execute(std::string_view sql, const Params& params) override {
    const Statement statement{sql, params};
    OFFX_ASSIGN(auto results, run(std::span(&statement, 1), Wrap::none, Mode::read));
    return std::move(results.front());
  }

  Result<Results> batch(std::span<const Statement> statements, Mode mode) override {
    if (statements.empty()) return Results{};
    return run(statements, writes(mode) ? Wrap::write : Wrap::read, mode);
  }

  Result<void> backup(const std::string& /*path*/, const Progress& /*progress*/) override {
    return fail(
        Errc::unsupported,
        "a libSQL server backs up its databases itself: fetch /dump from it (curl -H \"Authorization: Bearer …\" " +
            address_.primary + "/dump), or make a file of it with `offx db copy` while nothing writes");
  }

  Result<void> redirect_references(std::span<const Redirect> redirects, std::span<const Statement> before,
                                   std::span<const Statement> after) override {
    OFFX_ASSIGN(const auto tables, redirected_tables(*this, redirects));
    std::vector<std::string> changes;
    for (const auto& table : tables) {
      OFFX_ASSIGN(auto its, alter_columns(table));
      std::move(its.begin(), its.end(), std::back_inserter(changes));
    }
    std::vector<Statement> all(before.begin(), before.end());
    for (const auto& change : changes) all.push_back({change, {}});
    all.insert(all.end(), after.begin(), after.end());
    OFFX_TRY(batch(all, Mode::write));
    return {};
  }

  [[nodiscard]] std::string description() const override {
    return "libsql:" + address_.place + (address_.name_space.empty() ? "" : "/" + address_.name_space);
  }

 private:
  Result<Results> run(std::span<const Statement> statements, Wrap wrap, Mode mode) {
    const Deadline deadline = steady_clock::now() + address_.timeout;
    const bool has_replica = !address_.replica.empty();
    if (mode == Mode::read_stale && has_replica) {
      const bool alone = FallbackReads::primary_is_away();
      if (auto results = run_at_replica(statements, alone ? kLastProbe : kProbe, deadline)) return std::move(*results);
    }
    OFFX_ASSIGN(auto pipeline, write_pipeline(statements, wrap));
    if (mode == Mode::read_stale && has_replica && FallbackReads::primary_is_away()) {
      return fail(Errc::unavailable,
                  "the primary does not answer, and its replica neither, or it lacks what was written here last");
    }
    if (pipeline.reads || !has_replica) return exchange(primary_, pipeline, wrap, deadline);

    OFFX_ASSIGN(pipeline, write_pipeline(statements, Wrap::write, kAdvance));
    OFFX_ASSIGN(auto results, exchange(primary_, pipeline, Wrap::write, deadline));
    if (results.back().rows() != 1) {
      return fail(Errc::corrupt, "the server's answer lacks a row" + std::string(http::kMayBeApplied));
    }
    const std::int64_t position = to_integer(results.back().row(0)[0]);
    std::int64_t known = position_.load();
    while (known < position && !position_.compare_exchange_weak(known, position)) {
    }
    results.resize(statements.size());
    return results;
  }

  /// Nothing if the replica does not answer, or not with what this client must see.
  std::optional<Results> run_at_replica(std::span<const Statement> statements, milliseconds probe, Deadline deadline) {
    // What is wrong with the statements is told by the way over the primary.
    const std::int64_t needed = position_.load();
    // How far the replica is comes first: what is read behind it is no older. No transaction, as replicas hand those to
    // their primary: each statement sees a moment of its own.
    std::vector<Statement> all;
    if (needed > 0) all.assign(kAskPosition.begin(), kAskPosition.end());
    const auto asked = static_cast<std::ptrdiff_t>(all.size());
    all.insert(all.end(), statements.begin(), statements.end());
    auto pipeline = write_pipeline(all, Wrap::each);
    // Half of the time, so that the primary may still answer if the replica hangs.
    const Deadline until = deadline - address_.timeout / 2;
    if (!pipeline || !replica_is_there(probe, until)) return std::nullopt;
    auto results = ask_replica(*pipeline, until);
    if (!results) return std::nullopt;
    if (needed > 0) {
      const auto& answer = results->front();
      if (answer.rows() == 0 || to_integer(answer.row(0)[0]) < needed) return std::nullopt;
    }
    results->erase(results->begin(), results->begin() + asked);
    return std::move(*results);
  }

  /// One that was silent for a while is asked for a trifle first: if it hangs, the caller loses no more than that.
  bool replica_is_there(milliseconds probe, Deadline deadline) {
    const auto now = steady_clock::now();
    if (now < Deadline(steady_clock::duration(replica_answered_.load())) + kReplicaTrusted) return true;
    auto shunned_until = replica_shunned_until_.load();
    if (now.time_since_epoch().count() < shunned_until) return false;
    // One finds out whether it answers again; the others do not wait for that.
    const auto shun = (now + kReplicaShunned).time_since_epoch().count();
    if (shunned_until != 0 && !replica_shunned_until_.compare_exchange_strong(shunned_until, shun)) return false;
    // One that is slow, and no more than that, gets its time at last.
    const auto patience = probe * (1 << std::min(replica_silences_.load(), 6));
    static const std::array<Statement, 1> kTrifle = {Statement{"SELECT 1", {}}};
    auto pipeline = write_pipeline(kTrifle, Wrap::each);
    return pipeline && ask_replica(*pipeline, std::min<Deadline>(deadline, now + patience)).has_value();
  }

  Result<Results> ask_replica(Pipeline& pipeline, Deadline deadline) {
    auto results = exchange(replica_, pipeline, Wrap::each, deadline);
    const auto now = steady_clock::now();
    if (results || !results.error().retryable()) {
      replica_answered_ = now.time_since_epoch().count();
      replica_shunned_until_ = 0;
      replica_silences_ = 0;
    } else {
      replica_answered_ = 0;
      replica_shunned_until_ = (now + kReplicaShunned).time_since_epoch().count();
      ++replica_silences_;
    }
    return results;
  }

  Result<Results> exchange(Server& server, Pipeline& pipeline, Wrap wrap, Deadline deadline) {
    const CallStop stop;
    for (auto pause = kBusyPause;; pause = std::min(pause * 2, kBusyPause * 16)) {
      OFFX_ASSIGN(auto answered, post(server, pipeline, deadline));
      OFFX_ASSIGN(auto answer, read_answer(answered.body, pipeline, wrap));
      if (!answer.baton.empty()) put_back(server, {std::move(answer.baton), answered.stream_opened}, answer, deadline);
      // The server itself says that it gave way to another writer: nothing was done. It lets writers wait for one
      // another, but not always.
      const bool gave_way = !answer.results && answer.results.error().retryable();
      if (!gave_way || stop.requested() || steady_clock::now() + pause >= deadline) return std::move(answer.results);
      std::this_thread::sleep_for(pause);
    }
  }

  void put_back(Server& server, const Stream& stream, const Answer& answer, Deadline deadline) {
    if (!answer.base_url.empty() && answer.base_url != server.url) {
      // It goes on at an address that nobody gave us the token for. There it expires.
      server.keeps_streams = false;
      return;
    }
    if (answer.is_clean && server.streams.keep(stream)) return;
    // Or else it expires. The caller waits for it, and has the answer.
    (void)close_stream(server, stream, std::min(deadline, steady_clock::now() + kGoodbye));
  }

  bool close_stream(const Server& server, const Stream& stream, Deadline deadline) {
    return transport_->post(pipeline_url(server, speaks_only_v2_), close_request(stream.baton), deadline).has_value();
  }

  static std::string pipeline_url(const Server& server, bool v2) {
    return server.url + (v2 ? "/v2/pipeline" : "/v3/pipeline");
  }

  struct Answered {
    std::string body;
    steady_clock::time_point stream_opened;
  };

  /// A read goes on in a stream that is kept, or its own is. A write has a new one, which it closes: so nothing of it
  /// can stay open, none is refused because its stream is gone, and none goes to a database that was put in the place
  /// of another under the same name: sqld lets streams of the old one write to what is deleted.
  Result<Answered> post(Server& server, Pipeline& pipeline, Deadline deadline) {
    const bool reads = pipeline.reads;
    const auto after = reads && server.keeps_streams ? After::keep : After::close;
    auto stream = reads ? server.streams.take() : std::nullopt;
    for (int attempt = 1;; ++attempt) {
      const bool v2 = speaks_only_v2_.load();
      const bool is_kept = stream.has_value();
      const auto opened = is_kept ? stream->opened : steady_clock::now();
      give_to_stream(pipeline, is_kept ? stream->baton : "", after);
      stream.reset();
      auto response = transport_->post(pipeline_url(server, v2), pipeline.json, deadline);
      if (!response) {
        auto& failure = response.error();
        const bool time_left = steady_clock::now() < deadline;
        // A kept connection that the server closed meanwhile: a read may be sent again.
        if (reads && failure.sent && attempt == 1 && time_left && failure.error.retryable()) continue;
        if (failure.sent && !reads) return fail(may_be_applied(failure.error));
        return fail(std::move(failure.error));
      }
      if (response->status == 200) return Answered{std::move(response->body), opened};
      // The stream has expired, or it was another process that knew it: a read may be sent again.
      if (is_kept && response->status < 500) {
        server.streams.forget();
        continue;
      }
      // Of a version it does not know a server says 404 without a body.
      if (response->status == 404 && !v2 && response->body.empty()) {
        speaks_only_v2_ = true;
        continue;
      }
      return fail(refusal(*response, reads));
    }
  }

  [[nodiscard]] static Error may_be_applied(const Error& error) {
    return {error.code(), error.message() + std::string(http::kMayBeApplied)};
  }

  [[nodiscard]] Error refusal(const http::Response& response, bool reads) const {
    const std::string answered = address_.place + " answered " + std::to_string(response.status);
    const std::string told = response.body.empty() ? "" : " (" + http::shown_message(response.body) + ")";
    switch (response.status) {
      case 401:
      case 403:
        return {Errc::invalid_argument,
                answered + ": it does not accept the token; give a valid one as OFFX_DB_AUTH_TOKEN or ?authToken="};
      case 301:
      case 302:
      case 307:
      case 308: {
        // Without what is behind the host, which may be secret.
        const auto host = response.location.find("://");
        const auto path = host == std::string::npos ? host : response.location.find('/', host + 3);
        return {Errc::invalid_argument,
                answered + ": the database is elsewhere" +
                    (host == std::string::npos ? "" : ", at " + response.location.substr(0, path)) +
                    "; write the address it has now: a token goes nowhere that it was not given for"};
      }
      case 404: return {Errc::not_found, answered + ": there is no such database" + told};
      case 429: return {Errc::unavailable, answered + ": too many requests; try again later"};
      default: break;
    }
    if (response.status == 500 && response.body.find("utf-8") != std::string::npos) {
      return {Errc::corrupt, "a text in the database is not UTF-8: read it with hex()" + told};
    }
    if (response.status >= 500) {
      const Error error(Errc::unavailable, answered + told);
      return reads ? error : may_be_applied(error);
    }
    return {Errc::invalid_argument, answered + told};
  }

  const Address address_;
  const std::unique_ptr<http::Transport> transport_;
  Server primary_;
  Server replica_;
  std::atomic<bool> speaks_only_v2_ = false;
  std::atomic<Deadline::rep> replica_answered_ = 0;  ///< when it did last; 0: not since it was silent
  std::atomic<Deadline::rep> replica_shunned_until_ = 0;
  std::atomic<int> replica_silences_ = 0;   ///< in a row
  std::atomic<std::int64_t> position_ = 0;  ///< of this client's last write: how far a replica must have come
};

bool is_namespace(std::string_view name) {
  return !name.empty() && name.size() <= 63 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

}  // namespace

Result<std::unique_ptr<DatabaseClient>> open(std::string_view url) {
  OFFX_ASSIGN(auto parsed, http::parse_server_url(url));
  OFFX_ASSIGN(const auto options, http::take_options(parsed, parsed.scheme != "http"));
  if (parsed.hosts.size() != 1) {
    return fail(Errc::invalid_argument, "the address of a libSQL database names one host; a replica is ?replica=HOST");
  }
  if (!parsed.user.empty() || !parsed.password.empty()) {
    return fail(Errc::invalid_argument, "a libSQL server takes a token, not a user: ?authToken= or OFFX_DB_AUTH_TOKEN");
  }
  const std::string scheme = options.tls ? "https://" : "http://";
  Address address{parsed.hosts.front(), scheme + parsed.hosts.front(), {}, {}, options.timeout};
  if (const auto replica = parsed.take("replica")) {
    OFFX_ASSIGN(const auto host, http::parse_server_url("libsql://" + *replica));
    if (host.hosts.size() != 1 || !host.parameters.empty()) {
      return fail(Errc::invalid_argument, "replica= names one host, and nothing else");
    }
    address.replica = scheme + host.hosts.front();
  }
  http::Transport::Options transport_options;
  if (const auto name = parsed.take("namespace")) {
    if (!is_namespace(*name)) {
      return fail(Errc::invalid_argument, "a namespace is 1 to 63 of the characters a-z, 0-9 and -");
    }
    address.name_space = *name;
    // sqld takes the first label of the host that was asked for.
    transport_options.headers.push_back("Host: " + *name + ".localhost");
  }
  if (!options.secret.empty()) transport_options.headers.push_back("Authorization: Bearer " + options.secret);
  OFFX_TRY(http::refuse_unknown(parsed));
  OFFX_ASSIGN(auto transport, http::Transport::create(std::move(transport_options)));
  return std::make_unique<Engine>(std::move(address), std::move(transport));
}

}  // namespace offx::db::libsql
