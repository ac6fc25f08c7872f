// Answers of servers that are cut off, broken, or come in another form than usual: none is believed, and nothing that
// answers brings this process down.

#include <array>
#include <atomic>
#include <cstdio>
#include <initializer_list>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/test_support.h"
#include "db/client.h"
#include "db/http/transport.h"
#include "db/libsql/hrana.h"
#include "db/outage.h"
#include "db/rqlite/wire.h"
#include "net/local_server.h"

namespace offx::db {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kRead = "SELECT n, t, b, r, z FROM t";
constexpr std::string_view kWrite = "INSERT INTO t (n) VALUES (7) RETURNING id";

const std::string kHranaRead =
    R"({"baton":null,"base_url":null,"results":[{"type":"ok","response":{"type":"execute","result":{"cols":[],)"
    R"("rows":[],"affected_row_count":0}}},{"type":"ok","response":{"type":"execute","result":{"cols":[{"name":"n"},)"
    R"({"name":null},{"name":"n"},{"name":"r"},{"name":"z"}],"rows":[[{"type":"integer","value":"-9223372036854775808"},)"
    R"({"type":"text","value":"x\u0000y"},{"type":"blob","base64":"AQI"},{"type":"float","value":1.5},{"type":"null"}]],)"
    R"("affected_row_count":0,"last_insert_rowid":null}}},{"type":"ok","response":{"type":"close"}}]})";
const std::string kHranaWrite =
    R"({"baton":null,"base_url":null,"results":[{"type":"ok","response":{"type":"execute","result":{"cols":[{"name":"id"}],)"
    R"("rows":[[{"type":"integer","value":"1"}]],"affected_row_count":1,"last_insert_rowid":"1"}}},)"
    R"({"type":"ok","response":{"type":"close"}}]})";
const std::string kRqliteRead =
    R"({"results":[{"columns":["n","","n","r","z"],"types":["integer","text","blob","real","text"],)"
    R"("values":[[-9223372036854775808,"x\u0000y","AQI=",1.5,null]]}],"time":0.1})";
const std::string kRqliteWrite =
    R"({"results":[{"columns":["id"],"types":["integer"],"values":[[1]]},{"columns":["last"],"types":[""],)"
    R"("values":[[1]]}]})";
const std::string kRqliteProbe = R"({"results":[{"columns":["foreign_keys"],"types":["integer"],"values":[[1]]}]})";

// --- What is read of an answer

/// The statement's result as `answer` has it, by the codec of an engine.
using Read = Result<QueryResult> (*)(std::string answer, std::string_view sql);

Result<QueryResult> read_hrana(std::string answer, std::string_view sql) {
  const Statement statement{sql, {}};
  const auto pipeline = must(libsql::write_pipeline(std::span(&statement, 1), libsql::Wrap::none));
  OFFX_ASSIGN(auto read, libsql::read_answer(answer, pipeline, libsql::Wrap::none));
  OFFX_ASSIGN(auto results, std::move(read.results));
  return std::move(results.front());
}

Result<QueryResult> read_rqlite(std::string answer, std::string_view sql) {
  const Statement statement{sql, {}};
  const auto request = must(rqlite::write_request(std::span(&statement, 1)));
  OFFX_ASSIGN(auto results, rqlite::read_answer(answer, request));
  return std::move(results.front());
}

struct Case {
  Read read;
  std::string_view sql;
  const std::string* answer;
};

std::initializer_list<Case> cases() {
  static const std::initializer_list<Case> kCases = {{&read_hrana, kRead, &kHranaRead},
                                                     {&read_hrana, kWrite, &kHranaWrite},
                                                     {&read_rqlite, kRead, &kRqliteRead},
                                                     {&read_rqlite, kWrite, &kRqliteWrite}};
  return kCases;
}

TEST(Answers, that_are_whole_are_read) {
  for (const auto& [read, sql, answer] : cases()) {
    const auto result = must(read(*answer, sql));
    ASSERT_EQ(result.rows(), 1U);
    if (sql == kWrite) {
      EXPECT_EQ(result.last_insert_rowid(), 1);
      continue;
    }
    EXPECT_THAT(result.columns(), ElementsAre("n", "", "n", "r", "z"));
    EXPECT_THAT(result.row(0),
                ElementsAre(Value{std::numeric_limits<std::int64_t>::min()}, Value{std::string("x\0y", 3)},
                            Value{Blob{std::byte{1}, std::byte{2}}}, Value{1.5}, Value{}));
  }
}

TEST(Answers, that_are_cut_off_anywhere_are_refused) {
  for (const auto& [read, sql, answer] : cases()) {
    for (std::size_t length = 0; length < answer->size(); ++length) {
      const auto result = read(answer->substr(0, length), sql);
      ASSERT_FALSE(result.has_value()) << answer->substr(0, length);
      EXPECT_EQ(result.error().code(), Errc::corrupt) << answer->substr(0, length);
      EXPECT_EQ(result.error().message().find("may have been applied") != std::string::npos, sql == kWrite)
          << result.error().message();
    }
  }
}

TEST(Answers, with_any_byte_changed_break_nothing) {
  std::size_t refused = 0;
  for (const auto& [read, sql, answer] : cases()) {
    for (std::size_t at = 0; at < answer->size(); ++at) {
      for (const char other : {'"', 'x', '0', '}', ']', ',', '-', '\0', '\xff'}) {
        auto changed = *answer;
        changed[at] = other;
        const auto result = read(changed, sql);
        if (!result) {
          ++refused;
          continue;
        }
        for (std::size_t row = 0; row < result->rows(); ++row) {
          EXPECT_EQ(result->row(row).size(), result->columns().size()) << changed;
        }
      }
    }
  }
  EXPECT_GT(refused, 5'000U);
}

/// `answer` with the first `part` in it replaced.
std::string with(std::string answer, std::string_view part, std::string_view other) {
  const auto at = answer.find(part);
  EXPECT_NE(at, std::string::npos) << part;
  return answer.replace(at, part.size(), other);
}

TEST(Answers, with_values_of_other_types_are_refused) {
  for (const auto& [part, other] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {R"({"type":"integer","value":"-9223372036854775808"})",
            R"({"type":"integer","value":"9223372036854775808"})"},
           {R"({"type":"integer","value":"-9223372036854775808"})", R"({"type":"integer","value":1.5})"},
           {R"({"type":"integer","value":"-9223372036854775808"})", R"({"type":"integer"})"},
           {R"({"type":"integer","value":"-9223372036854775808"})", R"({})"},
           {R"({"type":"integer","value":"-9223372036854775808"})", R"({"value":"1","type":"integer"})"},
           {R"({"type":"integer","value":"-9223372036854775808"})", R"({"type":"decimal","value":"1"})"},
           {R"({"type":"integer","value":"-9223372036854775808"},)", ""},
           {R"({"type":"null"})", R"({"type":"null"},{"type":"null"})"},
           {R"({"type":"null"})", "null"},
           {R"({"type":"text","value":"x\u0000y"})", R"({"type":"text","value":7})"},
           {R"({"type":"blob","base64":"AQI"})", R"({"type":"blob","base64":"A"})"},
           {R"({"type":"blob","base64":"AQI"})", R"({"type":"blob"})"},
           {R"("value":1.5)", R"("value":1e999)"},
           {R"({"name":"z"})", "null"},
           {R"("results":[)", R"("results":nil,"x":[)"},
           {R"("baton":null)", R"("baton":nope)"},
           {R"("baton":null)", R"("baton":[])"}}) {
    const auto result = read_hrana(with(kHranaRead, part, other), kRead);
    ASSERT_FALSE(result.has_value()) << part << " → " << other;
    EXPECT_EQ(result.error().code(), Errc::corrupt) << part << " → " << other;
  }
  for (const auto& [part, other] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {R"("AQI=")", R"("A")"},
           {"1.5", "1e999"},
           {"1.5", "[1]"},
           {"1.5", "{}"},
           {"1.5,null", "1.5"},
           {"null", "null,null"},
           {R"("columns":["n")", R"("columns":[7)"},
           {R"("real","text"],"values")", R"("real"],"values")"},
           {R"("results":[)", R"("results":nil,"x":[)"}}) {
    const auto result = read_rqlite(with(kRqliteRead, part, other), kRead);
    ASSERT_FALSE(result.has_value()) << part << " → " << other;
    EXPECT_EQ(result.error().code(), Errc::corrupt) << part << " → " << other;
  }
  EXPECT_EQ(read_rqlite(R"({"results":[{"columns":[],"types":[],"values":[]},{}]})", kWrite).error().code(),
            Errc::unsupported);
}

TEST(Answers, say_what_failed_and_not_what_closing_made_of_it) {
  const auto closed = with(kHranaWrite, R"({"type":"ok","response":{"type":"close"}})",
                           R"({"type":"error","error":{"message":"the stream is gone","code":"STREAM_EXPIRED"}})");
  EXPECT_EQ(must(read_hrana(closed, kWrite)).last_insert_rowid(), 1) << "the write was applied";
}

TEST(Answers, that_tell_of_a_full_disk_or_a_lock_are_told_to_everybody) {
  const auto outage = [](const Result<QueryResult>& result) {
    return std::string(outage_of(result ? Error(Errc::internal, "it went well") : result.error()).reason);
  };
  const auto hrana = [&](const std::string& code) {
    return outage(
        read_hrana(R"({"results":[{"type":"error","error":{"message":"m","code":")" + code + R"("}}]})", kWrite));
  };
  const auto rqlite = [&](const std::string& message) {
    return outage(read_rqlite(R"({"results":[{"error":")" + message + R"("}]})", kWrite));
  };
  EXPECT_THAT(hrana("SQLITE_FULL"), HasSubstr("disk of the database is full"));
  EXPECT_THAT(rqlite("database or disk is full"), HasSubstr("disk of the database is full"));
  EXPECT_THAT(hrana("SQLITE_BUSY"), HasSubstr("locked"));
  EXPECT_THAT(rqlite("database is locked"), HasSubstr("locked"));
  EXPECT_THAT(hrana("SQLITE_IOERR_READ"), HasSubstr("disk of the database fails"));
}

// --- What comes over the wire

class Wire : public testing::TestWithParam<std::string> {
 protected:
  static std::string head(const std::string& more) {
    return "HTTP/1.1 200 OK\r\nConnection: close\r\n" + more + "\r\n";
  }
  static std::string whole(const std::string& body) {
    return head("Content-Length: " + std::to_string(body.size()) + "\r\n") + body;
  }
  static std::string chunk(const std::string& bytes) {
    std::array<char, 20> size{};
    std::snprintf(size.data(), size.size(), "%zx\r\n", bytes.size());
    return size.data() + bytes + "\r\n";
  }

  /// What the server sends for this request, if it is one of the test's.
  std::string (*answer_)(const std::string& body) = nullptr;

  Result<QueryResult> ask(std::string_view sql) {
    std::atomic<int> asked = 0;
    net::LocalServer server([&](net::LocalServer::Connection& connection) {
      const auto request = connection.whole_request();
      if (request.find("foreign_keys") != std::string::npos) {
        connection.send(whole(kRqliteProbe));
        return;
      }
      ++asked;
      const bool writes = request.find("INSERT") != std::string::npos;
      const bool rqlite = GetParam().starts_with("rqlite");
      connection.send(answer_(rqlite ? (writes ? kRqliteWrite : kRqliteRead) : (writes ? kHranaWrite : kHranaRead)));
    });
    auto client = must(create_database_client(GetParam() + server.place() + "?timeout_ms=2000"));
    auto result = client->execute(sql);
    EXPECT_TRUE(sql != kWrite || asked == 1) << "a write goes out once, not " << asked << " times";
    return result;
  }
  void expect_good() {
    EXPECT_EQ(must(ask(kRead)).rows(), 1U);
    EXPECT_EQ(must(ask(kWrite)).last_insert_rowid(), 1);
  }
  void expect(Errc code) {
    const auto read = ask(kRead);
    ASSERT_FALSE(read.has_value());
    EXPECT_EQ(read.error().code(), code) << read.error().to_string();
    const auto write = ask(kWrite);
    ASSERT_FALSE(write.has_value());
    EXPECT_EQ(write.error().code(), code) << write.error().to_string();
    EXPECT_THAT(write.error().message(), HasSubstr("may have been applied"));
  }
};

INSTANTIATE_TEST_SUITE_P(Engines, Wire, testing::Values("http://", "rqlite://u:p@"),
                         [](const auto& tested) { return tested.param == "http://" ? "libsql" : "rqlite"; });

TEST_P(Wire, chunks_with_trailers_are_an_answer) {
  answer_ = [](const std::string& body) {
    return head("Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n") + chunk(body.substr(0, 7)) + chunk(body.substr(7)) +
           "0\r\nX-Sum: 1\r\n\r\n";
  };
  expect_good();
}

TEST_P(Wire, what_comes_before_an_answer_is_none) {
  answer_ = [](const std::string& body) {
    return "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + whole(body);
  };
  expect_good();
}

TEST_P(Wire, a_body_that_ends_early_is_no_answer) {
  answer_ = [](const std::string& body) {
    return head("Content-Length: " + std::to_string(body.size() + 1) + "\r\n") + body;
  };
  expect(Errc::unavailable);
  answer_ = [](const std::string& body) { return head("Transfer-Encoding: chunked\r\n") + chunk(body); };
  expect(Errc::unavailable);
  answer_ = [](const std::string& /*body*/) { return std::string(); };
  expect(Errc::unavailable);
}

TEST_P(Wire, what_nobody_asked_to_be_compressed_is_not_understood) {
  answer_ = [](const std::string& /*body*/) {
    return head("Content-Encoding: gzip\r\nContent-Length: 4\r\n") + "\x1f\x8b\x08\x01";
  };
  expect(Errc::corrupt);
}

TEST_P(Wire, what_is_no_http_is_told) {
  answer_ = [](const std::string& /*body*/) { return std::string("SSH-2.0-OpenSSH_9.2\r\n"); };
  expect(Errc::corrupt);
}

TEST(Redirects, of_a_node_to_another_host_are_not_followed_with_our_password) {
  std::atomic<int> strangers = 0;
  net::LocalServer elsewhere([&](net::LocalServer::Connection& connection) {
    ++strangers;
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  });
  std::atomic<int> redirected = 0;
  net::LocalServer node([&](net::LocalServer::Connection& connection) {
    const auto request = connection.whole_request();
    const bool probes = request.find("foreign_keys") != std::string::npos;
    const auto& body = probes ? kRqliteProbe : kRqliteRead;
    if (!probes && request.find("&redirect ") != std::string::npos) {
      ++redirected;
      connection.send("HTTP/1.1 301 Moved\r\nLocation: http://" + elsewhere.place() +
                      "/db/query\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
      return;
    }
    connection.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) +
                    "\r\n\r\n" + body);
  });
  auto client = must(create_database_client("rqlite://u:p@" + node.place() + "?timeout_ms=3000"));
  EXPECT_EQ(must(client->execute(kRead)).rows(), 1U) << "the node hands it on by itself";
  EXPECT_EQ(redirected, 1);
  EXPECT_EQ(strangers, 0);
}

TEST(Transport, gives_up_a_body_that_does_not_go_on) {
  net::LocalServer server([&](net::LocalServer::Connection& connection) {
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc");
    connection.sleep(std::chrono::seconds(60));
  });
  const auto transport = must(http::Transport::create({.silence_max = std::chrono::seconds(1)}));
  const auto begin = std::chrono::steady_clock::now();
  std::string got;
  const auto response = transport->get("http://" + server.place() + "/", begin + std::chrono::hours(12),
                                       [&](std::string_view piece) { return !got.append(piece).empty(); });
  ASSERT_FALSE(response.has_value());
  EXPECT_EQ(response.error().error.code(), Errc::unavailable);
  EXPECT_THAT(response.error().error.message(), HasSubstr("gave no answer in time"));
  EXPECT_EQ(got, "abc");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
}

}  // namespace
}  // namespace offx::db
