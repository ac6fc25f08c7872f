#pragma once

#include <array>
#include <cstddef>

#include "summary/valence.h"

namespace offx::summary {

/// What the calibration looks at; the names stand beside in the same order, for tools/fit_sentiment.cpp.
inline constexpr std::array kFeatureNames = {
    "one",       "compound",     "compound²", "positive",  "negative", "positive words", "negative words",
    "log words", "exclamations", "questions", "negations", "capitals", "personal",       "addressed",
    "mentions",  "hashtags",     "numbers",   "but"};

using Features = std::array<double, kFeatureNames.size()>;

[[nodiscard]] Features features_of(const ValenceDetails& details);

}  // namespace offx::summary
