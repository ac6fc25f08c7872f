#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace offx::text {

/// `text` as one line: every run of white space and control characters becomes one space, none at the ends. Invalid
/// UTF-8 becomes U+FFFD, so the result is always valid. Linear.
[[nodiscard]] std::string collapse_space(std::string_view text);

/// The sentences of a post, in order: parts of `text`, without white space at their ends. Any bytes are accepted.
/// Linear.
///
/// A sentence ends at `.`, `!`, `?`, `…` and their like in other scripts (`。`, `؟`, `।`, …: Unicode's
/// Sentence_Terminal) with the quotes, brackets and emoji behind them; a mark of full width needs no space behind it,
/// others do. It does not end after initials (`J. K.`), dotted words (`U.S.`), usual abbreviations (`Dr.`, `No. 5`),
/// list numbers (`1.`), nor at a full stop before a lower-case word unless the word before it is long enough to be none
/// of these. An empty line ends a sentence; so does a line's end unless the next line starts with a lower-case letter,
/// as in hard-wrapped text. What holds neither letter, digit nor emoji is left out (`-----`), or stays with the
/// sentence before it in its line.
[[nodiscard]] std::vector<std::string_view> split_sentences(std::string_view text);

/// A sentence in one line fit to be shown, as a part of `sentence`; empty if nothing but the following was there.
/// Dropped are, at its start, bullets, list numbers, `RT @user:` and mentions that only address somebody (all in a
/// reply, else two or more, or one before a capital); at its end links, hashtags when three or more or behind a
/// finished sentence, and separators such as `|` that led to them.
[[nodiscard]] std::string_view trim_for_display(std::string_view sentence, bool is_reply);

}  // namespace offx::text
