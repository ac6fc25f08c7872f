#include "net/response_head.h"

#include <array>
#include <charconv>
#include <ctime>
#include <iterator>
#include <string_view>

#include <boost/beast/http/status.hpp>

namespace offx::net {
namespace {

namespace http = boost::beast::http;

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

void append_number(std::string& text, std::uint64_t number) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  text.append(digits.data(), end);
}

}  // namespace

std::string response_head(const HttpResponse& response, std::optional<std::uint64_t> content_length, bool keep_alive) {
  std::string head = "HTTP/1.1 ";
  append_number(head, static_cast<std::uint64_t>(response.status));
  head += ' ';
  head += std::string_view(http::obsolete_reason(static_cast<http::status>(response.status)));
  head += "\r\nDate: ";
  head += http_date();
  for (const auto& header : response.headers) {
    head.append("\r\n").append(header.name).append(": ");
    std::replace_copy_if(
        header.value.begin(), header.value.end(), std::back_inserter(head),
        [](char c) { return c == '\r' || c == '\n' || c == '\0'; }, ' ');
  }
  if (content_length) {
    head += "\r\nContent-Length: ";
    append_number(head, *content_length);
  }
  head += keep_alive ? "\r\nConnection: keep-alive\r\n\r\n" : "\r\nConnection: close\r\n\r\n";
  return head;
}

}  // namespace offx::net
