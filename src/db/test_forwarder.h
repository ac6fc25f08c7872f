#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <list>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace offx::db {

/// The address of a port of this machine.
inline sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

struct BoundSocket {
  int descriptor;
  int port;
};
/// A socket at a port of 127.0.0.1 that nobody else uses; whoever gets it closes it.
inline BoundSocket bind_to_free_port() {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto address = loopback(0);
  socklen_t size = sizeof address;
  if (descriptor < 0 || bind(descriptor, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    std::abort();
  }
  return {descriptor, ntohs(address.sin_port)};
}

/// True if the process `pid` holds the socket at this port of 127.0.0.1 that is connected to `to_port`.
inline bool holds_connection(pid_t pid, int port, int to_port) {
  const auto in_table = [](int number) {
    std::array<char, 16> text{};
    std::snprintf(text.data(), text.size(), "0100007F:%04X", static_cast<unsigned>(number));
    return std::string(text.data());
  };
  std::string inode;
  std::ifstream table("/proc/net/tcp");
  for (std::string line; inode.empty() && std::getline(table, line);) {
    std::istringstream fields(line);
    std::string field;
    for (int column = 0; fields >> field; ++column) {
      if ((column == 1 && field != in_table(port)) || (column == 2 && field != in_table(to_port))) break;
      if (column == 9) inode = field;
    }
  }
  if (inode.empty()) return false;
  const std::string wanted = "socket:[" + inode + "]";
  std::error_code error;  // a process that ends meanwhile
  for (std::filesystem::directory_iterator file("/proc/" + std::to_string(pid) + "/fd", error), end;
       !error && file != end; file.increment(error)) {
    std::error_code closed;
    if (std::filesystem::read_symlink(file->path(), closed) == wanted) return true;
  }
  return false;
}

/// A piece of network for tests: whoever connects to port() talks to another port of this machine, until the link is
/// cut. Then connections stay open, new ones are taken too, and no byte passes; what was sent arrives when it is
/// mended.
class Forwarder {
 public:
  explicit Forwarder(int to_port) : to_port_(to_port), listener_(bind_to_free_port()) {
    if (listen(listener_.descriptor, 64) != 0) std::abort();
    thread_ = std::thread([this] { take_connections(); });
  }
  ~Forwarder() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    shutdown(listener_.descriptor, SHUT_RDWR);
    thread_.join();
    for (auto& link : links_) {
      for (const int end : {link.client, link.server}) shutdown(end, SHUT_RDWR);
    }
    for (auto& link : links_) {
      link.there.join();
      if (link.back.joinable()) link.back.join();
      for (const int end : {link.client, link.server}) close(end);
    }
    close(listener_.descriptor);
  }
  Forwarder(const Forwarder&) = delete;
  Forwarder& operator=(const Forwarder&) = delete;

  [[nodiscard]] int port() const { return listener_.port; }
  /// Nobody gets through any more.
  void cut() { set(Cut::all, 0); }
  /// The process `pid` gets through no more, everybody else does.
  void cut_off(pid_t pid) { set(Cut::one, pid); }
  void mend() { set(Cut::none, 0); }

 private:
  enum class Cut : std::uint8_t { none, one, all };
  struct Link {
    int client;
    int server;
    int client_port;
    bool is_of_cut_off = false;  ///< guarded by mutex_
    std::thread there;
    std::thread back;
  };

  void set(Cut cut, pid_t whom) {
    {
      const std::lock_guard lock(mutex_);
      cut_ = cut;
      cut_off_ = whom;
      for (auto& link : links_) link.is_of_cut_off = is_of_cut_off(link);
    }
    changed_.notify_all();
  }
  /// Asked when it is cut or the connection is made: later the process may have closed its end.
  [[nodiscard]] bool is_of_cut_off(const Link& link) const {
    return cut_ == Cut::one && holds_connection(cut_off_, link.client_port, listener_.port);
  }

  void take_connections() {
    for (;;) {
      sockaddr_in from{};
      socklen_t size = sizeof from;
      const int client = accept4(listener_.descriptor, reinterpret_cast<sockaddr*>(&from), &size, SOCK_CLOEXEC);
      if (client < 0) return;
      const std::lock_guard lock(mutex_);
      auto& link = links_.emplace_back(
          Link{client, socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), ntohs(from.sin_port), false, {}, {}});
      link.is_of_cut_off = is_of_cut_off(link);
      link.there = std::thread([this, &link] { carry(link); });
    }
  }

  void carry(Link& link) {
    if (!wait_for_passage(link)) return;
    const auto to = loopback(to_port_);
    if (connect(link.server, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
      shutdown(link.client, SHUT_RDWR);
      return;
    }
    link.back = std::thread([this, &link] { pass(link, link.server, link.client); });
    pass(link, link.client, link.server);
  }

  void pass(const Link& link, int from, int to) {
    std::array<char, 65536> bytes{};
    for (;;) {
      const auto received = recv(from, bytes.data(), bytes.size(), 0);
      // That the other side has closed is told no sooner than what it sent.
      if (!wait_for_passage(link)) return;
      if (received <= 0) break;
      for (ssize_t sent = 0; sent < received;) {
        const auto more = send(to, bytes.data() + sent, static_cast<std::size_t>(received - sent), MSG_NOSIGNAL);
        if (more <= 0) return;
        sent += more;
      }
    }
    shutdown(to, SHUT_WR);
  }

  /// False if this ends.
  bool wait_for_passage(const Link& link) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return stopping_ || cut_ == Cut::none || (cut_ == Cut::one && !link.is_of_cut_off); });
    return !stopping_;
  }

  const int to_port_;
  const BoundSocket listener_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Cut cut_ = Cut::none;
  pid_t cut_off_ = 0;
  bool stopping_ = false;
  std::list<Link> links_;
  std::thread thread_;
};

}  // namespace offx::db
