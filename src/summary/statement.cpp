#include "summary/statement.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include <unicode/uchar.h>

#include "text/key_numbers.h"
#include "text/utf8.h"

namespace offx::summary {
namespace {

// Words without accents, as the tokenizer gives them, each with a space behind it. `t`, `s`, … are what an apostrophe
// cuts off.

constexpr std::string_view kNegations =
    "not no never none nobody nothing neither nor without cannot t cant wont dont doesnt didnt isnt wasnt "
    "arent werent hasnt havent wouldnt shouldnt couldnt denies denied false nicht kein keine nie ne pas "
    "jamais nunca jamas nao non ";

constexpr std::string_view kPersonal =
    "i me my mine im we our us ich mir mich mein meine wir uns yo mi mis je mon ma mes moi nous notre meu "
    "minha ";

// Not here: words such as `there` or `if`, which open as many sentences that stand alone.
constexpr std::string_view kDependentOpeners =
    "that this these those it its he she they them his her their both such same but and or so then because "
    "which however also yet though otherwise you your thank thanks hello hi hey dear please sorry yes ok okay "
    "fine welcome congratulations congrats lol wow dies es er sie aber und oder danke eso esto pero y gracias "
    "ellos ella ce cela ca mais et elle ils merci bonjour isso isto mas ele ela eles obrigado obrigada ";

constexpr std::string_view kEnglishFunctionWords =
    "a an the this that these those i me my mine we us our you your he him his she her it its they them their "
    "who whom whose which what when where why how and or but if so because as than while of at by for with "
    "about into through to from in on is are was were be been being am do does did have has had having will "
    "would shall should can could may might must not no nor too very just also there here then now all any "
    "some each both such same other more most only own s t ll ve re d m im dont cant ";

constexpr std::string_view kGermanFunctionWords =
    "der die das den dem des ein eine einen einem einer eines und oder aber ist sind wird werden wurde hat "
    "haben hatte ich du er sie es wir ihr mein meine sich nicht auch nur noch schon zu zum zur von vom mit "
    "auf aus bei beim nach im am fur uber um wie dass wenn als ";

// Spanish, French and Portuguese.
constexpr std::string_view kRomanceFunctionWords =
    "el la los las lo un una unos y o de del al en con por para que se su sus es son fue ha han hay mi mis yo "
    "pero como mas muy ya le les une et ou du au aux dans sur avec pour par est sont ce cette il elle ils je "
    "nous vous mon ma ne pas plus qui sa ses os as um uma e do da dos das no na nos nas em com ao foi eu meu "
    "minha nao mais ";

enum WordClass : std::uint8_t { kNegation = 1, kAboutAuthor = 2, kDependentOpener = 4, kFunction = 8 };

/// The classes of the words above: open addressing, linear probing, half empty.
class WordClasses {
 public:
  constexpr WordClasses() {
    add(kNegations, kNegation);
    add(kPersonal, kAboutAuthor);
    add(kDependentOpeners, kDependentOpener);
    add(kEnglishFunctionWords, kFunction);
    add(kGermanFunctionWords, kFunction);
    add(kRomanceFunctionWords, kFunction);
  }

  /// WordClass bits of the word with this hash.
  [[nodiscard]] constexpr unsigned operator()(std::uint64_t hash) const { return slots_[slot_of(hash)].classes; }

 private:
  struct Slot {
    std::uint64_t hash = 0;
    std::uint8_t classes = 0;
  };

  constexpr void add(std::string_view words, WordClass its_class) {
    for (std::size_t end = words.find(' '); end != std::string_view::npos; end = words.find(' ')) {
      const std::uint64_t hash = text::hash_of(words.substr(0, end));
      Slot& slot = slots_[slot_of(hash)];
      slot = {hash, static_cast<std::uint8_t>(slot.classes | its_class)};
      words.remove_prefix(end + 1);
    }
  }

  [[nodiscard]] constexpr std::size_t slot_of(std::uint64_t hash) const {
    std::size_t i = hash % slots_.size();
    while (slots_[i].classes != 0 && slots_[i].hash != hash) i = (i + 1) % slots_.size();
    return i;
  }

  std::array<Slot, 1024> slots_{};
};

constexpr WordClasses kClasses;

constexpr std::size_t kEndBytes = 24;  ///< how far from its end a passage's last mark is looked for

/// The mark a passage ends with, behind any closing quotes, brackets and emoji.
UChar32 last_mark(std::string_view text) {
  std::size_t position = text.size();
  while (position > 0 && text.size() - position < kEndBytes) {
    const auto c = static_cast<UChar32>(text::previous_char(text, position));
    if (u_isalnum(c)) return 0;
    if (c == '?' || u_hasBinaryProperty(c, UCHAR_S_TERM) || c == 0x2026) return c;
  }
  return 0;
}

/// May what is between two words end a sentence, or open a quotation?
bool is_break(std::string_view between) {
  return std::ranges::any_of(between, [](char c) { return c != ' ' && c != ',' && c != '-' && c != '\''; });
}

void describe_start(std::string_view text, Word& word) {
  const auto first = static_cast<unsigned char>(text.front());
  if (first < 0x80) {
    word.capitalised = first >= 'A' && first <= 'Z';
    return;
  }
  std::size_t position = 0;
  const auto c = static_cast<UChar32>(text::next_char(text, position));
  word.capitalised = u_isupper(c);
  word.uncased = u_charType(c) == U_OTHER_LETTER;
}

}  // namespace

Form StatementReader::read(std::string_view text, bool with_emoji, std::vector<Word>& words) {
  words.clear();
  Form form;
  std::size_t end_before = 0;
  for (const text::Token& token : tokenizer_.tokenize(text)) {
    const bool is_word = token.kind == text::TokenKind::word;
    if (!is_word && !(with_emoji && token.kind == text::TokenKind::emoji)) continue;
    Word word{text::hash_of(token.text)};
    if (is_word) {
      const unsigned classes = kClasses(word.hash);
      word.function = (classes & kFunction) != 0;
      word.number = std::ranges::any_of(token.text, [](char c) { return c >= '0' && c <= '9'; });
      word.inside =
          !words.empty() && token.begin >= end_before && !is_break(text.substr(end_before, token.begin - end_before));
      if (token.begin < text.size()) describe_start(text.substr(token.begin), word);
      form.negated = form.negated || (classes & kNegation) != 0;
      form.personal = form.personal || (classes & kAboutAuthor) != 0;
      form.dependent = form.dependent || (words.empty() && (classes & kDependentOpener) != 0);
    }
    end_before = token.end;
    words.push_back(word);
  }
  form.loud = text.find("!!") != std::string_view::npos || text.find("！！") != std::string_view::npos;
  const UChar32 mark = last_mark(text);
  form.finished = mark != 0;
  form.question = mark == '?' || mark == 0xFF1F || mark == 0x061F || mark == 0x037E;
  return form;
}

}  // namespace offx::summary
