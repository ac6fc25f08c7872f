#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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
};

/// An answer. A body that lives as long as the program (`asset`) is sent without a copy.
struct HttpResponse {
  int status = 200;
  std::vector<Header> headers;  ///< beside Date, Content-Length and Connection, which the server writes
  std::string body;
  std::string_view asset;      ///< instead of `body`
  std::filesystem::path file;  ///< instead of `body`: sent in pieces
  /// If set, the answer is `text/event-stream`: called once the head is sent, in no order with other requests.
  std::function<void(std::shared_ptr<EventStream>)> on_events;
};

}  // namespace offx::net
