#pragma once

#include "base/test_support.h"
#include "migrate/linted_client.h"
#include "migrate/property_schema.h"

/// What a statement does in a database without a migration, and random statements to ask that of.
namespace offx::migrate::model {

inline std::string shown(const Row& row) {
  std::string text;
  for (const auto& value : row) text += (text.empty() ? "" : ", ") + ModelTable::literal(value);
  return "(" + text + ")";
}

/// All that a statement gives; a table WITHOUT ROWID has no ids, and a client then says that of an earlier statement.
inline std::string shown(const db::QueryResult& result, const ModelTable& table) {
  std::string text =
      "changes " + std::to_string(result.rows_affected()) + ", id " +
      (result.last_insert_rowid() && !table.without_rowid ? std::to_string(*result.last_insert_rowid()) : "-") + ":";
  std::set<std::string> rows;
  for (std::size_t i = 0; i < result.rows(); ++i) rows.insert(shown(Row(result.row(i).begin(), result.row(i).end())));
  for (const auto& row : rows) text += " " + row;
  return text;
}

inline std::string names_of(const ModelTable& table, Side side) {
  std::string names;
  for (const auto& column : table.columns[side])
    names += (names.empty() ? "" : ", ") + db::quote_identifier(column.name);
  return names;
}

inline std::map<Row, Row> rows_of(db::DatabaseClient& client, const ModelTable& table, const std::string& name,
                                  Side side) {
  const auto result = must(client.execute("SELECT " + names_of(table, side) + " FROM " + db::quote_identifier(name)));
  std::map<Row, Row> rows;
  for (std::size_t i = 0; i < result.rows(); ++i) {
    const Row row(result.row(i).begin(), result.row(i).end());
    rows[table.key_of(row)] = row;
  }
  return rows;
}

/// What SQLite numbers by itself, by table: rows whose key is another (and which it goes through in this order), and
/// the last AUTOINCREMENT id.
struct Numbers {
  std::map<std::string, std::map<Row, std::int64_t>> rowids;
  std::map<std::string, std::int64_t> sequences;
};

/// One version of everything in a database of its own, without a migration, with what the model says it holds; it notes
/// which rows are written.
class Control {
 public:
  Control(const std::vector<ModelTable>& tables, Side side, const Numbers& numbers) : tables_(tables), side_(side) {
    client_ = linted(must(db::create_database_client(":memory:")));
    std::vector<std::string> script = {"PRAGMA defer_foreign_keys = 1"};
    for (const auto& table : tables) {
      script.push_back(table.create(side));
      for (const auto& index : table.indexes[side]) script.push_back(index);
      if (side == kNew) script.insert(script.end(), table.new_indexes.begin(), table.new_indexes.end());
    }
    for (const auto& table : tables) {
      const auto hidden = numbers.rowids.find(table.name[side]);
      std::string values;
      for (const auto& [key, row] : table.rows) {
        const auto id = hidden == numbers.rowids.end() ? "" : std::to_string(hidden->second.at(key)) + ", ";
        values += (values.empty() ? "(" : ", (") + id + shown(row[side]).substr(1);
      }
      if (!values.empty()) {
        script.push_back("INSERT INTO " + db::quote_identifier(table.name[side]) + " (" +
                         (hidden == numbers.rowids.end() ? "" : "rowid, ") + names_of(table, side) + ") VALUES " +
                         values);
      }
      const auto sequence = numbers.sequences.find(table.name[side]);
      if (sequence == numbers.sequences.end()) continue;
      script.push_back("DELETE FROM sqlite_sequence WHERE name = '" + table.name[side] + "'");
      script.push_back("INSERT INTO sqlite_sequence (name, seq) VALUES ('" + table.name[side] + "', " +
                       std::to_string(sequence->second) + ")");
    }
    script.push_back("CREATE TABLE control_log (at INTEGER PRIMARY KEY, name TEXT, kind TEXT, " + log_columns() + ")");
    for (const auto& table : tables) {
      const auto values = [&](const char* row, std::size_t wanted, std::size_t width) {
        std::string text;
        for (std::size_t i = 0; i < width; ++i) {
          text +=
              i < wanted ? std::string(", ") + row + "." + db::quote_identifier(table.columns[side][i].name) : ", NULL";
        }
        return text;
      };
      const auto& name = table.name[side];
      for (const std::string kind : {"INSERT", "UPDATE", "DELETE"}) {
        const auto before = values("OLD", kind == "INSERT" ? 0 : table.key_width, kKeyMax);
        const auto now = values("NEW", kind == "DELETE" ? 0 : table.columns[side].size(), kColumnsMax);
        script.push_back("CREATE TRIGGER control_" + name + kind + " AFTER " + kind + " ON " +
                         db::quote_identifier(name) + " BEGIN INSERT INTO control_log (name, kind, " + log_columns() +
                         ") VALUES ('" + name + "', '" + kind + "'" + before + now + "); END");
      }
    }
    std::vector<db::Statement> statements;
    for (const auto& sql : script) statements.push_back({sql, {}});
    const auto loaded = client_->batch(statements, db::Mode::write);
    if (!loaded) refusal_ = loaded.error().to_string();
  }

  /// Why this version's constraints refuse what the model says; empty if they do not.
  [[nodiscard]] const std::string& refusal() const { return refusal_; }

  Result<db::QueryResult> execute(const std::string& sql) { return client_->execute(sql); }

  /// The model's tables after what was executed.
  std::vector<ModelTable> outcome() {
    auto after = tables_;
    const auto log = must(client_->execute("SELECT name, kind, " + log_columns() + " FROM control_log ORDER BY at"));
    for (auto& table : after) {
      std::vector<std::size_t> waiting;
      for (std::size_t i = 0; i < log.rows(); ++i) {
        if (db::to_text(log.row(i)[0]) != table.name[side_]) continue;
        waiting.push_back(i);
        // A cascade to the row itself is noted before the change of the key that set it off.
        while (!waiting.empty() &&
               replay(table, db::to_text(log.row(waiting.back())[1]), log.row(waiting.back()).subspan(2))) {
          waiting.pop_back();
        }
      }
      // REPLACE removes rows without a word.
      const auto left = rows_of(*client_, table, table.name[side_], side_);
      std::erase_if(table.rows, [&](const auto& row) { return !left.contains(row.first); });
    }
    return after;
  }

 private:
  static constexpr std::size_t kKeyMax = 2;
  static constexpr std::size_t kColumnsMax = 20;
  static std::string log_columns() {
    std::string names;
    for (std::size_t i = 0; i < kKeyMax + kColumnsMax; ++i) names += (i > 0 ? ", v" : "v") + std::to_string(i);
    return names;
  }

  /// False if the row that changed is not known yet.
  bool replay(ModelTable& table, const std::string& kind, std::span<const Value> values) const {
    const auto width = static_cast<std::ptrdiff_t>(table.columns[side_].size());
    const Row before(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(table.key_width));
    const Row row(values.begin() + kKeyMax, values.begin() + kKeyMax + width);
    const auto now = table.key_of(row);
    if (kind == "DELETE") {
      table.rows.erase(before);
    } else if (kind == "INSERT") {
      const auto there = table.find(now);
      const bool replaced = there != table.rows.end();
      const auto made = replaced ? table.changed(side_, there->second, row, true) : table.inserted(side_, row);
      if (replaced) table.rows.erase(there);
      table.rows[now] = made;
      if (table.autoincrement) table.sequence = std::max(table.sequence, db::to_integer(now[0]));
    } else {
      const auto there = table.rows.find(before);
      if (there == table.rows.end()) return false;
      const auto changed = table.changed(side_, there->second, row, false);
      table.rows.erase(there);
      table.rows[now] = changed;
    }
    return true;
  }

  const std::vector<ModelTable>& tables_;
  Side side_;
  std::unique_ptr<db::DatabaseClient> client_;
  std::string refusal_;
};

/// Random statements on one table as one version has it.
class Writer {
 public:
  Writer(const ModelTable& table, Side side) : table_(table), side_(side), columns_(table.columns[side]) {}

  std::string statement() {
    const auto kind = pick(10);
    return kind < 5 ? insert() : kind < 8 ? update() : remove();
  }

  std::string insert() {
    const auto conflict = pick(8);
    const bool replaces = conflict == 0 && table_.may_replace[side_];
    std::string sql = replaces ? "INSERT OR REPLACE INTO " : conflict == 1 ? "INSERT OR IGNORE INTO " : "INSERT INTO ";
    const bool gives_key = !table_.integer_key || table_.without_rowid || chance(40);
    std::vector<std::size_t> given;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const bool needed = columns_[i].not_null && db::is_null(columns_[i].default_value);
      if (i < table_.key_width ? gives_key : needed || chance(75)) given.push_back(i);
    }
    if (given.empty()) return sql + name() + " DEFAULT VALUES" + returning();
    std::string names;
    for (const auto i : given) names += (names.empty() ? "" : ", ") + quoted(i);
    sql += name() + " (" + names + ") VALUES ";
    // A row that one of them replaces and another one makes again is more than the model keeps track of.
    const auto rows = chance(25) && !(replaces && has_unique()) ? 2 + pick(2) : 1;
    for (std::size_t row = 0; row < rows; ++row) {
      std::string values;
      for (const auto i : given) values += (values.empty() ? "" : ", ") + value(i);
      sql += (row > 0 ? ", (" : "(") + values + ")";
    }
    if (conflict == 2 || conflict == 3)
      sql += " ON CONFLICT (" + key() + ") DO " + (conflict == 2 ? "NOTHING" : upsert(given));
    return sql + returning();
  }

 private:
  std::string name() const { return db::quote_identifier(table_.name[side_]); }
  bool has_unique() const {
    return table_.create(side_).find("UNIQUE") != std::string::npos || !table_.indexes[side_].empty();
  }
  std::string quoted(std::size_t column) const { return db::quote_identifier(columns_[column].name); }
  std::string key() const {
    std::string names;
    for (std::size_t i = 0; i < table_.key_width; ++i) names += (i > 0 ? ", " : "") + quoted(i);
    return names;
  }
  std::string value(std::size_t column) const {
    const auto& its = columns_[column];
    if (!its.not_null && column >= table_.key_width && chance(15)) return "NULL";
    return ModelTable::literal(any_of(its.pool));
  }
  std::string upsert(const std::vector<std::size_t>& given) const {
    std::string sets;
    for (const auto i : given) {
      if (i >= table_.key_width) sets += (sets.empty() ? "" : ", ") + quoted(i) + " = excluded." + quoted(i);
    }
    return sets.empty() ? "NOTHING" : "UPDATE SET " + sets;
  }
  std::string returning() const { return chance(20) ? " RETURNING " + key() : ""; }

  /// `one`: of no more than one row.
  std::string where(bool one) const {
    if (!one && chance(5)) return "";
    if (!table_.rows.empty() && (one || chance(80))) {
      auto row = table_.rows.begin();
      std::advance(row, pick(table_.rows.size()));
      std::string text = " WHERE ";
      for (std::size_t i = 0; i < table_.key_width; ++i) {
        text += (i > 0 ? " AND " : "") + quoted(i) + (i == 0 && !one && chance(15) ? " <= " : " = ") +
                ModelTable::literal(row->second[side_][i]);
      }
      return text;
    }
    const auto column = one ? 0 : pick(columns_.size());
    return " WHERE " + quoted(column) + " = " + ModelTable::literal(any_of(columns_[column].pool));
  }

  std::string update() {
    // Which of several rows are left out or replaced would depend on the order SQLite happens to go in.
    const auto conflict = pick(8);
    std::string sql = conflict == 0 && table_.may_replace[side_] ? "UPDATE OR REPLACE "
                      : conflict == 1                            ? "UPDATE OR IGNORE "
                                                                 : "UPDATE ";
    std::string sets;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (chance(i < table_.key_width ? 15 : 45)) sets += (sets.empty() ? "" : ", ") + quoted(i) + " = " + value(i);
    }
    if (sets.empty()) sets = quoted(columns_.size() - 1) + " = " + value(columns_.size() - 1);
    return sql + name() + " SET " + sets + where(conflict < 2) + returning();
  }
  std::string remove() { return "DELETE FROM " + name() + where(false) + returning(); }

  const ModelTable& table_;
  Side side_;
  const std::vector<ModelColumn>& columns_;
};

}  // namespace offx::migrate::model
