#include "net/http_connection.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <mutex>

#include <boost/asio/completion_condition.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/read.hpp>
#include <fcntl.h>
#include <sys/stat.h>

#include "net/response_head.h"

namespace offx::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
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

/// True for bytes that are no HTTP, not for a client that is gone.
bool is_malformed(beast::error_code error) {
  return error.category() == make_error_code(http::error::bad_method).category() &&
         error != http::error::end_of_stream && error != http::error::partial_message;
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

/// What others hold of a connection that streams.
class HttpConnection::Stream final : public EventStream {
 public:
  explicit Stream(std::weak_ptr<HttpConnection> connection) : connection_(std::move(connection)) {}

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
  std::weak_ptr<HttpConnection> connection_;
  std::size_t waiting_ = 0;
  bool open_ = true;
};

void EarlyRequests::enter(std::shared_ptr<HttpConnection> connection) {
  waiting_.push_back(std::move(connection));
  call_next();
}

void EarlyRequests::leave() {
  --under_way_;
  call_next();
}

void EarlyRequests::call_next() {
  if (under_way_ == at_once_ || waiting_.empty()) return;
  ++under_way_;
  const auto executor = waiting_.front()->executor();
  asio::post(executor, [next = std::move(waiting_.front())] { next->take_turn(); });
  waiting_.pop_front();
}

HttpConnection::HttpConnection(HttpServerContext& server, Socket socket, std::string peer, std::string caller)
    : server_(server),
      socket_(std::move(socket)),
      peer_(std::move(peer)),
      caller_(std::move(caller)),
      buffer_(empty_buffer()) {}

boost::beast::flat_buffer HttpConnection::empty_buffer() const {
  return beast::flat_buffer(server_.options.headers_max_bytes + kReadAhead);
}

void HttpConnection::begin() {
  state_ = State::idle;
  waits_since_ = std::chrono::steady_clock::now();
  deadline_ = in(server_.options.header_timeout);
  await_request();
}

void HttpConnection::turn_away() { refuse(503, "too many connections at once"); }

void HttpConnection::check_deadline(SteadyTime now) {
  if (state_ == State::streaming && now - last_event_ >= server_.options.event_comment_interval) push(":\n\n");
  // What is large may take long, but not rest.
  const bool rests = state_ == State::writing && now - last_moved_ >= server_.options.transfer_timeout;
  if (now < deadline_ && !rests) return;
  deadline_ = never();
  timed_out_ = true;
  const bool may_answer =
      (state_ == State::head && (buffer_.size() > 0 || head_parser_->got_some())) || state_ == State::body;
  if (!may_answer) return close();
  beast::error_code ignored;  // what waits is told in its own call
  socket_.cancel(ignored);
}

void HttpConnection::stop_when_idle() {
  keep_alive_ = false;
  const bool is_at_a_request = state_ == State::body || state_ == State::working || state_ == State::writing;
  if (!is_at_a_request) close();
}

void HttpConnection::close() {
  if (state_ == State::closed) return;
  if (state_ == State::streaming) --server_.event_streams;
  state_ = State::closed;
  end_turn();
  if (stream_) stream_->closed();
  beast::error_code ignored;  // the other end may be gone already
  socket_.shutdown(Socket::shutdown_both, ignored);
  socket_.close(ignored);
  server_.on_closed(*this);
}

void HttpConnection::await_request() {
  if (buffer_.size() > 0) return read_head();  // the next one of a pipeline
  buffer_ = empty_buffer();                    // while it idles, a connection keeps no memory
  socket_.async_wait(Socket::wait_read, [self = shared_from_this()](beast::error_code error) {
    if (error || self->state_ != State::idle) return self->close();
    self->read_head();
  });
}

void HttpConnection::read_head() {
  state_ = State::head;
  deadline_ = in(server_.options.header_timeout);
  head_parser_.emplace();
  head_parser_->header_limit(static_cast<std::uint32_t>(server_.options.headers_max_bytes));
  head_parser_->body_limit(boost::none);
  http::async_read_header(socket_, buffer_, *head_parser_,
                          [self = shared_from_this()](beast::error_code error, std::size_t) {
                            if (self->state_ == State::closed) return;
                            if (error) return self->head_failed(error);
                            self->head_read();
                          });
}

void HttpConnection::head_failed(beast::error_code error) {
  if (timed_out_) return refuse(408, "the head of the request did not arrive in time");
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    const bool long_target = head_parser_->get().target().empty();  // its line is not over yet
    return long_target ? refuse(414, "the address is too long") : refuse(431, "the headers are too large");
  }
  if (is_malformed(error)) return refuse(400, "this is no HTTP request");
  close();
}

/// What makes a request whose head could be read unfit.
std::optional<std::pair<int, std::string_view>> HttpConnection::fault_of_head() const {
  const auto& message = head_parser_->get();
  if (message.target().size() > server_.options.target_max_bytes) return {{414, "the address is too long"}};
  const auto hosts = message.equal_range(http::field::host);
  const auto host_count = std::distance(hosts.first, hosts.second);
  if (host_count > 1 || (host_count == 0 && message.version() >= 11)) return {{400, "one Host header is needed"}};
  // A coding that is not understood leaves the end of the body unknown: what follows must not be taken for a request.
  if (message.count(http::field::transfer_encoding) > 0) {
    // A proxy of HTTP/1.0 may see the end of the body elsewhere.
    if (message.version() < 11) return {{400, "HTTP/1.0 has no Transfer-Encoding"}};
    const auto coding = message.at(http::field::transfer_encoding);
    const bool is_chunked = message.count(http::field::transfer_encoding) == 1 && beast::iequals(coding, "chunked");
    if (!is_chunked) return {{501, "this Transfer-Encoding is not understood"}};
  }
  // Beast takes a length that is there twice if both are equal; not every proxy does.
  if (const auto length = message.find(http::field::content_length);
      length != message.end() && (message.count(http::field::content_length) > 1 ||
                                  length->value().find_first_not_of("0123456789") != beast::string_view::npos)) {
    return {{400, "one Content-Length is needed, a number"}};
  }
  if (const auto expect = message.find(http::field::expect);
      expect != message.end() && !beast::iequals(expect->value(), "100-continue")) {
    return {{417, "only 100-continue can be expected"}};
  }
  return std::nullopt;
}

void HttpConnection::head_read() {
  const auto& message = head_parser_->get();
  keep_alive_ = message.keep_alive() && !server_.is_stopping;
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
  in_turn(has_body ? &HttpConnection::ask_for_admission : &HttpConnection::answer_or_run_handler);
}

/// Takes a step that costs others time; with a request that came early when it is its turn.
void HttpConnection::in_turn(void (HttpConnection::*step)()) {
  if (!is_early_) return (this->*step)();
  state_ = State::early;
  deadline_ = never();
  step_ = step;
  server_.early.enter(shared_from_this());
}

void HttpConnection::take_turn() {
  has_turn_ = true;
  if (state_ == State::closed) return end_turn();
  (this->*step_)();
}

void HttpConnection::end_turn() {
  if (std::exchange(has_turn_, false)) server_.early.leave();
}

void HttpConnection::answer_or_run_handler() {
  if (auto response = server_.handler.answer_at_once(request_)) return respond(std::move(*response));
  run_handler();
}

void HttpConnection::ask_for_admission() {
  state_ = State::working;
  deadline_ = never();
  const bool taken = server_.workers->try_submit([self = shared_from_this()] {
    Admission admission;
    try {
      admission = self->server_.handler.admit(self->request_);
    } catch (const std::exception&) {
      admission.refusal = self->server_.handler.refuse(500, "unexpected");
    }
    asio::post(self->socket_.get_executor(),
               [self, admission = std::move(admission)]() mutable { self->admitted(std::move(admission)); });
  });
  if (!taken) refuse(503, "too many requests at once");
}

void HttpConnection::admitted(Admission admission) {
  if (state_ == State::closed) return;
  if (admission.refusal) {
    keep_alive_ = false;
    return respond(std::move(*admission.refusal));
  }
  body_max_bytes_ = admission.body_max_bytes;
  if (head_parser_->content_length().value_or(0) > body_max_bytes_) return refuse(413, "the body is too large");
  if (admission.to_file) {
    std::string path = (server_.options.upload_folder / "upload-XXXXXX").string();
    upload_ = FileDescriptor(mkostemp(path.data(), O_CLOEXEC));
    if (!upload_.is_open()) return refuse(500, "the upload cannot be stored");
    request_.body_file = path;
  }
  const bool wants_continue = head_parser_->get().count(http::field::expect) > 0;
  body_parser_.emplace(std::move(*head_parser_));
  body_parser_->body_limit(body_max_bytes_);
  head_parser_.reset();
  state_ = State::body;
  end_turn();  // the client may take its time
  body_started_ = last_moved_ = std::chrono::steady_clock::now();
  body_bytes_ = 0;
  chunk_.resize(admission.to_file
                    ? kFileChunk
                    : std::min<std::uint64_t>(kBodyChunk, body_parser_->content_length().value_or(kBodyChunk)));
  chunk_used_ = 0;
  if (!wants_continue) return read_body();
  head_ = "HTTP/1.1 100 Continue\r\n\r\n";
  deadline_ = in(server_.options.transfer_timeout);
  asio::async_write(socket_, asio::buffer(head_), [self = shared_from_this()](beast::error_code error, std::size_t) {
    if (self->state_ == State::closed) return;
    if (error) return self->close();
    self->read_body();
  });
}

void HttpConnection::read_body() {
  const auto now = std::chrono::steady_clock::now();
  // Neither may it rest, nor come in drops.
  deadline_ =
      std::min(now + server_.options.transfer_timeout, body_started_ + server_.options.transfer_timeout +
                                                           std::chrono::seconds(body_bytes_ / kSlowestBytesPerSecond));
  auto& body = body_parser_->get().body();
  body.data = chunk_.data() + chunk_used_;
  body.size = chunk_.size() - chunk_used_;
  body.more = true;
  http::async_read_some(
      socket_, buffer_, *body_parser_,
      [self = shared_from_this()](beast::error_code error, std::size_t) { self->body_part_read(error); });
}

void HttpConnection::body_part_read(beast::error_code error) {
  if (state_ == State::closed) return;
  last_moved_ = std::chrono::steady_clock::now();
  if (timed_out_) return refuse(408, "the body did not arrive in time");
  if (error == http::error::body_limit) return refuse(413, "the body is too large");
  if (error == http::error::buffer_overflow) return refuse(413, "what is between or behind the chunks is too large");
  if (error && error != http::error::need_buffer) {
    return is_malformed(error) ? refuse(400, "the body is broken") : close();
  }
  const std::size_t got = chunk_.size() - chunk_used_ - body_parser_->get().body().size;
  chunk_used_ += got;
  body_bytes_ += got;
  const bool last = body_parser_->is_done();
  if (!last && chunk_used_ < chunk_.size()) return read_body();
  store_chunk(last);
}

void HttpConnection::store_chunk(bool last) {
  if (!upload_.is_open()) {
    request_.body.append(chunk_.data(), chunk_used_);
    return chunk_stored(true, last);
  }
  // On a worker: a disk may be slow, and that is not the client's rest.
  deadline_ = never();
  last_moved_ = never();
  server_.workers->submit([self = shared_from_this(), last] {
    const bool good = self->upload_.write_all(self->chunk_.data(), self->chunk_used_);
    asio::post(self->socket_.get_executor(), [self, good, last] { self->chunk_stored(good, last); });
  });
}

void HttpConnection::chunk_stored(bool good, bool last) {
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
  in_turn(&HttpConnection::run_handler);
}

void HttpConnection::drop_body() {
  upload_.reset();
  if (!request_.body_file.empty()) {
    std::error_code ignored;  // the handler may have moved it away
    std::filesystem::remove(request_.body_file, ignored);
  }
}

void HttpConnection::run_handler() {
  state_ = State::working;
  deadline_ = never();
  ++server_.requests;
  const bool taken = server_.workers->try_submit([self = shared_from_this()] {
    HttpResponse response;
    try {
      response = self->server_.handler.handle(self->request_);
    } catch (const std::exception&) {
      response = self->server_.handler.refuse(500, "unexpected");
    }
    if (!response.file.empty()) {
      self->download_ = FileDescriptor(open(response.file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
      struct stat facts{};
      if (!self->download_.is_open() || fstat(self->download_.get(), &facts) != 0 || !S_ISREG(facts.st_mode)) {
        response = self->server_.handler.refuse(500, "a file is gone");
      } else {
        self->download_left_ = static_cast<std::uint64_t>(facts.st_size);
      }
    }
    self->drop_body();
    --self->server_.requests;
    asio::post(self->socket_.get_executor(),
               [self, response = std::move(response)]() mutable { self->respond(std::move(response)); });
  });
  if (taken) return;
  --server_.requests;
  // The request is whole, and who comes again need not connect anew, which takes longer than the answer.
  respond(server_.handler.refuse(503, "too many requests at once"));
}

void HttpConnection::refuse(int status, std::string_view reason) {
  keep_alive_ = false;
  respond(server_.handler.refuse(status, reason));
}

void HttpConnection::respond(HttpResponse response) {
  if (state_ == State::closed) return;
  response_ = std::move(response);
  const bool is_head = request_.method == "HEAD";
  const bool streams = response_.on_events != nullptr && !is_head;
  const bool bodiless = response_.status == 204 || response_.status == 304;
  if (streams || body_is_unread_ || server_.is_stopping) keep_alive_ = false;
  end_turn();
  beast::error_code ignored;  // of a socket that is gone nothing more is read
  is_early_ = keep_alive_ && (buffer_.size() > 0 || socket_.available(ignored) > 0);

  const std::uint64_t size = download_.is_open() ? download_left_ : response_.content().size();
  head_ = response_head(response_, streams || bodiless ? std::nullopt : std::optional(size), keep_alive_);
  if (is_head || bodiless) {
    response_.body.clear();
    response_.shared_body.reset();
    response_.asset = {};
    download_.reset();
  }
  state_ = State::writing;
  write_head_and_body();
}

/// When a write goes on: notes each part that the client takes of it.
auto HttpConnection::noting_parts() {
  last_moved_ = std::chrono::steady_clock::now();
  return [this](beast::error_code error, std::size_t bytes) {
    last_moved_ = std::chrono::steady_clock::now();
    return asio::transfer_all()(error, bytes);
  };
}

void HttpConnection::write_head_and_body() {
  const auto body = response_.content();
  deadline_ = in(server_.options.transfer_timeout + std::chrono::seconds(body.size() / kSlowestBytesPerSecond));
  const std::array<asio::const_buffer, 2> parts = {asio::buffer(head_), asio::buffer(body.data(), body.size())};
  asio::async_write(socket_, parts, noting_parts(), [self = shared_from_this()](beast::error_code error, std::size_t) {
    if (self->state_ == State::closed) return;
    if (error) return self->close();
    if (self->response_.on_events && self->request_.method != "HEAD") return self->start_events();
    if (self->download_.is_open()) return self->write_file_part();
    self->written();
  });
}

void HttpConnection::write_file_part() {
  deadline_ = never();
  chunk_.resize(kFileChunk);
  last_moved_ = never();  // a disk may be slow
  server_.workers->submit([self = shared_from_this()] {
    const ssize_t got =
        self->download_.read_some(self->chunk_.data(), std::min<std::uint64_t>(kFileChunk, self->download_left_));
    asio::post(self->socket_.get_executor(), [self, got] {
      if (self->state_ == State::closed) return;
      if (got <= 0 && self->download_left_ > 0) return self->close();  // shorter than was promised
      self->download_left_ -= static_cast<std::uint64_t>(got);
      self->deadline_ = in(self->server_.options.transfer_timeout);
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

void HttpConnection::written() {
  waits_since_ = std::chrono::steady_clock::now();
  drop_body();  // of a request that was refused in its middle
  response_ = {};
  request_ = {};
  head_ = {};
  chunk_ = {};
  download_.reset();
  head_parser_.reset();
  body_parser_.reset();
  if (!keep_alive_ || server_.is_stopping) {
    beast::error_code ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
    state_ = State::discarding;
    deadline_ = in(kDiscardTime);
    chunk_.resize(kBodyChunk / 4);
    return discard();
  }
  state_ = State::idle;
  deadline_ = in(server_.options.idle_timeout);
  await_request();
}

/// Until the client has read the answer and closed.
void HttpConnection::discard() {
  if (server_.is_stopping && !body_is_unread_) return close();
  socket_.async_read_some(asio::buffer(chunk_), [self = shared_from_this()](beast::error_code error, std::size_t size) {
    if (self->state_ == State::closed) return;
    self->discarded_ += size;
    if (error || self->discarded_ > kDiscardMax) return self->close();
    self->discard();
  });
}

void HttpConnection::start_events() {
  state_ = State::streaming;
  ++server_.event_streams;
  deadline_ = never();
  last_event_ = std::chrono::steady_clock::now();
  stream_ = std::make_shared<Stream>(weak_from_this());
  chunk_.resize(256);
  watch_for_end();
  server_.workers->submit([on_events = std::move(response_.on_events), stream = stream_] {
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
void HttpConnection::watch_for_end() {
  socket_.async_read_some(asio::buffer(chunk_),
                          [self = shared_from_this()](beast::error_code, std::size_t) { self->close(); });
}

void HttpConnection::push(std::string text) {
  if (state_ != State::streaming) return;
  last_event_ = std::chrono::steady_clock::now();
  events_waiting_ += text;
  if (events_writing_.empty()) write_events();
}

void HttpConnection::write_events() {
  events_writing_ = std::exchange(events_waiting_, {});
  deadline_ = in(server_.options.transfer_timeout);
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

}  // namespace offx::net
