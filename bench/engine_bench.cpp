// One engine through DatabaseClient, and the floor under it: the requests that it sent, recorded by bench/engines.py,
// sent again by a client that does nothing but send and receive. What was asked in a stream that libSQL keeps, it asks
// in one that it keeps too.
//
//     engine_bench points|pages URL COUNT       reads of single posts, pages of 50 posts
//     engine_bench inserts URL COUNT            posts inserted in batches, into their table alone
//     engine_bench replay PORT FILE TIMES       FILE: requests, each behind its length in a line of its own
//
// Prints seconds.

#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "store/posts.h"
#include "store/store.h"
#include "store/tables.h"

namespace {

using namespace offx;
using Clock = std::chrono::steady_clock;

template <class T>
T need(Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "engine_bench: %s\n", result.error().to_string().c_str());
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

double seconds_since(Clock::time_point started) {
  return std::chrono::duration<double>(Clock::now() - started).count();
}

double points(db::DatabaseClient& client, long count) {
  store::PostRepository posts(client);
  const auto total = need(posts.totals()).posts;
  const auto started = Clock::now();
  for (long i = 0; i < count; ++i) need(posts.get(1 + i * 7919 % total));
  return seconds_since(started);
}

double pages(db::DatabaseClient& client, long count) {
  store::PostRepository posts(client);
  std::optional<store::PageKey> after;
  const auto started = Clock::now();
  for (long i = 0; i < count; ++i) after = need(posts.page({}, 50, after)).next;
  return seconds_since(started);
}

double inserts(db::DatabaseClient& client, long count) {
  constexpr long kBatch = 2000;
  const auto sql = store::with_physical_names(
      "INSERT INTO {posts} (external_id, content, author, author_username, platform, created_at, fetched_at, url) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
  const std::string content(160, 'x');
  const auto started = Clock::now();
  for (long first = 0; first < count; first += kBatch) {
    std::vector<db::Statement> statements;
    for (long i = first; i < std::min(count, first + kBatch); ++i) {
      const auto id = "floor-" + std::to_string(i);
      statements.push_back({sql,
                            {id, content, "Ann Example", "ann", "x", "2026-01-01 00:00:00", "2026-01-01 00:00:00",
                             "https://x.example/ann/" + id}});
    }
    need(client.batch(statements, db::Mode::write));
  }
  return seconds_since(started);
}

/// A request as it was recorded, in parts: the baton of a stream and the length it makes are those of the day.
struct Request {
  std::string head;        ///< without the line of the length
  std::string body;        ///< without the end of a request in a kept stream
  bool in_stream = false;  ///< libSQL's, and it does not close its stream
};

constexpr std::string_view kEnd = "\r\n\r\n";

Request parsed(std::string_view bytes) {
  constexpr std::string_view kLength = "Content-Length: ";
  constexpr std::string_view kClose = R"({"type":"close"}]})";
  Request request;
  const auto head_end = bytes.find(kEnd);
  request.head = bytes.substr(0, head_end + 2);
  request.body = bytes.substr(head_end + kEnd.size());
  if (const auto line = request.head.find(kLength); line != std::string::npos) {
    request.head.erase(line, request.head.find("\r\n", line) + 2 - line);
  }
  request.in_stream = request.body.starts_with(R"({"requests":[)") && !request.body.ends_with(kClose);
  // The list of requests ends with the last bracket: batons are base64.
  if (request.in_stream) request.body.erase(request.body.rfind(']') + 1);
  return request;
}

std::vector<Request> recorded(const char* path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<Request> requests;
  for (std::string line; std::getline(file, line);) {
    std::string bytes(std::strtoul(line.c_str(), nullptr, 10), '\0');
    file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    requests.push_back(parsed(bytes));
  }
  return requests;
}

/// What is sent, in the stream of `baton` if it is in one.
void write_request(std::string& bytes, const Request& request, std::string_view baton) {
  std::string end;
  if (request.in_stream) end = baton.empty() ? "}" : R"(,"baton":")" + std::string(baton) + R"("})";
  bytes = request.head;
  if (!request.body.empty()) {
    bytes += "Content-Length: " + std::to_string(request.body.size() + end.size()) + "\r\n";
  }
  bytes += "\r\n";
  bytes += request.body;
  bytes += end;
}

/// The baton in an answer; empty if there is none.
std::string_view baton_in(std::string_view answer) {
  constexpr std::string_view kBaton = R"("baton":")";
  const auto at = answer.find(kBaton);
  if (at == std::string_view::npos) return {};
  answer.remove_prefix(at + kBaton.size());
  return answer.substr(0, answer.find('"'));
}

/// Reads one answer, with a length or in chunks, and throws it away.
void receive(int socket, std::string& buffer) {
  buffer.clear();
  std::size_t body = std::string::npos;
  std::size_t length = std::string::npos;
  for (;;) {
    char piece[65536];
    const auto got = recv(socket, piece, sizeof piece, 0);
    if (got <= 0) die("engine_bench: the server closed the connection");
    buffer.append(piece, static_cast<std::size_t>(got));
    if (body == std::string::npos) {
      const auto end = buffer.find("\r\n\r\n");
      if (end == std::string::npos) continue;
      body = end + 4;
      std::string head = buffer.substr(0, body);
      for (char& c : head) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      if (const auto at = head.find("content-length: "); at != std::string::npos)
        length = std::strtoul(head.c_str() + at + 16, nullptr, 10);
    }
    const bool whole = length != std::string::npos ? buffer.size() >= body + length : buffer.ends_with("0\r\n\r\n");
    if (whole) return;
  }
}

double replay(int port, const char* path, long times) {
  const auto requests = recorded(path);
  const int connection = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(connection, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) die("engine_bench: connect");
  const int on = 1;
  setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  std::string bytes;
  std::string buffer;
  std::string baton;
  const auto started = Clock::now();
  for (long i = 0; i < times; ++i) {
    for (const auto& request : requests) {
      write_request(bytes, request, baton);
      for (std::size_t sent = 0; sent < bytes.size();) {
        const auto wrote = send(connection, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
        if (wrote <= 0) die("engine_bench: send");
        sent += static_cast<std::size_t>(wrote);
      }
      receive(connection, buffer);
      if (request.in_stream) baton = baton_in(std::string_view(buffer).substr(0, 1000));
    }
  }
  const double seconds = seconds_since(started);
  close(connection);
  return seconds;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: engine_bench points|pages|inserts URL COUNT, or: replay PORT FILE TIMES\n");
    return 2;
  }
  const std::string_view what = argv[1];
  if (what == "replay") {
    std::printf("%.6f\n", replay(std::atoi(argv[2]), argv[3], argc > 4 ? std::atol(argv[4]) : 1));
    return 0;
  }
  const auto client = need(store::open(argv[2]));
  const long count = std::atol(argv[3]);
  std::printf("%.6f\n", what == "points"  ? points(*client, count)
                        : what == "pages" ? pages(*client, count)
                                          : inserts(*client, count));
}
