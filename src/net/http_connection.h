#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include "net/file_descriptor.h"
#include "net/http_server.h"
#include "net/worker_pool.h"

namespace offx::net {

class HttpConnection;

/// Requests that were sent before the answer to the one before left (pipelining), whole and not begun. So few are under
/// way at once that they delay nobody who waits for his answers before he asks again, however many clients send however
/// much; the others in order. Of the thread for input and output.
class EarlyRequests {
 public:
  explicit EarlyRequests(std::size_t at_once) : at_once_(at_once) {}

  /// HttpConnection::take_turn() is called when it may go on, from the thread's queue: what others want comes between.
  void enter(std::shared_ptr<HttpConnection> connection);
  /// One that took its turn is over.
  void leave();
  /// Nobody gets a turn any more.
  void clear() { waiting_.clear(); }

 private:
  void call_next();

  const std::size_t at_once_;
  std::size_t under_way_ = 0;
  std::deque<std::shared_ptr<HttpConnection>> waiting_;
};

/// What the connections of a server share.
struct HttpServerContext {
  const HttpServerOptions options;
  HttpHandler& handler;
  EarlyRequests early{std::max<std::size_t>(options.workers / 2, 1)};
  std::optional<WorkerPool> workers;  ///< while there are connections
  std::atomic<bool> is_stopping = false;
  std::atomic<std::size_t> event_streams = 0;
  std::atomic<std::size_t> requests = 0;  ///< waiting for a worker, or with one
  std::function<void(HttpConnection&)> on_closed;
};

/// One client of a server, which holds it until it is closed. Everything runs on the server's thread for input and
/// output, but the jobs given to workers: those touch the request alone, which nobody else does meanwhile.
class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  using Socket = boost::asio::ip::tcp::socket;
  using SteadyTime = std::chrono::steady_clock::time_point;
  enum class State : std::uint8_t { idle, head, body, early, working, writing, streaming, discarding, closed };

  /// `peer` is the client's address, `caller` whose share the connection counts to; empty if there is no limit.
  /// `server` must live longer.
  HttpConnection(HttpServerContext& server, Socket socket, std::string peer, std::string caller);
  ~HttpConnection() { drop_body(); }
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  /// Waits for requests and answers them.
  void begin();
  /// 503 to a client there is no room for.
  void turn_away();
  /// To be called now and then: ends what takes too long.
  void check_deadline(SteadyTime now);
  /// Closes it once the request that it is at, if any, is answered.
  void stop_when_idle();
  /// For EarlyRequests.
  void take_turn();
  /// Tells HttpServerContext::on_closed, once.
  void close();

  [[nodiscard]] State state() const noexcept { return state_; }
  /// Since when it is without a request that is whole.
  [[nodiscard]] SteadyTime waits_since() const noexcept { return waits_since_; }
  /// When the client last gave a part of a body, or took one of an answer.
  [[nodiscard]] SteadyTime last_moved() const noexcept { return last_moved_; }
  [[nodiscard]] const std::string& caller() const noexcept { return caller_; }
  [[nodiscard]] Socket::executor_type executor() { return socket_.get_executor(); }

 private:
  class Stream;
  using ErrorCode = boost::system::error_code;
  using HeadParser = boost::beast::http::request_parser<boost::beast::http::empty_body>;
  using BodyParser = boost::beast::http::request_parser<boost::beast::http::buffer_body>;

  static SteadyTime in(std::chrono::milliseconds time) { return std::chrono::steady_clock::now() + time; }
  static SteadyTime never() { return SteadyTime::max(); }
  [[nodiscard]] boost::beast::flat_buffer empty_buffer() const;

  void await_request();
  void read_head();
  void head_failed(ErrorCode error);
  void head_read();
  void in_turn(void (HttpConnection::*step)());
  void end_turn();
  void answer_or_run_handler();
  void ask_for_admission();
  [[nodiscard]] std::optional<std::pair<int, std::string_view>> fault_of_head() const;
  void admitted(Admission admission);
  void read_body();
  void body_part_read(ErrorCode error);
  void store_chunk(bool last);
  void chunk_stored(bool good, bool last);
  void drop_body();
  void run_handler();

  void refuse(int status, std::string_view reason);
  void respond(HttpResponse response);
  void write_head_and_body();
  void write_file_part();
  auto noting_parts();
  void written();
  void start_events();
  void push(std::string text);
  void write_events();
  void watch_for_end();
  void discard();

  HttpServerContext& server_;
  Socket socket_;
  const std::string peer_;
  const std::string caller_;
  State state_ = State::idle;
  SteadyTime deadline_ = never();
  SteadyTime waits_since_;
  SteadyTime last_moved_ = never();
  bool timed_out_ = false;
  bool is_early_ = false;                     ///< the request came before the answer to the one before
  bool has_turn_ = false;                     ///< among those
  void (HttpConnection::*step_)() = nullptr;  ///< what is done when it has
  boost::beast::flat_buffer buffer_;
  std::optional<HeadParser> head_parser_;
  std::optional<BodyParser> body_parser_;

  HttpRequest request_;
  bool keep_alive_ = false;
  bool body_is_unread_ = false;
  std::size_t body_max_bytes_ = 0;
  std::size_t body_bytes_ = 0;
  SteadyTime body_started_;
  std::vector<char> chunk_;
  std::size_t chunk_used_ = 0;
  FileDescriptor upload_;

  HttpResponse response_;
  std::string head_;
  FileDescriptor download_;
  std::uint64_t download_left_ = 0;

  std::shared_ptr<Stream> stream_;
  std::string events_waiting_;
  std::string events_writing_;
  SteadyTime last_event_;
  std::size_t discarded_ = 0;
};

}  // namespace offx::net
