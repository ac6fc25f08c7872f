#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sources/dates.h"
#include "sources/reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)offx::sources::detect_format(text.substr(0, size / 8), text);
  (void)offx::sources::parse_loose_time(text.substr(0, 80));
  // Compression and format as the bytes say.
  const offx::sources::Input input{"fuzz", text, {}};
  (void)offx::sources::read_posts(input, {}, {});
  return 0;
}
