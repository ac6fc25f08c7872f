#include "text/characters.h"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/uscript.h>

namespace offx::text {
namespace {

constexpr std::uint32_t kTypeLetter = U_GC_L_MASK;
constexpr std::uint32_t kTypeMark = U_GC_M_MASK;
constexpr std::uint32_t kTypeNumber = U_GC_N_MASK;

bool is_spaceless(UChar32 code) {
  // The two big blocks first: asking for script extensions takes long.
  if ((code >= 0x3400 && code <= 0x9FFF) || (code >= 0x20000 && code <= 0x3FFFF)) return true;
  if (code < 0x0E00) return false;
  for (const UScriptCode script :
       {USCRIPT_HAN, USCRIPT_HIRAGANA, USCRIPT_KATAKANA, USCRIPT_THAI, USCRIPT_LAO, USCRIPT_KHMER, USCRIPT_MYANMAR}) {
    if (uscript_hasScript(code, script)) return true;
  }
  return false;
}

/// twitter-text's "special characters" of hashtags.
bool is_tag_special(UChar32 code) {
  switch (code) {
    case '_':
    case 0x00B7:
    case 0x0387:  // canonically the same as U+00B7
    case 0x05BE:
    case 0x05F3:
    case 0x05F4:
    case 0x0F0B:
    case 0x0F0C:
    case 0x200C:
    case 0x200D:
    case 0x3003:
    case 0x301C:
    case 0x309B:
    case 0x309C:
    case 0x30A0:
    case 0x30FB:
    case 0xA67E:
    case 0xFF5E: return true;
    default: return false;
  }
}

bool is_emoji(UChar32 code) {
  if (code < 0x80 || code == 0x00A9 || code == 0x00AE || code == 0x2122) return false;  // ©, ®, ™ are symbols
  return u_hasBinaryProperty(code, UCHAR_EMOJI) || u_hasBinaryProperty(code, UCHAR_EXTENDED_PICTOGRAPHIC);
}

bool drops_marks(UChar32 base) {
  UErrorCode status = U_ZERO_ERROR;
  const UScriptCode script = uscript_getScript(base, &status);
  return script == USCRIPT_LATIN || script == USCRIPT_GREEK || script == USCRIPT_CYRILLIC;
}

icu::UnicodeString without_marks(const icu::UnicodeString& decomposed) {
  icu::UnicodeString out;
  bool dropping = false;
  for (std::int32_t i = 0; i < decomposed.length();) {
    const UChar32 code = decomposed.char32At(i);
    i += U16_LENGTH(code);
    if (u_charType(code) != U_NON_SPACING_MARK) {
      dropping = drops_marks(code);
      out.append(code);
    } else if (!dropping) {
      out.append(code);
    }
  }
  return out;
}

/// Full- and half-width forms (U+FF01 to U+FFEE) replaced by what they are forms of.
icu::UnicodeString with_plain_width(const icu::UnicodeString& text, const icu::Normalizer2& nfkc) {
  icu::UnicodeString out;
  for (std::int32_t i = 0; i < text.length(); ++i) {
    const char16_t c = text.charAt(i);
    UErrorCode status = U_ZERO_ERROR;
    if (c > 0xFF00 && c < 0xFFEF) {
      out.append(nfkc.normalize(icu::UnicodeString(c), status));
    } else {
      out.append(c);
    }
  }
  return out;
}

/// At most so many marks on one letter count, as in the Stream-Safe Text Format of UAX #15: putting n marks into
/// canonical order takes n² steps, and no language needs so many.
constexpr int kMarksMax = 30;

icu::UnicodeString without_mark_floods(const icu::UnicodeString& text) {
  if (text.length() <= kMarksMax) return text;
  icu::UnicodeString out;
  int marks = 0;
  for (std::int32_t i = 0; i < text.length();) {
    const UChar32 code = text.char32At(i);
    i += U16_LENGTH(code);
    marks = u_getCombiningClass(code) == 0 ? 0 : marks + 1;
    if (marks <= kMarksMax) out.append(code);
  }
  return out;
}

icu::UnicodeString normal_form(const icu::UnicodeString& whole, NormalForm form) {
  const icu::UnicodeString text = without_mark_floods(whole);
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* nfc = icu::Normalizer2::getNFCInstance(status);
  const icu::Normalizer2* nfkc = icu::Normalizer2::getNFKCInstance(status);
  if (form == NormalForm::exact) {
    icu::UnicodeString folded = nfc->normalize(with_plain_width(text, *nfkc), status);
    folded.foldCase(U_FOLD_CASE_DEFAULT);
    return nfc->normalize(folded, status);
  }
  const icu::Normalizer2* nfd = icu::Normalizer2::getNFDInstance(status);
  icu::UnicodeString folded = nfkc->normalize(text, status);
  folded.foldCase(U_FOLD_CASE_DEFAULT);
  return nfkc->normalize(without_marks(nfd->normalize(folded, status)), status);
}

bool composes_with_nothing_before(UChar32 code) {
  return u_getCombiningClass(code) == 0 && u_getIntPropertyValue(code, UCHAR_NFC_QUICK_CHECK) == UNORM_YES;
}

/// A letter before it may drop it, or the first of the marks that it stands for.
bool begins_with_mark(UChar32 code) {
  UErrorCode status = U_ZERO_ERROR;
  icu::UnicodeString parts;
  const bool has_parts = icu::Normalizer2::getNFDInstance(status)->getDecomposition(code, parts) != 0;
  return u_charType(has_parts ? parts.char32At(0) : code) == U_NON_SPACING_MARK;
}

char16_t compute_simple(UChar32 code, NormalForm form) {
  if ((code >= 0x4E00 && code <= 0x9FFF) || (code >= 0xAC00 && code <= 0xD7A3)) return static_cast<char16_t>(code);
  if (form == NormalForm::exact && !composes_with_nothing_before(code)) return 0;
  if (form == NormalForm::search && begins_with_mark(code)) return 0;
  const icu::UnicodeString result = normal_form(icu::UnicodeString(code), form);
  if (result.length() != 1) return 0;
  return composes_with_nothing_before(result.charAt(0)) ? result.charAt(0) : u'\0';
}

}  // namespace

std::string normalise(std::string_view text, NormalForm form) {
  bool ascii = true;
  for (const char c : text) ascii = ascii && static_cast<unsigned char>(c) < 0x80;
  std::string out;
  if (ascii) {
    out.reserve(text.size());
    for (const char c : text) out.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c);
    return out;
  }
  // ICU counts in 32 bits. Pieces of a megabyte end before an ASCII character where there is one, so that nothing that
  // combines is torn apart.
  constexpr std::size_t kPiece = 1U << 20U;
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t end = std::min(text.size(), begin + kPiece);
    if (end < text.size()) {
      std::size_t cut = end;
      while (cut > begin + kPiece / 2 && static_cast<unsigned char>(text[cut]) >= 0x80) --cut;
      if (static_cast<unsigned char>(text[cut]) < 0x80) {
        end = cut;
      } else {
        while ((static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U && end > begin + kPiece - 4) --end;
      }
    }
    const icu::StringPiece piece(text.data() + begin, static_cast<std::int32_t>(end - begin));
    normal_form(icu::UnicodeString::fromUTF8(piece), form).toUTF8String(out);
    begin = end;
  }
  return out;
}

std::uint8_t CharTables::compute_flags(char32_t character) noexcept {
  const auto code = static_cast<UChar32>(character);
  const std::uint32_t type = U_GET_GC_MASK(code);
  std::uint8_t flags = 0;
  if (u_isUWhiteSpace(code) != 0) return kCharSpace;
  const bool tag_special = is_tag_special(code);
  if (tag_special) flags |= kCharTagOther;
  if ((type & U_GC_CF_MASK) != 0 || u_hasBinaryProperty(code, UCHAR_DEFAULT_IGNORABLE_CODE_POINT) != 0) {
    return flags | kCharIgnorable;
  }
  if ((type & (U_GC_CC_MASK | U_GC_CN_MASK | U_GC_CS_MASK | U_GC_CO_MASK)) == 0 && is_emoji(code)) {
    return flags | kCharEmoji;
  }
  if ((type & (kTypeLetter | kTypeMark | kTypeNumber)) == 0) return flags;
  flags |= kCharWord;
  if ((type & kTypeMark) != 0) flags |= kCharMark;
  if (is_spaceless(code)) flags |= kCharSpaceless;
  if (!tag_special) {
    if ((type & (kTypeLetter | kTypeMark)) != 0) flags |= kCharTagLetter;
    if ((type & U_GC_ND_MASK) != 0) flags |= kCharTagOther;
  }
  return flags;
}

const CharTables::Flags& CharTables::shared_flags() {
  static const std::unique_ptr<const Flags> table = [] {
    auto flags = std::make_unique<Flags>();
    for (char32_t code = 0; code < kFlagCount; ++code) (*flags)[code] = compute_flags(code);
    return flags;
  }();
  return *table;
}

CharTables::CharTables(NormalForm form) : flags_(&shared_flags()) {
  for (char32_t code = 0; code < kSimpleCount; ++code) {
    if (((*flags_)[code] & kCharWord) != 0) simple_[code] = compute_simple(static_cast<UChar32>(code), form);
  }
}

const CharTables& CharTables::get(NormalForm form) {
  static const std::unique_ptr<const CharTables> exact = std::make_unique<const CharTables>(NormalForm::exact);
  if (form == NormalForm::exact) return *exact;
  static const std::unique_ptr<const CharTables> search = std::make_unique<const CharTables>(NormalForm::search);
  return *search;
}

}  // namespace offx::text
