#pragma once

#include <source_location>

namespace offx {
[[noreturn]] void assertion_failed(const char* expression, std::source_location where) noexcept;
}

/// For our own mistakes only, never for input: prints where and aborts. On in every build.
#define OFFX_ASSERT(expression) \
  ((expression) ? static_cast<void>(0) : ::offx::assertion_failed(#expression, std::source_location::current()))
