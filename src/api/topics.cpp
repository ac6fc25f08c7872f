// Topics, their rules, their charts, and the page of the day.
#include "store/topics.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <numeric>

#include "api/shown.h"
#include "pipeline/json.h"
#include "pipeline/preview.h"
#include "pipeline/series.h"
#include "store/posts.h"
#include "store/today.h"
#include "summary/sentiment.h"

namespace offx::api {
namespace {

namespace json = boost::json;
using namespace std::chrono;

constexpr std::size_t kDescriptionBytesMax = 10'000;
constexpr milliseconds kPreviewTime{2000};
constexpr std::int64_t kPreviewPostsMax = 200;
constexpr std::size_t kPreviewPage = 1000;

// --- Topics ---

json::object topic_json(const store::Topic& topic, const store::TopicCounts& counts) {
  auto object = pipeline::to_json(topic);
  object["posts"] = counts.posts;
  object["last_summary_at"] = pipeline::time_or_null(counts.last_summary_at);
  object["filing"] = counts.is_filing;
  return object;
}

Result<json::object> read_topic(const Services& services, std::int64_t id) {
  store::TopicRepository topics(services.client);
  OFFX_ASSIGN(const auto topic, topics.get(id));
  OFFX_ASSIGN(const auto counts, topics.counts(id));
  return topic_json(topic, counts.empty() ? store::TopicCounts{} : counts.front());
}

Result<net::HttpResponse> list_topics(const Request& request, const Services& services) {
  OFFX_TRY(request.only({}));
  store::TopicRepository topics(services.client);
  OFFX_ASSIGN(const auto all, topics.list());
  OFFX_ASSIGN(const auto counts, topics.counts());
  json::array array;
  array.reserve(all.size());
  for (const auto& topic : all) {
    // Between the two reads a topic may have come or gone.
    const auto count = std::lower_bound(counts.begin(), counts.end(), topic.id,
                                        [](const auto& entry, std::int64_t id) { return entry.topic_id < id; });
    const bool found = count != counts.end() && count->topic_id == topic.id;
    array.push_back(topic_json(topic, found ? *count : store::TopicCounts{}));
  }
  return json_response(json::object{{"topics", std::move(array)}});
}

constexpr std::array<std::string_view, 5> kTopicMembers = {"title", "description", "rule", "color", "is_active"};

/// Writes what `body` says over `topic`; the answer if its rule is not understood.
Result<std::optional<net::HttpResponse>> apply(const Request& request, const json::object& body, store::Topic& topic) {
  const auto wrong = [](std::string_view field, std::string message) {
    return fail(Error(Errc::invalid_argument, std::move(message)).within(field));
  };
  OFFX_ASSIGN(auto title, text_member(body, "title"));
  OFFX_ASSIGN(auto description, text_member(body, "description"));
  OFFX_ASSIGN(auto rule, text_member(body, "rule"));
  OFFX_ASSIGN(auto color, text_member(body, "color"));
  OFFX_ASSIGN(const auto is_active, flag_member(body, "is_active"));
  if (title && *title != topic.title) {
    OFFX_TRY(store::check_title(*title));
    topic.title = std::move(*title);
  }
  if (topic.title.empty()) OFFX_TRY(store::check_title(topic.title));  // a new topic that was given none
  if (description || body.contains("description")) topic.description = description.value_or("");
  if (topic.description.size() > kDescriptionBytesMax) {
    return wrong("description", "has more than " + std::to_string(kDescriptionBytesMax) + " bytes");
  }
  if (color) {
    if (!store::is_color(*color)) return wrong("color", "is no colour; write it as #rrggbb, like #3498db");
    topic.color = std::move(*color);
  }
  if (is_active) topic.is_active = *is_active;
  if (body.contains("rule")) topic.rule.reset();
  if (rule) {
    if (const auto parsed = topics::parse_rule(*rule); !parsed) {
      return std::optional(rule_problem(request, "rule", parsed.error(), *rule));
    }
    topic.rule = std::move(*rule);
  }
  return std::optional<net::HttpResponse>();
}

/// The topic with the run that files the posts of before under it, if there is one.
Result<net::HttpResponse> changed_topic(const Request& request, const Services& services, const store::Topic& topic,
                                        bool to_file, int status) {
  json::value run;
  if (to_file) {
    OFFX_ASSIGN(const auto asked, ask_for_run(request, services, "file_topic", "File posts under " + topic.title,
                                              {{"topic_id", topic.id}}));
    run = pipeline::to_json(asked);
  }
  OFFX_ASSIGN(auto object, read_topic(services, topic.id));
  object["run"] = std::move(run);
  return json_response(object, status);
}

Result<net::HttpResponse> add_topic(const Request& request, const Services& services) {
  OFFX_TRY(request.only({}));
  OFFX_ASSIGN(const auto body, request.json(kTopicMembers));
  store::Topic topic;
  OFFX_ASSIGN(auto refusal, apply(request, body, topic));
  if (refusal) return std::move(*refusal);
  OFFX_ASSIGN(topic.id, store::TopicRepository(services.client).add(topic, services.clock.now()));
  return changed_topic(request, services, topic, topic.rule && topic.is_active, 201);
}

Result<net::HttpResponse> get_topic(const Request& request, const Services& services) {
  OFFX_TRY(request.only({}));
  OFFX_ASSIGN(const auto id, request.path_id());
  OFFX_ASSIGN(const auto object, read_topic(services, id));
  return json_response(object);
}

Result<net::HttpResponse> change_topic(const Request& request, const Services& services) {
  OFFX_TRY(request.only({}));
  OFFX_ASSIGN(const auto id, request.path_id());
  OFFX_ASSIGN(const auto body, request.json(kTopicMembers));
  store::TopicRepository topics(services.client);
  OFFX_ASSIGN(const auto before, topics.get(id));
  auto topic = before;
  OFFX_ASSIGN(auto refusal, apply(request, body, topic));
  if (refusal) return std::move(*refusal);
  OFFX_TRY(topics.update(topic, services.clock.now()));
  const bool to_file =
      topic.rule && topic.is_active && (topic.rule != before.rule || topic.is_active != before.is_active);
  return changed_topic(request, services, topic, to_file, 200);
}

Result<net::HttpResponse> remove_topic(const Request& request, const Services& services) {
  OFFX_TRY(request.only({}));
  OFFX_ASSIGN(const auto id, request.path_id());
  OFFX_TRY(store::TopicRepository(services.client).remove(id));
  return no_content();
}

// --- Rules ---

Result<net::HttpResponse> validate_rule(const Request& request, const Services& /*services*/) {
  OFFX_TRY(request.only({}));
  static constexpr std::array<std::string_view, 1> kMembers = {"rule"};
  OFFX_ASSIGN(const auto body, request.json(kMembers));
  OFFX_ASSIGN(const auto text, text_member(body, "rule"));
  const std::string source = text.value_or("");
  const auto rule = topics::parse_rule(source);
  if (rule) return json_response(json::object{{"valid", true}});
  const auto place = place_of(rule.error(), source);
  return json_response(json::object{
      {"valid", false}, {"message", rule.error().message}, {"position", place.position}, {"length", place.length}});
}

Result<net::HttpResponse> preview_rule(const Request& request, const Services& services) {
  OFFX_TRY(request.only({}));
  static constexpr std::array<std::string_view, 2> kMembers = {"rule", "limit"};
  OFFX_ASSIGN(const auto body, request.json(kMembers));
  OFFX_ASSIGN(const auto text, text_member(body, "rule"));
  OFFX_ASSIGN(const auto limit, number_member(body, "limit"));
  if (limit && (*limit < 1 || *limit > kPreviewPostsMax)) {
    return fail(Error(Errc::invalid_argument, "has to be a number from 1 to " + std::to_string(kPreviewPostsMax))
                    .within("limit"));
  }
  const std::string source = text.value_or("");
  auto rule = topics::parse_rule(source);
  if (!rule) return rule_problem(request, "rule", rule.error(), source);

  pipeline::RulePreview preview(std::move(*rule), static_cast<std::size_t>(limit.value_or(20)));
  store::PostRepository posts(services.client);
  const auto give_up = steady_clock::now() + kPreviewTime;
  std::optional<store::PageKey> after;
  do {
    OFFX_ASSIGN(const auto page, posts.page({}, kPreviewPage, after));
    for (const auto& post : page.posts) preview.look_at(post);
    after = page.next;
  } while (after && steady_clock::now() < give_up);

  auto matches = preview.finish();
  std::vector<store::Post> shown;
  for (const auto& match : matches) shown.push_back(match.post);
  OFFX_ASSIGN(const auto links, posts.links_of(shown));
  pipeline::JsonWriter out;
  out.begin_object();
  out.member("seen", preview.seen());
  out.member("matched", preview.matched());
  out.member("complete", !after.has_value());
  out.name("posts");
  out.begin_array();
  for (std::size_t i = 0; i < matches.size(); ++i) {
    out.begin_object();
    write_shown_post(out, matches[i].post, links[i]);
    out.name("matched");
    pipeline::write_matched(out, matches[i].terms, matches[i].post.content);
    out.end_object();
  }
  out.end_array();
  out.end_object();
  return json_response(std::move(out));
}

// --- Charts ---

std::optional<double> score_of(const store::Mood& mood) {
  if (mood.posts == 0) return std::nullopt;
  return mood.score_sum / static_cast<double>(mood.posts);
}

Result<net::HttpResponse> series(const Request& request, const Services& services) {
  static constexpr std::array<std::string_view, 4> kParameters = {"interval", "since", "until", "time_zone"};
  OFFX_TRY(request.only(kParameters));
  OFFX_ASSIGN(const auto id, request.path_id());
  const auto name = request.query("interval");
  const auto interval = pipeline::to_interval(name.empty() ? "day" : name);
  if (!interval) return fail(Error(Errc::invalid_argument, "has to be hour, day or week").within("interval"));
  const auto now = services.clock.now();
  OFFX_ASSIGN(const auto zone, zone_of(request));
  OFFX_ASSIGN(const auto since, moment_of(request, "since", now));
  OFFX_ASSIGN(const auto until, moment_of(request, "until", now));
  const auto end = until.value_or(now);
  const auto length = *interval == pipeline::Interval::hour  ? hours(48)
                      : *interval == pipeline::Interval::day ? hours(24 * 30)
                                                             : hours(24 * 7 * 26);
  OFFX_TRY(store::TopicRepository(services.client).get(id));
  auto found = pipeline::topic_series(services.client, id, *interval, since.value_or(end - length), end, zone);
  if (!found) {
    if (found.error().code() != Errc::invalid_argument) return fail(std::move(found).error());
    return fail(std::move(found).error().within("since"));
  }
  constexpr std::size_t kBytesOfPoint = 120;  // about
  pipeline::JsonWriter out(kBytesOfPoint * found->size());
  out.begin_object();
  out.member("interval", pipeline::to_string(*interval));
  out.member("time_zone", zone.name());
  out.name("points");
  out.begin_array();
  for (const auto& point : *found) {
    const auto& mood = point.mood;
    out.begin_object();
    out.member("start", point.start);
    out.member("posts", point.posts);
    out.member("score", score_of(mood));
    out.member("positive", mood.positive);
    out.member("neutral", mood.posts - mood.positive - mood.negative);
    out.member("negative", mood.negative);
    out.end_object();
  }
  out.end_array();
  out.end_object();
  return json_response(std::move(out));
}

// --- The page of the day ---

constexpr std::size_t kTrendDays = 14;
constexpr std::size_t kWeekDays = 7;
/// Posts whose mood one request may work out.
constexpr std::uint64_t kMoodPostsMax = 2000;

void write_mood(pipeline::JsonWriter& out, const store::Mood& mood) {
  const auto score = score_of(mood);
  if (!score) return out.value(nullptr);
  out.begin_object();
  out.member("score", *score);
  out.member("label", summary::to_string(summary::label_of_mean(*score)));
  out.end_object();
}

/// A summary as a card shows it: its sentences, or the text of one that has none.
void write_card_summary(pipeline::JsonWriter& out, const store::StoredSummary& summary) {
  out.begin_object();
  out.member("id", summary.id);
  out.name("period");
  out.begin_object();
  out.member("start", summary.period_start);
  out.member("end", summary.period_end);
  out.end_object();
  out.member("created_at", summary.created_at);
  out.member("post_count", summary.post_count);
  out.member("sentences", pipeline::stored_json(summary.sentences_json));
  out.member_or_null("content", summary.content);
  out.member("sentiment", pipeline::stored_json(summary.sentiment_json));
  out.end_object();
}

std::int64_t posts_of_week(const store::TopicToday& entry) {
  return std::accumulate(entry.posts.end() - kWeekDays, entry.posts.end(), std::int64_t{0});
}

Result<net::HttpResponse> today(const Request& request, const Services& services) {
  static constexpr std::array<std::string_view, 1> kParameters = {"time_zone"};
  OFFX_TRY(request.only(kParameters));
  OFFX_ASSIGN(const auto zone, zone_of(request));
  const auto now = services.clock.now();
  const auto user = request.caller().user_id;
  OFFX_ASSIGN(const auto touched,
              pipeline::interval_bounds(pipeline::Interval::day, now - days(kTrendDays), now + milliseconds(1), zone));
  // The last of the days that it touches: a day more, or two where clocks change.
  const auto bounds = std::span(touched).last(kTrendDays + 1);
  OFFX_ASSIGN(const auto since, store::visit_before(services.client, user, now));
  const auto today_begin = bounds[kTrendDays - 1];
  const auto week = bounds[kTrendDays - kWeekDays];
  const store::TodayTimes times{.bounds = bounds, .mood_since = week, .new_since = since.value_or(today_begin)};
  OFFX_ASSIGN(auto entries, store::read_today(services.client, user, times));
  const bool moods_known = std::all_of(entries.begin(), entries.end(),
                                       [](const auto& entry) { return entry.mood.posts == posts_of_week(entry); });
  if (!moods_known) {
    const auto done = pipeline::work_out_moods(services.client, {}, week, kMoodPostsMax);
    // Where nothing can be written now, as at a replica, what is known is shown.
    if (!done && !done.error().retryable()) return fail(done.error());
    if (done && *done > 0) {
      OFFX_ASSIGN(entries, store::read_today(services.client, user, times));
    }
  }
  constexpr std::size_t kBytesOfCard = 240;  // about, beside its summary
  pipeline::JsonWriter out(kBytesOfCard * entries.size());
  out.begin_object();
  out.member("since", since);
  out.name("days");
  out.begin_array();
  for (const auto day : bounds.first(kTrendDays)) out.value(day);
  out.end_array();
  out.name("topics");
  out.begin_array();
  bool all_done = true;
  for (const auto& entry : entries) {
    const auto& topic = entry.topic;
    // Done for today, and until there is something new to read.
    const bool done = entry.done_at && *entry.done_at >= today_begin &&
                      (!entry.summary || entry.summary->created_at <= *entry.done_at);
    if (topic.is_active && !done) all_done = false;
    out.begin_object();
    out.name("topic");
    out.begin_object();
    out.member("id", topic.id);
    out.member("title", topic.title);
    out.member("color", topic.color);
    out.member("is_active", topic.is_active);
    out.end_object();
    out.name("summary");
    entry.summary ? write_card_summary(out, *entry.summary) : out.value(nullptr);
    out.member("posts_today", entry.posts.back());
    out.member("posts_week", posts_of_week(entry));
    out.member("new_posts", entry.new_posts);
    out.name("trend");
    out.begin_array();
    for (const auto posts : entry.posts) out.value(posts);
    out.end_array();
    out.name("mood");
    write_mood(out, entry.mood);
    out.member("done", done);
    out.end_object();
  }
  out.end_array();
  out.member("done", all_done && !entries.empty());
  out.end_object();
  return json_response(std::move(out));
}

Result<net::HttpResponse> mark_done(const Request& request, const Services& services) {
  OFFX_TRY(request.only({}));
  OFFX_ASSIGN(const auto id, request.path_id());
  OFFX_TRY(store::mark_done(services.client, request.caller().user_id, id, services.clock.now()));
  return no_content();
}

Result<net::HttpResponse> unmark_done(const Request& request, const Services& services) {
  OFFX_TRY(request.only({}));
  OFFX_ASSIGN(const auto id, request.path_id());
  OFFX_TRY(store::unmark_done(services.client, request.caller().user_id, id));
  return no_content();
}

Result<net::HttpResponse> mark_visit(const Request& request, const Services& services) {
  OFFX_TRY(request.only({}));
  OFFX_TRY(store::mark_visit(services.client, request.caller().user_id, services.clock.now()));
  return no_content();
}

}  // namespace

std::span<const Route> topic_routes() {
  static constexpr std::array kRoutes = {
      Route{.method = "GET", .path = "/api/v1/topics", .access = Access::read, .handler = list_topics, .kept = true},
      Route{"POST", "/api/v1/topics", Access::write, add_topic},
      Route{"GET", "/api/v1/topics/{id}", Access::read, get_topic},
      Route{"PATCH", "/api/v1/topics/{id}", Access::write, change_topic},
      Route{"DELETE", "/api/v1/topics/{id}", Access::write, remove_topic},
      Route{.method = "GET",
            .path = "/api/v1/topics/{id}/series",
            .access = Access::read,
            .handler = series,
            .kept = true},
      Route{"POST", "/api/v1/rules/validate", Access::read, validate_rule},
      Route{"POST", "/api/v1/rules/preview", Access::read, preview_rule},
      Route{.method = "GET", .path = "/api/v1/today", .access = Access::read, .handler = today, .kept = true},
      Route{"PUT", "/api/v1/today/visit", Access::read, mark_visit},
      Route{"PUT", "/api/v1/today/{id}/done", Access::read, mark_done},
      Route{"DELETE", "/api/v1/today/{id}/done", Access::read, unmark_done},
  };
  return kRoutes;
}

}  // namespace offx::api
