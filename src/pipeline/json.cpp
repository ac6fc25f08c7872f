#include "pipeline/json.h"

namespace offx::pipeline {

namespace json = boost::json;

json::value text_or_null(const std::string& text) { return text.empty() ? json::value() : json::value(text); }

json::object to_json(const store::Post& post) {
  json::object object;
  object["id"] = post.id == 0 ? json::value() : json::value(post.id);
  object["external_id"] = post.external_id;
  object["platform"] = post.platform;
  object["content"] = post.content;
  object["author"] = text_or_null(post.author);
  object["author_username"] = text_or_null(post.author_username);
  object["created_at"] = to_iso_time(post.created_at);
  object["fetched_at"] = to_iso_time(post.fetched_at);
  object["url"] = text_or_null(post.url);
  json::array media;
  for (const auto& item : post.media) {
    media.push_back(json::object{{"url", item.url},
                                 {"type", text_or_null(item.type)},
                                 {"alt_text", item.alt_text ? json::value(*item.alt_text) : json::value()}});
  }
  object["media"] = std::move(media);
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
    if (!text.empty()) object[name] = text;
  }
  const std::pair<const char*, bool> flags[] = {{"is_reply", details.is_reply},
                                                {"is_repost", details.is_repost},
                                                {"is_quote", details.is_quote},
                                                {"is_private", details.is_private}};
  for (const auto& [name, flag] : flags) {
    if (flag) object[name] = true;
  }
  if (!details.links.empty()) object["links"] = json::array(details.links.begin(), details.links.end());
  if (details.edited_at) object["edited_at"] = to_iso_time(*details.edited_at);
  return object;
}

json::object to_json(const store::Topic& topic) {
  return {{"id", topic.id},
          {"title", topic.title},
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

}  // namespace offx::pipeline
