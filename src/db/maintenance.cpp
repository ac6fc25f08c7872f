#include "db/maintenance.h"

#include <filesystem>

#include "db/sqlite/file.h"
#include "db/sqlite/long_read.h"

namespace offx::db {
namespace {

/// True if the engine does not offer what was asked, as opposed to having failed at it.
bool is_refusal(const Error& error) { return error.code() == Errc::unsupported; }

/// 0 if there is no such file.
std::uint64_t file_bytes(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  return error ? 0 : size;
}

}  // namespace

Result<Findings> check_integrity(DatabaseClient& client, CheckDepth depth, const std::function<bool()>& goes_on) {
  OFFX_ASSIGN(const auto own_reader, sqlite::LongRead::open(client, goes_on));
  const auto read = [&](std::string_view sql) -> Result<QueryResult> {
    if (own_reader) return own_reader->execute(sql);
    if (!goes_on()) return fail(Errc::cancelled, "stopped");
    return client.execute(sql);
  };
  Findings findings;
  auto rows = read(depth == CheckDepth::full ? "SELECT * FROM pragma_integrity_check LIMIT 100"
                                             : "SELECT * FROM pragma_quick_check LIMIT 100");
  if (!rows && rows.error().code() == Errc::corrupt) {
    findings.damage.push_back(rows.error().message());
    return findings;
  }
  if (!rows && !is_refusal(rows.error())) return fail(std::move(rows).error());
  for (std::size_t i = 0; rows && i < rows->rows(); ++i) {
    if (auto line = to_text(rows->row(i)[0]); line != "ok") findings.damage.push_back(std::move(line));
  }
  auto broken =
      read("SELECT \"table\", rowid, parent FROM pragma_foreign_key_check ORDER BY \"table\", rowid LIMIT 100");
  if (!broken) return fail(std::move(broken).error());
  for (std::size_t i = 0; i < broken->rows(); ++i) {
    const auto row = broken->row(i);
    const auto which = is_null(row[1]) ? std::string("a row of it") : "row " + to_text(row[1]);
    findings.references.push_back(to_text(row[0]) + ": " + which + " refers to a row of " + to_text(row[2]) +
                                  " that is not there");
  }
  return findings;
}

Result<void> refresh_statistics(DatabaseClient& client) {
  // 0x10000 looks at all tables, 0x02 analyses those that need it, 0x10 bounds that. As a batch, since it writes.
  const Statement optimize{"PRAGMA optimize=0x10012", {}};
  const auto done = client.batch(std::span(&optimize, 1), Mode::background);
  if (!done && !is_refusal(done.error())) return fail(done.error());
  return {};
}

Result<std::optional<std::uint64_t>> size_bytes(DatabaseClient& client) {
  if (const auto path = sqlite::file_of(client); !path.empty()) {
    return std::optional(file_bytes(path) + file_bytes(path + "-wal"));
  }
  const auto pages = client.execute("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size");
  if (!pages && pages.error().retryable()) return fail(pages.error());
  if (!pages || pages->rows() == 0) return std::optional<std::uint64_t>();  // hosts need not say
  return std::optional(static_cast<std::uint64_t>(to_integer(pages->row(0)[0])));
}

}  // namespace offx::db
