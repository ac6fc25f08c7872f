#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "migrate/migration.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto migration = offx::migrate::parse_migration(text, "fuzz");
  if (!migration) return 0;
  // What was read once is read again, and is the same.
  const auto canonical = offx::migrate::to_json(*migration);
  const auto again = offx::migrate::parse_migration(canonical, "again");
  if (!again || offx::migrate::to_json(*again) != canonical) std::abort();
  return 0;
}
