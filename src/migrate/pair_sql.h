#pragma once

#include <array>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "migrate/pair.h"

/// How the rows and keys of a pair of tables are spoken of in SQL.
namespace offx::migrate {

struct NamedSql {
  std::string name;
  std::string sql;
};

/// What all triggers of ours begin with.
inline constexpr std::string_view kSyncPrefix = "offx_sync_";
/// The name of one that carries writes to `from`'s table to the other one.
[[nodiscard]] std::string trigger_name(const Pair& pair, Side from, std::string_view suffix);

/// How the two rows of a pair are spoken of where a condition stands.
struct Rows {
  std::function<std::string(Side, const std::string&)> column;  ///< the column that `side`'s row has
  std::function<std::string(const Computed&, Side)> value;      ///< what the other row says that `side`'s should have
};

/// The name of `side`'s table.
[[nodiscard]] std::string quoted(const Pair& pair, Side side);
/// The names of its key's columns, each behind `qualifier.` if there is one.
[[nodiscard]] std::vector<std::string> quoted_key(const Pair& pair, Side side, const std::string& qualifier);
/// Likewise as one text: `a, b`.
[[nodiscard]] std::string key_list(const Pair& pair, Side side);

/// `a1 = b1 AND a2 = b2`, with another comparison and another word between them if wanted.
[[nodiscard]] std::string compared(const std::vector<std::string>& left, const std::vector<std::string>& right,
                                   const std::string& is = " = ", const std::string& between = " AND ");
/// The row of `side`'s table whose key is that of `row`, an alias of a row of `row_side` (`NEW`, for instance).
[[nodiscard]] std::string at_key(const Pair& pair, Side side, Side row_side, const std::string& row);
/// True if there is such a row.
[[nodiscard]] std::string has_row(const Pair& pair, Side side, Side row_side, const std::string& row);
/// `expression` over that row. The table has no alias there, so that an expression may speak of it by its name.
[[nodiscard]] std::string looked_up(const Pair& pair, Side side, const std::string& expression, Side row_side,
                                    const std::string& row);

/// In a join of both tables under these aliases.
inline constexpr std::array<const char*, 2> kAlias = {"offx_old", "offx_new"};
[[nodiscard]] Rows rows_in_join(const Pair& pair);

/// In a statement on the table of `to`, in a trigger on the other one.
[[nodiscard]] Rows rows_in_trigger(const Pair& pair, Side to);

/// True when `side`'s columns of the group follow from the other row.
[[nodiscard]] std::string follows(const Group& group, Side side, const Rows& rows);
/// True when the rows say the same in this group: one follows from the other, whichever was written last. With a
/// mapping that loses something, only this keeps an echo from rewriting the row that was written.
[[nodiscard]] std::string alike(const Group& group, Side to, const Rows& rows);

/// `expression` over a row of `table` whose values `say` gives. These have no affinity, as NEW has none in a trigger: a
/// column that is declared for numbers compares itself with '5' as with 5, but they do not.
[[nodiscard]] std::string over_values(const Table& table, std::string_view expression,
                                      const std::function<std::string(const Column&)>& say);
/// … over one that is about to be written, in a BEFORE trigger: with the defaults that REPLACE puts in it.
[[nodiscard]] std::string over_new(const Table& table, std::string_view expression);
/// True if NEW has in `column` what its table makes of the value of `expression`.
[[nodiscard]] std::string new_is(const Column& column, const std::string& expression);
/// True if NEW has in a column of `to` what follows from the other row.
[[nodiscard]] std::string new_follows(const Pair& pair, Side to, const Computed& computed);
/// In a statement on `table`: true for the rows that stand in the way of that one by `unique`, its own among them.
[[nodiscard]] std::string has_terms_of_new(const Table& table, const Uniqueness& unique);

/// What is written of a row of `to`: the names of its columns, and the expressions over the other row, in their order.
struct Columns {
  std::string names;
  std::string expressions;
};

[[nodiscard]] Columns columns_to_write(const Pair& pair, Side to);

/// True if SQLite may give a row of `side` its key. In a trigger before that it is -1.
[[nodiscard]] bool gives_keys(const Pair& pair, Side side);
/// `, rowid, …`: an UPDATE may name the key so, and `OF` goes by the name.
[[nodiscard]] std::string names_of_rowid(const Pair& pair, Side side);

/// What makes the write an error that sets off the trigger, where what follows is true. OR IGNORE in the application's
/// statement reaches into triggers: what `to`'s table refuses would vanish there.
[[nodiscard]] std::string raise_where(const Pair& pair, Side to);

/// The old rows that `start`, a SELECT of references to them, leads to upwards, as far as the new table lacks them.
[[nodiscard]] std::string ancestors(const Pair& pair, const std::string& start);
/// True if rows have to be copied after those of their own table to which they refer.
[[nodiscard]] bool copies_ancestors(const Pair& pair);

}  // namespace offx::migrate
