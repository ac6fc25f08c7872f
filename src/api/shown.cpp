#include "api/shown.h"

#include <algorithm>
#include <chrono>

#include "pipeline/json.h"
#include "pipeline/period.h"
#include "pipeline/summarize.h"
#include "summary/clusters.h"
#include "summary/sentiment.h"
#include "text/utf8.h"

namespace offx::api {

namespace json = boost::json;

json::object shown_post(const store::Post& post, const store::PostLinks& links) {
  auto object = pipeline::to_json(post);
  auto& media = object["media"].as_array();
  for (std::size_t i = 0; i < media.size() && i < links.media_ids.size(); ++i) {
    auto& item = media[i].as_object();
    item["id"] = links.media_ids[i];
    item["proxy"] = "/api/v1/media/" + std::to_string(links.media_ids[i]);
  }
  json::array topics;
  for (const auto& topic : links.topics) {
    topics.push_back(json::object{
        {"id", topic.id}, {"title", pipeline::valid_text(topic.title)}, {"color", pipeline::valid_text(topic.color)}});
  }
  object["topics"] = std::move(topics);
  const auto sentiment = summary::sentiment(post.content);
  object["score"] = sentiment.score;
  object["label"] = summary::to_string(sentiment.label);
  return object;
}

json::object shown_summary(const store::ShownSummary& shown) {
  auto object = pipeline::to_json(shown.summary);
  json::array posts;
  for (std::size_t i = 0; i < shown.citations.size(); ++i) {
    auto post = shown_post(shown.citations[i].post, shown.links[i]);
    post["n"] = shown.citations[i].n;
    post["said_by"] = shown.citations[i].said_by;
    posts.push_back(std::move(post));
  }
  object["posts"] = std::move(posts);
  return object;
}

json::array shown_posts(const store::PostPage& page, json::array posts, bool clustered) {
  if (!clustered) return posts;
  std::vector<const store::Post*> pointers;
  for (const auto& post : page.posts) pointers.push_back(&post);
  std::vector<bool> follows(posts.size());
  for (const auto& cluster : summary::cluster_posts(pointers)) {
    if (cluster.posts.size() < 2) continue;
    auto& first = posts[cluster.posts[0]].as_object();
    json::array same;
    for (std::size_t i = 1; i < cluster.posts.size(); ++i) {
      follows[cluster.posts[i]] = true;
      same.push_back(std::move(posts[cluster.posts[i]]));
    }
    first["said_by"] = cluster.voices.size();
    first["same"] = std::move(same);
  }
  json::array kept;
  for (std::size_t i = 0; i < posts.size(); ++i) {
    if (follows[i]) continue;
    auto& post = posts[i].as_object();
    if (!post.contains("said_by")) {
      post["said_by"] = 1;
      post["same"] = json::array();
    }
    kept.push_back(std::move(posts[i]));
  }
  return kept;
}

Result<std::optional<Timestamp>> moment_of(const Request& request, std::string_view name, Timestamp now) {
  const auto text = request.query(name);
  if (text.empty()) return std::optional<Timestamp>();
  auto moment = pipeline::parse_moment(text, now);
  if (!moment) return fail(std::move(moment).error().within(name));
  return std::optional(*moment);
}

Result<bool> flag_of(const Request& request, std::string_view name) {
  const auto text = request.query(name);
  if (text.empty() || text == "false") return false;
  if (text == "true") return true;
  return fail(Error(Errc::invalid_argument, "has to be true or false").within(name));
}

Result<TimeZone> zone_of(const Request& request) {
  const auto name = request.query("time_zone");
  auto zone = TimeZone::find(name.empty() ? "UTC" : name);
  if (!zone) return fail(std::move(zone).error().within("time_zone"));
  return zone;
}

RulePlace place_of(const topics::RuleError& error, std::string_view source) {
  std::size_t at = 0;
  const auto forward = [&](std::size_t characters) {
    for (; characters > 0 && at < source.size(); --characters) (void)text::next_char(source, at);
    return pipeline::utf16_length(source, at);
  };
  RulePlace place;
  place.position = forward(error.column - 1);
  place.length = std::max<std::size_t>(1, forward(error.length) - place.position);
  return place;
}

net::HttpResponse rule_problem(const Request& request, std::string_view field, const topics::RuleError& error,
                               std::string_view source) {
  const auto place = place_of(error, source);
  return problem(
      400, title_of(400), error.to_error().message(), request.id(),
      {json::object{
          {"field", field}, {"message", error.message}, {"position", place.position}, {"length", place.length}}});
}

Result<std::optional<net::HttpResponse>> check_summary_budget(const Request& request, const Services& services) {
  constexpr std::chrono::hours kDay{24};
  const auto budget = services.summaries_per_day;
  if (budget == 0) return std::optional<net::HttpResponse>();
  const auto now = services.clock.now();
  OFFX_ASSIGN(const auto asked, store::JobRepository(services.client).asked_since("summarise", now - kDay, budget));
  if (asked.count < budget) return std::optional<net::HttpResponse>();
  const auto wait = std::chrono::ceil<std::chrono::seconds>(asked.oldest.value_or(now) + kDay - now);
  auto response =
      problem(429, title_of(429),
              "summaries were asked for " + std::to_string(asked.count) +
                  " times within 24 hours, as often as this server allows (OFFX_SUMMARIES_PER_DAY); those of "
                  "jobs come at their times",
              request.id());
  response.headers.push_back({"Retry-After", std::to_string(std::max<std::int64_t>(wait.count(), 1))});
  return std::optional(std::move(response));
}

Result<store::Run> ask_for_run(const Request& request, const Services& services, std::string_view kind,
                               std::string_view title, const json::object& options) {
  OFFX_ASSIGN(auto run,
              store::JobRepository(services.client)
                  .enqueue(kind, title, json::serialize(options), request.caller().username, services.clock.now()));
  if (services.wake_scheduler) services.wake_scheduler();
  return run;
}

net::HttpResponse no_content() {
  net::HttpResponse response;
  response.status = 204;
  return response;
}

}  // namespace offx::api
