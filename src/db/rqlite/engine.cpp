#include "db/rqlite/engine.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

#include "db/http/encoding.h"
#include "db/http/transport.h"
#include "db/http/url.h"
#include "db/rqlite/wire.h"
#include "db/server_references.h"
#include "db/sqlite/backup.h"
#include "db/stop.h"

namespace offx::db::rqlite {
namespace {

using http::Deadline;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using Results = std::vector<QueryResult>;

constexpr milliseconds kElectionPause{100};  ///< before the nodes are asked again who leads
constexpr int kRedirectsInRow = 3;
constexpr int kUnsureInRow = 3;
constexpr milliseconds kReadMin{500};        ///< a node has so long for a read at least
constexpr milliseconds kProbeMin{500};       ///< and so long to say that it is there, where others can be asked instead
constexpr std::chrono::seconds kTrusted{5};  ///< so long after an answer a node is taken to be there

/// An answer that went through the cluster's log: whoever gave it has applied whatever was acknowledged before.
struct Applied {
  std::string served_by;               ///< http::Response::served_by
  std::uint64_t lost_connections = 0;  ///< Transport::lost_connections() to the node then
  bool operator==(const Applied&) const = default;
};

struct Node {
  std::string url;                              ///< `http://host:port`
  std::atomic<steady_clock::rep> answered = 0;  ///< when it did last; 0: never yet
  std::mutex mutex;
  std::optional<Applied> applied;  ///< nothing if that may be so no more; under `mutex`, as is the next
  std::uint64_t forgotten = 0;     ///< how often it became nothing

  void forget_applied() {
    const std::lock_guard lock(mutex);
    applied.reset();
    ++forgotten;
  }
  /// Whether it is an answer of the same one; if not, none is known from now on.
  bool is_of_applied(const Applied& answer) {
    const std::lock_guard lock(mutex);
    if (applied && applied != answer) {
      applied.reset();
      ++forgotten;
    }
    return applied.has_value();
  }
};

class Engine final : public DatabaseClient {
 public:
  Engine(std::string places, const std::vector<std::string>& urls, milliseconds timeout,
         std::unique_ptr<http::Transport> transport)
      : places_(std::move(places)), timeout_(timeout), nodes_(urls.size()), transport_(std::move(transport)) {
    for (std::size_t i = 0; i < urls.size(); ++i) nodes_[i].url = urls[i];
  }

  Result<QueryResult> execute(std::string_view sql, const Params& params) override {
    const Statement statement{sql, params};
    OFFX_ASSIGN(const auto request, write_request(std::span(&statement, 1)));
    OFFX_ASSIGN(auto results, run(request, Mode::read));
    return std::move(results.front());
  }

  Result<Results> batch(std::span<const Statement> statements, Mode mode) override {
    if (statements.empty()) return Results{};
    OFFX_ASSIGN(const auto request, write_request(statements));
    if (!writes(mode) && !request.reads) {
      return fail(Errc::invalid_argument, "a batch in read mode holds a statement that writes");
    }
    return run(request, mode);
  }

  Result<void> backup(const std::string& path, const Progress& progress) override {
    if (std::filesystem::exists(path)) {
      return fail(Errc::conflict, path + " exists; choose another name or remove it first");
    }
    const std::string received = path + ".received";
    auto copied = receive(received, progress);
    if (copied) copied = sqlite::copy_database(received, path, progress);
    std::error_code ignored;  // it may not be there
    for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(received + suffix, ignored);
    return copied;
  }

  /// The text of the schema is changed, as by the engine in this process; every node does so, and again at its restart.
  Result<void> redirect_references(std::span<const Redirect> redirects, std::span<const Statement> before,
                                   std::span<const Statement> after) override {
    static constexpr std::string_view kReset = "PRAGMA writable_schema=RESET";
    OFFX_ASSIGN(const auto tables, redirected_tables(*this, redirects));
    std::vector<Statement> all(before.begin(), before.end());
    if (!tables.empty()) {
      all.push_back({"PRAGMA writable_schema=ON", {}});
      // Says whether each was still as it had been read, and makes the schema's number grow, by which connections see
      // that they have to read it anew.
      all.push_back({"CREATE TABLE offx_redirected (changed, CONSTRAINT offx_redirected CHECK (changed = 1))", {}});
      for (const auto& table : tables) {
        all.push_back({"UPDATE sqlite_schema SET sql = ?1 WHERE type = 'table' AND name = ?2 AND sql = ?3",
                       {table.sql, table.table, table.present_sql}});
        all.push_back(
            {"INSERT INTO offx_redirected (changed) SELECT count(*) FROM sqlite_schema WHERE type = 'table' "
             "AND name = ?1 AND sql = ?2",
             {table.table, table.sql}});
      }
      all.push_back({"DROP TABLE offx_redirected", {}});
      all.push_back({kReset, {}});
    }
    all.insert(all.end(), after.begin(), after.end());
    OFFX_ASSIGN(const auto request, write_request(all, Pragmas::allowed));
    auto done = run(request, Mode::write);
    if (done) return {};
    // The setting is the connection's, and outlives a transaction that failed.
    const Statement reset{kReset, {}};
    if (const auto again = write_request(std::span(&reset, 1), Pragmas::allowed)) (void)run(*again, Mode::write);
    if (done.error().message().find("CHECK constraint failed: offx_redirected") != std::string::npos) {
      return fail(Errc::conflict,
                  "a table that refers to another one was changed by somebody at the same moment; nothing was done: "
                  "try again");
    }
    return fail(std::move(done).error());
  }

  [[nodiscard]] std::string description() const override { return "rqlite:" + places_; }

 private:
  /// What an attempt at one node means for the whole.
  struct Attempt {
    enum class Next : std::uint8_t { done, other_node, redirected, unsure, wait, give_up } next = Next::give_up;
    bool silent = false;  ///< the node took the request and did not answer in time
    std::string body;
    Error error{Errc::internal, ""};
  };

  struct Call {
    const Request& request;
    std::string_view level;  ///< of a read
    Deadline deadline;
  };

  Result<Results> run(const Request& request, Mode mode) {
    Call call{request, "weak", steady_clock::now() + timeout_};
    if (!request.reads) {
      has_written_ = true;
    } else if (mode == Mode::read_latest) {
      call.level = "strong";
    } else if (mode == Mode::read_stale && !has_written_) {
      call.level = "none";
    }
    OFFX_ASSIGN(auto body, ask_nodes(call));
    auto results = read_answer(body, request);
    if (!results && results.error().retryable()) {
      for (auto& node : nodes_) node.forget_applied();
    }
    return results;
  }

  [[nodiscard]] std::string path_of(const Call& call) const {
    if (!call.request.reads) return "/db/request?transaction&norwrandom";
    // The time limit is never for writes: each node would give up at another row.
    return "/db/query?transaction&norwrandom&level=" + std::string(call.level) +
           "&db_timeout=" + std::to_string(timeout_.count()) + "ms";
  }

  /// Asks one node after the other until one has answered, the deadline is over, or more could do a write twice.
  Result<std::string> ask_nodes(Call call) {
    const CallStop stop;
    std::size_t refused_in_row = 0;
    int redirects = 0;
    int silences = 0;
    int unsure = 0;
    for (;;) {
      const std::size_t at = preferred_.load() % nodes_.size();
      auto attempt = ask(at, silences / static_cast<int>(nodes_.size()), call);
      silences += attempt.silent ? 1 : 0;
      const bool refused = attempt.next == Attempt::Next::other_node;
      refused_in_row = refused ? refused_in_row + 1 : 0;
      switch (attempt.next) {
        case Attempt::Next::done: return std::move(attempt.body);
        case Attempt::Next::give_up: prefer_after(at); return fail(std::move(attempt.error));
        case Attempt::Next::redirected:
          // While they elect one, nodes may name each other.
          if (++redirects % kRedirectsInRow == 0) std::this_thread::sleep_for(kElectionPause);
          break;
        case Attempt::Next::unsure:
          // Behind one address there may be several nodes, which answer in turn.
          if (++unsure == kUnsureInRow) call.level = "strong";
          break;
        case Attempt::Next::other_node:
          prefer_after(at);
          if (refused_in_row >= nodes_.size()) return fail(std::move(attempt.error));
          break;
        case Attempt::Next::wait:
          prefer_after(at);
          if (steady_clock::now() + kElectionPause >= call.deadline) return fail(std::move(attempt.error));
          std::this_thread::sleep_for(kElectionPause);
      }
      if (steady_clock::now() >= call.deadline) return fail(std::move(attempt.error));
      if (stop.requested()) return fail(Errc::cancelled, "stopped while " + attempt.error.message());
    }
  }

  Attempt ask(std::size_t at, int round, const Call& call) {
    auto& node = nodes_[at];
    const auto now = steady_clock::now();
    const auto deadline = call.deadline;
    const bool reads = call.request.reads;
    const bool weak = reads && call.level == "weak";
    // A node that hangs must leave time for the others: it is asked for little first, as a write cannot be taken back
    // to another one. In later rounds it gets longer: it may be slow, and the others too.
    Deadline probe_until = deadline;
    Deadline until = deadline;
    if (nodes_.size() > 1) {
      probe_until = std::min(deadline, now + kProbeMin * (1 << std::min(round, 6)));
      const auto share = (deadline - now) / static_cast<int>(nodes_.size());
      if (reads) until = std::min(deadline, now + std::max<steady_clock::duration>(share, kReadMin));
    }
    if (auto probed = probe(node, probe_until); probed.next != Attempt::Next::done) return probed;
    if (weak) {
      if (auto applied = make_sure_applied(node, until); applied.next != Attempt::Next::done) return applied;
    }
    auto response = post(node, path_of(call), call.request, until);
    if (!response) {
      node.answered = 0;
      return after_failure(std::move(response.error()), reads);
    }
    node.answered = steady_clock::now().time_since_epoch().count();
    const bool is_sure =
        call.level == "none" || node.is_of_applied({response->served_by, transport_->lost_connections(node.url)});
    const bool leads_not = response->status >= 500 || (response->status >= 300 && response->status < 400);
    if (leads_not || response->closes) node.forget_applied();
    auto attempt = after_response(std::move(*response), node, reads);
    if (attempt.next == Attempt::Next::done && weak && !is_sure) return unsure_of(node);
    return attempt;
  }

  static Result<Request> request_of(std::string_view sql) {
    const Statement statement{sql, {}};
    return write_request(std::span(&statement, 1));
  }
  static Attempt giving_up(Error error) {
    Attempt attempt;
    attempt.error = std::move(error);
    return attempt;
  }
  static Attempt unsure_of(const Node& node) {
    Attempt attempt;
    attempt.next = Attempt::Next::unsure;
    attempt.error = Error(Errc::unavailable, "it is not certain that " + node.url.substr(node.url.find("://") + 3) +
                                                 " has applied all that was acknowledged; try again");
    return attempt;
  }

  tl::expected<http::Response, http::Failure> post(const Node& node, const std::string& path, const Request& request,
                                                   Deadline deadline) const {
    return transport_->post(node.url + path + (forwards_ ? "" : "&redirect"), request.json, deadline);
  }

  static Attempt after_failure(http::Failure failure, bool reads) {
    Attempt attempt;
    attempt.error = std::move(failure.error);
    attempt.silent = failure.sent;
    if (!attempt.error.retryable()) {
      if (failure.sent && !reads) attempt.error = may_be_applied(attempt.error);
    } else if (!failure.sent) {
      attempt.next = Attempt::Next::other_node;
    } else if (reads) {
      attempt.next = Attempt::Next::wait;
    } else {
      attempt.error = may_be_applied(attempt.error);
    }
    return attempt;
  }
  static Error may_be_applied(const Error& error) {
    return {error.code(), error.message() + std::string(http::kMayBeApplied)};
  }

  Attempt after_response(http::Response response, const Node& node, bool reads) {
    Attempt attempt;
    if (response.status == 200) {
      attempt.next = Attempt::Next::done;
      attempt.body = std::move(response.body);
      return attempt;
    }
    const std::string answered =
        node.url.substr(node.url.find("://") + 3) + " answered " + std::to_string(response.status);
    const std::string told = response.body.empty() ? "" : " (" + http::shown_message(response.body) + ")";
    // Said before anything is done, with 503, or with 500 where it wanted to redirect.
    if (response.status >= 500 && response.body.starts_with("leader not found")) {
      attempt.error = Error(Errc::unavailable, "the cluster has no leader: more than half of its nodes must run");
      attempt.next = Attempt::Next::wait;
      return attempt;
    }
    switch (response.status) {
      case 301:
      case 302:
      case 307:
      case 308:
        attempt.error = Error(Errc::unavailable, "the cluster's leader is not reached");
        attempt.next = Attempt::Next::redirected;
        prefer(response.location);
        return attempt;
      case 401:
        attempt.error = Error(Errc::invalid_argument,
                              answered +
                                  ": it does not know this user and password, or the user may not do this (the "
                                  "permissions execute, query and status are needed)");
        return attempt;
      case 429:
        attempt.error = Error(Errc::unavailable, answered + ": too many requests; try again later");
        return attempt;
      case 500:
        if (response.body.find("unsupported value") != std::string::npos) {
          attempt.error = Error(Errc::unsupported, "rqlite cannot send an infinite number" + told);
          return attempt;
        }
        break;
      default: break;
    }
    if (response.status < 500) {
      attempt.error = Error(Errc::invalid_argument, answered + told);
    } else {
      attempt.error = Error(Errc::unavailable, answered + told + std::string(reads ? "" : http::kMayBeApplied));
      if (reads) attempt.next = Attempt::Next::wait;
    }
    return attempt;
  }

  /// Asks a node that was silent for a while whether it is there, and whether it enforces foreign keys: without them
  /// cascades do not happen, and each node decides for itself what to refuse.
  Attempt probe(Node& node, Deadline deadline) {
    Attempt attempt;
    attempt.next = Attempt::Next::done;
    const Deadline last{steady_clock::duration(node.answered.load())};
    if (node.answered != 0 && (nodes_.size() == 1 || steady_clock::now() < last + kTrusted)) return attempt;
    static constexpr std::string_view kSql = "SELECT foreign_keys FROM pragma_foreign_keys";
    const auto request = request_of(kSql);
    if (!request) return giving_up(request.error());
    auto response = transport_->post(node.url + "/db/query?level=none", request->json, deadline);
    if (!response) return after_failure(std::move(response.error()), true);
    auto answered = after_response(std::move(*response), node, true);
    if (answered.next != Attempt::Next::done) return answered;
    auto results = read_answer(answered.body, *request);
    if (!results || results->front().rows() == 0) {
      attempt.next = Attempt::Next::give_up;
      attempt.error =
          results ? Error(Errc::corrupt, "the server's answer is not rqlite's") : std::move(results).error();
    } else if (to_integer(results->front().row(0)[0]) == 0) {
      attempt.next = Attempt::Next::give_up;
      attempt.error = Error(Errc::unsupported, node.url.substr(node.url.find("://") + 3) +
                                                   " does not enforce foreign keys: start every rqlited with -fk");
    } else {
      node.answered = steady_clock::now().time_since_epoch().count();
    }
    return attempt;
  }

  /// A node that has begun to lead, or was started again, shows less than was acknowledged until it has applied its
  /// log. An answer that went through the log says that it has: such a one is asked for before the first read, and
  /// again after whatever may hide that another node leads by now, or the same one anew.
  Attempt make_sure_applied(Node& node, Deadline deadline) {
    Attempt attempt;
    attempt.next = Attempt::Next::done;
    const auto lost = transport_->lost_connections(node.url);
    std::uint64_t forgotten = 0;
    {
      const std::lock_guard lock(node.mutex);
      if (node.applied && node.applied->lost_connections == lost) return attempt;
      forgotten = node.forgotten;
    }
    static constexpr std::string_view kSql = "SELECT 1";
    const auto request = request_of(kSql);
    if (!request) return giving_up(request.error());
    auto response = post(node, "/db/query?level=strong", *request, deadline);
    if (!response) return after_failure(std::move(response.error()), true);
    Applied applied{response->served_by, lost};
    auto answered = after_response(std::move(*response), node, true);
    if (answered.next != Attempt::Next::done) return answered;
    if (auto results = read_answer(answered.body, *request); !results) {
      attempt.next = results.error().retryable() ? Attempt::Next::wait : Attempt::Next::give_up;
      attempt.error = std::move(results).error();
      return attempt;
    }
    const std::lock_guard lock(node.mutex);
    if (node.forgotten != forgotten || transport_->lost_connections(node.url) != lost) return unsure_of(node);
    node.applied = std::move(applied);
    return attempt;
  }

  /// Goes on with the node after `at`, unless another thread has chosen already.
  void prefer_after(std::size_t at) {
    std::size_t expected = at;
    preferred_.compare_exchange_strong(expected, (at + 1) % nodes_.size());
  }

  /// Goes on with the node that a redirect names, or from now on without redirects if it is none of ours.
  void prefer(const std::string& location) {
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (!location.starts_with(nodes_[i].url + "/")) continue;
      preferred_ = i;
      return;
    }
    forwards_ = true;
  }

  Result<void> receive(const std::string& path, const Progress& progress) {
    // For its owner alone, like every copy of a database.
    if (const int made = ::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600); made >= 0) ::close(made);
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    if (!file.is_open()) return fail(Errc::io, "cannot write " + path);
    std::uint64_t bytes = 0;
    Error last(Errc::unavailable, "no node of the cluster answers");
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      const auto& node = nodes_[(preferred_.load() + i) % nodes_.size()];
      bool written = true;
      const auto take = [&](std::string_view piece) {
        written = static_cast<bool>(file.write(piece.data(), static_cast<std::streamsize>(piece.size())));
        bytes += piece.size();
        constexpr std::uint64_t kPage = 4096;
        return written && (!progress || progress(bytes / kPage, bytes / kPage));
      };
      // As long as it takes: what is large takes long.
      auto response = transport_->get(node.url + "/db/backup", steady_clock::now() + std::chrono::hours(12), take);
      if (response && response->status == 200) {
        file.close();
        if (!file) return fail(Errc::io, "cannot write " + path);
        return {};
      }
      if (!written) return fail(Errc::io, "cannot write " + path);
      if (response) {
        auto attempt = after_response(std::move(*response), node, true);
        last = std::move(attempt.error);
      } else {
        last = std::move(response.error().error);
      }
      if (last.code() != Errc::unavailable || bytes > 0) break;
    }
    return fail(std::move(last));
  }

  const std::string places_;
  const milliseconds timeout_;
  std::vector<Node> nodes_;
  const std::unique_ptr<http::Transport> transport_;
  std::atomic<std::size_t> preferred_ = 0;
  std::atomic<bool> forwards_ = false;  ///< the leader's address is none of ours
  std::atomic<bool> has_written_ = false;
};

}  // namespace

Result<std::unique_ptr<DatabaseClient>> open(std::string_view url) {
  OFFX_ASSIGN(auto parsed, http::parse_server_url(url));
  OFFX_ASSIGN(const auto options, http::take_options(parsed, parsed.scheme == "rqlites"));
  OFFX_TRY(http::refuse_unknown(parsed));
  std::string who = parsed.user + ":" + parsed.password;
  if (parsed.user.empty()) who = options.secret;
  http::Transport::Options transport_options;
  if (!who.empty()) {
    if (who.find(':') == std::string::npos) {
      return fail(Errc::invalid_argument, "OFFX_DB_AUTH_TOKEN is USER:PASSWORD for an rqlite cluster");
    }
    transport_options.headers.push_back("Authorization: Basic " + http::base64(who));
  }
  std::vector<std::string> urls;
  for (const auto& host : parsed.hosts) urls.push_back((options.tls ? "https://" : "http://") + host);
  OFFX_ASSIGN(auto transport, http::Transport::create(std::move(transport_options)));
  return std::make_unique<Engine>(parsed.places(), urls, options.timeout, std::move(transport));
}

}  // namespace offx::db::rqlite
