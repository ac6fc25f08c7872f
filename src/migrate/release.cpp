#include "migrate/release.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "db/script.h"
#include "db/statement_text.h"
#include "migrate/schema.h"
#include "migrate/sql_text.h"

namespace offx::migrate {
namespace {

namespace json = boost::json;
using db::Value;

// --- Values ---

json::value to_value(const Value& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return *integer;
  if (const auto* real = std::get_if<double>(&value)) return *real;
  if (const auto* text = std::get_if<std::string>(&value)) return json::string(*text);
  if (const auto* blob = std::get_if<db::Blob>(&value)) {
    std::string hex;
    for (const auto byte : *blob) {
      constexpr std::string_view kDigits = "0123456789abcdef";
      hex += kDigits[std::to_integer<std::size_t>(byte) >> 4U];
      hex += kDigits[std::to_integer<std::size_t>(byte) & 15U];
    }
    return json::object{{"blob", hex}};
  }
  return nullptr;
}

json::array to_value(const std::vector<Value>& sample) {
  json::array values;
  for (const auto& value : sample) values.push_back(to_value(value));
  return values;
}

Result<Value> from_value(const json::value& value) {
  const auto refuse = [] {
    return fail(Errc::invalid_argument,
                R"(an argument is a number, a text, null, true, false, or a BLOB as {"blob": "00ff"})");
  };
  if (value.is_null()) return Value();
  if (const auto* boolean = value.if_bool()) return Value(std::int64_t{*boolean});
  if (const auto* integer = value.if_int64()) return Value(*integer);
  if (const auto* real = value.if_double()) return Value(*real);
  if (const auto* text = value.if_string()) return Value(std::string(*text));
  const auto* object = value.if_object();
  const auto* hex = object != nullptr && object->size() == 1 ? object->if_contains("blob") : nullptr;
  if (hex == nullptr || !hex->is_string() || hex->get_string().size() % 2 != 0) return refuse();
  db::Blob blob;
  const std::string_view digits = hex->get_string();
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    unsigned byte = 0;
    const auto [end, error] = std::from_chars(digits.data() + i, digits.data() + i + 2, byte, 16);
    if (error != std::errc() || end != digits.data() + i + 2) return refuse();
    blob.push_back(static_cast<std::byte>(byte));
  }
  return Value(std::move(blob));
}

Result<std::vector<Value>> sample_of(const json::value& value) {
  const auto* array = value.if_array();
  if (array == nullptr) return fail(Errc::invalid_argument, "arguments are a list with a value for each parameter");
  std::vector<Value> sample;
  for (const auto& item : *array) {
    OFFX_ASSIGN(auto one, from_value(item));
    sample.push_back(std::move(one));
  }
  return sample;
}

Result<void> check_sample(const db::StatementText& text, const std::vector<Value>& sample) {
  if (sample.size() == text.parameter_count) return {};
  return fail(Errc::invalid_argument, "the statement has " + std::to_string(text.parameter_count) + " parameters, " +
                                          std::to_string(sample.size()) + " arguments are given");
}

// --- The JSON of a release ---

std::string json_text_of(std::string_view text) { return json::serialize(json::string(text)); }

Error wrong(std::string_view file, const std::string& what) {
  return Error(Errc::invalid_argument, "this is not the JSON of a release: " + what).within(std::string(file));
}

Result<NamedStatement> statement_from(const json::value& value) {
  const auto* object = value.if_object();
  const auto* name = object != nullptr ? object->if_contains("name") : nullptr;
  const auto* sql = object != nullptr ? object->if_contains("sql") : nullptr;
  const auto* samples = object != nullptr ? object->if_contains("samples") : nullptr;
  const auto* writes = object != nullptr ? object->if_contains("writes") : nullptr;
  if (name == nullptr || !name->is_string() || sql == nullptr || !sql->is_string() || samples == nullptr ||
      !samples->is_array() || writes == nullptr || !writes->is_bool()) {
    return fail(Errc::invalid_argument, "a statement needs `name`, `sql`, `samples` and `writes`");
  }
  NamedStatement statement{std::string(name->get_string()), std::string(sql->get_string()), {}, writes->get_bool()};
  auto text = db::read_statement(statement.sql);
  if (!text) return fail(std::move(text).error().within(statement.name));
  for (const auto& item : samples->get_array()) {
    auto sample = sample_of(item);
    if (!sample) return fail(std::move(sample).error().within(statement.name));
    if (auto fits = check_sample(*text, *sample); !fits) return fail(std::move(fits).error().within(statement.name));
    statement.samples.push_back(std::move(*sample));
  }
  return statement;
}

Result<NamedBatch> batch_from(const json::value& value, const Program& program) {
  const auto* object = value.if_object();
  const auto* name = object != nullptr ? object->if_contains("name") : nullptr;
  const auto* parts = object != nullptr ? object->if_contains("parts") : nullptr;
  if (name == nullptr || !name->is_string() || parts == nullptr || !parts->is_array()) {
    return fail(Errc::invalid_argument, "a batch needs `name` and `parts`");
  }
  NamedBatch batch{std::string(name->get_string()), {}};
  for (const auto& item : parts->get_array()) {
    const auto* part = item.if_object();
    const auto* statement = part != nullptr ? part->if_contains("statement") : nullptr;
    const auto* sample = part != nullptr ? part->if_contains("sample") : nullptr;
    const auto* known =
        statement != nullptr && statement->is_string() ? program.find(statement->get_string()) : nullptr;
    if (known == nullptr || sample == nullptr) {
      return fail(
          Error(Errc::invalid_argument, "a part needs the `statement` it is, one of this release, and a `sample`")
              .within(batch.name));
    }
    auto values = sample_of(*sample);
    if (!values) return fail(std::move(values).error().within(batch.name));
    OFFX_ASSIGN(const auto text, db::read_statement(known->sql));
    if (auto fits = check_sample(text, *values); !fits) return fail(std::move(fits).error().within(batch.name));
    batch.parts.push_back({known->name, std::move(*values)});
  }
  return batch;
}

// --- Files ---

Result<std::string> read_file(const std::string& path) {
  std::error_code status;
  if (!std::filesystem::exists(path, status)) return fail(Errc::not_found, "there is no file " + path);
  if (std::filesystem::is_directory(path, status)) return fail(Errc::invalid_argument, path + " is a folder");
  std::ifstream file(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file.is_open() || file.bad()) return fail(Errc::io, "cannot read " + path + ": check its permissions");
  return text;
}

// --- Scripts ---

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const auto begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

/// Puts a statement into the batch of this name.
void add_to_batch(std::vector<NamedBatch>& batches, const std::string& name, NamedBatch::Part part) {
  const auto batch = std::find_if(batches.begin(), batches.end(), [&](const NamedBatch& b) { return b.name == name; });
  if (batch == batches.end()) {
    batches.push_back({name, {std::move(part)}});
  } else {
    batch->parts.push_back(std::move(part));
  }
}

/// The text behind `-- key:` if the line says that.
std::string_view said_by(std::string_view line, std::string_view key) {
  line = trimmed(line);
  if (!line.starts_with("--")) return {};
  line = trimmed(line.substr(2));
  if (!line.starts_with(key) || line.size() == key.size() || line[key.size()] != ':') return {};
  return trimmed(line.substr(key.size() + 1));
}

}  // namespace

const NamedStatement* Program::find(std::string_view name) const {
  const auto found =
      std::find_if(statements.begin(), statements.end(), [&](const NamedStatement& s) { return s.name == name; });
  return found == statements.end() ? nullptr : &*found;
}

std::string to_json(const Release& release) {
  std::string text = "{\n\"release\": " + json_text_of(release.name) + ",\n\"tables\": {";
  const char* separator = "\n";
  const auto begin_list = [&](const char* opening) {
    text += opening;
    separator = "\n";
  };
  const auto next = [&] { text += std::exchange(separator, ",\n"); };
  for (const auto& [logical, physical] : release.tables) {
    next();
    text += json_text_of(logical) + ": " + json_text_of(physical);
  }
  begin_list("\n},\n\"schema\": [");
  for (const auto& sql : release.schema) {
    next();
    text += json_text_of(sql);
  }
  begin_list("\n],\n\"statements\": [");
  for (const auto& statement : release.program.statements) {
    next();
    json::array samples;
    for (const auto& sample : statement.samples) samples.push_back(to_value(sample));
    text += "{\"name\": " + json_text_of(statement.name) + ", \"writes\": " + (statement.writes ? "true" : "false") +
            ", \"samples\": " + json::serialize(samples) + ",\n \"sql\": " + json_text_of(statement.sql) + "}";
  }
  if (!release.program.batches.empty()) begin_list("\n],\n\"batches\": [");
  for (const auto& batch : release.program.batches) {
    next();
    text += "{\"name\": " + json_text_of(batch.name) + ", \"parts\": [";
    for (const auto& part : batch.parts) {
      text += std::string(&part == batch.parts.data() ? "" : ",") +
              "\n {\"statement\": " + json_text_of(part.statement) +
              ", \"sample\": " + json::serialize(to_value(part.sample)) + "}";
    }
    text += "]}";
  }
  return text + "\n]\n}\n";
}

Result<Release> parse_release(std::string_view text, std::string_view file) {
  json::error_code error;
  const auto document = json::parse(text, error);
  if (error) return fail(wrong(file, error.message()));
  const auto* object = document.if_object();
  const auto* name = object != nullptr ? object->if_contains("release") : nullptr;
  const auto* tables = object != nullptr ? object->if_contains("tables") : nullptr;
  const auto* schema = object != nullptr ? object->if_contains("schema") : nullptr;
  const auto* statements = object != nullptr ? object->if_contains("statements") : nullptr;
  if (name == nullptr || !name->is_string() || tables == nullptr || !tables->is_object() || schema == nullptr ||
      !schema->is_array() || statements == nullptr || !statements->is_array()) {
    return fail(wrong(file, "it needs `release`, `tables`, `schema` and `statements`"));
  }
  Release release;
  release.name = name->get_string();
  for (const auto& [logical, physical] : tables->get_object()) {
    if (!physical.is_string()) return fail(wrong(file, "a table's name is a text"));
    release.tables.emplace_back(logical, physical.get_string());
  }
  for (const auto& sql : schema->get_array()) {
    if (!sql.is_string()) return fail(wrong(file, "the schema is a list of SQL statements"));
    release.schema.emplace_back(sql.get_string());
  }
  for (const auto& value : statements->get_array()) {
    auto statement = statement_from(value);
    if (!statement) return fail(std::move(statement).error().within(file));
    release.program.statements.push_back(std::move(*statement));
  }
  if (const auto* batches = object->if_contains("batches")) {
    if (!batches->is_array()) return fail(wrong(file, "`batches` is a list"));
    for (const auto& value : batches->get_array()) {
      auto batch = batch_from(value, release.program);
      if (!batch) return fail(std::move(batch).error().within(file));
      release.program.batches.push_back(std::move(*batch));
    }
  }
  return release;
}

Result<Release> read_release(const std::string& path) {
  OFFX_ASSIGN(const auto text, read_file(path));
  return parse_release(text, path);
}

Result<Program> parse_program(std::string_view script, std::string_view file) {
  Program program;
  auto& statements = program.statements;
  for (const auto part : db::split_script(script)) {
    const auto line_at = [&](const char* at) {
      const auto before = script.substr(0, static_cast<std::size_t>(at - script.data()));
      return 1 + std::count(before.begin(), before.end(), '\n');
    };
    const auto refuse = [&](Error error, const char* at) {
      return fail(std::move(error).within(std::string(file) + ":" + std::to_string(line_at(at))));
    };
    const auto text = db::read_statement(part);
    if (!text && tokens_of(part).empty()) continue;  // comments behind the last statement
    if (!text) return refuse(text.error(), part.data());
    NamedStatement statement;
    std::string batch;
    statement.sql = text->sql;
    statement.writes = text->kind != db::StatementText::Kind::read;
    auto comments = part.substr(0, static_cast<std::size_t>(text->sql.data() - part.data()));
    while (!comments.empty()) {
      const auto line = comments.substr(0, comments.find('\n'));
      if (const auto name = said_by(line, "name"); !name.empty()) statement.name = name;
      if (const auto name = said_by(line, "batch"); !name.empty()) batch = name;
      if (const auto args = said_by(line, "args"); !args.empty()) {
        json::error_code error;
        const auto value = json::parse(args, error);
        if (error) return refuse(Error(Errc::invalid_argument, "args is not JSON: " + error.message()), line.data());
        auto sample = sample_of(value);
        if (!sample) return refuse(std::move(sample).error(), line.data());
        if (auto fits = check_sample(*text, *sample); !fits) return refuse(std::move(fits).error(), line.data());
        statement.samples.push_back(std::move(*sample));
      }
      comments.remove_prefix(std::min(line.size() + 1, comments.size()));
    }
    if (statement.name.empty()) statement.name = "line " + std::to_string(line_at(text->sql.data()));
    const bool twice = std::any_of(statements.begin(), statements.end(),
                                   [&](const NamedStatement& other) { return other.name == statement.name; });
    if (twice) {
      return refuse(Error(Errc::invalid_argument, "there are two statements named " + statement.name),
                    text->sql.data());
    }
    if (!batch.empty()) {
      if (statement.samples.empty() && text->parameter_count > 0) {
        return refuse(Error(Errc::invalid_argument, "a statement of a batch needs args, as they belong together"),
                      text->sql.data());
      }
      add_to_batch(program.batches, batch,
                   {statement.name, statement.samples.empty() ? std::vector<Value>() : statement.samples.front()});
    }
    statements.push_back(std::move(statement));
  }
  if (statements.empty()) {
    return fail(Error(Errc::invalid_argument, "there is no SQL statement in it").within(std::string(file)));
  }
  return program;
}

Result<Release> read_release_or_script(const std::string& path) {
  OFFX_ASSIGN(const auto text, read_file(path));
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first != std::string::npos && text[first] == '{') return parse_release(text, path);
  Release release;
  OFFX_ASSIGN(release.program, parse_program(text, path));
  return release;
}

Result<std::vector<std::string>> schema_statements(db::DatabaseClient& client) {
  OFFX_ASSIGN(const auto objects, read_objects(client));
  OFFX_ASSIGN(auto schema, Schema::read(client));
  // Asked of the copy in memory, as not every engine knows pragma_table_list.
  OFFX_ASSIGN(const auto rows,
              schema.scratch().execute("SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow'"));
  std::set<std::string> shadows;
  for (std::size_t i = 0; i < rows.rows(); ++i) shadows.insert(db::to_text(rows.row(i)[0]));
  std::vector<std::string> statements;
  for (const auto& object : objects) {
    // The triggers of a migration under way are the engine's, and change with it.
    if (object.sql.empty() || shadows.contains(object.table) || is_ours(object.table) || is_ours(object.name)) continue;
    statements.push_back(object.sql);
  }
  return statements;
}

}  // namespace offx::migrate
