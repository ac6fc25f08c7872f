#include "db/rqlite/wire.h"

#include <memory>
#include <unordered_map>

#include "db/http/encoding.h"
#include "db/http/json_reader.h"
#include "db/http/transport.h"

namespace offx::db::rqlite {
namespace {

namespace ondemand = simdjson::ondemand;
using Code = http::JsonCode;
using Kind = StatementText::Kind;

// --- Request ---------------------------------------------------------------------------------------------------------

struct AppendValue {
  std::string& json;
  void operator()(std::monostate) const { json += "null"; }
  void operator()(std::int64_t integer) const { http::append_json(json, integer); }
  void operator()(double real) const { http::append_json(json, real); }
  void operator()(const std::string& text) const { http::append_json(json, std::string_view(text)); }
  void operator()(const Blob& /*blob*/) const { json += "null"; }  // it stands in the text
};

void append_values(std::string& json, const std::vector<const Value*>& values) {
  for (const auto* value : values) {
    json += ',';
    std::visit(AppendValue{json}, *value);
  }
}

void append_statement(std::string& json, const StatementText& text, const std::vector<const Value*>& values) {
  bool has_blob = false;
  for (const auto* value : values) has_blob = has_blob || std::holds_alternative<Blob>(*value);
  json += '[';
  if (has_blob) {
    const auto spliced = with_literals(text, values, Literals::blobs);
    http::append_json(json, std::string_view(spliced.sql));
    append_values(json, spliced.values);
  } else {
    http::append_json(json, text.sql);
    append_values(json, values);
  }
  json += ']';
}

Error in_statement(Error error, std::size_t number, std::size_t statements) {
  if (statements < 2) return error;
  return std::move(error).within("statement " + std::to_string(number));
}

// --- Answer ----------------------------------------------------------------------------------------------------------

bool is_constraint(std::string_view message) {
  return message.find("constraint failed") != std::string_view::npos || message.starts_with("cannot store ");
}

/// rqlite gives SQLite's message and no code.
Error statement_error(std::string_view told, bool reads) {
  std::string message = http::shown_message(told);
  const auto has = [&](std::string_view part) { return message.find(part) != std::string::npos; };
  if (is_constraint(message)) return {Errc::conflict, message};
  if (has("database is locked") || has("query timeout") || has("execute timeout") || has("interrupted")) {
    return {Errc::unavailable, message + (reads ? "" : std::string(http::kMayBeApplied))};
  }
  if (has("disk is full") || has("disk I/O error") || has("unable to open database file")) {
    // A full disk refuses, and applies at the next start what it refused.
    return {Errc::io, message + std::string(reads ? "" : http::kMayBeApplied)};
  }
  if (has("malformed") && has("disk image")) return {Errc::corrupt, message};
  return {Errc::invalid_argument, message};
}

/// What failed as a whole: a deferred constraint at the commit, or the cluster.
Error request_error(std::string_view told, bool reads) {
  if (is_constraint(told)) return {Errc::conflict, http::shown_message(told)};
  return {Errc::unavailable, "the cluster could not do it (" + http::shown_message(told) + ")" +
                                 std::string(reads ? "" : http::kMayBeApplied)};
}

/// As far as it says how a column's cells are written.
enum class ColumnType : std::uint8_t { other, real, blob };

struct Outcome {
  std::vector<std::string> columns;
  std::vector<ColumnType> types;
  std::vector<Value> cells;
  std::int64_t affected = 0;
  std::optional<std::int64_t> rowid;
  std::optional<std::string> error;
};

Code read_number(std::string_view digits, bool is_real, Value& into) {
  std::int64_t integer = 0;
  // A REAL of integral value is written without a point, and one above 2^63 too.
  if (!is_real && http::parse_number(digits, integer)) {
    into = integer;
    return simdjson::SUCCESS;
  }
  double real = 0;
  if (!http::parse_number(digits, real)) return simdjson::NUMBER_ERROR;
  into = real;
  return simdjson::SUCCESS;
}

class Reader {
 public:
  /// The answer's statements; `error` is that of the request as a whole.
  Result<std::vector<Outcome>> read(std::string& json, std::optional<std::string>& error) {
    ondemand::document document;
    ondemand::object object;
    std::vector<Outcome> outcomes;
    auto code = http::read_document(json, document);
    if (code == simdjson::SUCCESS) code = document.get_object().get(object);
    if (code == simdjson::SUCCESS) {
      code = http::each_field(object, [&](std::string_view key, ondemand::value& value) {
        if (key == "error") return http::read_text(value, error.emplace());
        if (key != "results") return simdjson::SUCCESS;
        return http::each_element(value, [&](ondemand::value& element) {
          auto& outcome = outcomes.emplace_back();
          return http::each_field(
              element, [&](std::string_view name, ondemand::value& part) { return read_field(name, part, outcome); });
        });
      });
    }
    if (text_in_blob_column_) {
      return fail(Errc::corrupt,
                  "a BLOB column holds a text, which rqlite sends as if it were one: read it with hex() and typeof()");
    }
    if (code != simdjson::SUCCESS) {
      return fail(Errc::corrupt, std::string("the server's answer is not rqlite's: ") + simdjson::error_message(code));
    }
    return outcomes;
  }

 private:
  Code read_field(std::string_view name, ondemand::value& part, Outcome& outcome) {
    if (name == "error") return http::read_text(part, outcome.error.emplace());
    if (name == "columns") {
      return http::each_element(
          part, [&](ondemand::value& column) { return http::read_text(column, outcome.columns.emplace_back()); });
    }
    if (name == "types") {
      return http::each_element(part, [&](ondemand::value& type) {
        std::string_view text;
        const auto error = type.get_string().get(text);
        outcome.types.push_back(text == "real"   ? ColumnType::real
                                : text == "blob" ? ColumnType::blob
                                                 : ColumnType::other);
        return error;
      });
    }
    if (name == "values") {
      return http::each_element(part, [&](ondemand::value& row) {
        std::size_t column = 0;
        const auto error = http::each_element(row, [&](ondemand::value& cell) {
          if (column >= outcome.types.size()) return simdjson::INDEX_OUT_OF_BOUNDS;
          return read_cell(cell, outcome.types[column++], outcome.cells.emplace_back());
        });
        if (error == simdjson::SUCCESS && column != outcome.columns.size()) return simdjson::INDEX_OUT_OF_BOUNDS;
        return error;
      });
    }
    if (name == "rows_affected")
      return http::parse_number(http::number_token(part), outcome.affected) ? simdjson::SUCCESS
                                                                            : simdjson::NUMBER_ERROR;
    if (name == "last_insert_id") {
      return http::parse_number(http::number_token(part), outcome.rowid.emplace()) ? simdjson::SUCCESS
                                                                                   : simdjson::NUMBER_ERROR;
    }
    return simdjson::SUCCESS;
  }

  Code read_cell(ondemand::value& cell, ColumnType type, Value& into) {
    ondemand::json_type json_type{};
    if (const auto error = cell.type().get(json_type); error != simdjson::SUCCESS) return error;
    switch (json_type) {
      case ondemand::json_type::null: return simdjson::SUCCESS;
      case ondemand::json_type::boolean: {  // 0 and 1 in a column declared BOOLEAN
        bool flag = false;
        const auto error = cell.get_bool().get(flag);
        into = std::int64_t{flag ? 1 : 0};
        return error;
      }
      case ondemand::json_type::number: return read_number(http::number_token(cell), type == ColumnType::real, into);
      case ondemand::json_type::string: break;
      default: return simdjson::INCORRECT_TYPE;
    }
    std::string_view text;
    if (const auto error = cell.get_string().get(text); error != simdjson::SUCCESS) return error;
    if (type != ColumnType::blob) {
      into.emplace<std::string>(text);
      return simdjson::SUCCESS;
    }
    auto blob = http::from_base64(text);
    text_in_blob_column_ = text_in_blob_column_ || !blob;
    if (blob) into = std::move(*blob);
    return simdjson::SUCCESS;
  }

  bool text_in_blob_column_ = false;
};

}  // namespace

Result<Request> write_request(std::span<const Statement> statements, Pragmas pragmas) {
  Request request;
  auto& json = request.json;
  std::unordered_map<std::string_view, StatementText> texts;
  json = "[";
  const auto add = [&](const Statement& statement) -> Result<void> {
    auto [entry, fresh] = texts.try_emplace(statement.sql);
    if (fresh) {
      OFFX_ASSIGN(entry->second, read_statement(statement.sql));
    }
    const auto& text = entry->second;
    if (text.kind == Kind::pragma && pragmas == Pragmas::refused) {
      return fail(
          Errc::unsupported,
          "a PRAGMA is about one connection, and a server has many: use the function, SELECT … FROM pragma_NAME");
    }
    OFFX_ASSIGN(const auto values, ordered_values(text, statement.params));
    if (json.size() > 1) json += ',';
    // rqlite counts the columns of `*` before SQLite sees that the schema has changed, and drops new ones: a statement
    // before it on the same connection makes SQLite look.
    const bool refreshes = text.kind == Kind::read && text.selects_all;
    if (refreshes) json += R"(["SELECT 1 FROM sqlite_schema LIMIT 1"],)";
    append_statement(json, text, values);
    // With RETURNING rqlite gives the rows, and no id.
    const bool asks_rowid = text.kind == Kind::insert && text.returning;
    if (asks_rowid) json += R"sql(,["SELECT last_insert_rowid()"])sql";
    request.statements.push_back({text.kind, text.returning, refreshes, asks_rowid});
    request.reads = request.reads && text.kind == Kind::read;
    return {};
  };
  for (std::size_t i = 0; i < statements.size(); ++i) {
    if (auto added = add(statements[i]); !added) {
      return fail(in_statement(std::move(added).error(), i + 1, statements.size()));
    }
  }
  json += ']';
  return request;
}

Result<std::vector<QueryResult>> read_answer(std::string& json, const Request& request) {
  std::optional<std::string> failed;
  const auto not_read = [&](const Error& error) {
    return fail(error.code(), error.message() + std::string(request.reads ? "" : http::kMayBeApplied));
  };
  auto read = Reader().read(json, failed);
  if (!read) return not_read(read.error());
  auto& outcomes = *read;
  const std::size_t count = request.statements.size();
  if (failed) return fail(request_error(*failed, request.reads));
  std::vector<QueryResult> results;
  results.reserve(count);
  std::size_t next = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const auto& sent = request.statements[i];
    const std::size_t first = next + (sent.refreshes ? 1 : 0);
    const std::size_t needed = first + (sent.asks_rowid ? 2 : 1);
    for (std::size_t k = next; k < std::min(needed, outcomes.size()); ++k) {
      if (outcomes[k].error)
        return fail(in_statement(statement_error(*outcomes[k].error, request.reads), i + 1, count));
    }
    if (outcomes.size() < needed) {
      return not_read({Errc::corrupt, "the server's answer lacks the result of a statement"});
    }
    auto& outcome = outcomes[first];
    if (sent.returning && outcome.columns.empty()) {
      return fail(
          in_statement({Errc::unsupported,
                        "rqlite does not see the RETURNING of this statement, and has run it without: leave it out"},
                       i + 1, count));
    }
    std::shared_ptr<const std::vector<std::string>> columns;
    if (!outcome.columns.empty())
      columns = std::make_shared<const std::vector<std::string>>(std::move(outcome.columns));
    // Of other statements rqlite repeats the counts of the one before.
    const bool changes = sent.kind == Kind::insert || sent.kind == Kind::upsert || sent.kind == Kind::change;
    std::int64_t affected = changes ? outcome.affected : 0;
    if (sent.returning) affected = static_cast<std::int64_t>(outcome.cells.size() / columns->size());
    std::optional<std::int64_t> rowid;
    if (sent.kind == Kind::insert && affected > 0) {
      rowid = outcome.rowid;
      if (sent.asks_rowid && !outcomes[first + 1].cells.empty()) rowid = to_integer(outcomes[first + 1].cells.front());
    }
    results.emplace_back(std::move(columns), std::move(outcome.cells), affected, rowid);
    next = needed;
  }
  return results;
}

}  // namespace offx::db::rqlite
