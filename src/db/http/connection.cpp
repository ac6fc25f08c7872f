#include "db/http/connection.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

namespace offx::db::http {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kWaitMax{1'000};  ///< so often it is asked whether to stop

int on_progress(void* stop, curl_off_t /*to_get*/, curl_off_t /*got*/, curl_off_t /*to_send*/,
                curl_off_t /*sent*/) noexcept {
  return static_cast<const CallStop*>(stop)->requested() ? 1 : 0;
}

curl_socket_t on_open_socket(void* /*self*/, curlsocktype /*purpose*/, curl_sockaddr* address) noexcept {
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

void wait_for(curl_socket_t socket, short events, milliseconds at_most) noexcept {
  pollfd wait{socket, events, 0};
  // Whatever it says, the next call on the socket says more.
  (void)poll(&wait, 1, static_cast<int>(std::min(at_most, kWaitMax).count()));
}

Connection::Io io_of_errno() noexcept {
  const bool later = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
  return later ? Connection::Io::nothing_yet : Connection::Io::broken;
}

Connection::Io io_of(CURLcode code, std::size_t bytes) noexcept {
  if (code == CURLE_AGAIN) return Connection::Io::nothing_yet;
  if (code != CURLE_OK) return Connection::Io::broken;
  return bytes == 0 ? Connection::Io::ended : Connection::Io::some;
}

}  // namespace

tl::expected<std::unique_ptr<Connection>, CURLcode> Connection::make(const CurlLibrary& curl, const Goal& goal,
                                                                     const CallStop& stop) {
  CURL* easy = curl.easy_init();
  if (easy == nullptr) return tl::unexpected(CURLE_OUT_OF_MEMORY);
  std::unique_ptr<Connection> connection(new Connection(curl, easy, goal.origin.starts_with("https:")));
  if (!connection->prepare(goal, stop)) return tl::unexpected(CURLE_UNKNOWN_OPTION);
  const SigpipeBlock no_sigpipe;
  if (const CURLcode code = curl.easy_perform(easy); code != CURLE_OK) return tl::unexpected(code);
  if (!connection->take_socket()) return tl::unexpected(CURLE_COULDNT_CONNECT);
  return connection;
}

Connection::~Connection() {
  std::optional<SigpipeBlock> no_sigpipe;
  if (tls_) no_sigpipe.emplace();
  curl_.easy_cleanup(easy_);
}

bool Connection::prepare(const Goal& goal, const CallStop& stop) noexcept {
  const auto set = [this](CURLoption option, auto value) {
    return curl_.easy_setopt(easy_, option, value) == CURLE_OK;
  };
  // The last: a call does not wait for a name server when its time is over.
  return set(CURLOPT_URL, goal.origin.c_str()) && set(CURLOPT_PROTOCOLS_STR, "http,https") &&
         set(CURLOPT_CONNECT_ONLY, 1L) && set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1)) &&
         set(CURLOPT_NOSIGNAL, 1L) && set(CURLOPT_PROXY, "") &&
         set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(std::max(goal.at_most, milliseconds(1)).count())) &&
         set(CURLOPT_OPENSOCKETFUNCTION, &on_open_socket) && set(CURLOPT_NOPROGRESS, 0L) &&
         set(CURLOPT_XFERINFOFUNCTION, &on_progress) &&
         set(CURLOPT_XFERINFODATA, const_cast<void*>(static_cast<const void*>(&stop))) &&
         (goal.authorities.empty() || set(CURLOPT_CAINFO, goal.authorities.c_str())) && set(CURLOPT_QUICK_EXIT, 1L);
}

bool Connection::take_socket() {
  if (curl_.easy_getinfo(easy_, CURLINFO_ACTIVESOCKET, &socket_) != CURLE_OK || socket_ == CURL_SOCKET_BAD) {
    return false;
  }
  buffer_ = std::make_unique_for_overwrite<char[]>(kReceivedMax);
  if (tls_) return true;
  // Receiving waits in the call that receives: one call fewer for each piece of an answer.
  const timeval longest{std::chrono::duration_cast<std::chrono::seconds>(kWaitMax).count(), 0};
  const int flags = fcntl(socket_, F_GETFL);
  return flags >= 0 && fcntl(socket_, F_SETFL, flags & ~O_NONBLOCK) == 0 &&
         setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &longest, sizeof longest) == 0;
}

Connection::Io Connection::send(std::string_view& bytes) noexcept {
  if (bytes.empty()) return Io::some;
  if (tls_) {
    const SigpipeBlock no_sigpipe;
    std::size_t sent = 0;
    const CURLcode code = curl_.easy_send(easy_, bytes.data(), bytes.size(), &sent);
    bytes.remove_prefix(sent);
    return io_of(code, sent);
  }
  const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0) return io_of_errno();
  bytes.remove_prefix(static_cast<std::size_t>(sent));
  return Io::some;
}

void Connection::wait_to_send(milliseconds at_most) const noexcept { wait_for(socket_, POLLIN | POLLOUT, at_most); }

Connection::Io Connection::receive(milliseconds at_most) noexcept {
  if (begin_ > 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == kReceivedMax) return Io::some;
  if (!tls_ && at_most >= kWaitMax) return receive_now(0);
  // Under TLS bytes may wait that the socket does not know of.
  Io io = receive_now(MSG_DONTWAIT);
  if (io != Io::nothing_yet || at_most.count() <= 0) return io;
  wait_for(socket_, POLLIN, at_most);
  return receive_now(MSG_DONTWAIT);
}

Connection::Io Connection::receive_now(int flags) noexcept {
  char* const into = buffer_.get() + end_;
  const std::size_t room = kReceivedMax - end_;
  if (tls_) {
    const SigpipeBlock no_sigpipe;
    std::size_t got = 0;
    const CURLcode code = curl_.easy_recv(easy_, into, room, &got);
    end_ += got;
    return io_of(code, got);
  }
  const ssize_t got = recv(socket_, into, room, flags);
  if (got < 0) return io_of_errno();
  end_ += static_cast<std::size_t>(got);
  return got == 0 ? Io::ended : Io::some;
}

}  // namespace offx::db::http
