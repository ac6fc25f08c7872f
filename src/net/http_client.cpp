#include "net/http_client.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <memory>
#include <new>

#include <sys/socket.h>

#include "base/curl_library.h"
#include "net/address.h"
#include "net/target.h"

namespace offx::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kTimeoutMax = std::chrono::hours(24);
constexpr int kPollMs = 1000;  // only a bound: a stop request and libcurl's own timers end the wait earlier

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_name(std::string_view a, std::string_view b) noexcept {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trimmed(std::string_view text) noexcept {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

/// A byte count or a time as people say it.
std::string bytes_text(std::size_t bytes) {
  if (bytes >= 1U << 20U && bytes % (1U << 20U) == 0) return std::to_string(bytes >> 20U) + " MiB";
  return std::to_string(bytes) + " bytes";
}
std::string seconds_text(milliseconds time) {
  if (time.count() % 1000 == 0) return std::to_string(time.count() / 1000) + " s";
  return std::to_string(time.count()) + " ms";
}

/// `host:port` → the form of `endpoint()`.
Result<std::string> parse_allowed(std::string_view entry) {
  const std::string_view text = trimmed(entry);
  const std::size_t colon = text.rfind(':');
  unsigned port = 0;
  if (colon != std::string_view::npos) {
    const std::string_view host = text.substr(0, colon);
    const std::string_view digits = text.substr(colon + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    const bool bracketed = host.starts_with('[') && host.ends_with(']');
    const bool clean = !host.empty() && host.find_first_of("/@?# ") == std::string_view::npos &&
                       (bracketed || host.find(':') == std::string_view::npos);
    if (error == std::errc{} && end == digits.data() + digits.size() && port >= 1 && port <= 65535 && clean) {
      return endpoint(host, port);
    }
  }
  return fail(Errc::invalid_argument,
              "an allowed host is written host:port, for example localhost:8000 or [::1]:8000; this one is not: " +
                  std::string(text));
}

Result<void> check_request(const Request& request) {
  const Limits& limits = request.limits;
  const auto in_range = [](milliseconds time) { return time.count() > 0 && time <= kTimeoutMax; };
  if (!in_range(limits.connect_timeout) || !in_range(limits.total_timeout) || limits.redirects_max < 0) {
    return fail(Errc::invalid_argument,
                "the time limits of a fetch lie above 0 and up to 24 hours, its redirects not below 0");
  }
  for (const Header& header : request.headers) {
    const bool name_ok = !header.name.empty() && std::ranges::all_of(header.name, [](char c) {
      return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
             std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
    });
    const bool value_ok = header.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos;
    // Which value is wrong is not said: it may be a secret.
    if (!name_ok || !value_ok) return fail(Errc::invalid_argument, "a request header is malformed");
  }
  return {};
}

/// Headers that may follow a redirect to an origin the caller did not choose.
bool is_harmless(std::string_view name) noexcept {
  static constexpr std::array<std::string_view, 5> kHarmless{"accept", "accept-language", "if-modified-since",
                                                             "if-none-match", "user-agent"};
  return std::ranges::any_of(kHarmless, [name](std::string_view harmless) { return same_name(name, harmless); });
}

/// One request and its answer, without redirects. libcurl calls back into it from `run` only.
class Exchange {
 public:
  Exchange(const CurlLibrary& curl, const HttpClientOptions& options, const Limits& limits, const Target& target)
      : curl_(curl), options_(options), limits_(limits), target_(target) {}

  /// `redirect` is set to where the answer sends us, or left empty.
  Result<Response> run(const std::vector<Header>& headers, steady_clock::time_point deadline,
                       const std::stop_token& stop, std::string& redirect);

 private:
  enum class Excess : std::uint8_t { none, body, headers, memory };
  using Easy = std::unique_ptr<CURL, decltype(CurlLibrary::easy_cleanup)>;
  using Multi = std::unique_ptr<CURLM, decltype(CurlLibrary::multi_cleanup)>;
  using List = std::unique_ptr<curl_slist, decltype(CurlLibrary::slist_free_all)>;

  template <class Value>
  void set(CURL* easy, CURLoption option, Value value) {
    all_set_ = curl_.easy_setopt(easy, option, value) == CURLE_OK && all_set_;
  }
  Result<void> prepare(CURL* easy, const curl_slist* headers, milliseconds left);
  Result<CURLcode> transfer(CURLM* multi, CURL* easy, const std::stop_token& stop);
  [[nodiscard]] bool is_allowed(const std::string& place) const {
    return std::ranges::find(options_.allow_hosts, place) != options_.allow_hosts.end();
  }
  [[nodiscard]] Error refusal(const std::string& address, std::string_view kind) const;
  [[nodiscard]] Error failure(CURLcode code, bool connected) const;

  static curl_socket_t on_open_socket(void* self, curlsocktype purpose, curl_sockaddr* address) noexcept;
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self) noexcept;
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self) noexcept;
  curl_socket_t open_socket(const curl_sockaddr& address);
  void take_header(std::string_view line);

  const CurlLibrary& curl_;
  const HttpClientOptions& options_;
  const Limits& limits_;
  const Target& target_;
  Response response_;
  std::size_t header_bytes_ = 0;
  std::optional<Error> refused_;
  Excess excess_ = Excess::none;
  bool all_set_ = true;
};

Error Exchange::refusal(const std::string& address, std::string_view kind) const {
  std::string message = target_.host;
  message += non_public_kind(target_.host).empty() ? " is at " + address + ", " : " is ";
  message += kind;
  message += "; if it is your own service, allow it: OFFX_ALLOW_HOSTS=" + target_.shown();
  return {Errc::invalid_argument, std::move(message)};
}

curl_socket_t Exchange::open_socket(const curl_sockaddr& address) {
  if (options_.proxy.empty()) {
    const std::string_view kind = non_public_kind(address.addr, address.addrlen);
    const std::string ip = to_string(address.addr, address.addrlen);
    if (!kind.empty() && !is_allowed(target_.shown()) && !is_allowed(endpoint(ip, target_.port))) {
      refused_ = refusal(ip, kind);
      return CURL_SOCKET_BAD;
    }
  }
  return socket(address.family, address.socktype | SOCK_CLOEXEC, address.protocol);
}

curl_socket_t Exchange::on_open_socket(void* self, curlsocktype /*purpose*/, curl_sockaddr* address) noexcept {
  try {
    return static_cast<Exchange*>(self)->open_socket(*address);
  } catch (const std::bad_alloc&) {
    return CURL_SOCKET_BAD;
  }
}

std::size_t Exchange::on_body(char* data, std::size_t size, std::size_t count, void* self) noexcept {
  auto& exchange = *static_cast<Exchange*>(self);
  const std::size_t bytes = size * count;
  std::string& body = exchange.response_.body;
  if (bytes > exchange.limits_.body_max_bytes - body.size()) {
    exchange.excess_ = Excess::body;
    return CURL_WRITEFUNC_ERROR;
  }
  try {
    body.append(data, bytes);
    return bytes;
  } catch (const std::bad_alloc&) {
    exchange.excess_ = Excess::memory;
    return CURL_WRITEFUNC_ERROR;
  }
}

void Exchange::take_header(std::string_view line) {
  if (line.starts_with("HTTP/")) {  // a new answer: what came before was 1xx
    response_.headers.clear();
    return;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return;
  response_.headers.push_back(
      {std::string(trimmed(line.substr(0, colon))), std::string(trimmed(line.substr(colon + 1)))});
}

std::size_t Exchange::on_header(char* data, std::size_t size, std::size_t count, void* self) noexcept {
  auto& exchange = *static_cast<Exchange*>(self);
  const std::size_t bytes = size * count;
  exchange.header_bytes_ += bytes;
  if (exchange.header_bytes_ > exchange.limits_.headers_max_bytes) {
    exchange.excess_ = Excess::headers;
    return CURL_WRITEFUNC_ERROR;
  }
  try {
    exchange.take_header({data, bytes});
    return bytes;
  } catch (const std::bad_alloc&) {
    exchange.excess_ = Excess::memory;
    return CURL_WRITEFUNC_ERROR;
  }
}

Result<void> Exchange::prepare(CURL* easy, const curl_slist* headers, milliseconds left) {
  set(easy, CURLOPT_URL, target_.url.c_str());
  set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  set(easy, CURLOPT_FOLLOWLOCATION, 0L);  // hop by hop, by us
  set(easy, CURLOPT_NOSIGNAL, 1L);
  set(easy, CURLOPT_QUICK_EXIT, 1L);  // a cancelled fetch does not wait for the name server
  // An empty string is no proxy; unset would be the environment's.
  set(easy, CURLOPT_PROXY, options_.proxy.c_str());
  set(easy, CURLOPT_NOPROXY, "");
  set(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(easy, CURLOPT_OPENSOCKETFUNCTION, &Exchange::on_open_socket);
  set(easy, CURLOPT_OPENSOCKETDATA, static_cast<void*>(this));
  set(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(left.count()));
  set(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(std::min(left, limits_.connect_timeout).count()));
  set(easy, CURLOPT_ACCEPT_ENCODING, "");  // all that libcurl can undo
  set(easy, CURLOPT_WRITEFUNCTION, &Exchange::on_body);
  set(easy, CURLOPT_WRITEDATA, static_cast<void*>(this));
  set(easy, CURLOPT_HEADERFUNCTION, &Exchange::on_header);
  set(easy, CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(easy, CURLOPT_USERAGENT, options_.user_agent.c_str());
  set(easy, CURLOPT_HTTPHEADER, headers);
  if (!target_.user.empty() || !target_.password.empty()) {
    set(easy, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
    set(easy, CURLOPT_USERNAME, target_.user.c_str());
    set(easy, CURLOPT_PASSWORD, target_.password.c_str());
  }
  if (!all_set_) return fail(Errc::unsupported, "this libcurl lacks an option that fetching safely needs");
  return {};
}

Result<CURLcode> Exchange::transfer(CURLM* multi, CURL* easy, const std::stop_token& stop) {
  const auto wake = [this, multi] { curl_.multi_wakeup(multi); };
  const std::stop_callback wake_one(stop, wake);
  const std::stop_callback wake_all(options_.stop, wake);
  int running = 1;
  while (true) {
    if (stop.stop_requested() || options_.stop.stop_requested())
      return fail(Errc::cancelled, "the fetch was cancelled");
    if (curl_.multi_perform(multi, &running) != CURLM_OK) return fail(Errc::internal, "libcurl fails to run");
    if (running == 0) break;
    if (curl_.multi_poll(multi, nullptr, 0, kPollMs, nullptr) != CURLM_OK) {
      return fail(Errc::internal, "libcurl fails to wait");
    }
  }
  int left = 0;
  while (const CURLMsg* message = curl_.multi_info_read(multi, &left)) {
    if (message->msg == CURLMSG_DONE && message->easy_handle == easy) return message->data.result;
  }
  return fail(Errc::internal, "libcurl gives no result");
}

Error Exchange::failure(CURLcode code, bool connected) const {
  const std::string place = target_.shown();
  switch (code) {
    case CURLE_WRITE_ERROR:
    case CURLE_RECV_ERROR:
      if (excess_ == Excess::body) {
        return {Errc::invalid_argument,
                place + " sends more than the limit of " + bytes_text(limits_.body_max_bytes) + " (decompressed)"};
      }
      if (excess_ == Excess::headers) {
        return {Errc::invalid_argument,
                place + " sends more than " + bytes_text(limits_.headers_max_bytes) + " of headers"};
      }
      if (excess_ == Excess::memory) return {Errc::io, "out of memory for the answer of " + place};
      break;
    case CURLE_COULDNT_RESOLVE_HOST:
      return {Errc::unavailable, "cannot find " + target_.host + ": check the name and the network connection"};
    case CURLE_COULDNT_RESOLVE_PROXY: return {Errc::unavailable, "cannot find the proxy: check its name"};
    case CURLE_COULDNT_CONNECT: return {Errc::unavailable, "cannot connect to " + place};
    case CURLE_OPERATION_TIMEDOUT:
      if (!connected) {
        return {Errc::timeout, place + " took no connection within " +
                                   seconds_text(std::min(limits_.connect_timeout, limits_.total_timeout))};
      }
      return {Errc::timeout, place + " gave no whole answer within " + seconds_text(limits_.total_timeout)};
    case CURLE_BAD_CONTENT_ENCODING: return {Errc::corrupt, "what " + place + " sends cannot be decompressed"};
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY: return {Errc::corrupt, place + " does not answer in HTTP"};
    case CURLE_PEER_FAILED_VERIFICATION:
      return {Errc::unavailable, "the certificate of " + place +
                                     " cannot be trusted; if it is your own service, add its authority to the system's "
                                     "certificates (update-ca-certificates)"};
    case CURLE_OUT_OF_MEMORY: return {Errc::io, "out of memory while fetching from " + place};
    default: break;
  }
  return {Errc::unavailable, "the transfer from " + place + " failed: " + curl_.easy_strerror(code)};
}

Result<Response> Exchange::run(const std::vector<Header>& headers, steady_clock::time_point deadline,
                               const std::stop_token& stop, std::string& redirect) {
  // With a proxy there is no address of the target to look at, but a literal is one already.
  if (const std::string_view kind = non_public_kind(target_.host); !kind.empty() && !is_allowed(target_.shown())) {
    return fail(refusal(target_.host, kind));
  }
  const milliseconds left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
  if (left.count() <= 0) return fail(failure(CURLE_OPERATION_TIMEDOUT, true));

  List list(nullptr, curl_.slist_free_all);
  for (const Header& header : headers) {
    const std::string line = header.name + (header.value.empty() ? ";" : ": " + header.value);
    curl_slist* longer = curl_.slist_append(list.get(), line.c_str());
    if (longer == nullptr) return fail(failure(CURLE_OUT_OF_MEMORY, false));
    static_cast<void>(list.release());
    list.reset(longer);
  }
  const Multi multi(curl_.multi_init(), curl_.multi_cleanup);
  const Easy easy(curl_.easy_init(), curl_.easy_cleanup);
  if (!multi || !easy) return fail(failure(CURLE_OUT_OF_MEMORY, false));
  OFFX_TRY(prepare(easy.get(), list.get(), left));
  if (curl_.multi_add_handle(multi.get(), easy.get()) != CURLM_OK) return fail(failure(CURLE_OUT_OF_MEMORY, false));
  const Result<CURLcode> code = transfer(multi.get(), easy.get(), stop);

  long status = 0;
  const char* location = nullptr;
  curl_off_t connect_us = 0;
  curl_.easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  curl_.easy_getinfo(easy.get(), CURLINFO_REDIRECT_URL, &location);
  curl_.easy_getinfo(easy.get(), CURLINFO_CONNECT_TIME_T, &connect_us);
  if (location != nullptr) redirect = location;
  curl_.multi_remove_handle(multi.get(), easy.get());

  if (!code) return fail(code.error());
  if (*code != CURLE_OK) return fail(refused_ && connect_us == 0 ? *refused_ : failure(*code, connect_us > 0));
  response_.status = static_cast<int>(status);
  response_.final_url = target_.url;
  return std::move(response_);
}

bool is_redirect(int status) noexcept {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

}  // namespace

std::optional<std::string_view> Response::header(std::string_view name) const noexcept {
  const auto found = std::ranges::find_if(headers, [name](const Header& h) { return same_name(h.name, name); });
  if (found == headers.end()) return std::nullopt;
  return found->value;
}

Result<void> require_success(const Response& response) {
  const int status = response.status;
  if (status >= 200 && status <= 299) return {};
  const std::string answer = std::string(authority_of(response.final_url)) + " answered " + std::to_string(status);
  switch (status) {
    case 401:
    case 403: return fail(Errc::invalid_argument, answer + ": access denied; check the credentials");
    case 404:
    case 410: return fail(Errc::not_found, answer + ": there is nothing at this address");
    case 408:
    case 429: return fail(Errc::unavailable, answer + ": try again later");
    default:
      return fail(status >= 500 ? Errc::unavailable : Errc::invalid_argument,
                  answer + (status >= 500 ? ": the server failed; try again later" : ": the request was not accepted"));
  }
}

Result<HttpClient> HttpClient::create(HttpClientOptions options) {
  for (std::string& entry : options.allow_hosts) {
    OFFX_ASSIGN(entry, parse_allowed(entry));
  }
  return HttpClient(std::move(options));
}

Result<Response> HttpClient::fetch(const Request& request, const std::stop_token& stop) const {
  OFFX_TRY(check_request(request));
  const steady_clock::time_point deadline = steady_clock::now() + request.limits.total_timeout;
  OFFX_ASSIGN(const CurlLibrary* curl, load_curl());
  OFFX_ASSIGN(Target target, parse_target(*curl, request.url));
  const SigpipeBlock no_sigpipe;
  std::vector<Header> headers = request.headers;
  std::string from;  // the origin that sent us here
  const auto located = [&from](Error error) {
    return from.empty() ? std::move(error) : std::move(error).within("redirect from " + from);
  };
  for (int redirects = 0;; ++redirects) {
    std::string location;
    Result<Response> response =
        Exchange(*curl, options_, request.limits, target).run(headers, deadline, stop, location);
    if (!response) return fail(located(std::move(response).error()));
    if (!is_redirect(response->status) || location.empty()) return response;
    if (redirects == request.limits.redirects_max) {
      return fail(located({Errc::invalid_argument, target.shown() + " redirects once more after " +
                                                       std::to_string(redirects) + " redirects, the limit"}));
    }
    from = target.shown();
    Result<Target> next = parse_target(*curl, location);
    if (!next) return fail(located(std::move(next).error()));
    if (next->same_origin(target)) {
      next->user = target.user;
      next->password = target.password;
    } else {
      next->user.clear();
      next->password.clear();
      std::erase_if(headers, [](const Header& header) { return !is_harmless(header.name); });
    }
    target = std::move(*next);
  }
}

}  // namespace offx::net
