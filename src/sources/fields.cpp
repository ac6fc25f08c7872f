#include "sources/fields.h"

#include <algorithm>
#include <array>

#include "sources/dates.h"
#include "text/clean.h"
#include "text/html.h"

namespace offx::sources {
namespace {

struct Entry {
  std::string_view name;
  FieldName field;
};

constexpr auto kEntries = std::to_array<Entry>({
    {"external_id", {Field::external_id, false}},
    {"content", {Field::content, false}},
    {"author", {Field::author, false}},
    {"author_username", {Field::author_username, false}},
    {"platform", {Field::platform, false}},
    {"created_at", {Field::created_at, false}},
    {"url", {Field::url, false}},
    {"media", {Field::media, false}},
    {"media_url", {Field::media_url, false}},
    {"media_type", {Field::media_type, false}},
    {"alt_text", {Field::alt_text, false}},
    {"lang", {Field::lang, false}},
    {"author_id", {Field::author_id, false}},
    {"conversation_id", {Field::conversation_id, false}},
    {"reply_to", {Field::reply_to, false}},
    {"is_reply", {Field::is_reply, false}},
    {"is_repost", {Field::is_repost, false}},
    {"is_quote", {Field::is_quote, false}},
    {"reference_id", {Field::reference_id, false}},
    {"reposted_by", {Field::reposted_by, false}},
    {"quoted_text", {Field::quoted_text, false}},
    {"links", {Field::links, false}},
    {"content_warning", {Field::content_warning, false}},
    {"html", {Field::html, false}},
    {"is_private", {Field::is_private, false}},
    {"edited_at", {Field::edited_at, false}},
    {"details", {Field::details, false}},
    {"id", {Field::external_id, true}},
    {"id_str", {Field::external_id, true}},
    {"guid", {Field::external_id, true}},
    {"uri", {Field::external_id, true}},
    {"post_id", {Field::external_id, true}},
    {"tweet_id", {Field::external_id, true}},
    {"status_id", {Field::external_id, true}},
    {"text", {Field::content, true}},
    {"full_text", {Field::content, true}},
    {"body", {Field::content, true}},
    {"message", {Field::content, true}},
    {"tweet", {Field::content, true}},
    {"post", {Field::content, true}},
    {"name", {Field::author, true}},
    {"author_name", {Field::author, true}},
    {"display_name", {Field::author, true}},
    {"username", {Field::author_username, true}},
    {"user", {Field::author_username, true}},
    {"user_name", {Field::author_username, true}},
    {"screen_name", {Field::author_username, true}},
    {"author_handle", {Field::author_username, true}},
    {"handle", {Field::author_username, true}},
    {"network", {Field::platform, true}},
    {"date", {Field::created_at, true}},
    {"time", {Field::created_at, true}},
    {"datetime", {Field::created_at, true}},
    {"timestamp", {Field::created_at, true}},
    {"ts", {Field::created_at, true}},
    {"created", {Field::created_at, true}},
    {"published", {Field::created_at, true}},
    {"published_at", {Field::created_at, true}},
    {"link", {Field::url, true}},
    {"permalink", {Field::url, true}},
    {"post_url", {Field::url, true}},
    {"tweet_url", {Field::url, true}},
    {"language", {Field::lang, true}},
    {"images", {Field::media, true}},
    {"media_urls", {Field::media, true}},
    {"image", {Field::media_url, true}},
    {"image_url", {Field::media_url, true}},
});

constexpr std::size_t kSlots = 256;

constexpr std::size_t slot_of(std::string_view name) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(name[i])); };
  return (name.size() * 7 + byte(0) * 31 + byte(name.size() / 2) * 57 + byte(name.size() - 1) * 131) % kSlots;
}

/// Open addressing; 0 is an empty slot, else index + 1.
constexpr std::array<std::uint8_t, kSlots> make_table() {
  std::array<std::uint8_t, kSlots> table{};
  for (std::size_t i = 0; i < kEntries.size(); ++i) {
    std::size_t slot = slot_of(kEntries[i].name);
    while (table[slot] != 0) slot = (slot + 1) % kSlots;
    table[slot] = static_cast<std::uint8_t>(i + 1);
  }
  return table;
}

constexpr auto kTable = make_table();

const Entry* look_up(std::string_view name) noexcept {
  for (std::size_t slot = slot_of(name); kTable[slot] != 0; slot = (slot + 1) % kSlots) {
    const Entry& entry = kEntries[kTable[slot] - 1U];
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

}  // namespace

std::optional<FieldName> find_field(std::string_view name) {
  if (name.empty() || name.size() > 32) return std::nullopt;
  if (const Entry* entry = look_up(name); entry != nullptr) return entry->field;
  std::string tidy(text::trim(name));
  if (tidy.empty()) return std::nullopt;
  for (char& c : tidy) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == ' ' || c == '-') c = '_';
  }
  const Entry* entry = look_up(tidy);
  return entry != nullptr ? std::optional(entry->field) : std::nullopt;
}

std::string_view field_name(Field field) noexcept { return kEntries[static_cast<std::size_t>(field)].name; }

void FieldSet::clear() {
  given = 0;
  for (std::string* text :
       {&post.external_id, &post.content, &post.author, &post.author_username, &post.platform, &post.url}) {
    text->clear();
  }
  post.id = 0;
  post.created_at = {};
  post.media.clear();
  store::PostDetails& d = post.details;
  for (std::string* text : {&d.lang, &d.author_id, &d.conversation_id, &d.reply_to, &d.reference_id, &d.reposted_by,
                            &d.quoted_text, &d.content_warning, &d.html}) {
    text->clear();
  }
  d.is_reply = d.is_repost = d.is_quote = d.is_private = false;
  d.links.clear();
  d.edited_at.reset();
}

bool FieldSet::claim(FieldName name) noexcept {
  const std::uint32_t bit = 1U << static_cast<unsigned>(name.field);
  if (name.alias) return (given & bit) == 0;
  given |= bit;
  return true;
}

std::optional<bool> parse_bool(std::string_view text) noexcept {
  std::array<char, 5> lower{};
  if (text.size() > lower.size()) return std::nullopt;
  std::transform(text.begin(), text.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  const std::string_view word(lower.data(), text.size());
  if (word == "true" || word == "yes" || word == "1") return true;
  if (word == "false" || word == "no" || word == "0" || word.empty()) return false;
  return std::nullopt;
}

Result<void> set_text(FieldSet& set, Field field, std::string_view value) {
  store::Post& post = set.post;
  store::PostDetails& details = post.details;
  const auto flag = [&](bool& target) -> Result<void> {
    const std::optional<bool> parsed = parse_bool(text::trim(value));
    if (!parsed) return fail(Errc::invalid_argument, "is neither true nor false");
    target = *parsed;
    return {};
  };
  const auto time = [&](auto& target) -> Result<void> {
    if (text::trim(value).empty()) return {};
    const std::optional<Timestamp> parsed = parse_loose_time(value);
    if (!parsed) {
      return fail(Errc::invalid_argument,
                  "is no date we can read: write it as 2026-08-22T14:05:17Z or as unix seconds");
    }
    target = *parsed;
    return {};
  };
  const auto media = [&]() -> store::Media& {
    if (post.media.empty()) post.media.emplace_back();
    return post.media.front();
  };
  switch (field) {
    case Field::external_id: post.external_id = value; break;
    case Field::content: post.content = value; break;
    case Field::author: post.author = value; break;
    case Field::author_username: post.author_username = value; break;
    case Field::platform: post.platform = value; break;
    case Field::created_at: return time(post.created_at);
    case Field::url: post.url = value; break;
    case Field::media_url: media().url = value; break;
    case Field::media_type: media().type = value; break;
    case Field::alt_text: media().alt_text = value; break;
    case Field::lang: details.lang = value; break;
    case Field::author_id: details.author_id = value; break;
    case Field::conversation_id: details.conversation_id = value; break;
    case Field::reply_to: details.reply_to = value.starts_with('@') ? value.substr(1) : value; break;
    case Field::is_reply: return flag(details.is_reply);
    case Field::is_repost: return flag(details.is_repost);
    case Field::is_quote: return flag(details.is_quote);
    case Field::reference_id: details.reference_id = value; break;
    case Field::reposted_by: details.reposted_by = value.starts_with('@') ? value.substr(1) : value; break;
    case Field::quoted_text: details.quoted_text = value; break;
    case Field::content_warning: details.content_warning = value; break;
    case Field::html: details.html = text::sanitise_html(value); break;
    case Field::is_private: return flag(details.is_private);
    case Field::edited_at: return time(details.edited_at);
    case Field::media:
    case Field::links:
    case Field::details: return fail(Errc::invalid_argument, "is a text, but should be a list or an object");
  }
  return {};
}

}  // namespace offx::sources
