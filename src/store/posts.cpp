#include "store/posts.h"

#include <algorithm>

#include "store/catalogue.h"
#include "store/rows.h"

namespace offx::store {
namespace {

using db::Statement;
using db::text_or_null;
using db::Value;

constexpr std::size_t kEachPage = 1000;  ///< servers bound the size of an answer

/// A bound to compare with: to the millisecond, which databases of others may hold.
Value bound_or_null(const std::optional<Timestamp>& time) { return time ? Value{to_sql_time(*time)} : Value{}; }

}  // namespace

Result<bool> PostRepository::is_filing_due() {
  const Statement statements[] = {{sql(Query::topic_rules_not_filed), {}}, {sql(Query::posts_unfiled_ids), {1}}};
  OFFX_ASSIGN(const auto results, client_.batch(statements, db::Mode::read));
  return results[0].rows() > 0 || results[1].rows() > 0;
}

Result<std::vector<Post>> PostRepository::unfiled(std::size_t limit) {
  OFFX_ASSIGN(const auto rows, client_.execute(sql(Query::posts_unfiled), {static_cast<std::int64_t>(limit)}));
  std::vector<Post> posts;
  for (std::size_t i = 0; i < rows.rows(); ++i) posts.push_back(row_to_post(rows.row(i)));
  OFFX_TRY(load_media(posts));
  return posts;
}

namespace {

Error no_such_post(std::int64_t id) { return {Errc::not_found, "there is no post " + std::to_string(id)}; }

}  // namespace

Result<Post> PostRepository::get(std::int64_t id) {
  const Statement statements[] = {{sql(Query::post_get), {id}},
                                  {sql(Query::posts_media_of), {to_json(std::vector{id})}}};
  OFFX_ASSIGN(const auto results, client_.batch(statements, db::Mode::read));
  if (results[0].rows() == 0) return fail(no_such_post(id));
  Post post = row_to_post(results[0].row(0));
  tie_links(std::span(&post, 1), {}, results[1], db::QueryResult());
  return post;
}

Result<std::vector<Post>> PostRepository::get(std::span<const std::int64_t> ids) {
  std::vector<Statement> statements;
  statements.reserve(ids.size() + 1);
  for (const auto id : ids) statements.push_back({sql(Query::post_get), {id}});
  statements.push_back({sql(Query::posts_media_of), {to_json(ids)}});
  OFFX_ASSIGN(const auto results, client_.batch(statements, db::Mode::read));
  std::vector<Post> posts;
  for (const auto& rows : std::span(results).first(ids.size())) {
    if (rows.rows() > 0) posts.push_back(row_to_post(rows.row(0)));
  }
  tie_links(posts, {}, results.back(), db::QueryResult());
  return posts;
}

Result<LinkedPost> PostRepository::get_linked(std::int64_t id) {
  const std::string ids = to_json(std::vector{id});
  const Statement statements[] = {
      {sql(Query::post_get), {id}}, {sql(Query::posts_media_of), {ids}}, {sql(Query::posts_labels_of), {ids}}};
  OFFX_ASSIGN(const auto results, client_.batch(statements, db::Mode::read));
  if (results[0].rows() == 0) return fail(no_such_post(id));
  LinkedPost linked{row_to_post(results[0].row(0)), {}};
  tie_links(std::span(&linked.post, 1), std::span(&linked.links, 1), results[1], results[2]);
  return linked;
}

Result<std::optional<Post>> PostRepository::find(std::string_view platform, std::string_view external_id) {
  OFFX_ASSIGN(const auto rows,
              client_.execute(sql(Query::post_find), {std::string(external_id), std::string(platform)}));
  if (rows.rows() == 0) return std::optional<Post>();
  Post post = row_to_post(rows.row(0));
  OFFX_TRY(load_media(std::span(&post, 1)));
  return std::optional<Post>(std::move(post));
}

namespace {

std::vector<Statement> removal_of(std::span<const std::int64_t> ids, Timestamp now) {
  std::vector<Statement> statements;
  statements.reserve(ids.size() * 5);
  // Explicitly, for tables of the first OffX whose foreign keys may not cascade.
  for (const auto id : ids) {
    statements.push_back({sql(Query::removed_post_put), {id, stored_time(now)}});
    statements.push_back({sql(Query::post_delete_links), {id}});
    statements.push_back({sql(Query::post_delete_media), {id}});
    statements.push_back({sql(Query::post_delete), {id}});
  }
  for (const auto id : ids) statements.push_back({sql(Query::post_delete_search), {id}});
  return statements;
}

}  // namespace

Result<void> PostRepository::remove(std::int64_t id, Timestamp now) {
  const auto statements = removal_of(std::span(&id, 1), now);
  OFFX_ASSIGN(const auto results, client_.batch(statements, db::Mode::write));
  if (results[3].rows_affected() == 0) return fail(Errc::not_found, "there is no post " + std::to_string(id));
  return {};
}

Result<void> PostRepository::remove(std::span<const std::int64_t> ids, Timestamp now) {
  if (ids.empty()) return {};
  OFFX_TRY(client_.batch(removal_of(ids, now), db::Mode::background));
  return {};
}

Result<PostPage> PostRepository::page_of(const db::QueryResult& rows, std::size_t limit) {
  PostPage page;
  const std::size_t count = std::min(rows.rows(), limit);
  page.posts.reserve(count);
  for (std::size_t i = 0; i < count; ++i) page.posts.push_back(row_to_post(rows.row(i)));
  if (rows.rows() > limit && limit > 0) {
    const auto last = rows.row(limit - 1);
    page.next = PageKey{db::to_text(last[6]), db::to_integer(last[0])};
  }
  OFFX_TRY(load_links(page));
  return page;
}

namespace {

/// What at most so many posts fulfil is looked up; for more, the way along the index over time is short.
constexpr std::int64_t kCandidatesMax = 5000;
/// So many posts are passed on that way before a search gives it up: some milliseconds.
constexpr std::int64_t kStepsAlongTime = 50'000;

Value media_kind(MediaFilter filter) {
  switch (filter) {
    case MediaFilter::none: return {};
    case MediaFilter::any: return "any";
    case MediaFilter::image: return "image";
    case MediaFilter::video: return "video";
  }
  return {};
}

/// The first five parameters of every page. The limit is one row more than the page holds: that tells whether there is
/// another.
db::Params::Positional page_params(const PostFilter& filter, std::size_t limit, const std::optional<PageKey>& after) {
  Value key_time;
  Value key_id;
  if (after) {
    key_time = after->created_at;
    key_id = after->id;
  }
  // "Before this moment" is the same as "behind a post of this moment whose id is below all others".
  if (filter.until && (!after || to_sql_time(*filter.until) < after->created_at)) {
    key_time = to_sql_time(*filter.until);
    key_id = 0;
  }
  return {text_or_null(filter.platform), bound_or_null(filter.since), key_time, key_id,
          static_cast<std::int64_t>(limit) + 1};
}

/// ?6 to ?8 behind them.
void add_filter_params(db::Params::Positional& params, const PostFilter& filter) {
  params.push_back(text_or_null(filter.author));
  params.push_back(text_or_null(filter.lang));
  params.push_back(media_kind(filter.media));
}

Value topic_or_null(const PostFilter& filter) { return filter.topic_id ? Value{*filter.topic_id} : Value{}; }

/// `term` of SearchDocument::terms as FTS5 takes it.
std::string quoted_term(const std::string& term) {
  std::string text = "terms : \"";
  for (const char c : term) text += c == '"' ? std::string("\"\"") : std::string(1, c);
  return text + "\"";
}

/// What the full-text index can say of language and platform: expressions with AND between; empty if nothing.
std::string attributes_match(const PostFilter& filter) {
  std::string match;
  const auto add = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) match += (match.empty() ? "" : " AND ") + quoted_term(text::search_term(name, value));
  };
  add("platform:", filter.platform);
  add("lang:", filter.lang);
  return match;
}

}  // namespace

/// The posts that can fulfil the filter beside topic and time, if they are few.
Result<std::optional<std::vector<std::int64_t>>> PostRepository::few_candidates(const PostFilter& filter) {
  std::string match = attributes_match(filter);
  const Value limit = kCandidatesMax + 1;
  std::vector<Statement> statements;
  if (!filter.author.empty()) {
    const auto from = quoted_term(text::search_term("from:", filter.author));
    statements.push_back({sql(Query::posts_candidates), {match.empty() ? from : match + " AND " + from, limit}});
    statements.push_back({sql(Query::posts_candidates_of_author), {filter.author, limit}});
  } else if (!match.empty()) {
    statements.push_back({sql(Query::posts_candidates), {match, limit}});
  } else if (filter.media != MediaFilter::none) {
    statements.push_back({sql(Query::posts_candidates_with_media), {media_kind(filter.media), limit}});
  } else {
    return std::optional<std::vector<std::int64_t>>();
  }
  // What another program wrote is not in the full-text index yet.
  statements.push_back({sql(Query::posts_unfiled_ids), {limit}});
  OFFX_ASSIGN(const auto results, client_.batch(statements, db::Mode::read));
  std::vector<std::int64_t> ids;
  for (const auto& rows : results) {
    if (rows.rows() > kCandidatesMax) return std::optional<std::vector<std::int64_t>>();
    for (std::size_t i = 0; i < rows.rows(); ++i) ids.push_back(db::to_integer(rows.row(i)[0]));
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return std::optional(std::move(ids));
}

Result<PostPage> PostRepository::page(const PostFilter& filter, std::size_t limit,
                                      const std::optional<PageKey>& after) {
  auto params = page_params(filter, limit, after);
  OFFX_ASSIGN(const auto candidates, few_candidates(filter));
  Query query = Query::posts_page;
  if (candidates) {
    query = Query::posts_page_of_ids;
    add_filter_params(params, filter);
    params.push_back(topic_or_null(filter));
    params.emplace_back(to_json(*candidates));
  } else if (filter.topic_id) {
    query = Query::posts_page_of_topic;
    add_filter_params(params, filter);
    params.emplace_back(*filter.topic_id);
  } else if (!filter.author.empty() || !filter.lang.empty() || filter.media != MediaFilter::none) {
    query = Query::posts_page_filtered;
    add_filter_params(params, filter);
  }
  OFFX_ASSIGN(const auto rows, client_.execute(sql(query), params));
  return page_of(rows, limit);
}

Result<PostPage> PostRepository::search(std::string_view match, SearchOrder order, const PostFilter& filter,
                                        std::size_t limit, const std::optional<PageKey>& after) {
  auto params = page_params(filter, limit, after);
  add_filter_params(params, filter);
  params.push_back(topic_or_null(filter));
  const auto attributes = attributes_match(filter);
  params.emplace_back(attributes.empty() ? std::string(match) : "(" + std::string(match) + ") AND " + attributes);
  if (order == SearchOrder::newest) return search_newest(std::move(params), limit);
  OFFX_ASSIGN(const auto rows, client_.execute(sql(Query::posts_search_best), params));
  OFFX_ASSIGN(auto page, page_of(rows, limit));
  page.next.reset();
  return page;
}

/// `params` are those of Query::posts_search_newest. Sorting costs a look at each post that fulfils the expression; the
/// way along the index over time costs the less, the more of them there are.
Result<PostPage> PostRepository::search_newest(db::Params::Positional params, std::size_t limit) {
  OFFX_ASSIGN(const auto candidates,
              client_.execute(sql(Query::posts_candidates), {params.back(), std::int64_t{kCandidatesMax + 1}}));
  if (candidates.rows() <= kCandidatesMax) {
    std::vector<std::int64_t> ids;
    for (std::size_t i = 0; i < candidates.rows(); ++i) ids.push_back(db::to_integer(candidates.row(i)[0]));
    params.back() = to_json(ids);
    OFFX_ASSIGN(const auto rows, client_.execute(sql(Query::posts_page_of_ids), params));
    return page_of(rows, limit);
  }
  OFFX_ASSIGN(const auto end,
              client_.execute(sql(Query::posts_time_further_back), {params[2], params[3], kStepsAlongTime}));
  auto near = params;
  const bool is_bounded = end.rows() > 0 && (db::is_null(near[1]) || db::to_text(near[1]) < db::to_text(end.row(0)[0]));
  if (is_bounded) near[1] = end.row(0)[0];
  OFFX_ASSIGN(const auto rows, client_.execute(sql(Query::posts_search_along_time), near));
  if (!is_bounded || rows.rows() > limit) return page_of(rows, limit);
  // They are all old, or the other conditions leave few of them.
  OFFX_ASSIGN(const auto sorted, client_.execute(sql(Query::posts_search_newest), params));
  return page_of(sorted, limit);
}

Result<PostPage> PostRepository::like(std::string_view match, std::size_t limit) {
  OFFX_ASSIGN(const auto rows,
              client_.execute(sql(Query::posts_like), {std::string(match), static_cast<std::int64_t>(limit)}));
  return page_of(rows, rows.rows());
}

Result<void> PostRepository::each_in_period(std::int64_t topic_id, Timestamp since, Timestamp until,
                                            const std::function<void(const Post&)>& visit) {
  PageKey after{to_sql_time(since), 0};
  for (;;) {
    OFFX_ASSIGN(const auto rows,
                client_.execute(sql(Query::posts_in_period_of_topic),
                                {topic_id, after.created_at, to_sql_time(until), after.id, std::int64_t{kEachPage}}));
    for (std::size_t i = 0; i < rows.rows(); ++i) visit(row_to_post(rows.row(i)));
    if (rows.rows() < kEachPage) return {};
    const auto last = rows.row(rows.rows() - 1);
    after = {db::to_text(last[6]), db::to_integer(last[0])};
  }
}

Result<std::int64_t> PostRepository::last_indexed() {
  OFFX_ASSIGN(const auto rows, client_.execute(sql(Query::post_search_last)));
  return rows.rows() == 0 ? std::int64_t{0} : db::to_integer(rows.row(0)[0]);
}

Result<void> PostRepository::each(const std::function<Result<void>(const Post&)>& visit, std::int64_t after_id) {
  for (;;) {
    OFFX_ASSIGN(const auto rows, client_.execute(sql(Query::posts_after_id), {after_id, std::int64_t{kEachPage}}));
    std::vector<Post> posts;
    for (std::size_t i = 0; i < rows.rows(); ++i) posts.push_back(row_to_post(rows.row(i)));
    OFFX_TRY(load_media(posts));
    for (const auto& post : posts) OFFX_TRY(visit(post));
    if (!posts.empty()) after_id = posts.back().id;
    if (rows.rows() < kEachPage) return {};
  }
}

Result<std::vector<PostLinks>> PostRepository::links_of(std::span<const Post> posts) {
  PostPage page;
  for (const auto& post : posts) page.posts.emplace_back().id = post.id;
  OFFX_TRY(load_links(page));
  return std::move(page.links);
}

Result<PostRepository::MediaAddress> PostRepository::media(std::int64_t media_id) {
  OFFX_ASSIGN(const auto rows, client_.execute(sql(Query::post_media_get), {media_id}));
  if (rows.rows() == 0) return fail(Errc::not_found, "there is no attachment " + std::to_string(media_id));
  return MediaAddress{db::to_text(rows.row(0)[0]), db::to_text(rows.row(0)[1])};
}

Result<PostRepository::Newest> PostRepository::newest(std::int64_t after_id) {
  OFFX_ASSIGN(const auto rows, client_.execute(sql(Query::posts_newest), {after_id}));
  return Newest{db::to_integer(rows.row(0)[0]), db::to_integer(rows.row(0)[1])};
}

Result<PostRepository::Totals> PostRepository::totals() {
  OFFX_ASSIGN(const auto rows, client_.execute(sql(Query::posts_count)));
  const auto row = rows.row(0);
  Totals totals{db::to_integer(row[0]), std::nullopt, std::nullopt};
  if (totals.posts > 0) {
    totals.first = to_time(row[1]);
    totals.last = to_time(row[2]);
  }
  return totals;
}

namespace {

std::vector<std::pair<std::string, std::int64_t>> named_counts(const db::QueryResult& rows) {
  std::vector<std::pair<std::string, std::int64_t>> counts;
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    counts.emplace_back(db::to_text(rows.row(i)[0]), db::to_integer(rows.row(i)[1]));
  }
  return counts;
}

}  // namespace

Result<std::vector<std::pair<std::string, std::int64_t>>> PostRepository::count_by_platform() {
  OFFX_ASSIGN(const auto rows, client_.execute(sql(Query::posts_count_by_platform)));
  return named_counts(rows);
}

Result<std::vector<PostRepository::PlatformTotals>> PostRepository::totals_by_platform() {
  OFFX_ASSIGN(const auto rows, client_.execute(sql(Query::posts_by_platform)));
  std::vector<PlatformTotals> totals;
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    const auto row = rows.row(i);
    totals.push_back({db::to_text(row[0]), db::to_integer(row[1]), to_time(row[3]), to_time(row[2])});
  }
  return totals;
}

Result<std::vector<std::pair<std::string, std::int64_t>>> PostRepository::count_per_day(
    std::optional<std::int64_t> topic_id, std::optional<Timestamp> since, std::optional<Timestamp> until) {
  db::Params::Positional params = {bound_or_null(since), bound_or_null(until)};
  if (topic_id) params.emplace_back(*topic_id);
  OFFX_ASSIGN(const auto rows,
              client_.execute(sql(topic_id ? Query::posts_per_day_of_topic : Query::posts_per_day), params));
  return named_counts(rows);
}

namespace {

std::string ids_json(std::span<const Post> posts) {
  std::vector<std::int64_t> ids;
  ids.reserve(posts.size());
  for (const auto& post : posts) ids.push_back(post.id);
  return to_json(ids);
}

}  // namespace

Result<void> PostRepository::load_media(std::span<Post> posts) {
  if (posts.empty()) return {};
  OFFX_ASSIGN(const auto rows, client_.execute(sql(Query::posts_media_of), {ids_json(posts)}));
  tie_links(posts, {}, rows, db::QueryResult());
  return {};
}

Result<void> PostRepository::load_links(PostPage& page) {
  page.links.resize(page.posts.size());
  if (page.posts.empty()) return {};
  const std::string ids = ids_json(page.posts);
  const Statement statements[] = {{sql(Query::posts_media_of), {ids}}, {sql(Query::posts_labels_of), {ids}}};
  OFFX_ASSIGN(const auto results, client_.batch(statements, db::Mode::read));
  tie_links(page.posts, page.links, results[0], results[1]);
  return {};
}

}  // namespace offx::store
