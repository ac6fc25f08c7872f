#include "store/catalogue.h"

#include <array>
#include <string>

#include "base/assert.h"
#include "store/tables.h"

namespace offx::store {
namespace {

// The columns of a post as row_to_post() in rows.cpp reads them.
#define OFFX_POST_COLUMNS                                                                                        \
  "p.id, p.external_id, p.content, p.author, p.author_username, p.platform, p.created_at, p.fetched_at, p.url, " \
  "d.lang, d.author_id, d.conversation_id, d.reply_to, d.is_reply, d.is_repost, d.is_quote, d.reference_id, "    \
  "d.reposted_by, d.quoted_text, d.links, d.content_warning, d.html, d.is_private, d.edited_at "
#define OFFX_POST_DETAILS "LEFT JOIN {post_details} AS d ON d.post_id = p.id "
// The parameters ?1 to ?4 of every page: platform, since, and the post the page ends before (its time and id).
// Bounds are written so that each is a range of the index: '~' sorts behind every time.
#define OFFX_POST_PAGE                                                    \
  "(?1 IS NULL OR p.platform = ?1) AND p.created_at >= coalesce(?2, '') " \
  "AND (p.created_at, p.id) < (coalesce(?3, '~'), coalesce(?4, 0)) "
// ?6 to ?8 of the pages that look at more: author (display name, or user name without regard to case), language, and a
// kind of media.
#define OFFX_POST_FILTER                                                                        \
  "(?6 IS NULL OR p.author = ?6 OR p.author_username = ?6 COLLATE NOCASE) "                     \
  "AND (?7 IS NULL OR d.lang = ?7) AND (?8 IS NULL OR EXISTS (SELECT 1 FROM {post_media} AS m " \
  "WHERE m.post_id = p.id AND (?8 = 'any' OR m.media_type = ?8))) "
#define OFFX_POST_OF_TOPIC \
  "(?9 IS NULL OR EXISTS (SELECT 1 FROM {topic_posts} AS l WHERE l.topic_id = ?9 AND l.post_id = p.id)) "
// The rows of ?1, in their order, as j.value. With the limit SQLite makes the text of a row once, without it for each
// column that is taken out of it.
#define OFFX_ROWS "FROM (SELECT value FROM json_each(?1) ORDER BY rowid LIMIT -1) AS j "
// The post a row is about: its id if that is known, else by external id and platform, as it may have been made earlier
// in the same batch.
#define OFFX_POST_OF_ROW                                                               \
  "coalesce(j.value ->> 0, (SELECT id FROM {posts} WHERE external_id = j.value ->> 1 " \
  "AND platform = j.value ->> 2))"
#define OFFX_TOPIC_COLUMNS "t.id, t.title, t.description, t.created_at, t.updated_at, t.rule, t.is_active, t.color "
// Of so many topics behind one: the next page of them.
#define OFFX_IN_PAGE(id, after, limit)                                                            \
  id " > " after " AND " id " <= (SELECT max(id) FROM (SELECT id FROM {topics} WHERE id > " after \
     " ORDER BY id LIMIT " limit ")) "
#define OFFX_SUMMARY_COLUMNS                                                                                    \
  "s.id, s.topic_id, s.content, s.prompt, s.post_count, s.created_at, s.time_period_start, s.time_period_end, " \
  "e.engine, e.input_hash, e.sentences, e.sentiment "
#define OFFX_JOB_COLUMNS \
  "id, name, kind, title, schedule, time_zone, enabled, options, next_due_at, created_at, updated_at "
#define OFFX_RUN_COLUMNS                                                                                        \
  "id, job_id, kind, title, options, state, attempt, due_at, fence, beat, owner, cancel_requested, "            \
  "progress_done, progress_total, progress_unit, message, result, error, started_at, finished_at, created_at, " \
  "created_by, ready_at "
#define OFFX_SUMMARY_TABLES \
  "FROM {summarizations} AS s LEFT JOIN {summarization_details} AS e ON e.summarization_id = s.id "

#define OFFX_USER_COLUMNS "id, username, password_hash, is_admin, created_at, last_login_at "

using db::Value;
const Value kNull;
const Value kTime = std::string("2026-01-01 00:00:00");

const std::array<QueryDefinition, static_cast<std::size_t>(Query::count_)>& definitions() {
  static const std::array<QueryDefinition, static_cast<std::size_t>(Query::count_)> kDefinitions = {{
      {Query::schema_names, "schema.names", "SELECT name FROM sqlite_schema ORDER BY name", {}, false},
      // Each unique index over all rows with each of its columns.
      {Query::schema_unique_keys_of,
       "schema.unique_keys_of",
       "SELECT l.name, i.name FROM pragma_index_list(?1) AS l, pragma_index_info(l.name) AS i "
       "WHERE l.\"unique\" = 1 AND l.partial = 0 ORDER BY l.name, i.name",
       {"sample"},
       false},
      // These take over a database of the first OffX, in which nothing may make posts unique.
      {Query::posts_make_unique,
       "posts.make_unique",
       "CREATE UNIQUE INDEX IF NOT EXISTS idx_posts_platform_external_id ON {posts} (platform, external_id)",
       {},
       true},
      {Query::unfiled_posts_note_all,
       "unfiled_posts.note_all",
       "INSERT INTO {unfiled_posts} (post_id) SELECT id FROM {posts} WHERE true ON CONFLICT (post_id) DO NOTHING",
       {},
       true},
      {Query::topic_timeline_fill,
       "topic_timeline.fill",
       "INSERT INTO {topic_timeline} (topic_id, created_at, post_id) SELECT l.topic_id, p.created_at, p.id "
       "FROM {topic_posts} AS l JOIN {posts} AS p ON p.id = l.post_id WHERE true "
       "ON CONFLICT (topic_id, created_at, post_id) DO NOTHING",
       {},
       true},
      // Likewise, of a database of a release before these tables.
      {Query::topic_totals_fill,
       "topic_totals.fill",
       "INSERT INTO {topic_totals} (topic_id, posts) SELECT topic_id, count(*) FROM {topic_timeline} WHERE true "
       "GROUP BY topic_id ON CONFLICT (topic_id) DO NOTHING",
       {},
       true},
      {Query::topic_volume_fill,
       "topic_volume.fill",
       "INSERT INTO {topic_volume} (topic_id, hour, posts, revision) SELECT topic_id, substr(created_at, 1, 13) AS h, "
       "count(*), 1 FROM {topic_timeline} WHERE true GROUP BY topic_id, h ON CONFLICT (topic_id, hour) DO NOTHING",
       {},
       true},

      {Query::topic_insert,
       "topics.insert",
       "INSERT INTO {topics} (title, description, rule, is_active, color, created_at, updated_at) "
       "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
       {"Sample", kNull, "sample", 1, "#3498db", kTime},
       true},
      {Query::topic_update,
       "topics.update",
       "UPDATE {topics} SET title = ?2, description = ?3, rule = ?4, is_active = ?5, color = ?6, updated_at = ?7 "
       "WHERE id = ?1",
       {1, "Sample", kNull, "sample", 1, "#3498db", kTime},
       true},
      {Query::topic_delete, "topics.delete", "DELETE FROM {topics} WHERE id = ?1", {0}, true},
      {Query::topic_get, "topics.get", "SELECT " OFFX_TOPIC_COLUMNS "FROM {topics} AS t WHERE t.id = ?1", {1}, false},
      {Query::topic_get_several,
       "topics.get_several",
       "SELECT " OFFX_TOPIC_COLUMNS "FROM {topics} AS t WHERE t.id IN (SELECT value FROM json_each(?1)) ORDER BY t.id",
       {"[1]"},
       false},
      {Query::topic_find_by_title,
       "topics.find_by_title",
       "SELECT " OFFX_TOPIC_COLUMNS "FROM {topics} AS t WHERE t.title = ?1 COLLATE NOCASE ORDER BY t.id",
       {"Sample"},
       false},
      {Query::topic_list,
       "topics.list",
       "SELECT " OFFX_TOPIC_COLUMNS "FROM {topics} AS t WHERE t.id > ?1 ORDER BY t.id LIMIT ?2",
       {0, 10},
       false},
      {Query::topic_rule_put,
       "topic_rules.put",
       "INSERT INTO {topic_rules} (topic_id, revision, updated_at) "
       "SELECT id, max(?3, (SELECT coalesce(max(revision), 0) + 1 FROM {topic_rules})), ?2 FROM {topics} "
       "WHERE id = coalesce(?1, (SELECT max(id) FROM {topics})) "
       "ON CONFLICT (topic_id) DO UPDATE SET revision = excluded.revision, is_filed = 0, "
       "updated_at = excluded.updated_at",
       {1, kTime, 0},
       true},
      {Query::topic_rule_delete, "topic_rules.delete", "DELETE FROM {topic_rules} WHERE topic_id = ?1", {0}, true},
      // Together these tell every change of the rules, a deletion too: a revision is never given twice, as it is the
      // time in milliseconds or, within one, the next number.
      {Query::topic_rule_revision,
       "topic_rules.revision",
       "SELECT coalesce(max(revision), 0), count(*) FROM {topic_rules}",
       {},
       false},
      {Query::topic_rules_not_filed,
       "topic_rules.not_filed",
       "SELECT r.topic_id FROM {topic_rules} AS r JOIN {topics} AS t ON t.id = r.topic_id "
       "WHERE r.is_filed = 0 AND t.is_active = 1 ORDER BY r.topic_id",
       {},
       false},
      {Query::topic_rule_filed,
       "topic_rules.filed",
       "UPDATE {topic_rules} SET is_filed = 1 WHERE topic_id = ?1 AND (SELECT rule FROM {topics} WHERE id = ?1) IS ?2",
       {0, "sample"},
       true},
      // Of one topic or of all. It is being filed as long as the posts of before its rule are not.
      {Query::topic_totals_list,
       "topic_totals.list",
       "SELECT t.id, coalesce(n.posts, 0), (SELECT max(s.created_at) FROM {summarizations} AS s WHERE s.topic_id = "
       "t.id), "
       "t.is_active = 1 AND coalesce(r.is_filed, 1) = 0 FROM {topics} AS t LEFT JOIN {topic_totals} AS n "
       "ON n.topic_id = t.id LEFT JOIN {topic_rules} AS r ON r.topic_id = t.id WHERE ?1 IS NULL OR t.id = ?1 ORDER BY "
       "t.id",
       {kNull},
       false},

      // Present only if the rules are still those the topics were computed with; otherwise the triggers note the posts
      // as unfiled, and they are filed by the new rules later.
      {Query::filing_begin,
       "filing.begin",
       "INSERT INTO {filing} (id) SELECT 1 WHERE (SELECT coalesce(max(revision), 0) FROM {topic_rules}) = ?1 "
       "AND (SELECT count(*) FROM {topic_rules}) = ?2 ON CONFLICT (id) DO NOTHING",
       {0, 0},
       true},
      {Query::filing_end, "filing.end", "DELETE FROM {filing}", {}, true},
      {Query::posts_existing,
       "posts.existing",
       "SELECT j.key, " OFFX_POST_COLUMNS "FROM json_each(?1) AS j JOIN {posts} AS p ON p.external_id = j.value ->> 0 "
       "AND p.platform = j.value ->> 1 " OFFX_POST_DETAILS "ORDER BY j.key",
       {R"([["a","x"]])"},
       false},
      // Of posts nobody has stored yet: if another process was faster they are refused, and looked at again. Ids are
      // given in the order of the rows.
      {Query::posts_insert,
       "posts.insert",
       "INSERT INTO {posts} (external_id, content, author, author_username, platform, created_at, fetched_at, url) "
       "SELECT j.value ->> 0, j.value ->> 1, j.value ->> 2, j.value ->> 3, j.value ->> 4, j.value ->> 5, "
       "j.value ->> 6, j.value ->> 7 " OFFX_ROWS,
       {R"([["a","text","","","x","2026-01-01 00:00:00","2026-01-01 00:00:00",""]])"},
       true},
      {Query::post_update,
       "posts.update",
       "UPDATE {posts} SET content = ?2, author = ?3, author_username = ?4, created_at = ?5, url = ?6 WHERE id = ?1",
       {0, "text", kNull, kNull, kTime, kNull},
       true},
      // A row may end before its last columns.
      {Query::post_details_put,
       "post_details.put",
       "INSERT INTO {post_details} (post_id, lang, author_id, conversation_id, reply_to, is_reply, is_repost, "
       "is_quote, reference_id, reposted_by, quoted_text, links, content_warning, html, is_private, edited_at) "
       "SELECT " OFFX_POST_OF_ROW
       ", j.value ->> 3, j.value ->> 4, j.value ->> 5, j.value ->> 6, coalesce(j.value ->> 7, 0), "
       "coalesce(j.value ->> 8, 0), coalesce(j.value ->> 9, 0), j.value ->> 10, j.value ->> 11, j.value ->> 12, "
       "j.value ->> 13, j.value ->> 14, j.value ->> 15, coalesce(j.value ->> 16, 0), j.value ->> 17 " OFFX_ROWS
       "WHERE true ON CONFLICT (post_id) DO UPDATE SET "
       "lang = excluded.lang, author_id = excluded.author_id, conversation_id = excluded.conversation_id, "
       "reply_to = excluded.reply_to, is_reply = excluded.is_reply, is_repost = excluded.is_repost, "
       "is_quote = excluded.is_quote, reference_id = excluded.reference_id, reposted_by = excluded.reposted_by, "
       "quoted_text = excluded.quoted_text, links = excluded.links, content_warning = excluded.content_warning, "
       "html = excluded.html, is_private = excluded.is_private, edited_at = excluded.edited_at",
       {R"([[null,"a","x","en"]])"},
       true},
      {Query::post_media_insert,
       "post_media.insert",
       "INSERT INTO {post_media} (post_id, media_url, media_type, alt_text, created_at) "
       "SELECT " OFFX_POST_OF_ROW ", j.value ->> 3, j.value ->> 4, j.value ->> 5, j.value ->> 6 " OFFX_ROWS,
       {R"([[null,"a","x","https://example.org/a.png","image",null,"2026-01-01 00:00:00"]])"},
       true},
      // Only links that a rule made may go: a topic without a rule is filed by hand, one that is switched off stays as
      // it was.
      {Query::post_links_delete_stale,
       "topic_posts.delete_stale",
       "DELETE FROM {topic_posts} WHERE post_id = ?1 AND topic_id IN "
       "(SELECT r.topic_id FROM {topic_rules} AS r JOIN {topics} AS t ON t.id = r.topic_id WHERE t.is_active = 1) "
       "AND topic_id NOT IN (SELECT value FROM json_each(?2))",
       {0, "[]"},
       true},
      // A topic may have been removed since its rule matched.
      {Query::post_links_put,
       "topic_posts.put",
       "INSERT INTO {topic_posts} (topic_id, post_id, added_at) SELECT t.id, " OFFX_POST_OF_ROW
       ", j.value ->> 4 " OFFX_ROWS
       "CROSS JOIN json_each(j.value, '$[3]') AS l CROSS JOIN {topics} AS t ON t.id = l.value "
       "WHERE true ON CONFLICT (topic_id, post_id) DO NOTHING",
       {R"([[null,"a","x",[1],"2026-01-01 00:00:00"]])"},
       true},
      {Query::post_links_of_topic_delete,
       "topic_posts.delete_of_topic",
       "DELETE FROM {topic_posts} WHERE topic_id = ?1",
       {0},
       true},
      // Both only as long as the rule is the one that the posts were looked at with: who is late changes nothing.
      {Query::post_links_of_topic_delete_others,
       "topic_posts.delete_others_of_topic",
       "DELETE FROM {topic_posts} WHERE topic_id = ?1 AND post_id <= ?3 "
       "AND post_id NOT IN (SELECT value FROM json_each(?2)) AND (SELECT rule FROM {topics} WHERE id = ?1) IS ?4",
       {0, "[]", 0, "sample"},
       true},
      {Query::post_links_of_topic_put,
       "topic_posts.put_of_topic",
       "INSERT INTO {topic_posts} (topic_id, post_id, added_at) SELECT t.id, p.id, ?3 FROM json_each(?2) AS j "
       "JOIN {posts} AS p ON p.id = j.value JOIN {topics} AS t ON t.id = ?1 WHERE t.rule IS ?4 "
       "ON CONFLICT (topic_id, post_id) DO NOTHING",
       {1, "[]", kTime, "sample"},
       true},
      // Posts filed by rules that have changed meanwhile stay unfiled: there is then no row in filing.
      {Query::post_unfiled_delete,
       "unfiled_posts.delete",
       "DELETE FROM {unfiled_posts} WHERE EXISTS (SELECT 1 FROM {filing}) "
       "AND post_id IN (SELECT value FROM json_each(?1))",
       {"[0]"},
       true},
      {Query::post_unfiled_put,
       "unfiled_posts.put",
       "INSERT INTO {unfiled_posts} (post_id) SELECT value FROM json_each(?1) WHERE true "
       "ON CONFLICT (post_id) DO NOTHING",
       {"[]"},
       true},
      // In the order of ids, else FTS5 writes out what it has gathered at each row that goes back.
      {Query::post_search_put,
       "post_search.put",
       "INSERT OR REPLACE INTO {post_search} (rowid, body, terms) "
       "SELECT " OFFX_POST_OF_ROW ", j.value ->> 3, j.value ->> 4 " OFFX_ROWS,
       {R"([[null,"a","x","text",""]])"},
       true},
      {Query::post_search_last,
       "post_search.last",
       "SELECT rowid FROM {post_search} ORDER BY rowid DESC LIMIT 1",
       {},
       false},
      {Query::post_created_at_set,
       "posts.set_created_at",
       "UPDATE {posts} SET created_at = ?2 WHERE id = ?1",
       {0, kTime},
       true},
      {Query::post_get,
       "posts.get",
       "SELECT " OFFX_POST_COLUMNS "FROM {posts} AS p " OFFX_POST_DETAILS "WHERE p.id = ?1",
       {1},
       false},
      {Query::post_find,
       "posts.find",
       "SELECT " OFFX_POST_COLUMNS "FROM {posts} AS p " OFFX_POST_DETAILS
       "WHERE p.external_id = ?1 AND p.platform = ?2",
       {"a", "x"},
       false},
      {Query::post_delete_links,
       "topic_posts.delete_of_post",
       "DELETE FROM {topic_posts} WHERE post_id = ?1",
       {0},
       true},
      {Query::post_delete_media, "post_media.delete_of_post", "DELETE FROM {post_media} WHERE post_id = ?1", {0}, true},
      {Query::post_delete_search,
       "post_search.delete_of_post",
       "DELETE FROM {post_search} WHERE rowid = ?1",
       {0},
       true},
      {Query::post_delete, "posts.delete", "DELETE FROM {posts} WHERE id = ?1", {0}, true},
      // The index is named, lest a database without statistics picks the one on platform and sorts.
      {Query::posts_page,
       "posts.page",
       "SELECT " OFFX_POST_COLUMNS "FROM {posts} AS p INDEXED BY idx_posts_created_at " OFFX_POST_DETAILS
       "WHERE " OFFX_POST_PAGE "ORDER BY p.created_at DESC, p.id DESC LIMIT ?5",
       {kNull, kNull, kNull, kNull, 10},
       false},
      {Query::posts_page_filtered,
       "posts.page_filtered",
       "SELECT " OFFX_POST_COLUMNS "FROM {posts} AS p INDEXED BY idx_posts_created_at " OFFX_POST_DETAILS
       "WHERE " OFFX_POST_PAGE "AND " OFFX_POST_FILTER "ORDER BY p.created_at DESC, p.id DESC LIMIT ?5",
       {kNull, kNull, kNull, kNull, 10, "a", "en", "any"},
       false},
      {Query::posts_page_of_topic,
       "posts.page_of_topic_filtered",
       "SELECT " OFFX_POST_COLUMNS
       "FROM {topic_timeline} AS l CROSS JOIN {posts} AS p ON p.id = l.post_id " OFFX_POST_DETAILS
       "WHERE l.topic_id = ?9 AND l.created_at >= coalesce(?2, '') "
       "AND (l.created_at, l.post_id) < (coalesce(?3, '~'), coalesce(?4, 0)) AND (?1 IS NULL OR p.platform = ?1) "
       "AND " OFFX_POST_FILTER "ORDER BY l.created_at DESC, l.post_id DESC LIMIT ?5",
       {kNull, kNull, kNull, kNull, 10, kNull, kNull, kNull, 1},
       false},
      // Of the few posts that can be meant: ?10.
      {Query::posts_page_of_ids,
       "posts.page_of_ids",
       "SELECT " OFFX_POST_COLUMNS
       "FROM json_each(?10) AS j CROSS JOIN {posts} AS p ON p.id = j.value " OFFX_POST_DETAILS "WHERE " OFFX_POST_PAGE
       "AND " OFFX_POST_FILTER "AND " OFFX_POST_OF_TOPIC "ORDER BY p.created_at DESC, p.id DESC LIMIT ?5",
       {kNull, kNull, kNull, kNull, 10, kNull, kNull, kNull, kNull, "[1]"},
       false},
      {Query::posts_candidates,
       "post_search.candidates",
       "SELECT rowid FROM {post_search} WHERE {post_search} MATCH ?1 ORDER BY rowid LIMIT ?2",
       {"text", 10},
       false},
      {Query::posts_candidates_of_author,
       "posts.candidates_of_author",
       "SELECT id FROM {posts} WHERE author = ?1 ORDER BY id DESC LIMIT ?2",
       {"a", 10},
       false},
      {Query::posts_candidates_with_media,
       "post_media.candidates",
       "SELECT DISTINCT post_id FROM {post_media} INDEXED BY idx_post_media_post_id WHERE ?1 = 'any' OR media_type = "
       "?1 "
       "ORDER BY post_id DESC LIMIT ?2",
       {"any", 10},
       false},
      // The ones stored last come first: the full-text index gives them in this order without sorting.
      {Query::posts_like,
       "posts.like",
       "SELECT " OFFX_POST_COLUMNS "FROM (SELECT rowid AS id FROM {post_search} WHERE {post_search} MATCH ?1 "
       "ORDER BY rowid DESC LIMIT ?2) AS f CROSS JOIN {posts} AS p ON p.id = f.id " OFFX_POST_DETAILS
       "ORDER BY p.id DESC",
       {"text", 10},
       false},
      {Query::posts_unfiled_ids,
       "unfiled_posts.ids",
       "SELECT post_id FROM {unfiled_posts} ORDER BY post_id LIMIT ?1",
       {10},
       false},
      {Query::posts_in_period_of_topic,
       "posts.in_period_of_topic",
       "SELECT " OFFX_POST_COLUMNS
       "FROM {topic_timeline} AS l CROSS JOIN {posts} AS p ON p.id = l.post_id " OFFX_POST_DETAILS
       "WHERE l.topic_id = ?1 AND (l.created_at, l.post_id) > (?2, ?4) AND l.created_at < ?3 "
       "ORDER BY l.created_at, l.post_id LIMIT ?5",
       {1, kTime, kTime, 0, 10},
       false},
      {Query::posts_search_newest,
       "posts.search_newest_filtered",
       "SELECT " OFFX_POST_COLUMNS "FROM {post_search} AS f JOIN {posts} AS p ON p.id = f.rowid " OFFX_POST_DETAILS
       "WHERE f.{post_search} MATCH ?10 AND " OFFX_POST_PAGE "AND " OFFX_POST_FILTER "AND " OFFX_POST_OF_TOPIC
       "ORDER BY p.created_at DESC, p.id DESC LIMIT ?5",
       {kNull, kNull, kNull, kNull, 10, kNull, kNull, kNull, kNull, "text"},
       false},
      // What many posts fulfil: the newest of them are soon met on the way along the index over time.
      {Query::posts_search_along_time,
       "posts.search_along_time",
       "SELECT " OFFX_POST_COLUMNS "FROM {posts} AS p INDEXED BY idx_posts_created_at " OFFX_POST_DETAILS
       "WHERE p.id IN (SELECT rowid FROM {post_search} WHERE {post_search} MATCH ?10) AND " OFFX_POST_PAGE
       "AND " OFFX_POST_FILTER "AND " OFFX_POST_OF_TOPIC "ORDER BY p.created_at DESC, p.id DESC LIMIT ?5",
       {kNull, kNull, kNull, kNull, 10, kNull, kNull, kNull, kNull, "text"},
       false},
      // The time ?3 posts further back than the post ?1, ?2: where that way is to end. No page is found by it.
      {Query::posts_time_further_back,
       "posts.time_further_back",
       "SELECT created_at FROM {posts} INDEXED BY idx_posts_created_at WHERE (created_at, id) < "
       "(coalesce(?1, '~'), coalesce(?2, 0)) ORDER BY created_at DESC, id DESC LIMIT 1 OFFSET ?3",
       {kNull, kNull, 10},
       false},
      // By relevance there is no key to go on from: one page of the best.
      {Query::posts_search_best,
       "posts.search_best_filtered",
       "SELECT " OFFX_POST_COLUMNS "FROM {post_search} AS f JOIN {posts} AS p ON p.id = f.rowid " OFFX_POST_DETAILS
       "WHERE f.{post_search} MATCH ?10 AND " OFFX_POST_PAGE "AND " OFFX_POST_FILTER "AND " OFFX_POST_OF_TOPIC
       "ORDER BY f.rank, p.id LIMIT ?5",
       {kNull, kNull, kNull, kNull, 10, kNull, kNull, kNull, kNull, "text"},
       false},
      {Query::posts_after_id,
       "posts.after_id",
       "SELECT " OFFX_POST_COLUMNS "FROM {posts} AS p " OFFX_POST_DETAILS "WHERE p.id > ?1 ORDER BY p.id LIMIT ?2",
       {0, 10},
       false},
      {Query::posts_unfiled,
       "unfiled_posts.with_posts",
       "SELECT " OFFX_POST_COLUMNS
       "FROM {unfiled_posts} AS u CROSS JOIN {posts} AS p ON p.id = u.post_id " OFFX_POST_DETAILS
       "ORDER BY u.post_id LIMIT ?1",
       {10},
       false},
      {Query::posts_media_of,
       "post_media.with_id_of_posts",
       "SELECT m.post_id, m.media_url, m.media_type, m.alt_text, m.id FROM json_each(?1) AS j "
       "CROSS JOIN {post_media} AS m ON m.post_id = j.value ORDER BY m.post_id, m.id",
       {"[1]"},
       false},
      {Query::posts_labels_of,
       "topic_posts.labels_of_posts",
       "SELECT l.post_id, t.id, t.title, t.color FROM json_each(?1) AS j CROSS JOIN {topic_posts} AS l "
       "ON l.post_id = j.value CROSS JOIN {topics} AS t ON t.id = l.topic_id ORDER BY l.post_id, t.id",
       {"[1]"},
       false},
      // Three questions, each answered by an index alone; as one they would be answered by reading all rows.
      {Query::posts_count,
       "posts.count",
       "SELECT (SELECT count(*) FROM {posts}), (SELECT min(created_at) FROM {posts}), "
       "(SELECT max(created_at) FROM {posts})",
       {},
       false},
      {Query::posts_per_day,
       "posts.counted_per_day",
       "SELECT substr(created_at, 1, 10) AS day, count(*) FROM {posts} "
       "WHERE created_at >= coalesce(?1, '') AND created_at < coalesce(?2, '~') GROUP BY day ORDER BY day",
       {kNull, kNull},
       false},
      {Query::posts_per_day_of_topic,
       "posts.per_day_of_topic",
       "SELECT substr(created_at, 1, 10) AS day, count(*) FROM {topic_timeline} "
       "WHERE topic_id = ?3 AND created_at >= coalesce(?1, '') AND created_at < coalesce(?2, '~') GROUP BY day "
       "ORDER BY day",
       {kNull, kNull, 1},
       false},
      {Query::posts_count_by_platform,
       "posts.count_by_platform",
       "SELECT platform, count(*) FROM {posts} GROUP BY platform ORDER BY platform",
       {},
       false},

      {Query::summarization_insert,
       "summarizations.insert",
       "INSERT INTO {summarizations} (topic_id, content, prompt, post_count, created_at, time_period_start, "
       "time_period_end) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
       {1, "text", "engine", 1, kTime, kTime, kTime},
       true},
      // Behind summarization_insert in the same batch.
      {Query::summarization_details_insert,
       "summarization_details.insert",
       "INSERT INTO {summarization_details} (summarization_id, engine, input_hash, sentences, sentiment) "
       "SELECT id, ?1, ?2, ?3, ?4 FROM {summarizations} WHERE true ORDER BY id DESC LIMIT 1 "
       "ON CONFLICT (summarization_id) DO NOTHING",
       {"engine", "hash", "[]", kNull},
       true},
      {Query::summarization_post_insert,
       "summarization_posts.insert",
       "INSERT INTO {summarization_posts} (summarization_id, n, post_id, said_by) "
       "SELECT (SELECT max(id) FROM {summarizations}), ?1, id, ?3 FROM {posts} WHERE id = ?2 "
       "AND EXISTS (SELECT 1 FROM {summarizations}) ON CONFLICT (summarization_id, n) DO NOTHING",
       {1, 0, 1},
       true},
      {Query::summarization_find_same,
       "summarizations.find_same",
       "SELECT " OFFX_SUMMARY_COLUMNS OFFX_SUMMARY_TABLES
       "WHERE s.topic_id = ?1 AND s.time_period_start = ?2 AND s.time_period_end = ?3 AND e.engine = ?4 "
       "AND e.input_hash = ?5 ORDER BY s.id DESC LIMIT 1",
       {1, kTime, kTime, "engine", "hash"},
       false},
      {Query::summarization_get,
       "summarizations.get",
       "SELECT " OFFX_SUMMARY_COLUMNS OFFX_SUMMARY_TABLES "WHERE s.id = ?1",
       {1},
       false},
      {Query::summarization_posts,
       "summarization_posts.of",
       "SELECT c.n, c.said_by, " OFFX_POST_COLUMNS
       "FROM {summarization_posts} AS c JOIN {posts} AS p ON p.id = c.post_id " OFFX_POST_DETAILS
       "WHERE c.summarization_id = ?1 ORDER BY c.n",
       {1},
       false},
      {Query::summarization_list,
       "summarizations.list",
       "SELECT " OFFX_SUMMARY_COLUMNS OFFX_SUMMARY_TABLES
       "WHERE (?1 IS NULL OR s.topic_id = ?1) AND (?2 IS NULL OR s.id < ?2) ORDER BY s.id DESC LIMIT ?3",
       {kNull, kNull, 10},
       false},
      {Query::summarization_delete, "summarizations.delete", "DELETE FROM {summarizations} WHERE id = ?1", {0}, true},
      {Query::summarizations_of_topic_delete,
       "summarizations.delete_of_topic",
       "DELETE FROM {summarizations} WHERE topic_id = ?1",
       {0},
       true},

      {Query::import_insert,
       "imports.insert",
       "INSERT INTO {imports} (id, source, format, started_at, finished_at, posts_added, posts_updated, "
       "posts_unchanged, items_broken) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (id) DO NOTHING",
       {1, "a.jsonl", "jsonl", kTime, kTime, 1, 0, 0, 0},
       true},
      {Query::import_latest,
       "imports.latest",
       "SELECT source, format, started_at, finished_at, posts_added, posts_updated, posts_unchanged, items_broken "
       "FROM {imports} ORDER BY id DESC LIMIT 1",
       {},
       false},

      {Query::job_list, "jobs.list", "SELECT " OFFX_JOB_COLUMNS "FROM {jobs} ORDER BY id", {}, false},
      {Query::job_get, "jobs.get", "SELECT " OFFX_JOB_COLUMNS "FROM {jobs} WHERE id = ?1", {1}, false},
      {Query::job_insert,
       "jobs.insert",
       "INSERT INTO {jobs} (name, kind, title, schedule, time_zone, enabled, options, next_due_at, created_at, "
       "updated_at) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9 WHERE NOT EXISTS (SELECT 1 FROM {jobs} "
       "WHERE kind = ?2 AND title = ?3 AND options = ?7 AND created_at = ?9) ON CONFLICT (name) DO NOTHING",
       {kNull, "cleanup", "Sample", "@daily", "UTC", 1, "{}", kTime, kTime},
       true},
      {Query::job_find_same,
       "jobs.find_same",
       "SELECT id FROM {jobs} WHERE kind = ?1 AND title = ?2 AND options = ?3 AND created_at = ?4 ORDER BY id",
       {"cleanup", "Sample", "{}", kTime},
       false},
      {Query::job_update,
       "jobs.update",
       "UPDATE {jobs} SET title = ?2, schedule = ?3, time_zone = ?4, enabled = ?5, options = ?6, next_due_at = ?7, "
       "updated_at = ?8 WHERE id = ?1",
       {0, "Sample", "@daily", "UTC", 1, "{}", kTime, kTime},
       true},
      {Query::job_delete, "jobs.delete", "DELETE FROM {jobs} WHERE id = ?1 AND name IS NULL", {0}, true},
      // Whoever computed the next time did so from the job as it was; if that has changed meanwhile, nothing happens.
      {Query::job_set_next_due,
       "jobs.set_next_due",
       "UPDATE {jobs} SET next_due_at = ?4 WHERE id = ?1 AND next_due_at IS ?2 AND updated_at = ?3",
       {0, kTime, kTime, kTime},
       true},
      // Before jobs.set_next_due in the same batch. A run that is not over holds back the next: they do not pile up.
      {Query::job_run_insert_due,
       "job_runs.insert_due",
       "INSERT INTO {job_runs} (job_id, kind, title, options, state, due_at, ready_at, created_at, created_by) "
       "SELECT id, kind, title, options, 'waiting', ?4, '', ?5, 'schedule' FROM {jobs} "
       "WHERE id = ?1 AND enabled = 1 AND next_due_at IS ?2 AND updated_at = ?3 "
       "AND NOT EXISTS (SELECT 1 FROM {job_runs} WHERE job_id = ?1 AND finished_at IS NULL) "
       "ON CONFLICT (job_id, due_at) DO NOTHING",
       {0, kTime, kTime, kTime, kTime},
       true},
      {Query::job_run_insert,
       "job_runs.insert",
       "INSERT INTO {job_runs} (job_id, kind, title, options, state, due_at, ready_at, created_at, created_by) "
       "SELECT ?6, ?1, ?2, ?3, 'waiting', ?4, '', ?4, ?5 WHERE NOT EXISTS (SELECT 1 FROM {job_runs} WHERE kind = ?1 "
       "AND title = ?2 AND options = ?3 AND created_at = ?4 AND created_by = ?5 AND job_id IS ?6 "
       "AND finished_at IS NULL) ON CONFLICT (job_id, due_at) DO NOTHING",
       {"cleanup", "Sample", "{}", kTime, "sample", kNull},
       true},
      // Behind job_runs.insert in the same batch.
      {Query::job_run_find_same,
       "job_runs.find_same",
       "SELECT " OFFX_RUN_COLUMNS
       "FROM {job_runs} WHERE kind = ?1 AND title = ?2 AND options = ?3 AND created_at = ?4 AND created_by = ?5 "
       "AND job_id IS ?6 ORDER BY id DESC LIMIT 1",
       {"cleanup", "Sample", "{}", kTime, "sample", kNull},
       false},
      {Query::job_run_get, "job_runs.get", "SELECT " OFFX_RUN_COLUMNS "FROM {job_runs} WHERE id = ?1", {1}, false},
      {Query::job_run_list,
       "job_runs.list",
       "SELECT " OFFX_RUN_COLUMNS "FROM {job_runs} WHERE (?1 IS NULL OR kind = ?1) AND (?2 IS NULL OR state = ?2) "
       "AND id < coalesce(?3, 9223372036854775807) ORDER BY id DESC LIMIT ?4",
       {kNull, kNull, kNull, 10},
       false},
      {Query::job_run_list_of_job,
       "job_runs.list_of_job",
       "SELECT " OFFX_RUN_COLUMNS
       "FROM {job_runs} WHERE job_id = ?1 AND (?2 IS NULL OR kind = ?2) AND (?3 IS NULL OR state = ?3) "
       "AND id < coalesce(?4, 9223372036854775807) ORDER BY id DESC LIMIT ?5",
       {1, kNull, kNull, kNull, 10},
       false},
      {Query::job_run_latest,
       "job_runs.latest_of_jobs",
       "SELECT " OFFX_RUN_COLUMNS
       "FROM {job_runs} WHERE id IN (SELECT (SELECT max(r.id) FROM {job_runs} AS r WHERE r.job_id = j.id) "
       "FROM {jobs} AS j) ORDER BY job_id",
       {},
       false},
      {Query::job_run_cancel,
       "job_runs.cancel",
       "UPDATE {job_runs} SET cancel_requested = 1, "
       "finished_at = CASE WHEN state = 'waiting' THEN ?2 END, "
       "state = CASE WHEN state = 'waiting' THEN 'cancelled' ELSE state END "
       "WHERE id = ?1 AND finished_at IS NULL",
       {0, kTime},
       true},
      {Query::job_runs_cancel_of_job,
       "job_runs.cancel_of_job",
       "UPDATE {job_runs} SET cancel_requested = 1, "
       "finished_at = CASE WHEN state = 'waiting' THEN ?2 END, "
       "state = CASE WHEN state = 'waiting' THEN 'cancelled' ELSE state END "
       "WHERE job_id = ?1 AND finished_at IS NULL",
       {0, kTime},
       true},
      {Query::job_runs_leave_job,
       "job_runs.leave_job",
       "UPDATE {job_runs} SET job_id = NULL WHERE job_id = ?1",
       {0},
       true},
      {Query::job_runs_delete_finished,
       "job_runs.delete_finished",
       "DELETE FROM {job_runs} WHERE id IN (SELECT f.id FROM {job_runs} AS f WHERE f.finished_at < ?1 "
       "AND NOT EXISTS (SELECT 1 FROM {jobs} AS j WHERE j.id = f.job_id "
       "AND f.id = (SELECT max(r.id) FROM {job_runs} AS r WHERE r.job_id = j.id)) ORDER BY f.finished_at, f.id LIMIT "
       "?2)",
       {kTime, 10},
       true},
      // An owner has one run at a time, so asking again after an answer was lost finds what it got. ?3: what is to be
      // tried again later than anything may be was set by a clock that has been put back since.
      {Query::job_run_claim,
       "job_runs.claim",
       "UPDATE {job_runs} SET state = 'running', owner = ?1, fence = fence + 1, beat = 0, attempt = attempt + 1, "
       "started_at = ?2, progress_done = NULL, progress_total = NULL, progress_unit = NULL, message = '' "
       "WHERE id = (SELECT id FROM {job_runs} WHERE state = 'waiting' AND finished_at IS NULL "
       "AND (ready_at <= ?2 OR ready_at > ?3) AND (?4 IS NULL OR id = ?4) "
       "AND kind IN (SELECT value FROM json_each(?5)) ORDER BY ready_at, id LIMIT 1) "
       "AND NOT EXISTS (SELECT 1 FROM {job_runs} WHERE state = 'running' AND finished_at IS NULL AND owner = ?1)",
       {"sample", "2000-01-01 00:00:00", "9999-01-01 00:00:00", 0, "[]"},
       true},
      // Behind job_runs.claim in the same batch.
      {Query::job_run_claimed,
       "job_runs.claimed",
       "SELECT " OFFX_RUN_COLUMNS
       "FROM {job_runs} WHERE state = 'running' AND finished_at IS NULL AND owner = ?1 ORDER BY id LIMIT 1",
       {"sample"},
       false},
      {Query::job_run_renew,
       "job_runs.renew",
       "UPDATE {job_runs} SET beat = ?3, progress_done = ?4, progress_total = ?5, progress_unit = ?6, message = ?7 "
       "WHERE id = ?1 AND fence = ?2 AND state = 'running' RETURNING cancel_requested",
       {0, 1, 1, kNull, kNull, kNull, ""},
       true},
      // Also where it has been done: the answer of a server may be lost. What somebody cancelled does not wait again.
      {Query::job_run_finish,
       "job_runs.finish",
       "UPDATE {job_runs} SET state = CASE WHEN ?3 = 'waiting' AND cancel_requested = 1 THEN 'cancelled' ELSE ?3 END, "
       "message = ?4, result = ?5, error = ?6, "
       "finished_at = CASE WHEN ?3 <> 'waiting' OR cancel_requested = 1 THEN ?7 END, ready_at = ?8, attempt = ?9 "
       "WHERE id = ?1 AND fence = ?2 AND state IN "
       "('running', CASE WHEN ?3 = 'waiting' AND cancel_requested = 1 THEN 'cancelled' ELSE ?3 END)",
       {0, 1, "done", "", kNull, kNull, kTime, "", 1},
       true},
      // By ids the planner would read the whole history, since they come in the right order.
      {Query::job_run_open,
       "job_runs.open",
       "SELECT " OFFX_RUN_COLUMNS
       "FROM {job_runs} INDEXED BY idx_job_runs_open WHERE finished_at IS NULL ORDER BY id LIMIT 1000",
       {},
       false},
      {Query::job_run_take_away,
       "job_runs.take_away",
       "UPDATE {job_runs} SET state = CASE WHEN ?4 = 'waiting' AND cancel_requested = 1 THEN 'cancelled' ELSE ?4 END, "
       "message = ?5, error = ?6, finished_at = CASE WHEN ?4 <> 'waiting' OR cancel_requested = 1 THEN ?7 END, "
       "ready_at = ?8, fence = fence + 1 "
       "WHERE id = ?1 AND fence = ?2 AND beat = ?3 AND state = 'running'",
       {0, 1, 0, "waiting", "", kNull, kNull, ""},
       true},
      // First in a batch of a run's effects. Unless the run is there and its owner's, it inserts one whose owner is
      // NULL: that is refused, and everything with it.
      {Query::job_run_guard,
       "job_runs.guard",
       "INSERT INTO {job_runs} (kind, title, state, due_at, ready_at, owner, created_at, created_by) "
       "SELECT '', '', '', '', '', NULL, '', '' "
       "WHERE NOT EXISTS (SELECT 1 FROM {job_runs} WHERE id = ?1 AND fence = ?2 AND state = 'running')",
       {0, 1},
       true},
      // For the clean-up; a page may be empty although there are more.
      {Query::posts_before,
       "posts.before",
       "SELECT p.id, p.created_at, EXISTS (SELECT 1 FROM {summarization_posts} AS c WHERE c.post_id = p.id) "
       "FROM {posts} AS p INDEXED BY idx_posts_created_at WHERE p.created_at < ?1 AND (p.created_at, p.id) > (?2, ?3) "
       "ORDER BY p.created_at, p.id LIMIT ?4",
       {kTime, "", 0, 10},
       false},

      {Query::import_list,
       "imports.list",
       "SELECT source, format, started_at, finished_at, posts_added, posts_updated, posts_unchanged, items_broken, id "
       "FROM {imports} WHERE ?1 IS NULL OR id < ?1 ORDER BY id DESC LIMIT ?2",
       {kNull, 10},
       false},

      // By hour, with what is known of the mood: NULL where it is not, or not any more.
      {Query::topic_volume_series,
       "topic_volume.series",
       "SELECT v.hour, v.posts, v.revision, m.score_sum, m.positive, m.negative FROM {topic_volume} AS v "
       "LEFT JOIN {topic_mood} AS m ON m.topic_id = v.topic_id AND m.hour = v.hour AND m.posts = v.posts "
       "AND m.revision = v.revision WHERE v.topic_id = ?1 AND v.hour >= ?2 AND v.hour < ?3 AND v.posts > 0 "
       "ORDER BY v.hour",
       {1, "2026-01-01 00", "2026-01-02 00"},
       false},
      // Of every topic, over the spans of hours in ?1: [["from","until"],…]. Read as JSON only once.
      // All hours of a topic in one text: to give out a row for each takes longer than to read it.
      {Query::topic_volume_hours,
       "topic_volume.hours",
       "SELECT t.id, group_concat(v.hour || '=' || v.posts) FROM {topics} AS t CROSS JOIN {topic_volume} AS v "
       "ON v.topic_id = t.id AND v.hour >= ?1 AND v.hour < ?2 WHERE " OFFX_IN_PAGE("t.id", "?3", "?4") "GROUP BY t.id",
       {"2026-01-01 00", "2026-01-02 00", 0, 10},
       false},
      {Query::topic_mood_sums,
       "topic_mood.sums",
       "SELECT t.id, sum(m.posts), sum(m.score_sum) FROM {topics} AS t CROSS JOIN {topic_volume} AS v "
       "ON v.topic_id = t.id AND v.hour >= ?1 AND v.hour < ?2 AND v.posts > 0 CROSS JOIN {topic_mood} AS m "
       "ON m.topic_id = v.topic_id AND m.hour = v.hour AND m.posts = v.posts AND m.revision = v.revision "
       "WHERE " OFFX_IN_PAGE("t.id", "?3", "?4") "GROUP BY t.id",
       {"2026-01-01 00", "2026-01-02 00", 0, 10},
       false},
      // Hours whose mood is not known, the newest first.
      {Query::topic_volume_stale,
       "topic_volume.stale",
       "SELECT v.topic_id, v.hour, v.posts, v.revision FROM {topics} AS t CROSS JOIN {topic_volume} AS v "
       "ON v.topic_id = t.id WHERE (?1 IS NULL OR t.id = ?1) AND v.hour >= ?2 AND v.posts > 0 AND NOT EXISTS "
       "(SELECT 1 FROM {topic_mood} AS m WHERE m.topic_id = v.topic_id AND m.hour = v.hour AND m.posts = v.posts "
       "AND m.revision = v.revision) ORDER BY v.hour DESC, v.topic_id LIMIT ?3",
       {kNull, "", 10},
       false},
      {Query::topic_volume_forget,
       "topic_volume.delete_of_topic",
       "DELETE FROM {topic_volume} WHERE topic_id = ?1",
       {0},
       true},
      {Query::topic_total_forget,
       "topic_totals.delete_of_topic",
       "DELETE FROM {topic_totals} WHERE topic_id = ?1",
       {0},
       true},
      {Query::topic_totals_forget_orphans,
       "topic_totals.delete_orphans",
       "DELETE FROM {topic_totals} WHERE topic_id NOT IN (SELECT id FROM {topics})",
       {},
       true},
      {Query::topic_volume_forget_orphans,
       "topic_volume.delete_orphans",
       "DELETE FROM {topic_volume} WHERE topic_id NOT IN (SELECT id FROM {topics})",
       {},
       true},
      // Only for the posts that it was worked out from.
      {Query::topic_mood_put,
       "topic_mood.put",
       "INSERT INTO {topic_mood} (topic_id, hour, posts, revision, score_sum, positive, negative) "
       "SELECT topic_id, hour, posts, revision, ?5, ?6, ?7 FROM {topic_volume} WHERE topic_id = ?1 AND hour = ?2 "
       "AND posts = ?3 AND revision = ?4 ON CONFLICT (topic_id, hour) DO UPDATE SET posts = excluded.posts, "
       "revision = excluded.revision, score_sum = excluded.score_sum, positive = excluded.positive, "
       "negative = excluded.negative",
       {1, "2026-01-01 00", 1, 1, 0.5, 1, 0},
       true},
      {Query::topic_mood_forget,
       "topic_mood.delete_of_topic",
       "DELETE FROM {topic_mood} WHERE topic_id = ?1",
       {0},
       true},
      {Query::topic_mood_forget_orphans,
       "topic_mood.delete_orphans",
       "DELETE FROM {topic_mood} WHERE topic_id NOT IN (SELECT id FROM {topics})",
       {},
       true},
      // The posts of topics in hours, ?1: [[topic, "hour", "behind the hour"],…].
      {Query::posts_texts_in_hour_of_topic,
       "posts.texts_in_hours",
       "SELECT j.key, p.content FROM json_each(?1) AS j CROSS JOIN {topic_timeline} AS l "
       "ON l.topic_id = (j.value ->> 0) AND l.created_at >= (j.value ->> 1) AND l.created_at < (j.value ->> 2) "
       "CROSS JOIN {posts} AS p ON p.id = l.post_id ORDER BY j.key, l.post_id",
       {R"([[1,"2026-01-01 00","2026-01-01 01"]])"},
       false},
      // Behind the moment ?1; ?2 is the hour after the one that it is in.
      {Query::posts_new_of_topics,
       "topic_timeline.count_since",
       "SELECT t.id, (SELECT count(*) FROM {topic_timeline} AS l WHERE l.topic_id = t.id AND l.created_at > ?1 "
       "AND l.created_at < ?2) + (SELECT coalesce(sum(v.posts), 0) FROM {topic_volume} AS v WHERE v.topic_id = t.id "
       "AND v.hour >= ?2) FROM {topics} AS t WHERE " OFFX_IN_PAGE("t.id", "?3", "?4") "ORDER BY t.id",
       {kTime, "2026-01-01 01", 0, 10},
       false},

      {Query::topic_mark_put,
       "topic_marks.put",
       "INSERT INTO {topic_marks} (user_id, topic_id, done_at) SELECT ?1, id, ?3 FROM {topics} WHERE id = ?2 "
       "ON CONFLICT (user_id, topic_id) DO UPDATE SET done_at = excluded.done_at",
       {1, 1, kTime},
       true},
      {Query::topic_mark_delete,
       "topic_marks.delete",
       "DELETE FROM {topic_marks} WHERE user_id = ?1 AND topic_id = ?2",
       {1, 1},
       true},
      {Query::topic_marks_forget,
       "topic_marks.delete_of_topic",
       "DELETE FROM {topic_marks} WHERE topic_id = ?1",
       {0},
       true},
      {Query::topic_marks_of_user,
       "topic_marks.of_user",
       "SELECT topic_id, done_at FROM {topic_marks} WHERE user_id = ?1 "
       "AND " OFFX_IN_PAGE("topic_id", "?2", "?3") "ORDER BY topic_id",
       {1, 0, 10},
       false},
      // A visit that began before ?3 is over: it is then the one before this.
      {Query::visit_put,
       "visits.put",
       "INSERT INTO {visits} (user_id, last_at) VALUES (?1, ?2) ON CONFLICT (user_id) DO UPDATE SET "
       "previous_at = CASE WHEN last_at < ?3 THEN last_at ELSE previous_at END, last_at = max(last_at, "
       "excluded.last_at)",
       {1, kTime, kTime},
       true},
      {Query::visit_get, "visits.get", "SELECT last_at, previous_at FROM {visits} WHERE user_id = ?1", {1}, false},

      // Of each topic the summary that reaches furthest, and of such the newest: one of a span long past, however late
      // somebody asked for it, does not stand for today. Nothing reaches further than the moment it was made.
      // The text is what its sentences say once more, with the list of posts.
      {Query::summarizations_newest,
       "summarizations.newest",
       "SELECT s.id, s.topic_id, CASE WHEN e.sentences IS NULL THEN s.content END, NULL, s.post_count, s.created_at, "
       "s.time_period_start, s.time_period_end, e.engine, NULL, e.sentences, e.sentiment FROM {topics} AS t "
       "CROSS JOIN {summarizations} AS s ON s.id = (SELECT s.id FROM {summarizations} AS s WHERE s.topic_id = t.id "
       "ORDER BY min(s.time_period_end, s.created_at) DESC, s.id DESC LIMIT 1) "
       "LEFT JOIN {summarization_details} AS e ON e.summarization_id = s.id "
       "WHERE " OFFX_IN_PAGE("t.id", "?1", "?2") "ORDER BY t.id",
       {0, 10},
       false},
      {Query::summarization_media,
       "summarization_posts.media_of",
       "SELECT post_id, media_url, media_type, alt_text, id FROM {post_media} WHERE post_id IN "
       "(SELECT post_id FROM {summarization_posts} WHERE summarization_id = ?1) ORDER BY post_id, id",
       {1},
       false},
      {Query::summarization_labels,
       "summarization_posts.labels_of",
       "SELECT l.post_id, t.id, t.title, t.color FROM {topic_posts} AS l JOIN {topics} AS t ON t.id = l.topic_id "
       "WHERE l.post_id IN (SELECT post_id FROM {summarization_posts} WHERE summarization_id = ?1) ORDER BY l.post_id, "
       "t.id",
       {1},
       false},

      {Query::removed_post_put,
       "removed_posts.put",
       "INSERT INTO {removed_posts} (platform, external_id, removed_at) SELECT platform, external_id, ?2 FROM {posts} "
       "WHERE id = ?1 ON CONFLICT (platform, external_id) DO NOTHING",
       {0, kTime},
       true},
      {Query::removed_posts_among,
       "removed_posts.among",
       "SELECT j.key FROM json_each(?1) AS j JOIN {removed_posts} AS r ON r.external_id = j.value ->> 0 "
       "AND r.platform = j.value ->> 1 ORDER BY j.key",
       {R"([["a","x"]])"},
       false},

      {Query::post_media_get,
       "post_media.get",
       "SELECT media_url, media_type FROM {post_media} WHERE id = ?1",
       {1},
       false},
      // The ends in time of what is frequent are near the ends of the index over time; what is rare is read through.
      {Query::posts_by_platform,
       "posts.by_platform",
       "SELECT g.platform, g.n, CASE WHEN g.n < 20000 THEN (SELECT max(p.created_at) FROM {posts} AS p "
       "INDEXED BY idx_posts_platform WHERE p.platform = g.platform) ELSE (SELECT p.created_at FROM {posts} AS p "
       "INDEXED BY idx_posts_created_at WHERE p.platform = g.platform ORDER BY p.created_at DESC LIMIT 1) END, "
       "CASE WHEN g.n < 20000 THEN (SELECT min(p.created_at) FROM {posts} AS p INDEXED BY idx_posts_platform "
       "WHERE p.platform = g.platform) ELSE (SELECT p.created_at FROM {posts} AS p INDEXED BY idx_posts_created_at "
       "WHERE p.platform = g.platform ORDER BY p.created_at LIMIT 1) END "
       "FROM (SELECT platform, count(*) AS n FROM {posts} GROUP BY platform) AS g ORDER BY g.platform",
       {},
       false},
      {Query::summarization_count, "summarizations.count", "SELECT count(*) FROM {summarizations}", {}, false},

      // --- Accounts
      {Query::user_insert,
       "users.insert",
       "INSERT INTO {users} (username, password_hash, is_admin, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?4) "
       "ON CONFLICT (username) DO NOTHING",
       {"sample", "$argon2id$", 0, kTime},
       true},
      {Query::user_insert_first,
       "users.insert_first",
       "INSERT INTO {users} (username, password_hash, is_admin, created_at, updated_at) SELECT ?1, ?2, ?3, ?4, ?4 "
       "WHERE NOT EXISTS (SELECT 1 FROM {users})",
       {"sample", "$argon2id$", 1, kTime},
       true},
      {Query::user_any, "users.any", "SELECT id FROM {users} ORDER BY id LIMIT 1", {}, false},
      {Query::user_list, "users.list", "SELECT " OFFX_USER_COLUMNS "FROM {users} ORDER BY username", {}, false},
      {Query::user_find,
       "users.find",
       "SELECT " OFFX_USER_COLUMNS "FROM {users} WHERE username = ?1",
       {"sample"},
       false},
      {Query::user_get, "users.get", "SELECT " OFFX_USER_COLUMNS "FROM {users} WHERE id = ?1", {1}, false},
      {Query::user_delete,
       "users.delete",
       "DELETE FROM {users} WHERE id = ?1 AND (is_admin = 0 OR EXISTS (SELECT 1 FROM {users} WHERE id <> ?1 "
       "AND is_admin = 1))",
       {0},
       true},
      {Query::user_sessions_delete, "sessions.delete_of_user", "DELETE FROM {sessions} WHERE user_id = ?1", {0}, true},
      // Before users.delete in the same batch: not of one that stays.
      {Query::user_sessions_delete_leaving,
       "sessions.delete_of_leaving_user",
       "DELETE FROM {sessions} WHERE user_id = ?1 AND (SELECT is_admin = 0 OR EXISTS (SELECT 1 FROM {users} "
       "WHERE id <> ?1 AND is_admin = 1) FROM {users} WHERE id = ?1)",
       {0},
       true},
      {Query::user_tokens_delete,
       "api_tokens.delete_of_user",
       "DELETE FROM {api_tokens} WHERE user_id = ?1 AND (SELECT is_admin = 0 OR EXISTS (SELECT 1 FROM {users} "
       "WHERE id <> ?1 AND is_admin = 1) FROM {users} WHERE id = ?1)",
       {0},
       true},
      {Query::user_password_set,
       "users.set_password",
       "UPDATE {users} SET password_hash = ?2, updated_at = ?3 WHERE id = ?1",
       {0, "$argon2id$", kTime},
       true},
      {Query::user_hash_renew,
       "users.renew_hash",
       "UPDATE {users} SET password_hash = ?3, updated_at = ?4 WHERE id = ?1 AND password_hash = ?2",
       {0, "$argon2id$", "$argon2id$", kTime},
       true},
      {Query::user_logged_in,
       "users.logged_in",
       "UPDATE {users} SET last_login_at = ?2 WHERE id = ?1",
       {0, kTime},
       true},
      {Query::session_insert,
       "sessions.insert",
       "INSERT INTO {sessions} (token_hash, user_id, created_at, last_seen_at, expires_at, address, user_agent) "
       "SELECT ?1, id, ?3, ?3, ?4, ?5, ?6 FROM {users} WHERE id = ?2 ON CONFLICT (token_hash) DO NOTHING",
       {"00", 1, kTime, kTime, "127.0.0.1", "sample"},
       true},
      {Query::session_id, "sessions.id", "SELECT id FROM {sessions} WHERE token_hash = ?1", {"00"}, false},
      {Query::session_find,
       "sessions.find",
       "SELECT s.id, s.user_id, u.username, u.is_admin, '', s.last_seen_at FROM {sessions} AS s "
       "JOIN {users} AS u ON u.id = s.user_id WHERE s.token_hash = ?1 AND s.expires_at > ?2 AND s.last_seen_at > ?3",
       {"00", kTime, kTime},
       false},
      {Query::session_seen,
       "sessions.seen",
       "UPDATE {sessions} SET last_seen_at = ?3, address = ?2 WHERE id = ?1",
       {0, "127.0.0.1", kTime},
       true},
      {Query::session_list,
       "sessions.list",
       "SELECT id, created_at, last_seen_at, expires_at, address, user_agent FROM {sessions} WHERE user_id = ?1 "
       "AND expires_at > ?2 AND last_seen_at > ?3 ORDER BY last_seen_at DESC, id DESC LIMIT 200",
       {1, kTime, kTime},
       false},
      {Query::session_delete, "sessions.delete", "DELETE FROM {sessions} WHERE user_id = ?1 AND id = ?2", {0, 0}, true},
      {Query::sessions_delete_expired,
       "sessions.delete_expired",
       "DELETE FROM {sessions} WHERE expires_at <= ?1 OR last_seen_at <= ?2",
       {kTime, kTime},
       true},
      {Query::token_insert,
       "api_tokens.insert",
       "INSERT INTO {api_tokens} (token_hash, user_id, name, prefix, scopes, created_at, expires_at) "
       "SELECT ?1, id, ?3, ?4, ?5, ?6, ?7 FROM {users} WHERE id = ?2 ON CONFLICT (token_hash) DO NOTHING",
       {"00", 1, "sample", "offx_0000", "read", kTime, kNull},
       true},
      {Query::token_id, "api_tokens.id", "SELECT id FROM {api_tokens} WHERE token_hash = ?1", {"00"}, false},
      {Query::token_find,
       "api_tokens.find",
       "SELECT t.id, t.user_id, u.username, u.is_admin, t.scopes, t.last_used_at FROM {api_tokens} AS t "
       "JOIN {users} AS u ON u.id = t.user_id WHERE t.token_hash = ?1 AND (t.expires_at IS NULL OR t.expires_at > ?2)",
       {"00", kTime},
       false},
      {Query::token_used,
       "api_tokens.used",
       "UPDATE {api_tokens} SET last_used_at = ?2 WHERE id = ?1",
       {0, kTime},
       true},
      {Query::token_list,
       "api_tokens.list",
       "SELECT id, name, prefix, scopes, created_at, expires_at, last_used_at FROM {api_tokens} WHERE user_id = ?1 "
       "ORDER BY id DESC LIMIT 200",
       {1},
       false},
      {Query::token_delete,
       "api_tokens.delete",
       "DELETE FROM {api_tokens} WHERE user_id = ?1 AND id = ?2",
       {0, 0},
       true},
      // Beyond the limit of an account from everywhere, those go on who come from where it was logged in before. What
      // lies in the future was noted by a clock that was wrong, and does not count.
      {Query::login_attempt_insert,
       "login_attempts.insert",
       "INSERT INTO {login_attempts} (account, address, at) SELECT ?1, ?2, ?3 WHERE "
       "(SELECT count(*) FROM {login_attempts} WHERE account = ?1 AND address = ?2 AND at > ?4 AND at <= ?3) < ?5 "
       "AND (SELECT count(*) FROM {login_attempts} WHERE address = ?2 AND at > ?4 AND at <= ?3) < ?6 "
       "AND ((SELECT count(*) FROM {login_attempts} WHERE account = ?1 AND at > ?4 AND at <= ?3) < ?7 "
       "OR EXISTS (SELECT 1 FROM {sessions} AS s JOIN {users} AS u ON u.id = s.user_id "
       "WHERE u.username = ?1 AND s.address = ?2))",
       {"sample", "127.0.0.1", kTime, kTime, 10, 30, 100},
       true},
      {Query::login_attempts_from,
       "login_attempts.from",
       "SELECT coalesce(sum(account = ?1), 0), count(*) FROM {login_attempts} WHERE address = ?2 AND at > ?3 "
       "AND at <= ?4",
       {"sample", "127.0.0.1", kTime, kTime},
       false},
      {Query::login_attempt_oldest,
       "login_attempts.oldest",
       "SELECT min(at) FROM {login_attempts} WHERE (account = ?1 OR address = ?2) AND at > ?3 AND at <= ?4",
       {"sample", "127.0.0.1", kTime, kTime},
       false},
      {Query::login_attempts_forget,
       "login_attempts.forget",
       "DELETE FROM {login_attempts} WHERE account = ?1 AND address = ?2",
       {"nobody", "nowhere"},
       true},
      {Query::login_attempts_delete_before,
       "login_attempts.delete_before",
       "DELETE FROM {login_attempts} WHERE at < ?1",
       {kTime},
       true},

      // --- Settings and the request log
      {Query::setting_list, "settings.list", "SELECT name, value FROM {settings} ORDER BY name", {}, false},
      {Query::setting_get, "settings.get", "SELECT value FROM {settings} WHERE name = ?1", {"sample"}, false},
      {Query::setting_put,
       "settings.put",
       "INSERT INTO {settings} (name, value, updated_at) VALUES (?1, ?2, ?3) "
       "ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at",
       {"sample", "1", kTime},
       true},
      {Query::request_log_insert,
       "request_log.insert",
       "INSERT INTO {request_log} (time, request_id, method, path, status, ms, user_id, who, address, bytes) "
       "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
       {kTime, "a-1", "GET", "/api/v1/topics", 200, 1, kNull, "", "127.0.0.1", 2},
       true},
      {Query::request_log_list,
       "request_log.list",
       "SELECT id, time, request_id, method, path, status, ms, user_id, who, address, bytes FROM {request_log} "
       "WHERE (?1 IS NULL OR method = ?1) AND (?2 IS NULL OR substr(path, 1, length(?2)) = ?2) "
       "AND (?3 IS NULL OR status = ?3) AND (?4 IS NULL OR who = ?4) AND (?5 IS NULL OR time >= ?5) "
       "AND (?6 IS NULL OR time < ?6) AND (?7 IS NULL OR id < ?7) ORDER BY id DESC LIMIT ?8",
       {kNull, kNull, kNull, kNull, kNull, kNull, kNull, 10},
       false},
      {Query::request_log_trim,
       "request_log.trim",
       "DELETE FROM {request_log} WHERE id IN (SELECT id FROM {request_log} WHERE time < ?1 ORDER BY time LIMIT ?2)",
       {kTime, 10},
       true},
      {Query::posts_newest,
       "posts.newest",
       "SELECT coalesce(max(id), 0), (SELECT count(*) FROM {posts} WHERE id > ?1) FROM {posts}",
       {1},
       false},
      // From the newest to the first that is older, however long the history.
      {Query::job_runs_asked_since,
       "job_runs.asked_since",
       "SELECT count(*), min(created_at) FROM (SELECT created_at FROM {job_runs} "
       "WHERE id > coalesce((SELECT id FROM {job_runs} WHERE created_at <= ?2 ORDER BY id DESC LIMIT 1), 0) "
       "AND kind = ?1 AND created_at > ?2 AND created_by NOT IN ('schedule', 'command line') ORDER BY id DESC LIMIT "
       "?3)",
       {"summarise", kTime, 10},
       false},
  }};
  return kDefinitions;
}

}  // namespace

std::span<const QueryDefinition> catalogue() { return definitions(); }

std::span<const Batch> batches() {
  // A topic has a rule if and only if it has a row in topic_rules.
  static const std::array<Batch, 3> kBatches = {{
      {"topics.add_with_rule",
       {{Query::topic_insert, {"Sample", kNull, "sample", 1, "#3498db", kTime}},
        {Query::topic_rule_put, {kNull, kTime, 0}}}},
      {"topics.update_rule",
       {{Query::topic_update, {2, "Sample", kNull, "sample", 1, "#3498db", kTime}},
        {Query::topic_rule_put, {2, kTime, 0}}}},
      {"topics.remove_rule",
       {{Query::topic_update, {2, "Sample", kNull, kNull, 1, "#3498db", kTime}}, {Query::topic_rule_delete, {2}}}},
  }};
  return kBatches;
}

std::string_view sql(Query query) {
  static const auto kTexts = [] {
    std::array<std::string, static_cast<std::size_t>(Query::count_)> texts;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      OFFX_ASSERT(definitions()[i].query == static_cast<Query>(i));
      texts[i] = with_physical_names(definitions()[i].logical_sql);
    }
    return texts;
  }();
  return kTexts[static_cast<std::size_t>(query)];
}

}  // namespace offx::store
