// What of PostRepository stores and files posts.

#include <iterator>
#include <optional>
#include <set>

#include "store/catalogue.h"
#include "store/json_rows.h"
#include "store/posts.h"
#include "store/rows.h"

namespace offx::store {
namespace {

using db::Statement;

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

/// What tables and statements take for a fact that is not known.
std::optional<std::string_view> or_null(const std::string& text) {
  if (text.empty()) return std::nullopt;
  return text;
}
std::optional<std::int64_t> or_null(bool flag) {
  if (!flag) return std::nullopt;
  return 1;
}

/// stored_time() for a row.
std::string time_text(Timestamp time) { return db::to_text(stored_time(time)); }

/// What is to be written about many posts, gathered for each table: databases take one statement with all its rows, and
/// servers in a small part of the time that one statement for each row takes.
class Filing {
 public:
  // In the tables of version 1 what a post lacks is an empty text, not NULL: the first OffX made columns NOT NULL of
  // which not every source has something, and its readers need not expect NULL in them.
  void insert(const Post& post) {
    posts_.add(post.external_id, post.content, post.author, post.author_username, post.platform,
               time_text(post.created_at), time_text(post.fetched_at), post.url);
  }
  void put_details(const Post& post) {
    const auto& details = post.details;
    if (details == PostDetails{}) return;
    const auto links = details.links.empty() ? "" : to_json(std::span(details.links));
    const auto edited_at = details.edited_at ? time_text(*details.edited_at) : "";
    add(details_, post, or_null(details.lang), or_null(details.author_id), or_null(details.conversation_id),
        or_null(details.reply_to), or_null(details.is_reply), or_null(details.is_repost), or_null(details.is_quote),
        or_null(details.reference_id), or_null(details.reposted_by), or_null(details.quoted_text), or_null(links),
        or_null(details.content_warning), or_null(details.html), or_null(details.is_private), or_null(edited_at));
  }
  void put_media(const Post& post) {
    for (const auto& media : post.media) {
      add(media_, post, media.url, media.type, media.alt_text, time_text(post.fetched_at));
    }
  }
  void put_links(const FiledPost& filed, Timestamp now) {
    if (filed.topic_ids.empty()) return;
    add(links_, filed.post, std::span(filed.topic_ids), time_text(now));
  }
  void put_search(const FiledPost& filed) { add(search_, filed.post, filed.document.body, filed.document.terms); }

  /// These make the statements of what was gathered.
  void write_posts(std::vector<Statement>& to) { write(to, Query::posts_insert, posts_.take()); }
  /// Details and media.
  void write_facts(std::vector<Statement>& to) {
    write(to, Query::post_details_put, details_.take());
    write(to, Query::post_media_insert, media_.take());
  }
  void write_links(std::vector<Statement>& to) { write(to, Query::post_links_put, links_.take()); }
  /// To be written last: every statement that may write more than one row makes FTS5 write out what it has gathered.
  void write_search(std::vector<Statement>& to) { write(to, Query::post_search_put, search_.take()); }

 private:
  template <class... Columns>
  static void add(JsonRows& rows, const Post& post, const Columns&... columns) {
    constexpr std::optional<std::string_view> kNoText;
    if (post.id != 0) {
      rows.add(std::int64_t{post.id}, kNoText, kNoText, columns...);
    } else {
      rows.add(kNoText, post.external_id, post.platform, columns...);
    }
  }
  static void write(std::vector<Statement>& to, Query query, const std::vector<std::string>& texts) {
    for (const auto& text : texts) to.push_back({sql(query), {text}});
  }

  JsonRows posts_;
  JsonRows details_;
  JsonRows media_;
  JsonRows links_;
  JsonRows search_;
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
  Filing filing;
  std::vector<Statement> updates;
  std::vector<std::int64_t> updated;
  for (std::size_t i = 0; i < posts.size(); ++i) {
    if (stored_of[i] == nullptr && was_removed[i]) {
      ++counts.unchanged;
      ++counts.kept_out;
      continue;
    }
    if (stored_of[i] == nullptr) {
      ++counts.added;
      const auto& post = posts[i].post;
      filing.insert(post);
      filing.put_details(post);
      filing.put_media(post);
      filing.put_links(posts[i], post.fetched_at);
      filing.put_search(posts[i]);
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
    updates.push_back({sql(Query::post_update),
                       {merged.id, merged.content, merged.author, merged.author_username,
                        stored_time(merged.created_at), merged.url}});
    filing.put_details(merged);
    if (stored_of[i]->media != merged.media) {
      updates.push_back({sql(Query::post_delete_media), {merged.id}});
      filing.put_media(merged);
    }
    updated.push_back(merged.id);
  }
  if (counts.added + counts.updated == 0) return counts;
  std::vector<Statement> statements;
  statements.push_back({sql(Query::filing_begin), {revision.revision, revision.rules}});
  filing.write_posts(statements);
  std::move(updates.begin(), updates.end(), std::back_inserter(statements));
  filing.write_facts(statements);
  filing.write_links(statements);
  statements.push_back({sql(Query::filing_end), {}});
  if (!updated.empty()) statements.push_back({sql(Query::post_unfiled_put), {to_json(updated)}});
  filing.write_search(statements);
  OFFX_TRY(client_.batch(statements, db::Mode::write));
  return counts;
}

Result<void> PostRepository::file(std::span<const FiledPost> posts, RuleRevision revision, Timestamp now) {
  if (posts.empty()) return {};
  Filing filing;
  std::vector<Statement> statements;
  statements.push_back({sql(Query::filing_begin), {revision.revision, revision.rules}});
  std::vector<std::int64_t> ids;
  for (const auto& filed : posts) {
    // The epoch stands for a date nobody could read: it stays as it was written.
    if (filed.post.created_at != Timestamp{}) {
      statements.push_back({sql(Query::post_created_at_set), {filed.post.id, stored_time(filed.post.created_at)}});
    }
    statements.push_back({sql(Query::post_links_delete_stale), {filed.post.id, to_json(filed.topic_ids)}});
    filing.put_details(filed.post);
    filing.put_links(filed, now);
    filing.put_search(filed);
    ids.push_back(filed.post.id);
  }
  filing.write_facts(statements);
  filing.write_links(statements);
  statements.push_back({sql(Query::post_unfiled_delete), {to_json(ids)}});
  statements.push_back({sql(Query::filing_end), {}});
  filing.write_search(statements);
  OFFX_TRY(client_.batch(statements, db::Mode::write));
  return {};
}

Result<void> PostRepository::index(std::span<const FiledPost> posts) {
  if (posts.empty()) return {};
  Filing filing;
  for (const auto& filed : posts) filing.put_search(filed);
  std::vector<Statement> statements;
  filing.write_search(statements);
  OFFX_TRY(client_.batch(statements, db::Mode::write));
  return {};
}

}  // namespace offx::store
