#pragma once

#include <string>
#include <string_view>

namespace offx::text {

/// The language most of a plain text is written in, as BCP 47 primary subtag in lower case (`en`, `pt`, `zh`), or empty
/// if it cannot be told. Links, @mentions and #tags are left out; short or mixed texts are often undecided. By CLD2,
/// whose tables are compiled in. Any bytes are accepted; only the first 4 KiB are looked at. Thread-safe.
[[nodiscard]] std::string detect_language(std::string_view text);

/// The one code by which a language is known here, whatever form of it is given: `en` for `EN`, `eng` and `en-GB`, `de`
/// for `ger`, `he` for `iw`. The primary subtag of BCP 47, of two letters where there is one. Empty for what is no
/// language: `und`, `zxx`, X's `qme`, or anything but two or three letters.
[[nodiscard]] std::string language_code(std::string_view tag);

}  // namespace offx::text
