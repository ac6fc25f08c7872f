#pragma once

#include "base/error.h"
#include "migrate/migration.h"
#include "migrate/work.h"

namespace offx::migrate {

/// start() of who holds the lease: carries a migration from wherever it is until both versions live. The phases expand,
/// backfill and verify.
Result<void> start(Worker& worker, const Migration& migration);

}  // namespace offx::migrate
