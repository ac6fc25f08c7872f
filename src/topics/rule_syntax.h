#pragma once

#include <array>
#include <string_view>

#include <unicode/uchar.h>

#include "topics/rule.h"

/// What reading and writing rules have in common.
namespace offx::topics {

struct OperatorName {
  std::string_view name;
  TermKind kind;
};

inline constexpr std::array kOperators = {
    OperatorName{"from", TermKind::from}, OperatorName{"to", TermKind::to},
    OperatorName{"url", TermKind::url},   OperatorName{"url_contains", TermKind::url_contains},
    OperatorName{"lang", TermKind::lang}, OperatorName{"platform", TermKind::platform},
    OperatorName{"has", TermKind::has},   OperatorName{"is", TermKind::is},
};

/// White space and control characters.
[[nodiscard]] inline bool is_space(char32_t c) {
  return c <= ' ' || c == 0x7F || (c > 0x7F && u_isUWhiteSpace(static_cast<UChar32>(c)) != 0);
}

/// True for what ends a term that is not in quotes.
[[nodiscard]] inline bool ends_bare(char32_t c) { return is_space(c) || c == '(' || c == ')' || c == '"'; }

}  // namespace offx::topics
