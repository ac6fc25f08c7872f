#include "text/language.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include <cld2/public/compact_lang_det.h>
#include <cld2/public/encodings.h>

#include "text/clean.h"

namespace offx::text {
namespace {

constexpr std::size_t kLookedAtBytes = 4096;

/// The words of a post without links, mentions and tags, which are in no language.
std::string words_only(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 16);
  std::size_t i = 0;
  while (i < text.size()) {
    const std::size_t end = std::min(text.find_first_of(" \n\t", i), text.size());
    const std::string_view word = text.substr(i, end - i);
    const bool skip = word.starts_with('@') || word.starts_with('#') || word.starts_with('$') ||
                      word.starts_with("http://") || word.starts_with("https://");
    if (!skip && !word.empty()) {
      out += word;
      out += ' ';
    }
    i = end + 1;
  }
  return out;
}

}  // namespace

std::string detect_language(std::string_view text) {
  // Cut at the limit, but not inside a character; cleaning would make a cut one U+FFFD.
  if (text.size() > kLookedAtBytes) {
    std::size_t end = kLookedAtBytes;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    text = text.substr(0, end);
  }
  std::string words = words_only(clean_text(text));
  if (words.empty()) return {};

  CLD2::CLDHints hints{nullptr, nullptr, CLD2::UNKNOWN_ENCODING, CLD2::UNKNOWN_LANGUAGE};
  std::array<CLD2::Language, 3> languages{};
  std::array<int, 3> percents{};
  std::array<double, 3> scores{};
  int text_bytes = 0;
  bool reliable = false;
  const CLD2::Language best =
      CLD2::ExtDetectLanguageSummary(words.data(), static_cast<int>(words.size()), true, &hints, 0, languages.data(),
                                     percents.data(), scores.data(), nullptr, &text_bytes, &reliable);
  if (best == CLD2::UNKNOWN_LANGUAGE || !reliable) return {};
  std::string code = CLD2::LanguageCode(best);
  code = code.substr(0, code.find('-'));
  if (code == "un" || code == "xx" || code == "xxx" || code == "tlh" || code == "zzp") return {};  // joke languages
  if (code == "iw") return "he";
  if (code == "jw") return "jv";
  return code;
}

}  // namespace offx::text
