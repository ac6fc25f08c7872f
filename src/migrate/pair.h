#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "migrate/ignoring.h"
#include "migrate/migration.h"
#include "migrate/plan.h"
#include "migrate/schema.h"

/// A table and its next version with what is known of how they correspond: the ground that plan, triggers, backfill and
/// verification stand on.
namespace offx::migrate {

/// A column of one side whose value follows from the other side's row.
struct Computed {
  std::string column;
  std::string expression;          ///< SQL over the other side's row
  std::string carried_from;        ///< the other side's column if it is carried as it is; otherwise empty
  std::vector<std::string> reads;  ///< columns of the other side, but its key, that occur in the expression
  bool reads_key = false;          ///< a column of the other side's key occurs in it
};

/// Columns that can only be kept alike together: those that are computed from each other, and those under one
/// constraint, so that no half of an update is ever seen by it. Key columns are in no group.
struct Group {
  std::array<std::vector<Computed>, 2> computed;    ///< of each side
  std::array<std::vector<std::string>, 2> sources;  ///< columns of each side that the other side's expressions read
  bool plain = false;                               ///< nothing but columns carried as they are
  bool one_way = false;                             ///< nothing of the old side is computed
  /// A side's columns that come from other tables (`SELECT` in their expressions) and nothing else.
  std::array<bool, 2> looked_up{};
  bool synced_by_author = false;  ///< … which triggers of the author's keep alike: they are verified

  /// True if `side`'s columns get their value when the row is made and then belong to that side.
  [[nodiscard]] bool only_initial(Side side) const;
  /// True if what is written to the other side's goes on to them.
  [[nodiscard]] bool is_carried_to(Side side) const { return !computed[side].empty() && !only_initial(side); }
};

/// A uniqueness of one side's rows.
struct Uniqueness {
  /// An expression has an empty name; the other side's are empty where nothing is carried to and fro.
  std::array<std::vector<std::string>, 2> columns;
  std::vector<std::string> collations;
  IndexText text;                           ///< over its own side
  std::vector<std::string> terms_of_other;  ///< text.terms over the other side; empty if that has not all they speak of
  std::vector<std::string> reads;           ///< the columns of its own side that it is made of
  bool on_both = false;                     ///< the other side has the same one, or one that tells fewer rows apart
  /// The other side has an index that finds its rows by values of these terms: by which collations, and, of one that is
  /// partial, which rows it holds, in SQL over that side. Those are all that count then.
  struct Lookup {
    std::vector<std::string> collations;
    std::string where;
  };
  std::optional<Lookup> lookup;

  [[nodiscard]] bool is_carried() const;  ///< the other side has all these columns too
};

/// A CHECK.
struct RowCheck {
  std::string text;
  std::vector<std::string> reads;  ///< the columns that it is over
};

/// A reference that goes after its parent's new key (ON UPDATE CASCADE), in both versions, which are both parents'.
struct FollowedKey {
  std::array<std::vector<std::string>, 2> columns;
  std::array<std::string, 2> parents;
  std::array<std::vector<std::string>, 2> parent_columns;
  std::array<bool, 2> sets_default{};  ///< … and gets its default when that is deleted
};

struct Pair {
  TableChange change;
  std::array<Table, 2> tables;
  std::array<std::vector<std::string>, 2> key;  ///< the same facts, column by column
  std::array<bool, 2> nullable_key{};
  bool key_folds_case = false;  ///< equal keys may differ in their bytes (COLLATE NOCASE, RTRIM)
  std::vector<Group> groups;
  std::array<std::vector<Uniqueness>, 2> uniqueness;         ///< of each side, but the key's
  std::array<std::vector<RowCheck>, 2> own_checks;           ///< of each side, but those that both have
  std::array<std::optional<std::string>, 2> parent_in_self;  ///< a column that refers to its own table's key
  std::vector<FollowedKey> followed;
  /// REPLACE of a row of the new table has to be one of the old table's row too, as that has triggers of the user's, or
  /// as other tables' ON DELETE depends on it.
  bool carries_replace = false;
  /// A row goes with another one of its table, by ON DELETE CASCADE of other tables.
  bool goes_with_itself = false;
  /// Rows that stand in the way of a write to a side's table are noted before it, as REPLACE may remove them and their
  /// twins could not be found afterwards: by a UNIQUE over what the other side does not have or has no index of, or
  /// because the row that is written goes with them.
  std::array<bool, 2> notes_displaced{};
  /// Each UPDATE trigger of the user's on a side's table: the columns it is OF; none if it is of all.
  std::array<std::vector<std::vector<std::string>>, 2> update_triggers;
  std::array<bool, 2> delete_triggers{};  ///< whether there is one of DELETE
  /// SQLite might refuse to carry an UPDATE OR REPLACE to a side as one, so what it replaces is deleted there before.
  std::array<bool, 2> sweeps_updates{};
  /// Triggers on the new table that leave undone what the user's on the old one would.
  std::vector<TriggerText> ignoring;
  static constexpr std::size_t kIgnoringMax = 32;

  [[nodiscard]] const Table& table(Side side) const { return tables[side]; }
  /// True if a range of keys holds the same ones of both tables, so that in one snapshot the new table's rows in it,
  /// less those that are the twin of an old one, are those that the old table lacks.
  [[nodiscard]] bool keys_are_rowids() const;
  /// The columns of `side` that are computed, in the order of the table, the key first.
  [[nodiscard]] std::vector<Computed> computed(Side side) const;
  /// The column of the other side that `column` is carried to as it is; empty if there is none.
  [[nodiscard]] std::string counterpart(Side side, std::string_view column) const;
  /// … if it is carried from there too.
  [[nodiscard]] std::string mutual(Side side, std::string_view column) const;
  /// What becomes of rows of `side` when the row of the same table that they refer to goes; empty if none does.
  [[nodiscard]] std::string_view on_delete_in_self(Side side) const;
  /// True if it is more than to refuse it.
  [[nodiscard]] bool acts_on_delete_in_self(Side side) const;
  /// True if they go with it (ON DELETE CASCADE).
  [[nodiscard]] bool cascades_in_self(Side side) const;
  /// Columns of `side` that nothing of the other side computes and SQLite does not either.
  [[nodiscard]] std::vector<const Column*> own_columns(Side side) const;
};

/// Says how the two correspond. What is wrong or dangerous goes to `findings`; nothing if it cannot be done at all.
std::optional<Pair> resolve_pair(Table old_table, Table new_table, const TableChange& change,
                                 std::vector<Finding>& findings);

}  // namespace offx::migrate
