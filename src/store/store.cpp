#include "store/store.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "db/script.h"
#include "store/catalogue.h"
#include "store/schema_files.h"
#include "store/tables.h"

namespace offx::store {
namespace {

/// Every statement of schema/ says IF NOT EXISTS and then the name of what it makes.
std::string_view name_made_by(std::string_view statement) {
  constexpr std::string_view kMarker = "IF NOT EXISTS ";
  const auto marker = statement.find(kMarker);
  if (marker == std::string_view::npos) return {};
  const auto name = statement.substr(marker + kMarker.size());
  return name.substr(0, name.find_first_of(" (\n"));
}

using Names = std::set<std::string, std::less<>>;

Result<Names> names_in(db::DatabaseClient& client) {
  auto rows = client.execute(sql(Query::schema_names));
  if (!rows) return fail(std::move(rows).error().within(client.description()));
  Names names;
  for (std::size_t i = 0; i < rows->rows(); ++i) names.insert(db::to_text(rows->row(i)[0]));
  return names;
}

std::vector<std::string_view> missing_statements(const Names& names) {
  std::vector<std::string_view> missing;
  for (const auto& file : schema_files()) {
    for (const auto statement : db::split_script(file.sql)) {
      if (!names.contains(name_made_by(statement))) missing.push_back(statement);
    }
  }
  return missing;
}

/// True if (platform, external_id) is unique by some index: ours, or one of the first OffX.
Result<bool> posts_are_unique(db::DatabaseClient& client, const std::string& posts) {
  OFFX_ASSIGN(const auto rows, client.execute(sql(Query::schema_unique_keys_of), {posts}));
  std::map<std::string, std::set<std::string>> columns_of;
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    columns_of[db::to_text(rows.row(i)[0])].insert(db::to_text(rows.row(i)[1]));
  }
  const std::set<std::string> key = {"external_id", "platform"};
  return std::any_of(columns_of.begin(), columns_of.end(), [&](const auto& index) { return index.second == key; });
}

}  // namespace

Result<void> initialise(db::DatabaseClient& client) {
  OFFX_ASSIGN(const auto names, names_in(client));
  const auto missing = missing_statements(names);
  if (missing.empty()) return {};

  const std::string posts = with_physical_names("{posts}");
  const bool adopts = names.contains(posts) && !names.contains(with_physical_names("{unfiled_posts}"));
  std::vector<db::Statement> statements;
  if (adopts) {
    OFFX_ASSIGN(const bool unique, posts_are_unique(client, posts));
    if (!unique) statements.push_back({sql(Query::posts_make_unique), {}});
  }
  for (const auto statement : missing) statements.push_back({statement, {}});
  if (adopts) {
    statements.push_back({sql(Query::unfiled_posts_note_all), {}});
    statements.push_back({sql(Query::topic_timeline_fill), {}});
  }
  auto made = client.batch(statements, db::Mode::write);
  if (!made) return fail(std::move(made).error().within("initialising " + client.description()));
  return {};
}

Result<bool> is_initialised(db::DatabaseClient& client) {
  OFFX_ASSIGN(const auto names, names_in(client));
  return missing_statements(names).empty();
}

Result<bool> has_posts(db::DatabaseClient& client) {
  OFFX_ASSIGN(const auto names, names_in(client));
  return names.contains(with_physical_names("{posts}"));
}

Result<std::unique_ptr<db::DatabaseClient>> open(std::string_view url, const Check& check) {
  const char* setting = std::getenv("OFFX_AUTO_INIT");
  const bool automatic = setting == nullptr || std::string_view(setting) != "0";
  auto client = db::create_database_client(url, automatic ? db::IfMissing::create : db::IfMissing::fail);
  if (client && check) OFFX_TRY(check(**client));
  if (automatic) {
    if (client) OFFX_TRY(initialise(**client));
    return client;
  }
  constexpr std::string_view kWhatToDo = " and OFFX_AUTO_INIT=0: run `offx db init`";
  if (!client) {
    if (client.error().code() != Errc::not_found) return client;
    Error error(Errc::not_found, client.error().message() + std::string(kWhatToDo));
    return fail(std::move(error).within(client.error().context()));
  }
  OFFX_ASSIGN(const bool initialised, is_initialised(**client));
  if (!initialised) {
    return fail(Error(Errc::not_found, "is not initialised" + std::string(kWhatToDo)).within((*client)->description()));
  }
  return client;
}

}  // namespace offx::store
