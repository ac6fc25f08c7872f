#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace offx::net {

/// A server on 127.0.0.1 that answers one connection after the other with what a function writes, in a thread.
/// For tests only.
class LocalServer {
 public:
  class Connection {
   public:
    Connection(int socket, int stop, std::string request)
        : request_(std::move(request)), socket_(socket), stop_(stop) {}
    [[nodiscard]] const std::string& request() const { return request_; }
    /// The request with its body, as far as its Content-Length goes.
    std::string whole_request() {
      const auto head_end = request_.find("\r\n\r\n") + 4;
      const auto length = request_.find("Content-Length: ");
      const std::size_t wanted =
          length < head_end ? head_end + std::strtoul(request_.c_str() + length + 16, nullptr, 10) : head_end;
      std::array<char, 4096> buffer{};
      while (request_.size() < wanted) {
        const ssize_t got = recv(socket_, buffer.data(), buffer.size(), 0);
        if (got <= 0) break;
        request_.append(buffer.data(), static_cast<std::size_t>(got));
      }
      return request_;
    }
    /// Waits for the next request on the same connection; false if none comes.
    bool next_request() {
      request_ = head(socket_);
      return !request_.empty();
    }
    bool send(std::string_view bytes) {
      while (!bytes.empty()) {
        const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
      }
      return true;
    }
    /// False if the server is to stop or the client went away.
    bool sleep(std::chrono::milliseconds time) {
      std::array<pollfd, 2> waits{{{stop_, POLLIN, 0}, {socket_, POLLRDHUP, 0}}};
      return poll(waits.data(), waits.size(), static_cast<int>(time.count())) == 0;
    }

   private:
    friend class LocalServer;
    /// The next request, at least its head; less if the client ends before that.
    static std::string head(int client) {
      std::string head;
      std::array<char, 4096> buffer{};
      while (head.find("\r\n\r\n") == std::string::npos) {
        const ssize_t got = recv(client, buffer.data(), buffer.size(), 0);
        if (got <= 0) break;
        head.append(buffer.data(), static_cast<std::size_t>(got));
      }
      return head;
    }

    std::string request_;
    int socket_;
    int stop_;
  };
  using Handler = std::function<void(Connection&)>;

  explicit LocalServer(Handler handler)
      : handler_(std::move(handler)),
        listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
        stop_(eventfd(0, EFD_CLOEXEC)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener_, 16) != 0 ||
        getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      std::abort();
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~LocalServer() {
    eventfd_write(stop_, 1);
    thread_.join();
    close(listener_);
    close(stop_);
  }
  LocalServer(const LocalServer&) = delete;
  LocalServer& operator=(const LocalServer&) = delete;

  [[nodiscard]] std::string place() const { return "127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::string url(std::string_view path = "/") const { return "http://" + place() + std::string(path); }
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] int connections() const { return connections_; }
  /// The head of the last request.
  [[nodiscard]] std::string last_request() const {
    const std::scoped_lock lock(mutex_);
    return last_request_;
  }

 private:
  void serve() {
    while (true) {
      std::array<pollfd, 2> waits{{{stop_, POLLIN, 0}, {listener_, POLLIN, 0}}};
      if (poll(waits.data(), waits.size(), -1) < 0 || waits[0].revents != 0) return;
      const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (client < 0) return;
      ++connections_;
      std::string head = Connection::head(client);
      {
        const std::scoped_lock lock(mutex_);
        last_request_ = head;
      }
      Connection connection(client, stop_, std::move(head));
      handler_(connection);
      close(client);
    }
  }

  Handler handler_;
  int listener_ = -1;
  int stop_ = -1;
  int port_ = 0;
  std::atomic<int> connections_ = 0;
  mutable std::mutex mutex_;
  std::string last_request_;
  std::thread thread_;
};

}  // namespace offx::net
