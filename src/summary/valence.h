#pragma once

#include <cstddef>
#include <string_view>

#include "summary/sentiment.h"

namespace offx::summary {

/// What the rules found in a text, for the calibration.
struct ValenceDetails {
  Valence valence;
  double positive_sum = 0;  ///< of the words' valences
  double negative_sum = 0;  ///< ≤ 0
  std::size_t words = 0;
  std::size_t positive_words = 0;
  std::size_t negative_words = 0;
  std::size_t negations = 0;
  std::size_t capitals = 0;  ///< words all in capitals
  std::size_t exclamations = 0;
  std::size_t questions = 0;
  std::size_t personal = 0;   ///< I, me, my
  std::size_t addressed = 0;  ///< you, your
  std::size_t mentions = 0;
  std::size_t hashtags = 0;
  std::size_t numbers = 0;  ///< words that start with a digit
  bool but = false;
};

[[nodiscard]] ValenceDetails analyse(std::string_view text);

}  // namespace offx::summary
