#include "db/http/transport.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <new>

#include <sys/socket.h>

#include "base/curl_library.h"
#include "base/version.h"
#include "db/stop.h"

namespace offx::db::http {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kIdleMax = 16;                  ///< connections kept
constexpr std::size_t kErrorMaxBytes = 64U << 10U;    ///< of an answer that says what is wrong
constexpr std::size_t kHeadersMaxBytes = 64U << 10U;  ///< of one answer

/// `host:port` of an address of ours, for messages.
std::string place_of(std::string_view url) {
  const auto begin = url.find("://") + 3;
  return std::string(url.substr(begin, url.find('/', begin) - begin));
}

/// One request and its answer. libcurl calls back into it while it runs.
struct Exchange {
  explicit Exchange(std::atomic<bool>& hangs) : call_stop(&hangs) {}

  std::string_view json;  ///< the body of a POST
  bool sent = false;      ///< whether any of the request has left, once it is over
  Response response;
  const Transport::Take* take = nullptr;
  CURL* easy = nullptr;
  const CurlLibrary* curl = nullptr;
  std::size_t body_max_bytes = 0;
  std::size_t header_bytes = 0;
  CallStop call_stop;
  enum class Stop : std::uint8_t { none, too_large, memory, cancelled } stop = Stop::none;

  /// Whether any of the request has left.
  [[nodiscard]] bool is_sent() const noexcept {
    long bytes = 0;
    return curl->easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &bytes) != CURLE_OK || bytes > 0;
  }

  /// libcurl would send the request again over a new connection if a kept one dies without an answer.
  static curl_socket_t on_open_socket(void* self, curlsocktype /*purpose*/, curl_sockaddr* address) noexcept {
    if (static_cast<Exchange*>(self)->is_sent()) return CURL_SOCKET_BAD;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  }

  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self) noexcept {
    auto& exchange = *static_cast<Exchange*>(self);
    const std::string_view piece(data, size * count);
    try {
      if (exchange.take != nullptr) {
        long status = 0;
        exchange.curl->easy_getinfo(exchange.easy, CURLINFO_RESPONSE_CODE, &status);
        if (status == 200) {
          if ((*exchange.take)(piece)) return piece.size();
          exchange.stop = Stop::cancelled;
          return CURL_WRITEFUNC_ERROR;
        }
        exchange.response.body +=
            piece.substr(0, kErrorMaxBytes - std::min(kErrorMaxBytes, exchange.response.body.size()));
        return piece.size();
      }
      if (piece.size() > exchange.body_max_bytes - exchange.response.body.size()) {
        exchange.stop = Stop::too_large;
        return CURL_WRITEFUNC_ERROR;
      }
      exchange.response.body += piece;
      return piece.size();
    } catch (const std::exception&) {
      exchange.stop = Stop::memory;
      return CURL_WRITEFUNC_ERROR;
    }
  }

  static std::size_t on_header(char* /*data*/, std::size_t size, std::size_t count, void* self) noexcept {
    auto& exchange = *static_cast<Exchange*>(self);
    exchange.header_bytes += size * count;
    return exchange.header_bytes > kHeadersMaxBytes ? CURL_WRITEFUNC_ERROR : size * count;
  }

  /// libcurl asks at least once a second.
  static int on_progress(void* self, curl_off_t /*to_get*/, curl_off_t /*got*/, curl_off_t /*to_send*/,
                         curl_off_t /*sent*/) noexcept {
    auto& exchange = *static_cast<Exchange*>(self);
    if (!exchange.call_stop.requested()) return 0;
    exchange.stop = Stop::cancelled;
    return 1;
  }
};

}  // namespace

struct Transport::Connections {
  Connections(const CurlLibrary& library, Options given) : curl(library), options(std::move(given)) {}
  ~Connections() {
    for (CURL* easy : idle) curl.easy_cleanup(easy);
    curl.slist_free_all(headers);
  }
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  CURL* borrow() {
    const std::lock_guard lock(mutex);
    if (idle.empty()) return curl.easy_init();
    CURL* easy = idle.back();
    idle.pop_back();
    return easy;
  }
  void give_back(CURL* easy) {
    {
      const std::lock_guard lock(mutex);
      if (idle.size() < kIdleMax) {
        idle.push_back(easy);
        return;
      }
    }
    curl.easy_cleanup(easy);
  }
  bool add_header(const std::string& line) {
    curl_slist* longer = curl.slist_append(headers, line.c_str());
    if (longer != nullptr) headers = longer;
    return longer != nullptr;
  }

  template <class Value>
  bool set(CURL* easy, CURLoption option, Value value) const {
    return curl.easy_setopt(easy, option, value) == CURLE_OK;
  }
  bool prepare(CURL* easy, Exchange& exchange, const std::string& url, bool posts, milliseconds left) const {
    bool done =
        set(easy, CURLOPT_URL, url.c_str()) && set(easy, CURLOPT_PROTOCOLS_STR, "http,https") &&
        set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1)) &&
        set(easy, CURLOPT_FOLLOWLOCATION, 0L) && set(easy, CURLOPT_NOSIGNAL, 1L) && set(easy, CURLOPT_PROXY, "") &&
        set(easy, CURLOPT_HTTPHEADER, headers) && set(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(left.count())) &&
        set(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(std::min(left, options.connect_timeout).count())) &&
        set(easy, CURLOPT_OPENSOCKETFUNCTION, &Exchange::on_open_socket) &&
        set(easy, CURLOPT_OPENSOCKETDATA, static_cast<void*>(&exchange)) &&
        set(easy, CURLOPT_WRITEFUNCTION, &Exchange::on_body) &&
        set(easy, CURLOPT_WRITEDATA, static_cast<void*>(&exchange)) &&
        set(easy, CURLOPT_HEADERFUNCTION, &Exchange::on_header) &&
        set(easy, CURLOPT_HEADERDATA, static_cast<void*>(&exchange)) && set(easy, CURLOPT_NOPROGRESS, 0L) &&
        set(easy, CURLOPT_XFERINFOFUNCTION, &Exchange::on_progress) &&
        set(easy, CURLOPT_XFERINFODATA, static_cast<void*>(&exchange));
    if (!posts) return done && set(easy, CURLOPT_HTTPGET, 1L);
    // Not through a function: libcurl sends a small body it knows together with the head, in one packet.
    return done && set(easy, CURLOPT_POSTFIELDS, exchange.json.data()) &&
           set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(exchange.json.size()));
  }

  Failure failure(CURLcode code, const Exchange& exchange, const std::string& url) const {
    const std::string place = place_of(url);
    const auto because = [&](Errc errc, std::string message) {
      return Failure{Error(errc, std::move(message)), exchange.sent};
    };
    switch (exchange.stop) {
      case Exchange::Stop::too_large:
        return because(Errc::unsupported, place + " answered with more than " +
                                              std::to_string(options.response_max_bytes >> 20U) +
                                              " MiB: ask for fewer rows at once");
      case Exchange::Stop::memory: return because(Errc::unavailable, "out of memory for the answer of " + place);
      case Exchange::Stop::cancelled: return because(Errc::cancelled, "stopped while " + place + " had not answered");
      case Exchange::Stop::none: break;
    }
    switch (code) {
      case CURLE_COULDNT_RESOLVE_HOST:
        return because(Errc::unavailable, "cannot find " + place + ": check the name and the network connection");
      case CURLE_COULDNT_CONNECT:
        // Also what on_open_socket() makes of a second attempt.
        if (!exchange.sent) return because(Errc::unavailable, "cannot connect to " + place);
        break;
      case CURLE_OPERATION_TIMEDOUT:
        return because(Errc::unavailable,
                       place + (exchange.sent ? " gave no answer in time" : " took no connection in time"));
      case CURLE_PEER_FAILED_VERIFICATION:
        return because(Errc::unavailable, "the certificate of " + place +
                                              " cannot be trusted; if it is your own server, add its authority to the "
                                              "system's certificates (update-ca-certificates)");
      case CURLE_SEND_FAIL_REWIND:
      case CURLE_GOT_NOTHING:
      case CURLE_RECV_ERROR:
      case CURLE_SEND_ERROR:
      case CURLE_PARTIAL_FILE: break;
      case CURLE_UNSUPPORTED_PROTOCOL:
      case CURLE_WEIRD_SERVER_REPLY: return because(Errc::corrupt, place + " does not answer in HTTP");
      case CURLE_OUT_OF_MEMORY: return because(Errc::unavailable, "out of memory for the request to " + place);
      default: return because(Errc::unavailable, "the request to " + place + " failed: " + curl.easy_strerror(code));
    }
    return because(Errc::unavailable, place + " closed the connection without an answer");
  }

  tl::expected<Response, Failure> run(Exchange& exchange, const std::string& url, bool posts, Deadline deadline) {
    if (exchange.call_stop.requested()) {
      exchange.stop = Exchange::Stop::cancelled;
      return tl::unexpected(failure(CURLE_ABORTED_BY_CALLBACK, exchange, url));
    }
    const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return tl::unexpected(failure(CURLE_OPERATION_TIMEDOUT, exchange, url));
    CURL* easy = borrow();
    if (easy == nullptr) return tl::unexpected(failure(CURLE_OUT_OF_MEMORY, exchange, url));
    exchange.easy = easy;
    exchange.curl = &curl;
    exchange.body_max_bytes = options.response_max_bytes;
    if (!prepare(easy, exchange, url, posts, left)) {
      curl.easy_cleanup(easy);
      return tl::unexpected(Failure{Error(Errc::unsupported, "this libcurl lacks an option that is needed"), false});
    }
    const SigpipeBlock no_sigpipe;
    const CURLcode code = curl.easy_perform(easy);
    exchange.sent = exchange.is_sent();
    if (code != CURLE_OK) {
      curl.easy_cleanup(easy);  // with its connections, of which one is in an unknown state
      return tl::unexpected(failure(code, exchange, url));
    }
    long status = 0;
    const char* location = nullptr;
    curl.easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl.easy_getinfo(easy, CURLINFO_REDIRECT_URL, &location);
    exchange.response.status = static_cast<int>(status);
    if (location != nullptr) exchange.response.location = location;
    give_back(easy);
    return std::move(exchange.response);
  }

  const CurlLibrary& curl;
  const Options options;
  curl_slist* headers = nullptr;
  std::atomic<bool> hangs = false;  // see CallStop
  std::mutex mutex;
  std::vector<CURL*> idle;
};

Transport::Transport(std::unique_ptr<Connections> connections) : connections_(std::move(connections)) {}
Transport::~Transport() = default;

Result<std::unique_ptr<Transport>> Transport::create(Options options) {
  OFFX_ASSIGN(const CurlLibrary* curl, load_curl());
  auto connections = std::make_unique<Connections>(*curl, std::move(options));
  bool added = connections->add_header("Content-Type: application/json") && connections->add_header("Expect:") &&
               connections->add_header(std::string("User-Agent: OffX/") + version());
  for (const auto& header : connections->options.headers) added = added && connections->add_header(header);
  if (!added) return fail(Errc::unavailable, "out of memory");
  return std::unique_ptr<Transport>(new Transport(std::move(connections)));
}

tl::expected<Response, Failure> Transport::post(const std::string& url, std::string_view json, Deadline deadline) {
  Exchange exchange(connections_->hangs);
  exchange.json = json;
  return connections_->run(exchange, url, true, deadline);
}

tl::expected<Response, Failure> Transport::get(const std::string& url, Deadline deadline, const Take& take) {
  Exchange exchange(connections_->hangs);
  exchange.take = &take;
  return connections_->run(exchange, url, false, deadline);
}

std::string shown_message(std::string_view text) {
  constexpr std::size_t kShownMax = 500;
  std::string shown(text.substr(0, kShownMax));
  while (!shown.empty() && (shown.back() == '\n' || shown.back() == '\r' || shown.back() == ' ')) shown.pop_back();
  for (char& c : shown) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  return shown;
}

}  // namespace offx::db::http
