#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "store/post.h"
#include "summary/input.h"

namespace offx::summary {

/// What the rules of VADER say of a text (C.J. Hutto, E. Gilbert: VADER: A Parsimonious Rule-based Model for Sentiment
/// Analysis of Social Media Text, ICWSM 2014), not rounded.
struct Valence {
  double compound = 0;  ///< −1 … 1
  double positive = 0;  ///< shares of the text, 0 … 1, that add up to 1; all 0 for a text without words
  double neutral = 0;
  double negative = 0;
};

/// Scores `text` by VADER's lexicon and rules (negation, degree words, "but", capitals, exclamation and question marks,
/// idioms, emoji by their Unicode names), with the choices of its reference implementation, so that published
/// thresholds apply. Any bytes are accepted. Linear. Thread-safe; the first call reads the lexicon (some ms).
[[nodiscard]] Valence valence(std::string_view text);

enum class SentimentLabel : std::uint8_t { negative, neutral, positive };

[[nodiscard]] std::string_view to_string(SentimentLabel label) noexcept;

/// The sentiment of one text.
struct Sentiment {
  double score = 0;  ///< −1 … 1: probability of positive less probability of negative
  SentimentLabel label = SentimentLabel::neutral;
};

/// The sentiment of `text`: its valence and a few features beside, through a calibration fitted to labelled posts,
/// which tells neutral posts apart better than thresholds do. English, and emoji of any language; other text is
/// neutral. Thread-safe, about 1 µs per post.
[[nodiscard]] Sentiment sentiment(std::string_view text);

/// The label of a mean of scores: neutral between −0.1 and 0.1.
[[nodiscard]] SentimentLabel label_of_mean(double score) noexcept;

/// The sentiment of many posts: of a topic over a period.
struct SentimentShares {
  double score = 0;     ///< mean of the scores; 0 without posts
  double positive = 0;  ///< shares of the labels, 0 … 1
  double neutral = 0;
  double negative = 0;
  std::size_t count = 0;                           ///< posts that were counted: those not private
  SentimentLabel label = SentimentLabel::neutral;  ///< of the mean: neutral between −0.1 and 0.1
};

[[nodiscard]] SentimentShares aggregate(std::span<const store::Post> posts);
[[nodiscard]] SentimentShares aggregate(std::span<const Input> posts);

}  // namespace offx::summary
