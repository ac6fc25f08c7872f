#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "text/tokens.h"

namespace offx::summary {

/// A word of a passage as a summary needs it. Words are equal if their normal forms (NormalForm::search) are.
struct Word {
  std::uint64_t hash = 0;
  bool function = false;     ///< an article, pronoun, preposition, …: says nothing by itself
  bool number = false;       ///< holds a digit
  bool inside = false;       ///< neither the first word nor behind a mark that may end a sentence
  bool capitalised = false;  ///< starts with a capital
  bool uncased = false;      ///< in a script without capitals
};

/// What the form of a passage tells about it, whatever it is about. From short lists of English, German, Spanish,
/// French and Portuguese words; of other languages only the marks and the letters are understood.
struct Form {
  bool negated = false;    ///< its polarity: holds a word such as `not`
  bool personal = false;   ///< speaks of its author: an anecdote rather than a report
  bool dependent = false;  ///< opens with a word that leans on what was said before (`That`, `It`, `But`), or that
                           ///< speaks to somebody (`You`, `Thanks`)
  bool question = false;   ///< ends in a question mark
  bool finished = false;   ///< ends in a mark that ends sentences
  bool loud = false;       ///< exclaims twice in a row (`!!`): advertises or cheers more than it reports
};

/// Reads passages. No links, no tags: a tag's words are there by themselves. Not thread-safe: one per thread.
class StatementReader {
 public:
  /// Replaces `words` by those of `text`; emoji are words too if `with_emoji`. Linear; any bytes are accepted.
  Form read(std::string_view text, bool with_emoji, std::vector<Word>& words);

 private:
  text::Tokenizer tokenizer_{text::NormalForm::search};
};

}  // namespace offx::summary
