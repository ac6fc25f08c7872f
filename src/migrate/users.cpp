#include "migrate/users.h"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <mutex>
#include <random>
#include <thread>
#include <utility>

#include <unistd.h>

#include "migrate/document.h"
#include "migrate/ledger.h"
#include "migrate/sql_text.h"
#include "migrate/table.h"

namespace offx::migrate {
namespace {

using db::Statement;
using db::to_integer;
using db::to_text;

constexpr std::string_view kCreate =
    "CREATE TABLE IF NOT EXISTS offx_table_users (id TEXT PRIMARY KEY, program TEXT NOT NULL, host TEXT NOT NULL, "
    "pid INTEGER NOT NULL, tables TEXT NOT NULL, renewed_at TEXT NOT NULL, expires_at TEXT NOT NULL)";
// A row that is gone comes back: another process may have swept it away while this one was stopped.
constexpr std::string_view kRenew =
    "INSERT INTO offx_table_users (id, program, host, pid, tables, renewed_at, expires_at) "
    "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET renewed_at = excluded.renewed_at, "
    "expires_at = excluded.expires_at";
// The NOT NULL of `program` is what fails. Of a row that somebody wrote with other things than names nothing is known.
constexpr std::string_view kRefuse =
    "UPDATE offx_table_users SET program = NULL WHERE expires_at >= ?1 AND EXISTS (SELECT 1 FROM json_each(CASE WHEN "
    "json_valid(tables) THEN tables ELSE '[]' END) AS used WHERE used.value = ?2 COLLATE NOCASE)";
constexpr std::string_view kSweep = "DELETE FROM offx_table_users WHERE expires_at < ?";
constexpr std::string_view kWithdraw = "DELETE FROM offx_table_users WHERE id = ?";
constexpr std::string_view kList =
    "SELECT id, program, host, pid, tables, renewed_at, expires_at FROM offx_table_users WHERE expires_at >= ? "
    "ORDER BY program, host, pid, id";

/// How long the rows of those that died stay to be looked at by people.
constexpr auto kKeepDead = std::chrono::hours(24);

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

/// 128 random bits: no two processes have the same, on whichever hosts.
std::string new_id() {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::random_device random;
  std::string id;
  for (int word = 0; word < 4; ++word) {
    for (auto [bits, digit] = std::pair(random(), 0); digit < 8; ++digit, bits >>= 4U) id += kDigits[bits & 15U];
  }
  return id;
}

std::string names_as_json(std::span<const std::string_view> names) {
  Node list{Node::Kind::list, 0, {}, {}, {}};
  for (const auto name : names) list.items.push_back({Node::Kind::text, 0, std::string(name), {}, {}});
  return json_text(list);
}

/// Lenient: a row that somebody else wrote is shown as far as it can be read.
std::vector<std::string> names_from_json(const std::string& json) {
  std::vector<std::string> names;
  if (const auto list = parse_json(json, "offx_table_users")) {
    for (const auto& item : list->items) names.push_back(item.text);
  }
  return names;
}

class AnnouncedUse final : public TableUse {
 public:
  AnnouncedUse(db::DatabaseClient& client, std::string_view program, std::span<const std::string_view> tables,
               std::chrono::milliseconds ttl)
      : client_(client), program_(program), tables_(names_as_json(tables)), ttl_(ttl) {}

  ~AnnouncedUse() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
    // If it fails, the lease runs out by itself.
    (void)client_.execute(kWithdraw, {id_});
  }

  Result<void> begin() {
    const auto now = SystemClock().now();
    const std::array<Statement, 3> statements = {
        {{kCreate, {}}, {kSweep, {to_sql_time(now - kKeepDead)}}, {kRenew, lease_at(now)}}};
    OFFX_TRY(client_.batch(statements, db::Mode::write));
    thread_ = std::thread([this] { keep(); });
    return {};
  }

 private:
  [[nodiscard]] db::Params lease_at(Timestamp now) const {
    return {id_, program_, host_, std::int64_t{getpid()}, tables_, to_sql_time(now), to_sql_time(now + ttl_)};
  }

  void keep() {
    std::unique_lock lock(mutex_);
    auto wait = ttl_ / 3;
    while (!wake_.wait_for(lock, wait, [this] { return stopping_; })) {
      lock.unlock();
      const bool renewed = client_.execute(kRenew, lease_at(SystemClock().now())).has_value();
      lock.lock();
      // A database that is busy or away is asked again soon, while the lease still holds. Nobody else need know of it:
      // whatever this process does with its tables meets the same failure.
      wait = renewed ? ttl_ / 3 : ttl_ / 10;
    }
  }

  db::DatabaseClient& client_;
  const std::string id_ = new_id();
  const std::string program_;
  const std::string host_ = host_name();
  const std::string tables_;
  const std::chrono::milliseconds ttl_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<TableUse>> TableUse::announce(db::DatabaseClient& client, std::string_view program,
                                                     std::span<const std::string_view> tables,
                                                     std::chrono::milliseconds ttl) {
  auto use = std::make_unique<AnnouncedUse>(client, program, tables, std::max(ttl, std::chrono::milliseconds(30)));
  OFFX_TRY(use->begin());
  return use;
}

Result<std::vector<TableUser>> list_table_users(db::DatabaseClient& client) {
  std::vector<TableUser> users;
  OFFX_ASSIGN(const bool there, table_exists(client, "offx_table_users"));
  if (!there) return users;
  OFFX_ASSIGN(const auto rows, client.execute(kList, {to_sql_time(SystemClock().now())}));
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    const auto row = rows.row(i);
    const auto time = [&](std::size_t column) { return parse_time(to_text(row[column])).value_or(Timestamp()); };
    users.push_back({to_text(row[0]), to_text(row[1]), to_text(row[2]), to_integer(row[3]),
                     names_from_json(to_text(row[4])), time(5), time(6)});
  }
  return users;
}

std::vector<Statement> refuse_users_of(std::span<const std::string> tables) {
  std::vector<Statement> statements = {{kCreate, {}}};
  const auto now = to_sql_time(SystemClock().now());
  for (const auto& table : tables) statements.push_back({kRefuse, {now, table}});
  return statements;
}

Result<void> check_tables(std::span<const Record> records, std::span<const std::string_view> tables) {
  for (const auto& record : records) {
    // While it is completing, the old table is there and nobody carries what is written to it.
    if (record.phase != Phase::completing && record.phase != Phase::completed) continue;
    for (const auto& table : record.tables) {
      const bool wanted =
          std::any_of(tables.begin(), tables.end(), [&](std::string_view name) { return same_name(name, table.from); });
      if (!wanted) continue;
      return fail(Errc::conflict, "this database has moved on from " + table.from +
                                      ", which this program was built for, to " + table.to + " (migration " +
                                      record.name + ", " + std::string(to_string(record.phase)) + " " +
                                      to_sql_time(record.changed_at) +
                                      "): use the release that made it or a later one, or a backup from before");
    }
  }
  return {};
}

}  // namespace offx::migrate
