#include "sources/fuzz_support.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  using offx::sources::Format;
  constexpr Format kFormats[] = {Format::json_feed, Format::mastodon, Format::bluesky, Format::x_api};
  offx::sources::fuzz_reader(kFormats[data[0] % 4], data + 1, size - 1);
  return 0;
}
