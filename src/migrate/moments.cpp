#include "migrate/moments.h"

#include <algorithm>
#include <functional>

#include "db/forwarding_client.h"
#include "migrate/ledger.h"
#include "migrate/schema.h"

namespace offx::migrate {
namespace {

/// How far the latest migration is, as others see it; empty if there is nothing that others see.
Result<std::string> name_of_moment(db::DatabaseClient& client, bool several) {
  OFFX_ASSIGN(const bool begun, has_ledger(client));
  if (!begun) return std::string();
  OFFX_ASSIGN(const auto records, read_records(client));
  if (records.empty()) return std::string();
  const auto& record = records.back();
  const std::string prefix = several ? record.name + " " : "";
  if (record.phase == Phase::live) return prefix + "both live";
  if (record.phase != Phase::backfill) return std::string();
  std::string name = "expanded";
  for (const auto& table : record.tables) {
    if (table.phase == Phase::expand) continue;
    const auto percent = table.phase == Phase::backfill && table.rows_total > 0
                             ? std::min<std::int64_t>(100, table.rows_done * 100 / table.rows_total)
                             : 100;
    name = table.from + " copied to " + std::to_string(percent) + " %";
  }
  return prefix + name;
}

Result<std::string> schema_text(db::DatabaseClient& client) {
  OFFX_ASSIGN(const auto objects, read_objects(client));
  std::string text;
  for (const auto& object : objects) text += object.sql + "\n";
  return text;
}

/// Passes calls on; after each write `look` is asked, and once it says so, the next call fails as if somebody had
/// stopped the migrator.
class Watched final : public db::ForwardingClient {
 public:
  using Look = std::function<Result<bool>(db::DatabaseClient&)>;
  Watched(db::DatabaseClient& client, Look look) : ForwardingClient(client), look_(std::move(look)) {}

  [[nodiscard]] bool stopped() const noexcept { return stopped_; }

  Result<db::QueryResult> execute(std::string_view sql, const db::Params& params) override {
    OFFX_TRY(stop_if_due());
    return client().execute(sql, params);
  }
  Result<std::vector<db::QueryResult>> batch(std::span<const db::Statement> statements, db::Mode mode) override {
    OFFX_TRY(stop_if_due());
    OFFX_ASSIGN(auto results, client().batch(statements, mode));
    if (db::writes(mode)) OFFX_TRY(look());
    return results;
  }
  Result<void> redirect_references(std::span<const db::Redirect> redirects, std::span<const db::Statement> before,
                                   std::span<const db::Statement> after) override {
    OFFX_TRY(stop_if_due());
    OFFX_TRY(client().redirect_references(redirects, before, after));
    return look();
  }

 private:
  Result<void> look() {
    if (stopped_ || due_) return {};
    OFFX_ASSIGN(due_, look_(client()));
    return {};
  }
  Result<void> stop_if_due() {
    if (!due_) return {};
    due_ = false;
    stopped_ = true;
    return fail(Errc::cancelled, "stopped at the moment that was asked for");
  }

  Look look_;
  bool due_ = false;
  bool stopped_ = false;
};

WorkOptions work_options(std::int64_t chunk_rows) {
  WorkOptions options;
  options.max_chunk_rows = chunk_rows;
  options.max_stall = std::chrono::seconds(1);  // nobody waits for a scratch database
  return options;
}

Result<void> start_all(db::DatabaseClient& client, std::span<const Migration> migrations, std::int64_t chunk_rows) {
  for (const auto& migration : migrations) OFFX_TRY(start(client, migration, work_options(chunk_rows)));
  return {};
}

Result<void> complete_all(db::DatabaseClient& client, std::span<const Migration> migrations, std::int64_t chunk_rows) {
  CompleteOptions options;
  static_cast<WorkOptions&>(options) = work_options(chunk_rows);
  for (const auto& migration : migrations) OFFX_TRY(complete(client, migration.name, options));
  return {};
}

/// Moments of starting are told apart by their names, those of completing by the schema.
class Recorder {
 public:
  Recorder(bool several, bool completing) : several_(several), completing_(completing) {}

  /// True if this moment was not seen before.
  Result<bool> is_new(db::DatabaseClient& client) {
    if (completing_) {
      OFFX_ASSIGN(auto schema, schema_text(client));
      if (schema == last_) return false;
      last_ = std::move(schema);
      names_.push_back("completing, step " + std::to_string(names_.size() + 1));
      return true;
    }
    OFFX_ASSIGN(auto name, name_of_moment(client, several_));
    if (name.empty() || std::find(names_.begin(), names_.end(), name) != names_.end()) return false;
    names_.push_back(std::move(name));
    return true;
  }
  Result<void> begin(db::DatabaseClient& client) {
    if (completing_) {
      OFFX_ASSIGN(last_, schema_text(client));
    }
    return {};
  }
  [[nodiscard]] std::vector<std::string>& names() noexcept { return names_; }

 private:
  bool several_;
  bool completing_;
  std::string last_;
  std::vector<std::string> names_;
};

}  // namespace

Result<std::vector<Moment>> moments_of(db::DatabaseClient& client, std::span<const Migration> migrations,
                                       std::int64_t chunk_rows) {
  std::vector<Moment> moments;
  for (const bool completing : {false, true}) {
    Recorder recorder(migrations.size() > 1, completing);
    OFFX_TRY(recorder.begin(client));
    Watched watched(client, [&](db::DatabaseClient& inner) -> Result<bool> {
      OFFX_TRY(recorder.is_new(inner));
      return false;
    });
    OFFX_TRY(completing ? complete_all(watched, migrations, chunk_rows) : start_all(watched, migrations, chunk_rows));
    if (completing && !recorder.names().empty()) recorder.names().back() = "completed";
    if (!completing && !recorder.names().empty()) recorder.names().back() = "both live";
    for (auto& name : recorder.names()) {
      const auto position = static_cast<std::size_t>(&name - recorder.names().data());
      moments.push_back({std::move(name), position, completing});
    }
  }
  return moments;
}

Result<void> advance_to(db::DatabaseClient& client, std::span<const Migration> migrations, std::int64_t chunk_rows,
                        const Moment& moment) {
  if (moment.completing) OFFX_TRY(start_all(client, migrations, chunk_rows));
  if (moment.name == "completed") return complete_all(client, migrations, chunk_rows);
  if (moment.name == "both live") return start_all(client, migrations, chunk_rows);
  Recorder recorder(migrations.size() > 1, moment.completing);
  OFFX_TRY(recorder.begin(client));
  Watched watched(client, [&](db::DatabaseClient& inner) -> Result<bool> {
    OFFX_ASSIGN(const bool is_new, recorder.is_new(inner));
    return is_new && recorder.names().size() == moment.position + 1;
  });
  auto done =
      moment.completing ? complete_all(watched, migrations, chunk_rows) : start_all(watched, migrations, chunk_rows);
  if (!done && !watched.stopped()) return done;
  return {};
}

Result<void> roll_back_all(db::DatabaseClient& client) {
  OFFX_ASSIGN(const bool begun, has_ledger(client));
  if (!begun) return {};
  OFFX_ASSIGN(auto records, read_records(client));
  std::reverse(records.begin(), records.end());
  for (const auto& record : records) OFFX_TRY(roll_back(client, record.name, {}));
  return {};
}

}  // namespace offx::migrate
