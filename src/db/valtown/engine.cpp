#include "db/valtown/engine.h"

#include <algorithm>
#include <chrono>

#include "db/http/encoding.h"
#include "db/http/json_reader.h"
#include "db/http/transport.h"
#include "db/http/url.h"
#include "db/statement_text.h"

namespace offx::db::valtown {
namespace {

namespace ondemand = simdjson::ondemand;
using Code = http::JsonCode;
using Kind = StatementText::Kind;
using Results = std::vector<QueryResult>;

struct Request {
  std::string json;
  std::vector<Kind> kinds;
  bool reads = true;
};

void append_statement(std::string& json, const StatementText& text, const std::vector<const Value*>& values) {
  // JavaScript knows one kind of number, so ours are written into the text.
  const auto spliced = with_literals(text, values, Literals::blobs_and_numbers);
  json += R"({"sql":)";
  http::append_json(json, std::string_view(spliced.sql));
  json += R"(,"args":[)";
  for (const auto* value : spliced.values) {
    if (json.back() != '[') json += ',';
    if (const auto* string = std::get_if<std::string>(value)) {
      http::append_json(json, std::string_view(*string));
    } else {
      json += "null";
    }
  }
  json += "]}";
}

Result<Request> write_request(std::span<const Statement> statements, bool batch, Mode mode) {
  Request request;
  request.json = batch ? R"({"statements":[)" : R"({"statement":)";
  for (std::size_t i = 0; i < statements.size(); ++i) {
    OFFX_ASSIGN(const auto text, read_statement(statements[i].sql));
    OFFX_ASSIGN(const auto values, ordered_values(text, statements[i].params));
    if (text.kind == Kind::pragma)
      return fail(Errc::unsupported, "a PRAGMA is about one connection: use SELECT … FROM pragma_NAME");
    if (i > 0) request.json += ',';
    append_statement(request.json, text, values);
    request.kinds.push_back(text.kind);
    request.reads = request.reads && text.kind == Kind::read;
  }
  if (!writes(mode) && batch && !request.reads) {
    return fail(Errc::invalid_argument, "a batch in read mode holds a statement that writes");
  }
  if (batch) request.json += writes(mode) ? R"(],"mode":"write")" : R"(],"mode":"read")";
  request.json += '}';
  return request;
}

/// One result set.
class ResultReader {
 public:
  Code read(ondemand::object object) {
    return http::each_field(object, [this](std::string_view key, ondemand::value& part) {
      if (key == "columns") {
        return http::each_element(
            part, [this](ondemand::value& name) { return http::read_text(name, columns_.emplace_back()); });
      }
      if (key == "columnTypes") {
        return http::each_element(part, [this](ondemand::value& name) {
          std::string type;
          const auto error = http::read_text(name, type);
          std::transform(type.begin(), type.end(), type.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
          is_real_.push_back(type.find("REAL") != std::string::npos || type.find("FLOA") != std::string::npos ||
                             type.find("DOUB") != std::string::npos);
          return error;
        });
      }
      if (key == "rows") {
        return http::each_element(part, [this](ondemand::value& row) { return read_row(row); });
      }
      if (key == "rowsAffected") return http::read_number(part, affected_);
      if (key == "lastInsertRowid") return http::read_number(part, rowid_);
      return simdjson::SUCCESS;
    });
  }

  Result<QueryResult> take(Kind kind) {
    if (columns_.empty() ? !cells_.empty() : cells_.size() % columns_.size() != 0) {
      return fail(Errc::corrupt, "the server's answer has rows of different lengths");
    }
    for (std::size_t i = 0; i < cells_.size(); ++i) {
      auto* real = std::get_if<double>(&cells_[i]);
      const std::size_t column = i % columns_.size();
      const bool declared_real = column < is_real_.size() && is_real_[column];
      if (real != nullptr && !declared_real && integral_[i]) cells_[i] = static_cast<std::int64_t>(*real);
    }
    const bool changes = kind == Kind::insert || kind == Kind::upsert || kind == Kind::change;
    const std::int64_t affected = changes ? affected_.value_or(0) : 0;
    std::shared_ptr<const std::vector<std::string>> columns;
    if (!columns_.empty()) columns = std::make_shared<const std::vector<std::string>>(std::move(columns_));
    return QueryResult(std::move(columns), std::move(cells_), affected,
                       kind == Kind::insert && affected > 0 ? rowid_ : std::nullopt);
  }

 private:
  Code read_row(ondemand::value& row) {
    return http::each_element(row, [this](ondemand::value& cell) {
      ondemand::json_type type{};
      if (const auto error = cell.type().get(type); error != simdjson::SUCCESS) return error;
      Value& into = cells_.emplace_back();
      integral_.push_back(false);
      switch (type) {
        case ondemand::json_type::null: return simdjson::SUCCESS;
        case ondemand::json_type::boolean: {
          bool flag = false;
          const auto error = cell.get_bool().get(flag);
          into = std::int64_t{flag ? 1 : 0};
          return error;
        }
        case ondemand::json_type::string: {
          std::string text;
          const auto error = http::read_text(cell, text);
          into = std::move(text);
          return error;
        }
        case ondemand::json_type::number: {
          double real = 0;
          const auto token = http::number_token(cell);
          if (!http::parse_number(token, real)) return simdjson::NUMBER_ERROR;
          constexpr double kExact = 9007199254740992.0;
          integral_.back() = token.find_first_of(".eE") == std::string_view::npos && real >= -kExact && real <= kExact;
          into = real;
          return simdjson::SUCCESS;
        }
        default: return simdjson::INCORRECT_TYPE;
      }
    });
  }

  std::vector<std::string> columns_;
  std::vector<bool> is_real_;
  std::vector<Value> cells_;
  std::vector<bool> integral_;  ///< of each cell: a number written without a point
  std::optional<std::int64_t> affected_;
  std::optional<std::int64_t> rowid_;
};

Result<Results> read_results(std::string& json, bool batch, const Request& request) {
  ondemand::document document;
  std::vector<ResultReader> readers;
  const auto add = [&readers](ondemand::object object) { return readers.emplace_back().read(object); };
  auto code = http::read_document(json, document);
  if (code == simdjson::SUCCESS && !batch) {
    ondemand::object object;
    code = document.get_object().get(object);
    if (code == simdjson::SUCCESS) code = add(object);
  } else if (code == simdjson::SUCCESS) {
    ondemand::array array;
    code = document.get_array().get(array);
    if (code == simdjson::SUCCESS) {
      code = http::each_element(array, [&](ondemand::value& value) {
        ondemand::object object;
        const auto error = value.get_object().get(object);
        return error == simdjson::SUCCESS ? add(object) : error;
      });
    }
  }
  if (const auto first = json.find_first_not_of(" \t\r\n"); first != std::string::npos && json[first] == '<') {
    return fail(Errc::corrupt, "the server answered with a web page, not as Val Town's API does: check the address");
  }
  if (code == simdjson::INCORRECT_TYPE) {
    return fail(Errc::unsupported,
                "the server's answer holds a value that is no text and no number: select a blob with hex()");
  }
  if (code != simdjson::SUCCESS || readers.size() != request.kinds.size()) {
    return fail(Errc::corrupt, std::string("the server's answer is not understood: ") +
                                   (code == simdjson::SUCCESS ? "it lacks results" : simdjson::error_message(code)));
  }
  Results results;
  for (std::size_t i = 0; i < readers.size(); ++i) {
    OFFX_ASSIGN(auto result, readers[i].take(request.kinds[i]));
    results.push_back(std::move(result));
  }
  return results;
}

class Engine final : public DatabaseClient {
 public:
  Engine(std::string place, std::string url, std::chrono::milliseconds timeout,
         std::unique_ptr<http::Transport> transport)
      : place_(std::move(place)), url_(std::move(url)), timeout_(timeout), transport_(std::move(transport)) {}

  Result<QueryResult> execute(std::string_view sql, const Params& params) override {
    const Statement statement{sql, params};
    OFFX_ASSIGN(auto results, run(std::span(&statement, 1), false, Mode::read));
    return std::move(results.front());
  }

  Result<Results> batch(std::span<const Statement> statements, Mode mode) override {
    if (statements.empty()) return Results{};
    return run(statements, true, mode);
  }

  Result<void> backup(const std::string& /*path*/, const Progress& /*progress*/) override {
    return fail(Errc::unsupported, "Val Town gives no copy of a database as a file");
  }

  [[nodiscard]] std::string description() const override { return "valtown:" + place_; }

 private:
  Result<Results> run(std::span<const Statement> statements, bool batch, Mode mode) {
    OFFX_ASSIGN(const auto request, write_request(statements, batch, mode));
    const auto deadline = std::chrono::steady_clock::now() + timeout_;
    auto response =
        transport_->post(url_ + (batch ? "/v1/sqlite/batch" : "/v1/sqlite/execute"), request.json, deadline);
    const std::string unsure(request.reads ? "" : http::kMayBeApplied);
    if (!response) {
      const auto& failure = response.error();
      if (!failure.sent) return fail(failure.error);
      return fail(failure.error.code(), failure.error.message() + unsure);
    }
    if (response->status >= 200 && response->status < 300) return read_results(response->body, batch, request);
    return fail(refusal(*response, unsure));
  }

  [[nodiscard]] Error refusal(const http::Response& response, const std::string& unsure) const {
    const std::string answered = place_ + " answered " + std::to_string(response.status);
    const std::string told = response.body.empty() ? "" : " (" + http::shown_message(response.body) + ")";
    const auto says = [&](std::string_view part) { return response.body.find(part) != std::string::npos; };
    switch (response.status) {
      case 401:
      case 403:
        return {Errc::invalid_argument,
                answered + ": it does not accept the token; give a valid one as OFFX_DB_AUTH_TOKEN"};
      case 408:
      case 429: return {Errc::unavailable, answered + ": too many requests; try again later"};
      default: break;
    }
    // Whatever the status, it is the database that refused.
    if (says("SQLITE_CONSTRAINT") || says("constraint failed"))
      return {Errc::conflict, "the database refused it" + told};
    if (says("SQLITE_BUSY") || says("SQLITE_LOCKED")) return {Errc::unavailable, "the database is busy" + told};
    if (says("SQLITE_") || says("SQL_") || says("ARGS_INVALID") || response.status < 500) {
      return {Errc::invalid_argument, "the database refused it" + told};
    }
    return {Errc::unavailable, answered + told + unsure};
  }

  const std::string place_;
  const std::string url_;
  const std::chrono::milliseconds timeout_;
  const std::unique_ptr<http::Transport> transport_;
};

}  // namespace

Result<std::unique_ptr<DatabaseClient>> open(std::string_view url) {
  OFFX_ASSIGN(auto parsed, http::parse_server_url(url == "valtown:" ? "valtown://api.val.town" : url));
  OFFX_ASSIGN(const auto options, http::take_options(parsed, true));
  OFFX_TRY(http::refuse_unknown(parsed));
  if (parsed.hosts.size() != 1 || !parsed.user.empty()) {
    return fail(Errc::invalid_argument, "write valtown: alone, or valtown://HOST");
  }
  if (options.secret.empty()) {
    return fail(Errc::invalid_argument,
                "Val Town asks for a token: give it as OFFX_DB_AUTH_TOKEN or OFFX_DB_AUTH_TOKEN_FILE");
  }
  http::Transport::Options transport_options;
  transport_options.headers.push_back("Authorization: Bearer " + options.secret);
  const std::string place = parsed.hosts.front();
  OFFX_ASSIGN(auto transport, http::Transport::create(std::move(transport_options)));
  return std::make_unique<Engine>(place, (options.tls ? "https://" : "http://") + place, options.timeout,
                                  std::move(transport));
}

}  // namespace offx::db::valtown
