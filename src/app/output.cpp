#include "app/output.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "pipeline/json_writer.h"
#include "text/utf8.h"

namespace offx::app {
namespace {

constexpr auto kRedraw = std::chrono::milliseconds(100);

/// Characters that begin in `text`: UTF-8 continuation bytes do not count.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

/// Writes UTF-8, with U+FFFD for what is none: stored texts may hold any bytes.
void write_utf8(std::string_view text, std::FILE* file) {
  std::size_t written = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    if (text::next_char(text, at) != text::kReplacementChar) continue;
    std::fwrite(text.data() + written, 1, begin - written, file);
    std::fputs("\uFFFD", file);
    written = at;
  }
  std::fwrite(text.data() + written, 1, text.size() - written, file);
}

}  // namespace

Terminal Terminal::detect() {
  Terminal terminal;
  terminal.out_is_terminal = isatty(STDOUT_FILENO) == 1;
  terminal.err_is_terminal = isatty(STDERR_FILENO) == 1;
  const char* no_colour = std::getenv("NO_COLOR");
  const char* kind = std::getenv("TERM");
  const bool dumb = kind != nullptr && std::string_view(kind) == "dumb";
  terminal.colour = terminal.out_is_terminal && (no_colour == nullptr || *no_colour == '\0') && !dumb;
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) terminal.width = size.ws_col;
  return terminal;
}

std::string Terminal::styled(std::string_view text, const char* style) const {
  return colour ? fmt::format("\x1b[{}m{}\x1b[0m", style, text) : std::string(text);
}

void print(std::string_view text) { write_utf8(text, stdout); }
void print_error(std::string_view line) {
  std::fflush(stdout);
  write_utf8(line, stderr);
  std::fputc('\n', stderr);
}

void print_json(const boost::json::value& value) { print(boost::json::serialize(value) + "\n"); }
void print_json(const pipeline::JsonWriter& written) { print(written.text() + "\n"); }

std::string printable(std::string_view shown) {
  std::string clean;
  clean.reserve(shown.size());
  for (std::size_t at = 0; at < shown.size();) {
    const std::size_t begin = at;
    const char32_t c = text::next_char(shown, at);
    const bool is_control = (c < 0x20 && c != '\n') || (c >= 0x7F && c < 0xA0);
    // What turns the direction of a text would turn what stands behind it, too.
    const bool turns = (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
    if (is_control) clean += ' ';
    if (!is_control && !turns) clean.append(shown.substr(begin, at - begin));
  }
  return clean;
}

std::string shorten(std::string_view text, std::size_t max) {
  std::string line = printable(text);
  std::replace(line.begin(), line.end(), '\n', ' ');
  if (width_of(line) <= max) return line;
  std::size_t seen = 0;
  std::size_t end = 0;
  for (; end < line.size(); ++end) {
    if ((static_cast<unsigned char>(line[end]) & 0xC0U) != 0x80U && seen++ == max - 1) break;
  }
  line.resize(end);
  return line + "…";
}

std::string with_thousands(std::int64_t number) {
  std::string digits = std::to_string(number);
  for (std::ptrdiff_t at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > (number < 0 ? 1 : 0); at -= 3) {
    digits.insert(static_cast<std::size_t>(at), ",");
  }
  return digits;
}

std::string with_unit(std::uint64_t bytes) {
  constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < std::size(kUnits)) {
    value /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string count_of(std::int64_t number, std::string_view singular, std::string_view plural) {
  return fmt::format("{} {}", with_thousands(number), number == 1 ? singular : plural);
}

std::string duration(double seconds) {
  const auto whole = std::lround(seconds);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{}:{:02} min", whole / 60, whole % 60);
  return fmt::format("{}:{:02} h", whole / 3600, whole / 60 % 60);
}

std::string table(const Terminal& terminal, const std::vector<std::vector<std::string>>& raw_rows,
                  const std::vector<bool>& right) {
  auto rows = raw_rows;
  for (auto& row : rows) {
    for (auto& cell : row) {
      cell = printable(cell);
      std::replace(cell.begin(), cell.end(), '\n', ' ');
    }
  }
  std::vector<std::size_t> widths(right.size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string text;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    std::string line;
    for (std::size_t i = 0; i < rows[r].size(); ++i) {
      const auto& cell = rows[r][i];
      const std::string fill(widths[i] - width_of(cell), ' ');
      line += (i == 0 ? "" : "  ") + (right[i] ? fill + cell : cell + fill);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += (r == 0 ? terminal.bold(line) : line) + "\n";
  }
  return text;
}

ProgressBar::ProgressBar(const Terminal& terminal, std::string label, std::string unit)
    : terminal_(terminal), label_(std::move(label)), unit_(std::move(unit)), started_(SystemClock().now()) {}

ProgressBar::~ProgressBar() { clear(); }

void ProgressBar::clear() {
  if (visible_) fmt::print(stderr, "\r\x1b[K");
  visible_ = false;
}

void ProgressBar::resume_at(std::uint64_t done, std::uint64_t items) {
  done_before_ = done;
  items_before_ = items;
}

void ProgressBar::update(std::uint64_t done, std::uint64_t total, std::uint64_t items) {
  if (!terminal_.err_is_terminal) return;
  const auto now = SystemClock().now();
  if (now - drawn_ < kRedraw) return;
  drawn_ = now;
  visible_ = true;
  const double seconds = std::max(0.001, std::chrono::duration<double>(now - started_).count());
  const auto items_now = items - std::min(items, items_before_);
  const auto done_now = done - std::min(done, done_before_);
  const std::string rate =
      fmt::format(", {}/s", with_thousands(static_cast<std::int64_t>(static_cast<double>(items_now) / seconds)));
  const std::string counted = fmt::format("{} {}", with_thousands(static_cast<std::int64_t>(items)), unit_);
  const auto columns = static_cast<std::size_t>(std::max(20, terminal_.width - 1));
  std::string line = label_ + " " + counted + rate;
  if (total > 0) {
    const double share = std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
    std::string brief = fmt::format("{:3.0f} %", share * 100);
    std::string rest = brief + "  " + counted;
    int to_come = 22;    // rate and time
    if (done_now > 0) {  // otherwise nobody knows yet
      const double seconds_left =
          seconds * static_cast<double>(total - std::min(total, done)) / static_cast<double>(done_now);
      const auto left = duration(seconds_left) + " left";
      rest += rate + ", " + left;
      brief += "  " + left;
      to_come = 0;
    }
    auto label = label_;
    if (width_of(label) + 1 + width_of(rest) > columns) {
      rest = brief;
      label = shorten(label, std::max(std::size_t{8}, columns - 1 - std::min(columns - 1, width_of(rest))));
    }
    constexpr int kMinCells = 4;
    cells_ = std::min(cells_, terminal_.width - 3 - to_come - static_cast<int>(width_of(label) + width_of(rest)));
    line = label + " ";
    for (int i = 0; cells_ >= kMinCells && i < cells_; ++i) line += i < static_cast<int>(share * cells_) ? "█" : "░";
    line += (cells_ >= kMinCells ? " " : "") + rest;
  }
  fmt::print(stderr, "\r{}\x1b[K", shorten(line, columns));
  std::fflush(stderr);
}

}  // namespace offx::app
