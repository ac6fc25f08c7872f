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

void write_shown_post(pipeline::JsonWriter& out, const store::Post& post, const store::PostLinks& links,
                      std::span<const std::vector<topics::MatchedTerm>> matched) {
  pipeline::write_post(out, post, links.media_ids);
  out.name("topics");
  out.begin_array();
  for (std::size_t i = 0; i < links.topics.size(); ++i) {
    const auto& topic = links.topics[i];
    out.begin_object();
    out.member("id", topic.id);
    out.member("title", topic.title);
    out.member("color", topic.color);
    if (i < matched.size()) {
      out.name("matched");
      pipeline::write_matched(out, matched[i], post.content);
    }
    out.end_object();
  }
  out.end_array();
  const auto sentiment = summary::sentiment(post.content);
  out.member("score", sentiment.score);
  out.member("label", summary::to_string(sentiment.label));
}

void write_shown_posts(pipeline::JsonWriter& out, const store::PostPage& page, bool clustered,
                       const std::function<void(std::size_t)>& more) {
  const auto write_members = [&](std::size_t i) {
    write_shown_post(out, page.posts[i], page.links[i]);
    if (more) more(i);
  };
  std::vector<summary::Cluster> clusters;
  std::vector<const summary::Cluster*> led_by(page.posts.size());  // where a post is the first of several
  std::vector<bool> follows(page.posts.size());
  if (clustered) {
    const auto inputs = summary::inputs_of(page.posts);
    std::vector<const summary::Input*> pointers;
    for (const auto& input : inputs) pointers.push_back(&input);
    clusters = summary::cluster_posts(pointers);
    for (const auto& cluster : clusters) {
      if (cluster.posts.size() < 2) continue;
      led_by[cluster.posts[0]] = &cluster;
      for (std::size_t i = 1; i < cluster.posts.size(); ++i) follows[cluster.posts[i]] = true;
    }
  }
  out.begin_array();
  for (std::size_t i = 0; i < page.posts.size(); ++i) {
    if (follows[i]) continue;
    out.begin_object();
    write_members(i);
    if (clustered) {
      out.member("said_by", led_by[i] != nullptr ? led_by[i]->voices.size() : std::size_t{1});
      out.name("same");
      out.begin_array();
      for (std::size_t other = 1; led_by[i] != nullptr && other < led_by[i]->posts.size(); ++other) {
        out.begin_object();
        write_members(led_by[i]->posts[other]);
        out.end_object();
      }
      out.end_array();
    }
    out.end_object();
  }
  out.end_array();
}

void write_shown_summary(pipeline::JsonWriter& out, const store::ShownSummary& shown) {
  out.begin_object();
  out.members(pipeline::to_json(shown.summary));
  out.name("posts");
  out.begin_array();
  for (std::size_t i = 0; i < shown.citations.size(); ++i) {
    const auto& citation = shown.citations[i];
    out.begin_object();
    write_shown_post(out, citation.post, shown.links[i]);
    out.member("n", citation.n);
    out.member("said_by", citation.said_by);
    out.end_object();
  }
  out.end_array();
  out.end_object();
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
