#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace offx::text {

/// `text` as one line: every run of white space and control characters becomes one space, none at the ends; invisible
/// marks of direction and width stay. Invalid UTF-8 becomes U+FFFD, so the result is always valid. Linear.
[[nodiscard]] std::string collapse_space(std::string_view text);

/// The sentences of a post, in order, as parts of `text`, which must be valid UTF-8 in one line (see collapse_space)
/// and outlive them. Nothing is lost but the spaces between: together the parts hold every other byte.
///
/// A sentence ends at `.`, `!`, `?`, `…` and their like in other scripts (`。`, `？`, `؟`, `।`, …) with the closing
/// quotes, brackets and emoji behind them; not inside links, numbers (`3.5`), initials (`J. K.`), usual abbreviations
/// (`Dr.`, `e.g.`), file and host names, and not before a lower-case word unless the mark was `!` or `?`. Full-width
/// marks need no space behind them, others do. What holds no letter or digit (`:-)`, `🎉`) joins the sentence before
/// it. Linear.
[[nodiscard]] std::vector<std::string_view> split_sentences(std::string_view text);

/// A sentence fit to be shown: without mentions at its start that only address somebody (`@a @b thanks` → `thanks`),
/// without links and hashtags that only trail behind it, without bullets and list numbers. A part of `sentence`; empty
/// if nothing but those was there.
[[nodiscard]] std::string_view trim_for_display(std::string_view sentence);

}  // namespace offx::text
