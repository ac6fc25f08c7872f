#include "summary/lexicon.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <utility>

#include <unicode/uchar.h>

#include "text/key_numbers.h"

extern "C" {
extern const char offx_vader_lexicon[];
extern const char offx_vader_lexicon_end[];
}

namespace offx::summary {
namespace {

// The word lists are those of the published rules (Hutto & Gilbert 2014, with the later additions of their program).
constexpr double kMore = 0.293;
constexpr double kLess = -0.293;

constexpr std::string_view kStrengthen[] = {
    "absolutely",    "amazingly",  "awfully",   "completely", "considerable", "considerably", "decidedly",
    "deeply",        "effing",     "enormous",  "enormously", "entirely",     "especially",   "exceptional",
    "exceptionally", "extreme",    "extremely", "fabulously", "flipping",     "flippin",      "frackin",
    "fracking",      "fricking",   "frickin",   "frigging",   "friggin",      "fully",        "fuckin",
    "fucking",       "fuggin",     "fugging",   "greatly",    "hella",        "highly",       "hugely",
    "incredible",    "incredibly", "intensely", "major",      "majorly",      "more",         "most",
    "particularly",  "purely",     "quite",     "really",     "remarkably",   "so",           "substantially",
    "thoroughly",    "total",      "totally",   "tremendous", "tremendously", "uber",         "unbelievably",
    "unusually",     "utter",      "utterly",   "very"};
constexpr std::string_view kWeaken[] = {"almost", "barely", "hardly",   "kinda",      "kindof",     "kind-of",
                                        "less",   "little", "marginal", "marginally", "occasional", "occasionally",
                                        "partly", "scarce", "scarcely", "slight",     "slightly",   "somewhat",
                                        "sorta",  "sortof", "sort-of"};
constexpr std::string_view kNegations[] = {
    "aint",    "arent",    "cannot",  "cant",    "couldnt", "darent",   "didnt",   "doesnt",    "ain't",    "aren't",
    "can't",   "couldn't", "daren't", "didn't",  "doesn't", "dont",     "hadnt",   "hasnt",     "havent",   "isnt",
    "mightnt", "mustnt",   "neither", "don't",   "hadn't",  "hasn't",   "haven't", "isn't",     "mightn't", "mustn't",
    "neednt",  "needn't",  "never",   "none",    "nope",    "nor",      "not",     "nothing",   "nowhere",  "oughtnt",
    "shant",   "shouldnt", "uhuh",    "wasnt",   "werent",  "oughtn't", "shan't",  "shouldn't", "uh-uh",    "wasn't",
    "weren't", "without",  "wont",    "wouldnt", "won't",   "wouldn't", "rarely",  "seldom",    "despite"};
constexpr std::pair<std::string_view, std::uint16_t> kRoles[] = {
    {"no", kNo},           {"or", kOrNor},    {"nor", kOrNor},   {"but", kBut},   {"least", kLeast},
    {"at", kAtVery},       {"very", kAtVery}, {"never", kNever}, {"so", kSoThis}, {"this", kSoThis},
    {"without", kWithout}, {"doubt", kDoubt}, {"kind", kKind},   {"of", kOf}};

// What later editions of the lexicon changed, as far as the reference scores show it.
constexpr std::pair<std::string_view, double> kRevisions[] = {{"badass", 1.4}, {"flawed", -2.1}, {"heart", 3.2}};

constexpr auto kIdioms = std::to_array<std::pair<std::string_view, double>>({{"the shit", 3},
                                                                             {"the bomb", 3},
                                                                             {"bad ass", 1.5},
                                                                             {"badass", 1.5},
                                                                             {"bus stop", 0.0},
                                                                             {"yeah right", -2},
                                                                             {"kiss of death", -1.5},
                                                                             {"to die for", 3},
                                                                             {"beating heart", 3.1},
                                                                             {"broken heart", -2.9}});
constexpr auto kDegreePhrases = std::to_array<std::pair<std::string_view, double>>(
    {{"just enough", kLess}, {"kind of", kLess}, {"sort of", kLess}});

// CLDR's short names where they and the Unicode names differ in words of the lexicon.
constexpr auto kShortNames = std::to_array<std::pair<char32_t, std::string_view>>({
    {0x263A, "smiling face"},
    {0x2620, "skull and crossbones"},
    {0x2639, "frowning face"},
    {0x2764, "red heart"},
    {0x1F44D, "thumbs up"},
    {0x1F44E, "thumbs down"},
    {0x1F494, "heartbroken"},  // CLDR's "broken heart" would count as broken plus heart: positive
    {0x1F4A9, "pile of poo"},
    {0x1F600, "grinning face"},
    {0x1F601, "beaming face with smiling eyes"},
    {0x1F603, "grinning face with big eyes"},
    {0x1F604, "grinning face with smiling eyes"},
    {0x1F605, "grinning face with sweat"},
    {0x1F606, "grinning squinting face"},
    {0x1F607, "smiling face with halo"},
    {0x1F608, "smiling face with horns"},
    {0x1F60B, "face savoring food"},
    {0x1F60D, "smiling face with heart-eyes"},
    {0x1F613, "downcast face with sweat"},
    {0x1F616, "confounded face"},
    {0x1F618, "face blowing a kiss"},
    {0x1F61A, "kissing face with closed eyes"},
    {0x1F61C, "winking face with tongue"},
    {0x1F61D, "squinting face with tongue"},
    {0x1F61E, "disappointed face"},
    {0x1F620, "angry face"},
    {0x1F621, "pouting face"},
    {0x1F624, "face with steam from nose"},
    {0x1F625, "sad but relieved face"},
    {0x1F628, "fearful face"},
    {0x1F629, "weary face"},
    {0x1F62D, "loudly crying face"},
    {0x1F630, "anxious face with sweat"},
    {0x1F631, "face screaming in fear"},
    {0x1F633, "flushed face"},
    {0x1F635, "dizzy face"},
    {0x1F64C, "raising hands"},
    {0x1F64F, "folded hands"},
    {0x1F923, "rolling on the floor laughing"},
    {0x1F929, "star-struck"},
    {0x1F92C, "face with symbols on mouth"},
    {0x1F970, "smiling face with hearts"},
});

template <class Array, class Key>
auto find_pair(const Array& array, const Key& key) {
  return std::find_if(array.begin(), array.end(), [&](const auto& pair) { return pair.first == key; });
}

}  // namespace

const Lexicon& Lexicon::get() {
  static const Lexicon lexicon;
  return lexicon;
}

Lexicon::Lexicon() {
  const std::string_view file(offx_vader_lexicon,
                              static_cast<std::size_t>(offx_vader_lexicon_end - offx_vader_lexicon));
  const std::size_t lines = static_cast<std::size_t>(std::count(file.begin(), file.end(), '\n')) + 1;
  // Room for the lists of rules; a quarter full, as most words looked up are not there.
  slots_.resize(std::bit_ceil((lines + 256) * 4));
  words_.reserve(lines + 256);
  read_lexicon(file);
  for (const auto& [text, valence] : kRevisions) {
    word(text).valence = valence;
    word(text).roles |= kInLexicon;
  }
  for (const std::string_view text : kStrengthen) {
    word(text).degree = kMore;
    word(text).roles |= kDegree;
  }
  for (const std::string_view text : kWeaken) {
    word(text).degree = kLess;
    word(text).roles |= kDegree;
  }
  for (const std::string_view text : kNegations) word(text).roles |= kNegates;
  for (const auto& [text, role] : kRoles) word(text).roles |= role;
  for (const auto& [phrase, valence] : kIdioms) mark_phrase(phrase);
  for (const auto& [phrase, degree] : kDegreePhrases) mark_phrase(phrase);
  name_emoji();
}

void Lexicon::mark_phrase(std::string_view phrase) {
  while (!phrase.empty()) {
    const std::string_view text = phrase.substr(0, phrase.find(' '));
    phrase.remove_prefix(std::min(text.size() + 1, phrase.size()));
    word(text).roles |= kInPhrase;
  }
}

/// The word, made if it is not there yet.
LexiconWord& Lexicon::word(std::string_view text) {
  const std::uint64_t hash = text::hash_of(text);
  const auto tag = static_cast<std::uint32_t>(hash >> 32);
  std::size_t i = hash & (slots_.size() - 1);
  for (; slots_[i].number != 0; i = (i + 1) & (slots_.size() - 1)) {
    if (slots_[i].tag == tag && words_[slots_[i].number - 1].text == text) return words_[slots_[i].number - 1];
  }
  words_.push_back({text});
  slots_[i] = {tag, static_cast<std::uint32_t>(words_.size())};
  return words_.back();
}

/// Lines of `word <tab> mean valence <tab> …`; the last of equal words counts.
void Lexicon::read_lexicon(std::string_view file) {
  while (!file.empty()) {
    const std::string_view line = file.substr(0, file.find('\n'));
    file.remove_prefix(std::min(line.size() + 1, file.size()));
    const std::size_t tab = line.find('\t');
    if (tab == std::string_view::npos) continue;
    double valence = 0;
    const std::string_view number = line.substr(tab + 1);
    if (std::from_chars(number.data(), number.data() + number.size(), valence).ec != std::errc{}) continue;
    LexiconWord& entry = word(line.substr(0, tab));
    entry.valence = valence;
    entry.roles |= kInLexicon;
  }
}

void Lexicon::name_emoji() {
  for (UChar32 c = 0x80; c < 0x20000; ++c) {
    if (!u_hasBinaryProperty(c, UCHAR_EMOJI)) continue;
    const auto short_name = find_pair(kShortNames, static_cast<char32_t>(c));
    if (short_name != kShortNames.end()) {
      emoji_.push_back({static_cast<char32_t>(c), std::string(short_name->second)});
      continue;
    }
    std::array<char, 128> name{};
    UErrorCode error = U_ZERO_ERROR;
    const std::int32_t length =
        u_charName(c, U_EXTENDED_CHAR_NAME, name.data(), static_cast<std::int32_t>(name.size()), &error);
    if (U_FAILURE(error) || length <= 0) continue;
    std::string lower(name.data(), static_cast<std::size_t>(length));
    for (char& letter : lower) letter = letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter | 0x20) : letter;
    emoji_.push_back({static_cast<char32_t>(c), std::move(lower)});
  }
}

const LexiconWord* Lexicon::find(std::string_view lower_text, std::uint64_t hash) const noexcept {
  const auto tag = static_cast<std::uint32_t>(hash >> 32);
  for (std::size_t i = hash & (slots_.size() - 1); slots_[i].number != 0; i = (i + 1) & (slots_.size() - 1)) {
    if (slots_[i].tag == tag && words_[slots_[i].number - 1].text == lower_text) return &words_[slots_[i].number - 1];
  }
  return nullptr;
}

const double* Lexicon::idiom(std::string_view phrase) noexcept {
  const auto it = find_pair(kIdioms, phrase);
  return it == kIdioms.end() ? nullptr : &it->second;
}

double Lexicon::degree_phrase(std::string_view phrase) noexcept {
  const auto it = find_pair(kDegreePhrases, phrase);
  return it == kDegreePhrases.end() ? 0 : it->second;
}

std::string_view Lexicon::emoji_name(char32_t c) const noexcept {
  if (emoji_.empty() || c < emoji_.front().character) return {};
  const auto it = std::ranges::lower_bound(emoji_, c, {}, &Emoji::character);
  return it != emoji_.end() && it->character == c ? std::string_view(it->name) : std::string_view();
}

}  // namespace offx::summary
