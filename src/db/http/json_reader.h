#pragma once

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include <simdjson.h>

// What the readers of answers share: a walk over a document in the order it comes in, without a tree. For .cpp files
// only, as simdjson's header is large.

namespace offx::db::http {

namespace ondemand = simdjson::ondemand;
using JsonCode = simdjson::error_code;

/// Begins to read `json`, which stays as it is until everything is read; a thread reads one text at a time. What the
/// parser needs for that, several times the text, is kept for the thread's next one, unless it is large: to get it
/// anew costs more than to read a page of posts.
inline JsonCode read_document(std::string& json, ondemand::document& document) {
  constexpr std::size_t kKeptMaxBytes = std::size_t{256} << 10U;
  thread_local ondemand::parser parser;
  if (parser.capacity() > std::max(kKeptMaxBytes, json.size())) parser = ondemand::parser();
  json.reserve(json.size() + simdjson::SIMDJSON_PADDING);
  return parser.iterate(json.data(), json.size(), json.capacity()).get(document);
}

/// Calls visit(key, value) for every field until one fails.
template <class Visit>
JsonCode each_field(ondemand::object object, Visit visit) {
  for (auto entry : object) {
    std::string_view key;
    ondemand::value value;
    if (const auto error = entry.unescaped_key().get(key); error != simdjson::SUCCESS) return error;
    if (const auto error = entry.value().get(value); error != simdjson::SUCCESS) return error;
    if (const auto error = visit(key, value); error != simdjson::SUCCESS) return error;
  }
  return simdjson::SUCCESS;
}

template <class Visit>
JsonCode each_field(ondemand::value& value, Visit visit) {
  ondemand::object object;
  if (const auto error = value.get_object().get(object); error != simdjson::SUCCESS) return error;
  return each_field(object, visit);
}

/// Calls visit(value) for every element until one fails.
template <class Visit>
JsonCode each_element(ondemand::array array, Visit visit) {
  for (auto element : array) {
    ondemand::value value;
    if (const auto error = element.get(value); error != simdjson::SUCCESS) return error;
    if (const auto error = visit(value); error != simdjson::SUCCESS) return error;
  }
  return simdjson::SUCCESS;
}

/// False for whatever is not null, and for what only begins like it: who reads on is told so. (simdjson's own answer
/// throws there when it is taken for a bool.)
inline bool is_null(ondemand::value& value) {
  bool null = false;
  return value.is_null().get(null) == simdjson::SUCCESS && null;
}

/// The same; null is an empty array.
template <class Visit>
JsonCode each_element(ondemand::value& value, Visit visit) {
  if (is_null(value)) return simdjson::SUCCESS;
  ondemand::array array;
  if (const auto error = value.get_array().get(array); error != simdjson::SUCCESS) return error;
  return each_element(array, visit);
}

inline JsonCode read_text(ondemand::value& value, std::string& text) {
  std::string_view view;
  const auto error = value.get_string().get(view);
  text = view;
  return error;
}

/// A number as it is written: simdjson's own reading would round what does not fit.
inline std::string_view number_token(ondemand::value& value) {
  const std::string_view token = value.raw_json_token();
  return token.substr(0, token.find_last_not_of(" \t\r\n") + 1);
}

template <class Number>
bool parse_number(std::string_view digits, Number& number) {
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return error == std::errc{} && end == digits.data() + digits.size();
}

/// A number, or the digits of one in a string, or null, which leaves `number` as it is.
template <class Number>
JsonCode read_number(ondemand::value& value, std::optional<Number>& number) {
  if (is_null(value)) return simdjson::SUCCESS;
  std::string_view digits;
  ondemand::json_type type{};
  if (const auto error = value.type().get(type); error != simdjson::SUCCESS) return error;
  if (type == ondemand::json_type::string) {
    if (const auto error = value.get_string().get(digits); error != simdjson::SUCCESS) return error;
  } else {
    digits = number_token(value);
  }
  Number parsed{};
  if (!parse_number(digits, parsed)) return simdjson::NUMBER_ERROR;
  number = parsed;
  return simdjson::SUCCESS;
}

}  // namespace offx::db::http
