// Pages of X API v2. The names of August 2026 (`includes.posts`, `note_post`, …) are read beside the older ones.
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <boost/json.hpp>

#include "sources/dates.h"
#include "sources/json_tree.h"
#include "sources/x_text.h"

namespace offx::sources {
namespace {

const json::object* either_object(const json::object& object, std::string_view old_name, std::string_view new_name) {
  const json::object* found = object_at(object, old_name);
  return found != nullptr ? found : object_at(object, new_name);
}

const json::array* either_array(const json::object& object, std::string_view old_name, std::string_view new_name) {
  const json::array* found = array_at(object, old_name);
  return found != nullptr ? found : array_at(object, new_name);
}

/// What a page's `includes` hold, by id.
class Includes {
 public:
  explicit Includes(const json::object* includes) {
    if (includes == nullptr) return;
    fill(array_at(*includes, "users"), "id", users_);
    fill(array_at(*includes, "media"), "media_key", media_);
    fill(array_at(*includes, "tweets"), "id", posts_);
    fill(array_at(*includes, "posts"), "id", posts_);
  }

  [[nodiscard]] const json::object* user(const std::string& id) const { return find(users_, id); }
  [[nodiscard]] const json::object* media(const std::string& key) const { return find(media_, key); }
  [[nodiscard]] const json::object* post(const std::string& id) const { return find(posts_, id); }

 private:
  using Map = std::unordered_map<std::string, const json::object*>;

  static void fill(const json::array* list, std::string_view key, Map& map) {
    if (list == nullptr) return;
    for (const json::value& value : *list) {
      if (const json::object* object = as_object(value)) map.emplace(id_at(*object, key), object);
    }
  }
  static const json::object* find(const Map& map, const std::string& key) {
    const auto found = map.find(key);
    return found == map.end() ? nullptr : found->second;
  }

  Map users_;
  Map media_;
  Map posts_;
};

std::string first_version(const json::object& post) {
  if (const json::array* history = either_array(post, "edit_history_tweet_ids", "edit_history_post_ids");
      history != nullptr && !history->empty() && history->front().is_string()) {
    return history->front().get_string().c_str();
  }
  return id_at(post, "id");
}

/// The post of that kind it refers to; empty if none.
std::string reference(const json::object& post, std::string_view kind) {
  const json::array* list = either_array(post, "referenced_tweets", "referenced_posts");
  if (list == nullptr) return {};
  for (const json::value& value : *list) {
    const json::object* object = as_object(value);
    if (object == nullptr) continue;
    std::string_view type = text_at(*object, "type");
    if (type == "reposted") type = "retweeted";
    if (type == kind) return id_at(*object, "id");
  }
  return {};
}

/// A long post's text and entities are in its note.
const json::object& text_holder(const json::object& post) {
  const json::object* note = either_object(post, "note_tweet", "note_post");
  return note != nullptr && !text_at(*note, "text").empty() ? *note : post;
}

std::vector<XLink> links_of(const json::object& post, const std::string& quoted_id) {
  std::vector<XLink> links;
  const auto collect = [&](const json::object* entities) {
    const json::array* urls = entities == nullptr ? nullptr : array_at(*entities, "urls");
    if (urls == nullptr) return;
    for (const json::value& value : *urls) {
      const json::object* url = as_object(value);
      if (url == nullptr) continue;
      XLink link{std::string(text_at(*url, "url")), std::string(text_at(*url, "expanded_url")),
                 std::string(text_at(*url, "unwound_url")), false};
      link.attachment = !text_at(*url, "media_key").empty() || is_x_post_url(link.expanded_url, quoted_id);
      if (link.unwound_url == link.expanded_url) link.unwound_url.clear();
      links.push_back(std::move(link));
    }
  };
  const json::object& holder = text_holder(post);
  collect(object_at(holder, "entities"));
  // A note lists no media; theirs are among the entities of the short text.
  if (&holder != &post) collect(object_at(post, "entities"));
  return links;
}

std::string best_variant(const json::object& media) {
  std::string best;
  std::int64_t best_rate = -1;
  const json::array* variants = array_at(media, "variants");
  if (variants == nullptr) return best;
  for (const json::value& value : *variants) {
    const json::object* variant = as_object(value);
    if (variant == nullptr || text_at(*variant, "content_type") != "video/mp4") continue;
    const std::int64_t rate = integer_at(*variant, "bit_rate").value_or(0);
    if (rate > best_rate) {
      best_rate = rate;
      best = text_at(*variant, "url");
    }
  }
  return best;
}

void add_media(const json::object& post, const Includes& includes, std::vector<store::Media>& out) {
  const json::object* attachments = object_at(post, "attachments");
  const json::array* keys = attachments == nullptr ? nullptr : array_at(*attachments, "media_keys");
  if (keys == nullptr) return;
  for (const json::value& key : *keys) {
    const json::object* media = key.is_string() ? includes.media(key.get_string().c_str()) : nullptr;
    if (media == nullptr) continue;
    store::Media medium{std::string(text_at(*media, "url")), std::string(text_at(*media, "type")), std::nullopt};
    if (medium.type != "photo") {
      if (std::string video = best_variant(*media); !video.empty()) medium.url = std::move(video);
    }
    if (medium.url.empty()) {  // only a still picture of it is known
      medium.url = text_at(*media, "preview_image_url");
      medium.type = "image";
    }
    if (const std::string_view alt = text_at(*media, "alt_text"); !alt.empty()) medium.alt_text = alt;
    if (!medium.url.empty()) out.push_back(std::move(medium));
  }
}

/// Whom a reply answers: the user included, else the first one mentioned.
std::string answered_user(const json::object& post, const Includes& includes) {
  if (const json::object* user = includes.user(id_at(post, "in_reply_to_user_id"))) {
    return std::string(text_at(*user, "username"));
  }
  const std::string_view text = text_at(post, "text");
  if (!text.starts_with('@')) return {};
  return std::string(text.substr(1, text.find_first_of(" \n:") - 1));
}

store::Post make_post(const json::object& data, const Includes& includes) {
  store::Post post;
  store::PostDetails& details = post.details;
  const std::string id = id_at(data, "id");
  const std::string retweeted = reference(data, "retweeted");
  const json::object* sender = includes.user(id_at(data, "author_id"));
  const std::string sender_name = sender == nullptr ? std::string() : std::string(text_at(*sender, "username"));

  // A repost's own text is cut: the original's text, author and media count, if they came along.
  const json::object* original = retweeted.empty() ? nullptr : includes.post(retweeted);
  const json::object& shown = original != nullptr ? *original : data;
  const json::object* author = includes.user(id_at(shown, "author_id"));

  const std::string quoted = reference(shown, "quoted");
  const std::string answered = reference(shown, "replied_to");
  const std::vector<XLink> links = links_of(shown, quoted);
  post.external_id = first_version(data);
  post.content = plain_x_text(text_at(text_holder(shown), "text"), links);
  if (author != nullptr) {
    post.author = text_at(*author, "name");
    post.author_username = text_at(*author, "username");
    details.is_private = flag_at(*author, "protected");
  }
  details.author_id = id_at(shown, "author_id");
  post.url = original != nullptr ? x_post_url(post.author_username, retweeted)
                                 : x_post_url(post.author_username, id.empty() ? post.external_id : id);
  const auto created = parse_loose_time(text_at(data, "created_at"));
  post.created_at = created.value_or(time_of_x_id(post.external_id).value_or(Timestamp{}));
  add_media(shown, includes, post.media);

  details.lang = text_at(shown, "lang");
  details.conversation_id = id_at(shown, "conversation_id");
  add_links(links, details.links);
  if (!retweeted.empty()) {
    details.is_repost = true;
    details.reposted_by = sender_name;
    details.reference_id = retweeted;
    if (sender != nullptr && flag_at(*sender, "protected")) details.is_private = true;
  }
  if (!answered.empty() || !id_at(shown, "in_reply_to_user_id").empty()) {
    details.is_reply = true;
    details.reply_to = answered_user(shown, includes);
    if (details.reference_id.empty()) details.reference_id = answered;
  }
  if (!quoted.empty()) {
    details.is_quote = true;
    if (details.reference_id.empty()) details.reference_id = quoted;
    if (const json::object* inner = includes.post(quoted)) {
      details.quoted_text =
          plain_x_text(text_at(text_holder(*inner), "text"), links_of(*inner, reference(*inner, "quoted")));
    }
  }
  const json::array* history = either_array(data, "edit_history_tweet_ids", "edit_history_post_ids");
  if (history != nullptr && history->size() > 1 && created) details.edited_at = created;
  return post;
}

std::string describe_error(const json::object& error) {
  std::string text(text_at(error, "detail"));
  if (text.empty()) text = text_at(error, "message");
  if (text.empty()) text = text_at(error, "title");
  return text.empty() ? "no reason given" : text;
}

Result<void> take_page(const json::object& page, Session& session, std::uint64_t& count) {
  const json::object* included = object_at(page, "includes");
  const Includes includes(included);
  const auto take = [&](const json::object& data) -> Result<void> {
    ++count;
    if (id_at(data, "id").empty()) {
      return session.broken(count, "id", "is missing: this is no post of X API v2");
    }
    if (text_at(text_holder(data), "text").empty() && reference(data, "retweeted").empty() &&
        object_at(data, "attachments") == nullptr) {
      return session.broken(count, "text", "is missing: ask for it with tweet.fields");
    }
    return session.post(make_post(data, includes), count);
  };
  if (const json::array* data = array_at(page, "data")) {
    for (const json::value& value : *data) {
      if (const json::object* post = as_object(value)) {
        OFFX_TRY(take(*post));
      } else {
        ++count;
        OFFX_TRY(session.broken(count, "data", "holds something that is no post"));
      }
    }
    return {};
  }
  if (const json::object* data = object_at(page, "data")) return take(*data);
  if (!id_at(page, "id").empty() && page.contains("text")) return take(page);  // a post without a page around it
  if (const json::array* errors = array_at(page, "errors"); errors != nullptr && !errors->empty()) {
    const json::object* error = as_object(errors->front());
    return session.broken(++count, "errors",
                          "X answered with an error instead of posts: " +
                              (error == nullptr ? std::string("no reason given") : describe_error(*error)));
  }
  if (page.contains("title") && page.contains("status")) {
    return session.broken(++count, {}, "X answered with an error instead of posts: " + describe_error(page));
  }
  if (page.contains("meta")) return {};  // an empty page has no `data`
  return session.broken(++count, "data", "is missing: this is no page of X API v2");
}

}  // namespace

Result<void> read_x_api(ByteSource& source, Session& session) {
  std::uint64_t count = 0;
  return read_objects(source, session,
                      [&](const json::object& page, std::uint64_t) { return take_page(page, session, count); });
}

}  // namespace offx::sources
