#include "sources/json_text.h"

#include <algorithm>
#include <array>

#include "text/clean.h"

namespace offx::sources {
namespace {

bool is_space(char c) noexcept { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

/// The value of the four hexadecimal digits at `at`, or -1.
int hex4(std::string_view text, std::size_t at) noexcept {
  if (at + 4 > text.size()) return -1;
  int value = 0;
  for (std::size_t i = at; i < at + 4; ++i) {
    const char c = text[i];
    int digit = -1;
    if (c >= '0' && c <= '9') digit = c - '0';
    if (c >= 'a' && c <= 'f') digit = c - 'a' + 10;
    if (c >= 'A' && c <= 'F') digit = c - 'A' + 10;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

bool mend_surrogates(std::string& text) {
  bool changed = false;
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    if (text[i] != '\\') continue;
    if (text[i + 1] != 'u') {
      ++i;  // some other escape, perhaps of a backslash
      continue;
    }
    const int first = hex4(text, i + 2);
    if (first >= 0xD800 && first < 0xDC00 && text.compare(i + 6, 2, "\\u") == 0) {
      const int second = hex4(text, i + 8);
      if (second >= 0xDC00 && second < 0xE000) {
        i += 11;
        continue;
      }
    }
    if (first >= 0xD800 && first < 0xE000) {
      text.replace(i, 6, "\\uFFFD");
      changed = true;
    }
    i += 5;
  }
  return changed;
}

}  // namespace

bool mend_json(std::string& text) {
  bool changed = false;
  if (text.starts_with("\xEF\xBB\xBF")) {
    text.erase(0, 3);
    changed = true;
  }
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 && c != ' ' && c != '\n') {
      c = ' ';
      changed = true;
    }
  }
  if (text.find('\n') != std::string::npos) {  // fine between values, not inside strings
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '"') in_string = !in_string;
      if (text[i] == '\\') ++i;
      if (i < text.size() && text[i] == '\n' && in_string) {
        text[i] = ' ';
        changed = true;
      }
    }
  }
  if (!text::is_utf8(text)) {
    text::clean_text_in_place(text);
    changed = true;
  }
  return mend_surrogates(text) || changed;
}

std::optional<std::string> close_cut_json(std::string_view text) {
  static constexpr auto kLists =
      std::to_array<std::string_view>({"data", "feed", "posts", "items", "statuses", "ancestors", "descendants"});
  std::string open;
  std::string_view name;     // the last string in the outer object: the name of what follows
  bool in_list = false;      // in the outer object's list of items
  std::size_t good = 0;      // where to cut
  std::string_view closers;  // what is open there
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') {
      const std::size_t start = i + 1;
      for (++i; i < text.size() && text[i] != '"'; ++i) {
        if (text[i] == '\\') ++i;
      }
      if (open == "{" && i < text.size()) name = text.substr(start, i - start);
    } else if (c == '{' || c == '[') {
      if (c == '[' && open == "{") in_list = std::find(kLists.begin(), kLists.end(), name) != kLists.end();
      open += c;
    } else if (c == '}' || c == ']') {
      if (open.empty()) return std::nullopt;
      open.pop_back();
      // Behind a whole item; once there was one, also behind whole parts of what comes after (`includes`).
      if (open == "{[" && in_list) {
        good = i + 1;
        closers = "]}";
      } else if (good != 0 && (open == "{" || open == "{{" || open == "{{[")) {
        good = i + 1;
        closers = open == "{" ? "}" : open == "{{" ? "}}" : "]}}";
      }
    }
  }
  if (good == 0) return std::nullopt;
  return std::string(text.substr(0, good)) + std::string(closers);
}

JsonItems::JsonItems(ByteSource& source, std::size_t chunk_bytes, std::size_t item_max_bytes)
    : source_(source), chunk_bytes_(chunk_bytes), item_max_bytes_(item_max_bytes) {}

Result<bool> JsonItems::fill() {
  if (ended_) return false;
  if (start_ > 0) {
    buffer_.erase(0, start_);
    next_ -= start_;
    start_ = 0;
  }
  const std::size_t have = buffer_.size();
  buffer_.resize(have + chunk_bytes_);
  auto count = source_.read(std::span<char>(buffer_).subspan(have));
  buffer_.resize(have + count.value_or(0));
  if (!count) return fail(std::move(count).error());
  ended_ = *count == 0;
  return !ended_;
}

JsonItems::Item JsonItems::item(std::size_t end, bool whole) {
  const std::string_view text =
      too_large_ ? std::string_view{} : std::string_view(buffer_).substr(start_, end - start_);
  const Item item{text, ++count_, in_array_, whole, too_large_};
  start_ = next_ = end;
  open_.clear();
  in_string_ = escaped_ = too_large_ = false;
  return item;
}

JsonItems::Ending JsonItems::step(char c) {
  if (in_string_) {
    if (escaped_) {
      escaped_ = false;
    } else if (c == '\\') {
      escaped_ = true;
    } else if (c == '"') {
      in_string_ = false;
      before_ = '"';
    }
    return Ending::none;
  }
  if (is_space(c)) return Ending::none;
  Ending ending = Ending::none;
  switch (c) {
    case '"': in_string_ = true; break;
    case '{':
      // In an object a brace can only follow a colon; otherwise the item before it was never closed.
      if (!open_.empty() && open_.back() == '{' && before_ != ':') return Ending::broken;
      open_ += c;
      break;
    case '[': open_ += c; break;
    case '}':
    case ']':
      if (open_.empty() || open_.back() != (c == '}' ? '{' : '[')) return Ending::broken;
      open_.pop_back();
      if (open_.empty()) ending = Ending::whole;
      break;
    default: break;
  }
  before_ = c;
  return ending;
}

Result<std::optional<JsonItems::Item>> JsonItems::scan_value() {
  // A bare value in an array (a number, a text) is an item as well, a useless one: it ends at a comma or bracket.
  const bool bare = buffer_[start_] != '{' && buffer_[start_] != '[';
  before_ = ' ';
  while (true) {
    for (; next_ < buffer_.size(); ++next_) {
      const char c = buffer_[next_];
      if (bare && !in_string_ && (c == ',' || c == ']' || c == '}' || c == '{' || c == '[')) {
        // A stray closing brace belongs to the rubbish, else nothing would move on.
        return std::optional(item(c == '}' || (next_ == start_) ? next_ + 1 : next_, true));
      }
      const Ending ending = step(c);
      if (ending == Ending::whole) return std::optional(item(next_ + 1, true));
      if (ending == Ending::broken) return std::optional(item(next_ > start_ ? next_ : next_ + 1, true));
    }
    if (next_ - start_ > item_max_bytes_) {
      too_large_ = true;
      start_ = next_;  // forgets what was read, goes on looking for the end
    }
    OFFX_ASSIGN(const bool more, fill());
    if (!more) {
      ended_early_ = true;
      return std::optional(item(buffer_.size(), false));
    }
  }
}

Result<std::optional<JsonItems::Item>> JsonItems::next() {
  while (true) {
    if (next_ >= buffer_.size()) {
      start_ = next_;
      OFFX_ASSIGN(const bool more, fill());
      if (!more) {
        ended_early_ = ended_early_ || in_array_;
        return std::optional<Item>();
      }
    }
    const char c = buffer_[next_];
    start_ = next_;
    if (in_array_) {
      if (c == ']') {
        in_array_ = false;
      } else if (c != ',' && !is_space(c)) {
        return scan_value();
      }
    } else if (c == '[') {
      in_array_ = true;
    } else if (c == '{') {
      return scan_value();
    }
    ++next_;
  }
}

}  // namespace offx::sources
