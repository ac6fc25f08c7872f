// The floor of the API's benchmark: a Beast server that sends the bytes of a file as the answer to every request.
//
//     bare_server FILE PORT

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include <boost/asio.hpp>
#include <boost/beast.hpp>

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(tcp::socket socket, const std::string& body) : socket_(std::move(socket)), body_(body) {}

  void read() {
    request_ = {};
    http::async_read(socket_, buffer_, request_, [self = shared_from_this()](beast::error_code error, std::size_t) {
      if (!error) self->write();
    });
  }

 private:
  void write() {
    response_ = {http::status::ok, request_.version()};
    response_.set(http::field::content_type, "application/json");
    response_.keep_alive(request_.keep_alive());
    response_.body() = {body_.data(), body_.size()};
    response_.prepare_payload();
    http::async_write(socket_, response_, [self = shared_from_this()](beast::error_code error, std::size_t) {
      if (!error) self->read();
    });
  }

  tcp::socket socket_;
  const std::string& body_;
  beast::flat_buffer buffer_;
  http::request<http::empty_body> request_;
  http::response<http::span_body<const char>> response_;
};

void accept(tcp::acceptor& acceptor, const std::string& body) {
  acceptor.async_accept([&](beast::error_code error, tcp::socket socket) {
    if (!error) std::make_shared<Connection>(std::move(socket), body)->read();
    accept(acceptor, body);
  });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: bare_server FILE PORT\n");
    return 2;
  }
  std::ifstream file(argv[1], std::ios::binary);
  const std::string body((std::istreambuf_iterator<char>(file)), {});
  asio::io_context context(1);
  tcp::acceptor acceptor(
      context, {asio::ip::make_address("127.0.0.1"), static_cast<unsigned short>(std::strtoul(argv[2], nullptr, 10))});
  accept(acceptor, body);
  std::puts("ready");
  std::fflush(stdout);
  context.run();
  return 0;
}
