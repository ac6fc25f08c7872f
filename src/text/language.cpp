#include "text/language.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include <cld2/public/compact_lang_det.h>
#include <cld2/public/encodings.h>
#include <unicode/uloc.h>

#include "text/ascii.h"
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

/// Codes that ICU leaves as they are, though they mean a language that has another: withdrawn ones, those of ISO
/// 639-2/B, and two whose language platforms name in either way.
constexpr auto kSynonyms = std::to_array<std::pair<std::string_view, std::string_view>>(
    {{"in", "id"},  {"iw", "he"},  {"ji", "yi"},  {"jw", "jv"},  {"mo", "ro"},  {"alb", "sq"}, {"arm", "hy"},
     {"baq", "eu"}, {"bur", "my"}, {"chi", "zh"}, {"cze", "cs"}, {"dut", "nl"}, {"fre", "fr"}, {"geo", "ka"},
     {"ger", "de"}, {"gre", "el"}, {"ice", "is"}, {"mac", "mk"}, {"mao", "mi"}, {"may", "ms"}, {"per", "fa"},
     {"rum", "ro"}, {"slo", "sk"}, {"tib", "bo"}, {"wel", "cy"}, {"cmn", "zh"}, {"fil", "tl"}});

}  // namespace

std::string language_code(std::string_view tag) {
  tag = trim(tag);
  tag = tag.substr(0, tag.find_first_of("-_"));
  if (tag.size() < 2 || tag.size() > 3) return {};
  std::string code(tag);
  std::transform(code.begin(), code.end(), code.begin(), ascii_lower);
  if (!std::all_of(code.begin(), code.end(), [](char c) { return c >= 'a' && c <= 'z'; })) return {};
  for (const auto& [synonym, meant] : kSynonyms) {
    if (code == synonym) return std::string(meant);
  }
  if (code.size() == 2) return code;
  if (code == "und" || code == "zxx" || code == "mul" || code == "mis" || code == "art") return {};
  if (code.front() == 'q') return {};  // X's qme, qst, qam, …: media, short texts, mentions only
  std::array<char, ULOC_LANG_CAPACITY> shorter{};
  UErrorCode status = U_ZERO_ERROR;
  uloc_getLanguage(code.c_str(), shorter.data(), ULOC_LANG_CAPACITY, &status);
  return U_SUCCESS(status) != 0 && shorter.front() != '\0' ? shorter.data() : code;
}

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
  const std::string code = language_code(CLD2::LanguageCode(best));
  if (code == "un" || code == "xx" || code == "xxx" || code == "tlh" || code == "zzp") return {};  // joke languages
  return code;
}

}  // namespace offx::text
