#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "store/post.h"

/// Our own fields, by which JSON Lines and CSV name what a post has.
namespace offx::sources {

enum class Field : std::uint8_t {
  external_id,
  content,
  author,
  author_username,
  platform,
  created_at,
  url,
  media,
  media_url,
  media_type,
  alt_text,
  lang,
  author_id,
  conversation_id,
  reply_to,
  is_reply,
  is_repost,
  is_quote,
  reference_id,
  reposted_by,
  quoted_text,
  links,
  content_warning,
  html,
  is_private,
  edited_at,
  details,  ///< an object with the fields of PostDetails
};

struct FieldName {
  Field field;
  bool alias;  ///< a customary other name: counts only where the field's own name is not given
};

/// The field of that name; nullopt for what we do not keep. Case is ignored, spaces and `-` are `_`.
[[nodiscard]] std::optional<FieldName> find_field(std::string_view name);

[[nodiscard]] std::string_view field_name(Field field) noexcept;

/// Collects the fields of one post. Reused from post to post, so that its memory is.
struct FieldSet {
  store::Post post;
  std::uint32_t given = 0;  ///< bit of each field set under its own name

  void clear();
  /// False if the field was given under its own name already and this is an alias.
  [[nodiscard]] bool claim(FieldName name) noexcept;
};

/// Puts a value written as text into a field. An error's message says what is wrong with it; media, links and details
/// are not for this.
Result<void> set_text(FieldSet& set, Field field, std::string_view value);

/// `true`, `false`, `yes`, `no`, `1`, `0` in any case.
[[nodiscard]] std::optional<bool> parse_bool(std::string_view text) noexcept;

}  // namespace offx::sources
