#pragma once

#include <string>

#include "base/error.h"
#include "migrate/check.h"
#include "migrate/release.h"

namespace offx::app {

/// What this program does with its database. `schema/releases/VERSION.json` holds the same, so that the releases to
/// come can be checked against it.
Result<migrate::Release> this_release();

/// The release before this one, of those in `folder`. Errc::not_found if there is none.
Result<migrate::Release> previous_release(const std::string& folder);

/// Whether the migrations that lead from `previous` to this release let the code of both go on.
Result<migrate::CheckInput> check_against(const migrate::Release& previous);

}  // namespace offx::app
