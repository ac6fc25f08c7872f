// Against a server of our own that speaks Val Town's API over the embedded engine.

#include "db/valtown/engine.h"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/test_support.h"
#include "db/client.h"
#include "net/local_server.h"

namespace offx::db::valtown {
namespace {

namespace json = boost::json;
using testing::ElementsAre;
using testing::HasSubstr;

/// Numbers come out as JavaScript prints them: no point behind an integral one.
json::value to_json(const Value& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return *integer;
  if (const auto* real = std::get_if<double>(&value)) {
    if (*real == static_cast<double>(static_cast<std::int64_t>(*real))) return static_cast<std::int64_t>(*real);
    return *real;
  }
  if (const auto* text = std::get_if<std::string>(&value)) return json::value(*text);
  if (std::holds_alternative<Blob>(value)) return json::object();  // an ArrayBuffer has no JSON
  return nullptr;
}

class ValTown : public testing::Test {
 protected:
  ValTown()
      : store_(must(create_database_client(":memory:"))), server_([this](auto& connection) { serve(connection); }) {
    client_ = must(create_database_client("valtown://" + server_.place() + "?tls=0&authToken=secret&timeout_ms=2000"));
  }

  void serve(net::LocalServer::Connection& connection) {
    std::string answer;
    int status = 200;
    const std::string request = connection.whole_request();
    const std::string body = request.substr(request.find("\r\n\r\n") + 4);
    if (request.find("Authorization: Bearer secret\r\n") == std::string::npos) {
      status = 401;
    } else if (next_status_ != 200) {
      status = std::exchange(next_status_, 200);
      answer = R"({"message":"come back later"})";
    } else {
      const auto done = perform(request.starts_with("POST /v1/sqlite/batch "), json::parse(body).as_object());
      if (done) {
        answer = json::serialize(*done);
      } else {
        // As the service reports what libSQL refuses.
        status = 400;
        const bool conflict = done.error().code() == Errc::conflict;
        answer = json::serialize(
            json::object{{"message", (conflict ? "SQLITE_CONSTRAINT: " : "SQLITE_ERROR: ") + done.error().message()}});
      }
    }
    connection.send("HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Type: application/json\r\nContent-Length: " +
                    std::to_string(answer.size()) + "\r\nConnection: close\r\n\r\n" + answer);
  }

  Result<json::value> perform(bool batch, const json::object& request) {
    std::vector<std::string> texts;
    std::vector<Statement> statements;
    const auto add = [&](const json::value& statement) {
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
    const bool write = !batch || request.at("mode") == "write";
    std::vector<QueryResult> results;
    if (batch) {
      OFFX_ASSIGN(results, store_->batch(statements, write ? Mode::write : Mode::read));
    } else {
      OFFX_ASSIGN(auto result, store_->execute(statements[0].sql, statements[0].params));
      results.push_back(std::move(result));
    }
    json::array sets;
    for (const auto& result : results) {
      json::array rows;
      for (std::size_t i = 0; i < result.rows(); ++i) {
        json::array row;
        for (const auto& cell : result.row(i)) row.push_back(to_json(cell));
        rows.push_back(row);
      }
      json::array columns;
      json::array types;
      for (const auto& column : result.columns()) {
        columns.emplace_back(column);
        types.emplace_back(column == "r" ? "REAL" : "");
      }
      sets.push_back(json::object{
          {"columns", columns},
          {"columnTypes", types},
          {"rows", rows},
          {"rowsAffected", result.rows_affected()},
          {"lastInsertRowid",
           result.last_insert_rowid() ? json::value(std::to_string(*result.last_insert_rowid())) : json::value()}});
    }
    return batch ? json::value(sets) : sets[0];
  }

  QueryResult run(std::string_view sql, const Params& params = {}) { return must(client_->execute(sql, params)); }
  Error error_of(std::string_view sql, const Params& params = {}) {
    auto result = client_->execute(sql, params);
    EXPECT_FALSE(result.has_value()) << sql;
    return result ? Error(Errc::internal, "") : std::move(result).error();
  }

  std::unique_ptr<DatabaseClient> store_;
  int next_status_ = 200;
  net::LocalServer server_;
  std::unique_ptr<DatabaseClient> client_;
};

TEST_F(ValTown, values_go_in_as_they_are_and_come_out_as_javascript_has_them) {
  run("CREATE TABLE t (i INTEGER, r REAL, s TEXT, b BLOB)");
  const auto inserted = run("INSERT INTO t VALUES (?, ?, ?, ?)",
                            {std::numeric_limits<std::int64_t>::min(), 5.0, "it's \"5\"", Blob{std::byte{1}}});
  EXPECT_EQ(inserted.rows_affected(), 1);
  EXPECT_EQ(inserted.last_insert_rowid(), 1);
  EXPECT_THAT(run("SELECT r, s, CAST(i AS TEXT), hex(b), NULL, typeof(i), typeof(r) FROM t").row(0),
              ElementsAre(Value{5.0}, Value{"it's \"5\""}, Value{"-9223372036854775808"}, Value{"01"}, Value{},
                          Value{"integer"}, Value{"real"}));
  EXPECT_THAT(run("SELECT 7, 0.5").row(0), ElementsAre(Value{7}, Value{0.5}));
  EXPECT_EQ(error_of("SELECT b FROM t").code(), Errc::unsupported);
}

TEST_F(ValTown, batches_are_whole) {
  run("CREATE TABLE t (v INTEGER UNIQUE)");
  const std::vector<Statement> good = {{"INSERT INTO t VALUES (?)", {1}}, {"SELECT count(*) FROM t", {}}};
  EXPECT_EQ(must(client_->batch(good, Mode::write))[1].row(0)[0], Value{1});
  const std::vector<Statement> bad = {{"INSERT INTO t VALUES (2)", {}}, {"INSERT INTO t VALUES (1)", {}}};
  EXPECT_EQ(client_->batch(bad, Mode::write).error().code(), Errc::conflict);
  EXPECT_EQ(run("SELECT count(*) FROM t").row(0)[0], Value{1});
  EXPECT_EQ(client_->batch(bad, Mode::read).error().code(), Errc::invalid_argument);
}

TEST_F(ValTown, errors_say_what_to_do) {
  EXPECT_EQ(error_of("SELEC 1").code(), Errc::invalid_argument);
  next_status_ = 429;
  const auto busy = error_of("INSERT INTO t VALUES (1)");
  EXPECT_EQ(busy.code(), Errc::unavailable);
  EXPECT_THAT(busy.message(), HasSubstr("too many requests"));
  next_status_ = 502;
  EXPECT_THAT(error_of("INSERT INTO t VALUES (1)").message(), HasSubstr("may have been applied"));
  next_status_ = 502;
  EXPECT_THAT(error_of("SELECT 1").message(), testing::Not(HasSubstr("applied")));
  auto stranger = must(create_database_client("valtown://" + server_.place() + "?tls=0&authToken=other"));
  EXPECT_EQ(stranger->execute("SELECT 1").error().code(), Errc::invalid_argument);
}

TEST(ValTownAddress, needs_a_token) {
  unsetenv("OFFX_DB_AUTH_TOKEN");
  const auto client = create_database_client("valtown:");
  ASSERT_FALSE(client.has_value());
  EXPECT_THAT(client.error().message(), HasSubstr("OFFX_DB_AUTH_TOKEN"));
  setenv("OFFX_DB_AUTH_TOKEN", "t", 1);
  EXPECT_EQ(must(create_database_client("valtown:"))->description(), "valtown:api.val.town");
  unsetenv("OFFX_DB_AUTH_TOKEN");
}

}  // namespace
}  // namespace offx::db::valtown
