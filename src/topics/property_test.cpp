#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "topics/explain.h"
#include "topics/matcher.h"
#include "topics/random_cases.h"
#include "topics/reference_evaluator.h"

namespace offx::topics {
namespace {

using text::NormalForm;

RC_GTEST_PROP(Rules, PrintedAndReadAgainAreEqual, ()) {
  const auto rule = parse_rule(*random_rule(3));
  RC_PRE(rule.has_value());
  const auto again = parse_rule(rule->to_string());
  RC_ASSERT(again.has_value());
  RC_ASSERT(*again == *rule);
  RC_ASSERT(again->to_string() == rule->to_string());
}

RC_GTEST_PROP(Rules, OfAnyTextAreReadOrRefusedWithinTheText, (const std::vector<std::string>& noise)) {
  std::string text;
  for (const std::string& bytes : noise) {
    text += bytes;
    text += *rc::gen::element<std::string>("(", ")", "\"", "-", " OR ", "#", "from:", "a", " ", "~3", "*");
  }
  const auto rule = parse_rule(text);
  if (!rule) {
    RC_ASSERT(rule.error().column >= 1U);
    RC_ASSERT(rule.error().column <= text.size() + 1);
    RC_ASSERT(caret_lines(text, rule.error()).find('^') != std::string::npos);
  }
}

RC_GTEST_PROP(Matching, AgreesWithTheReference, ()) {
  const auto sources = *rc::gen::container<std::vector<std::string>>(random_rule(3));
  std::vector<TopicRule> rules;
  for (const std::string& source : sources) {
    if (auto rule = parse_rule(source))
      rules.push_back({static_cast<std::int64_t>(rules.size() / 2), *std::move(rule)});
  }
  const auto posts = *rc::gen::container<std::vector<store::Post>>(random_post());
  MatchScratch scratch;  // one for all: what a post leaves behind must not show in the next
  for (const NormalForm form : {NormalForm::exact, NormalForm::search}) {
    const Matcher matcher(rules, form);
    for (const store::Post& post : posts) {
      std::vector<std::int64_t> expected;
      for (const TopicRule& rule : rules) {
        const bool known = !expected.empty() && expected.back() == rule.topic_id;
        if (!known && reference::holds(rule.rule.root(), post, form)) expected.push_back(rule.topic_id);
      }
      const auto found = matcher.match(post, scratch);
      RC_LOG() << "content: " << post.content << "\nquoted: " << post.details.quoted_text << "\n";
      for (const TopicRule& rule : rules) RC_LOG() << rule.topic_id << ": " << rule.rule.to_string() << "\n";
      RC_ASSERT(std::vector<std::int64_t>(found.begin(), found.end()) == expected);
    }
  }
}

RC_GTEST_PROP(Explaining, NamesTermsThatHoldAndPlacesInTheContent, ()) {
  const auto rule = parse_rule(*random_rule(2));
  RC_PRE(rule.has_value());
  const store::Post post = *random_post();
  for (const NormalForm form : {NormalForm::exact, NormalForm::search}) {
    const auto terms = explain(*rule, post, form);
    RC_ASSERT(terms.empty() == !reference::holds(rule->root(), post, form));
    for (const MatchedTerm& term : terms) {
      for (const ByteRange& place : term.places) {
        RC_ASSERT(place.begin < place.end);
        RC_ASSERT(place.end <= post.content.size());
      }
    }
  }
}

}  // namespace
}  // namespace offx::topics
