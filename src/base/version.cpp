#include "base/version.h"

namespace offx {

const char* version() noexcept { return OFFX_VERSION; }

}  // namespace offx
