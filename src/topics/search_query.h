#pragma once

#include <string>

#include "topics/rule.h"

namespace offx::topics {

/// A query for an FTS5 table whose columns are text::SearchDocument's.
struct SearchQuery {
  /// The right side of `MATCH`. Every post that fulfils the query fulfils this. Empty if nothing can be said (a query
  /// by addresses alone): every post must be verified.
  std::string match;
  /// True if posts found by `match` may not fulfil the query: ask a Matcher of this one rule, NormalForm::search.
  bool verify = false;
};

/// Compiles a query (or a topic's rule) to FTS5. Linear in the query.
[[nodiscard]] SearchQuery compile_search_query(const Rule& query);

}  // namespace offx::topics
