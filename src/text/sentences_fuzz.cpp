// Sentences are parts of the text in order, and what is shown of them is a part of the text in one line.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "text/clean.h"
#include "text/sentences.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace offx::text;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string whole = collapse_space(text);
  if (!is_utf8(whole)) std::abort();
  const char* at = text.data();
  for (const std::string_view part : split_sentences(text)) {
    if (part.empty() || part.data() < at) std::abort();
    at = part.data() + part.size();
    const std::string line = collapse_space(part);
    if (whole.find(line) == std::string::npos) std::abort();
    if (line.find(trim_for_display(line, size % 2 == 0)) == std::string::npos) std::abort();
  }
  if (at > text.data() + size) std::abort();
  return 0;
}
