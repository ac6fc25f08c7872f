#pragma once

#include "base/error.h"

namespace offx::db::sqlite {

/// The name of an SQLite VFS (https://sqlite.org/vfs.html) for connections that read a file as memory (PRAGMA
/// mmap_size) while others write it: it is the system's own, but a mapping stays when the file changes. SQLite's would
/// be undone and made anew after each commit, and unmapping some hundred megabytes stops all threads of the process for
/// 20 ms. It is made anew when the file has become shorter, or an eighth longer (what is behind its end is read as
/// without a mapping). Registers it at the first call. Thread-safe.
///
/// SQLite unmaps for fear that another process has cut the file off and extended it again; here a shared mapping shows
/// the file as it is, like reading does, where mappings and the system's cache are one, as on Linux.
Result<const char*> mapped_vfs();

}  // namespace offx::db::sqlite
