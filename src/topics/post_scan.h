#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/post.h"
#include "text/tokens.h"
#include "topics/rule_index.h"

namespace offx::topics {

/// Which atoms of an index a post holds, and where. Reused from post to post; belongs to one thread.
///
/// Words have positions: those of the content come first, then, a gap between each, those of the quoted post and of
/// each address, so that phrases of all of them are looked up in one array.
class PostScan {
 public:
  static constexpr std::uint32_t kNowhere = 0xFFFFFFFF;

  /// Looks up everything in `post`. `index` must outlive what is asked afterwards.
  void scan(const RuleIndex& index, const store::Post& post);

  /// The atoms found that rules are found by, each once.
  [[nodiscard]] std::span<const Atom> hits() const noexcept { return hits_; }

  [[nodiscard]] bool has(Atom atom) const noexcept { return states_[atom].epoch == epoch_; }

  /// Whether the part of a rule at `instruction` is true of the post.
  [[nodiscard]] bool holds(std::uint32_t instruction) const;

  /// Whether the phrase and partner of `entry`, found by `atom`, are there.
  [[nodiscard]] bool phrase_holds(Atom atom, const Entry& entry) const;

  /// Positions [begin, end) of each occurrence of the words or phrase at `instruction`, in no order; of words near each
  /// other, each word's. Empty for anything else.
  [[nodiscard]] std::vector<std::pair<std::uint32_t, std::uint32_t>> places(std::uint32_t instruction) const;

 private:
  /// Of an atom: when it was seen last, and its last position then.
  struct State {
    std::uint32_t epoch = 0;
    std::uint32_t last = kNowhere;
  };

  /// A word or tag that may be an atom.
  struct Candidate {
    TextKey key;
    std::string_view text;
    std::uint32_t position;  ///< kNowhere: a tag
  };

  void begin(const RuleIndex& index);
  void scan_text(std::string_view content, bool own);
  void scan_attributes(const store::Post& post);
  void scan_links(const store::Post& post);
  void scan_link(std::string_view link);
  void scan_flags(const store::Post& post);
  void scan_emoji(std::string_view emoji, std::uint32_t position);
  void scan_prefixes(const text::Token& token, std::uint32_t position);
  void name(Space space, std::string_view value);
  void add_gap();
  void add_word(Atom atom);
  void add_alternative(Atom atom, std::uint32_t position);
  void see(Atom atom);

  /// True if the word at `position`, which may be out of range, is `atom`.
  [[nodiscard]] bool is_at(std::uint32_t position, Atom atom) const noexcept {
    if (position >= words_.size()) return false;
    return words_[position] == atom || (!alternatives_.empty() && is_alternative_at(position, atom));
  }
  [[nodiscard]] bool is_alternative_at(std::uint32_t position, Atom atom) const noexcept;
  [[nodiscard]] bool stands_at(const Phrase& phrase, std::uint32_t pivot_position) const noexcept;
  [[nodiscard]] bool occurs(const Phrase& phrase) const;
  template <class F>
  bool near_(const Phrase& phrase, F&& found) const;

  /// Calls f(position) until it returns true; returns whether it did.
  template <class F>
  bool for_each_position(Atom atom, F&& f) const {
    if (!has(atom)) return false;
    for (std::uint32_t at = states_[atom].last; at != kNowhere; at = previous_[at]) {
      if (f(at)) return true;
    }
    for (const auto& [at, alternative] : alternatives_) {
      if (alternative == atom && f(at)) return true;
    }
    return false;
  }

  const RuleIndex* index_ = nullptr;
  std::uint64_t index_id_ = 0;
  std::uint32_t epoch_ = 0;
  std::vector<State> states_;  // by atom
  std::vector<Atom> hits_;
  std::vector<Atom> words_;              // by position; 0: a word no rule knows
  std::vector<std::uint32_t> previous_;  // by position: where the same word stood before
  std::vector<std::pair<std::uint32_t, Atom>>
      alternatives_;                     // what else a position is: an emoji's base, a prefix; ascending
  std::vector<std::string_view> links_;  // of the content
  std::string buffer_;
  std::vector<Candidate> candidates_;
  std::vector<std::pair<std::uint32_t, Atom>> found_;  // position and atom
  bool has_hashtag_ = false;
  bool has_mention_ = false;
  bool has_cashtag_ = false;
  text::Tokenizer exact_{text::NormalForm::exact};
  text::Tokenizer search_{text::NormalForm::search};
};

}  // namespace offx::topics
