#include "db/libsql/hrana.h"

#include <algorithm>
#include <unordered_map>

#include "db/http/encoding.h"
#include "db/http/json_reader.h"
#include "db/http/transport.h"

namespace offx::db::libsql {
namespace {

namespace ondemand = simdjson::ondemand;
using Code = http::JsonCode;
using Kind = StatementText::Kind;

/// The first statement of reads. sqld takes the columns of a statement from what its connection knew of the schema when
/// the statement was prepared, and in a stream that was kept another may have changed that since. This one makes SQLite
/// look.
constexpr std::string_view kLookAtSchema = "SELECT 1 FROM sqlite_schema LIMIT 0";

// --- Request ---------------------------------------------------------------------------------------------------------

struct AppendValue {
  std::string& json;
  void operator()(std::monostate) const { json += R"({"type":"null"})"; }
  void operator()(std::int64_t integer) const {
    json += R"({"type":"integer","value":")";
    json += std::to_string(integer);
    json += R"("})";
  }
  void operator()(double real) const {
    json += R"({"type":"float","value":)";
    http::append_json(json, real);
    json += '}';
  }
  void operator()(const std::string& text) const {
    json += R"({"type":"text","value":)";
    http::append_json(json, std::string_view(text));
    json += '}';
  }
  void operator()(const Blob& blob) const {
    json += R"({"type":"blob","base64":")";
    http::append_base64(json, blob);
    json += R"("})";
  }
};

/// The texts of a batch, each once: the server is told them by number.
class Texts {
 public:
  struct Entry {
    StatementText text;
    std::string numbered;  ///< the text with its parameters by number, if it names some: the server mixes them up
    std::size_t id = 0;
    std::size_t uses = 0;

    [[nodiscard]] std::string_view sql() const { return numbered.empty() ? text.sql : std::string_view(numbered); }
  };

  Result<Entry*> add(std::string_view sql) {
    auto [entry, fresh] = entries_.try_emplace(sql);
    if (fresh) {
      OFFX_ASSIGN(auto text, read_statement(sql));
      const bool names = std::any_of(text.parameters.begin(), text.parameters.end(),
                                     [&text](const auto& parameter) { return text.sql[parameter.offset] != '?'; });
      std::string numbered = names ? with_numbers(text) : "";
      entry->second = {std::move(text), std::move(numbered), entries_.size(), 0};
    }
    ++entry->second.uses;
    return &entry->second;
  }
  [[nodiscard]] const std::unordered_map<std::string_view, Entry>& entries() const { return entries_; }

 private:
  std::unordered_map<std::string_view, Entry> entries_;
};

void append_statement(std::string& json, const Texts::Entry& entry, const std::vector<const Value*>& values) {
  if (entry.uses > 1) {
    json += R"({"sql_id":)" + std::to_string(entry.id);
  } else {
    json += R"({"sql":)";
    http::append_json(json, entry.sql());
  }
  json += R"(,"want_rows":true)";
  if (!values.empty()) {
    json += R"(,"args":[)";
    for (const auto* value : values) {
      if (json.back() != '[') json += ',';
      std::visit(AppendValue{json}, *value);
    }
    json += ']';
  }
  json += '}';
}

void append_control(std::string& json, std::string_view sql, std::string_view condition) {
  json += R"({"stmt":{"sql":")";
  json += sql;
  json += R"("})";
  json += condition;
  json += '}';
}

/// Ends the list of requests and the document.
void append_end(std::string& json, std::string_view baton) {
  json += ']';
  if (!baton.empty()) {
    json += R"(,"baton":)";
    http::append_json(json, baton);
  }
  json += '}';
}

std::string if_ok(std::size_t step) { return R"({"type":"ok","step":)" + std::to_string(step) + "}"; }

/// The statements as the steps of a batch: each runs if the one before went well, between those that begin and end it.
void append_batch(std::string& json, Wrap wrap, std::span<const Texts::Entry* const> entries,
                  std::span<const std::vector<const Value*>> values) {
  json += R"({"type":"batch","batch":{"steps":[)";
  if (wrap != Wrap::each) append_control(json, wrap == Wrap::write ? "BEGIN IMMEDIATE" : "BEGIN", "");
  const std::size_t first = wrap == Wrap::each ? 0 : 1;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    json += first + i == 0 ? R"({"stmt":)" : R"(,{"stmt":)";
    append_statement(json, *entries[i], values[i]);
    if (first + i > 0) json += R"(,"condition":)" + if_ok(first + i - 1);
    json += '}';
  }
  if (wrap == Wrap::write) {
    const std::size_t last = entries.size();
    json += ',';
    append_control(json, "COMMIT", R"(,"condition":)" + if_ok(last));
    json += ',';
    append_control(json, "ROLLBACK", R"(,"condition":{"type":"not","cond":)" + if_ok(last + 1) + "}");
  } else if (wrap == Wrap::read) {
    json += ',';
    append_control(json, "ROLLBACK", "");
  }
  json += "]}}";
}

// --- Answer ----------------------------------------------------------------------------------------------------------

struct ServerError {
  std::string message;
  std::string code;
};

Error to_error(const ServerError& error) {
  constexpr std::string_view kPrefix = "SQLite error: ";
  std::string message = http::shown_message(error.message);
  if (message.starts_with(kPrefix)) message.erase(0, kPrefix.size());
  const auto is = [&](std::string_view prefix) { return error.code.starts_with(prefix); };
  if (is("SQLITE_CONSTRAINT")) return {Errc::conflict, message};
  if (is("SQLITE_BUSY") || is("SQLITE_LOCKED")) return {Errc::unavailable, "the database is busy; try again"};
  if (is("TRANSACTION_TIMEOUT") || is("TRANSACTION_BUSY") || is("STREAM_EXPIRED")) {
    return {Errc::unavailable, "the server gave up the transaction (" + message + "); try again"};
  }
  if (is("SQLITE_FULL")) return {Errc::io, "the server's disk, or what it grants this database, is full"};
  if (is("SQLITE_IOERR") || is("SQLITE_CANTOPEN") || is("SQLITE_READONLY") || is("BLOCKED")) return {Errc::io, message};
  if (is("SQLITE_CORRUPT") || is("SQLITE_NOTADB")) return {Errc::corrupt, message};
  if (is("SQLITE_NOMEM") || is("SQLITE_INTERRUPT")) return {Errc::unavailable, message};
  if (is("RESPONSE_TOO_LARGE")) {
    return {Errc::unsupported,
            "the answer is larger than the server allows: ask for fewer rows at once, or start it with a higher "
            "--max-response-size"};
  }
  return {Errc::invalid_argument, message};
}

/// Takes the fields of an answer in whatever order they come.
class Reader {
 public:
  struct Step {
    std::vector<std::string> columns;
    std::vector<Value> cells;
    std::optional<std::size_t> width;  ///< of its rows, if there are any
    std::int64_t affected = 0;
    std::optional<std::int64_t> rowid;
    bool ran = false;

    [[nodiscard]] bool is_whole() const { return !width || *width == columns.size(); }
  };
  struct Outcome {
    std::vector<Step> steps;
    std::vector<std::optional<ServerError>> errors;
    std::optional<ServerError> error;  ///< of the request as a whole
  };

  struct Read {
    std::vector<Outcome> outcomes;  ///< one for each request of the pipeline
    std::string baton;
    std::string base_url;
  };

  Result<Read> read(std::string& json) {
    ondemand::document document;
    Read read;
    auto error = http::read_document(json, document);
    ondemand::object object;
    if (error == simdjson::SUCCESS) error = document.get_object().get(object);
    if (error == simdjson::SUCCESS) error = read_document(object, read);
    if (error != simdjson::SUCCESS) {
      if (infinite_) {
        return fail(Errc::unsupported, "the server cannot send the infinite number that a column holds");
      }
      return fail(Errc::corrupt, std::string("the server's answer is not Hrana: ") + simdjson::error_message(error));
    }
    return read;
  }

 private:
  Code read_document(ondemand::object& document, Read& read) {
    return http::each_field(document, [&](std::string_view key, ondemand::value& value) {
      if (key == "baton" || key == "base_url") {
        return http::is_null(value) ? simdjson::SUCCESS
                                    : http::read_text(value, key == "baton" ? read.baton : read.base_url);
      }
      if (key != "results") return simdjson::SUCCESS;
      return http::each_element(value, [&](ondemand::value& request) {
        auto& outcome = read.outcomes.emplace_back();
        return http::each_field(request, [&](std::string_view name, ondemand::value& part) {
          if (name == "error") return read_error(part, outcome.error);
          if (name != "response") return simdjson::SUCCESS;
          return http::each_field(part, [&](std::string_view inner, ondemand::value& result) {
            return inner == "result" ? read_result(result, outcome) : simdjson::SUCCESS;
          });
        });
      });
    });
  }

  static Code read_error(ondemand::value& value, std::optional<ServerError>& error) {
    if (http::is_null(value)) return simdjson::SUCCESS;
    error.emplace();
    return http::each_field(value, [&](std::string_view key, ondemand::value& text) {
      if (key == "message") return http::read_text(text, error->message);
      if (key == "code" && !http::is_null(text)) return http::read_text(text, error->code);
      return simdjson::SUCCESS;
    });
  }

  /// The result of a batch, or of one statement.
  Code read_result(ondemand::value& value, Outcome& outcome) {
    Step single;
    const auto error = http::each_field(value, [&](std::string_view key, ondemand::value& part) {
      if (key == "step_results") {
        return http::each_element(part, [&](ondemand::value& step) {
          auto& read = outcome.steps.emplace_back();
          return http::is_null(step) ? simdjson::SUCCESS : read_step(step, read);
        });
      }
      if (key == "step_errors") {
        return http::each_element(
            part, [&](ondemand::value& step) { return read_error(step, outcome.errors.emplace_back()); });
      }
      return read_step_field(key, part, single);
    });
    if (error == simdjson::SUCCESS && !single.is_whole()) return simdjson::INCORRECT_TYPE;
    if (single.ran) outcome.steps.push_back(std::move(single));
    return error;
  }

  Code read_step(ondemand::value& value, Step& step) {
    const auto error = http::each_field(
        value, [&](std::string_view key, ondemand::value& part) { return read_step_field(key, part, step); });
    return error == simdjson::SUCCESS && !step.is_whole() ? simdjson::INCORRECT_TYPE : error;
  }

  Code read_step_field(std::string_view key, ondemand::value& part, Step& step) {
    if (key == "cols") {
      step.ran = true;
      return http::each_element(part, [&](ondemand::value& column) {
        auto& name = step.columns.emplace_back();
        return http::each_field(column, [&](std::string_view field, ondemand::value& text) {
          return field == "name" && !http::is_null(text) ? http::read_text(text, name) : simdjson::SUCCESS;
        });
      });
    }
    if (key == "rows") {
      return http::each_element(part, [&](ondemand::value& row) {
        const std::size_t before = step.cells.size();
        const auto error =
            http::each_element(row, [&](ondemand::value& cell) { return read_cell(cell, step.cells.emplace_back()); });
        const std::size_t width = step.cells.size() - before;
        if (error == simdjson::SUCCESS && step.width.value_or(width) != width) return simdjson::INCORRECT_TYPE;
        step.width = width;
        return error;
      });
    }
    if (key == "affected_row_count") {
      std::optional<std::int64_t> count;
      const auto error = http::read_number(part, count);
      step.affected = count.value_or(0);
      return error;
    }
    if (key == "last_insert_rowid") return http::read_number(part, step.rowid);
    return simdjson::SUCCESS;
  }

  /// The type comes before the value.
  Code read_cell(ondemand::value& cell, Value& into) {
    std::string_view type;  // the parser keeps it
    bool is_read = false;
    const auto error = http::each_field(cell, [&](std::string_view key, ondemand::value& part) {
      if (key == "type") {
        const auto failed = part.get_string().get(type);
        is_read = type == "null";
        return failed;
      }
      if (key != "value" && key != "base64") return simdjson::SUCCESS;
      is_read = true;
      return read_value(type, part, into);
    });
    return error == simdjson::SUCCESS && !is_read ? simdjson::INCORRECT_TYPE : error;
  }

  Code read_value(std::string_view type, ondemand::value& part, Value& into) {
    if (type == "integer") return read_into<std::int64_t>(part, into);
    if (type == "float") {
      infinite_ = infinite_ || http::is_null(part);
      return read_into<double>(part, into);
    }
    std::string_view text;
    if (const auto failed = part.get_string().get(text); failed != simdjson::SUCCESS) return failed;
    if (type == "text") {
      into.emplace<std::string>(text);
      return simdjson::SUCCESS;
    }
    auto blob = type == "blob" ? http::from_base64(text) : std::nullopt;
    if (!blob) return simdjson::STRING_ERROR;
    into = std::move(*blob);
    return simdjson::SUCCESS;
  }
  template <class Number>
  static Code read_into(ondemand::value& value, Value& into) {
    std::optional<Number> number;
    if (const auto error = http::read_number(value, number); error != simdjson::SUCCESS) return error;
    if (!number) return simdjson::NUMBER_ERROR;
    into = *number;
    return simdjson::SUCCESS;
  }

  bool infinite_ = false;
};

/// Takes what `step` holds.
QueryResult to_result(Reader::Step& step, Kind kind) {
  const bool changes = kind == Kind::insert || kind == Kind::upsert || kind == Kind::change;
  const auto affected = changes ? step.affected : 0;
  std::optional<std::int64_t> rowid;
  if (kind == Kind::insert && affected > 0) rowid = step.rowid;
  std::shared_ptr<const std::vector<std::string>> columns;
  if (!step.columns.empty()) columns = std::make_shared<const std::vector<std::string>>(std::move(step.columns));
  return QueryResult(std::move(columns), std::move(step.cells), affected, rowid);
}

Error in_statement(Error error, std::size_t number, std::size_t statements) {
  if (statements < 2) return error;
  return std::move(error).within("statement " + std::to_string(number));
}

Result<std::vector<QueryResult>> take_results(std::vector<Reader::Outcome>& outcomes, const Pipeline& pipeline,
                                              Wrap wrap) {
  Reader::Outcome* found = nullptr;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (outcomes[i].error) return fail(to_error(*outcomes[i].error));
    const bool is_of_caller = i > 0 || !pipeline.reads;  // before reads there is kLookAtSchema
    if (!is_of_caller || outcomes[i].steps.empty()) continue;
    found = &outcomes[i];
    break;  // what follows closes texts and the stream, and undoes nothing
  }
  const auto lacking = [&](const char* what) {
    return fail(Errc::corrupt, std::string(what) + std::string(pipeline.reads ? "" : http::kMayBeApplied));
  };
  if (found == nullptr) return lacking("the server's answer holds no result");
  const std::size_t count = pipeline.kinds.size();
  const std::size_t first = wrap == Wrap::none || wrap == Wrap::each ? 0 : 1;
  // The first error is the cause. That a ROLLBACK finds no transaction is none.
  const std::size_t essential = first + count + (wrap == Wrap::write ? 1 : 0);
  for (std::size_t i = 0; i < found->errors.size() && i < essential; ++i) {
    if (!found->errors[i]) continue;
    Error error = to_error(*found->errors[i]);
    if (i < first || i >= first + pipeline.named) return fail(std::move(error));
    return fail(in_statement(std::move(error), i - first + 1, pipeline.named));
  }
  std::vector<QueryResult> results;
  results.reserve(count);
  for (std::size_t i = 0; i < essential; ++i) {
    if (i >= found->steps.size() || !found->steps[i].ran) {
      return lacking("the server's answer lacks the result of a statement");
    }
    if (i < first || i >= first + count) continue;
    results.push_back(to_result(found->steps[i], pipeline.kinds[i - first]));
  }
  return results;
}

}  // namespace

Result<Pipeline> write_pipeline(std::span<const Statement> statements, Wrap wrap, std::span<const Statement> own) {
  Texts texts;
  std::vector<const Texts::Entry*> entries;
  std::vector<std::vector<const Value*>> values;
  Pipeline pipeline;
  pipeline.named = statements.size();
  entries.reserve(statements.size() + own.size());
  values.reserve(statements.size() + own.size());
  const auto add = [&](const Statement& statement) -> Result<void> {
    OFFX_ASSIGN(auto* entry, texts.add(statement.sql));
    const auto kind = entry->text.kind;
    if (kind == Kind::pragma) {
      return fail(Errc::unsupported,
                  "a PRAGMA is about one connection, and a server has many: use the function, SELECT … "
                  "FROM pragma_NAME");
    }
    if ((wrap == Wrap::read || wrap == Wrap::each) && kind != Kind::read) {
      return fail(Errc::invalid_argument, "a batch in read mode holds a statement that writes");
    }
    OFFX_ASSIGN(auto ordered, ordered_values(entry->text, statement.params));
    entries.push_back(entry);
    values.push_back(std::move(ordered));
    pipeline.kinds.push_back(kind);
    pipeline.reads = pipeline.reads && kind == Kind::read;
    return {};
  };
  for (std::size_t i = 0; i < statements.size(); ++i) {
    if (auto added = add(statements[i]); !added) {
      return fail(in_statement(std::move(added).error(), i + 1, statements.size()));
    }
  }
  for (const auto& statement : own) OFFX_TRY(add(statement));

  auto& json = pipeline.json;
  json = R"({"requests":[)";
  if (pipeline.reads) {
    json += R"({"type":"execute","stmt":{"sql":")";
    json += kLookAtSchema;
    json += R"(","want_rows":false}},)";
  }
  for (const auto& [sql, entry] : texts.entries()) {
    if (entry.uses < 2) continue;
    json += R"({"type":"store_sql","sql_id":)" + std::to_string(entry.id) + R"(,"sql":)";
    http::append_json(json, entry.sql());
    json += "},";
  }
  if (wrap == Wrap::none) {
    json += R"({"type":"execute","stmt":)";
    append_statement(json, *entries.front(), values.front());
    json += '}';
  } else {
    append_batch(json, wrap, entries, values);
  }
  // A stream that goes on may be told another text by the same number.
  for (const auto& [sql, entry] : texts.entries()) {
    if (entry.uses > 1) json += R"(,{"type":"close_sql","sql_id":)" + std::to_string(entry.id) + "}";
  }
  pipeline.open_bytes = json.size();
  return pipeline;
}

void give_to_stream(Pipeline& pipeline, std::string_view baton, After after) {
  pipeline.json.resize(pipeline.open_bytes);
  if (after == After::close) pipeline.json += R"(,{"type":"close"})";
  append_end(pipeline.json, baton);
}

std::string close_request(std::string_view baton) {
  std::string json = R"({"requests":[{"type":"close"})";
  append_end(json, baton);
  return json;
}

Result<Answer> read_answer(std::string& json, const Pipeline& pipeline, Wrap wrap) {
  auto done = Reader().read(json);
  if (!done) {
    const auto& error = done.error();
    return fail(error.code(), error.message() + std::string(pipeline.reads ? "" : http::kMayBeApplied));
  }
  auto& read = *done;
  Answer answer{take_results(read.outcomes, pipeline, wrap), std::move(read.baton), std::move(read.base_url)};
  answer.is_clean = answer.results && std::none_of(read.outcomes.begin(), read.outcomes.end(), [](const auto& outcome) {
                      return std::any_of(outcome.errors.begin(), outcome.errors.end(),
                                         [](const auto& error) { return error.has_value(); });
                    });
  return answer;
}

}  // namespace offx::db::libsql
