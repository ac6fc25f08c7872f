#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/post.h"

/// Rules for X's texts that its API and its archives share.
namespace offx::sources {

/// A shortened address in a text, as entities.urls and entities.media list it.
struct XLink {
  std::string short_url;     ///< https://t.co/…, which stands in the text
  std::string expanded_url;  ///< where it leads
  std::string unwound_url;   ///< where that leads, if known
  bool attachment = false;   ///< of a photo, a video or the quoted post: no part of what the author wrote
};

/// The text as it was meant: short addresses of attachments at the end are dropped, the others replaced by their
/// expanded form (found literally: offsets count differently from one API to the next), then `&amp;`, `&lt;`, `&gt;`
/// unescaped once.
[[nodiscard]] std::string plain_x_text(std::string_view text, const std::vector<XLink>& links);

/// Short and expanded forms of all that are no attachments, each once.
void add_links(const std::vector<XLink>& links, std::vector<std::string>& out);

/// `https://x.com/{username}/status/{id}`, with `i` for an unknown user.
[[nodiscard]] std::string x_post_url(std::string_view username, std::string_view id);

/// True if `url` is the page of the post `id`.
[[nodiscard]] bool is_x_post_url(std::string_view url, std::string_view id);

/// The user name in `RT @name: …`; empty if the text does not begin so.
[[nodiscard]] std::string_view retweeted_user(std::string_view text) noexcept;

}  // namespace offx::sources
