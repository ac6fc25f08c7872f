#pragma once

#include <string>

namespace offx::sources {

/// Makes the bytes something libxml2 can follow: no illegal control characters, HTML's character names as characters, a
/// bare `&` escaped. Encodings with other than ASCII's bytes for ASCII (UTF-16) are left alone.
[[nodiscard]] std::string mend_xml(std::string document);

}  // namespace offx::sources
