// Summaries: those that are stored, and asking for more.
#include "store/summaries.h"

#include <array>

#include "api/shown.h"
#include "pipeline/json.h"
#include "pipeline/period.h"
#include "pipeline/summarize.h"
#include "store/topics.h"

namespace offx::api {
namespace {

namespace json = boost::json;

constexpr std::int64_t kLimitMax = 100;
constexpr std::int64_t kSentencesMax = 100;

Result<net::HttpResponse> list_summaries(const Request& request, const Services& services) {
  static constexpr std::array<std::string_view, 3> kParameters = {"topic", "limit", "after"};
  OFFX_TRY(request.only(kParameters));
  OFFX_ASSIGN(const auto topic, request.query_id("topic"));
  OFFX_ASSIGN(const auto limit, request.query_number("limit", 20, 1, kLimitMax));
  OFFX_ASSIGN(const auto after, request.query_id("after"));
  // One more than the page holds tells whether there is another.
  OFFX_ASSIGN(const auto list,
              store::SummaryRepository(services.client).list(topic, after, static_cast<std::size_t>(limit) + 1));
  json::array array;
  for (const auto& stored : std::span(list).first(std::min(list.size(), static_cast<std::size_t>(limit)))) {
    array.push_back(pipeline::to_json(stored));
  }
  json::value next;
  if (list.size() > array.size()) next = std::to_string(list[array.size() - 1].id);
  return json_response(json::object{{"summaries", std::move(array)}, {"next", std::move(next)}});
}

Result<net::HttpResponse> get_summary(const Request& request, const Services& services) {
  OFFX_TRY(request.only({}));
  OFFX_ASSIGN(const auto id, request.path_id());
  OFFX_ASSIGN(const auto shown, store::read_summary(services.client, id));
  pipeline::JsonWriter out;
  write_shown_summary(out, shown);
  return json_response(std::move(out));
}

Result<net::HttpResponse> remove_summary(const Request& request, const Services& services) {
  OFFX_TRY(request.only({}));
  OFFX_ASSIGN(const auto id, request.path_id());
  OFFX_TRY(store::SummaryRepository(services.client).remove(id));
  return no_content();
}

Result<net::HttpResponse> summarize(const Request& request, const Services& services) {
  OFFX_TRY(request.only({}));
  static constexpr std::array<std::string_view, 7> kMembers = {"topic_id",      "since",  "until", "period",
                                                               "max_sentences", "engine", "force"};
  OFFX_ASSIGN(const auto body, request.json(kMembers));
  OFFX_ASSIGN(const auto topic_id, number_member(body, "topic_id"));
  OFFX_ASSIGN(const auto since, text_member(body, "since"));
  OFFX_ASSIGN(const auto until, text_member(body, "until"));
  OFFX_ASSIGN(const auto period, text_member(body, "period"));
  OFFX_ASSIGN(const auto max_sentences, number_member(body, "max_sentences"));
  OFFX_ASSIGN(const auto engine, text_member(body, "engine"));
  OFFX_ASSIGN(const auto force, flag_member(body, "force"));
  if (max_sentences && (*max_sentences < 1 || *max_sentences > kSentencesMax)) {
    return fail(Error(Errc::invalid_argument, "has to be a number from 1 to 100").within("max_sentences"));
  }
  if (engine) OFFX_TRY(pipeline::check_engine(*engine));
  // As it is meant now: a run may have to wait.
  auto meant =
      pipeline::parse_period(since.value_or(""), until.value_or(""), period.value_or(""), services.clock.now());
  if (!meant) return fail(std::move(meant).error().within(period ? "period" : since ? "since" : "until"));
  std::string title = "Summarise all topics";
  json::object options{{"since", to_iso_time(meant->start)}, {"until", to_iso_time(meant->end)}};
  if (topic_id) {
    auto topic = store::TopicRepository(services.client).get(*topic_id);
    if (!topic) return fail(std::move(topic).error().within("topic_id"));
    title = "Summarise " + topic->title;
    options["topic_id"] = *topic_id;
  }
  if (max_sentences) options["max_sentences"] = *max_sentences;
  if (engine) options["engine"] = *engine;
  if (force) options["force"] = *force;
  OFFX_ASSIGN(auto refusal, check_summary_budget(request, services));
  if (refusal) return std::move(*refusal);
  OFFX_ASSIGN(const auto run, ask_for_run(request, services, "summarise", title, options));
  return json_response(json::object{{"run", pipeline::to_json(run)}}, 202);
}

}  // namespace

std::span<const Route> summary_routes() {
  static constexpr std::array kRoutes = {
      Route{.method = "GET",
            .path = "/api/v1/summaries",
            .access = Access::read,
            .handler = list_summaries,
            .kept = true},
      Route{"POST", "/api/v1/summaries", Access::write, summarize},
      Route{"GET", "/api/v1/summaries/{id}", Access::read, get_summary},
      Route{"DELETE", "/api/v1/summaries/{id}", Access::write, remove_summary},
  };
  return kRoutes;
}

}  // namespace offx::api
