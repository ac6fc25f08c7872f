#include "pipeline/json.h"

#include "text/clean.h"
#include "text/utf8.h"

namespace offx::pipeline {

namespace json = boost::json;

json::value text_or_null(const std::string& text) { return text.empty() ? json::value() : valid_text(text); }

json::value valid_text(const std::string& text) {
  return text::is_utf8(text) ? json::value(text) : json::value(text::clean_text(text));
}

namespace {

// Made for every post of every page: in place, without a value beside that is moved there.

void put_text(json::object& object, std::string_view name, const std::string& text) {
  if (text::is_utf8(text)) {
    object.emplace(name, std::string_view(text));
  } else {
    object.emplace(name, text::clean_text(text));
  }
}

void put_text_or_null(json::object& object, std::string_view name, const std::string& text) {
  if (text.empty()) {
    object.emplace(name, nullptr);
  } else {
    put_text(object, name, text);
  }
}

}  // namespace

json::object to_json(const store::Post& post) {
  constexpr std::size_t kMembers = 20;
  json::object object;
  object.reserve(kMembers);
  if (post.id == 0) {
    object.emplace("id", nullptr);
  } else {
    object.emplace("id", post.id);
  }
  put_text(object, "external_id", post.external_id);
  put_text(object, "platform", post.platform);
  put_text(object, "content", post.content);
  put_text_or_null(object, "author", post.author);
  put_text_or_null(object, "author_username", post.author_username);
  object.emplace("created_at", to_iso_time(post.created_at));
  object.emplace("fetched_at", to_iso_time(post.fetched_at));
  put_text_or_null(object, "url", post.url);
  auto& media = object.emplace("media", json::array()).first->value().get_array();
  media.reserve(post.media.size());
  for (const auto& item : post.media) {
    media.push_back(json::object{{"url", valid_text(item.url)},
                                 {"type", text_or_null(item.type)},
                                 {"alt_text", item.alt_text ? valid_text(*item.alt_text) : json::value()}});
  }
  const auto& details = post.details;
  const std::pair<const char*, const std::string&> texts[] = {{"lang", details.lang},
                                                              {"author_id", details.author_id},
                                                              {"conversation_id", details.conversation_id},
                                                              {"reply_to", details.reply_to},
                                                              {"reference_id", details.reference_id},
                                                              {"reposted_by", details.reposted_by},
                                                              {"quoted_text", details.quoted_text},
                                                              {"content_warning", details.content_warning},
                                                              {"html", details.html}};
  for (const auto& [name, text] : texts) {
    if (!text.empty()) put_text(object, name, text);
  }
  const std::pair<const char*, bool> flags[] = {{"is_reply", details.is_reply},
                                                {"is_repost", details.is_repost},
                                                {"is_quote", details.is_quote},
                                                {"is_private", details.is_private}};
  for (const auto& [name, flag] : flags) {
    if (flag) object.emplace(name, true);
  }
  if (!details.links.empty()) object.emplace("links", json::array(details.links.begin(), details.links.end()));
  if (details.edited_at) object.emplace("edited_at", to_iso_time(*details.edited_at));
  return object;
}

json::object to_json(const store::Topic& topic) {
  return {{"id", topic.id},
          {"title", valid_text(topic.title)},
          {"description", text_or_null(topic.description)},
          {"rule", topic.rule ? json::value(*topic.rule) : json::value()},
          {"is_active", topic.is_active},
          {"color", topic.color},
          {"created_at", to_iso_time(topic.created_at)},
          {"updated_at", to_iso_time(topic.updated_at)}};
}

json::object to_json(const sources::Problem& problem) {
  return {{"where", problem.where},
          {"number", problem.number},
          {"field", text_or_null(problem.field)},
          {"reason", problem.reason}};
}

json::object to_json(const summary::SentimentShares& shares) {
  return {{"score", shares.score},       {"label", std::string(summary::to_string(shares.label))},
          {"positive", shares.positive}, {"neutral", shares.neutral},
          {"negative", shares.negative}, {"count", shares.count}};
}

json::array to_json(const std::vector<summary::SummarySentence>& sentences) {
  json::array array;
  for (const auto& sentence : sentences) {
    array.push_back(
        json::object{{"text", sentence.text}, {"posts", json::array(sentence.posts.begin(), sentence.posts.end())}});
  }
  return array;
}

json::value time_or_null(const std::optional<Timestamp>& time) {
  return time ? json::value(to_iso_time(*time)) : json::value();
}

json::value stored_json(const std::string& text) {
  boost::system::error_code error;
  auto value = json::parse(text.empty() ? "null" : text, error);
  return error ? json::value() : value;
}

namespace {

json::array terms_to_json(const std::vector<topics::MatchedTerm>& terms, const auto& position) {
  json::array array;
  for (const auto& term : terms) {
    json::array places;
    for (const auto& place : term.places) places.push_back(json::array{position(place.begin), position(place.end)});
    array.push_back(json::object{{"term", term.term}, {"places", std::move(places)}});
  }
  return array;
}

}  // namespace

json::array to_json(const std::vector<topics::MatchedTerm>& terms) {
  return terms_to_json(terms, [](std::uint32_t byte) { return byte; });
}

json::array to_json_utf16(const std::vector<topics::MatchedTerm>& terms, std::string_view content) {
  return terms_to_json(terms, [&](std::uint32_t byte) { return utf16_length(content, byte); });
}

std::size_t utf16_length(std::string_view text, std::size_t bytes) {
  std::size_t units = 0;
  for (std::size_t at = 0; at < std::min(bytes, text.size());) units += text::next_char(text, at) > 0xFFFF ? 2U : 1U;
  return units;
}

json::object to_json(const store::ImportRecord& record) {
  return {{"id", record.id},
          {"source", record.source},
          {"format", record.format},
          {"started_at", to_iso_time(record.started_at)},
          {"finished_at", to_iso_time(record.finished_at)},
          {"added", record.added},
          {"updated", record.updated},
          {"unchanged", record.unchanged},
          {"broken", record.broken}};
}

json::object to_json(const store::Run& run) {
  json::value progress;
  if (run.progress) {
    const auto total = run.progress->total == 0 ? json::value() : json::value(run.progress->total);
    progress = {{"done", run.progress->done}, {"total", total}, {"unit", run.progress->unit}};
  }
  return {{"id", run.id},
          {"job_id", run.job_id ? json::value(*run.job_id) : json::value()},
          {"kind", run.kind},
          {"title", run.title},
          {"state", std::string(store::to_string(run.state))},
          {"progress", std::move(progress)},
          {"message", run.message},
          {"result", stored_json(run.result)},
          {"error", text_or_null(run.error)},
          {"attempt", run.attempt},
          {"due_at", to_iso_time(run.due_at)},
          {"again_at", run.state == store::RunState::waiting ? time_or_null(run.ready_at) : json::value()},
          {"started_at", time_or_null(run.started_at)},
          {"finished_at", time_or_null(run.finished_at)},
          {"created_by", run.created_by}};
}

}  // namespace offx::pipeline
