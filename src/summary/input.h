#pragma once

#include <cstdint>
#include <memory_resource>
#include <span>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "store/post.h"

namespace offx::summary {

/// What a summary takes of a post. The texts are views and have to outlive it.
struct Input {
  std::int64_t id = 0;       ///< Post::id
  std::string_view content;  ///< as is the rest: of Post
  std::string_view platform;
  std::string_view external_id;
  Timestamp created_at{};
  std::uint64_t author = 0;    ///< a number for who wrote it; another one for every post of which that is not known
  std::uint64_t reposter = 0;  ///< likewise for who reposted it; 0: nobody
  bool is_private = false;
  bool is_repost = false;
  bool is_reply = false;
};

/// `post` as an input; its texts stay with the post.
[[nodiscard]] Input input_of(const store::Post& post);

/// Likewise, one for each.
[[nodiscard]] std::vector<Input> inputs_of(std::span<const store::Post> posts);

/// Inputs that keep their texts, close to each other. Not thread-safe.
class Inputs {
 public:
  void add(const store::Post& post);
  /// In the order in which they were added. Valid until the next add().
  [[nodiscard]] std::span<const Input> all() const noexcept { return inputs_; }

 private:
  std::string_view kept(std::string_view text);

  std::pmr::monotonic_buffer_resource texts_;
  std::vector<Input> inputs_;
};

}  // namespace offx::summary
