#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/fwd.hpp>

#include "sources/json_text.h"
#include "sources/session.h"
#include "store/post.h"

/// Reading Boost.JSON trees without fear: what is absent or of another type is empty.
namespace offx::sources {

namespace json = boost::json;

/// The member as an object or array; nullptr if it is none.
const json::object* object_at(const json::object& object, std::string_view key);
const json::array* array_at(const json::object& object, std::string_view key);
const json::object* as_object(const json::value& value);

/// The member as text; empty if it is none.
std::string_view text_at(const json::object& object, std::string_view key);
/// The member as text, also if it is a whole number.
std::string id_at(const json::object& object, std::string_view key);
/// True only for `true`.
bool flag_at(const json::object& object, std::string_view key);
/// The member as an integer.
std::optional<std::int64_t> integer_at(const json::object& object, std::string_view key);

/// Reads a stream of JSON objects: single, one a line, or in arrays. Calls `take(object, number)` for each, reports
/// what is no object. If the input ends inside an outer object, its whole elements are taken still, and `truncated` is
/// reported.
Result<void> read_objects(ByteSource& source, Session& session,
                          const std::function<Result<void>(const json::object&, std::uint64_t)>& take);

}  // namespace offx::sources
