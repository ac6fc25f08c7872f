#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/fwd.hpp>

#include "base/error.h"
#include "base/time.h"

namespace offx::pipeline {
class JsonWriter;
}

namespace offx::app {

/// How this process may write: colours and a progress bar only for a person at a terminal.
struct Terminal {
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  bool colour = false;  ///< on stdout: a terminal, and NO_COLOR is not set
  int width = 80;

  [[nodiscard]] static Terminal detect();

  [[nodiscard]] std::string bold(std::string_view text) const { return styled(text, "1"); }
  [[nodiscard]] std::string dim(std::string_view text) const { return styled(text, "2"); }
  [[nodiscard]] std::string accent(std::string_view text) const { return styled(text, "36"); }
  [[nodiscard]] std::string highlight(std::string_view text) const { return styled(text, "1;33"); }

 private:
  [[nodiscard]] std::string styled(std::string_view text, const char* style) const;
};

/// Writes to stdout; bytes that are no UTF-8 become U+FFFD. A reader that has gone away (a closed pipe) ends the
/// process as it ends other tools: SIGPIPE.
void print(std::string_view text);
/// Writes a line to stderr, likewise.
void print_error(std::string_view line);

/// `value` as JSON with a newline behind it, to stdout.
void print_json(const boost::json::value& value);
/// Likewise, what was written.
void print_json(const pipeline::JsonWriter& written);

/// `shown` without anything that a terminal would act on: control characters become spaces, those that turn the
/// direction of a text are left out.
[[nodiscard]] std::string printable(std::string_view shown);

/// The first `max` characters of `text` on one line, `…` behind if there are more.
[[nodiscard]] std::string shorten(std::string_view text, std::size_t max);

/// 1234567 → `1,234,567`.
[[nodiscard]] std::string with_thousands(std::int64_t number);
/// 1536 → `1.5 KiB`.
[[nodiscard]] std::string with_unit(std::uint64_t bytes);
/// `1 post`, `2 posts`.
[[nodiscard]] std::string count_of(std::int64_t number, std::string_view singular, std::string_view plural);

/// 42 → `42 s`, 125 → `2:05 min`, 3660 → `1:01 h`.
[[nodiscard]] std::string duration(double seconds);

/// Rows of text in aligned columns, the first row a heading; every cell is made printable. Numbers (`right` columns)
/// are aligned to the right.
[[nodiscard]] std::string table(const Terminal& terminal, const std::vector<std::vector<std::string>>& rows,
                                const std::vector<bool>& right);

/// A bar on stderr with share, rate and remaining time, redrawn ten times a second at most; nothing if stderr is no
/// terminal. Gone when the object is.
class ProgressBar {
 public:
  ProgressBar(const Terminal& terminal, std::string label, std::string unit);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// So much was done when the work was taken up again: it counts for the share, not for rate and remaining time.
  void resume_at(std::uint64_t done, std::uint64_t items);
  /// `done` of `total` (0: unknown) of the work; `items` is what the rate counts.
  void update(std::uint64_t done, std::uint64_t total, std::uint64_t items);
  /// Removes the bar, so that a line can be printed; the next update draws it again.
  void clear();

 private:
  const Terminal& terminal_;
  std::string label_;
  std::string unit_;
  Timestamp started_;
  Timestamp drawn_{};
  std::uint64_t done_before_ = 0;
  std::uint64_t items_before_ = 0;
  int cells_ = 24;  ///< of the bar; fewer where the numbers need the room
  bool visible_ = false;
};

}  // namespace offx::app
