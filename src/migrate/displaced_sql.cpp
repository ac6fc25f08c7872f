#include "migrate/displaced_sql.h"

#include "db/script.h"
#include "migrate/sql_text.h"
#include "migrate/sync_helpers.h"

namespace offx::migrate {
namespace {

using db::quote_identifier;

std::string mark(const std::string& kind, std::vector<std::string> values) {
  for (auto& value : values) value = " || ' ' || quote(" + value + ")";
  return quote_text(kind) + joined(values, "");
}

}  // namespace

DisplacedNotes::DisplacedNotes(const Pair& pair, Side from)
    : pair_(pair),
      from_(from),
      source_(quoted(pair, from)),
      table_(quote_identifier(note_of_displaced(pair.tables[kNew].name))),
      of_this_side_("side = " + std::to_string(from)) {
  for (const auto& unique : pair.uniqueness[from]) {
    for (const auto& column : unique.reads) {
      const bool is_new = !contains_name(unique_columns_, column) && !pair.tables[from].column(column)->generated;
      if (is_new) unique_columns_.push_back(column);
    }
  }
}

std::string DisplacedNotes::some() const { return "EXISTS (SELECT 1 FROM " + table_ + " WHERE " + of_this_side_ + ")"; }

std::string DisplacedNotes::some_in_the_way(bool by_update) const {
  auto some = ways(by_update);
  for (auto& way : some) way = "EXISTS (SELECT 1" + way + ")";
  return combined(some, " OR ");
}

std::string DisplacedNotes::of_unique() const {
  std::vector<std::string> columns = pair_.key[from_];
  for (const auto& column : unique_columns_) {
    if (!contains_name(columns, column)) columns.push_back(column);
  }
  for (auto& column : columns) column = quote_identifier(column);
  return " OF " + joined(columns, ", ") + names_of_rowid(pair_, from_);
}

std::string DisplacedNotes::note(bool by_update) const {
  const auto is_noted = compared(quoted_key(pair_, from_, source_), note_columns(pair_));
  std::string sql = "DELETE FROM " + table_ + " WHERE " + of_this_side_ +
                    " AND by_write NOT IN (SELECT by_write FROM " + table_ + " WHERE " + of_this_side_ +
                    " AND NOT EXISTS (SELECT 1 FROM " + source_ + " WHERE " + is_noted + "));\n";
  // In a BEFORE UPDATE trigger NEW has what is set or named, and generated columns are computed from that.
  std::vector<std::string> read;
  for (const auto& unique : pair_.uniqueness[from_]) {
    for (const auto& column : unique.reads) read.push_back("NEW." + quote_identifier(column));
  }
  if (by_update && !read.empty()) sql += "SELECT " + joined(read, ", ") + ";\n";
  for (const auto& way : ways(by_update)) {
    sql += "INSERT INTO " + table_ + " (side, " + joined(note_columns(pair_), ", ") + ", by_write) SELECT " +
           std::to_string(from_) + ", " + joined(quoted_key(pair_, from_, source_), ", ") + ", " +
           (by_update ? marks(true)[0] : mark_of_insert()) + way + ";\n";
  }
  return sql;
}

std::string DisplacedNotes::are_gone_for_old() const { return are_gone_where(" AND by_write = " + marks(true)[0]); }

std::string DisplacedNotes::are_gone_where(const std::string& which) const {
  const Side to = other(from_);
  const auto key = quoted_key(pair_, to, quoted(pair_, to));
  return "(" + joined(key, ", ") + ") IN (SELECT " + joined(note_columns(pair_), ", ") + " FROM " + table_ + " WHERE " +
         of_this_side_ + which + ") AND NOT EXISTS (SELECT 1 FROM " + source_ + " WHERE " +
         compared(quoted_key(pair_, from_, source_), key) + ")";
}

std::string DisplacedNotes::clear(bool by_update) const {
  return "DELETE FROM " + table_ + " WHERE " + of_this_side_ + " AND by_write IN (" + joined(marks(by_update), ", ") +
         ");\n";
}

std::string DisplacedNotes::forget_old() const {
  if (!are_kept()) return {};
  return "DELETE FROM " + table_ + " WHERE " + of_this_side_ + " AND " +
         compared(note_columns(pair_), quoted_key(pair_, from_, "OLD"), " IS ") + ";\n";
}

std::vector<std::string> DisplacedNotes::ways(bool by_update) const {
  std::vector<std::string> ways = {at_key(pair_, from_, from_, "NEW")};
  for (const auto& unique : pair_.uniqueness[from_]) {
    ways.push_back(has_terms_of_new(pair_.tables[from_], unique));
  }
  const auto is_this = compared(quoted_key(pair_, from_, source_), quoted_key(pair_, from_, "OLD"), " IS ");
  for (auto& way : ways) way = " FROM " + source_ + " WHERE " + way + (by_update ? " AND NOT (" + is_this + ")" : "");
  return ways;
}

std::vector<std::string> DisplacedNotes::marks(bool by_update) const {
  if (by_update) return {mark("u", quoted_key(pair_, from_, "OLD"))};
  auto values = unique_columns_;
  for (auto& value : values) value = "NEW." + quote_identifier(value);
  auto with_key = values;
  for (const auto& key : quoted_key(pair_, from_, "NEW")) with_key.push_back(key);
  if (!gives_keys(pair_, from_)) return {mark("i", with_key)};
  return {mark("i", with_key), mark("n", values)};
}

std::string DisplacedNotes::mark_of_insert() const {
  std::vector<std::string> values;
  for (const auto& column : unique_columns_) values.push_back(over_new(pair_.tables[from_], quote_identifier(column)));
  auto with_key = values;
  const auto key = quoted_key(pair_, from_, "NEW");
  for (const auto& column : key) with_key.push_back(column);
  if (!gives_keys(pair_, from_)) return mark("i", with_key);
  return "CASE " + key[0] + " WHEN -1 THEN " + mark("n", values) + " ELSE " + mark("i", with_key) + " END";
}

}  // namespace offx::migrate
