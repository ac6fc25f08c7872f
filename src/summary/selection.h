#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "summary/statement.h"
#include "text/key_numbers.h"

namespace offx::summary {

/// A passage that may go into a summary.
struct Candidate {
  std::size_t words_begin = 0;  ///< its words, in the arena given with it
  std::size_t words_end = 0;
  std::uint32_t document = 0;  ///< the post it is from
  std::uint32_t author = 0;    ///< equal numbers are one author
  std::uint32_t slot = 0;      ///< the part of the period it was said in
  bool eligible = true;        ///< false: counts for what is common, but cannot be chosen
  bool whole = false;          ///< a whole post whose sentences are candidates too: counts for nothing by itself
  bool last = false;           ///< the end of its post: nothing more follows
  Form form;
  std::uint32_t group = 0;  ///< equal numbers say the same
  double prior = 1;         ///< its gain counts so many times: see weigh_candidates()

  [[nodiscard]] std::size_t length() const noexcept { return words_end - words_begin; }
};

/// A word of a candidate.
struct PassageWord {
  std::uint32_t id = 0;       ///< equal for equal words; counted from 0
  bool function : 1 = false;  ///< as is the rest: of Word
  bool number : 1 = false;
  bool inside : 1 = false;
  bool capitalised : 1 = false;
  bool uncased : 1 = false;
};

/// Candidates with their words, those of one document next to each other, and what each document
/// weighs.
struct Passages {
  std::vector<PassageWord> words;
  std::vector<std::uint64_t> hashes;  ///< Word::hash, by PassageWord::id
  text::KeyNumbers ids;               ///< of the hashes
  std::vector<Candidate> candidates;
  std::vector<double> document_weights;  ///< by Candidate::document; 1 for a single voice
};

/// Chooses up to `sentences_max` candidates, most telling first, as indices.
///
/// Greedy maximisation of a monotone submodular function: words and pairs of adjacent words are worth the weight of the
/// documents that have them beyond one, half of it each further time the summary says them; the gain of a
/// candidate is taken per word and times its prior (H. Lin, J. Bilmes: A Class of Submodular Functions for Document
/// Summarization, ACL 2011), with lazy evaluation (M. Minoux 1978). A candidate whose words are mostly those of a
/// chosen one is passed over; authors and slots heard before count less. In a summary of a few sentences every word has
/// to earn its place and reports go before anecdotes; the longer it is, the more it may quote posts at their usual
/// length. O(words) and a few re-evaluations per chosen sentence. Deterministic.
[[nodiscard]] std::vector<std::uint32_t> select_sentences(const Passages& passages, std::size_t sentences_max);

/// Adds words behind those that are there, in order.
void add_words(Passages& passages, std::span<const Word> words);

/// The words of a candidate, in order.
[[nodiscard]] inline std::span<const PassageWord> words_of(const Passages& passages, const Candidate& candidate) {
  return std::span(passages.words).subspan(candidate.words_begin, candidate.length());
}

/// For each of `chosen` the documents other than its own that say it too: with a candidate of equal polarity that has
/// all its numbers and either nearly the same words or, in whatever company, nearly all its content words. In order of
/// document.
[[nodiscard]] std::vector<std::vector<std::uint32_t>> find_support(const Passages& passages,
                                                                   std::span<const std::uint32_t> chosen);

}  // namespace offx::summary
