#include "net/http_server.h"

#include <algorithm>
#include <charconv>
#include <future>
#include <thread>
#include <unordered_map>
#include <unordered_set>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "net/http_connection.h"
#include "net/network.h"

namespace offx::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;
using std::chrono::milliseconds;

// A client that has given or taken nothing for so long gives its place to another, if there is no other place.
constexpr milliseconds kStalled{2'000};

bool same_name(std::string_view a, std::string_view b) noexcept {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; };
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [&](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

std::optional<std::string_view> HttpRequest::header(std::string_view name) const noexcept {
  for (const auto& header : headers) {
    if (same_name(header.name, name)) return header.value;
  }
  return std::nullopt;
}

class HttpServer::Impl {
 public:
  Impl(HttpServerOptions options, HttpHandler& handler)
      : context_{.options = std::move(options),
                 .handler = handler,
                 .on_closed = [this](HttpConnection& connection) { remove(connection); }},
        acceptor_(io_),
        sweep_timer_(io_),
        accept_timer_(io_),
        sweep_interval_(std::clamp(std::min(context_.options.header_timeout, context_.options.idle_timeout) / 4,
                                   milliseconds(10), milliseconds(1'000))) {}
  ~Impl() { stop(milliseconds(0)); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Result<void> listen();
  bool stop(milliseconds grace);

  [[nodiscard]] std::string address() const;
  [[nodiscard]] Load load() const { return {connection_count_, context_.event_streams, context_.requests}; }

 private:
  [[nodiscard]] const HttpServerOptions& options() const noexcept { return context_.options; }
  void accept();
  void accepted(tcp::socket socket);
  bool make_room(const std::string* caller);
  void remove(HttpConnection& connection);
  void sweep();
  void arm_sweep();

  HttpServerContext context_;
  asio::io_context io_{1};
  tcp::acceptor acceptor_;
  asio::steady_timer sweep_timer_;
  asio::steady_timer accept_timer_;
  const milliseconds sweep_interval_;
  bool sweeping_ = false;
  // Everything below belongs to the input and output thread, but what is atomic.
  std::unordered_set<std::shared_ptr<HttpConnection>> connections_;
  std::unordered_map<std::string, std::size_t> callers_;  // how many connections each has that has a limit
  std::atomic<std::size_t> connection_count_ = 0;
  std::optional<std::promise<void>> all_closed_;
  tcp::endpoint endpoint_;
  std::thread thread_;
};

Result<ListenAddress> parse_listen_address(const std::string& text) {
  const auto colon = text.rfind(':');
  const auto wrong = [&](const std::string& why) {
    return fail(Errc::invalid_argument, "\"" + text + "\" is no address to listen at: " + why);
  };
  if (colon == std::string::npos) return wrong("write HOST:PORT, like 127.0.0.1:8080 or [::1]:8080");
  std::string host = text.substr(0, colon);
  const std::string digits = text.substr(colon + 1);
  unsigned port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size() || port > 65'535) {
    return wrong("the port is a number up to 65535");
  }
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  if (host.empty() || host == "*") host = "0.0.0.0";
  error_code bad;
  const auto address = asio::ip::make_address(host, bad);
  if (bad) return wrong("the host is an IP address of this machine, localhost, or nothing for all of them");
  return ListenAddress{address.to_string(), port, address.is_loopback()};
}

Result<void> HttpServer::Impl::listen() {
  OFFX_ASSIGN(const auto address, parse_listen_address(options().listen));
  error_code error;
  const auto ip = asio::ip::make_address(address.host, error);
  const tcp::endpoint endpoint(ip, static_cast<std::uint16_t>(address.port));
  if (!error) acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    const bool taken = error == asio::error::address_in_use;
    return fail(Errc::io,
                "cannot listen at " + options().listen + ": " +
                    (taken ? "another program does; stop it or choose another port with --listen" : error.message()));
  }
  endpoint_ = acceptor_.local_endpoint(error);
  context_.workers.emplace(options().workers, options().requests_waiting_max);
  accept();
  thread_ = std::thread([this] { io_.run(); });
  return {};
}

std::string HttpServer::Impl::address() const {
  const auto ip = endpoint_.address();
  return (ip.is_v6() ? "[" + ip.to_string() + "]" : ip.to_string()) + ":" + std::to_string(endpoint_.port());
}

void HttpServer::Impl::accept() {
  acceptor_.async_accept(io_, [this](error_code error, tcp::socket socket) {
    if (context_.is_stopping) return;
    if (!error) {
      accepted(std::move(socket));
      return accept();
    }
    // Out of descriptors, as a rule: it passes.
    accept_timer_.expires_after(milliseconds(100));
    accept_timer_.async_wait([this](error_code cancelled) {
      if (!cancelled && !context_.is_stopping) accept();
    });
  });
}

void HttpServer::Impl::accepted(tcp::socket socket) {
  error_code error;
  const auto peer = socket.remote_endpoint(error);
  if (error) return;  // gone already
  socket.set_option(tcp::no_delay(true), error);
  auto ip = peer.address();
  if (ip.is_v6() && ip.to_v6().is_v4_mapped()) ip = asio::ip::make_address_v4(asio::ip::v4_mapped, ip.to_v6());
  auto address = ip.to_string();
  std::string caller;
  bool has_room = true;
  if (options().connections_per_caller_max > 0 && !options().is_shared_address(address)) {
    caller = caller_network(address);
    ++callers_[caller];
    // Those that were turned away are there until they have read it: one of them is no room.
    while (has_room && callers_[caller] > options().connections_per_caller_max) has_room = make_room(&caller);
  }
  while (has_room && connections_.size() >= options().connections_max) has_room = make_room(nullptr);
  auto connection =
      std::make_shared<HttpConnection>(context_, std::move(socket), std::move(address), std::move(caller));
  connections_.insert(connection);
  connection_count_ = connections_.size();
  arm_sweep();
  if (has_room) {
    connection->begin();
  } else {
    connection->turn_away();
  }
}

/// Closes the connection that has waited longest for a request or its head; if there is none, the one whose client has
/// let a body or an answer rest for longest; at last one that asks without reading. Of all, or those of `caller`.
bool HttpServer::Impl::make_room(const std::string* caller) {
  using State = HttpConnection::State;
  std::shared_ptr<HttpConnection> idlest;
  std::shared_ptr<HttpConnection> slowest;
  std::shared_ptr<HttpConnection> early;
  const auto stalled = std::chrono::steady_clock::now() - kStalled;
  for (const auto& connection : connections_) {
    if (caller != nullptr && connection->caller() != *caller) continue;
    const auto state = connection->state();
    if (state == State::idle || state == State::head || state == State::discarding) {
      if (!idlest || connection->waits_since() < idlest->waits_since()) idlest = connection;
    } else if ((state == State::writing || state == State::body) && connection->last_moved() < stalled) {
      if (!slowest || connection->last_moved() < slowest->last_moved()) slowest = connection;
    } else if (state == State::early) {
      if (!early || connection->waits_since() < early->waits_since()) early = connection;
    }
  }
  const auto& chosen = idlest ? idlest : slowest ? slowest : early;
  if (!chosen) return false;
  chosen->close();
  return true;
}

void HttpServer::Impl::arm_sweep() {
  if (sweeping_ || connections_.empty()) return;
  sweeping_ = true;
  sweep_timer_.expires_after(sweep_interval_);
  sweep_timer_.async_wait([this](error_code error) {
    sweeping_ = false;
    if (error) return;
    sweep();
    arm_sweep();
  });
}

void HttpServer::Impl::sweep() {
  const auto now = std::chrono::steady_clock::now();
  const std::vector<std::shared_ptr<HttpConnection>> all(connections_.begin(), connections_.end());
  for (const auto& connection : all) connection->check_deadline(now);
}

void HttpServer::Impl::remove(HttpConnection& connection) {
  if (const auto caller = callers_.find(connection.caller()); caller != callers_.end() && --caller->second == 0) {
    callers_.erase(caller);
  }
  connections_.erase(connection.shared_from_this());
  connection_count_ = connections_.size();
  if (connections_.empty() && all_closed_) {
    all_closed_->set_value();
    all_closed_.reset();
  }
}

bool HttpServer::Impl::stop(milliseconds grace) {
  if (!thread_.joinable()) return true;
  std::promise<void> promise;
  auto closed = promise.get_future();
  asio::post(io_, [this, &promise] {
    context_.is_stopping = true;
    error_code ignored;
    acceptor_.close(ignored);
    accept_timer_.cancel();
    const std::vector<std::shared_ptr<HttpConnection>> all(connections_.begin(), connections_.end());
    for (const auto& connection : all) connection->stop_when_idle();
    if (connections_.empty()) {
      promise.set_value();
    } else {
      all_closed_ = std::move(promise);
    }
  });
  const bool all_finished = closed.wait_for(grace) == std::future_status::ready;
  if (!all_finished) {
    context_.workers->stop();  // nobody will be there to be answered
    asio::post(io_, [this] {
      const std::vector<std::shared_ptr<HttpConnection>> all(connections_.begin(), connections_.end());
      for (const auto& connection : all) connection->close();
    });
    closed.wait();
  }
  context_.workers.reset();  // its last jobs post to io_, where nothing is left to answer
  context_.requests = 0;
  asio::post(io_, [this] {
    sweep_timer_.cancel();
    context_.early.clear();
    io_.stop();
  });
  thread_.join();
  return all_finished;
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() = default;

Result<std::unique_ptr<HttpServer>> HttpServer::start(HttpServerOptions options, HttpHandler& handler) {
  auto impl = std::make_unique<Impl>(std::move(options), handler);
  OFFX_TRY(impl->listen());
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

bool HttpServer::stop(milliseconds grace) { return impl_->stop(grace); }
std::string HttpServer::address() const { return impl_->address(); }
HttpServer::Load HttpServer::load() const { return impl_->load(); }

}  // namespace offx::net
