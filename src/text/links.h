#pragma once

#include <cstddef>
#include <string_view>

namespace offx::text {

/// The end of the http(s) address whose host begins at `host`, behind `://`; 0 if there is no host with a top-level
/// domain. Ends as twitter-text's do: before punctuation that closes the sentence, before scripts without spaces.
/// Linear.
[[nodiscard]] std::size_t find_link_end(std::string_view text, std::size_t host);

}  // namespace offx::text
