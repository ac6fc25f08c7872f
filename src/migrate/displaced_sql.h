#pragma once

#include <string>
#include <vector>

#include "migrate/pair_sql.h"

namespace offx::migrate {

/// What the triggers on one side's table note of the rows that stand in the way of a write to it, before it, where
/// nothing else leads from what REPLACE has removed to its twins (Pair::notes_displaced). Notes of a write that was
/// ignored, or became an upsert's update, are of rows that are still there. Each says which write it is of: another one
/// inside of that, set off by a row that it replaced, leaves its notes alone.
class DisplacedNotes {
 public:
  DisplacedNotes(const Pair& pair, Side from);

  [[nodiscard]] bool are_kept() const { return pair_.notes_displaced[from_]; }
  /// True if there are any, of this or of another write.
  [[nodiscard]] std::string some() const;
  /// True if a row stands in the way of NEW.
  [[nodiscard]] std::string some_in_the_way(bool by_update) const;
  /// ` OF` the columns by which a row can stand in the way of an UPDATE.
  [[nodiscard]] std::string of_unique() const;

  /// Statements of a BEFORE trigger that note the rows in the way of NEW, and who comes that way.
  [[nodiscard]] std::string note(bool by_update) const;
  /// Of rows of the other table: those whose twins stood in the way, and are gone.
  [[nodiscard]] std::string are_gone() const { return are_gone_where(""); }
  /// … in the way of the UPDATE of OLD.
  [[nodiscard]] std::string are_gone_for_old() const;
  /// Removes what was noted for the write that ends here.
  [[nodiscard]] std::string clear(bool by_update) const;
  /// Removes what was noted of OLD, which has gone in another way.
  [[nodiscard]] std::string forget_old() const;

 private:
  [[nodiscard]] std::string are_gone_where(const std::string& which) const;
  /// ` FROM … WHERE …`, of each uniqueness: the row that stands in the way of NEW.
  [[nodiscard]] std::vector<std::string> ways(bool by_update) const;
  /// What tells a write from the others of its table, in a trigger after it: an UPDATE by the row's key, an INSERT by
  /// what its row has in UNIQUE columns and by its key, or, if SQLite gave it that, by none.
  [[nodiscard]] std::vector<std::string> marks(bool by_update) const;
  /// … of an INSERT, in a trigger before it.
  [[nodiscard]] std::string mark_of_insert() const;

  const Pair& pair_;
  Side from_;
  std::string source_;
  std::string table_;  ///< of the notes
  std::string of_this_side_;
  std::vector<std::string> unique_columns_;  ///< which are stored
};

}  // namespace offx::migrate
