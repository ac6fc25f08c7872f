#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

namespace offx {

/// What a caller can do about a failure; the message is for people.
enum class Errc : std::uint8_t {
  invalid_argument,  ///< the input is wrong: correct it
  not_found,         ///< what was named does not exist
  conflict,          ///< it exists already, or a constraint refuses it
  unavailable,       ///< busy, locked, unreachable: the same call may succeed later
  timeout,           ///< a deadline passed; a write may or may not have been applied
  cancelled,         ///< somebody asked to stop
  unsupported,       ///< this engine, format or version cannot do it
  corrupt,           ///< stored or received data is damaged
  io,                ///< the operating system refused: disk full, permission, …
  internal,          ///< a mistake of ours
};

[[nodiscard]] std::string_view to_string(Errc code) noexcept;

/// A failure: a code for the caller, a message for people, and where it happened.
/// The context grows on the way out, outermost first: `import/posts.jsonl/line 3`.
class [[nodiscard]] Error {
 public:
  Error(Errc code, std::string message) : code_(code), message_(std::move(message)) {}

  [[nodiscard]] Errc code() const noexcept { return code_; }
  [[nodiscard]] const std::string& message() const noexcept { return message_; }
  [[nodiscard]] const std::string& context() const noexcept { return context_; }

  /// The same error with `where` put before its context.
  [[nodiscard]] Error within(std::string_view where) &&;

  /// True if the same call may succeed when repeated unchanged.
  [[nodiscard]] bool retryable() const noexcept { return code_ == Errc::unavailable; }

  /// `context: message`, or the message alone.
  [[nodiscard]] std::string to_string() const;

 private:
  Errc code_;
  std::string message_;
  std::string context_;
};

template <class T>
using Result = tl::expected<T, Error>;

/// `return fail(Errc::not_found, "no topic 7");` in any function that returns a Result.
[[nodiscard]] inline tl::unexpected<Error> fail(Errc code, std::string message) {
  return tl::unexpected<Error>(Error(code, std::move(message)));
}
[[nodiscard]] inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

}  // namespace offx

#define OFFX_CONCAT_2(a, b) a##b
#define OFFX_CONCAT(a, b) OFFX_CONCAT_2(a, b)

/// Returns the error of the expression, a Result, from the enclosing function, if it holds one.
#define OFFX_TRY(...) OFFX_TRY_2(OFFX_CONCAT(offx_result_, __COUNTER__), __VA_ARGS__)
#define OFFX_TRY_2(name, ...)                                          \
  do {                                                                 \
    if (auto name = (__VA_ARGS__); !name) {                            \
      return ::tl::unexpected<::offx::Error>(std::move(name).error()); \
    }                                                                  \
  } while (false)

/// `OFFX_ASSIGN(auto rows, client.execute(sql));` declares `rows` from the value of a Result, or returns its error.
#define OFFX_ASSIGN(declaration, ...) OFFX_ASSIGN_2(OFFX_CONCAT(offx_result_, __COUNTER__), declaration, __VA_ARGS__)
#define OFFX_ASSIGN_2(name, declaration, ...)                                 \
  auto name = (__VA_ARGS__);                                                  \
  if (!name) return ::tl::unexpected<::offx::Error>(std::move(name).error()); \
  declaration = std::move(*name)
