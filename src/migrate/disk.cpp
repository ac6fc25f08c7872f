#include "migrate/disk.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

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

DiskSpeed measure_disk(const db::DatabaseClient& client) {
  DiskSpeed speed;
  const auto path = db::sqlite::file_of(client);
  if (path.empty()) return speed;
  std::error_code error;
  const auto folder = std::filesystem::absolute(path, error).parent_path();
  const int file = error ? -1 : open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (file < 0) return speed;
  constexpr std::size_t kPageBytes = 4096;
  constexpr int kPages = 1024;
  std::vector<char> page(kPageBytes);  // nothing that a disk could make smaller
  std::uint32_t random = 1;
  for (auto& byte : page) byte = static_cast<char>((random = random * 1'664'525 + 1'013'904'223) >> 24U);
  off_t at = 0;
  const auto seconds_of = [&](int pages) {
    const auto began = std::chrono::steady_clock::now();
    bool done = true;
    for (int i = 0; i < pages && done; ++i, at += static_cast<off_t>(page.size())) {
      done = pwrite(file, page.data(), page.size(), at) == static_cast<ssize_t>(page.size());
    }
    done = done && fdatasync(file) == 0;
    return done ? std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count() : 0;
  };
  // The least of several: somebody else's sync may be in the way.
  speed.sync_seconds = seconds_of(1);
  for (int i = 0; i < 3; ++i) speed.sync_seconds = std::min(speed.sync_seconds, seconds_of(1));
  speed.page_seconds = std::max(speed.page_seconds, (seconds_of(kPages) - speed.sync_seconds) / kPages);
  close(file);
  return speed;
}

}  // namespace offx::migrate
