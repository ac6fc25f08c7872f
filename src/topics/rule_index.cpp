#include "topics/rule_index.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <numeric>

namespace offx::topics {
namespace {

using Op = Instruction::Op;

/// How often posts may hold a text, in no unit: short words are frequent, tags and names are rare. Only the order
/// counts.
std::uint32_t expected_frequency(Space space, std::string_view text) {
  switch (space) {
    case Space::lang:
    case Space::platform: return 100'000;
    case Space::from:
    case Space::to: return 5;
    case Space::url_word: return text.size() <= 5 ? 500 : 20;
    case Space::emoji_base: return 30;
    case Space::text: break;
  }
  if (text.starts_with('#') || text.starts_with('@') || text.starts_with('$')) return 10;
  constexpr std::array<std::uint32_t, 8> kByLength = {5000, 2000, 1500, 700, 300, 120, 60, 40};
  return text.size() < kByLength.size() ? kByLength.at(text.size()) : 20;
}

std::string without_sign(std::string_view name) {
  const std::size_t begin = name.find_first_not_of('@');
  return std::string(begin == std::string_view::npos ? std::string_view() : name.substr(begin));
}

std::size_t flag_of(const Term& term) {
  constexpr std::array<std::string_view, kFlagCount> kNames = {"media",    "images",   "videos", "links",  "hashtags",
                                                               "mentions", "cashtags", "reply",  "repost", "quote"};
  return static_cast<std::size_t>(std::find(kNames.begin(), kNames.end(), term.text) - kNames.begin());
}

}  // namespace

class RuleIndexBuilder {
 public:
  explicit RuleIndexBuilder(RuleIndex& index) : index_(index), tokenizer_(index.form_) {
    frequency_.push_back(0);
    keys_.emplace_back();
  }

  void build(std::span<const TopicRule> rules) {
    std::vector<std::uint32_t> order(rules.size());
    std::iota(order.begin(), order.end(), 0U);
    std::sort(order.begin(), order.end(),
              [&](auto a, auto b) { return std::pair(rules[a].topic_id, a) < std::pair(rules[b].topic_id, b); });
    std::vector<std::uint32_t> programs;
    programs.reserve(rules.size());
    for (const std::uint32_t i : order) {
      index_.topics_.push_back(rules[i].topic_id);
      programs.push_back(compile(rules[i].rule.root()));
    }
    // A word of many rules is a frequent one: that is known only now.
    for (Phrase& phrase : index_.phrases_) choose_pivot(phrase);
    pending_.resize(frequency_.size());
    for (std::uint32_t rule = 0; rule < programs.size(); ++rule) add_entries(programs[rule], rule, programs[rule]);
    lay_out_entries();
    lay_out_table();
    finish_gap();
  }

 private:
  struct Key {
    std::string text;
    Space space = Space::text;
    bool hashed = false;
  };

  Atom new_atom(std::uint32_t frequency, Key key) {
    frequency_.push_back(frequency);
    keys_.push_back(std::move(key));
    return static_cast<Atom>(frequency_.size() - 1);
  }

  /// The atom of `text` in `space`. Each use makes it count as more frequent.
  Atom atom_of(Space space, std::string_view text) {
    std::string name(1, static_cast<char>(space));
    name += text;
    Atom& atom = atoms_[std::move(name)];
    if (atom == 0) {
      index_.spaces_ |= 1U << static_cast<unsigned>(space);
      atom = new_atom(expected_frequency(space, text), {std::string(text), space, true});
    } else {
      frequency_[atom] += 3;
    }
    return atom;
  }

  /// An atom that is not found by hash.
  template <class Place>
  Atom special_atom(char kind, const std::string& text, std::uint32_t frequency, Place&& place) {
    Atom& atom = atoms_[kind + text];
    if (atom == 0) {
      atom = new_atom(frequency, {});
      place(atom);
    }
    return atom;
  }

  std::uint32_t emit(Op op, std::uint32_t value = 0) {
    const auto at = static_cast<std::uint32_t>(index_.instructions_.size());
    index_.instructions_.push_back({op, value, at + 1});
    return at;
  }
  std::uint32_t emit_atom(Atom atom) { return atom == 0 ? emit(Op::never) : emit(Op::atom, atom); }

  std::uint32_t emit_words(std::vector<Atom> words, std::uint8_t distance) {
    if (words.empty()) return emit(Op::never);
    if (words.size() == 1) return emit_atom(words.front());
    if (distance != 0 && words.size() > kNearMaxAtoms) return emit(Op::never);
    index_.phrases_.push_back({std::move(words), 0, distance});
    return emit(distance == 0 ? Op::phrase : Op::near, static_cast<std::uint32_t>(index_.phrases_.size() - 1));
  }

  // Depth is bounded by kRuleMaxDepth.
  std::uint32_t compile(const Node& node) {
    if (node.kind == Node::Kind::term) return compile_term(node.term);
    const std::uint32_t at = emit(node.kind == Node::Kind::all   ? Op::all
                                  : node.kind == Node::Kind::any ? Op::any
                                                                 : Op::negation);
    for (const Node& child : node.children) compile(child);
    index_.instructions_[at].end = static_cast<std::uint32_t>(index_.instructions_.size());
    return at;
  }

  std::uint32_t compile_term(const Term& term) {
    switch (term.kind) {
      case TermKind::words: return compile_words(term);
      case TermKind::hashtag: return emit_atom(hashtag_atom(term.text));
      case TermKind::mention: return emit_atom(atom_of(Space::text, "@" + term.text));
      case TermKind::cashtag: return emit_atom(atom_of(Space::text, "$" + term.text));
      case TermKind::from: return emit_atom(named_atom(Space::from, term.text));
      case TermKind::to: return emit_atom(named_atom(Space::to, term.text));
      case TermKind::lang: return emit_atom(atom_of(Space::lang, term.text));
      case TermKind::platform: return emit_atom(atom_of(Space::platform, term.text));
      case TermKind::url: return compile_url(term);
      case TermKind::url_contains: return emit_atom(part_atom(text::normalise(term.text, text::NormalForm::exact)));
      case TermKind::has:
      case TermKind::is: {
        Atom& atom = index_.flag_atoms_.at(flag_of(term));
        if (atom == 0) atom = new_atom(100'000, {});
        index_.uses_flags_ = true;
        return emit_atom(atom);
      }
    }
    return emit(Op::never);
  }

  std::uint32_t compile_words(const Term& term) {
    std::vector<Atom> words;
    const auto tokens = tokenizer_.words(term.text);
    for (const text::Token& token : tokens) {
      const bool last = &token == &tokens.back();
      if (term.prefix && last) {
        const std::string beginning(token.text);
        words.push_back(
            special_atom('p', beginning, 1000, [&](Atom atom) { index_.prefixes_.emplace_back(beginning, atom); }));
      } else if (token.kind == text::TokenKind::emoji && !term.quoted &&
                 text::without_skin_tone(token.text) == token.text) {
        words.push_back(atom_of(Space::emoji_base, token.text));
      } else {
        words.push_back(atom_of(Space::text, token.text));
      }
    }
    return emit_words(std::move(words), term.proximity);
  }

  Atom hashtag_atom(const std::string& tag) {
    for (const text::Token& token : tokenizer_.tokenize("#" + tag)) {
      if (token.kind == text::TokenKind::hashtag && token.end == tag.size() + 1)
        return atom_of(Space::text, token.text);
    }
    return 0;  // digits alone: no post holds such a tag
  }

  Atom named_atom(Space space, const std::string& name) {
    return atom_of(space, text::normalise(without_sign(name), text::NormalForm::exact));
  }

  std::uint32_t compile_url(const Term& term) {
    std::vector<Atom> words;
    for (const text::Token& token : tokenizer_.words(term.text)) words.push_back(atom_of(Space::url_word, token.text));
    return emit_words(std::move(words), 0);
  }

  Atom part_atom(const std::string& part) {
    return special_atom('c', part, 50, [&](Atom atom) {
      if (part.size() < 3) {
        index_.short_parts_.emplace_back(part, atom);
      } else {
        index_.parts_.emplace(trigram(part.data()), std::pair(part, atom));
      }
    });
  }

  // --- under which atoms a rule is found
  // ---------------------------------------------------------------------------------

  void choose_pivot(Phrase& phrase) const {
    const auto rarest = std::min_element(phrase.words.begin(), phrase.words.end(),
                                         [&](Atom a, Atom b) { return frequency_[a] < frequency_[b]; });
    phrase.pivot = static_cast<std::uint32_t>(rarest - phrase.words.begin());
  }

  /// How often the part of a rule at `at` may ask to be looked at.
  [[nodiscard]] std::uint64_t cost(std::uint32_t at) const {
    const Instruction& i = index_.instructions_[at];
    switch (i.op) {
      case Op::atom: return frequency_[i.value];
      case Op::phrase:
      case Op::near: {
        const Phrase& phrase = index_.phrases_[i.value];
        return frequency_[phrase.words[phrase.pivot]] / 2 + 1;
      }
      case Op::never: return 0;
      case Op::negation: return kImpossible;
      case Op::all:
      case Op::any: break;
    }
    std::uint64_t sum = 0;
    std::uint64_t least = kImpossible;
    for (std::uint32_t child = at + 1; child < i.end; child = index_.instructions_[child].end) {
      const std::uint64_t one = cost(child);
      sum += one;
      least = std::min(least, one);
    }
    return i.op == Op::all ? least : std::min(sum, kImpossible);
  }

  /// Makes `rule` found by whatever the part at `at` cannot do without; then the part at `program` decides.
  void add_entries(std::uint32_t at, std::uint32_t rule, std::uint32_t program) {
    const Instruction i = index_.instructions_[at];
    Entry entry{.rule = rule};
    if (program != at) entry.program = program;
    switch (i.op) {
      case Op::atom: pending_[i.value].push_back(entry); return;
      case Op::near: {
        entry.program = program;
        const Phrase& phrase = index_.phrases_[i.value];
        pending_[phrase.words[phrase.pivot]].push_back(entry);
        return;
      }
      case Op::phrase: {
        const Phrase& phrase = index_.phrases_[i.value];
        const bool last = phrase.pivot + 1 == phrase.words.size();
        entry.partner_step = last ? -1 : 1;
        entry.partner = phrase.words[last ? phrase.pivot - 1 : phrase.pivot + 1];
        entry.phrase = i.value;
        pending_[phrase.words[phrase.pivot]].push_back(entry);
        return;
      }
      case Op::any:
        for (std::uint32_t child = at + 1; child < i.end; child = index_.instructions_[child].end) {
          add_entries(child, rule, program == at ? child : program);
        }
        return;
      case Op::all: {
        std::uint32_t best = at + 1;
        std::uint64_t best_cost = kImpossible + 1;
        for (std::uint32_t child = at + 1; child < i.end; child = index_.instructions_[child].end) {
          if (const std::uint64_t one = cost(child); one < best_cost) {
            best_cost = one;
            best = child;
          }
        }
        add_entries(best, rule, program);
        return;
      }
      case Op::negation:
      case Op::never: return;  // the parser sees to it that a rule asks for more than negations
    }
  }

  // --- layout
  // ------------------------------------------------------------------------------------------------------------

  void lay_out_entries() {
    index_.entries_of_.push_back(0);
    for (const auto& entries : pending_) {
      index_.entries_.insert(index_.entries_.end(), entries.begin(), entries.end());
      index_.entries_of_.push_back(static_cast<std::uint32_t>(index_.entries_.size()));
    }
  }

  void lay_out_table() {
    const std::size_t slots = std::bit_ceil(2 * keys_.size() + 2);
    index_.slots_.resize(slots);
    index_.slot_mask_ = slots - 1;
    const std::size_t words = std::max<std::size_t>(1, std::bit_ceil(keys_.size() * 16) / 64);
    index_.filter_.resize(words);
    index_.filter_mask_ = words - 1;
    for (Atom atom = 1; atom < keys_.size(); ++atom) {
      if (!keys_[atom].hashed) continue;
      const TextKey key = make_key(keys_[atom].text, keys_[atom].space);
      index_.filter_[index_.filter_word(key.hash)] |= RuleIndex::filter_bits(key.hash);
      std::uint64_t i = key.hash >> 32U;
      while (index_.slots_[i & index_.slot_mask_].atom != 0) ++i;
      index_.slots_[i & index_.slot_mask_] = {key.low, key.high, key.meta, atom};
      if (keys_[atom].text.size() > kInlineKeyBytes) index_.long_texts_.emplace(atom, std::move(keys_[atom].text));
    }
  }

  void finish_gap() {
    std::size_t longest = 0;
    for (const Phrase& phrase : index_.phrases_)
      longest = std::max(longest, phrase.distance == 0 ? 0 : phrase.words.size());
    index_.text_gap_ = static_cast<std::uint32_t>(longest + 8);
  }

  static constexpr std::uint64_t kImpossible = std::uint64_t{1} << 60U;

  RuleIndex& index_;
  text::Tokenizer tokenizer_;
  std::unordered_map<std::string, Atom> atoms_;
  std::vector<std::uint32_t> frequency_;  // by atom
  std::vector<Key> keys_;                 // by atom
  std::vector<std::vector<Entry>> pending_;
};

RuleIndex::RuleIndex(std::span<const TopicRule> rules, text::NormalForm form) : form_(form) {
  static std::atomic<std::uint64_t> next_id{1};
  id_ = next_id.fetch_add(1, std::memory_order_relaxed);
  RuleIndexBuilder(*this).build(rules);
}

bool RuleIndex::is_long_text(Atom atom, std::string_view text) const noexcept {
  const auto found = long_texts_.find(atom);
  return found != long_texts_.end() && found->second == text;
}

}  // namespace offx::topics
