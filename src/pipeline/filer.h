#pragma once

#include <memory>

#include "base/error.h"
#include "base/time.h"
#include "db/client.h"
#include "store/posts.h"
#include "store/topics.h"
#include "text/tokens.h"
#include "topics/matcher.h"

namespace offx::pipeline {

/// All topics' rules, compiled, and the state of the database they were read from.
struct Rules {
  topics::Matcher matcher;
  store::RuleRevision revision;
};

/// Reads and compiles the rules of all topics. A stored rule that cannot be read any more is Errc::corrupt and names
/// its topic.
Result<std::shared_ptr<const Rules>> load_rules(db::DatabaseClient& client);

/// Gives the post the language its text seems to be in, if it has none. True if it did.
bool add_language(store::Post& post);

/// Makes posts ready to be stored: finds their language, their topics and their search document. Not thread-safe.
class Filer {
 public:
  explicit Filer(std::shared_ptr<const Rules> rules) : rules_(std::move(rules)) {}

  [[nodiscard]] store::FiledPost file(store::Post post);
  [[nodiscard]] const Rules& rules() const noexcept { return *rules_; }

 private:
  std::shared_ptr<const Rules> rules_;
  topics::MatchScratch scratch_;
  text::Tokenizer tokenizer_{text::NormalForm::search};
};

/// Makes the full-text index of all stored posts that are behind what is in it, and nothing else: for a copy, whose
/// posts are filed already. May be repeated. `progress` is told how many posts are done; of how many is not known (0).
Result<void> index_stored_posts(db::DatabaseClient& client, const db::Progress& progress);

/// Indexes and files what was written without it: posts of another program, updated ones, those written while rules
/// changed, and all posts under a topic whose filing was interrupted. `progress` is told how many posts are done, of
/// how many is not known (0). Gives how many unfiled posts there were.
Result<std::uint64_t> file_unfiled_posts(db::DatabaseClient& client, const Clock& clock, const db::Progress& progress);

/// Of that only the posts that are noted one by one: what a server does again and again, beside jobs that file whole
/// topics. One read if there are none. Errc::corrupt if a stored rule cannot be read.
Result<std::uint64_t> file_noted_posts(db::DatabaseClient& client, const Clock& clock, const db::Progress& progress);

/// Files all stored posts under one topic by its rule (which it must have); gives how many match.
Result<std::uint64_t> file_stored_posts(db::DatabaseClient& client, const store::Topic& topic, const Clock& clock,
                                        const db::Progress& progress);

}  // namespace offx::pipeline
