#pragma once

#include "base/error.h"
#include "migrate/work.h"

/// One version leaves and the other stands alone, from one transaction to the next, whoever looks. Whether it may is
/// asked in departure.h; its tables go afterwards (removal.h).
namespace offx::migrate {

/// complete() of who holds the lease, of a migration that is live or completing: the old version leaves.
Result<void> complete(Worker& worker, Record record, const CompleteOptions& options);

/// roll_back() of who holds the lease, of a migration that is neither completing nor at its end: the new version
/// leaves.
Result<void> roll_back(Worker& worker, Record record, const RollbackOptions& options);

}  // namespace offx::migrate
