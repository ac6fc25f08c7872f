#pragma once

#include <string_view>

#include "base/error.h"

namespace offx::db {

/// Why a database does not answer, as far as an error of any engine tells, in words for everybody: they say what is
/// wrong, and name no host, file or user, as the error's own message does. What is not known in particular is "the
/// database does not answer". Lives for ever.
[[nodiscard]] std::string_view outage_of(const Error& error) noexcept;

}  // namespace offx::db
