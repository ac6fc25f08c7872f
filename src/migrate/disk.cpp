#include "migrate/disk.h"

#include <algorithm>
#include <filesystem>
#include <limits>

namespace offx::migrate {

std::optional<std::int64_t> spare_disk_bytes(const db::DatabaseClient& client) {
  namespace fs = std::filesystem;
  constexpr std::string_view kEngine = "sqlite:";
  const auto description = client.description();
  if (!description.starts_with(kEngine) || description.ends_with(":memory:")) return std::nullopt;
  const auto path = description.substr(kEngine.size());
  std::error_code error;
  const auto space = fs::space(fs::absolute(path, error).parent_path(), error);
  if (error) return std::nullopt;
  const auto log = fs::file_size(path + "-wal", error);
  constexpr auto kMost = static_cast<std::uintmax_t>(std::numeric_limits<std::int64_t>::max());
  const auto free = static_cast<std::int64_t>(std::min(space.available, kMost));
  return error ? free : free - static_cast<std::int64_t>(std::min(log, kMost));
}

}  // namespace offx::migrate
