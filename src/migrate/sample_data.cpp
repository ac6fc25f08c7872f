#include "migrate/sample_data.h"

#include <algorithm>
#include <array>
#include <functional>
#include <set>

#include "db/script.h"
#include "db/statement_text.h"
#include "migrate/migrator.h"
#include "migrate/sql_text.h"

namespace offx::migrate {
namespace {

using db::quote_identifier;
using db::Value;
using Random = std::mt19937_64;

constexpr int kTriesPerRow = 25;
constexpr int kFailedRowsMax = 3;  // one after another: then the table is taken as full
constexpr int kVariants = 3;       // of a statement's arguments, beside its samples

std::size_t below(Random& random, std::size_t bound) { return static_cast<std::size_t>(random() % bound); }
bool chance(Random& random, unsigned percent) { return random() % 100 < percent; }

template <class T>
const T& one_of(const std::vector<T>& all, Random& random) {
  return all[below(random, all.size())];
}

/// True for a column that holds a time, by its name or type.
bool is_time(const Column& column) {
  const auto name = folded(column.name);
  const auto type = folded(column.type);
  return name.ends_with("_at") || name.ends_with("_on") || name.find("date") != std::string::npos ||
         name.find("time") != std::string::npos || type.find("date") != std::string::npos ||
         type.find("time") != std::string::npos;
}

std::string two_digits(std::size_t number) {
  return {static_cast<char>('0' + number / 10), static_cast<char>('0' + number % 10)};
}

std::string made_up_time(Random& random) {
  // Years ago, so that nothing is taken for the present.
  return "20" + two_digits(10 + below(random, 10)) + "-" + two_digits(1 + below(random, 12)) + "-" +
         two_digits(1 + below(random, 28)) + " " + two_digits(below(random, 24)) + ":" + two_digits(below(random, 60)) +
         ":" + two_digits(below(random, 60));
}

std::string made_up_text(int row, Random& random) {
  static const std::vector<std::string> kOdd = {"",
                                                " ",
                                                "a",
                                                "A",
                                                "42",
                                                "-1",
                                                "3.0",
                                                "0x1F",
                                                "NULL",
                                                "it's \"quoted\"",
                                                "semi;colon -- no comment",
                                                "two\nlines\ttab",
                                                "Grüße, мир, 你好 🎉",
                                                "e\xCC\x81",
                                                "%_\\",
                                                "[]",
                                                R"({"key": [1, null]})",
                                                "true",
                                                "2019-02-28 23:59:59",
                                                std::string(300, 'x')};
  static const std::vector<std::string> kWords = {"alpha", "beta", "Gamma", "delta", "épsilon"};
  auto word = one_of(kWords, random);
  if (chance(random, 35)) return one_of(kOdd, random);
  if (chance(random, 30)) return word;
  return word + " " + std::to_string(row);
}

std::int64_t made_up_integer(int row, Random& random) {
  static const std::vector<std::int64_t> kOdd = {0, 1, -1, 2, 10, 1'000'000, std::int64_t{1} << 40U};
  return chance(random, 50)   ? row
         : chance(random, 60) ? static_cast<std::int64_t>(below(random, 10))
                              : one_of(kOdd, random);
}

double made_up_real(Random& random) {
  static const std::vector<double> kOdd = {0.0, 1.0, -1.5, 0.1, 1e12, -1e-6};
  return chance(random, 50) ? one_of(kOdd, random) : static_cast<double>(below(random, 100'000)) / 100;
}

/// Literals that the CHECKs of a table compare a column with.
std::vector<Value> literals_for(const Table& table, const Column& column) {
  std::vector<Value> literals;
  for (const auto check : check_expressions(table.sql)) {
    if (!mentions(check, column.name)) continue;
    for (const auto& token : tokens_of(check)) {
      if (token.kind == Token::Kind::number && token.text.find_first_not_of("0123456789") == std::string_view::npos &&
          token.text.size() < 18) {
        literals.emplace_back(std::int64_t{std::stoll(std::string(token.text))});
      } else if (token.kind == Token::Kind::string && token.text.size() >= 2) {
        literals.emplace_back(std::string(token.text.substr(1, token.text.size() - 2)));
      }
    }
  }
  return literals;
}

/// FNV-1a: the same everywhere, as std::hash is not.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 14'695'981'039'346'656'037U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1'099'511'628'211U;
  return hash;
}

}  // namespace

Result<std::unique_ptr<db::DatabaseClient>> make_database(std::span<const std::string> schema) {
  OFFX_ASSIGN(auto database, db::create_database_client(":memory:"));
  for (const auto& sql : schema) {
    if (auto made = database->execute(sql); !made) {
      return fail(Errc::invalid_argument, "the schema cannot be made again: " + made.error().message() + " in: " + sql);
    }
  }
  return database;
}

Result<SampleData> SampleData::make(std::vector<std::string> schema, std::span<const Migration> migrations,
                                    std::span<const NamedStatement> statements, int rows, std::uint64_t seed) {
  SampleData data;
  data.schema_ = std::move(schema);
  data.seed_ = seed;
  data.note_hints(statements);
  OFFX_ASSIGN(const auto plain, make_database(data.schema_));
  OFFX_ASSIGN(auto read, Schema::read(*plain));
  // Both versions are there, and empty: a row that comes through the old one is accepted by both or by none.
  OFFX_ASSIGN(const auto both, make_database(data.schema_));
  for (const auto& migration : migrations) OFFX_TRY(start(*both, migration, {}));
  Random random(seed);
  OFFX_TRY(data.fill(*both, read, rows, random));
  for (const auto& [name, values] : data.values_of_column_) {
    for (const auto& value : values) {
      if (const auto* integer = std::get_if<std::int64_t>(&value)) data.integers_.push_back(*integer);
      if (const auto* text = std::get_if<std::string>(&value)) data.texts_.push_back(*text);
    }
  }
  return data;
}

void SampleData::note_hints(std::span<const NamedStatement> statements) {
  for (const auto& statement : statements) {
    for (const auto& sample : statement.samples) {
      for (const auto& value : sample) {
        const auto* text = std::get_if<std::string>(&value);
        if (text != nullptr && std::find(hint_texts_.begin(), hint_texts_.end(), *text) == hint_texts_.end()) {
          hint_texts_.push_back(*text);
        }
      }
    }
  }
}

/// Parents before those that refer to them.
Result<void> SampleData::fill(db::DatabaseClient& target, Schema& schema, int rows, Random& random) {
  OFFX_ASSIGN(const auto names, schema.table_names());
  std::map<std::string, Table> tables;
  for (const auto& name : names) {
    OFFX_ASSIGN(auto table, schema.table(name));
    if (table.kind != "table") continue;
    for (const auto& column : table.columns) type_of_column_.emplace(folded(column.name), column.type);
    tables.emplace(folded(name), std::move(table));
  }
  std::set<std::string> done;
  // Deep recursion is not possible: no chain of references is longer than there are tables.
  const std::function<Result<void>(const std::string&)> visit = [&](const std::string& name) -> Result<void> {
    if (!tables.contains(name) || !done.insert(name).second) return {};
    const auto& table = tables.at(name);
    for (const auto& key : table.foreign_keys) OFFX_TRY(visit(folded(key.parent)));
    OFFX_ASSIGN(const auto made, fill_table(target, table, tables, rows, random));
    if (made == 0) empty_tables_.push_back(table.name);
    return {};
  };
  for (const auto& [name, table] : tables) OFFX_TRY(visit(name));
  return {};
}

Result<int> SampleData::fill_table(db::DatabaseClient& target, const Table& table,
                                   const std::map<std::string, Table>& tables, int rows, Random& random) {
  // What its references may be: the rows of each parent.
  struct Reference {
    const ForeignKey* key;
    std::vector<std::string> parent_columns;
    std::string sql;
    std::vector<std::vector<Value>> choices;
  };
  std::vector<Reference> references;
  for (const auto& key : table.foreign_keys) {
    const auto parent = tables.find(folded(key.parent));
    if (parent == tables.end()) continue;
    auto columns = key.parent_columns.empty() ? parent->second.key : key.parent_columns;
    if (columns.size() != key.columns.size()) continue;
    std::vector<std::string> quoted;
    for (const auto& column : columns) quoted.push_back(quote_identifier(column));
    references.push_back({&key,
                          std::move(columns),
                          "SELECT " + joined(quoted, ", ") + " FROM " + quote_identifier(parent->second.name),
                          {}});
  }
  const auto read_choices = [&](Reference& reference) -> Result<void> {
    OFFX_ASSIGN(const auto found, target.execute(reference.sql));
    reference.choices.clear();
    for (std::size_t i = 0; i < found.rows(); ++i) {
      reference.choices.emplace_back(found.row(i).begin(), found.row(i).end());
    }
    return {};
  };
  for (auto& reference : references) OFFX_TRY(read_choices(reference));

  int made = 0;
  for (int row = 1, failed = 0; row <= rows && failed < kFailedRowsMax; ++row) {
    bool stored = false;
    for (int attempt = 0; attempt < kTriesPerRow && !stored; ++attempt) {
      std::map<std::string, Value> referring;
      for (auto& reference : references) {
        if (same_name(reference.key->parent, table.name)) OFFX_TRY(read_choices(reference));
        const bool nothing = reference.choices.empty() || chance(random, 10);
        const auto* chosen = nothing ? nullptr : &one_of(reference.choices, random);
        for (std::size_t i = 0; i < reference.key->columns.size(); ++i) {
          referring[folded(reference.key->columns[i])] = chosen == nullptr ? Value() : (*chosen)[i];
        }
      }
      std::vector<std::string> columns;
      std::vector<std::string> places;
      std::vector<Value> values;
      for (const auto& column : table.columns) {
        if (column.generated) continue;
        const auto reference = referring.find(folded(column.name));
        const bool constant_default =
            column.default_value.has_value() && non_deterministic_part(*column.default_value).empty();
        if (reference == referring.end() && constant_default && chance(random, 20)) continue;
        auto value = reference == referring.end() ? made_up(table, column, row, random) : reference->second;
        columns.push_back(quote_identifier(column.name));
        places.push_back("?" + std::to_string(columns.size()));
        values.push_back(std::move(value));
      }
      if (columns.empty()) break;
      Row candidate{"INSERT INTO " + quote_identifier(table.name) + " (" + joined(columns, ", ") + ") VALUES (" +
                        joined(places, ", ") + ")",
                    std::move(values)};
      const auto inserted = target.execute(candidate.sql, candidate.values);
      stored = inserted && inserted->rows_affected() == 1;
      if (stored) rows_.push_back(std::move(candidate));
    }
    failed = stored ? 0 : failed + 1;
    made += stored ? 1 : 0;
  }

  for (const auto& column : table.columns) {
    OFFX_ASSIGN(const auto found, target.execute("SELECT DISTINCT " + quote_identifier(column.name) + " FROM " +
                                                 quote_identifier(table.name) + " ORDER BY 1"));
    auto& values = values_of_column_[folded(column.name)];
    for (std::size_t i = 0; i < found.rows(); ++i) values.push_back(found.row(i)[0]);
  }
  return made;
}

Value SampleData::made_up(const Table& table, const Column& column, int row, Random& random) const {
  const bool may_be_null = !column.not_null && column.primary_key == 0;
  if (may_be_null && chance(random, 15)) return {};
  if (table.key_is_rowid() && column.primary_key > 0) {
    // Mostly in a row, as ids are; with gaps.
    return Value(std::int64_t{row} + (row > 10 ? 1 : 0));
  }
  if (const auto literals = literals_for(table, column); !literals.empty() && chance(random, 75)) {
    return one_of(literals, random);
  }
  switch (affinity_of(column.type)) {
    case Affinity::integer: return made_up_integer(row, random);
    case Affinity::real: return made_up_real(random);
    case Affinity::numeric: return is_time(column) ? Value(made_up_time(random)) : Value(made_up_real(random));
    case Affinity::blob:
      if (!column.type.empty() || chance(random, 20)) {
        return db::Blob{std::byte{0}, std::byte{0xFF}, static_cast<std::byte>(row & 0xFF)};
      }
      break;
    case Affinity::text: break;
  }
  if (is_time(column)) return made_up_time(random);
  if (!hint_texts_.empty() && chance(random, 25)) return one_of(hint_texts_, random);
  return made_up_text(row, random);
}

Result<std::unique_ptr<db::DatabaseClient>> SampleData::database() const {
  OFFX_ASSIGN(auto database, make_database(schema_));
  std::vector<db::Statement> statements;
  for (const auto& row : rows_) statements.push_back({row.sql, row.values});
  auto filled = database->batch(statements, db::Mode::write);
  if (!filled) return fail(std::move(filled).error().within("filling a scratch database"));
  return database;
}

/// Another value of the same kind that occurs in rows.
Value SampleData::known(const Value& like, Random& random) const {
  if (std::holds_alternative<std::int64_t>(like) && !integers_.empty()) return one_of(integers_, random);
  if (const auto* text = std::get_if<std::string>(&like); text != nullptr && !texts_.empty()) {
    // A list of numbers, as for json_each().
    if (*text == "[]" || (text->size() > 2 && text->front() == '[' && (*text)[1] >= '0' && (*text)[1] <= '9')) {
      std::string list = "[";
      for (int i = 0; i < 4 && !integers_.empty(); ++i) {
        list += (i > 0 ? "," : "") + std::to_string(one_of(integers_, random));
      }
      return list + "]";
    }
    if (text->starts_with("[") || text->starts_with("{")) return like;
    return one_of(texts_, random);
  }
  return like;
}

std::vector<std::vector<Value>> SampleData::arguments(const NamedStatement& statement) const {
  Random random(seed_ ^ hash_of(statement.name));
  auto all = statement.samples;
  const auto text = db::read_statement(statement.sql);
  if (!text || text->parameter_count == 0) {
    if (all.empty()) all.emplace_back();
    return all;
  }
  for (const auto& sample : statement.samples) {
    for (int i = 0; i < kVariants; ++i) {
      auto variant = sample;
      for (auto& value : variant) {
        if (chance(random, 75)) value = known(value, random);
      }
      all.push_back(std::move(variant));
    }
  }
  if (statement.samples.empty()) {
    for (int i = 0; i <= kVariants; ++i) all.push_back(guessed_arguments(statement.sql, random));
  }
  return all;
}

std::vector<std::vector<std::vector<Value>>> SampleData::arguments(const NamedBatch& batch) const {
  Random random(seed_ ^ hash_of(batch.name));
  std::vector<std::vector<std::vector<Value>>> all;
  for (int i = 0; i <= kVariants; ++i) {
    std::map<Value, Value> replaced;
    auto& variant = all.emplace_back();
    for (const auto& part : batch.parts) {
      auto& values = variant.emplace_back();
      for (const auto& value : part.sample) {
        if (i > 0 && !replaced.contains(value)) replaced[value] = chance(random, 75) ? known(value, random) : value;
        values.push_back(i > 0 ? replaced[value] : value);
      }
    }
  }
  return all;
}

/// What stands before a parameter tells which column it is about.
std::vector<Value> SampleData::guessed_arguments(std::string_view sql, Random& random) const {
  const auto text = db::read_statement(sql);
  std::vector<Value> arguments(text ? text->parameter_count : 0);
  if (!text) return arguments;
  std::vector<bool> known_already(arguments.size(), false);

  // The columns an INSERT names, for the parameters behind VALUES.
  std::vector<std::string> inserted;
  const auto tokens = tokens_of(text->sql);
  for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
    if (!same_name(tokens[i].text, "into")) continue;
    std::size_t at = i + 2;
    if (at < tokens.size() && tokens[at].text == "(") {
      for (++at; at < tokens.size() && tokens[at].text != ")"; ++at) {
        if (tokens[at].text != ",") inserted.push_back(name_of(tokens[at]));
      }
    }
    break;
  }
  const auto lower_sql = folded(text->sql);
  const auto values_at = lower_sql.find("values");

  for (const auto& parameter : text->parameters) {
    const auto index = parameter.index - 1;
    if (known_already[index]) continue;
    known_already[index] = true;
    std::string column;
    const auto before = tokens_of(text->sql.substr(0, parameter.offset));
    std::size_t last = before.size();
    static const std::set<std::string, std::less<>> kOperators = {"is", "not", "like", "glob", "in", "between", "("};
    while (last > 0 && (before[last - 1].kind == Token::Kind::symbol
                            ? std::string_view("=<>!(").find(before[last - 1].text) != std::string_view::npos
                            : kOperators.contains(folded(before[last - 1].text)))) {
      --last;
    }
    const bool in_values = !inserted.empty() && values_at != std::string::npos && parameter.offset > values_at;
    if (in_values) {
      std::size_t position = 0;
      int depth = 0;
      for (const auto& token : tokens_of(text->sql.substr(values_at, parameter.offset - values_at))) {
        if (token.text == "(") ++depth;
        if (token.text == ")") --depth;
        if (token.text == "(" && depth == 1) position = 0;
        if (token.text == "," && depth == 1) ++position;
      }
      if (position < inserted.size() && depth >= 1) column = inserted[position];
    }
    if (column.empty() && last > 0) column = name_of(before[last - 1]);

    const auto values = values_of_column_.find(column);
    if (column == "limit" || column == "offset") {
      arguments[index] = std::int64_t{column == "limit" ? 10 : 1};
    } else if (values != values_of_column_.end() && !values->second.empty() && chance(random, in_values ? 40 : 85)) {
      arguments[index] = one_of(values->second, random);
    } else if (const auto type = type_of_column_.find(column); type != type_of_column_.end()) {
      Table nowhere;
      Column like;
      like.name = column;
      like.type = type->second;
      like.not_null = true;
      arguments[index] = made_up(nowhere, like, 1000 + static_cast<int>(below(random, 1000)), random);
    } else if (!integers_.empty() && chance(random, 50)) {
      arguments[index] = one_of(integers_, random);
    } else if (!texts_.empty()) {
      arguments[index] = one_of(texts_, random);
    }
  }
  return arguments;
}

}  // namespace offx::migrate
