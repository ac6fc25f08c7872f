// Any bytes have a sentiment within its range.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "summary/sentiment.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const offx::summary::Valence valence = offx::summary::valence(text);
  const offx::summary::Sentiment sentiment = offx::summary::sentiment(text);
  if (!(valence.compound >= -1 && valence.compound <= 1)) std::abort();
  if (!(valence.positive >= 0 && valence.neutral >= 0 && valence.negative >= 0)) std::abort();
  if (!(sentiment.score >= -1 && sentiment.score <= 1)) std::abort();
  return 0;
}
