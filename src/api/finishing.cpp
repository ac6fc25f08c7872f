#include "api/finishing.h"

#include <algorithm>

namespace offx::api {
namespace {

using net::HttpRequest;
using net::HttpResponse;

constexpr std::size_t kCompressedFrom = 1024;

constexpr std::string_view kContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; manifest-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

bool has_header(const HttpResponse& response, std::string_view name) {
  return std::any_of(response.headers.begin(), response.headers.end(),
                     [&](const net::Header& header) { return header.name == name; });
}

void set_if_absent(HttpResponse& response, std::string_view name, std::string_view value) {
  if (!has_header(response, name)) response.headers.push_back({std::string(name), std::string(value)});
}

std::string header_value(const HttpResponse& response, std::string_view name) {
  const auto found = std::find_if(response.headers.begin(), response.headers.end(),
                                  [&](const net::Header& header) { return header.name == name; });
  return found == response.headers.end() ? std::string() : found->value;
}

void add_vary(HttpResponse& response, std::string_view name) {
  for (auto& header : response.headers) {
    if (header.name != "Vary") continue;
    if (header.value.find(name) == std::string::npos) header.value.append(", ").append(name);
    return;
  }
  response.headers.push_back({"Vary", std::string(name)});
}

bool is_text(std::string_view content_type) {
  return content_type.starts_with("application/json") || content_type.starts_with("application/problem+json") ||
         content_type.starts_with("text/");
}

}  // namespace

Coding coding_for(const HttpRequest& request) {
  return preferred_coding(request.header("Accept-Encoding").value_or(""));
}

void prepare_to_keep(const HttpRequest& request, HttpResponse& response) {
  if (response.status != 200) return;
  response.headers.push_back({"ETag", entity_tag(response.body)});
  compress(request, response);
}

void mark_stale(HttpResponse& response) {
  response.headers.push_back({"OffX-Stale", "true"});
  set_if_absent(response, "Cache-Control", "no-store");
}

void add_caching(const HttpRequest& request, HttpResponse& response) {
  const auto policy = header_value(response, "Cache-Control");
  const bool may_be_kept = response.status == 200 && (request.method == "GET" || request.method == "HEAD");
  if (policy.empty()) response.headers.push_back({"Cache-Control", may_be_kept ? "private, no-cache" : "no-store"});
  const bool is_body =
      !response.content().empty() && response.asset.empty() && response.file.empty() && !response.on_events;
  if (!is_body || !may_be_kept || policy == "no-store") return;
  if (!has_header(response, "ETag")) response.headers.push_back({"ETag", entity_tag(response.content())});
  const auto known = request.header("If-None-Match");
  if (!known || !names_tag(*known, header_value(response, "ETag"))) return;
  response.status = 304;
  response.body.clear();
  response.shared_body.reset();
  std::erase_if(response.headers, [](const net::Header& header) { return header.name == "Content-Encoding"; });
}

void compress(const HttpRequest& request, HttpResponse& response) {
  if (response.body.size() <= kCompressedFrom || !is_text(header_value(response, "Content-Type")) ||
      has_header(response, "Content-Encoding")) {
    return;
  }
  add_vary(response, "Accept-Encoding");
  const auto coding = coding_for(request);
  auto smaller = compressed(response.body, coding);
  if (smaller.empty()) return;
  response.body = std::move(smaller);
  response.headers.push_back({"Content-Encoding", coding == Coding::brotli ? "br" : "gzip"});
}

void add_cors(const HttpRequest& request, std::span<const std::string> origins, HttpResponse& response) {
  if (origins.empty()) return;
  add_vary(response, "Origin");
  const auto origin = request.header("Origin");
  if (!origin) return;
  const bool any = std::find(origins.begin(), origins.end(), "*") != origins.end();
  if (!any && std::find(origins.begin(), origins.end(), *origin) == origins.end()) return;
  // Never with credentials: from elsewhere one calls with a token.
  response.headers.push_back({"Access-Control-Allow-Origin", any ? "*" : std::string(*origin)});
  response.headers.push_back({"Access-Control-Expose-Headers", "ETag, OffX-Stale, Retry-After, X-Request-Id"});
  if (request.method != "OPTIONS" || !request.header("Access-Control-Request-Method")) return;
  response.headers.push_back({"Access-Control-Allow-Methods", header_value(response, "Allow")});
  response.headers.push_back({"Access-Control-Allow-Headers", "Authorization, Content-Type, If-None-Match"});
  response.headers.push_back({"Access-Control-Max-Age", "600"});
}

void add_common_headers(std::string_view request_id, bool is_for_other_origins, HttpResponse& response) {
  response.headers.push_back({"X-Request-Id", std::string(request_id)});
  set_if_absent(response, "Content-Security-Policy", kContentSecurityPolicy);
  response.headers.push_back({"X-Content-Type-Options", "nosniff"});
  response.headers.push_back({"Referrer-Policy", "no-referrer"});
  response.headers.push_back({"Cross-Origin-Opener-Policy", "same-origin"});
  set_if_absent(response, "Cross-Origin-Resource-Policy", is_for_other_origins ? "cross-origin" : "same-origin");
}

}  // namespace offx::api
