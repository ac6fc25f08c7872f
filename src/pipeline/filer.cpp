#include "pipeline/filer.h"

#include "text/language.h"
#include "topics/rule.h"

namespace offx::pipeline {
namespace {

constexpr std::size_t kBatch = 1000;

Result<topics::Rule> parse_stored_rule(const store::Topic& topic) {
  auto rule = topics::parse_rule(topic.rule.value_or(""));
  if (!rule) {
    return fail(Errc::corrupt, "the stored rule of topic " + std::to_string(topic.id) + " \"" + topic.title +
                                   "\": " + rule.error().to_error().message() + "; correct the topic's rule");
  }
  return std::move(*rule);
}

}  // namespace

Result<std::shared_ptr<const Rules>> load_rules(db::DatabaseClient& client) {
  store::TopicRepository topics(client);
  // The revision first: if a rule changes between the two reads, posts are noted as unfiled and filed again.
  OFFX_ASSIGN(const auto revision, topics.rule_revision());
  OFFX_ASSIGN(const auto all, topics.list());
  std::vector<topics::TopicRule> rules;
  for (const auto& topic : all) {
    if (!topic.rule || !topic.is_active) continue;
    OFFX_ASSIGN(auto rule, parse_stored_rule(topic));
    rules.push_back({topic.id, std::move(rule)});
  }
  return std::make_shared<const Rules>(Rules{topics::Matcher(rules), revision});
}

bool add_language(store::Post& post) {
  if (!post.details.lang.empty()) return false;
  post.details.lang = text::detect_language(post.content);
  return !post.details.lang.empty();
}

store::FiledPost Filer::file(store::Post post) {
  store::FiledPost filed;
  filed.lang_detected = add_language(post);
  const auto topic_ids = rules_->matcher.match(post, scratch_);
  filed.topic_ids.assign(topic_ids.begin(), topic_ids.end());
  const text::SearchAttributes attributes{.author_username = post.author_username,
                                          .author_id = post.details.author_id,
                                          .reply_to = post.details.reply_to,
                                          .lang = post.details.lang,
                                          .platform = post.platform};
  text::write_search_document(post.content, attributes, tokenizer_, filed.document);
  filed.post = std::move(post);
  return filed;
}

Result<void> index_stored_posts(db::DatabaseClient& client, const db::Progress& progress) {
  store::PostRepository posts(client);
  OFFX_ASSIGN(const auto last, posts.last_indexed());
  // Documents do not depend on rules.
  Filer filer(std::make_shared<const Rules>(Rules{topics::Matcher({}), {}}));
  std::vector<store::FiledPost> filed;
  std::uint64_t done = 0;
  const auto write = [&]() -> Result<void> {
    OFFX_TRY(posts.index(filed));
    done += filed.size();
    filed.clear();
    if (progress && !progress(done, 0)) return fail(Errc::cancelled, "stopped; the rest is indexed next time");
    return {};
  };
  OFFX_TRY(posts.each(
      [&](const store::Post& post) -> Result<void> {
        filed.push_back(filer.file(post));
        return filed.size() < kBatch ? Result<void>() : write();
      },
      last));
  return write();
}

Result<std::uint64_t> file_unfiled_posts(db::DatabaseClient& client, const Clock& clock, const db::Progress& progress) {
  OFFX_ASSIGN(const bool is_due, store::PostRepository(client).is_filing_due());
  if (!is_due) return 0;
  OFFX_ASSIGN(const auto not_filed, store::TopicRepository(client).not_filed());
  for (const auto& topic : not_filed) OFFX_TRY(file_stored_posts(client, topic, clock, progress));
  return file_noted_posts(client, clock, progress);
}

Result<std::uint64_t> file_noted_posts(db::DatabaseClient& client, const Clock& clock, const db::Progress& progress) {
  store::PostRepository posts(client);
  std::uint64_t done = 0;
  for (;;) {
    OFFX_ASSIGN(auto batch, posts.unfiled(kBatch));
    if (batch.empty()) return done;
    OFFX_ASSIGN(auto rules, load_rules(client));
    Filer filer(std::move(rules));
    std::vector<store::FiledPost> filed;
    for (auto& post : batch) filed.push_back(filer.file(std::move(post)));
    OFFX_TRY(posts.file(filed, filer.rules().revision, clock.now()));
    done += filed.size();
    if (progress && !progress(done, 0)) return fail(Errc::cancelled, "stopped; the rest is filed next time");
  }
}

Result<std::uint64_t> file_stored_posts(db::DatabaseClient& client, const store::Topic& topic, const Clock& clock,
                                        const db::Progress& progress) {
  OFFX_ASSIGN(auto rule, parse_stored_rule(topic));
  const topics::TopicRule topic_rule{topic.id, std::move(rule)};
  const topics::Matcher matcher(std::span(&topic_rule, 1));
  topics::MatchScratch scratch;
  store::PostRepository posts(client);
  OFFX_ASSIGN(const auto totals, posts.totals());
  std::vector<std::int64_t> ids;
  std::uint64_t done = 0;
  std::int64_t last_id = 0;
  OFFX_TRY(posts.each([&](const store::Post& post) -> Result<void> {
    last_id = post.id;
    if (!matcher.match(post, scratch).empty()) ids.push_back(post.id);
    ++done;
    if (done % kBatch == 0 && progress && !progress(done, static_cast<std::uint64_t>(totals.posts))) {
      return fail(Errc::cancelled, "stopped before the posts were filed; the next command goes on with it");
    }
    return {};
  }));
  OFFX_TRY(store::TopicRepository(client).set_posts(topic, ids, last_id, clock.now()));
  return ids.size();
}

}  // namespace offx::pipeline
