// Statuses of Mastodon's client API: arrays of them, single ones, or one a line; search results and contexts too.
#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "sources/dates.h"
#include "sources/json_tree.h"
#include "text/html.h"
#include "text/url.h"

namespace offx::sources {
namespace {

/// `name@host`, also for the server's own users, whose acct has no host.
std::string full_account(const json::object& account, std::string_view fallback_url) {
  std::string acct(text_at(account, "acct"));
  if (acct.empty()) acct = text_at(account, "username");
  if (acct.empty() || acct.find('@') != std::string::npos) return acct;
  std::string host;
  for (const std::string_view url : {text_at(account, "uri"), text_at(account, "url"), fallback_url}) {
    if (host.empty()) host = text::url_host(url);
  }
  return host.empty() ? acct : acct + '@' + host;
}

std::string_view address_of(const json::object& status) {
  const std::string_view url = text_at(status, "url");
  return url.empty() ? text_at(status, "uri") : url;
}

void add_media(const json::object& status, std::vector<store::Media>& out) {
  const json::array* list = array_at(status, "media_attachments");
  if (list == nullptr) return;
  for (const json::value& value : *list) {
    const json::object* attachment = as_object(value);
    if (attachment == nullptr) continue;
    store::Media medium{std::string(text_at(*attachment, "url")), std::string(text_at(*attachment, "type")),
                        std::nullopt};
    for (const std::string_view key : {"remote_url", "preview_url"}) {
      if (medium.url.empty()) medium.url = text_at(*attachment, key);
    }
    if (const std::string_view alt = text_at(*attachment, "description"); !alt.empty()) medium.alt_text = alt;
    if (!medium.url.empty()) out.push_back(std::move(medium));
  }
}

/// Whom a reply answers: the account among those mentioned.
std::string answered_account(const json::object& status) {
  const std::string id = id_at(status, "in_reply_to_account_id");
  const json::array* mentions = array_at(status, "mentions");
  if (id.empty() || mentions == nullptr) return {};
  for (const json::value& value : *mentions) {
    const json::object* mention = as_object(value);
    if (mention != nullptr && id_at(*mention, "id") == id) return full_account(*mention, {});
  }
  return {};
}

store::Post make_post(const json::object& outer) {
  // A boost is the boosted status; who boosted it is a fact about it.
  const json::object* reblog = object_at(outer, "reblog");
  const json::object& status = reblog != nullptr ? *reblog : outer;
  store::Post post;
  store::PostDetails& details = post.details;
  post.external_id = text_at(status, "uri");
  if (post.external_id.empty()) post.external_id = text_at(status, "url");
  post.url = address_of(status);

  text::HtmlContent body = text::read_html(text_at(status, "content"), post.url);
  details.content_warning = text::html_to_text(text_at(status, "spoiler_text"));
  post.content = details.content_warning;
  if (!post.content.empty() && !body.text.empty()) post.content += "\n\n";
  post.content += body.text;
  details.links = std::move(body.links);

  if (const json::object* account = object_at(status, "account")) {
    post.author = text_at(*account, "display_name");
    post.author_username = full_account(*account, text_at(status, "uri"));
    if (post.author.empty()) post.author = text_at(*account, "username");
    details.author_id = text_at(*account, "uri");
    if (details.author_id.empty()) details.author_id = text_at(*account, "url");
  }
  post.created_at = parse_loose_time(text_at(status, "created_at")).value_or(Timestamp{});
  add_media(status, post.media);

  details.lang = text_at(status, "language");
  if (!id_at(status, "in_reply_to_id").empty()) {
    details.is_reply = true;
    details.reply_to = answered_account(status);
  }
  if (const json::object* quote = object_at(status, "quote")) {
    // Since 4.4 the quoted status is inside, with a state; forks put it there directly.
    const json::object* inner = object_at(*quote, "quoted_status");
    if (inner == nullptr && quote->contains("content")) inner = quote;
    details.is_quote = true;
    if (inner != nullptr) {
      details.quoted_text = text::html_to_text(text_at(*inner, "content"));
      details.reference_id = text_at(*inner, "uri");
    }
  }
  if (reblog != nullptr) {
    details.is_repost = true;
    details.reference_id = post.external_id;
    if (const json::object* booster = object_at(outer, "account")) {
      details.reposted_by = full_account(*booster, text_at(outer, "uri"));
    }
  }
  if (const json::object* card = object_at(status, "card")) {
    const std::string_view url = text_at(*card, "url");
    bool known = url.empty();
    for (const std::string& link : details.links) known = known || link == url;
    if (!known) details.links.emplace_back(url);
  }
  for (const json::object* part : {&status, &outer}) {
    const std::string_view visibility = text_at(*part, "visibility");
    if (visibility == "private" || visibility == "direct") details.is_private = true;
  }
  details.edited_at = parse_loose_time(text_at(status, "edited_at"));
  return post;
}

}  // namespace

Result<void> read_mastodon(ByteSource& source, Session& session) {
  std::uint64_t count = 0;
  const auto take = [&](const json::object& status) -> Result<void> {
    ++count;
    const json::object* reblog = object_at(status, "reblog");
    const json::object& shown = reblog != nullptr ? *reblog : status;
    if (!shown.contains("content")) return session.broken(count, "content", "is missing: this is no Mastodon status");
    if (text_at(shown, "uri").empty() && text_at(shown, "url").empty()) {
      return session.broken(count, "uri", "is missing: without it the status cannot be told from others");
    }
    return session.post(make_post(status), count);
  };
  return read_objects(source, session, [&](const json::object& object, std::uint64_t) -> Result<void> {
    bool lists = false;
    for (const std::string_view key : {"statuses", "ancestors", "descendants"}) {
      const json::array* list = array_at(object, key);
      if (list == nullptr || object.contains("content")) continue;
      lists = true;
      for (const json::value& value : *list) {
        if (const json::object* status = as_object(value)) OFFX_TRY(take(*status));
      }
    }
    if (lists) return {};
    if (object.contains("error") && !object.contains("content")) {
      return session.broken(
          ++count, "error",
          "the server answered with an error instead of statuses: " + std::string(text_at(object, "error")));
    }
    return take(object);
  });
}

}  // namespace offx::sources
