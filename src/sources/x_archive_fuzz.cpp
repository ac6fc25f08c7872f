#include "sources/fuzz_support.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  offx::sources::fuzz_reader(offx::sources::Format::x_archive, data, size);
  return 0;
}
