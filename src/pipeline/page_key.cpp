#include "pipeline/page_key.h"

#include <charconv>

#include "base/time.h"

namespace offx::pipeline {

std::string to_token(const store::PageKey& key) {
  std::string time = key.created_at;
  // A date that some program wrote and nobody can read stays as it is.
  if (!parse_time(time)) return time + "~" + std::to_string(key.id);
  for (char& c : time) {
    if (c == ' ') c = 'T';
  }
  return time + "~" + std::to_string(key.id);
}

Result<std::optional<store::PageKey>> from_token(const std::string& token, std::string_view name) {
  if (token.empty()) return std::optional<store::PageKey>();
  const auto tilde = token.rfind('~');
  store::PageKey key;
  if (tilde != std::string::npos) {
    const char* end = token.data() + token.size();
    const auto parsed = std::from_chars(token.data() + tilde + 1, end, key.id);
    if (parsed.ec == std::errc{} && parsed.ptr == end) {
      key.created_at = token.substr(0, tilde);
      if (const auto time = parse_time(key.created_at)) key.created_at = to_sql_time(*time);
      return std::optional(key);
    }
  }
  return fail(
      Error(Errc::invalid_argument, "takes what the page before gave as `next`, not \"" + token + "\"").within(name));
}

}  // namespace offx::pipeline
