#include "net/http_server.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <ctime>
#include <future>
#include <iterator>
#include <limits>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/status.hpp>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/network.h"
#include "net/worker_pool.h"

namespace offx::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;
using SteadyTime = std::chrono::steady_clock::time_point;
using std::chrono::milliseconds;

constexpr std::size_t kBodyChunk = 64U << 10U;
constexpr std::size_t kFileChunk = 256U << 10U;
// Of what was received and is not understood yet, beside a head: the parser sets no bound to what stands between the
// chunks of a body, nor to trailers.
constexpr std::size_t kReadAhead = 64U << 10U;
constexpr std::size_t kSlowestBytesPerSecond = 1U << 10U;
constexpr std::size_t kEventsWaitingMax = 256U << 10U;  // bytes, of one client
// So much of a body nobody wants is read before the connection is closed: a client that writes all before it reads
// would otherwise see a reset in place of the answer.
constexpr std::size_t kDiscardMax = 16U << 20U;
constexpr milliseconds kDiscardTime{5'000};
// A client that has given or taken nothing for so long gives its place to another, if there is no other place.
constexpr milliseconds kStalled{2'000};

bool same_name(std::string_view a, std::string_view b) noexcept {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; };
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [&](char x, char y) { return lower(x) == lower(y); });
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`, made once a second.
std::string_view http_date() {
  thread_local std::time_t second = -1;
  thread_local std::array<char, 40> text{};
  thread_local std::size_t size = 0;
  if (const std::time_t now = std::time(nullptr); now != second) {
    std::tm parts{};
    gmtime_r(&now, &parts);
    size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    second = now;
  }
  return {text.data(), size};
}

/// A file descriptor that is closed with its owner.
class File {
 public:
  File() = default;
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File() { reset(); }
  File(File&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  File& operator=(File&& other) noexcept {
    if (this != &other) {
      reset();
      descriptor_ = std::exchange(other.descriptor_, -1);
    }
    return *this;
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  [[nodiscard]] bool is_open() const noexcept { return descriptor_ >= 0; }
  [[nodiscard]] int get() const noexcept { return descriptor_; }
  void reset() noexcept {
    if (descriptor_ >= 0) close(descriptor_);
    descriptor_ = -1;
  }

 private:
  int descriptor_ = -1;
};

bool write_all(int file, const char* data, std::size_t size) {
  while (size > 0) {
    const ssize_t done = write(file, data, size);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    data += done;
    size -= static_cast<std::size_t>(done);
  }
  return true;
}

void append_number(std::string& text, std::uint64_t number) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  text.append(digits.data(), end);
}

/// An event as it goes over the wire.
std::string event_text(std::string_view event, std::string_view data) {
  std::string text = "event: " + std::string(event) + "\n";
  while (true) {
    const auto end = data.find('\n');
    text.append("data: ").append(data.substr(0, end)).append("\n");
    if (end == std::string_view::npos) break;
    data.remove_prefix(end + 1);
  }
  return text + "\n";
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
      : options_(std::move(options)),
        handler_(handler),
        acceptor_(io_),
        sweep_timer_(io_),
        accept_timer_(io_),
        sweep_interval_(std::clamp(std::min(options_.header_timeout, options_.idle_timeout) / 4, milliseconds(10),
                                   milliseconds(1'000))) {}
  ~Impl() { stop(milliseconds(0)); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Result<void> listen();
  bool stop(milliseconds grace);

  [[nodiscard]] const HttpServerOptions& options() const noexcept { return options_; }
  [[nodiscard]] HttpHandler& handler() const noexcept { return handler_; }
  [[nodiscard]] bool stopping() const noexcept { return stopping_; }
  [[nodiscard]] std::string address() const;
  [[nodiscard]] Load load() const { return {connection_count_, stream_count_, request_count_}; }
  [[nodiscard]] WorkerPool& workers() noexcept { return *workers_; }
  [[nodiscard]] asio::io_context& io() noexcept { return io_; }

  void remove(Connection& connection);

  std::atomic<std::size_t> stream_count_ = 0;
  std::atomic<std::size_t> request_count_ = 0;

 private:
  void accept();
  void accepted(tcp::socket socket);
  bool make_room(const std::string* caller);
  void sweep();
  void arm_sweep();

  const HttpServerOptions options_;
  HttpHandler& handler_;
  asio::io_context io_{1};
  tcp::acceptor acceptor_;
  asio::steady_timer sweep_timer_;
  asio::steady_timer accept_timer_;
  const milliseconds sweep_interval_;
  bool sweeping_ = false;
  // Everything below belongs to the input and output thread, but what is atomic.
  std::unordered_set<std::shared_ptr<Connection>> connections_;
  std::unordered_map<std::string, std::size_t> callers_;  // how many connections each has that has a limit
  std::atomic<std::size_t> connection_count_ = 0;
  std::atomic<bool> stopping_ = false;
  std::optional<std::promise<void>> all_closed_;
  tcp::endpoint endpoint_;
  std::optional<WorkerPool> workers_;
  std::thread thread_;
};

/// One client. Everything runs on the input and output thread, but the jobs given to workers: those touch the request
/// alone, which nobody else does meanwhile.
class HttpServer::Connection : public std::enable_shared_from_this<Connection> {
 public:
  enum class State : std::uint8_t { idle, head, body, working, writing, streaming, discarding, closed };

  /// `caller` is whose share it counts to; empty if there is no limit.
  Connection(Impl& server, tcp::socket socket, std::string peer, std::string caller)
      : server_(server),
        socket_(std::move(socket)),
        peer_(std::move(peer)),
        caller_(std::move(caller)),
        buffer_(empty_buffer()) {}
  ~Connection() { drop_body(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void begin() {
    state_ = State::idle;
    waits_since_ = std::chrono::steady_clock::now();
    deadline_ = in(server_.options().header_timeout);
    await_request();
  }

  /// 503 to a client there is no room for.
  void turn_away() {
    keep_alive_ = false;
    respond(server_.handler().refuse(503, "too many connections at once"));
  }

  void check_deadline(SteadyTime now);
  void stop_when_idle();
  void close();
  void push(std::string text);

  [[nodiscard]] State state() const noexcept { return state_; }
  /// Since when it is without a request that is whole.
  [[nodiscard]] SteadyTime waits_since() const noexcept { return waits_since_; }
  /// When the client last gave a part of a body, or took one of an answer.
  [[nodiscard]] SteadyTime last_moved() const noexcept { return last_moved_; }
  [[nodiscard]] const std::string& caller() const noexcept { return caller_; }

 private:
  class Stream;
  using HeadParser = http::request_parser<http::empty_body>;
  using BodyParser = http::request_parser<http::buffer_body>;

  static SteadyTime in(milliseconds time) { return std::chrono::steady_clock::now() + time; }
  static SteadyTime never() { return SteadyTime::max(); }
  [[nodiscard]] beast::flat_buffer empty_buffer() const {
    return beast::flat_buffer(server_.options().headers_max_bytes + kReadAhead);
  }

  void await_request();
  void read_head();
  void head_failed(beast::error_code error);
  void head_read();
  [[nodiscard]] std::optional<std::pair<int, std::string_view>> fault_of_head() const;
  void admitted(Admission admission);
  void read_body();
  void body_part_read(beast::error_code error);
  void store_chunk(bool last);
  void chunk_stored(bool good, bool last);
  void drop_body();
  void run_handler();

  void refuse(int status, std::string_view reason) {
    keep_alive_ = false;
    respond(server_.handler().refuse(status, reason));
  }
  void respond(HttpResponse response);
  void write_head_and_body();
  void write_file_part();
  /// Notes each part that the client takes of a write.
  auto noting_parts() {
    last_moved_ = std::chrono::steady_clock::now();
    return [this](beast::error_code error, std::size_t bytes) {
      last_moved_ = std::chrono::steady_clock::now();
      return asio::transfer_all()(error, bytes);
    };
  }
  void written();
  void start_events();
  void write_events();
  void watch_for_end();
  void discard();

  Impl& server_;
  tcp::socket socket_;
  const std::string peer_;
  const std::string caller_;
  State state_ = State::idle;
  SteadyTime deadline_ = never();
  SteadyTime waits_since_;
  SteadyTime last_moved_ = never();
  bool timed_out_ = false;
  beast::flat_buffer buffer_;
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
  File upload_;

  HttpResponse response_;
  std::string head_;
  File download_;
  std::uint64_t download_left_ = 0;

  std::shared_ptr<Stream> stream_;
  std::string events_waiting_;
  std::string events_writing_;
  SteadyTime last_event_;
  std::size_t discarded_ = 0;
};

/// What others hold of a connection that streams.
class HttpServer::Connection::Stream final : public EventStream {
 public:
  explicit Stream(std::weak_ptr<Connection> connection) : connection_(std::move(connection)) {}

  bool send(std::string_view event, std::string_view data) override {
    const std::scoped_lock lock(mutex_);  // held while posting: close() waits, so that the server outlives the post
    if (!open_) return false;
    const auto connection = connection_.lock();
    if (!connection) return false;
    std::string text = event_text(event, data);
    waiting_ += text.size();
    const bool fits = waiting_ <= kEventsWaitingMax;
    if (!fits) open_ = false;
    asio::post(connection->socket_.get_executor(), [connection, fits, text = std::move(text)]() mutable {
      if (fits) {
        connection->push(std::move(text));
      } else {
        connection->close();
      }
    });
    return fits;
  }

  void sent(std::size_t bytes) {
    const std::scoped_lock lock(mutex_);
    waiting_ -= std::min(bytes, waiting_);
  }
  void close() override {
    const std::scoped_lock lock(mutex_);
    if (!std::exchange(open_, false)) return;
    if (const auto connection = connection_.lock()) {
      asio::post(connection->socket_.get_executor(), [connection] { connection->close(); });
    }
  }
  [[nodiscard]] bool is_open() const override {
    const std::scoped_lock lock(mutex_);
    return open_;
  }
  /// The connection is closed already.
  void closed() {
    const std::scoped_lock lock(mutex_);
    open_ = false;
  }

 private:
  mutable std::mutex mutex_;
  std::weak_ptr<Connection> connection_;
  std::size_t waiting_ = 0;
  bool open_ = true;
};

void HttpServer::Connection::check_deadline(SteadyTime now) {
  if (state_ == State::streaming && now - last_event_ >= server_.options().event_comment_interval) push(":\n\n");
  // What is large may take long, but not rest.
  const bool rests = state_ == State::writing && now - last_moved_ >= server_.options().transfer_timeout;
  if (now < deadline_ && !rests) return;
  deadline_ = never();
  timed_out_ = true;
  const bool may_answer =
      (state_ == State::head && (buffer_.size() > 0 || head_parser_->got_some())) || state_ == State::body;
  if (!may_answer) return close();
  beast::error_code ignored;  // what waits is told in its own call
  socket_.cancel(ignored);
}

void HttpServer::Connection::stop_when_idle() {
  keep_alive_ = false;
  if (state_ == State::idle || state_ == State::head || state_ == State::streaming || state_ == State::discarding) {
    close();
  }
}

void HttpServer::Connection::close() {
  if (state_ == State::closed) return;
  if (state_ == State::streaming) --server_.stream_count_;
  state_ = State::closed;
  if (stream_) stream_->closed();
  beast::error_code ignored;  // the other end may be gone already
  socket_.shutdown(tcp::socket::shutdown_both, ignored);
  socket_.close(ignored);
  server_.remove(*this);
}

void HttpServer::Connection::await_request() {
  if (buffer_.size() > 0) return read_head();  // the next one of a pipeline
  buffer_ = empty_buffer();                    // while it idles, a connection keeps no memory
  socket_.async_wait(tcp::socket::wait_read, [self = shared_from_this()](beast::error_code error) {
    if (error || self->state_ != State::idle) return self->close();
    self->read_head();
  });
}

void HttpServer::Connection::read_head() {
  state_ = State::head;
  deadline_ = in(server_.options().header_timeout);
  head_parser_.emplace();
  head_parser_->header_limit(static_cast<std::uint32_t>(server_.options().headers_max_bytes));
  head_parser_->body_limit(boost::none);
  http::async_read_header(socket_, buffer_, *head_parser_,
                          [self = shared_from_this()](beast::error_code error, std::size_t) {
                            if (self->state_ == State::closed) return;
                            if (error) return self->head_failed(error);
                            self->head_read();
                          });
}

void HttpServer::Connection::head_failed(beast::error_code error) {
  if (timed_out_) return refuse(408, "the head of the request did not arrive in time");
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    const bool long_target = head_parser_->get().target().empty();  // its line is not over yet
    return long_target ? refuse(414, "the address is too long") : refuse(431, "the headers are too large");
  }
  if (error.category() == make_error_code(http::error::bad_method).category() && error != http::error::end_of_stream &&
      error != http::error::partial_message) {
    return refuse(400, "this is no HTTP request");
  }
  close();
}

/// What makes a request whose head could be read unfit.
std::optional<std::pair<int, std::string_view>> HttpServer::Connection::fault_of_head() const {
  const auto& message = head_parser_->get();
  if (message.target().size() > server_.options().target_max_bytes) return {{414, "the address is too long"}};
  const auto hosts = message.equal_range(http::field::host);
  const auto host_count = std::distance(hosts.first, hosts.second);
  if (host_count > 1 || (host_count == 0 && message.version() >= 11)) return {{400, "one Host header is needed"}};
  // A coding that is not understood leaves the end of the body unknown: what follows must not be taken for a request.
  if (message.count(http::field::transfer_encoding) > 0) {
    // A proxy of HTTP/1.0 may see the end of the body elsewhere.
    if (message.version() < 11) return {{400, "HTTP/1.0 has no Transfer-Encoding"}};
    if (!head_parser_->chunked()) return {{501, "this Transfer-Encoding is not understood"}};
  }
  if (const auto expect = message.find(http::field::expect);
      expect != message.end() && !beast::iequals(expect->value(), "100-continue")) {
    return {{417, "only 100-continue can be expected"}};
  }
  return std::nullopt;
}

void HttpServer::Connection::head_read() {
  const auto& message = head_parser_->get();
  keep_alive_ = message.keep_alive() && !server_.stopping();
  request_ = HttpRequest{};
  request_.method = std::string(message.method_string());
  request_.target = std::string(message.target());
  request_.peer = peer_;
  const bool has_body = head_parser_->chunked() || head_parser_->content_length().value_or(0) > 0;
  body_is_unread_ = has_body;
  if (const auto fault = fault_of_head()) return refuse(fault->first, fault->second);
  for (const auto& field : message) {
    request_.headers.push_back({std::string(field.name_string()), std::string(field.value())});
  }
  if (!has_body) {
    if (auto response = server_.handler().answer_at_once(request_)) return respond(std::move(*response));
    return run_handler();
  }

  state_ = State::working;
  deadline_ = never();
  const bool taken = server_.workers().try_submit([self = shared_from_this()] {
    Admission admission;
    try {
      admission = self->server_.handler().admit(self->request_);
    } catch (const std::exception&) {
      admission.refusal = self->server_.handler().refuse(500, "unexpected");
    }
    asio::post(self->socket_.get_executor(),
               [self, admission = std::move(admission)]() mutable { self->admitted(std::move(admission)); });
  });
  if (!taken) refuse(503, "too many requests at once");
}

void HttpServer::Connection::admitted(Admission admission) {
  if (state_ == State::closed) return;
  if (admission.refusal) {
    keep_alive_ = false;
    return respond(std::move(*admission.refusal));
  }
  body_max_bytes_ = admission.body_max_bytes;
  if (head_parser_->content_length().value_or(0) > body_max_bytes_) return refuse(413, "the body is too large");
  if (admission.to_file) {
    std::string path = (server_.options().upload_folder / "upload-XXXXXX").string();
    upload_ = File(mkostemp(path.data(), O_CLOEXEC));
    if (!upload_.is_open()) return refuse(500, "the upload cannot be stored");
    request_.body_file = path;
  }
  const bool wants_continue = head_parser_->get().count(http::field::expect) > 0;
  body_parser_.emplace(std::move(*head_parser_));
  body_parser_->body_limit(body_max_bytes_);
  head_parser_.reset();
  state_ = State::body;
  body_started_ = last_moved_ = std::chrono::steady_clock::now();
  body_bytes_ = 0;
  chunk_.resize(admission.to_file
                    ? kFileChunk
                    : std::min<std::uint64_t>(kBodyChunk, body_parser_->content_length().value_or(kBodyChunk)));
  chunk_used_ = 0;
  if (!wants_continue) return read_body();
  head_ = "HTTP/1.1 100 Continue\r\n\r\n";
  deadline_ = in(server_.options().transfer_timeout);
  asio::async_write(socket_, asio::buffer(head_), [self = shared_from_this()](beast::error_code error, std::size_t) {
    if (self->state_ == State::closed) return;
    if (error) return self->close();
    self->read_body();
  });
}

void HttpServer::Connection::read_body() {
  const auto now = std::chrono::steady_clock::now();
  // Neither may it rest, nor come in drops.
  deadline_ = std::min(
      now + server_.options().transfer_timeout,
      body_started_ + server_.options().transfer_timeout + std::chrono::seconds(body_bytes_ / kSlowestBytesPerSecond));
  auto& body = body_parser_->get().body();
  body.data = chunk_.data() + chunk_used_;
  body.size = chunk_.size() - chunk_used_;
  body.more = true;
  http::async_read_some(
      socket_, buffer_, *body_parser_,
      [self = shared_from_this()](beast::error_code error, std::size_t) { self->body_part_read(error); });
}

void HttpServer::Connection::body_part_read(beast::error_code error) {
  if (state_ == State::closed) return;
  last_moved_ = std::chrono::steady_clock::now();
  if (timed_out_) return refuse(408, "the body did not arrive in time");
  if (error == http::error::body_limit) return refuse(413, "the body is too large");
  if (error == http::error::buffer_overflow) return refuse(413, "what is between or behind the chunks is too large");
  if (error && error != http::error::need_buffer) {
    const bool malformed = error == http::error::bad_chunk || error == http::error::bad_chunk_extension;
    return malformed ? refuse(400, "the body is broken") : close();
  }
  const std::size_t got = chunk_.size() - chunk_used_ - body_parser_->get().body().size;
  chunk_used_ += got;
  body_bytes_ += got;
  const bool last = body_parser_->is_done();
  if (!last && chunk_used_ < chunk_.size()) return read_body();
  store_chunk(last);
}

void HttpServer::Connection::store_chunk(bool last) {
  if (!upload_.is_open()) {
    request_.body.append(chunk_.data(), chunk_used_);
    return chunk_stored(true, last);
  }
  // On a worker: a disk may be slow, and that is not the client's rest.
  deadline_ = never();
  last_moved_ = never();
  server_.workers().submit([self = shared_from_this(), last] {
    const bool good = write_all(self->upload_.get(), self->chunk_.data(), self->chunk_used_);
    asio::post(self->socket_.get_executor(), [self, good, last] { self->chunk_stored(good, last); });
  });
}

void HttpServer::Connection::chunk_stored(bool good, bool last) {
  if (state_ == State::closed) return;
  last_moved_ = std::chrono::steady_clock::now();
  chunk_used_ = 0;
  if (!good) return refuse(507, "the upload cannot be stored: the disk may be full");
  if (!last) return read_body();
  keep_alive_ = keep_alive_ && body_parser_->get().keep_alive();
  body_parser_.reset();
  chunk_ = {};
  upload_.reset();
  body_is_unread_ = false;
  run_handler();
}

void HttpServer::Connection::drop_body() {
  upload_.reset();
  if (!request_.body_file.empty()) {
    std::error_code ignored;  // the handler may have moved it away
    std::filesystem::remove(request_.body_file, ignored);
  }
}

void HttpServer::Connection::run_handler() {
  state_ = State::working;
  deadline_ = never();
  ++server_.request_count_;
  const bool taken = server_.workers().try_submit([self = shared_from_this()] {
    HttpResponse response;
    try {
      response = self->server_.handler().handle(self->request_);
    } catch (const std::exception&) {
      response = self->server_.handler().refuse(500, "unexpected");
    }
    if (!response.file.empty()) {
      self->download_ = File(open(response.file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
      struct stat facts{};
      if (!self->download_.is_open() || fstat(self->download_.get(), &facts) != 0 || !S_ISREG(facts.st_mode)) {
        response = self->server_.handler().refuse(500, "a file is gone");
      } else {
        self->download_left_ = static_cast<std::uint64_t>(facts.st_size);
      }
    }
    self->drop_body();
    --self->server_.request_count_;
    asio::post(self->socket_.get_executor(),
               [self, response = std::move(response)]() mutable { self->respond(std::move(response)); });
  });
  if (taken) return;
  --server_.request_count_;
  refuse(503, "too many requests at once");
}

void HttpServer::Connection::respond(HttpResponse response) {
  if (state_ == State::closed) return;
  response_ = std::move(response);
  const bool is_head = request_.method == "HEAD";
  const bool streams = response_.on_events != nullptr && !is_head;
  const bool bodiless = response_.status == 204 || response_.status == 304;
  if (streams || body_is_unread_ || server_.stopping()) keep_alive_ = false;

  head_.clear();
  head_ += "HTTP/1.1 ";
  append_number(head_, static_cast<std::uint64_t>(response_.status));
  head_ += ' ';
  head_ += std::string_view(http::obsolete_reason(static_cast<http::status>(response_.status)));
  head_ += "\r\nDate: ";
  head_ += http_date();
  for (const auto& header : response_.headers) {
    head_.append("\r\n").append(header.name).append(": ");
    // Whatever a value is made of, it begins no header of its own.
    std::replace_copy_if(
        header.value.begin(), header.value.end(), std::back_inserter(head_),
        [](char c) { return c == '\r' || c == '\n' || c == '\0'; }, ' ');
  }
  const std::uint64_t size = download_.is_open() ? download_left_ : response_.content().size();
  if (!streams && !bodiless) {
    head_ += "\r\nContent-Length: ";
    append_number(head_, size);
  }
  head_ += keep_alive_ ? "\r\nConnection: keep-alive\r\n\r\n" : "\r\nConnection: close\r\n\r\n";
  if (is_head || bodiless) {
    response_.body.clear();
    response_.shared_body.reset();
    response_.asset = {};
    download_.reset();
  }
  state_ = State::writing;
  write_head_and_body();
}

void HttpServer::Connection::write_head_and_body() {
  const auto body = response_.content();
  deadline_ = in(server_.options().transfer_timeout + std::chrono::seconds(body.size() / kSlowestBytesPerSecond));
  const std::array<asio::const_buffer, 2> parts = {asio::buffer(head_), asio::buffer(body.data(), body.size())};
  asio::async_write(socket_, parts, noting_parts(), [self = shared_from_this()](beast::error_code error, std::size_t) {
    if (self->state_ == State::closed) return;
    if (error) return self->close();
    if (self->response_.on_events && self->request_.method != "HEAD") return self->start_events();
    if (self->download_.is_open()) return self->write_file_part();
    self->written();
  });
}

void HttpServer::Connection::write_file_part() {
  deadline_ = never();
  chunk_.resize(kFileChunk);
  last_moved_ = never();  // a disk may be slow
  server_.workers().submit([self = shared_from_this()] {
    ssize_t got = 0;
    do {
      got = read(self->download_.get(), self->chunk_.data(), std::min<std::uint64_t>(kFileChunk, self->download_left_));
    } while (got < 0 && errno == EINTR);
    asio::post(self->socket_.get_executor(), [self, got] {
      if (self->state_ == State::closed) return;
      if (got <= 0 && self->download_left_ > 0) return self->close();  // shorter than was promised
      self->download_left_ -= static_cast<std::uint64_t>(got);
      self->deadline_ = in(self->server_.options().transfer_timeout);
      asio::async_write(self->socket_, asio::buffer(self->chunk_.data(), static_cast<std::size_t>(got)),
                        self->noting_parts(), [self](beast::error_code error, std::size_t) {
                          if (self->state_ == State::closed) return;
                          if (error) return self->close();
                          if (self->download_left_ > 0) return self->write_file_part();
                          self->written();
                        });
    });
  });
}

void HttpServer::Connection::written() {
  waits_since_ = std::chrono::steady_clock::now();
  drop_body();  // of a request that was refused in its middle
  response_ = {};
  request_ = {};
  head_ = {};
  chunk_ = {};
  download_.reset();
  head_parser_.reset();
  body_parser_.reset();
  if (!keep_alive_ || server_.stopping()) {
    beast::error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    state_ = State::discarding;
    deadline_ = in(kDiscardTime);
    chunk_.resize(kBodyChunk / 4);
    return discard();
  }
  state_ = State::idle;
  deadline_ = in(server_.options().idle_timeout);
  await_request();
}

/// Until the client has read the answer and closed.
void HttpServer::Connection::discard() {
  if (server_.stopping() && !body_is_unread_) return close();
  socket_.async_read_some(asio::buffer(chunk_), [self = shared_from_this()](beast::error_code error, std::size_t size) {
    if (self->state_ == State::closed) return;
    self->discarded_ += size;
    if (error || self->discarded_ > kDiscardMax) return self->close();
    self->discard();
  });
}

void HttpServer::Connection::start_events() {
  state_ = State::streaming;
  ++server_.stream_count_;
  deadline_ = never();
  last_event_ = std::chrono::steady_clock::now();
  stream_ = std::make_shared<Stream>(weak_from_this());
  chunk_.resize(256);
  watch_for_end();
  server_.workers().submit([on_events = std::move(response_.on_events), stream = stream_] {
    try {
      on_events(stream);
    } catch (const std::exception&) {
      stream->close();
    }
  });
  response_ = {};
  response_.on_events = nullptr;
}

/// A client that listens says nothing more: whatever comes is its end.
void HttpServer::Connection::watch_for_end() {
  socket_.async_read_some(asio::buffer(chunk_),
                          [self = shared_from_this()](beast::error_code, std::size_t) { self->close(); });
}

void HttpServer::Connection::push(std::string text) {
  if (state_ != State::streaming) return;
  last_event_ = std::chrono::steady_clock::now();
  events_waiting_ += text;
  if (events_writing_.empty()) write_events();
}

void HttpServer::Connection::write_events() {
  events_writing_ = std::exchange(events_waiting_, {});
  deadline_ = in(server_.options().transfer_timeout);
  asio::async_write(socket_, asio::buffer(events_writing_),
                    [self = shared_from_this()](beast::error_code error, std::size_t size) {
                      if (self->state_ == State::closed) return;
                      if (error) return self->close();
                      self->stream_->sent(size);
                      self->events_writing_.clear();
                      self->deadline_ = never();
                      if (!self->events_waiting_.empty()) self->write_events();
                    });
}

// --- The server ------------------------------------------------------------------------------------------------------

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
  beast::error_code bad;
  const auto address = asio::ip::make_address(host, bad);
  if (bad) return wrong("the host is an IP address of this machine, localhost, or nothing for all of them");
  return ListenAddress{address.to_string(), port, address.is_loopback()};
}

Result<void> HttpServer::Impl::listen() {
  OFFX_ASSIGN(const auto address, parse_listen_address(options_.listen));
  beast::error_code error;
  const auto ip = asio::ip::make_address(address.host, error);
  const tcp::endpoint endpoint(ip, static_cast<std::uint16_t>(address.port));
  if (!error) acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    const bool taken = error == asio::error::address_in_use;
    return fail(Errc::io,
                "cannot listen at " + options_.listen + ": " +
                    (taken ? "another program does; stop it or choose another port with --listen" : error.message()));
  }
  endpoint_ = acceptor_.local_endpoint(error);
  workers_.emplace(options_.workers, options_.requests_waiting_max);
  accept();
  thread_ = std::thread([this] { io_.run(); });
  return {};
}

std::string HttpServer::Impl::address() const {
  const auto ip = endpoint_.address();
  return (ip.is_v6() ? "[" + ip.to_string() + "]" : ip.to_string()) + ":" + std::to_string(endpoint_.port());
}

void HttpServer::Impl::accept() {
  acceptor_.async_accept(io_, [this](beast::error_code error, tcp::socket socket) {
    if (stopping_) return;
    if (!error) {
      accepted(std::move(socket));
      return accept();
    }
    // Out of descriptors, as a rule: it passes.
    accept_timer_.expires_after(milliseconds(100));
    accept_timer_.async_wait([this](beast::error_code cancelled) {
      if (!cancelled && !stopping_) accept();
    });
  });
}

void HttpServer::Impl::accepted(tcp::socket socket) {
  beast::error_code error;
  const auto peer = socket.remote_endpoint(error);
  if (error) return;  // gone already
  socket.set_option(tcp::no_delay(true), error);
  auto ip = peer.address();
  if (ip.is_v6() && ip.to_v6().is_v4_mapped()) ip = asio::ip::make_address_v4(asio::ip::v4_mapped, ip.to_v6());
  auto address = ip.to_string();
  std::string caller;
  bool has_room = true;
  if (options_.connections_per_caller_max > 0 && !options_.is_shared_address(address)) {
    caller = caller_network(address);
    ++callers_[caller];
    // Those that were turned away are there until they have read it: one of them is no room.
    while (has_room && callers_[caller] > options_.connections_per_caller_max) has_room = make_room(&caller);
  }
  while (has_room && connections_.size() >= options_.connections_max) has_room = make_room(nullptr);
  auto connection = std::make_shared<Connection>(*this, std::move(socket), std::move(address), std::move(caller));
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
/// let a body or an answer rest for longest. Of all, or those of `caller`.
bool HttpServer::Impl::make_room(const std::string* caller) {
  using State = Connection::State;
  std::shared_ptr<Connection> idlest;
  std::shared_ptr<Connection> slowest;
  const auto stalled = std::chrono::steady_clock::now() - kStalled;
  for (const auto& connection : connections_) {
    if (caller != nullptr && connection->caller() != *caller) continue;
    const auto state = connection->state();
    if (state == State::idle || state == State::head || state == State::discarding) {
      if (!idlest || connection->waits_since() < idlest->waits_since()) idlest = connection;
    } else if ((state == State::writing || state == State::body) && connection->last_moved() < stalled) {
      if (!slowest || connection->last_moved() < slowest->last_moved()) slowest = connection;
    }
  }
  const auto& chosen = idlest ? idlest : slowest;
  if (!chosen) return false;
  chosen->close();
  return true;
}

void HttpServer::Impl::arm_sweep() {
  if (sweeping_ || connections_.empty()) return;
  sweeping_ = true;
  sweep_timer_.expires_after(sweep_interval_);
  sweep_timer_.async_wait([this](beast::error_code error) {
    sweeping_ = false;
    if (error) return;
    sweep();
    arm_sweep();
  });
}

void HttpServer::Impl::sweep() {
  const auto now = std::chrono::steady_clock::now();
  const std::vector<std::shared_ptr<Connection>> all(connections_.begin(), connections_.end());
  for (const auto& connection : all) connection->check_deadline(now);
}

void HttpServer::Impl::remove(Connection& connection) {
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
    stopping_ = true;
    beast::error_code ignored;
    acceptor_.close(ignored);
    accept_timer_.cancel();
    const std::vector<std::shared_ptr<Connection>> all(connections_.begin(), connections_.end());
    for (const auto& connection : all) connection->stop_when_idle();
    if (connections_.empty()) {
      promise.set_value();
    } else {
      all_closed_ = std::move(promise);
    }
  });
  const bool all_finished = closed.wait_for(grace) == std::future_status::ready;
  if (!all_finished) {
    workers_->stop();  // nobody will be there to be answered
    asio::post(io_, [this] {
      const std::vector<std::shared_ptr<Connection>> all(connections_.begin(), connections_.end());
      for (const auto& connection : all) connection->close();
    });
    closed.wait();
  }
  workers_.reset();  // its last jobs post to io_, where nothing is left to answer
  request_count_ = 0;
  asio::post(io_, [this] {
    sweep_timer_.cancel();
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
