#include "db/sqlite/file.h"

#include <string_view>

namespace offx::db::sqlite {

std::string file_of(const DatabaseClient& client) {
  constexpr std::string_view kEngine = "sqlite:";
  const auto description = client.description();
  if (!description.starts_with(kEngine) || description.ends_with(":memory:")) return {};
  return description.substr(kEngine.size());
}

}  // namespace offx::db::sqlite
