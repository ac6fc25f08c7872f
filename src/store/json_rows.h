#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace offx::store {

/// Rows in the form in which a statement reads many at once, with json_each: `[["a",1,null],["b"]]`. They make one
/// text, or several that are to be bound one after the other, as servers bound how long a value may be.
class JsonRows {
 public:
  /// A row of these columns: texts in UTF-8, integers, lists of integers; an empty optional is NULL. NULLs at the end
  /// of a row are left out, as `->>` gives NULL behind it.
  template <class... Columns>
  void add(const Columns&... columns) {
    begin();
    (column(columns), ...);
    end();
  }

  /// The texts, each with whole rows, and not many bytes longer than 1 MiB but where one row is. Leaves no rows.
  [[nodiscard]] std::vector<std::string> take();

 private:
  void begin();
  void end();
  std::string& next();  ///< where the next column is written
  void column(std::optional<std::string_view> text);
  void column(std::optional<std::int64_t> integer);
  void column(std::span<const std::int64_t> integers);

  std::vector<std::string> texts_;  ///< each without its last bracket
  std::size_t columns_ = 0;         ///< of the row
  std::size_t nulls_ = 0;           ///< at its end, not written
};

}  // namespace offx::store
