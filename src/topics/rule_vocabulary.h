#pragma once

#include <array>
#include <string_view>

/// What X documents of its search operators, as far as it is not a term of ours (those are in rule_syntax.h).
namespace offx::topics {

/// Operators that X documents and that what we store cannot answer.
inline constexpr std::array<std::string_view, 55> kUnstored = {
    "bio",
    "bio_contains",
    "bio_location",
    "bio_name",
    "bio_name_contains",
    "bounding_box",
    "card_domain",
    "card_name",
    "card_url",
    "context",
    "conversation_id",
    "embed",
    "entity",
    "filter",
    "followers_count",
    "following_count",
    "friends_count",
    "geocode",
    "in_reply_to_status_id",
    "in_reply_to_tweet_id",
    "include",
    "list",
    "listed_count",
    "max_id",
    "min_faves",
    "min_likes",
    "min_replies",
    "min_reposts",
    "min_retweets",
    "near",
    "place",
    "place_country",
    "point_radius",
    "profile_bounding_box",
    "profile_country",
    "profile_locality",
    "profile_point_radius",
    "profile_region",
    "profile_subregion",
    "quoted_tweet_id",
    "quoted_user_id",
    "quotes_of_tweet_id",
    "retweets_of",
    "retweets_of_status_id",
    "retweets_of_tweet_id",
    "retweets_of_user",
    "sample",
    "since_id",
    "source",
    "statuses_count",
    "time_zone",
    "tweets_count",
    "url_description",
    "url_title",
    "within",
};

/// What may stand behind `has:` or `is:`.
struct OperatorValue {
  std::string_view written;
  std::string_view meant;  ///< empty: X documents it, we cannot answer it
};

inline constexpr std::array kHasValues = {
    OperatorValue{"media", "media"},       OperatorValue{"images", "images"},     OperatorValue{"videos", "videos"},
    OperatorValue{"links", "links"},       OperatorValue{"hashtags", "hashtags"}, OperatorValue{"mentions", "mentions"},
    OperatorValue{"cashtags", "cashtags"}, OperatorValue{"symbols", "cashtags"},  OperatorValue{"geo", ""},
    OperatorValue{"profile_geo", ""},      OperatorValue{"video_link", ""},       OperatorValue{"lang", ""},
};

inline constexpr std::array kIsValues = {
    OperatorValue{"reply", "reply"}, OperatorValue{"repost", "repost"}, OperatorValue{"retweet", "repost"},
    OperatorValue{"quote", "quote"}, OperatorValue{"verified", ""},     OperatorValue{"nullcast", ""},
};

}  // namespace offx::topics
