#pragma once

#include <string>
#include <string_view>

namespace offx::text {

/// The language most of a plain text is written in, as BCP 47 primary subtag in lower case (`en`, `pt`, `zh`), or empty
/// if it cannot be told. Links, @mentions and #tags are left out; short or mixed texts are often undecided. By CLD2,
/// whose tables are compiled in. Any bytes are accepted; only the first 4 KiB are looked at. Thread-safe.
[[nodiscard]] std::string detect_language(std::string_view text);

}  // namespace offx::text
