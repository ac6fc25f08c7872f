#include "summary/input.h"

#include <algorithm>
#include <string>

#include "text/key_numbers.h"

namespace offx::summary {
namespace {

using store::Post;

std::uint64_t voice(const Post& post, std::string_view name) {
  return text::mix(text::hash_of(post.platform) ^ text::hash_of(name));
}

std::uint64_t author_voice(const Post& post) {
  const std::string& known = !post.author_username.empty()     ? post.author_username
                             : !post.details.author_id.empty() ? post.details.author_id
                                                               : post.author;
  return known.empty() ? voice(post, "\n" + post.external_id) : voice(post, known);
}

}  // namespace

Input input_of(const Post& post) {
  const auto& details = post.details;
  return {.id = post.id,
          .content = post.content,
          .platform = post.platform,
          .external_id = post.external_id,
          .created_at = post.created_at,
          .author = author_voice(post),
          .reposter = details.reposted_by.empty() ? 0 : voice(post, details.reposted_by),
          .is_private = details.is_private,
          .is_repost = details.is_repost,
          .is_reply = details.is_reply};
}

std::vector<Input> inputs_of(std::span<const Post> posts) {
  std::vector<Input> inputs;
  inputs.reserve(posts.size());
  for (const Post& post : posts) inputs.push_back(input_of(post));
  return inputs;
}

void Inputs::add(const Post& post) {
  Input input = input_of(post);
  input.content = kept(input.content);
  input.platform = kept(input.platform);
  input.external_id = kept(input.external_id);
  inputs_.push_back(input);
}

std::string_view Inputs::kept(std::string_view text) {
  if (text.empty()) return {};
  auto* const place = static_cast<char*>(texts_.allocate(text.size(), 1));
  std::copy(text.begin(), text.end(), place);
  return {place, text.size()};
}

}  // namespace offx::summary
