#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "summary/selection.h"

namespace offx::summary {

/// Sets Candidate::prior, how much a reader of a digest gains from a passage beside what its words cover, and
/// Candidate::group.
///
/// More the more authors say it: those behind its post and, for a sentence, behind every post with one of nearly the
/// same content words and equal polarity. Less if it does not stand alone: a question, a heading, shouting, an opening
/// that leans on what was said before or speaks to somebody, few words with content, neither a name nor a number, or a
/// word such as `I`. These are preferences: where nothing better is there, anything can be quoted. A passage without
/// content gets 0, and is then chosen last.
///
/// All this suits news. In a set of opinions on one thing the best summary is what short, plain sentences have in
/// common ("The battery life is great"), and the prior would spoil it (measured on Opinosis). So it counts in full only
/// where about half of the sentences hold a name, as posts on events do, and hardly at all in sets with few names.
/// Scripts without capitals count as names. A word is a name if it is mostly capitalised where no sentence begins
/// (after L. Lita et al.: tRuEcasIng, ACL 2003).
///
/// `voices` holds the authors of each document, sorted. Near linear. Deterministic.
void weigh_candidates(Passages& passages, std::span<const std::vector<std::uint64_t>> voices);

}  // namespace offx::summary
