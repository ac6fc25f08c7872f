#include "text/charset.h"

#include <cstdint>
#include <limits>
#include <memory>

#include <unicode/ucnv.h>
#include <unicode/unistr.h>

namespace offx::text {

std::optional<std::string> decoded(std::string_view bytes, const std::string& encoding) {
  struct Close {
    void operator()(UConverter* converter) const noexcept { ucnv_close(converter); }
  };
  UErrorCode error = U_ZERO_ERROR;
  const std::unique_ptr<UConverter, Close> converter(ucnv_open(encoding.c_str(), &error));
  if (U_FAILURE(error) != 0 || bytes.size() > std::numeric_limits<std::int32_t>::max()) return std::nullopt;
  const icu::UnicodeString wide(bytes.data(), static_cast<std::int32_t>(bytes.size()), converter.get(), error);
  if (U_FAILURE(error) != 0) return std::nullopt;
  std::string text;
  return wide.toUTF8String(text);
}

}  // namespace offx::text
