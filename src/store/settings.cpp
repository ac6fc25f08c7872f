#include "store/settings.h"

#include <charconv>

#include "store/catalogue.h"
#include "store/rows.h"

namespace offx::store {
namespace {

constexpr const char* kTimeZone = "time_zone";
constexpr const char* kPostsKeepDays = "posts_keep_days";
constexpr const char* kLogKeepDays = "log_keep_days";
constexpr const char* kBackupsKeep = "backups_keep";

std::optional<std::int64_t> number_of(const std::string& text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

}  // namespace

Result<Settings> read_settings(db::DatabaseClient& client) {
  OFFX_ASSIGN(const auto rows, client.execute(sql(Query::setting_list)));
  Settings settings;
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    const std::string name = db::to_text(rows.row(i)[0]);
    const std::string value = db::to_text(rows.row(i)[1]);
    const auto number = number_of(value);
    if (name == kTimeZone) settings.time_zone = value;
    if (name == kPostsKeepDays) settings.posts_keep_days = number;
    if (name == kLogKeepDays) settings.log_keep_days = number.value_or(settings.log_keep_days);
    if (name == kBackupsKeep) settings.backups_keep = number.value_or(settings.backups_keep);
  }
  return settings;
}

Result<void> write_settings(db::DatabaseClient& client, const Settings& settings, Timestamp now) {
  const db::Value time = stored_time(now);
  const std::string posts_keep = settings.posts_keep_days ? std::to_string(*settings.posts_keep_days) : "";
  const std::vector<db::Statement> statements = {
      {sql(Query::setting_put), {kTimeZone, settings.time_zone, time}},
      {sql(Query::setting_put), {kPostsKeepDays, posts_keep, time}},
      {sql(Query::setting_put), {kLogKeepDays, std::to_string(settings.log_keep_days), time}},
      {sql(Query::setting_put), {kBackupsKeep, std::to_string(settings.backups_keep), time}}};
  OFFX_TRY(client.batch(statements, db::Mode::write));
  return {};
}

Result<std::optional<std::string>> read_setting(db::DatabaseClient& client, const std::string& name) {
  OFFX_ASSIGN(const auto rows, client.execute(sql(Query::setting_get), {name}));
  if (rows.rows() == 0) return std::optional<std::string>();
  return std::optional<std::string>(db::to_text(rows.row(0)[0]));
}

Result<void> write_setting(db::DatabaseClient& client, const std::string& name, const std::string& value,
                           Timestamp now) {
  OFFX_TRY(client.execute(sql(Query::setting_put), {name, value, stored_time(now)}));
  return {};
}

}  // namespace offx::store
