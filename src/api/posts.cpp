// Posts, searches over them, and their attachments.
#include "store/posts.h"

#include <algorithm>
#include <array>

#include "api/shown.h"
#include "net/http_client.h"
#include "pipeline/json.h"
#include "pipeline/page_key.h"
#include "pipeline/search.h"
#include "pipeline/similar.h"
#include "store/topics.h"
#include "topics/explain.h"

namespace offx::api {
namespace {

constexpr std::int64_t kLimitMax = 200;
constexpr std::size_t kBytesOfPost = 600;  ///< about
constexpr std::size_t kSimilarMax = 20;
constexpr std::chrono::milliseconds kSearchTime{2000};
constexpr std::size_t kMediaBytesMax = 10U << 20U;
constexpr std::chrono::milliseconds kMediaTime{10'000};
constexpr std::chrono::milliseconds kMediaConnectTime{5'000};

Result<store::PostFilter> filter_of(const Request& request, const Services& services) {
  store::PostFilter filter;
  const auto now = services.clock.now();
  OFFX_ASSIGN(filter.topic_id, request.query_id("topic"));
  OFFX_ASSIGN(filter.since, moment_of(request, "since", now));
  OFFX_ASSIGN(filter.until, moment_of(request, "until", now));
  const auto lower = [](std::string text) {
    for (char& c : text) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    return text;
  };
  filter.platform = lower(request.query("platform"));
  filter.lang = lower(request.query("lang"));
  OFFX_ASSIGN(filter.author, pipeline::author_named(request.query("author")));
  const auto media = request.query("media");
  if (media == "any") filter.media = store::MediaFilter::any;
  if (media == "image") filter.media = store::MediaFilter::image;
  if (media == "video") filter.media = store::MediaFilter::video;
  if (!media.empty() && filter.media == store::MediaFilter::none) {
    return fail(Error(Errc::invalid_argument, "has to be image, video or any").within("media"));
  }
  return filter;
}

Result<net::HttpResponse> list_posts(const Request& request, const Services& services) {
  static constexpr std::array<std::string_view, 12> kParameters = {
      "topic", "platform", "author", "since", "until", "q", "lang", "media", "sort", "cluster", "limit", "after"};
  OFFX_TRY(request.only(kParameters));
  pipeline::SearchOptions options;
  OFFX_ASSIGN(options.filter, filter_of(request, services));
  OFFX_ASSIGN(const auto limit, request.query_number("limit", 50, 1, kLimitMax));
  OFFX_ASSIGN(options.after, pipeline::from_token(request.query("after"), "after"));
  OFFX_ASSIGN(const bool clustered, flag_of(request, "cluster"));
  options.limit = static_cast<std::size_t>(limit);
  options.time_max = kSearchTime;
  const auto text = request.query("q");
  const auto sort = request.query("sort");
  if (!sort.empty() && sort != "newest" && sort != "relevance") {
    return fail(Error(Errc::invalid_argument, "has to be newest or relevance").within("sort"));
  }
  if (sort == "relevance") {
    if (text.empty())
      return fail(Error(Errc::invalid_argument, "relevance needs a q to be relevant to").within("sort"));
    if (options.after) return fail(Error(Errc::invalid_argument, "relevance has one page only").within("after"));
    options.order = store::SearchOrder::best;
  }

  std::optional<topics::Rule> query;
  if (!text.empty()) {
    auto parsed = topics::parse_query(text);
    if (!parsed) return rule_problem(request, "q", parsed.error(), text);
    query = std::move(*parsed);
  }
  auto page = query ? pipeline::search_posts(services.client, *query, options)
                    : store::PostRepository(services.client).page(options.filter, options.limit, options.after);
  if (!page) return fail(std::move(page).error());
  std::optional<topics::Explainer> explainer;
  if (query) explainer.emplace(*query, text::NormalForm::search);
  pipeline::JsonWriter out(kBytesOfPost * page->posts.size());
  out.begin_object();
  out.name("posts");
  write_shown_posts(out, *page, clustered, [&](std::size_t i) {
    if (!explainer) return;
    out.name("matched");
    pipeline::write_matched(out, explainer->explain(page->posts[i]), page->posts[i].content);
  });
  const auto& next = page->next;
  out.member("next", next ? std::optional(pipeline::to_token(*next)) : std::nullopt);
  out.end_object();
  return json_response(std::move(out));
}

Result<net::HttpResponse> get_post(const Request& request, const Services& services) {
  OFFX_TRY(request.only({}));
  OFFX_ASSIGN(const auto id, request.path_id());
  store::PostRepository posts(services.client);
  OFFX_ASSIGN(const auto found, posts.get_linked(id));
  const auto& [post, links] = found;
  OFFX_ASSIGN(const auto same, pipeline::similar_posts(services.client, post, kSimilarMax));
  std::vector<std::int64_t> topic_ids;
  for (const auto& label : links.topics) topic_ids.push_back(label.id);
  std::vector<store::Topic> topics;
  if (!topic_ids.empty()) {
    OFFX_ASSIGN(topics, store::TopicRepository(services.client).get(topic_ids));
  }
  std::vector<std::vector<topics::MatchedTerm>> matched;
  for (const auto topic_id : topic_ids) {
    auto& terms = matched.emplace_back();
    const auto topic =
        std::find_if(topics.begin(), topics.end(), [&](const store::Topic& t) { return t.id == topic_id; });
    // A topic may have gone since; one may be filed by hand, or have a rule that cannot be read any more.
    if (topic == topics.end()) continue;
    const auto& text = topic->rule;
    if (!text) continue;
    if (const auto rule = topics::parse_rule(*text)) terms = topics::explain(*rule, post);
  }
  pipeline::JsonWriter out;
  out.begin_object();
  write_shown_post(out, post, links, matched);
  out.name("same");
  write_shown_posts(out, same, false);
  out.end_object();
  return json_response(std::move(out));
}

Result<net::HttpResponse> remove_post(const Request& request, const Services& services) {
  OFFX_TRY(request.only({}));
  OFFX_ASSIGN(const auto id, request.path_id());
  OFFX_TRY(store::PostRepository(services.client).remove(id, services.clock.now()));
  return no_content();
}

// --- Attachments ---

/// The type that the first bytes of an image tell; empty for anything else. No SVG: it is a program.
std::string_view image_type(std::string_view bytes) {
  constexpr std::string_view kPng("\x89PNG\r\n\x1a\n", 8);
  if (bytes.starts_with(kPng)) return "image/png";
  if (bytes.starts_with("\xFF\xD8\xFF")) return "image/jpeg";
  if (bytes.starts_with("GIF87a") || bytes.starts_with("GIF89a")) return "image/gif";
  if (bytes.size() >= 12 && bytes.starts_with("RIFF") && bytes.substr(8, 4) == "WEBP") return "image/webp";
  if (bytes.size() >= 12 && bytes.substr(4, 4) == "ftyp" &&
      (bytes.substr(8, 4) == "avif" || bytes.substr(8, 4) == "avis")) {
    return "image/avif";
  }
  return {};
}

/// Errors of another host are neither our caller's nor ours: Errc::unsupported says that it cannot be had from here.
Error not_to_be_had(const Error& error) {
  return {Errc::unsupported, "the attachment cannot be shown: " + error.message()};
}

/// One of the places for fetching attachments, while it lives.
class MediaPlace {
 public:
  explicit MediaPlace(const Services& services)
      : services_(services), is_free_(services.media_now.fetch_add(1) < services.media_at_once) {}
  ~MediaPlace() { --services_.media_now; }
  MediaPlace(const MediaPlace&) = delete;
  MediaPlace& operator=(const MediaPlace&) = delete;
  [[nodiscard]] bool is_free() const noexcept { return is_free_; }

 private:
  const Services& services_;
  const bool is_free_;
};

Result<net::HttpResponse> get_media(const Request& request, const Services& services) {
  OFFX_TRY(request.only({}));
  OFFX_ASSIGN(const auto id, request.path_id());
  OFFX_ASSIGN(const auto media, store::PostRepository(services.client).media(id));
  const MediaPlace place(services);
  if (!place.is_free()) {
    constexpr int kBusy = 503;
    auto response = problem(kBusy, title_of(kBusy), "many attachments are being fetched; try again", request.id());
    response.headers.push_back({"Retry-After", "1"});
    return response;
  }
  net::Request wanted;
  wanted.url = media.url;
  wanted.headers.push_back({"Accept", "image/avif,image/webp,image/png,image/jpeg,image/gif"});
  wanted.limits.body_max_bytes = kMediaBytesMax;
  wanted.limits.total_timeout = kMediaTime;
  wanted.limits.connect_timeout = kMediaConnectTime;
  auto fetched = services.http.fetch(wanted);
  if (!fetched) return fail(not_to_be_had(fetched.error()));
  if (const auto success = net::require_success(*fetched); !success) return fail(not_to_be_had(success.error()));
  const auto type = image_type(fetched->body);
  if (type.empty()) {
    return fail(Errc::unsupported, "the attachment cannot be shown: it is no PNG, JPEG, GIF, WebP or AVIF image");
  }
  net::HttpResponse response;
  response.headers = {{"Content-Type", std::string(type)},
                      {"Content-Security-Policy", "default-src 'none'; sandbox"},
                      {"X-Content-Type-Options", "nosniff"},
                      {"Content-Disposition", "inline"},
                      {"Cache-Control", "private, max-age=86400"}};
  response.body = std::move(fetched->body);
  return response;
}

}  // namespace

std::span<const Route> post_routes() {
  static constexpr std::array kRoutes = {
      Route{.method = "GET", .path = "/api/v1/posts", .access = Access::read, .handler = list_posts, .kept = true},
      Route{"GET", "/api/v1/posts/{id}", Access::read, get_post},
      Route{"DELETE", "/api/v1/posts/{id}", Access::write, remove_post},
      Route{"GET", "/api/v1/media/{id}", Access::read, get_media},
  };
  return kRoutes;
}

}  // namespace offx::api
