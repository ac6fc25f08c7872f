#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

/// A migration file as a tree, whichever of its two syntaxes it is written in.
namespace offx::migrate {

struct Node {
  enum class Kind : std::uint8_t {
    text,
    list,
    table,
    other,  ///< what no field takes: a number, a date, …
  };
  Kind kind = Kind::other;
  int line = 0;                   ///< from 1; 0 in a tree that was not read
  std::string text;               ///< of a text; of another, what it is: "a number"
  std::vector<Node> items;        ///< of a list or table
  std::vector<std::string> keys;  ///< of a table: those of `items`, in the order of the file, each once
};

/// Longer documents are refused: a migration is some kilobytes.
inline constexpr std::size_t kMaxDocumentBytes = std::size_t{1} << 20U;

/// The root table. Errc::invalid_argument within `FILE:LINE`: broken syntax, bytes that are no UTF-8, a key given
/// twice, or more of it (bytes, depth, keys) than any migration has.
Result<Node> parse_toml(std::string_view text, std::string_view file);
Result<Node> parse_json(std::string_view text, std::string_view file);

/// The tree as JSON without blanks, keys in their order. It holds texts, lists and tables only.
[[nodiscard]] std::string json_text(const Node& node);

/// `what`, within `file:line`.
[[nodiscard]] inline Error document_error(std::string_view file, int line, std::string what) {
  return Error(Errc::invalid_argument, std::move(what)).within(std::string(file) + ":" + std::to_string(line));
}

}  // namespace offx::migrate
