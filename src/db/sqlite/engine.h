#pragma once

#include <functional>
#include <memory>
#include <set>
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

using TableNames = std::set<std::string, std::less<>>;

/// Replaces the content of the database at `path` with that of the file `from`, in one transaction that other processes
/// see as a whole. `from` is checked first: if it is damaged nothing is touched. What stood
/// at `path` is kept in the new file `keep` before it is replaced (unless `keep` is empty or there is no database yet).
/// Before that `accept`, if given, is told the names of the tables of `from`; an error of it ends the work. Progress is
/// in pages. Errc::unavailable if another process keeps the database busy.
Result<void> restore(const std::string& path, const std::string& from, const std::string& keep,
                     const Progress& progress, const std::function<Result<void>(const TableNames&)>& accept = {});

}  // namespace offx::db::sqlite
