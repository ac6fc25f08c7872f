#include "store/tables.h"

#include <algorithm>

#include "base/assert.h"

namespace offx::store {

std::string with_physical_names(std::string_view sql, std::span<const Table> tables) {
  std::string result;
  result.reserve(sql.size() + 32);
  for (;;) {
    const auto open = sql.find('{');
    result += sql.substr(0, open);
    if (open == std::string_view::npos) return result;
    const auto close = sql.find('}', open);
    OFFX_ASSERT(close != std::string_view::npos);
    const auto logical = sql.substr(open + 1, close - open - 1);
    const auto table = std::find_if(tables.begin(), tables.end(), [&](const Table& t) { return t.logical == logical; });
    OFFX_ASSERT(table != tables.end());
    result += table->physical;
    sql.remove_prefix(close + 1);
  }
}

}  // namespace offx::store
