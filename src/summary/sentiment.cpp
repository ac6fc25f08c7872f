#include "summary/sentiment.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "summary/calibration.h"
#include "summary/valence.h"

namespace offx::summary {
namespace {

// Made by tools/fit_sentiment.cpp from the validation part of TweetEval's sentiment task (2,000 posts).
// By label: negative, neutral, positive; columns as in kFeatureNames.
constexpr std::array<Features, 3> kWeights = {{
    {-0.439, -0.932, -0.009, -0.113, -0.827, 0.103, 0.780, 0.063, -0.325, 0.280, 0.498, -0.046, 0.060, 0.176, 0.035,
     0.002, -0.102, 0.093},
    {0.493, 0.124, -0.380, -0.309, 0.417, -0.307, -0.301, 0.083, -0.356, 0.168, -0.168, 0.024, -0.203, -0.124, 0.065,
     -0.035, 0.128, -0.011},
    {-0.054, 0.809, 0.389, 0.422, 0.411, 0.204, -0.479, -0.146, 0.681, -0.448, -0.330, 0.022, 0.143, -0.052, -0.100,
     0.033, -0.025, -0.081},
}};

// The mean of many posts leans this way from here on.
constexpr double kMeanThreshold = 0.1;

// A text in which the lexicon finds nothing is neutral whatever else speaks for a label: it may be in another language.
bool says_nothing(const ValenceDetails& details) { return details.positive_words == 0 && details.negative_words == 0; }

}  // namespace

Features features_of(const ValenceDetails& details) {
  const auto capped = [](std::size_t count, std::size_t max) { return static_cast<double>(std::min(count, max)); };
  const double compound = details.valence.compound;
  const double words = static_cast<double>(details.words) + 1;
  return {1,
          compound,
          compound * compound,
          details.positive_sum / std::sqrt(details.positive_sum * details.positive_sum + 15),
          details.negative_sum / std::sqrt(details.negative_sum * details.negative_sum + 15),
          capped(details.positive_words, 3) / 3,
          capped(details.negative_words, 3) / 3,
          std::log(words) / 3,
          capped(details.exclamations, 3) / 3,
          capped(details.questions, 2) / 2,
          capped(details.negations, 2) / 2,
          static_cast<double>(details.capitals) / words,
          capped(details.personal, 2) / 2,
          capped(details.addressed, 2) / 2,
          capped(details.mentions, 2) / 2,
          capped(details.hashtags, 3) / 3,
          capped(details.numbers, 2) / 2,
          details.but ? 1.0 : 0.0};
}

Valence valence(std::string_view text) { return analyse(text).valence; }

std::string_view to_string(SentimentLabel label) noexcept {
  switch (label) {
    case SentimentLabel::negative: return "negative";
    case SentimentLabel::neutral: return "neutral";
    case SentimentLabel::positive: return "positive";
  }
  return "neutral";
}

Sentiment sentiment(std::string_view text) {
  const ValenceDetails details = analyse(text);
  if (says_nothing(details)) return {};
  const Features features = features_of(details);
  std::array<double, 3> odds{};
  for (std::size_t label = 0; label < odds.size(); ++label) {
    double logit = 0;
    for (std::size_t i = 0; i < features.size(); ++i) logit += kWeights[label][i] * features[i];
    odds[label] = std::exp(logit);
  }
  const auto best = static_cast<std::size_t>(std::ranges::max_element(odds) - odds.begin());
  return {(odds[2] - odds[0]) / (odds[0] + odds[1] + odds[2]), static_cast<SentimentLabel>(best)};
}

SentimentShares aggregate(std::span<const store::Post> posts) {
  SentimentShares shares;
  std::array<std::size_t, 3> counts{};
  for (const store::Post& post : posts) {
    if (post.details.is_private) continue;
    const Sentiment one = sentiment(post.content);
    shares.score += one.score;
    ++counts[static_cast<std::size_t>(one.label)];
    ++shares.count;
  }
  if (shares.count == 0) return shares;
  const auto count = static_cast<double>(shares.count);
  shares.score /= count;
  shares.negative = static_cast<double>(counts[0]) / count;
  shares.neutral = static_cast<double>(counts[1]) / count;
  shares.positive = static_cast<double>(counts[2]) / count;
  if (shares.score >= kMeanThreshold) shares.label = SentimentLabel::positive;
  if (shares.score <= -kMeanThreshold) shares.label = SentimentLabel::negative;
  return shares;
}

}  // namespace offx::summary
