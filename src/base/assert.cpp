#include "base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace offx {

void assertion_failed(const char* expression, std::source_location where) noexcept {
  std::fprintf(stderr, "offx: internal error at %s:%u: %s\n", where.file_name(), where.line(), expression);
  std::abort();
}

}  // namespace offx
