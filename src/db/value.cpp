#include "db/value.h"

#include <charconv>
#include <cmath>

namespace offx::db {

std::int64_t to_integer(const Value& value, std::int64_t otherwise) noexcept {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return *integer;
  if (const auto* real = std::get_if<double>(&value)) {
    return std::abs(*real) < 9.2e18 ? static_cast<std::int64_t>(*real) : otherwise;
  }
  if (const auto* text = std::get_if<std::string>(&value)) {
    std::int64_t parsed = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), parsed);
    if (error == std::errc{} && end == text->data() + text->size()) return parsed;
  }
  return otherwise;
}

double to_real(const Value& value, double otherwise) noexcept {
  if (const auto* real = std::get_if<double>(&value)) return *real;
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<double>(*integer);
  return otherwise;
}

std::string to_text(const Value& value) {
  struct {
    std::string operator()(std::monostate) const { return {}; }
    std::string operator()(std::int64_t integer) const { return std::to_string(integer); }
    std::string operator()(double real) const {
      char buffer[32];
      const auto [end, error] = std::to_chars(std::begin(buffer), std::end(buffer), real);
      return {buffer, error == std::errc{} ? end : buffer};
    }
    std::string operator()(const std::string& text) const { return text; }
    std::string operator()(const Blob& blob) const { return {reinterpret_cast<const char*>(blob.data()), blob.size()}; }
  } print;
  return std::visit(print, value);
}

Value text_or_null(std::string_view text) { return text.empty() ? Value{} : Value{std::string(text)}; }

}  // namespace offx::db
