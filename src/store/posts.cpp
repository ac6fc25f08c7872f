#include "store/posts.h"

#include <algorithm>
#include <set>

#include "store/catalogue.h"
#include "store/rows.h"

namespace offx::store {
namespace {

using db::Statement;
using db::text_or_null;
using db::Value;

constexpr std::size_t kEachPage = 1000;  ///< servers bound the size of an answer

/// [["external id","platform"],…]: how a statement takes many keys at once.
std::string keys_json(std::span<const FiledPost> posts) {
  std::string json = "[";
  for (const auto& filed : posts) {
    if (json.size() > 1) json += ',';
    const std::string key[] = {filed.post.external_id, filed.post.platform};
    json += to_json(std::span<const std::string>(key));
  }
  json += ']';
  return json;
}

/// A bound to compare with: to the millisecond, which databases of others may hold.
Value bound_or_null(const std::optional<Timestamp>& time) { return time ? Value{to_sql_time(*time)} : Value{}; }

/// The statements of one transaction, in the order FTS5 needs: its rows last, as every statement that may write more
/// than one row makes it write out what it has gathered.
class Filing {
 public:
  explicit Filing(std::size_t posts) { statements_.reserve(posts * 5 + 4); }

  void add(Query query, db::Params params) { statements_.push_back({sql(query), std::move(params)}); }

  /// Adds a statement about one post, whose first parameters are the post's key.
  void add(Query query, const Post& post, std::initializer_list<Value> more) {
    db::Params::Positional params;
    params.reserve(more.size() + 3);
    params.push_back(post.id == 0 ? Value{} : Value{post.id});
    params.emplace_back(post.external_id);
    params.emplace_back(post.platform);
    params.insert(params.end(), more.begin(), more.end());
    add(query, std::move(params));
  }

  void put_links(const FiledPost& filed, const Value& now) {
    if (filed.post.id != 0) add(Query::post_links_delete_stale, {filed.post.id, to_json(filed.topic_ids)});
    for (const auto topic_id : filed.topic_ids) add(Query::post_link_put, filed.post, {topic_id, now});
  }
  void put_search(const FiledPost& filed) {
    add(Query::post_search_put, filed.post, {filed.document.body, filed.document.terms});
  }

  [[nodiscard]] std::span<const Statement> statements() const { return statements_; }

 private:
  std::vector<Statement> statements_;
};

void keep_if_empty(std::string& fresh, const std::string& stored) {
  if (fresh.empty()) fresh = stored;
}

/// To the second, as it would be stored; but as it is stored already if that differs by less.
Timestamp to_second(Timestamp fresh, Timestamp stored) {
  using std::chrono::floor;
  using std::chrono::seconds;
  return floor<seconds>(fresh) == floor<seconds>(stored) ? stored : floor<seconds>(fresh);
}

/// `fresh` with what only `stored` knows: a poorer source does not erase what a richer one told.
void merge(Post& fresh, const Post& stored) {
  fresh.id = stored.id;
  const bool is_dated = fresh.created_at != fresh.fetched_at;
  fresh.created_at = is_dated ? to_second(fresh.created_at, stored.created_at) : stored.created_at;
  fresh.fetched_at = stored.fetched_at;
  keep_if_empty(fresh.author, stored.author);
  keep_if_empty(fresh.author_username, stored.author_username);
  keep_if_empty(fresh.url, stored.url);
  if (fresh.media.empty()) fresh.media = stored.media;
  auto& to = fresh.details;
  const auto& from = stored.details;
  keep_if_empty(to.lang, from.lang);
  keep_if_empty(to.author_id, from.author_id);
  keep_if_empty(to.conversation_id, from.conversation_id);
  keep_if_empty(to.reply_to, from.reply_to);
  to.is_reply |= from.is_reply;
  to.is_repost |= from.is_repost;
  to.is_quote |= from.is_quote;
  keep_if_empty(to.reference_id, from.reference_id);
  keep_if_empty(to.reposted_by, from.reposted_by);
  keep_if_empty(to.quoted_text, from.quoted_text);
  if (to.links.empty()) to.links = from.links;
  keep_if_empty(to.content_warning, from.content_warning);
  keep_if_empty(to.html, from.html);
  to.is_private |= from.is_private;
  if (to.edited_at && from.edited_at) to.edited_at = to_second(*to.edited_at, *from.edited_at);
  if (!to.edited_at) to.edited_at = from.edited_at;
}

bool says_the_same(const Post& a, const Post& b) {
  return a.content == b.content && a.author == b.author && a.author_username == b.author_username &&
         a.created_at == b.created_at && a.url == b.url && a.media == b.media && a.details == b.details;
}

void put_details(Filing& filing, const Post& post) {
  const auto& details = post.details;
  if (details == PostDetails{}) return;
  filing.add(Query::post_details_put, post,
             {text_or_null(details.lang), text_or_null(details.author_id), text_or_null(details.conversation_id),
              text_or_null(details.reply_to), std::int64_t{details.is_reply}, std::int64_t{details.is_repost},
              std::int64_t{details.is_quote}, text_or_null(details.reference_id), text_or_null(details.reposted_by),
              text_or_null(details.quoted_text),
              details.links.empty() ? Value{} : Value{to_json(std::span<const std::string>(details.links))},
              text_or_null(details.content_warning), text_or_null(details.html), std::int64_t{details.is_private},
              details.edited_at ? stored_time(*details.edited_at) : Value{}});
}

void put_media(Filing& filing, const Post& post, const Value& now) {
  for (const auto& media : post.media) {
    filing.add(Query::post_media_insert, post,
               {media.url, media.type, media.alt_text ? Value{*media.alt_text} : Value{}, now});
  }
}

// In the tables of version 1 what a post lacks is an empty text, not NULL: the first OffX made columns NOT NULL of
// which not every source has something, and its readers need not expect NULL in them.
void insert_post(Filing& filing, const Post& post) {
  const Value fetched_at = stored_time(post.fetched_at);
  filing.add(Query::post_insert, {post.external_id, post.content, post.author, post.author_username, post.platform,
                                  stored_time(post.created_at), fetched_at, post.url});
  put_details(filing, post);
  put_media(filing, post, fetched_at);
}

void update_post(Filing& filing, const Post& post, const Post& stored) {
  filing.add(Query::post_update,
             {post.id, post.content, post.author, post.author_username, stored_time(post.created_at), post.url});
  put_details(filing, post);
  if (stored.media == post.media) return;
  filing.add(Query::post_delete_media, post, {});
  put_media(filing, post, stored_time(post.fetched_at));
}

}  // namespace

Result<PutCounts> PostRepository::put(std::span<const FiledPost> posts, RuleRevision revision) {
  constexpr int kAttempts = 5;
  PutCounts counts;
  while (!posts.empty()) {
    // As far as every post is another one: a second version of one is stored after the first, as from a second import.
    std::set<std::pair<std::string_view, std::string_view>> keys;
    std::size_t distinct = 0;
    while (distinct < posts.size() &&
           keys.emplace(posts[distinct].post.external_id, posts[distinct].post.platform).second) {
      ++distinct;
    }
    auto part = put_distinct(posts.first(distinct), revision);
    // Another process stored one of the posts since we looked: nothing was written, so look again.
    for (int attempt = 1; attempt < kAttempts && !part && part.error().code() == Errc::conflict; ++attempt) {
      part = put_distinct(posts.first(distinct), revision);
    }
    if (!part) return part;
    counts.added += part->added;
    counts.updated += part->updated;
    counts.unchanged += part->unchanged;
    counts.kept_out += part->kept_out;
    posts = posts.subspan(distinct);
  }
  return counts;
}

Result<PutCounts> PostRepository::put_distinct(std::span<const FiledPost> posts, RuleRevision revision) {
  const std::string keys = keys_json(posts);
  const Statement looking[] = {{sql(Query::posts_existing), {keys}}, {sql(Query::removed_posts_among), {keys}}};
  OFFX_ASSIGN(const auto found, client_.batch(looking, db::Mode::read));
  const auto& rows = found[0];
  std::vector<bool> was_removed(posts.size());
  for (std::size_t i = 0; i < found[1].rows(); ++i) {
    was_removed.at(static_cast<std::size_t>(db::to_integer(found[1].row(i)[0]))) = true;
  }
  std::vector<Post> stored;
  std::vector<const Post*> stored_of(posts.size());
  stored.reserve(rows.rows());
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    stored.push_back(row_to_post(rows.row(i).subspan(1)));
    stored_of.at(static_cast<std::size_t>(db::to_integer(rows.row(i)[0]))) = &stored.back();
  }
  OFFX_TRY(load_media(stored));

  PutCounts counts;
  Filing filing(posts.size());
  filing.add(Query::filing_begin, {revision.revision, revision.rules});
  std::vector<std::int64_t> updated;
  for (std::size_t i = 0; i < posts.size(); ++i) {
    if (stored_of[i] == nullptr && was_removed[i]) {
      ++counts.unchanged;
      ++counts.kept_out;
      continue;
    }
    if (stored_of[i] == nullptr) {
      ++counts.added;
      insert_post(filing, posts[i].post);
      filing.put_links(posts[i], stored_time(posts[i].post.fetched_at));
      continue;
    }
    Post merged = posts[i].post;
    if (posts[i].lang_detected && !stored_of[i]->details.lang.empty()) merged.details.lang.clear();
    merge(merged, *stored_of[i]);
    if (says_the_same(merged, *stored_of[i])) {
      ++counts.unchanged;
      continue;
    }
    ++counts.updated;
    update_post(filing, merged, *stored_of[i]);
    updated.push_back(merged.id);
  }
  if (counts.added + counts.updated == 0) return counts;
  filing.add(Query::filing_end, {});
  if (!updated.empty()) filing.add(Query::post_unfiled_put, {to_json(updated)});
  for (std::size_t i = 0; i < posts.size(); ++i) {
    if (stored_of[i] == nullptr && !was_removed[i]) filing.put_search(posts[i]);
  }
  OFFX_TRY(client_.batch(filing.statements(), db::Mode::write));
  return counts;
}

Result<std::vector<Post>> PostRepository::unfiled(std::size_t limit) {
  OFFX_ASSIGN(const auto rows, client_.execute(sql(Query::posts_unfiled), {static_cast<std::int64_t>(limit)}));
  std::vector<Post> posts;
  for (std::size_t i = 0; i < rows.rows(); ++i) posts.push_back(row_to_post(rows.row(i)));
  OFFX_TRY(load_media(posts));
  return posts;
}

Result<void> PostRepository::file(std::span<const FiledPost> posts, RuleRevision revision, Timestamp now) {
  if (posts.empty()) return {};
  Filing filing(posts.size());
  filing.add(Query::filing_begin, {revision.revision, revision.rules});
  std::vector<std::int64_t> ids;
  for (const auto& filed : posts) {
    // The epoch stands for a date nobody could read: it stays as it was written.
    if (filed.post.created_at != Timestamp{}) {
      filing.add(Query::post_created_at_set, {filed.post.id, stored_time(filed.post.created_at)});
    }
    put_details(filing, filed.post);
    filing.put_links(filed, stored_time(now));
    ids.push_back(filed.post.id);
  }
  filing.add(Query::post_unfiled_delete, {to_json(ids)});
  filing.add(Query::filing_end, {});
  for (const auto& filed : posts) filing.put_search(filed);
  OFFX_TRY(client_.batch(filing.statements(), db::Mode::write));
  return {};
}

Result<Post> PostRepository::get(std::int64_t id) {
  OFFX_ASSIGN(const auto rows, client_.execute(sql(Query::post_get), {id}));
  if (rows.rows() == 0) return fail(Errc::not_found, "there is no post " + std::to_string(id));
  Post post = row_to_post(rows.row(0));
  OFFX_TRY(load_media(std::span(&post, 1)));
  return post;
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
    statements.push_back({sql(Query::post_delete_media), {id, Value{}, Value{}}});
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

Result<std::vector<Post>> PostRepository::in_period(std::int64_t topic_id, Timestamp since, Timestamp until) {
  std::vector<Post> posts;
  PageKey after{to_sql_time(since), 0};
  for (;;) {
    OFFX_ASSIGN(const auto rows,
                client_.execute(sql(Query::posts_in_period_of_topic),
                                {topic_id, after.created_at, to_sql_time(until), after.id, std::int64_t{kEachPage}}));
    for (std::size_t i = 0; i < rows.rows(); ++i) posts.push_back(row_to_post(rows.row(i)));
    OFFX_TRY(load_media(std::span(posts).last(rows.rows())));
    if (rows.rows() < kEachPage) return posts;
    const auto last = rows.row(rows.rows() - 1);
    after = {db::to_text(last[6]), db::to_integer(last[0])};
  }
}

Result<void> PostRepository::index(std::span<const FiledPost> posts) {
  if (posts.empty()) return {};
  Filing filing(posts.size());
  for (const auto& filed : posts) filing.put_search(filed);
  OFFX_TRY(client_.batch(filing.statements(), db::Mode::write));
  return {};
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
