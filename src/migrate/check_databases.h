#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "db/client.h"
#include "migrate/check.h"
#include "migrate/moments.h"
#include "migrate/sample_data.h"

namespace offx::migrate {

/// The databases that a check compares: in memory, with the same made-up rows, each at another moment of the
/// migrations. Making one takes as long as the migrations up to its moment.
class CheckDatabases {
 public:
  using Database = std::unique_ptr<db::DatabaseClient>;

  /// `input` must live longer. Errors are those of check_compatibility().
  static Result<CheckDatabases> make(const CheckInput& input);

  [[nodiscard]] const SampleData& data() const noexcept { return data_; }
  /// Those at which other programs can see the migrations, from the first one after the beginning.
  [[nodiscard]] const std::vector<Moment>& moments() const noexcept { return moments_; }
  /// True if the input has a database of the new version, with nothing of an old one.
  [[nodiscard]] bool new_stands_alone() const noexcept { return new_stands_alone_; }

  [[nodiscard]] Result<Database> old_alone() const { return data_.database(); }
  /// Takes one that has the old version alone there.
  [[nodiscard]] Result<void> advance(db::DatabaseClient& database, const Moment& moment) const;
  [[nodiscard]] Result<Database> at(const Moment& moment) const;
  [[nodiscard]] Result<Database> both_live() const { return at({"both live", 0, false}); }
  [[nodiscard]] Result<Database> completed() const { return at({"completed", 0, true}); }
  /// A database that never had another version, with the rows of a migrated one, but for tables (`unfit`) that do not
  /// take them; or a migrated one if nobody said what the other looks like.
  [[nodiscard]] Result<Database> new_alone(std::vector<std::string>& unfit) const;

 private:
  CheckDatabases(const CheckInput& input, SampleData data) : input_(input), data_(std::move(data)) {}

  const CheckInput& input_;
  SampleData data_;
  std::vector<Moment> moments_;
  std::int64_t chunk_rows_ = 1;
  bool new_stands_alone_ = false;
};

/// But those of OffX itself.
Result<std::vector<std::string>> ordinary_tables(db::DatabaseClient& client);

}  // namespace offx::migrate
