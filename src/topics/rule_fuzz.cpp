#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "topics/explain.h"
#include "topics/matcher.h"
#include "topics/rule.h"
#include "topics/search_query.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

/// The first line is a rule, the rest a post. Whatever is read prints to an equal rule; the matcher and the explanation
/// agree; wrong rules point into their text.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace offx;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t line = input.find('\n');
  const std::string_view source = input.substr(0, line);
  store::Post post;
  if (line != std::string_view::npos) post.content = input.substr(line + 1);
  post.details.quoted_text = source;
  post.details.links.emplace_back(post.content.substr(0, 50));
  for (const auto& parsed : {topics::parse_rule(source), topics::parse_query(source)}) {
    if (!parsed) {
      require(parsed.error().column >= 1 && parsed.error().column <= source.size() + 1);
      require(!topics::caret_lines(source, parsed.error()).empty());
      continue;
    }
    const auto again = topics::parse_query(parsed->to_string());
    require(parsed->to_string().size() > 4 * topics::kRuleMaxCharacters || !again || *again == *parsed);
    static_cast<void>(topics::compile_search_query(*parsed));
    for (const auto form : {text::NormalForm::exact, text::NormalForm::search}) {
      const topics::Matcher matcher(std::vector{topics::TopicRule{1, *parsed}}, form);
      topics::MatchScratch scratch;
      const bool matched = !matcher.match(post, scratch).empty();
      require(matched != topics::explain(*parsed, post, form).empty());
    }
  }
  return 0;
}
