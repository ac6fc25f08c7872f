#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "sources/reader.h"
#include "text/clean.h"

namespace offx::sources {

/// Reads `data` as `format` in small chunks and checks what is promised of every post.
inline void fuzz_reader(Format format, const std::uint8_t* data, std::size_t size) {
  ReadOptions options;
  options.format = format;
  options.chunk_bytes = size % 2 == 0 ? 4096 : 61;
  options.post_max_bytes = 64U << 10U;
  ReadCallbacks callbacks;
  callbacks.on_post = [](store::Post&& post) -> Result<void> {
    const bool good = !post.external_id.empty() && text::is_utf8(post.content) && text::is_utf8(post.author) &&
                      text::is_utf8(post.external_id) && text::is_utf8(post.details.html) &&
                      post.content.find('\0') == std::string::npos && post.created_at <= post.fetched_at;
    if (!good) std::abort();
    return {};
  };
  const Input input{"-fuzz-", std::string_view(reinterpret_cast<const char*>(data), size), "https://base.example/x"};
  (void)read_posts(input, options, callbacks);
}

}  // namespace offx::sources
