#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "db/client.h"
#include "store/post.h"
#include "store/topics.h"
#include "text/search_document.h"

namespace offx::store {

/// A post with what filing it needs: its search document and the topics whose rules match it.
struct FiledPost {
  Post post;
  text::SearchDocument document;
  std::vector<std::int64_t> topic_ids;
  bool lang_detected = false;  ///< post.details.lang is our guess: one that a source gave before stays
};

struct PutCounts {
  std::uint64_t added = 0;
  std::uint64_t updated = 0;
  std::uint64_t unchanged = 0;
  std::uint64_t kept_out = 0;  ///< of the unchanged ones: removed before, and not stored again
};

/// What a post must have attached.
enum class MediaFilter : std::uint8_t { none, any, image, video };

/// Which posts a page is of. An empty or absent member asks for nothing.
struct PostFilter {
  std::optional<std::int64_t> topic_id;
  std::string platform;
  std::string author;  ///< display name exactly, or user name without regard to case
  std::optional<Timestamp> since;
  std::optional<Timestamp> until;  ///< posts before it
  std::string lang;
  MediaFilter media = MediaFilter::none;
};

/// Where a page ended; the next one starts behind it.
struct PageKey {
  std::string created_at;
  std::int64_t id = 0;
};

/// A topic as a post names it.
struct TopicLabel {
  std::int64_t id = 0;
  std::string title;
  std::string color;
};

/// What a stored post is tied to.
struct PostLinks {
  std::vector<std::int64_t> media_ids;  ///< of each of Post::media
  std::vector<TopicLabel> topics;       ///< by id
};

struct LinkedPost {
  Post post;
  PostLinks links;
};

struct PostPage {
  std::vector<Post> posts;       ///< newest first
  std::vector<PostLinks> links;  ///< one for each post
  std::optional<PageKey> next;   ///< absent on the last page
};

enum class SearchOrder : std::uint8_t { newest, best };

/// Posts, their media and details, the full-text index and the links that rules made. Thread-safe as its client is.
class PostRepository {
 public:
  explicit PostRepository(db::DatabaseClient& client) : client_(client) {}

  /// Stores posts, all of them or none (but a batch that holds one post twice is stored in parts, one after the other).
  /// New posts are indexed and filed in the same transaction. A post that is there already (by platform and external
  /// id) is updated if it says something else: facts the new version lacks are kept from the old one, and so is
  /// `created_at` if the new one has no date of its own (it equals `fetched_at`); it is noted as unfiled, to be filed
  /// by all that is known of it. So are new posts if the rules are no longer those of `revision`, with which
  /// `topic_ids` were computed. A post that was removed stays away, and counts as unchanged.
  Result<PutCounts> put(std::span<const FiledPost> posts, RuleRevision revision);

  /// False if every stored post is filed by every rule. One round trip.
  Result<bool> is_filing_due();
  /// Posts that some program wrote without filing them, oldest first, with their media.
  Result<std::vector<Post>> unfiled(std::size_t limit);
  /// Indexes and files stored posts, and writes their details, and `created_at` in the one form that sorts.
  Result<void> file(std::span<const FiledPost> posts, RuleRevision revision, Timestamp now);

  Result<Post> get(std::int64_t id);  ///< with media; Errc::not_found
  /// Those of them that are there, with media, in this order, in one round trip. No id twice.
  Result<std::vector<Post>> get(std::span<const std::int64_t> ids);
  Result<LinkedPost> get_linked(std::int64_t id);  ///< in one round trip, too; Errc::not_found
  Result<std::optional<Post>> find(std::string_view platform, std::string_view external_id);
  /// Removes a post with its media and links, for ever: imports do not bring it back. Errc::not_found
  Result<void> remove(std::int64_t id, Timestamp now);
  /// The same for many at once, in one transaction; ids of no post are passed over.
  Result<void> remove(std::span<const std::int64_t> ids, Timestamp now);

  /// A page of the timeline, with media. O(log n + limit) by topic and time; for the rest, what at most some thousand
  /// posts fulfil is looked up in the full-text index (which holds user names, languages and platforms), and what more
  /// fulfil is found on the way along the index over time.
  Result<PostPage> page(const PostFilter& filter, std::size_t limit, const std::optional<PageKey>& after = {});
  /// A page of the posts that fulfil `match`, an expression for the FTS5 table of text::SearchDocument. In order of
  /// relevance there is one page only.
  Result<PostPage> search(std::string_view match, SearchOrder order, const PostFilter& filter, std::size_t limit,
                          const std::optional<PageKey>& after = {});
  /// Gives every post of a topic in [since, until), without media, to `visit`, oldest first.
  Result<void> each_in_period(std::int64_t topic_id, Timestamp since, Timestamp until,
                              const std::function<void(const Post&)>& visit);
  /// Gives every stored post behind `after_id`, with media, to `visit`, by id, until it returns an error.
  Result<void> each(const std::function<Result<void>(const Post&)>& visit, std::int64_t after_id = 0);

  /// The posts with their links that fulfil `match`, those stored last first.
  Result<PostPage> like(std::string_view match, std::size_t limit);
  /// What these posts are tied to, one for each.
  Result<std::vector<PostLinks>> links_of(std::span<const Post> posts);

  struct MediaAddress {
    std::string url;
    std::string type;
  };
  Result<MediaAddress> media(std::int64_t media_id);  ///< Errc::not_found

  /// Writes nothing but the full-text index: for a database whose index was lost or is being made.
  Result<void> index(std::span<const FiledPost> posts);
  /// The highest id in the full-text index; 0 if it is empty.
  Result<std::int64_t> last_indexed();

  struct Totals {
    std::int64_t posts = 0;
    std::optional<Timestamp> first;
    std::optional<Timestamp> last;
  };
  Result<Totals> totals();
  struct Newest {
    std::int64_t newest_id = 0;  ///< 0: there are no posts
    std::int64_t added = 0;      ///< posts with ids above the one asked for
  };
  Result<Newest> newest(std::int64_t after_id);
  Result<std::vector<std::pair<std::string, std::int64_t>>> count_by_platform();
  struct PlatformTotals {
    std::string platform;
    std::int64_t posts = 0;
    Timestamp oldest{};
    Timestamp newest{};
  };
  Result<std::vector<PlatformTotals>> totals_by_platform();
  /// (`2026-08-22`, posts) for each UTC day that has any; of one topic or of all.
  Result<std::vector<std::pair<std::string, std::int64_t>>> count_per_day(std::optional<std::int64_t> topic_id,
                                                                          std::optional<Timestamp> since,
                                                                          std::optional<Timestamp> until);

 private:
  Result<void> load_media(std::span<Post> posts);
  Result<void> load_links(PostPage& page);
  Result<std::optional<std::vector<std::int64_t>>> few_candidates(const PostFilter& filter);
  Result<PutCounts> put_distinct(std::span<const FiledPost> posts, RuleRevision revision);
  Result<PostPage> search_newest(db::Params::Positional params, std::size_t limit);
  Result<PostPage> page_of(const db::QueryResult& rows, std::size_t limit);
  db::DatabaseClient& client_;
};

}  // namespace offx::store
