#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"

namespace offx::store {

/// An attachment of a post: an image, a video, … by its address.
struct Media {
  std::string url;
  std::string type;                     ///< image, video, gif, audio or document
  std::optional<std::string> alt_text;  ///< the author's description

  friend bool operator==(const Media&, const Media&) = default;
};

/// What the connectors know of a post beyond the columns of version 1. An absent fact is empty, false or nullopt.
struct PostDetails {
  std::string lang;             ///< BCP 47 primary subtag in lower case: `en`, `pt`, `zh`
  std::string author_id;        ///< the platform's id of the author
  std::string conversation_id;  ///< the platform's id of the thread
  std::string reply_to;         ///< user name of who is answered, without `@`
  bool is_reply = false;
  bool is_repost = false;  ///< `content` is then the reposted post's text
  bool is_quote = false;
  std::string reference_id;        ///< external id of the post that is answered, reposted or quoted
  std::string reposted_by;         ///< user name of who reposted
  std::string quoted_text;         ///< text of the quoted post
  std::vector<std::string> links;  ///< addresses in the post, short and expanded form
  std::string content_warning;     ///< also put before `content`
  std::string html;                ///< sanitised HTML of a feed item, where the feed had any
  bool is_private = false;         ///< for followers only: never in a shared digest
  std::optional<Timestamp> edited_at;

  friend bool operator==(const PostDetails&, const PostDetails&) = default;
};

/// A post of any platform. (platform, external_id) identifies it; `id` is ours, 0 until it is stored.
struct Post {
  std::int64_t id = 0;
  std::string external_id;
  std::string content;          ///< plain text, UTF-8
  std::string author;           ///< display name; empty if unknown
  std::string author_username;  ///< without `@`; empty if unknown
  std::string platform;         ///< x, bluesky, mastodon, rss, …; lower case
  Timestamp created_at{};
  Timestamp fetched_at{};  ///< when it was first stored
  std::string url;         ///< the post's own page; empty if unknown
  std::vector<Media> media;
  PostDetails details;
};

}  // namespace offx::store
