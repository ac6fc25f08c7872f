#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "sources/fields.h"
#include "sources/reader.h"
#include "text/clean.h"

namespace offx::sources {
namespace {

bool is_space(char c) noexcept { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

/// The member names in the first bytes of a JSON text, with their path below the first object: `data`, `data.text`.
/// Arrays add nothing to a path. Works on cut text.
std::vector<std::string> first_keys(std::string_view text) {
  constexpr std::size_t kKeysMax = 400;
  constexpr std::size_t kDepthMax = 4;
  std::vector<std::string> keys;
  std::vector<std::string> path;  // names of the objects we are in
  std::string open;               // brackets
  std::string name;               // of the member whose value follows
  std::size_t i = 0;
  while (i < text.size() && keys.size() < kKeysMax) {
    const char c = text[i];
    if (c == '"') {
      const std::size_t start = ++i;
      while (i < text.size() && text[i] != '"') i += text[i] == '\\' ? 2U : 1U;
      const std::size_t stop = std::min(i, text.size());
      ++i;
      std::size_t after = i;
      while (after < text.size() && is_space(text[after])) ++after;
      if (after < text.size() && text[after] == ':' && !open.empty() && open.back() == '{') {
        name.assign(text.substr(start, std::min<std::size_t>(stop - start, 40)));
        if (path.size() < kDepthMax) {
          std::string key;
          for (const std::string& part : path) {
            if (!part.empty()) key += part + '.';
          }
          keys.push_back(key + name);
        }
        i = after + 1;
      }
      continue;
    }
    if (c == '{' || c == '[') {
      open += c;
      if (c == '{') {
        path.push_back(name);
        name.clear();
      }
      if (open.size() > 64) break;
    } else if (c == '}' || c == ']') {
      if (open.empty()) break;
      if (open.back() == '{' && !path.empty()) path.pop_back();
      open.pop_back();
      name.clear();
      if (open.empty()) break;
    } else if (c == ',') {
      name.clear();
    }
    ++i;
  }
  return keys;
}

std::optional<Format> detect_json(std::string_view text) {
  const std::vector<std::string> keys = first_keys(text);
  const auto has = [&](std::string_view key) { return std::find(keys.begin(), keys.end(), key) != keys.end(); };
  const auto any = [&](std::initializer_list<std::string_view> wanted) {
    return std::any_of(wanted.begin(), wanted.end(), has);
  };
  if (keys.empty()) return std::nullopt;

  const std::string_view start = text.substr(0, 4096);
  if (has("version") && start.find("jsonfeed.org/version/") != std::string_view::npos) return Format::json_feed;
  if (has("tweet.id_str") || has("tweet.full_text") || has("tweet.id")) return Format::x_archive;
  if (has("id_str") && any({"full_text", "favorite_count", "retweet_count"})) return Format::x_archive;
  if (any({"feed.post", "feed.post.uri", "post.record", "posts.record", "posts.cid"})) return Format::bluesky;
  if (has("record") && any({"cid", "uri"})) return Format::bluesky;
  if (any({"feed", "posts"}) && has("cursor") && !has("content")) return Format::bluesky;
  if (any({"data.text", "data.id", "includes.users", "includes.tweets", "includes.posts", "meta.result_count"}) &&
      !has("content")) {
    return Format::x_api;
  }
  if (has("text") && any({"edit_history_tweet_ids", "edit_history_post_ids", "referenced_tweets", "public_metrics"})) {
    return Format::x_api;
  }
  if (has("errors") && !has("content") && has("errors.detail")) return Format::x_api;
  if (any({"account.acct", "account.username", "reblog.account.acct"}) && any({"content", "reblog"})) {
    return Format::mastodon;
  }
  if (has("content") && any({"spoiler_text", "visibility"})) return Format::mastodon;
  if (any({"statuses.account.acct", "ancestors", "descendants", "statuses.content"})) return Format::mastodon;
  if (has("items") && any({"home_page_url", "feed_url", "items.content_html", "items.content_text"})) {
    return Format::json_feed;
  }
  for (const std::string& key : keys) {
    const auto field = key.find('.') == std::string::npos ? find_field(key) : std::nullopt;
    if (field && field->field == Field::content) return Format::jsonl;
  }
  if (any({"external_id", "author_username", "media"})) return Format::jsonl;
  if (has("feed")) return Format::bluesky;  // an empty timeline
  if (has("data") || has("errors") || has("meta")) return Format::x_api;
  return std::nullopt;
}

std::optional<Format> detect_xml(std::string_view text) {
  // The first element's name, behind declarations, comments and a DOCTYPE.
  for (std::size_t at = text.find('<'); at != std::string_view::npos; at = text.find('<', at + 1)) {
    std::string_view rest = text.substr(at + 1);
    if (rest.starts_with("!--")) {
      const std::size_t end = text.find("-->", at);
      if (end == std::string_view::npos) return std::nullopt;
      at = end;
      continue;
    }
    if (rest.empty() || rest.front() == '?' || rest.front() == '!') continue;
    std::string_view name = rest.substr(0, rest.find_first_of(" \t\r\n/>"));
    if (const std::size_t colon = name.find(':'); colon != std::string_view::npos) name.remove_prefix(colon + 1);
    if (name == "rss" || name == "RDF" || name == "channel") return Format::rss;
    if (name == "feed") return Format::atom;
    return std::nullopt;
  }
  return std::nullopt;
}

bool looks_like_csv(std::string_view text) {
  if (text.starts_with("sep=")) return true;
  const std::string_view line = text.substr(0, text.find_first_of("\r\n"));
  if (line.size() > 8192) return false;
  for (const char delimiter : {',', ';', '\t', '|'}) {
    bool content = false;
    std::size_t at = 0;
    while (at <= line.size()) {
      const std::size_t end = std::min(line.find(delimiter, at), line.size());
      std::string_view cell = text::trim(line.substr(at, end - at));
      if (cell.size() >= 2 && cell.front() == '"' && cell.back() == '"') cell = cell.substr(1, cell.size() - 2);
      const auto field = find_field(cell);
      content = content || (field && field->field == Field::content);
      at = end + 1;
    }
    if (content && (line.find(delimiter) != std::string_view::npos || line.size() < 40)) return true;
  }
  return false;
}

std::optional<Format> detect_name(std::string_view name) {
  std::string lower(name.substr(name.find_last_of("/\\") + 1));
  lower = lower.substr(0, lower.find_first_of("?#"));
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  for (const std::string_view packed : {".gz", ".zst", ".zstd"}) {
    if (lower.ends_with(packed)) lower.resize(lower.size() - packed.size());
  }
  struct Ending {
    std::string_view text;
    Format format;
  };
  static constexpr auto kEndings = std::to_array<Ending>({{".jsonl", Format::jsonl},
                                                          {".ndjson", Format::jsonl},
                                                          {".csv", Format::csv},
                                                          {".tsv", Format::csv},
                                                          {".rss", Format::rss},
                                                          {".rdf", Format::rss},
                                                          {".atom", Format::atom},
                                                          {"tweets.js", Format::x_archive},
                                                          {"tweet.js", Format::x_archive}});
  for (const Ending& ending : kEndings) {
    if (lower.ends_with(ending.text)) return ending.format;
  }
  if (lower.starts_with("tweets-part") && lower.ends_with(".js")) return Format::x_archive;
  return std::nullopt;
}

/// UTF-16 with ASCII in it, without its zero bytes: enough to recognise XML.
std::string narrow(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, 4096)) {
    if (c != '\0' && static_cast<unsigned char>(c) < 0x80) out += c;
  }
  return out;
}

}  // namespace

std::optional<Format> detect_format(std::string_view name, std::string_view head) {
  constexpr std::string_view kSqlite("SQLite format 3\0", 16);
  if (head.starts_with(kSqlite)) return Format::offx_database;
  if (head.starts_with("PK\x03\x04") || head.starts_with("PK\x05\x06")) return Format::x_archive;
  if (head.starts_with("\xEF\xBB\xBF")) head.remove_prefix(3);
  if (head.starts_with("\xFE\xFF") || head.starts_with("\xFF\xFE") ||
      head.substr(0, 4).find('\0') != std::string_view::npos) {
    return detect_xml(narrow(head));
  }
  while (!head.empty() && is_space(head.front())) head.remove_prefix(1);
  const std::optional<Format> by_name = detect_name(name);
  if (head.empty()) return by_name;
  if (head.starts_with("window.YTD.")) return Format::x_archive;
  std::optional<Format> by_content;
  if (head.front() == '<') by_content = detect_xml(head);
  if (head.front() == '{' || head.front() == '[') by_content = detect_json(head);
  if (by_content) return by_content;
  if (by_name) return by_name;
  if (head.front() != '<' && head.front() != '{' && head.front() != '[' && looks_like_csv(head)) return Format::csv;
  return std::nullopt;
}

}  // namespace offx::sources
