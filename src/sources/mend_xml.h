#pragma once

#include <string>

#include "base/error.h"

namespace offx::sources {

/// Makes the bytes something libxml2 can follow: UTF-8 whatever the encoding, no XML declaration, no illegal control
/// characters, HTML's character names as characters, a bare `&` escaped. Errc::corrupt if an element has more
/// attributes than any feed's: libxml2 compares each with each.
[[nodiscard]] Result<std::string> mend_xml(std::string document);

}  // namespace offx::sources
