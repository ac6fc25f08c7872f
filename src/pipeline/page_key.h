#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "store/posts.h"

namespace offx::pipeline {

/// A page key as one word that needs no escaping in a shell: `2026-08-22T14:05:17~42`.
[[nodiscard]] std::string to_token(const store::PageKey& key);

/// The other way round; nothing for an empty text. Errc::invalid_argument if it is none; its context is `name`, what
/// the user knows it by.
[[nodiscard]] Result<std::optional<store::PageKey>> from_token(const std::string& token, std::string_view name);

}  // namespace offx::pipeline
