#include "store/rows.h"

#include <unordered_map>

#include <boost/json.hpp>

#include "base/assert.h"
#include "store/posts.h"

namespace offx::store {
namespace {

template <class T>
std::string array_to_json(std::span<const T> items) {
  boost::json::array array;
  array.reserve(items.size());
  for (const auto& item : items) array.emplace_back(item);
  return boost::json::serialize(array);
}

std::vector<std::string> texts_from_json(const std::string& json) {
  std::vector<std::string> texts;
  if (json.empty()) return texts;
  boost::system::error_code error;
  const auto value = boost::json::parse(json, error);
  if (error || !value.is_array()) return texts;
  for (const auto& item : value.get_array()) {
    if (item.is_string()) texts.emplace_back(item.get_string());
  }
  return texts;
}

}  // namespace

Timestamp to_time(const db::Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return parse_time(*text).value_or(Timestamp{});
  return {};
}

db::Value stored_time(Timestamp time) { return to_sql_time(std::chrono::floor<std::chrono::seconds>(time)); }

std::string to_json(std::span<const std::int64_t> numbers) { return array_to_json(numbers); }
std::string to_json(std::span<const std::string> texts) { return array_to_json(texts); }

Post row_to_post(std::span<const db::Value> row) {
  OFFX_ASSERT(row.size() >= kPostColumns);
  Post post;
  std::size_t next = 0;
  const auto text = [&] { return db::to_text(row[next++]); };
  const auto flag = [&] { return db::to_integer(row[next++]) != 0; };
  post.id = db::to_integer(row[next++]);
  post.external_id = text();
  post.content = text();
  post.author = text();
  post.author_username = text();
  post.platform = text();
  post.created_at = to_time(row[next++]);
  post.fetched_at = to_time(row[next++]);
  post.url = text();
  auto& details = post.details;
  details.lang = text();
  details.author_id = text();
  details.conversation_id = text();
  details.reply_to = text();
  details.is_reply = flag();
  details.is_repost = flag();
  details.is_quote = flag();
  details.reference_id = text();
  details.reposted_by = text();
  details.quoted_text = text();
  details.links = texts_from_json(text());
  details.content_warning = text();
  details.html = text();
  details.is_private = flag();
  if (const auto& edited = row[next++]; !db::is_null(edited)) details.edited_at = to_time(edited);
  OFFX_ASSERT(next == kPostColumns);
  return post;
}

void tie_links(std::span<Post> posts, std::span<PostLinks> links, const db::QueryResult& media,
               const db::QueryResult& labels) {
  // A post may stand there several times: cited by several summaries.
  std::unordered_multimap<std::int64_t, std::size_t> places;
  places.reserve(posts.size());
  for (std::size_t i = 0; i < posts.size(); ++i) places.emplace(posts[i].id, i);
  for (std::size_t i = 0; i < media.rows(); ++i) {
    const auto row = media.row(i);
    const auto [first, last] = places.equal_range(db::to_integer(row[0]));
    for (auto place = first; place != last; ++place) {
      Media item{db::to_text(row[1]), db::to_text(row[2]), std::nullopt};
      if (!db::is_null(row[3])) item.alt_text = db::to_text(row[3]);
      posts[place->second].media.push_back(std::move(item));
      if (!links.empty()) links[place->second].media_ids.push_back(db::to_integer(row[4]));
    }
  }
  for (std::size_t i = 0; i < labels.rows(); ++i) {
    const auto row = labels.row(i);
    const auto [first, last] = places.equal_range(db::to_integer(row[0]));
    for (auto place = first; place != last; ++place) {
      links[place->second].topics.push_back({db::to_integer(row[1]), db::to_text(row[2]), db::to_text(row[3])});
    }
  }
}

}  // namespace offx::store
