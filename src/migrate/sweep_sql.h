#pragma once

#include <string>
#include <vector>

#include "migrate/displaced_sql.h"

namespace offx::migrate {

using Groups = std::vector<const Group*>;

/// For the triggers on one side's table: REPLACE removes rows without setting off their DELETE triggers. Their twins
/// are swept, or, where triggers of the user's on the other table would see that, replaced by what is written there.
class Sweeps {
 public:
  Sweeps(const Pair& pair, Side from);

  [[nodiscard]] const DisplacedNotes& notes() const noexcept { return notes_; }

  /// Statements that delete the twins of what the write of NEW has replaced, as far as that depends on the group, or,
  /// of nullptr, on anything.
  [[nodiscard]] std::string sweep_for(const Group* group, bool key_moves) const;
  /// … of what an UPDATE's notes tell, in a trigger that no other one may follow.
  [[nodiscard]] std::string sweep_noted() const;
  /// True if there are rows that what is written has to replace; empty if there never are. Of no groups: by any.
  [[nodiscard]] std::string replaces(const Groups& groups, bool key_moves) const;
  /// Statements of a DELETE trigger, which take along what REPLACE has removed together with OLD.
  [[nodiscard]] std::string take_along() const;

 private:
  /// True if a change of the group's sources can change what is to be unique.
  [[nodiscard]] bool concerns(const Uniqueness& unique, const Group* group) const;
  /// The rows of the target that have NEW's values, by which they are looked up, but the twins of NEW and OLD.
  [[nodiscard]] std::string others_with(const Uniqueness& unique, bool key_moves) const;
  /// ` FROM … WHERE …`: the rows of the target whose twins REPLACE removed for NEW by this uniqueness.
  [[nodiscard]] std::string replaced_rows(const Uniqueness& unique, bool key_moves) const;
  /// Where DELETE triggers of the user's would see them go, they are not swept, but replaced by what is written, if the
  /// target has the same uniqueness.
  [[nodiscard]] bool replaces_through(const Uniqueness& unique, bool by_update) const;
  [[nodiscard]] std::string sweep(const std::string& rows) const;
  /// `raise` where that is so and foreign keys are enforced, which the program that writes decides and no SQL tells: a
  /// row goes with another, or not. Nothing if ON DELETE of the self-reference does nothing.
  [[nodiscard]] std::string if_enforced(const std::string& raise, const std::string& condition) const;
  /// ON DELETE of a self-reference would take NEW's twin along with a row that is swept, if it referred to that, and
  /// the row with it: the twin gets its new parent first. Where that is one of those which are gone, or the parent
  /// cannot change alone, it is an error if the twin would go.
  [[nodiscard]] std::string take_from_parent(const std::vector<std::string>& swept, bool key_moves) const;
  /// ` FROM … WHERE …`: those that are swept.
  [[nodiscard]] std::string displaced_rows(bool key_moves, bool by_update) const;
  [[nodiscard]] bool takes_parents_along() const {
    return pair_.cascades_in_self(kOld) && pair_.cascades_in_self(kNew);
  }
  /// REPLACE that removes the parent of a row it is about to change removes that row too, by ON DELETE CASCADE, and no
  /// trigger sees the parent go. A parent whose children see it gone takes them along here as there.
  [[nodiscard]] std::string take_parent_along() const;
  /// UPDATE OR REPLACE may remove the row that it is about to change along with the one in its way, by ON DELETE
  /// CASCADE through other tables: then this is the only trigger that runs for it.
  [[nodiscard]] std::string take_displaced_along() const;

  const Pair& pair_;
  Side from_;
  Side to_;
  Rows rows_;
  std::string source_;
  std::string target_;
  DisplacedNotes notes_;
};

}  // namespace offx::migrate
