#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "db/client.h"
#include "migrate/sync_sql.h"

namespace offx::migrate {

/// Statements of one transaction, put together one by one. Text that is made at run time lives here until they have
/// run.
class Script {
 public:
  void add(std::string sql, db::Params params = {}) {
    texts_.push_back(std::make_unique<std::string>(std::move(sql)));
    statements_.push_back({*texts_.back(), std::move(params)});
  }
  /// Its text must live as long: that of a constant.
  void add(db::Statement statement) { statements_.push_back(std::move(statement)); }

  void add(const std::vector<NamedSql>& all) {
    for (const auto& one : all) add(one.sql);
  }
  void add(const std::vector<std::string>& all) {
    for (const auto& one : all) add(one);
  }
  void add(const std::vector<db::Statement>& all) {
    for (const auto& one : all) add(one);
  }
  [[nodiscard]] const std::vector<db::Statement>& statements() const { return statements_; }

 private:
  std::vector<std::unique_ptr<std::string>> texts_;
  std::vector<db::Statement> statements_;
};

}  // namespace offx::migrate
