#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "db/client.h"

namespace offx::db::sqlite {

/// Opens the SQLite file `path` (or `:memory:`): WAL, foreign keys, synchronous=FULL. One thread writes and commits the
/// writes that wait together; up to four connections read beside it.
/// After an unclean end the file is checked (`PRAGMA quick_check`) before it is used: Errc::corrupt if it is damaged.
Result<std::unique_ptr<DatabaseClient>> open(const std::string& path, IfMissing if_missing = IfMissing::create);

/// What to tell the user about the SQLite library in use; empty if it is fine. Versions before 3.51.3 can lose
/// committed writes when one connection checkpoints while another commits (https://sqlite.org/wal.html, "the WAL-reset
/// bug").
[[nodiscard]] std::string version_warning();

/// Replaces the content of the database at `path` with that of the file `from`, in one transaction that other processes
/// see as a whole. `from` is checked first: if it is damaged nothing is touched. What stood
/// at `path` is kept in the new file `keep` before it is replaced (unless `keep` is empty or there is no database yet).
/// Errc::unavailable if another process keeps the database busy; Errc::unsupported, and nothing is touched, if `from`
/// has no table `must_have` (unless that is empty). Progress is in pages.
Result<void> restore(const std::string& path, const std::string& from, const std::string& keep,
                     const Progress& progress, const std::string& must_have = {});

}  // namespace offx::db::sqlite
