#include "pipeline/preview.h"

#include <algorithm>
#include <tuple>

namespace offx::pipeline {
namespace {

topics::Matcher matcher_of(const topics::Rule& rule) {
  const topics::TopicRule one{1, rule};
  return topics::Matcher(std::span(&one, 1));
}

bool newer(const store::Post& a, const store::Post& b) {
  return std::tie(a.created_at, a.external_id) > std::tie(b.created_at, b.external_id);
}

}  // namespace

RulePreview::RulePreview(topics::Rule rule, std::size_t limit)
    : rule_(std::move(rule)), limit_(limit), matcher_(matcher_of(rule_)) {}

void RulePreview::look_at(const store::Post& post) {
  ++seen_;
  if (matcher_.match(post, scratch_).empty()) return;
  ++matched_;
  newest_.push_back(post);
  std::push_heap(newest_.begin(), newest_.end(), newer);
  if (newest_.size() > limit_) {
    std::pop_heap(newest_.begin(), newest_.end(), newer);
    newest_.pop_back();
  }
}

std::vector<MatchedPost> RulePreview::finish() {
  std::sort(newest_.begin(), newest_.end(), newer);
  std::vector<MatchedPost> matches;
  topics::Explainer explainer(rule_);
  for (auto& post : newest_) {
    auto terms = explainer.explain(post);
    matches.push_back({std::move(post), std::move(terms)});
  }
  return matches;
}

}  // namespace offx::pipeline
