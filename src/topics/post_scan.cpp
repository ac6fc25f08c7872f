#include "topics/post_scan.h"

#include <algorithm>
#include <array>

namespace offx::topics {

using Op = Instruction::Op;
using text::TokenKind;

void PostScan::scan(const RuleIndex& index, const store::Post& post) {
  begin(index);
  scan_text(post.content, true);
  if (index.form() == text::NormalForm::exact && !post.details.quoted_text.empty()) {
    add_gap();
    scan_text(post.details.quoted_text, false);
  }
  scan_attributes(post);
  if (index.uses(Space::url_word) || index.uses_parts()) scan_links(post);
  if (index.uses_flags()) scan_flags(post);
}

void PostScan::begin(const RuleIndex& index) {
  index_ = &index;
  if (index_id_ != index.id() || epoch_ == 0xFFFFFFFF) {
    index_id_ = index.id();
    epoch_ = 0;
    states_.assign(index.atom_count() + 1, State{});
  }
  ++epoch_;
  hits_.clear();
  words_.clear();
  previous_.clear();
  alternatives_.clear();
  links_.clear();
  has_hashtag_ = has_mention_ = has_cashtag_ = false;
}

void PostScan::see(Atom atom) {
  State& state = states_[atom];
  if (state.epoch == epoch_) return;
  state = {epoch_, kNowhere};
  if (!index_->entries_of(atom).empty()) hits_.push_back(atom);
}

void PostScan::add_word(Atom atom) {
  const auto position = static_cast<std::uint32_t>(words_.size());
  words_.push_back(atom);
  previous_.push_back(kNowhere);
  if (atom == 0) return;
  see(atom);
  previous_.back() = std::exchange(states_[atom].last, position);
}

void PostScan::add_alternative(Atom atom, std::uint32_t position) {
  see(atom);
  alternatives_.emplace_back(position, atom);
}

void PostScan::add_gap() {
  words_.resize(words_.size() + index_->text_gap(), 0);
  previous_.resize(words_.size(), kNowhere);
}

// In stages, so that the cache misses of a post's words overlap instead of following one another: hash them all and ask
// the filter, fetch the table's lines, look the words up, fetch what is known of them, note them.
void PostScan::scan_text(std::string_view content, bool own) {
  text::Tokenizer& tokenizer = index_->form() == text::NormalForm::exact ? exact_ : search_;
  const std::span<const text::Token> tokens = tokenizer.tokenize(content);
  const auto base = static_cast<std::uint32_t>(words_.size());
  std::uint32_t position = base;
  words_.resize(base + tokens.size(), 0);
  previous_.resize(base + tokens.size(), kNowhere);
  candidates_.resize(tokens.size() + 1);
  std::size_t count = 0;
  for (const text::Token& token : tokens) {
    if (token.kind == TokenKind::link) {
      if (own) links_.push_back(token.text);
      ++position;
      continue;
    }
    // Written always and kept if the filter lets it pass: a branch here would be guessed wrongly half of the time.
    Candidate& candidate = candidates_[count];
    candidate.key = make_key_of_token(token.text, Space::text);
    candidate.text = token.text;
    candidate.position = kNowhere;
    if (token.kind == TokenKind::word || token.kind == TokenKind::emoji) {
      candidate.position = position++;
      if (token.kind == TokenKind::emoji && index_->uses(Space::emoji_base)) scan_emoji(token.text, candidate.position);
      if (!index_->prefixes().empty()) scan_prefixes(token, candidate.position);
    } else if (own) {
      has_hashtag_ = has_hashtag_ || token.kind == TokenKind::hashtag;
      has_mention_ = has_mention_ || token.kind == TokenKind::mention;
      has_cashtag_ = has_cashtag_ || token.kind == TokenKind::cashtag;
    }
    count += static_cast<std::size_t>(index_->may_hold(candidate.key));
  }
  words_.resize(position);
  previous_.resize(position);
  for (std::size_t i = 0; i < count; ++i) index_->prefetch(candidates_[i].key);
  std::size_t found = 0;
  found_.resize(count + 1);
  for (std::size_t i = 0; i < count; ++i) {
    const Atom atom = index_->look_up(candidates_[i].key, candidates_[i].text);
    found_[found] = {candidates_[i].position, atom};
    found += static_cast<std::size_t>(atom != 0);
    __builtin_prefetch(&states_[atom]);
  }
  for (std::size_t i = 0; i < found; ++i) {
    const auto [at, atom] = found_[i];
    see(atom);
    if (at == kNowhere) continue;
    words_[at] = atom;
    previous_[at] = std::exchange(states_[atom].last, at);
  }
}

void PostScan::scan_emoji(std::string_view emoji, std::uint32_t position) {
  const std::string base = text::without_skin_tone(emoji);
  if (const Atom atom = index_->find(base, Space::emoji_base); atom != 0) add_alternative(atom, position);
}

void PostScan::scan_prefixes(const text::Token& token, std::uint32_t position) {
  if (token.kind != TokenKind::word) return;
  for (const auto& [beginning, atom] : index_->prefixes()) {
    if (token.text.starts_with(beginning)) add_alternative(atom, position);
  }
}

void PostScan::name(Space space, std::string_view value) {
  value.remove_prefix(std::min(value.find_first_not_of('@'), value.size()));
  if (value.empty() || !index_->uses(space)) return;
  if (const Atom atom = index_->find(text::normalise(value, text::NormalForm::exact), space); atom != 0) see(atom);
}

void PostScan::scan_attributes(const store::Post& post) {
  if (!index_->uses_attributes()) return;
  name(Space::from, post.author_username);
  name(Space::from, post.details.author_id);
  name(Space::to, post.details.reply_to);
  const std::string_view lang = post.details.lang;
  name(Space::lang, lang.substr(0, lang.find_first_of("-_")));
  name(Space::platform, post.platform);
}

void PostScan::scan_links(const store::Post& post) {
  for (const std::string& link : post.details.links) scan_link(link);
  for (const std::string_view link : links_) scan_link(link);
}

void PostScan::scan_link(std::string_view link) {
  if (index_->uses(Space::url_word)) {
    add_gap();
    text::Tokenizer& tokenizer = index_->form() == text::NormalForm::exact ? exact_ : search_;
    for (const text::Token& token : tokenizer.words(link)) add_word(index_->find(token.text, Space::url_word));
  }
  if (!index_->uses_parts()) return;
  buffer_ = text::normalise(link, text::NormalForm::exact);
  for (const auto& [part, atom] : index_->short_parts()) {
    if (buffer_.find(part) != std::string::npos) see(atom);
  }
  const std::string_view rest(buffer_);
  for (std::size_t i = 0; i + 3 <= rest.size(); ++i) {
    const auto [first, last] = index_->parts().equal_range(trigram(rest.data() + i));
    for (auto it = first; it != last; ++it) {
      if (rest.substr(i).starts_with(it->second.first)) see(it->second.second);
    }
  }
}

void PostScan::scan_flags(const store::Post& post) {
  const auto has_type = [&](auto... types) {
    return std::any_of(post.media.begin(), post.media.end(),
                       [&](const store::Media& media) { return ((media.type == types) || ...); });
  };
  const std::array<bool, kFlagCount> values = {
      has_type("image", "gif", "video", "audio"),
      has_type("image"),
      has_type("video"),
      !post.details.links.empty() || !links_.empty(),
      has_hashtag_,
      has_mention_,
      has_cashtag_,
      post.details.is_reply,
      post.details.is_repost,
      post.details.is_quote,
  };
  for (std::size_t i = 0; i < kFlagCount; ++i) {
    if (values.at(i) && index_->flag_atoms()[i] != 0) see(index_->flag_atoms()[i]);
  }
}

bool PostScan::is_alternative_at(std::uint32_t position, Atom atom) const noexcept {
  const auto found = std::lower_bound(alternatives_.begin(), alternatives_.end(), std::pair(position, Atom{0}));
  for (auto it = found; it != alternatives_.end() && it->first == position; ++it) {
    if (it->second == atom) return true;
  }
  return false;
}

bool PostScan::stands_at(const Phrase& phrase, std::uint32_t pivot_position) const noexcept {
  if (pivot_position < phrase.pivot) return false;
  const std::uint32_t begin = pivot_position - phrase.pivot;
  for (std::uint32_t i = 0; i < phrase.words.size(); ++i) {
    if (!is_at(begin + i, phrase.words[i])) return false;
  }
  return true;
}

bool PostScan::occurs(const Phrase& phrase) const {
  return for_each_position(phrase.words[phrase.pivot], [&](std::uint32_t at) { return stands_at(phrase, at); });
}

bool PostScan::phrase_holds(Atom atom, const Entry& entry) const {
  return for_each_position(atom, [&](std::uint32_t at) {
    return is_at(at + static_cast<std::uint32_t>(entry.partner_step), entry.partner) &&
           stands_at(index_->phrase(entry.phrase), at);
  });
}

/// Lucene's sloppy phrase: shift each word back by its place in the phrase; what is left of their positions must lie
/// within `distance`. In order, that allows so many tokens between two words; in reverse order two less.
template <class F>
bool PostScan::near_(const Phrase& phrase, F&& found) const {
  const auto count = static_cast<std::uint32_t>(phrase.words.size());
  std::array<std::uint32_t, kNearMaxAtoms> at{};
  const auto fits_from = [&](std::int64_t least) {
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::int64_t first = std::max<std::int64_t>(least + i, 0);
      std::int64_t position = first;
      for (; position <= least + i + phrase.distance; ++position) {
        const auto p = static_cast<std::uint32_t>(position);
        // The same word twice in the phrase must be there twice. As all windows are as wide, the first that is free is
        // the best choice.
        const bool taken = std::find(at.begin(), at.begin() + i, p) != at.begin() + i;
        if (!taken && is_at(p, phrase.words[i])) break;
      }
      if (position > least + i + phrase.distance) return false;
      at.at(i) = static_cast<std::uint32_t>(position);
    }
    return true;
  };
  // The word with the least shifted position is one of them: try each.
  for (std::uint32_t i = 0; i < count; ++i) {
    const bool done = for_each_position(phrase.words[i], [&](std::uint32_t position) {
      return fits_from(static_cast<std::int64_t>(position) - i) && found(std::span(at).first(count));
    });
    if (done) return true;
  }
  return false;
}

std::vector<std::pair<std::uint32_t, std::uint32_t>> PostScan::places(std::uint32_t instruction) const {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> out;
  const Instruction& i = index_->instruction(instruction);
  if (i.op == Op::atom) {
    for_each_position(i.value, [&](std::uint32_t at) {
      out.emplace_back(at, at + 1);
      return false;
    });
  } else if (i.op == Op::phrase) {
    const Phrase& phrase = index_->phrase(i.value);
    for_each_position(phrase.words[phrase.pivot], [&](std::uint32_t at) {
      if (stands_at(phrase, at)) {
        const std::uint32_t begin = at - phrase.pivot;
        out.emplace_back(begin, begin + static_cast<std::uint32_t>(phrase.words.size()));
      }
      return false;
    });
  } else if (i.op == Op::near) {
    near_(index_->phrase(i.value), [&](std::span<const std::uint32_t> at) {
      for (const std::uint32_t position : at) out.emplace_back(position, position + 1);
      return false;
    });
  }
  return out;
}

bool PostScan::holds(std::uint32_t instruction) const {
  const Instruction& i = index_->instruction(instruction);
  switch (i.op) {
    case Op::atom: return has(i.value);
    case Op::phrase: return occurs(index_->phrase(i.value));
    case Op::near: return near_(index_->phrase(i.value), [](std::span<const std::uint32_t>) { return true; });
    case Op::never: return false;
    case Op::negation: return !holds(instruction + 1);
    case Op::all:
    case Op::any: break;
  }
  const bool all = i.op == Op::all;
  for (std::uint32_t child = instruction + 1; child < i.end; child = index_->instruction(child).end) {
    if (holds(child) != all) return !all;
  }
  return all;
}

}  // namespace offx::topics
