// Bluesky: getTimeline, getAuthorFeed, getFeed, getListFeed (`feed`), searchPosts and getPosts (`posts`), and what is
// in them one by one.
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

#include "sources/dates.h"
#include "sources/json_tree.h"
#include "text/url.h"

namespace offx::sources {
namespace {

/// The parts of at://authority/collection/rkey.
struct AtUri {
  std::string_view authority;
  std::string_view collection;
  std::string_view key;
};

AtUri split_at_uri(std::string_view uri) {
  AtUri parts;
  if (!uri.starts_with("at://")) return parts;
  uri.remove_prefix(5);
  const std::size_t first = uri.find('/');
  parts.authority = uri.substr(0, first);
  if (first == std::string_view::npos) return parts;
  uri.remove_prefix(first + 1);
  const std::size_t second = uri.find('/');
  parts.collection = uri.substr(0, second);
  if (second != std::string_view::npos) parts.key = uri.substr(second + 1);
  return parts;
}

/// One link in a text, by UTF-8 bytes.
struct Facet {
  std::size_t begin;
  std::size_t end;
  std::string_view url;
};

/// The links that lie whole inside the text, on character bounds, without overlap, in order.
std::vector<Facet> link_facets(const json::object& record, std::string_view text) {
  std::vector<Facet> facets;
  const json::array* list = array_at(record, "facets");
  if (list == nullptr) return facets;
  const auto on_bound = [&](std::size_t at) {
    return at == text.size() || (static_cast<unsigned char>(text[at]) & 0xC0U) != 0x80U;
  };
  for (const json::value& value : *list) {
    const json::object* facet = as_object(value);
    const json::object* index = facet == nullptr ? nullptr : object_at(*facet, "index");
    const json::array* features = facet == nullptr ? nullptr : array_at(*facet, "features");
    if (index == nullptr || features == nullptr) continue;
    const auto start = integer_at(*index, "byteStart");
    const auto stop = integer_at(*index, "byteEnd");
    if (!start || !stop || *start < 0 || *stop <= *start) continue;
    const auto begin = static_cast<std::size_t>(*start);
    const auto end = static_cast<std::size_t>(*stop);
    if (end > text.size() || !on_bound(begin) || !on_bound(end)) continue;
    for (const json::value& entry : *features) {
      const json::object* feature = as_object(entry);
      if (feature == nullptr || text_at(*feature, "$type") != "app.bsky.richtext.facet#link") continue;
      if (const std::string_view url = text_at(*feature, "uri"); text::is_web_url(url))
        facets.push_back({begin, end, url});
    }
  }
  std::sort(facets.begin(), facets.end(),
            [](const Facet& a, const Facet& b) { return a.begin != b.begin ? a.begin < b.begin : a.end < b.end; });
  std::size_t free_from = 0;
  std::erase_if(facets, [&](const Facet& facet) {
    if (facet.begin < free_from) return true;
    free_from = facet.end;
    return false;
  });
  return facets;
}

/// The text with its links written out: in place of a shortened address, behind other words.
std::string expand_links(std::string_view text, const std::vector<Facet>& facets) {
  std::string out;
  std::size_t at = 0;
  for (const Facet& facet : facets) {
    out.append(text.substr(at, facet.begin - at));
    const std::string_view shown = text.substr(facet.begin, facet.end - facet.begin);
    const bool address = shown.find(' ') == std::string_view::npos && shown.find('.') != std::string_view::npos;
    if (!address) {
      out.append(shown);
      out += " (";
    }
    out.append(facet.url);
    if (!address) out += ')';
    at = facet.end;
  }
  out.append(text.substr(at));
  return out;
}

void add_link(store::PostDetails& details, std::string_view url) {
  if (url.empty() || std::find(details.links.begin(), details.links.end(), url) != details.links.end()) return;
  details.links.emplace_back(url);
}

std::string plain_text(const json::object& record) {
  const std::string_view text = text_at(record, "text");
  return expand_links(text, link_facets(record, text));
}

void add_quote(const json::object& embedded, store::PostDetails& details) {
  // A quoted post; feeds, lists and starter packs are embedded in the same way but are no posts.
  const std::string_view uri = text_at(embedded, "uri");
  if (split_at_uri(uri).collection != "app.bsky.feed.post") return;
  details.is_quote = true;
  if (details.reference_id.empty()) details.reference_id = uri;
  if (const json::object* value = object_at(embedded, "value")) details.quoted_text = plain_text(*value);
}

/// Views name addresses; records only name blobs, from which no address can be made without the author's server.
void add_embed(const json::object& embed, store::Post& post, int depth = 0) {
  const auto medium = [&](std::string_view url, std::string_view type, std::string_view alt) {
    if (url.empty()) return;
    post.media.push_back({std::string(url), std::string(type),
                          alt.empty() ? std::nullopt : std::optional<std::string>(std::string(alt))});
  };
  for (const std::string_view key : {"images", "items"}) {  // #images.view, #gallery
    const json::array* images = array_at(embed, key);
    if (images == nullptr) continue;
    for (const json::value& value : *images) {
      const json::object* image = as_object(value);
      if (image == nullptr) continue;
      const std::string_view full = text_at(*image, "fullsize");
      medium(full.empty() ? text_at(*image, "thumb") : full, "image", text_at(*image, "alt"));
    }
  }
  const std::string_view playlist = text_at(embed, "playlist");
  medium(playlist, "video", text_at(embed, "alt"));
  if (const json::object* external = object_at(embed, "external")) add_link(post.details, text_at(*external, "uri"));
  if (const json::object* record = object_at(embed, "record")) {
    const json::object* inner = object_at(*record, "record");  // #recordWithMedia wraps it once more
    add_quote(inner != nullptr && text_at(*record, "uri").empty() ? *inner : *record, post.details);
  }
  if (const json::object* media = object_at(embed, "media"); media != nullptr && depth == 0) {
    add_embed(*media, post, depth + 1);
  }
}

void add_labels(const json::array* labels, std::string& warning) {
  if (labels == nullptr) return;
  for (const json::value& value : *labels) {
    const json::object* label = as_object(value);
    if (label == nullptr || flag_at(*label, "neg")) continue;
    const std::string_view name = text_at(*label, "val");
    if (name.empty() || name.starts_with('!') || warning.find(name) != std::string::npos) continue;
    if (!warning.empty()) warning += ", ";
    warning += name;
    if (warning.size() > 500) return;
  }
}

std::string name_of(const json::object& author) {
  const std::string_view handle = text_at(author, "handle");
  return std::string(handle == "handle.invalid" ? text_at(author, "did") : handle);
}

store::Post make_post(const json::object& view, const json::object* item) {
  static const json::object kNone;
  store::Post post;
  store::PostDetails& details = post.details;
  const json::object* found_record = object_at(view, "record");
  const json::object& record = found_record != nullptr ? *found_record : kNone;
  const json::object* found_author = object_at(view, "author");
  const json::object& author = found_author != nullptr ? *found_author : kNone;

  const std::string_view uri = text_at(view, "uri");
  const AtUri parts = split_at_uri(uri);
  const std::string_view did = text_at(author, "did");
  post.external_id = uri;
  if (!did.empty() && !parts.key.empty() && !parts.authority.starts_with("did:")) {
    post.external_id = "at://" + std::string(did) + '/' + std::string(parts.collection) + '/' + std::string(parts.key);
  }
  post.author_username = name_of(author);
  post.author = text_at(author, "displayName");
  if (post.author.empty()) post.author = post.author_username;
  details.author_id = did;
  const std::string profile = post.author_username.empty() ? std::string(parts.authority) : post.author_username;
  if (!parts.key.empty()) post.url = "https://bsky.app/profile/" + profile + "/post/" + std::string(parts.key);

  const std::string_view text = text_at(record, "text");
  const std::vector<Facet> facets = link_facets(record, text);
  post.content = expand_links(text, facets);
  for (const Facet& facet : facets) {
    const std::string_view shown = text.substr(facet.begin, facet.end - facet.begin);
    if (shown.find(' ') == std::string_view::npos && shown.find('.') != std::string_view::npos) {
      add_link(details, shown);
    }
    add_link(details, facet.url);
  }

  // The author's machine writes createdAt; the server's indexedAt bounds it.
  const auto created = parse_loose_time(text_at(record, "createdAt"));
  const auto indexed = parse_loose_time(text_at(view, "indexedAt"));
  if (created && indexed) {
    post.created_at = std::min(*created, *indexed);
  } else {
    post.created_at = created.value_or(indexed.value_or(Timestamp{}));
  }

  if (const json::array* langs = array_at(record, "langs"); langs != nullptr && !langs->empty()) {
    if (langs->front().is_string()) details.lang = langs->front().get_string().c_str();
  }
  if (const json::object* reply = object_at(record, "reply")) {
    details.is_reply = true;
    if (const json::object* parent = object_at(*reply, "parent")) details.reference_id = text_at(*parent, "uri");
    if (const json::object* root = object_at(*reply, "root")) details.conversation_id = text_at(*root, "uri");
  }
  if (const json::object* embed = object_at(view, "embed")) {
    add_embed(*embed, post);
  } else if (const json::object* embed_record = object_at(record, "embed")) {
    add_embed(*embed_record, post);
  }
  add_labels(array_at(view, "labels"), details.content_warning);
  if (const json::object* self_labels = object_at(record, "labels")) {
    add_labels(array_at(*self_labels, "values"), details.content_warning);
  }
  if (!details.content_warning.empty() && !post.content.empty()) {
    post.content = details.content_warning + "\n\n" + post.content;
  }
  if (item == nullptr) return post;
  if (const json::object* reply = object_at(*item, "reply")) {
    const json::object* parent = object_at(*reply, "parent");
    const json::object* parent_author = parent == nullptr ? nullptr : object_at(*parent, "author");
    if (parent_author != nullptr && details.is_reply) details.reply_to = name_of(*parent_author);
  }
  const json::object* reason = object_at(*item, "reason");
  if (reason != nullptr && text_at(*reason, "$type").ends_with("#reasonRepost")) {
    details.is_repost = true;
    if (details.reference_id.empty()) details.reference_id = post.external_id;
    if (const json::object* by = object_at(*reason, "by")) details.reposted_by = name_of(*by);
  }
  return post;
}

}  // namespace

Result<void> read_bluesky(ByteSource& source, Session& session) {
  std::uint64_t count = 0;
  const auto take = [&](const json::object& object) -> Result<void> {
    ++count;
    const json::object* inner = object_at(object, "post");
    const json::object& view = inner != nullptr ? *inner : object;
    if (text_at(view, "uri").empty()) return session.broken(count, "uri", "is missing: this is no post of Bluesky");
    if (object_at(view, "record") == nullptr) {
      return session.broken(count, "record", "is missing: the post is blocked, deleted or no post view");
    }
    return session.post(make_post(view, inner != nullptr ? &object : nullptr), count);
  };
  return read_objects(source, session, [&](const json::object& object, std::uint64_t) -> Result<void> {
    for (const std::string_view key : {"feed", "posts"}) {
      const json::array* list = array_at(object, key);
      if (list == nullptr) continue;
      for (const json::value& value : *list) {
        if (const json::object* item = as_object(value)) {
          OFFX_TRY(take(*item));
        } else {
          OFFX_TRY(session.broken(++count, key, "holds something that is no post"));
        }
      }
      return {};
    }
    if (object.contains("error") && !object.contains("uri") && !object.contains("post")) {
      return session.broken(
          ++count, "error",
          "Bluesky answered with an error instead of posts: " + std::string(text_at(object, "message")));
    }
    return take(object);
  });
}

}  // namespace offx::sources
