#pragma once

#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/json.hpp>

#include "base/test_support.h"
#include "db/client.h"
#include "net/local_server.h"

namespace offx::db::valtown {

/// Speaks Val Town's API, POST /v1/sqlite/execute and /v1/sqlite/batch, over the embedded engine, for tests. One
/// request after the other.
class FakeServer {
 public:
  FakeServer()
      : store_(must(create_database_client(":memory:"))), server_([this](auto& connection) { serve(connection); }) {}

  [[nodiscard]] std::string url(const std::string& more = "", const std::string& token = "secret") const {
    return "valtown://" + server_.place() + "?tls=0&authToken=" + token + more;
  }
  /// The next request gets this status and is not looked at.
  void refuse_next(int status) { next_status_ = status; }
  /// Takes requests and gives no answer, as long as it hangs.
  void hang(bool hangs) { hangs_ = hangs; }

 private:
  using Json = boost::json::value;

  void serve(net::LocalServer::Connection& connection) {
    const std::string request = connection.whole_request();
    while (hangs_) {
      if (!connection.sleep(std::chrono::milliseconds(20))) return;  // the client has given up
    }
    int status = 200;
    std::string answer;
    const int told = next_status_.exchange(200);
    if (request.find("Authorization: Bearer secret\r\n") == std::string::npos) {
      status = 401;
    } else if (told != 200) {
      status = told;
      answer = R"({"message":"come back later"})";
    } else {
      const auto body = boost::json::parse(request.substr(request.find("\r\n\r\n") + 4));
      const auto done = perform(request.starts_with("POST /v1/sqlite/batch "), body.as_object());
      if (done) {
        answer = boost::json::serialize(*done);
      } else {
        // As the service reports what libSQL refuses.
        status = 400;
        const bool is_conflict = done.error().code() == Errc::conflict;
        answer = boost::json::serialize(boost::json::object{
            {"message", (is_conflict ? "SQLITE_CONSTRAINT: " : "SQLITE_ERROR: ") + done.error().message()}});
      }
    }
    connection.send("HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Type: application/json\r\nContent-Length: " +
                    std::to_string(answer.size()) + "\r\nConnection: close\r\n\r\n" + answer);
  }

  Result<Json> perform(bool batch, const boost::json::object& request) {
    std::vector<std::string> texts;
    std::vector<Statement> statements;
    const auto add = [&](const Json& statement) {
      texts.emplace_back(statement.at("sql").as_string());
      Params::Positional params;
      for (const auto& argument : statement.at("args").as_array()) {
        params.push_back(argument.is_string() ? Value{std::string(argument.as_string())} : Value{});
      }
      statements.push_back({{}, Params(std::move(params))});
    };
    if (batch) {
      for (const auto& statement : request.at("statements").as_array()) add(statement);
    } else {
      add(request.at("statement"));
    }
    // libSQL binds by number: what was written into the text is missing here.
    for (std::size_t i = 0; i < statements.size(); ++i) statements[i].sql = texts[i];
    std::vector<QueryResult> results;
    if (batch) {
      OFFX_ASSIGN(results, store_->batch(statements, request.at("mode") == "write" ? Mode::write : Mode::read));
    } else {
      OFFX_ASSIGN(auto result, store_->execute(statements[0].sql, statements[0].params));
      results.push_back(std::move(result));
    }
    boost::json::array sets;
    for (const auto& result : results) sets.push_back(to_json(result));
    return batch ? Json(sets) : sets[0];
  }

  /// A column named `r` counts as declared REAL, as DatabaseClient does not tell.
  static Json to_json(const QueryResult& result) {
    boost::json::array rows;
    for (std::size_t i = 0; i < result.rows(); ++i) {
      boost::json::array row;
      for (const auto& cell : result.row(i)) row.push_back(to_json(cell));
      rows.push_back(row);
    }
    boost::json::array columns;
    boost::json::array types;
    for (const auto& column : result.columns()) {
      columns.emplace_back(column);
      types.emplace_back(column == "r" ? "REAL" : "");
    }
    return boost::json::object{
        {"columns", columns},
        {"columnTypes", types},
        {"rows", rows},
        {"rowsAffected", result.rows_affected()},
        {"lastInsertRowid", result.last_insert_rowid() ? Json(std::to_string(*result.last_insert_rowid())) : Json()}};
  }

  /// As JavaScript prints them: every number is a double, without a point if it is integral.
  static Json to_json(const Value& value) {
    if (const auto* integer = std::get_if<std::int64_t>(&value)) return number(static_cast<double>(*integer));
    if (const auto* real = std::get_if<double>(&value)) return number(*real);
    if (const auto* text = std::get_if<std::string>(&value)) return Json(*text);
    if (std::holds_alternative<Blob>(value)) return boost::json::object();  // an ArrayBuffer has no JSON
    return nullptr;
  }
  static Json number(double real) {
    constexpr double kPrintedWhole = 9007199254740992.0;
    if (!std::isfinite(real)) return nullptr;
    if (std::trunc(real) == real && std::abs(real) <= kPrintedWhole) return static_cast<std::int64_t>(real);
    return real;
  }

  std::unique_ptr<DatabaseClient> store_;
  std::atomic<int> next_status_ = 200;
  std::atomic<bool> hangs_ = false;
  net::LocalServer server_;
};

}  // namespace offx::db::valtown
