#include "migrate/disk.h"

#include <algorithm>
#include <filesystem>
#include <limits>

#include "db/sqlite/file.h"

namespace offx::migrate {

std::optional<std::int64_t> spare_disk_bytes(const db::DatabaseClient& client) {
  namespace fs = std::filesystem;
  const auto path = db::sqlite::file_of(client);
  if (path.empty()) return std::nullopt;
  std::error_code error;
  const auto space = fs::space(fs::absolute(path, error).parent_path(), error);
  if (error) return std::nullopt;
  const auto log = fs::file_size(path + "-wal", error);
  constexpr auto kMost = static_cast<std::uintmax_t>(std::numeric_limits<std::int64_t>::max());
  const auto free = static_cast<std::int64_t>(std::min(space.available, kMost));
  return error ? free : free - static_cast<std::int64_t>(std::min(log, kMost));
}

}  // namespace offx::migrate
