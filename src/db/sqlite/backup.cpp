#include "db/sqlite/backup.h"

#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include "db/sqlite/connection.h"
#include "db/sqlite/engine.h"

namespace offx::db::sqlite {
namespace {

namespace fs = std::filesystem;

constexpr int kPagesPerStep = 2048;  ///< 8 MiB: often enough for a progress bar

Result<void> check(Connection& connection, const char* pragma) {
  OFFX_ASSIGN(const auto verdict, connection.run(pragma));
  if (verdict.rows() > 0 && to_text(verdict.row(0)[0]) != "ok") {
    return fail(Errc::corrupt, "the database is damaged: " + to_text(verdict.row(0)[0]));
  }
  return {};
}

/// SQLite's online backup from one connection to another, in one transaction of the target.
Result<void> copy_pages(Connection& from, Connection& to, const Progress& progress) {
  sqlite3_backup* backup = sqlite3_backup_init(to.handle(), "main", from.handle(), "main");
  if (backup == nullptr) return fail(to_error(to.handle(), sqlite3_errcode(to.handle())));
  int code = SQLITE_OK;
  bool go_on = true;
  while (go_on && code == SQLITE_OK) {
    code = sqlite3_backup_step(backup, kPagesPerStep);
    const auto total = static_cast<std::uint64_t>(sqlite3_backup_pagecount(backup));
    const auto left = static_cast<std::uint64_t>(sqlite3_backup_remaining(backup));
    if (code == SQLITE_OK && progress) go_on = progress(total - left, total);
  }
  const int finished = sqlite3_backup_finish(backup);
  if (!go_on) return fail(Errc::cancelled, "stopped; nothing was changed");
  if (code != SQLITE_DONE) return fail(to_error(nullptr, code));
  if (finished != SQLITE_OK) return fail(to_error(to.handle(), finished));
  return {};
}

Result<void> sync_to_disk(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = file >= 0 && ::fsync(file) == 0;
  if (file >= 0) ::close(file);
  if (!synced) return fail(Errc::io, path + ": " + std::system_category().message(errno));
  return {};
}

Result<void> rename_file(const std::string& from, const std::string& to) {
  std::error_code error;
  fs::rename(from, to, error);
  if (error) return fail(Errc::io, "cannot rename " + from + " to " + to + ": " + error.message());
  const auto folder = fs::path(to).parent_path();
  return sync_to_disk(folder.empty() ? "." : folder.string());
}

/// Removes a half-made file unless keep() was called.
class PartialFile {
 public:
  explicit PartialFile(std::string path) : path_(std::move(path)) { remove(); }
  ~PartialFile() { remove(); }
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  void remove() const {
    std::error_code ignored;  // it may not be there, and a left-over is overwritten by the next backup
    for (const char* suffix : {"", "-journal", "-wal", "-shm"}) fs::remove(path_ + suffix, ignored);
  }
  std::string path_;
};

Result<void> copy_checked(const std::string& from, const std::string& to, const Progress& progress) {
  OFFX_ASSIGN(auto source, Connection::open(from, Connection::Access::read_only));
  // With a read transaction of its own open, the source stays at one snapshot while others write.
  OFFX_TRY(source->control("BEGIN"));
  OFFX_TRY(source->run("SELECT count(*) FROM sqlite_schema"));
  OFFX_ASSIGN(auto target, Connection::open(to, Connection::Access::read_write));
  OFFX_TRY(target->control("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF"));
  OFFX_TRY(copy_pages(*source, *target, progress));
  // One self-contained file: the next to open it turns the write-ahead log on again.
  OFFX_TRY(target->control("PRAGMA journal_mode=DELETE"));
  OFFX_TRY(check(*target, "PRAGMA integrity_check(1)"));
  target.reset();
  return sync_to_disk(to);
}

bool is_damaged(const Error& error) { return error.code() == Errc::corrupt; }

}  // namespace

Result<void> copy_database(const std::string& from, const std::string& to, const Progress& progress) {
  if (fs::exists(to)) return fail(Errc::conflict, to + " exists; choose another name or remove it first");
  const PartialFile partial(to + ".partial");
  if (auto copied = copy_checked(from, partial.path(), progress); !copied) {
    return fail(std::move(copied).error().within("backup to " + to));
  }
  return rename_file(partial.path(), to);
}

Result<void> restore(const std::string& path, const std::string& from, const std::string& keep,
                     const Progress& progress, const std::string& must_have) {
  std::error_code error;
  if (!fs::is_regular_file(from, error)) return fail(Errc::not_found, from + ": no such file");
  if (fs::equivalent(path, from, error)) return fail(Errc::invalid_argument, from + " is the database itself");
  const PartialFile fresh(path + ".restoring");
  if (auto copied = copy_checked(from, fresh.path(), progress); !copied) {
    return fail(std::move(copied).error().within("restore from " + from));
  }
  if (!must_have.empty()) {
    OFFX_ASSIGN(auto copy, Connection::open(fresh.path(), Connection::Access::read_only));
    OFFX_ASSIGN(const auto found,
                copy->run("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1", {must_have}));
    // An empty file, too, is a database to SQLite.
    if (found.rows() == 0) return fail(Errc::unsupported, from + " is no backup: it has no table " + must_have);
  }
  if (!fs::exists(path)) return rename_file(fresh.path(), path);

  bool damaged = false;
  if (!keep.empty()) {
    auto kept = copy_database(path, keep, {});
    damaged = !kept && is_damaged(kept.error());
    if (!kept && !damaged) return fail(std::move(kept).error());
  }
  if (!damaged) {
    OFFX_ASSIGN(auto source, Connection::open(fresh.path(), Connection::Access::read_only));
    auto target = Connection::open(path, Connection::Access::read_write);
    auto replaced = target ? copy_pages(*source, **target, {}) : Result<void>(fail(std::move(target).error()));
    damaged = !replaced && is_damaged(replaced.error());
    if (!damaged) return replaced;
  }
  // SQLite cannot write into what is no database any more: put the files aside and the copy in their place.
  for (const char* suffix : {"", "-wal", "-shm"}) {
    if (!fs::exists(path + suffix)) continue;
    if (keep.empty()) {
      fs::remove(path + suffix, error);
    } else {
      OFFX_TRY(rename_file(path + suffix, keep + suffix));
    }
  }
  return rename_file(fresh.path(), path);
}

}  // namespace offx::db::sqlite
