#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "net/http_server.h"

namespace offx::net {

/// The head of an answer as it goes over the wire, up to the empty line. Without `content_length` it has no body, or
/// one that ends with the connection. Whatever a header's value is made of, it begins no header of its own.
[[nodiscard]] std::string response_head(const HttpResponse& response, std::optional<std::uint64_t> content_length,
                                        bool keep_alive);

}  // namespace offx::net
