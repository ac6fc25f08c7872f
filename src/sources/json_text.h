#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "sources/byte_source.h"

/// JSON as bytes: finding items in streams and mending what is broken in ways that occur.
namespace offx::sources {

/// Replaces what strict parsers refuse and programs write: invalid UTF-8 and lone surrogate escapes become U+FFFD, raw
/// control characters spaces, a byte order mark goes. False if there was nothing to mend.
bool mend_json(std::string& text);

/// Makes a cut-off page whole again, `{"data":[{…},{…`: drops what follows the last whole item of its list (`data`,
/// `feed`, `posts`, `items`, `statuses`, …) and the last whole part of what comes behind the list, closes what is open.
/// nullopt if there is no whole item.
[[nodiscard]] std::optional<std::string> close_cut_json(std::string_view text);

/// Splits a stream into JSON items: the elements of top-level arrays, and top-level objects. Arrays may follow one
/// another, objects may stand on lines; what precedes the first bracket (`window.YTD.tweets.part0 = `) is skipped. Only
/// the item at hand is held. An item that breaks the nesting rules ends where that shows, and the next one is found.
class JsonItems {
 public:
  struct Item {
    std::string_view text;  ///< valid until the next call
    std::uint64_t number;   ///< from 1
    bool in_array;          ///< an array's element, not an object by itself
    bool whole;             ///< false: the input ended inside it
    bool too_large;         ///< longer than the limit; `text` is then empty
  };

  JsonItems(ByteSource& source, std::size_t chunk_bytes, std::size_t item_max_bytes);

  /// The next item; nullopt at the end.
  Result<std::optional<Item>> next();

  /// True once the end was reached inside an item or an array.
  [[nodiscard]] bool ended_early() const noexcept { return ended_early_; }

 private:
  enum class Ending : std::uint8_t { none, whole, broken };

  Result<bool> fill();
  Result<std::optional<Item>> scan_value();
  Ending step(char c);
  [[nodiscard]] Item item(std::size_t end, bool whole);

  ByteSource& source_;
  std::size_t chunk_bytes_;
  std::size_t item_max_bytes_;
  std::string buffer_;
  std::size_t start_ = 0;  ///< of the item
  std::size_t next_ = 0;   ///< byte to look at
  std::uint64_t count_ = 0;
  std::string open_;  ///< brackets open inside the item
  bool in_array_ = false;
  bool in_string_ = false;
  bool escaped_ = false;
  bool too_large_ = false;
  bool ended_ = false;
  bool ended_early_ = false;
  char before_ = ' ';  ///< the last character that was no white space
};

}  // namespace offx::sources
