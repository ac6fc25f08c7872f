#include "sources/session.h"

#include <algorithm>
#include <array>
#include <utility>

#include "text/clean.h"
#include "text/language.h"
#include "text/url.h"

namespace offx::sources {
namespace {

constexpr std::size_t kMediaMax = 500;
constexpr std::size_t kLinksMax = 1000;
constexpr std::size_t kShortFieldMaxBytes = 8192;

void lower_in_place(std::string& text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
}

/// A field of one line: cleaned, trimmed, line breaks and tabs to spaces.
void tidy_line(std::string& text) {
  // Nearly all are printable ASCII already: one look at each byte tells.
  bool plain = true;
  for (const char c : text) plain = plain && c >= ' ' && c < '\x7F';
  if (plain && (text.empty() || (text.front() != ' ' && text.back() != ' '))) return;
  text::clean_text_in_place(text);
  const std::string_view kept = text::trim(text);
  if (kept.size() != text.size()) text = std::string(kept);
  std::replace_if(text.begin(), text.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
}

/// Addresses with a scheme that runs or embeds something are dropped; text without a scheme is the user's affair.
void tidy_url(std::string& url) {
  tidy_line(url);
  if (url.starts_with("https://") || url.starts_with("http://") || url.empty()) return;
  const std::string scheme = text::url_scheme(url);
  if (scheme == "javascript" || scheme == "data" || scheme == "vbscript" || scheme == "file") url.clear();
}

bool is_blank(std::string_view text) noexcept { return text::trim(text).empty(); }

}  // namespace

Session::Session(Format format, std::string_view platform, const ReadOptions& options, const ReadCallbacks& callbacks,
                 std::string base_url)
    : callbacks_(callbacks),
      platform_(options.platform.empty() ? platform : std::string_view(options.platform)),
      base_url_(std::move(base_url)),
      now_(std::chrono::floor<std::chrono::seconds>(options.clock != nullptr ? options.clock->now()
                                                                             : SystemClock().now())),
      post_max_bytes_(options.post_max_bytes),
      chunk_bytes_(std::max<std::size_t>(options.chunk_bytes, 1)) {
  summary_.format = format;
  tidy_line(platform_);
  lower_in_place(platform_);
}

void Session::name_places(std::string_view unit, std::string_view file) {
  unit_ = unit;
  file_ = file;
}

Result<void> Session::report(std::uint64_t number, std::string_view field, std::string reason) {
  if (!callbacks_.on_problem) return {};
  Problem problem;
  problem.where = file_;
  if (number != 0) {
    if (!file_.empty()) problem.where += ' ';
    problem.where += unit_ + ' ' + std::to_string(number);
  }
  problem.number = number;
  problem.field = field;
  problem.reason = std::move(reason);
  return callbacks_.on_problem(problem);
}

Result<void> Session::broken(std::uint64_t number, std::string_view field, std::string reason) {
  ++summary_.broken;
  return report(number, field, std::move(reason));
}

Result<void> Session::truncated(std::uint64_t number, std::string reason) {
  summary_.truncated = true;
  return report(number, {}, std::move(reason));
}

Result<void> Session::progress(const InputStream& stream) {
  if (!callbacks_.on_progress) return {};
  return callbacks_.on_progress({stream.bytes_read(), stream.bytes_total(), summary_.posts});
}

Result<void> Session::post(store::Post&& post, std::uint64_t number) {
  store::PostDetails& details = post.details;
  text::clean_text_in_place(post.content);
  if (post.content.size() > post_max_bytes_) {
    return broken(number, "content",
                  "has " + std::to_string(post.content.size()) + " bytes, more than the " +
                      std::to_string(post_max_bytes_) + " a post may have: shorten it");
  }
  for (std::string* line : {&post.external_id, &post.author, &post.author_username, &post.platform}) {
    tidy_line(*line);
    if (line->size() > kShortFieldMaxBytes) {
      return broken(number, {}, "an id or name has more than 8192 bytes: this is no post");
    }
  }
  tidy_url(post.url);
  if (post.author_username.starts_with('@')) post.author_username.erase(0, 1);
  if (post.platform.empty()) {
    post.platform = platform_;
  } else {
    lower_in_place(post.platform);
  }

  for (store::Media& media : post.media) {
    tidy_url(media.url);
    media.type = media_type(media.type, media.url);
    if (media.alt_text) {
      text::clean_text_in_place(*media.alt_text);
      if (is_blank(*media.alt_text)) media.alt_text.reset();
    }
  }
  std::erase_if(post.media, [](const store::Media& media) { return media.url.empty(); });
  if (post.media.size() > kMediaMax) post.media.resize(kMediaMax);

  for (std::string* line :
       {&details.author_id, &details.conversation_id, &details.reply_to, &details.reference_id, &details.reposted_by}) {
    if (!line->empty()) tidy_line(*line);
  }
  if (!details.lang.empty()) details.lang = text::language_code(details.lang);
  for (std::string* text : {&details.quoted_text, &details.content_warning, &details.html}) {
    if (text->empty()) continue;
    text::clean_text_in_place(*text);
    if (text->size() > post_max_bytes_) text->clear();
  }
  for (std::string& link : details.links) tidy_url(link);
  std::erase_if(details.links, [](const std::string& link) { return link.empty(); });
  if (details.links.size() > kLinksMax) details.links.resize(kLinksMax);

  if (post.media.empty() && is_blank(post.content)) {
    return broken(number, "content", "is missing or empty, and there is no media: give the post a text");
  }
  if (post.created_at == Timestamp{} || post.created_at > now_) post.created_at = now_;
  post.created_at = std::chrono::floor<std::chrono::seconds>(post.created_at);
  if (details.edited_at) details.edited_at = std::chrono::floor<std::chrono::seconds>(*details.edited_at);
  if (post.fetched_at == Timestamp{} || post.fetched_at > now_) post.fetched_at = now_;  // a database tells it
  if (post.external_id.empty()) {
    post.external_id = post.url.empty()
                           ? derive_id(std::array<std::string_view, 3>{post.author_username, post.author, post.content})
                           : post.url;
  }
  ++summary_.posts;
  return callbacks_.on_post ? callbacks_.on_post(std::move(post)) : Result<void>{};
}

Result<std::size_t> WatchedStream::read(std::span<char> buffer) {
  OFFX_ASSIGN(const std::size_t count, stream_.read(buffer));
  OFFX_TRY(session_.progress(stream_));
  return count;
}

std::string media_type(std::string_view type, std::string_view url) {
  std::string kind(type.substr(0, 64));
  lower_in_place(kind);
  if (kind == "image" || kind == "video" || kind == "gif" || kind == "audio" || kind == "document") return kind;
  if (kind == "photo" || kind == "picture") return "image";
  if (kind == "animated_gif" || kind == "gifv" || kind == "image/gif") return "gif";
  for (const std::string_view family : {"image", "video", "audio"}) {
    if (kind.starts_with(family) && kind.size() > family.size() && kind[family.size()] == '/') {
      return std::string(family);
    }
  }
  if (kind == "application/x-mpegurl" || kind == "application/vnd.apple.mpegurl") return "video";

  url = url.substr(0, url.find_first_of("?#"));
  const std::size_t dot = url.rfind('.');
  const std::size_t slash = url.rfind('/');
  if (dot != std::string_view::npos && (slash == std::string_view::npos || dot > slash) && url.size() - dot <= 6) {
    std::string extension(url.substr(dot + 1));
    lower_in_place(extension);
    static constexpr auto kImages =
        std::to_array<std::string_view>({"jpg", "jpeg", "png", "webp", "avif", "bmp", "svg", "heic", "tif", "tiff"});
    static constexpr auto kVideos =
        std::to_array<std::string_view>({"mp4", "webm", "mov", "m4v", "m3u8", "mkv", "avi", "ogv"});
    static constexpr auto kAudios =
        std::to_array<std::string_view>({"mp3", "m4a", "ogg", "oga", "opus", "wav", "flac", "aac"});
    const auto among = [&](const auto& list) { return std::find(list.begin(), list.end(), extension) != list.end(); };
    if (extension == "gif") return "gif";
    if (among(kImages)) return "image";
    if (among(kVideos)) return "video";
    if (among(kAudios)) return "audio";
    return "document";
  }
  return kind.empty() || kind == "unknown" ? "image" : "document";
}

std::string derive_id(std::span<const std::string_view> parts) {
  // FNV-1a twice, from different starts, each finished with MurmurHash3's mixer.
  const auto hash = [&](std::uint64_t state) {
    constexpr std::uint64_t kPrime = 0x100000001B3;
    for (const std::string_view part : parts) {
      for (const char c : part) state = (state ^ static_cast<unsigned char>(c)) * kPrime;
      state = (state ^ 0x1FU) * kPrime;
    }
    state = (state ^ (state >> 33U)) * 0xFF51AFD7ED558CCDULL;
    state = (state ^ (state >> 33U)) * 0xC4CEB9FE1A85EC53ULL;
    return state ^ (state >> 33U);
  };
  std::string id;
  for (const std::uint64_t start : {0xCBF29CE484222325ULL, 0x9E3779B97F4A7C15ULL}) {
    const std::uint64_t value = hash(start);
    for (int shift = 60; shift >= 0; shift -= 4)
      id += "0123456789abcdef"[(value >> static_cast<unsigned>(shift)) & 15U];
  }
  return id;
}

}  // namespace offx::sources
