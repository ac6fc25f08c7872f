#include "api/route.h"

#include <algorithm>
#include <charconv>

namespace offx::api {
namespace {

namespace json = boost::json;

std::string find_text(const std::vector<std::pair<std::string, std::string>>& pairs, std::string_view name) {
  const auto found = std::find_if(pairs.begin(), pairs.end(), [&](const auto& pair) { return pair.first == name; });
  return found == pairs.end() ? std::string() : found->second;
}

std::optional<std::int64_t> read_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// The member; null where it is absent.
const json::value& member(const json::object& object, std::string_view name) {
  static const json::value kNull;
  const auto* const found = object.if_contains(name);
  return found == nullptr ? kNull : *found;
}

/// How many members the objects of a JSON text have, as it is written; and as it was read, where of members with one
/// name the last is left.
std::size_t written_members(std::string_view text) {
  std::size_t count = 0;
  bool is_in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') is_in_string = !is_in_string;
    if (is_in_string && text[i] == '\\') ++i;
    if (!is_in_string && text[i] == ':') ++count;
  }
  return count;
}
// NOLINTNEXTLINE(misc-no-recursion): as deep as the parser allows
std::size_t read_members(const json::value& value) {
  std::size_t count = 0;
  if (const auto* const object = value.if_object()) {
    for (const auto& member : *object) count += 1 + read_members(member.value());
  } else if (const auto* const array = value.if_array()) {
    for (const auto& item : *array) count += read_members(item);
  }
  return count;
}

std::string list_of(std::span<const std::string_view> names) {
  std::string text;
  for (const auto name : names) text.append(text.empty() ? "" : ", ").append(name);
  return text;
}

}  // namespace

Result<std::int64_t> Request::path_id(std::string_view name) const {
  const auto number = read_number(path_text(name));
  if (!number || *number <= 0) return fail(Errc::not_found, "there is nothing at this address");
  return *number;
}

std::string Request::path_text(std::string_view name) const { return find_text(path_, name); }

std::string Request::query(std::string_view name) const { return find_text(query_, name); }

Result<std::int64_t> Request::query_number(std::string_view name, std::int64_t otherwise, std::int64_t min,
                                           std::int64_t max) const {
  const auto text = query(name);
  if (text.empty()) return otherwise;
  const auto number = read_number(text);
  if (!number || *number < min || *number > max) {
    return fail(
        Error(Errc::invalid_argument, "has to be a number from " + std::to_string(min) + " to " + std::to_string(max))
            .within(name));
  }
  return *number;
}

Result<std::optional<std::int64_t>> Request::query_id(std::string_view name) const {
  const auto text = query(name);
  if (text.empty()) return std::optional<std::int64_t>();
  const auto number = read_number(text);
  if (!number || *number <= 0) return fail(Error(Errc::invalid_argument, "has to be an id: a number").within(name));
  return number;
}

Result<void> Request::only(std::span<const std::string_view> names) const {
  for (const auto& parameter : query_) {
    const bool is_repeated = std::count_if(query_.begin(), query_.end(),
                                           [&](const auto& other) { return other.first == parameter.first; }) > 1;
    if (is_repeated) {
      return fail(Error(Errc::invalid_argument, "is there twice: give it once").within(parameter.first));
    }
    if (std::find(names.begin(), names.end(), parameter.first) != names.end()) continue;
    const std::string known = names.empty() ? "none is known here" : "known are " + list_of(names);
    return fail(Error(Errc::invalid_argument, "is no parameter of this address; " + known).within(parameter.first));
  }
  return {};
}

Result<json::object> Request::json(std::span<const std::string_view> members) const {
  if (http_.body.empty()) return json::object();
  boost::system::error_code error;
  json::parse_options options;
  options.max_depth = 16;
  auto value = json::parse(http_.body, error, {}, options);
  if (error) return fail(Errc::invalid_argument, "the body is no JSON: " + error.message());
  if (!value.is_object()) return fail(Errc::invalid_argument, "the body has to be a JSON object");
  for (const auto& entry : value.get_object()) {
    if (std::find(members.begin(), members.end(), std::string_view(entry.key())) != members.end()) continue;
    return fail(Error(Errc::invalid_argument, "is no member of this; known are " + list_of(members))
                    .within(std::string_view(entry.key())));
  }
  if (written_members(http_.body) != read_members(value)) {
    return fail(Errc::invalid_argument, "the body has a member twice: give each once");
  }
  return std::move(value.get_object());
}

Result<std::optional<std::string>> text_member(const json::object& object, std::string_view name) {
  const auto& value = member(object, name);
  if (value.is_null()) return std::optional<std::string>();
  if (!value.is_string()) return fail(Error(Errc::invalid_argument, "has to be a text").within(name));
  if (value.get_string().find('\0') != json::string::npos) {
    return fail(Error(Errc::invalid_argument, "has the character U+0000, which no text may have").within(name));
  }
  return std::optional<std::string>(std::string_view(value.get_string()));
}

Result<std::optional<std::int64_t>> number_member(const json::object& object, std::string_view name) {
  const auto& value = member(object, name);
  if (value.is_null()) return std::optional<std::int64_t>();
  if (!value.is_int64()) return fail(Error(Errc::invalid_argument, "has to be a whole number").within(name));
  return std::optional<std::int64_t>(value.get_int64());
}

Result<std::optional<bool>> flag_member(const json::object& object, std::string_view name) {
  const auto& value = member(object, name);
  if (value.is_null()) return std::optional<bool>();
  if (!value.is_bool()) return fail(Error(Errc::invalid_argument, "has to be true or false").within(name));
  return std::optional<bool>(value.get_bool());
}

namespace {

net::HttpResponse json_text_response(std::string text, int status) {
  net::HttpResponse response;
  response.status = status;
  response.headers.push_back({"Content-Type", "application/json"});
  response.body = std::move(text);
  return response;
}

}  // namespace

net::HttpResponse json_response(const json::value& value, int status) {
  return json_text_response(json::serialize(value), status);
}

net::HttpResponse json_response(pipeline::JsonWriter written) {
  return json_text_response(std::move(written).take(), 200);
}

net::HttpResponse problem(int status, std::string_view title, std::string_view detail, std::string_view request_id,
                          json::array errors) {
  json::object document{
      {"type", "about:blank"}, {"title", title}, {"status", status}, {"detail", detail}, {"instance", request_id}};
  if (!errors.empty()) document["errors"] = std::move(errors);
  auto response = json_response(document, status);
  response.headers[0].value = "application/problem+json";
  return response;
}

int status_of(Errc code) noexcept {
  switch (code) {
    case Errc::invalid_argument: return 400;
    case Errc::not_found: return 404;
    case Errc::conflict: return 409;
    case Errc::unavailable: return 503;
    case Errc::timeout: return 504;
    case Errc::unsupported: return 422;
    case Errc::cancelled:
    case Errc::corrupt:
    case Errc::io:
    case Errc::internal: return 500;
  }
  return 500;
}

std::string_view title_of(int status) noexcept {
  switch (status) {
    case 400: return "Bad request";
    case 401: return "Not logged in";
    case 403: return "Not allowed";
    case 404: return "Not found";
    case 405: return "Method not allowed";
    case 408: return "Too slow";
    case 409: return "Conflict";
    case 413: return "Too large";
    case 414: return "Address too long";
    case 415: return "Unknown type of body";
    case 417: return "Expectation failed";
    case 422: return "Not possible here";
    case 429: return "Too many requests";
    case 431: return "Headers too large";
    case 501: return "Not implemented";
    case 503: return "Not available now";
    case 504: return "Took too long";
    case 507: return "No space left";
    default: return status >= 500 ? "Something went wrong" : "Error";
  }
}

}  // namespace offx::api
