#pragma once

namespace offx {

/// The release of this program: `0.2.0`.
[[nodiscard]] const char* version() noexcept;

}  // namespace offx
