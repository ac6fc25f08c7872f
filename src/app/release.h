#pragma once

#include "base/error.h"
#include "migrate/release.h"

namespace offx::app {

/// What this program does with its database. `schema/releases/VERSION.json` holds the same, so that the releases to
/// come can be checked against it.
Result<migrate::Release> this_release();

}  // namespace offx::app
