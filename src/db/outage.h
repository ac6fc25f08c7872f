#pragma once

#include <string_view>

#include "base/error.h"

namespace offx::db {

/// In words for everybody, which name no host, file or user. They live for ever.
struct Outage {
  std::string_view reason;  ///< what is wrong: "the database does not answer in time"
  std::string_view advice;  ///< what whoever runs it can do, in sentences
};

/// Why a database does not answer, as far as an error of any engine tells. What is not known in particular is "the
/// database does not answer".
[[nodiscard]] Outage outage_of(const Error& error) noexcept;

}  // namespace offx::db
