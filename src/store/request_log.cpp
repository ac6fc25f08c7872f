#include "store/request_log.h"

#include "store/catalogue.h"
#include "store/rows.h"

namespace offx::store {

Result<void> add_to_request_log(db::DatabaseClient& client, std::span<const RequestLogEntry> entries,
                                db::sqlite::ChangeWatch* changes) {
  std::vector<db::Statement> statements;
  statements.reserve(entries.size());
  for (const auto& entry : entries) {
    statements.push_back(
        {sql(Query::request_log_insert),
         {stored_time(entry.time), entry.request_id, entry.method, entry.path, entry.status, entry.ms,
          entry.user_id == 0 ? db::Value{} : db::Value{entry.user_id}, entry.who, entry.address, entry.bytes}});
  }
  if (changes != nullptr) {
    OFFX_ASSIGN(const bool written, changes->write_unmarked(statements));
    if (written) return {};
  }
  OFFX_TRY(client.batch(statements, db::Mode::background));
  return {};
}

Result<std::vector<RequestLogEntry>> read_request_log(db::DatabaseClient& client, const RequestLogFilter& filter,
                                                      std::int64_t limit) {
  const auto text = [](const std::optional<std::string>& value) { return value ? db::Value{*value} : db::Value{}; };
  const auto number = [](const std::optional<std::int64_t>& value) { return value ? db::Value{*value} : db::Value{}; };
  const auto time = [](const std::optional<Timestamp>& value) { return value ? stored_time(*value) : db::Value{}; };
  OFFX_ASSIGN(const auto rows,
              client.execute(sql(Query::request_log_list),
                             {text(filter.method), text(filter.path), number(filter.status), text(filter.who),
                              time(filter.since), time(filter.until), number(filter.before_id), limit}));
  std::vector<RequestLogEntry> entries;
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    const auto row = rows.row(i);
    entries.push_back({db::to_integer(row[0]), to_time(row[1]), db::to_text(row[2]), db::to_text(row[3]),
                       db::to_text(row[4]), db::to_integer(row[5]), db::to_integer(row[6]), db::to_integer(row[7]),
                       db::to_text(row[8]), db::to_text(row[9]), db::to_integer(row[10])});
  }
  return entries;
}

Result<std::int64_t> trim_request_log(db::DatabaseClient& client, Timestamp before, std::int64_t limit) {
  const std::vector<db::Statement> statements = {{sql(Query::request_log_trim), {stored_time(before), limit}}};
  OFFX_ASSIGN(const auto results, client.batch(statements, db::Mode::background));
  return results[0].rows_affected();
}

}  // namespace offx::store
