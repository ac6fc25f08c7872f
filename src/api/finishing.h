#pragma once

#include <span>
#include <string>
#include <string_view>

#include "api/encoding.h"
#include "net/http_server.h"

/// What an answer gets before it goes out, whoever made it.
namespace offx::api {

/// The coding that bodies for this client should have.
[[nodiscard]] Coding coding_for(const net::HttpRequest& request);

/// Gives an answer that others will get too its entity tag, and makes it as small as it will be sent.
void prepare_to_keep(const net::HttpRequest& request, net::HttpResponse& response);

/// Says that others than the primary were asked. Of what may be behind nothing is kept, or a 304 would later say that
/// it still holds.
void mark_stale(net::HttpResponse& response);

/// Says how long it may be kept; and if that is until it changes, its tag, or only that the client has it already: 304.
void add_caching(const net::HttpRequest& request, net::HttpResponse& response);

/// Makes a body that is worth it smaller, in the way that its reader prefers.
void compress(const net::HttpRequest& request, net::HttpResponse& response);

/// Lets the pages of `origins` (`*`: any) read it, if one of them asks.
void add_cors(const net::HttpRequest& request, std::span<const std::string> origins, net::HttpResponse& response);

/// Its id, and what browsers are told of every answer. Others' pages may show it if there are any that may read
/// answers.
void add_common_headers(std::string_view request_id, bool is_for_other_origins, net::HttpResponse& response);

}  // namespace offx::api
