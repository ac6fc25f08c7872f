#include "db/http/transport.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <optional>

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/field.hpp>

#include "base/curl_library.h"
#include "base/version.h"
#include "db/http/connection.h"
#include "db/stop.h"

namespace offx::db::http {
namespace {

namespace beast = boost::beast;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using Io = Connection::Io;

constexpr std::size_t kKeptMax = 16;                      ///< connections that wait for their next request
constexpr std::chrono::seconds kIdleMax{100};             ///< routers on the way forget what is idle for minutes
constexpr std::size_t kErrorMaxBytes = 64U << 10U;        ///< of an answer that says what is wrong
constexpr std::size_t kInOnePacketMaxBytes = 64U << 10U;  ///< of a body that is copied behind its head

/// `http://host:port/path?query` in parts. Views into it.
struct Address {
  explicit Address(std::string_view url) {
    const auto place_begin = url.find("://") + 3;
    const auto place_end = std::min(url.find('/', place_begin), url.size());
    origin = url.substr(0, place_end);
    place = url.substr(place_begin, place_end - place_begin);
    path = place_end == url.size() ? "/" : url.substr(place_end);
  }
  std::string_view origin;  ///< `http://host:port`
  std::string_view place;   ///< `host:port`
  std::string_view path;
};

/// Where a redirect leads.
std::string absolute(std::string_view location, const Address& address) {
  if (location.find("://") != std::string_view::npos) return std::string(location);
  if (location.starts_with("//"))
    return std::string(address.origin.substr(0, address.origin.find("//"))).append(location);
  std::string url(address.origin);
  if (!location.starts_with('/')) url += '/';
  return url.append(location);
}

/// Why there is no answer.
enum class Why : std::uint8_t { none, no_connection, late, cancelled, too_large, memory, not_http, closed };

/// Reads one answer as it comes in.
class AnswerParser final : public beast::http::basic_parser<false> {
 public:
  AnswerParser(std::size_t body_max_bytes, const Transport::Take* take) : body_max_bytes_(body_max_bytes), take_(take) {
    eager(true);
    header_limit(Connection::kReceivedMax);
    body_limit(boost::none);  // ours tells the limit from what is wrong otherwise
  }

  Response response;  ///< its location as the server wrote it
  Why why = Why::none;

  /// Takes what it understands of what has come. False: the answer is not one, or nobody wants it; see `why`.
  bool take_from(Connection& connection) {
    while (!is_done() && !connection.received().empty()) {
      const auto bytes = connection.received();
      beast::error_code error;
      connection.consume(put({bytes.data(), bytes.size()}, error));
      if (error == beast::http::error::need_more)
        return connection.received().size() < Connection::kReceivedMax || fail();
      if (error) return fail();
    }
    return true;
  }
  /// Nothing comes any more; false if something is missing.
  bool end() {
    beast::error_code error;
    if (got_some()) put_eof(error);
    return got_some() && !error;
  }

 private:
  bool fail() {
    if (why == Why::none) why = Why::not_http;
    return false;
  }
  void stop(Why because, beast::error_code& error) {
    why = because;
    error = beast::http::error::end_of_stream;
  }

  std::size_t add(beast::string_view piece, beast::error_code& error) {
    auto& body = response.body;
    try {
      if (take_ != nullptr && response.status == 200) {
        if (!(*take_)({piece.data(), piece.size()})) stop(Why::cancelled, error);
      } else if (take_ != nullptr) {
        body.append(piece.data(), std::min(piece.size(), kErrorMaxBytes - body.size()));
      } else if (piece.size() > body_max_bytes_ - body.size()) {
        stop(Why::too_large, error);
      } else {
        body.append(piece.data(), piece.size());
      }
    } catch (const std::exception&) {
      stop(Why::memory, error);
    }
    return piece.size();
  }

  void on_request_impl(beast::http::verb /*method*/, beast::string_view /*name*/, beast::string_view /*target*/,
                       int /*version*/, beast::error_code& /*error*/) override {}
  void on_response_impl(int code, beast::string_view /*reason*/, int /*version*/,
                        beast::error_code& /*error*/) override {
    response.status = code;
  }
  void on_field_impl(beast::http::field name, beast::string_view text, beast::string_view value,
                     beast::error_code& /*error*/) override {
    if (name == beast::http::field::location) response.location.assign(value.data(), value.size());
    if (name == beast::http::field::unknown && beast::iequals(text, "X-Rqlite-Served-By"))
      response.served_by.assign(value.data(), value.size());
  }
  void on_header_impl(beast::error_code& /*error*/) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, beast::error_code& error) override {
    if (take_ != nullptr) return;
    if (length && *length > body_max_bytes_) return stop(Why::too_large, error);
    try {
      response.body.reserve(length ? *length + kRoomBehind : kChunkedMostly);
    } catch (const std::exception&) {
      stop(Why::memory, error);
    }
  }
  std::size_t on_body_impl(beast::string_view piece, beast::error_code& error) override { return add(piece, error); }
  void on_chunk_header_impl(std::uint64_t /*size*/, beast::string_view /*more*/,
                            beast::error_code& /*error*/) override {}
  std::size_t on_chunk_body_impl(std::uint64_t /*remain*/, beast::string_view piece,
                                 beast::error_code& error) override {
    return add(piece, error);
  }
  void on_finish_impl(beast::error_code& /*error*/) override {}

  static constexpr std::size_t kRoomBehind = 64;                         ///< what reads JSON wants it
  static constexpr std::size_t kChunkedMostly = std::size_t{16} << 10U;  ///< is as long as that

  const std::size_t body_max_bytes_;
  const Transport::Take* const take_;
};

}  // namespace

struct Transport::Connections {
  /// One request and how it went.
  struct Call {
    Call(std::string_view url, Deadline until, std::atomic<bool>& hangs)
        : address(url), deadline(until), call_stop(&hangs) {}

    /// How long to wait now; zero if the call is over, and then `why`.
    milliseconds left() {
      if (call_stop.requested()) return over(Why::cancelled);
      const auto until = take == nullptr ? deadline : std::min<Deadline>(deadline, heard + silence_max);
      const auto left = std::chrono::ceil<milliseconds>(until - steady_clock::now());
      return left.count() > 0 ? left : over(Why::late);
    }
    milliseconds over(Why because) {
      why = because;
      return {};
    }

    Address address;
    std::string_view json;  ///< the body of a POST
    const Take* take = nullptr;
    Deadline deadline;
    std::chrono::seconds silence_max{};    ///< of a GET
    Deadline heard = steady_clock::now();  ///< when something came last
    CallStop call_stop;
    bool sent = false;  ///< any of it
    Why why = Why::none;
    CURLcode code = CURLE_OK;  ///< why there is no connection
  };

  struct Kept {
    std::string origin;
    std::unique_ptr<Connection> connection;
    steady_clock::time_point since;
  };

  Connections(const CurlLibrary& library, Options given) : curl(library), options(std::move(given)) {
    for (const auto& header : options.headers) {
      names_host = names_host || header.starts_with("Host:");
      head_end += header + "\r\n";
    }
    head_end += std::string("User-Agent: OffX/") + version() + "\r\n";
  }

  /// One that can be used, or nothing.
  std::unique_ptr<Connection> take_kept(std::string_view origin) {
    for (;;) {
      Kept last;
      {
        const std::lock_guard lock(mutex);
        const auto found =
            std::find_if(kept.rbegin(), kept.rend(), [&](const Kept& each) { return each.origin == origin; });
        if (found == kept.rend()) return nullptr;
        last = std::move(*found);
        kept.erase(std::next(found).base());
      }
      if (steady_clock::now() < last.since + kIdleMax && last.connection->is_usable())
        return std::move(last.connection);
      count_lost(origin);
    }
  }
  void count_lost(std::string_view origin) {
    const std::lock_guard lock(mutex);
    const auto counted = lost.find(origin);
    ++(counted == lost.end() ? lost.emplace(origin, 0).first : counted)->second;
  }
  void keep(std::string_view origin, std::unique_ptr<Connection> connection) {
    Kept newest{std::string(origin), std::move(connection), steady_clock::now()};
    Kept oldest;  // is closed behind the lock
    const std::lock_guard lock(mutex);
    if (kept.size() == kKeptMax) {
      oldest = std::move(kept.front());
      kept.erase(kept.begin());
    }
    kept.push_back(std::move(newest));
  }

  std::unique_ptr<Connection> connect(Call& call) const {
    const auto left = call.left();
    if (left.count() == 0) return nullptr;
    auto made = Connection::make(
        curl, {std::string(call.address.origin), options.authorities, std::min(left, options.connect_timeout)},
        call.call_stop);
    if (made) return std::move(*made);
    call.why = made.error() == CURLE_ABORTED_BY_CALLBACK ? Why::cancelled : Why::no_connection;
    call.code = made.error();
    return nullptr;
  }

  [[nodiscard]] std::string head_of(const Call& call) const {
    std::string head;
    head.reserve(256 + call.address.path.size() + head_end.size() + std::min(call.json.size(), kInOnePacketMaxBytes));
    const bool posts = call.take == nullptr;
    head.append(posts ? "POST " : "GET ").append(call.address.path).append(" HTTP/1.1\r\n");
    if (!names_host) head.append("Host: ").append(call.address.place).append("\r\n");
    head += head_end;
    if (posts) {
      head.append("Content-Type: application/json\r\nContent-Length: ");
      head.append(std::to_string(call.json.size())).append("\r\n");
    }
    return head += "\r\n";
  }

  /// False if the connection is no longer good for this request. What the server says before it has everything ends the
  /// sending: it does not want the rest.
  static bool send(Connection& connection, std::string_view bytes, Call& call) {
    while (!bytes.empty()) {
      const std::size_t before = bytes.size();
      const Io io = connection.send(bytes);
      call.sent = call.sent || bytes.size() < before;
      if (io == Io::some) continue;
      if (io != Io::nothing_yet) return false;
      const auto left = call.left();
      if (left.count() == 0) return false;
      connection.wait_to_send(left);
      const Io heard = connection.receive({});
      const bool is_interim = connection.received().starts_with("HTTP/1.1 1");  // 100 Continue and the like
      if (heard != Io::nothing_yet && !(heard == Io::some && is_interim)) return false;
    }
    return true;
  }

  /// Sends the request and receives the answer. Nothing: see call.why, and if that is none, the connection was gone
  /// before any of the request was taken.
  std::optional<Response> exchange(std::unique_ptr<Connection> connection, Call& call) {
    std::string first = head_of(call);
    const auto in_one = std::min(call.json.size(), kInOnePacketMaxBytes);
    first.append(call.json.substr(0, in_one));
    const bool all_sent = send(*connection, first, call) && send(*connection, call.json.substr(in_one), call);
    if (call.why != Why::none || !call.sent) return std::nullopt;

    std::optional<AnswerParser> parser;
    for (parser.emplace(options.response_max_bytes, call.take);;) {
      if (!parser->take_from(*connection)) {
        call.why = parser->why;
        return std::nullopt;
      }
      if (parser->is_done()) {
        if (parser->response.status >= 200) break;
        parser.emplace(options.response_max_bytes, call.take);  // 1xx: the answer follows
        continue;
      }
      const auto left = call.left();
      if (left.count() == 0) return std::nullopt;
      const Io io = connection->receive(left);
      if (call.take != nullptr && io == Io::some) call.heard = steady_clock::now();
      if (io == Io::broken || (io == Io::ended && !parser->end())) {
        const auto rest = connection->received();
        const bool is_http = parser->response.status != 0 || rest.empty() || rest.starts_with("HTTP/");
        call.why = is_http ? Why::closed : Why::not_http;
        return std::nullopt;
      }
    }
    auto response = std::move(parser->response);
    const bool redirects = response.status >= 300 && response.status < 400 && !response.location.empty();
    response.location = redirects ? absolute(response.location, call.address) : "";
    response.closes = !all_sent || !parser->keep_alive();
    if (!response.closes) keep(call.address.origin, std::move(connection));
    return response;
  }

  tl::expected<Response, Failure> run(Call& call) {
    if (call.left().count() == 0) return tl::unexpected(failure(call));
    auto connection = take_kept(call.address.origin);
    for (bool is_kept = connection != nullptr;; is_kept = false) {
      if (!is_kept) connection = connect(call);
      if (connection == nullptr) {
        if (call.why == Why::no_connection) count_lost(call.address.origin);
        return tl::unexpected(failure(call));
      }
      if (auto response = exchange(std::move(connection), call)) return std::move(*response);
      const bool has_ended = call.why == Why::none || call.why == Why::closed;
      if (has_ended) count_lost(call.address.origin);
      // A kept one may have died since it was looked at.
      if (call.why == Why::none && is_kept) continue;
      if (call.why == Why::none) call.why = Why::closed;
      return tl::unexpected(failure(call));
    }
  }

  [[nodiscard]] Failure failure(const Call& call) const {
    const std::string place(call.address.place);
    const auto because = [&](Errc errc, std::string message) {
      return Failure{Error(errc, std::move(message)), call.sent};
    };
    switch (call.why) {
      case Why::none:
      case Why::no_connection: break;
      case Why::late:
        return because(Errc::unavailable,
                       place + (call.sent ? " gave no answer in time" : " took no connection in time"));
      case Why::cancelled: return because(Errc::cancelled, "stopped while " + place + " had not answered");
      case Why::too_large:
        return because(Errc::unsupported, place + " answered with more than " +
                                              std::to_string(options.response_max_bytes >> 20U) +
                                              " MiB: ask for fewer rows at once");
      case Why::memory: return because(Errc::unavailable, "out of memory for the answer of " + place);
      case Why::not_http: return because(Errc::corrupt, place + " does not answer in HTTP");
      case Why::closed: return because(Errc::unavailable, place + " closed the connection without an answer");
    }
    switch (call.code) {
      case CURLE_COULDNT_RESOLVE_HOST:
        return because(Errc::unavailable, "cannot find " + place + ": check the name and the network connection");
      case CURLE_COULDNT_CONNECT: return because(Errc::unavailable, "cannot connect to " + place);
      case CURLE_OPERATION_TIMEDOUT: return because(Errc::unavailable, place + " took no connection in time");
      case CURLE_PEER_FAILED_VERIFICATION:
        return because(Errc::unavailable, "the certificate of " + place +
                                              " cannot be trusted; if it is your own server, add its authority to the "
                                              "system's certificates (update-ca-certificates)");
      case CURLE_OUT_OF_MEMORY: return because(Errc::unavailable, "out of memory for the request to " + place);
      case CURLE_UNKNOWN_OPTION: return because(Errc::unsupported, "this libcurl lacks an option that is needed");
      default:
        return because(Errc::unavailable, "the request to " + place + " failed: " + curl.easy_strerror(call.code));
    }
  }

  const CurlLibrary& curl;
  const Options options;
  std::string head_end;             ///< the fields that all requests have
  bool names_host = false;          ///< the options do
  std::atomic<bool> hangs = false;  // see CallStop
  std::mutex mutex;
  std::vector<Kept> kept;                                  ///< the longest idle first
  std::map<std::string, std::uint64_t, std::less<>> lost;  ///< see lost_connections(); by origin
};

Transport::Transport(std::unique_ptr<Connections> connections) : connections_(std::move(connections)) {}
Transport::~Transport() = default;

Result<std::unique_ptr<Transport>> Transport::create(Options options) {
  OFFX_ASSIGN(const CurlLibrary* curl, load_curl());
  return std::unique_ptr<Transport>(new Transport(std::make_unique<Connections>(*curl, std::move(options))));
}

tl::expected<Response, Failure> Transport::post(const std::string& url, std::string_view json, Deadline deadline) {
  Connections::Call call(url, deadline, connections_->hangs);
  call.json = json;
  return connections_->run(call);
}

tl::expected<Response, Failure> Transport::get(const std::string& url, Deadline deadline, const Take& take) {
  Connections::Call call(url, deadline, connections_->hangs);
  call.take = &take;
  call.silence_max = connections_->options.silence_max;
  return connections_->run(call);
}

std::uint64_t Transport::lost_connections(std::string_view origin) const {
  const std::lock_guard lock(connections_->mutex);
  const auto counted = connections_->lost.find(origin);
  return counted == connections_->lost.end() ? 0 : counted->second;
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
