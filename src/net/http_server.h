#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "net/http_client.h"

namespace offx::net {

/// A request as it was received; owns its bytes.
struct HttpRequest {
  std::string method;  ///< `GET`, `POST`, … as sent
  std::string target;  ///< path and query as sent, not decoded
  std::vector<Header> headers;
  std::string body;
  std::filesystem::path body_file;  ///< a large upload is here instead; removed when the request is gone
  std::string peer;                 ///< address of who connected, without port

  /// The first header of that name.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const noexcept;
};

/// Events for one listening client, server-sent. Thread-safe; shared by the connection and whoever has something to
/// say.
class EventStream {
 public:
  virtual ~EventStream() = default;
  /// Queues an event; false if the client is gone, or so slow that its queue is full: then it is cut off and comes
  /// back.
  virtual bool send(std::string_view event, std::string_view data) = 0;
  /// Ends it; the client will come again.
  virtual void close() = 0;
  /// False once the client is gone.
  [[nodiscard]] virtual bool is_open() const = 0;
};

/// An answer. A body that lives as long as the program (`asset`), or that answers share, is sent without a copy.
struct HttpResponse {
  int status = 200;
  std::vector<Header> headers;  ///< beside Date, Content-Length and Connection, which the server writes
  std::string body;
  std::shared_ptr<const std::string> shared_body;  ///< instead of `body`
  std::string_view asset;                          ///< instead of `body`
  std::filesystem::path file;                      ///< instead of `body`: sent in pieces
  /// If set, the answer is `text/event-stream`: called once the head is sent, in no order with other requests.
  std::function<void(std::shared_ptr<EventStream>)> on_events;

  /// The body, wherever it is, but in a file.
  [[nodiscard]] std::string_view content() const noexcept {
    return !asset.empty() ? asset : shared_body ? std::string_view(*shared_body) : std::string_view(body);
  }
};

/// What is said of a request with a body once its head is there, before its body is read.
struct Admission {
  std::optional<HttpResponse> refusal;  ///< sent instead; nothing of the body is kept
  std::size_t body_max_bytes = 0;       ///< more is answered with 413
  bool to_file = false;                 ///< the body goes into HttpRequest::body_file, not into memory
};

/// Who answers. Called by several threads at once; whatever it throws becomes an answer of 500.
class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  /// An answer to a request without a body that needs no waiting: given on the thread of the connections, also while
  /// all workers are busy. Nothing: it is handle()'s.
  virtual std::optional<HttpResponse> answer_at_once(const HttpRequest& request) = 0;
  /// Only for requests that bring a body. On a worker: may look into a database.
  virtual Admission admit(const HttpRequest& head) = 0;
  /// The answer, for HEAD as for GET: its body is not sent then. On a worker.
  virtual HttpResponse handle(const HttpRequest& request) = 0;
  /// The answer to what never becomes a request, or cannot be served now: 400, 408, 413, 414, 417, 431, 500, 501, 503.
  /// On the thread of the connections: must not wait.
  virtual HttpResponse refuse(int status, std::string_view reason) = 0;
};

struct HttpServerOptions {
  std::string listen = "127.0.0.1:8080";   ///< `host:port` or `[v6]:port`; port 0: any that is free
  std::filesystem::path upload_folder;     ///< for bodies that go into files; must exist then
  unsigned workers = 8;                    ///< threads that run the handler
  std::size_t requests_waiting_max = 512;  ///< for a worker; those beyond are answered with 503 at once
  std::size_t connections_max = 4096;      ///< beyond that, one that idles makes room; without such: 503
  /// Of one caller_network(); beyond that, one of its own that idles makes room; without such: 503. 0: no limit.
  std::size_t connections_per_caller_max = 0;
  /// Whether many callers come from this address, as from a proxy: then it has no limit of its own.
  std::function<bool(const std::string& address)> is_shared_address = [](const std::string&) { return false; };
  std::size_t headers_max_bytes = 64U << 10U;
  std::size_t target_max_bytes = 8U << 10U;
  std::chrono::milliseconds header_timeout{
      10'000};                                     ///< from the first byte of a request (or the connection) to its head
  std::chrono::milliseconds idle_timeout{75'000};  ///< between requests
  /// How long a body, or the client's taking of an answer, may rest; and both must move by 1 KiB a second.
  std::chrono::milliseconds transfer_timeout{30'000};
  std::chrono::milliseconds event_comment_interval{15'000};  ///< keeps event streams open in proxies
};

/// An address to listen at, looked up.
struct ListenAddress {
  std::string host;  ///< an IP address
  unsigned port = 0;
  bool is_loopback = false;
};
/// Errc::invalid_argument if `text` is no `host:port` of this machine's.
[[nodiscard]] Result<ListenAddress> parse_listen_address(const std::string& text);

/// An HTTP/1.1 server. One thread does all input and output; a fixed number of workers run the handler, so that one
/// that waits delays nobody but those behind it. Everything has a bound: connections, waiting requests, heads, bodies,
/// events not yet sent, and how long a client may take. A connection without a request costs about 1 KiB.
///
/// Requests of one connection are answered in order, one after another. Of those that were sent before the answer to
/// the one before (pipelining), so many are under way at once as half of the workers: however much is asked by whoever
/// does not wait for answers, it takes a worker and the sockets' thread from nobody else. A body is read only once the
/// handler has admitted it.
class HttpServer {
 public:
  /// Listens, and answers from now on. `handler` must outlive the server. Errc::io if the address is taken,
  /// Errc::invalid_argument if it is none.
  [[nodiscard]] static Result<std::unique_ptr<HttpServer>> start(HttpServerOptions options, HttpHandler& handler);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Takes no more connections and requests, closes event streams, lets requests that are being answered finish for at
  /// most `grace`, then closes what is left; what waits for a worker then is never handled, but what a worker is at is
  /// waited for. Blocks; true if all were finished. Streams accept no events afterwards.
  bool stop(std::chrono::milliseconds grace);

  /// Where it listens, with the port that was found: `127.0.0.1:8080`.
  [[nodiscard]] std::string address() const;

  struct Load {
    std::size_t connections = 0;
    std::size_t event_streams = 0;
    std::size_t requests = 0;  ///< waiting for a worker, or with one
  };
  /// Thread-safe.
  [[nodiscard]] Load load() const;

 private:
  class Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace offx::net
