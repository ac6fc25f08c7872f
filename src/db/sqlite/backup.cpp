#include "db/sqlite/backup.h"

#include <cstdlib>
#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
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

/// A new file beside the one it is to become, gone with this unless it was renamed.
class PartialFile {
 public:
  /// Makes `target.XXXXXX.partial`, X standing for what makes the name new: for the same people as `like`, or for its
  /// owner alone if that is empty.
  static Result<PartialFile> make(const std::string& target, const std::string& like) {
    constexpr std::string_view kSuffix = ".partial";
    std::string path = target + ".XXXXXX" + std::string(kSuffix);
    const int file = mkstemps(path.data(), static_cast<int>(kSuffix.size()));
    if (file < 0) return fail(Errc::io, "cannot make " + path + ": " + std::system_category().message(errno));
    struct stat info{};
    // Should that fail, the copy is for its owner only.
    if (!like.empty() && ::stat(like.c_str(), &info) == 0) static_cast<void>(::fchmod(file, info.st_mode & 0666U));
    ::close(file);
    return PartialFile(std::move(path));
  }
  ~PartialFile() {
    if (path_.empty()) return;
    std::error_code ignored;  // it may have its name already
    for (const char* suffix : {"", "-journal", "-wal", "-shm"}) fs::remove(path_ + suffix, ignored);
  }
  PartialFile(PartialFile&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  PartialFile& operator=(PartialFile&&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  explicit PartialFile(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

/// Opens `path` to be copied. Closing it changes nothing there: what another program left in the write-ahead log is
/// read but stays in the log.
Result<std::unique_ptr<Connection>> open_source(const std::string& path) {
  std::error_code error;
  const bool has_log = fs::file_size(path + "-wal", error) > 0 && !error;
  OFFX_ASSIGN(auto source, Connection::open(path, Connection::Access::read_only));
  // Not without a log: the empty one that reading makes is then removed again.
  if (has_log) sqlite3_db_config(source->handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  return source;
}

/// Takes away what a stranger's schema would run.
Result<void> disarm(Connection& copy) {
  constexpr int kCellMaxBytes = 64 << 20;
  sqlite3_limit(copy.handle(), SQLITE_LIMIT_LENGTH, kCellMaxBytes);
  OFFX_ASSIGN(const auto computed, copy.run("SELECT count(*) FROM sqlite_schema AS s, pragma_table_xinfo(s.name) AS x "
                                            "WHERE s.type = 'table' AND s.rootpage > 0 AND x.hidden IN (2, 3)"));
  if (to_integer(computed.row(0)[0]) != 0) {
    return fail(Errc::unsupported, "it has computed columns, which no database of OffX has");
  }
  OFFX_ASSIGN(const auto drops, copy.run("SELECT printf('DROP %s \"%w\"', type, name) FROM sqlite_schema "
                                         "WHERE type IN ('trigger', 'view') ORDER BY type, name"));
  for (std::size_t i = 0; i < drops.rows(); ++i) OFFX_TRY(copy.control(to_text(drops.row(i)[0]).c_str()));
  return {};
}

Result<void> copy_checked(const std::string& from, const std::string& to, const Progress& progress, Origin origin) {
  OFFX_ASSIGN(auto source, open_source(from));
  // With a read transaction of its own open, the source stays at one snapshot while others write.
  OFFX_TRY(source->control("BEGIN"));
  OFFX_TRY(source->run("SELECT count(*) FROM sqlite_schema"));
  OFFX_ASSIGN(auto target, Connection::open(to, Connection::Access::read_write));
  OFFX_TRY(target->control("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF"));
  OFFX_TRY(copy_pages(*source, *target, progress));
  // One self-contained file: the next to open it turns the write-ahead log on again.
  OFFX_TRY(target->control("PRAGMA journal_mode=DELETE"));
  if (origin == Origin::foreign) OFFX_TRY(disarm(*target));
  OFFX_TRY(check(*target, "PRAGMA integrity_check(1)"));
  target.reset();
  return sync_to_disk(to);
}

/// Writes the content of the file `fresh`, which may be rebuilt for that, over that of the database at `path`.
Result<void> replace_content(const std::string& path, const std::string& fresh) {
  constexpr const char* kPageSize = "PRAGMA page_size";
  OFFX_ASSIGN(auto target, Connection::open(path, Connection::Access::read_write));
  OFFX_ASSIGN(const auto wanted, target->run(kPageSize));
  OFFX_ASSIGN(auto source, Connection::open(fresh, Connection::Access::read_write));
  OFFX_ASSIGN(const auto given, source->run(kPageSize));
  const auto page_bytes = to_integer(wanted.row(0)[0]);
  if (to_integer(given.row(0)[0]) != page_bytes) {
    // A database with a write-ahead log cannot change the size of its pages, so the copy takes on that of the database.
    OFFX_TRY(source->control((std::string(kPageSize) + "=" + std::to_string(page_bytes) + "; VACUUM").c_str()));
    OFFX_TRY(check(*source, "PRAGMA integrity_check(1)"));
  }
  return copy_pages(*source, *target, {});
}

/// `what PATH: message`, the path once.
tl::unexpected<Error> failed(const std::string& what, const std::string& path, Error error) {
  if (error.context() == path) error = Error(error.code(), error.message());
  return fail(std::move(error).within(what + " " + path));
}

bool is_damaged(const Error& error) { return error.code() == Errc::corrupt; }

}  // namespace

Result<void> copy_database(const std::string& from, const std::string& to, const Progress& progress, Origin origin) {
  if (fs::exists(to)) return fail(Errc::conflict, to + " exists; choose another name or remove it first");
  // Passwords' hashes, sessions and tokens are in it: whoever else is to read it is told so by its owner.
  OFFX_ASSIGN(const auto partial, PartialFile::make(to, {}));
  if (auto copied = copy_checked(from, partial.path(), progress, origin); !copied) {
    return fail(std::move(copied).error().within("backup to " + to));
  }
  return rename_file(partial.path(), to);
}

Result<void> restore(const std::string& path, const std::string& from, const std::string& keep,
                     const Progress& progress, const std::function<Result<void>(const TableNames&)>& accept) {
  std::error_code error;
  if (!fs::is_regular_file(from, error)) return fail(Errc::not_found, from + ": no such file");
  if (fs::equivalent(path, from, error)) return fail(Errc::invalid_argument, from + " is the database itself");
  const bool replaces = fs::exists(path, error);
  OFFX_ASSIGN(const auto fresh, PartialFile::make(path, replaces ? path : from));
  if (auto copied = copy_checked(from, fresh.path(), progress, Origin::own); !copied) {
    return failed("restore from", from, std::move(copied).error());
  }
  if (accept) {
    OFFX_ASSIGN(auto copy, Connection::open(fresh.path(), Connection::Access::read_only));
    OFFX_ASSIGN(const auto rows, copy->run("SELECT name FROM sqlite_schema WHERE type = 'table'"));
    TableNames names;
    for (std::size_t i = 0; i < rows.rows(); ++i) names.insert(to_text(rows.row(i)[0]));
    OFFX_TRY(accept(names));
  }
  if (!replaces) return rename_file(fresh.path(), path);

  bool damaged = false;
  if (!keep.empty()) {
    auto kept = copy_database(path, keep, {});
    damaged = !kept && is_damaged(kept.error());
    if (!kept && !damaged) return fail(std::move(kept).error());
  }
  if (!damaged) {
    auto replaced = replace_content(path, fresh.path());
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
