#include "topics/explain.h"

#include <algorithm>
#include <array>

#include "topics/post_scan.h"
#include "topics/rule_index.h"

namespace offx::topics {
class Explainer::Impl {
 public:
  Impl(const Rule& rule, text::NormalForm form)
      : rule_(rule), index_(std::array{TopicRule{1, rule}}, form), tokenizer_(form) {}

  std::vector<MatchedTerm> explain(const store::Post& post) {
    terms_.clear();
    scan_.scan(index_, post);
    if (!scan_.holds(0)) return {};
    by_position_.clear();
    tags_.clear();
    for (const text::Token& token : tokenizer_.tokenize(post.content)) {
      const bool placed = token.kind == text::TokenKind::word || token.kind == text::TokenKind::emoji;
      if (placed || token.kind == text::TokenKind::link) {
        by_position_.push_back({token.begin, token.end});
      } else {
        tags_.push_back(token);
      }
    }
    std::uint32_t at = 0;
    visit(rule_.root(), at, true);
    return std::move(terms_);
  }

 private:
  /// Instructions stand in the order of the tree's nodes: `at` goes along.
  void visit(const Node& node, std::uint32_t& at, bool named) {
    const std::uint32_t here = at++;
    const bool helps = named && node.kind != Node::Kind::negation && scan_.holds(here);
    if (node.kind == Node::Kind::term && helps) add(node.term, here);
    for (const Node& child : node.children) visit(child, at, helps);
  }

  void add(const Term& term, std::uint32_t at) {
    MatchedTerm matched{to_string(term), {}};
    if (std::any_of(terms_.begin(), terms_.end(), [&](const MatchedTerm& t) { return t.term == matched.term; })) return;
    switch (term.kind) {
      case TermKind::words:
        for (const auto& [begin, end] : scan_.places(at)) {
          // Positions behind those of the content are of the quoted post.
          if (end <= by_position_.size()) {
            matched.places.push_back({by_position_[begin].begin, by_position_[end - 1].end});
          }
        }
        break;
      case TermKind::hashtag:
      case TermKind::cashtag:
      case TermKind::mention:
        for (const text::Token& token : tags_) {
          const Atom atom = index_.find(token.text, Space::text);
          if (atom != 0 && atom == index_.instruction(at).value) matched.places.push_back({token.begin, token.end});
        }
        break;
      default: break;
    }
    std::sort(matched.places.begin(), matched.places.end(),
              [](auto a, auto b) { return a.begin < b.begin || (a.begin == b.begin && a.end < b.end); });
    matched.places.erase(std::unique(matched.places.begin(), matched.places.end()), matched.places.end());
    terms_.push_back(std::move(matched));
  }

  const Rule rule_;
  const RuleIndex index_;
  text::Tokenizer tokenizer_;
  PostScan scan_;
  std::vector<ByteRange> by_position_;  // of words, emoji and links
  std::vector<text::Token> tags_;
  std::vector<MatchedTerm> terms_;
};

Explainer::Explainer(const Rule& rule, text::NormalForm form) : impl_(std::make_unique<Impl>(rule, form)) {}
Explainer::~Explainer() = default;

std::vector<MatchedTerm> Explainer::explain(const store::Post& post) { return impl_->explain(post); }

std::vector<MatchedTerm> explain(const Rule& rule, const store::Post& post, text::NormalForm form) {
  return Explainer(rule, form).explain(post);
}

}  // namespace offx::topics
