#include "sources/fuzz_support.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  offx::sources::fuzz_reader(offx::sources::Format::rss, data, size);
  return 0;
}
