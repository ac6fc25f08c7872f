#include "sources/json_tree.h"

#include <boost/json.hpp>

namespace offx::sources {
namespace {

/// Parses, mends and parses again if need be. An empty message: success.
std::string parse(std::string_view text, const json::storage_ptr& storage, json::value& value) {
  json::parse_options options;
  options.max_depth = 64;
  boost::system::error_code error;
  value = json::parse(text, error, storage, options);
  if (error) {
    std::string mended(text);
    if (mend_json(mended)) value = json::parse(mended, error, storage, options);
  }
  return error ? error.message() : std::string();
}

}  // namespace

const json::object* as_object(const json::value& value) { return value.if_object(); }

const json::object* object_at(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value == nullptr ? nullptr : value->if_object();
}

const json::array* array_at(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value == nullptr ? nullptr : value->if_array();
}

std::string_view text_at(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_string()) return {};
  const json::string& text = value->get_string();
  return {text.data(), text.size()};
}

std::string id_at(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr) return {};
  if (value->is_int64()) return std::to_string(value->get_int64());
  if (value->is_uint64()) return std::to_string(value->get_uint64());
  if (value->is_double()) return json::serialize(*value);
  return std::string(text_at(object, key));
}

bool flag_at(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_bool() && value->get_bool();
}

std::optional<std::int64_t> integer_at(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_int64()) return std::nullopt;
  return value->get_int64();
}

Result<void> read_objects(ByteSource& source, Session& session,
                          const std::function<Result<void>(const json::object&, std::uint64_t)>& take) {
  JsonItems items(source, session.chunk_bytes(), kHeldMaxBytes);
  while (true) {
    OFFX_ASSIGN(const auto item, items.next());
    if (!item) break;
    if (item->too_large) {
      OFFX_TRY(session.broken(item->number, {}, "has more than 64 MiB: split it into smaller files"));
      continue;
    }
    json::monotonic_resource memory;
    json::value value(&memory);
    if (!item->whole) {
      OFFX_TRY(session.truncated(item->number, "the input ends in the middle of this item; what was whole was read"));
      if (item->in_array) continue;
      const std::optional<std::string> closed = close_cut_json(item->text);
      if (!closed || !parse(*closed, &memory, value).empty()) continue;
    } else if (const std::string problem = parse(item->text, &memory, value); !problem.empty()) {
      OFFX_TRY(session.broken(item->number, {}, "is not valid JSON (" + problem + "): correct or remove it"));
      continue;
    }
    if (!value.is_object()) {
      OFFX_TRY(session.broken(item->number, {}, "is no JSON object: is this the right format?"));
      continue;
    }
    OFFX_TRY(take(value.get_object(), item->number));
  }
  if (items.ended_early() && !session.summary().truncated) {
    OFFX_TRY(session.truncated(0, "the input ends before its list does; all before that was read"));
  }
  return {};
}

}  // namespace offx::sources
