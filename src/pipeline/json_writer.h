#pragma once

#include <array>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "base/time.h"

namespace offx::pipeline {

/// Writes JSON front to back into one text, without a tree of it in memory: for answers with many rows. Commas are its
/// work; that what is begun ends, and that a member has a name before its value, is the caller's.
class JsonWriter {
 public:
  JsonWriter() = default;
  /// With room for so many bytes.
  explicit JsonWriter(std::size_t bytes) { text_.reserve(bytes); }

  void begin_object() { open('{'); }
  void end_object() { close('}'); }
  void begin_array() { open('['); }
  void end_array() { close(']'); }

  /// The name of the member whose value comes next; one that needs no escapes.
  void name(std::string_view name);

  void value(std::nullptr_t) { raw("null"); }
  void value(std::same_as<bool> auto flag) { raw(flag ? "true" : "false"); }
  void value(std::integral auto number)
    requires(!std::same_as<decltype(number), bool>)
  {
    digits(number);
  }
  void value(double number);  ///< null if it is none
  /// What is no UTF-8 in it, as other programs may have written, becomes U+FFFD: JSON has no other bytes.
  void value(std::string_view text);
  void value(const char* text) { value(std::string_view(text)); }
  void value(const std::string& text) { value(std::string_view(text)); }
  void value(Timestamp time);  ///< in ISO 8601
  void value(const boost::json::value& tree);
  template <class T>
  void value(const std::optional<T>& optional) {
    optional ? value(*optional) : value(nullptr);
  }

  template <class T>
  void member(std::string_view name, const T& value) {
    this->name(name);
    this->value(value);
  }
  /// A text, or null if it is empty.
  void member_or_null(std::string_view name, std::string_view text);
  /// All of `object`'s, into the object that is being written.
  void members(const boost::json::object& object);

  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  [[nodiscard]] std::string take() && { return std::move(text_); }

 private:
  void open(char bracket);
  void close(char bracket);
  void raw(std::string_view json);
  /// In the fewest digits that say it.
  void digits(auto number) {
    std::array<char, 32> text{};
    raw({text.data(), std::to_chars(text.data(), text.data() + text.size(), number).ptr});
  }
  void separate() {
    if (!first_) text_ += ',';
    first_ = false;
  }
  bool append_escaped(std::string_view text);

  std::string text_;
  bool first_ = true;  ///< no comma before what comes next
};

}  // namespace offx::pipeline
