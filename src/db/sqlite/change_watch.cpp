#include "db/sqlite/change_watch.h"

#include <string>
#include <string_view>

#include "db/sqlite/connection.h"

namespace offx::db::sqlite {

std::unique_ptr<ChangeWatch> ChangeWatch::open(const DatabaseClient& client) {
  constexpr std::string_view kFile = "sqlite:";
  const std::string description = client.description();
  if (!description.starts_with(kFile) || description.ends_with(":memory:")) return nullptr;
  auto connection = Connection::open(description.substr(kFile.size()), Connection::Access::read_only);
  if (!connection) return nullptr;
  return std::unique_ptr<ChangeWatch>(new ChangeWatch(std::move(*connection)));
}

ChangeWatch::ChangeWatch(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}
ChangeWatch::~ChangeWatch() = default;

std::optional<std::int64_t> ChangeWatch::mark() {
  const std::scoped_lock lock(mutex_);
  // Changes with every commit of another connection, and all writing is done by others.
  const auto rows = connection_->run("PRAGMA data_version");
  if (!rows || rows->rows() == 0) return std::nullopt;
  return to_integer(rows->row(0)[0]);
}

}  // namespace offx::db::sqlite
