#include "db/sqlite/mapped_vfs.h"

#include <algorithm>
#include <cstddef>

#include <sqlite3.h>

namespace offx::db::sqlite {
namespace {

constexpr const char* kName = "offx-mapped";
constexpr int kGrownPart = 8;
constexpr sqlite3_int64 kGrownMin = 16 << 20;

/// What this VFS knows of an open file, behind what the system's does.
struct State {
  const sqlite3_io_methods* system;
  sqlite3_int64 mapped_bytes;  ///< the file's length when the mapping was last made anew; 0: not since it was set up
};

sqlite3_vfs* system_vfs() { return sqlite3_vfs_find(nullptr); }

int state_offset() {
  static const int kOffset = [] {
    constexpr int kAlign = alignof(State);
    return (system_vfs()->szOsFile + kAlign - 1) / kAlign * kAlign;
  }();
  return kOffset;
}

State& state_of(sqlite3_file* file) {
  return *reinterpret_cast<State*>(reinterpret_cast<std::byte*>(file) + state_offset());
}

/// SQLite calls it for each page it is done with, and without one when the file has changed.
int unfetch(sqlite3_file* file, sqlite3_int64 offset, void* page) {
  auto& state = state_of(file);
  if (page == nullptr) {
    sqlite3_int64 bytes = 0;
    const bool is_known = state.system->xFileSize(file, &bytes) == SQLITE_OK;
    const auto grown = bytes - state.mapped_bytes;
    if (is_known && state.mapped_bytes > 0 && grown >= 0 &&
        grown < std::max(state.mapped_bytes / kGrownPart, kGrownMin)) {
      return SQLITE_OK;
    }
    state.mapped_bytes = is_known ? bytes : 0;
  }
  return state.system->xUnfetch(file, offset, page);
}

int file_control(sqlite3_file* file, int operation, void* argument) {
  auto& state = state_of(file);
  if (operation == SQLITE_FCNTL_MMAP_SIZE) state.mapped_bytes = 0;
  return state.system->xFileControl(file, operation, argument);
}

int open(sqlite3_vfs* /*vfs*/, sqlite3_filename name, sqlite3_file* file, int flags, int* flags_out) {
  auto* const system = system_vfs();
  const int code = system->xOpen(system, name, file, flags, flags_out);
  if (code != SQLITE_OK || (flags & SQLITE_OPEN_MAIN_DB) == 0) return code;
  // There is one kind of files in use; another, of another way of locking, stays as it is.
  static const auto* const kSystem = file->pMethods;
  static const sqlite3_io_methods kMethods = [] {
    auto methods = *kSystem;
    methods.xUnfetch = unfetch;
    methods.xFileControl = file_control;
    return methods;
  }();
  if (file->pMethods != kSystem || kSystem->iVersion < 3) return code;
  state_of(file) = {kSystem, 0};
  file->pMethods = &kMethods;
  return code;
}

}  // namespace

Result<const char*> mapped_vfs() {
  static const int kCode = [] {
    static sqlite3_vfs vfs = *system_vfs();
    vfs.pNext = nullptr;
    vfs.zName = kName;
    vfs.szOsFile = state_offset() + static_cast<int>(sizeof(State));
    vfs.xOpen = open;
    return sqlite3_vfs_register(&vfs, 0);
  }();
  if (kCode != SQLITE_OK) return fail(Errc::internal, "SQLite does not take a VFS");
  return kName;
}

}  // namespace offx::db::sqlite
