// Runs tests/cases/*.case; tests/cases/README.md describes the format.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

#include <gtest/gtest.h>

#include "app/test_support.h"
#include "db/test_servers.h"
#include "store/catalogue.h"
#include "store/store.h"
#include "summary/extractive.h"

namespace offx::app {
namespace {

namespace fs = std::filesystem;
using Row = std::map<std::string, std::string>;

struct Line {
  int number = 0;
  std::string text;
};

/// A step with the table or the expected lines that follow it.
struct Step {
  Line line;
  std::string verb;  ///< `given`, `do`, `sql`, …
  std::string rest;
  std::vector<Line> table;
  std::optional<std::vector<std::string>> expected;
};

std::string trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) return "";
  return std::string(text.substr(begin, text.find_last_not_of(' ') - begin + 1));
}

std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells;
  std::string cell;
  bool quoted = false;
  const auto finish = [&] {
    cell = trimmed(cell);
    if (cell.size() >= 2 && cell.front() == '"' && cell.back() == '"') {
      std::string plain;
      for (std::size_t i = 1; i + 1 < cell.size(); ++i) {
        const bool escape = cell[i] == '\\' && i + 2 < cell.size();
        if (escape) ++i;
        plain += escape && cell[i] == 'n' ? '\n' : cell[i];
      }
      cell = plain;
    }
    cells.push_back(std::exchange(cell, {}));
  };
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\' && quoted && i + 1 < line.size()) {
      cell += line[i++];
    } else if (line[i] == '"' && (quoted || trimmed(cell).empty())) {
      quoted = !quoted;
    } else if (line[i] == '|' && !quoted) {
      finish();
      continue;
    }
    cell += line[i];
  }
  finish();
  return cells;
}

class Case {
 public:
  Case(std::string file, const std::string& regime) : file_(std::move(file)), regime_(regime) {
    url_ = regime == "memory"                       ? ":memory:"
           : regime == "sqld" || regime == "rqlite" ? db::empty_database_on(regime)
                                                    : folder_ / "case.db";
  }

  void run() {
    std::vector<Step> steps;
    if (!read(steps)) return;
    for (const auto& step : steps) {
      if (!client_ || regime_ == "reopened") {
        client_.reset();
        auto client = store::open(url_);
        if (!client) return complain(step.line, client.error().to_string());
        client_ = std::move(*client);
      }
      auto lines = perform(step);
      if (!lines) return complain(step.line, lines.error().to_string());
      if (step.expected && *lines != *step.expected) {
        std::string message = "expected:\n";
        for (const auto& line : *step.expected) message += "  " + line + "\n";
        message += "got:\n";
        for (const auto& line : *lines) message += "  " + line + "\n";
        return complain(step.line, message);
      }
      expect_consistent(*client_);
      if (testing::Test::HasFailure()) return complain(step.line, "the database is not consistent behind this");
    }
  }

 private:
  void complain(const Line& line, const std::string& what) {
    ADD_FAILURE_AT(file_.c_str(), line.number) << line.text << "\n" << what;
  }

  bool read(std::vector<Step>& steps) {
    std::ifstream input(file_);
    std::string text;
    bool why = false;
    bool expecting = false;
    for (int number = 1; std::getline(input, text); ++number) {
      const Line line{number, text};
      if (text.empty()) {
        expecting = false;
      } else if (expecting) {
        steps.back().expected->push_back(text);
      } else if (text.starts_with("why: ")) {
        why = true;
      } else if (text.starts_with("  ") && !steps.empty()) {
        steps.back().table.push_back(line);
      } else if (text == "----" && !steps.empty() && !steps.back().expected) {
        steps.back().expected.emplace();
        expecting = true;
      } else {
        const auto blank = text.find(' ');
        const std::string verb = text.substr(0, blank);
        if (verb != "given" && verb != "import" && verb != "do" && verb != "sql" && verb != "search" &&
            verb != "summarize") {
          complain(line, "expected why:, given, import, do, sql, search, summarize, ---- or a table's indented line");
          return false;
        }
        steps.push_back({line, verb, blank == std::string::npos ? "" : text.substr(blank + 1), {}, {}});
      }
    }
    if (!why) complain({1, ""}, "a case begins with `why: ` and what it shows");
    if (steps.empty()) complain({1, ""}, "there are no steps");
    return why && !steps.empty();
  }

  Result<std::vector<Row>> rows_of(const Step& step, const std::vector<std::string>& known) {
    if (step.table.size() < 2) return fail(Errc::invalid_argument, "a table with a header is missing behind this");
    const auto header = cells_of(step.table.front().text);
    for (const auto& name : header) {
      if (std::find(known.begin(), known.end(), name) == known.end()) {
        return fail(Errc::invalid_argument, "there is no column \"" + name + "\"");
      }
    }
    std::vector<Row> rows;
    for (std::size_t i = 1; i < step.table.size(); ++i) {
      const auto cells = cells_of(step.table[i].text);
      if (cells.size() != header.size()) {
        return fail(Errc::invalid_argument, "line " + std::to_string(step.table[i].number) + " has " +
                                                std::to_string(cells.size()) + " cells, the header " +
                                                std::to_string(header.size()));
      }
      Row row;
      for (std::size_t c = 0; c < cells.size(); ++c) row[header[c]] = cells[c];
      rows.push_back(std::move(row));
    }
    return rows;
  }

  Result<std::vector<store::Post>> posts_of(const Step& step) {
    OFFX_ASSIGN(auto rows, rows_of(step, {"external_id", "content", "author", "author_username", "platform",
                                          "created_at", "lang", "reply_to", "quoted_text", "links", "media", "flags"}));
    std::vector<store::Post> posts;
    for (auto& row : rows) {
      store::Post post;
      post.external_id = row["external_id"];
      post.content = row["content"];
      post.author = row["author"];
      post.author_username = row["author_username"];
      post.platform = row["platform"].empty() ? "x" : row["platform"];
      post.fetched_at = clock_.now();
      const auto time =
          row["created_at"].empty() ? clock_.now() - std::chrono::hours(1) : parse_time(row["created_at"]);
      if (!time) return fail(Errc::invalid_argument, "\"" + row["created_at"] + "\" is no time");
      post.created_at = *time;
      post.details.lang = row["lang"];
      post.details.reply_to = row["reply_to"];
      post.details.quoted_text = row["quoted_text"];
      if (!row["links"].empty()) post.details.links = {row["links"]};
      if (!row["media"].empty()) post.media = {{row["media"], "image", std::nullopt}};
      post.details.is_private = row["flags"].find("private") != std::string::npos;
      post.details.is_reply = row["flags"].find("reply") != std::string::npos;
      post.details.is_quote = row["flags"].find("quote") != std::string::npos;
      posts.push_back(std::move(post));
    }
    return posts;
  }

  Result<store::Topic> topic_named(const std::string& title) {
    OFFX_ASSIGN(auto topic, store::TopicRepository(*client_).find(title));
    if (!topic) return fail(Errc::not_found, "there is no topic \"" + title + "\"");
    return std::move(*topic);
  }

  Result<std::vector<std::string>> perform(const Step& step) {
    if (step.verb == "given" && step.rest == "topics") return add_topics(step);
    if (step.verb == "given" && step.rest == "posts") return write_posts(step);
    if (step.verb == "import" && step.rest == "posts") return import_posts(step);
    if (step.verb == "do") return act(step);
    if (step.verb == "search") return found_by(*client_, step.rest);
    if (step.verb == "summarize") return summarize(step);
    if (step.verb == "sql") {
      OFFX_TRY(names_are_known(step.rest));
      return lines_of(*client_, step.rest);
    }
    return fail(Errc::invalid_argument, "there is no such step");
  }

  static Result<void> names_are_known(const std::string& sql) {
    for (auto at = sql.find('{'); at != std::string::npos; at = sql.find('{', at + 1)) {
      const std::string name = sql.substr(at + 1, sql.find('}', at) - at - 1);
      const auto& tables = store::kTables;
      if (std::none_of(std::begin(tables), std::end(tables), [&](const auto& t) { return t.logical == name; })) {
        return fail(Errc::invalid_argument, "there is no table {" + name + "}");
      }
    }
    return {};
  }

  /// Topics as TopicRepository makes them; nothing is filed under them yet.
  Result<std::vector<std::string>> add_topics(const Step& step) {
    OFFX_ASSIGN(auto rows, rows_of(step, {"id", "title", "rule", "description"}));
    for (auto& row : rows) {
      store::Topic topic;
      topic.title = row["title"];
      topic.description = row["description"];
      if (!row["rule"].empty()) topic.rule = row["rule"];
      OFFX_ASSIGN(const auto id, store::TopicRepository(*client_).add(topic, clock_.now()));
      if (row.contains("id") && row["id"] != std::to_string(id)) {
        return fail(Errc::invalid_argument, "topic \"" + topic.title + "\" has got the id " + std::to_string(id));
      }
    }
    return std::vector<std::string>();
  }

  /// Posts as another program writes them: into the tables of version 1, without filing them.
  static constexpr std::string_view kForeignUpsert =
      "INSERT INTO posts_v1 (external_id, content, author, author_username, platform, created_at, fetched_at, url) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (external_id, platform) DO UPDATE SET content = excluded.content, "
      "author = excluded.author, author_username = excluded.author_username, created_at = excluded.created_at";

  Result<std::vector<std::string>> write_posts(const Step& step) {
    OFFX_ASSIGN(auto rows,
                rows_of(step, {"external_id", "content", "author", "author_username", "platform", "created_at"}));
    for (auto& row : rows) {
      const std::string platform = row["platform"].empty() ? "x" : row["platform"];
      const std::string time = row["created_at"].empty() ? "2026-08-22 11:00:00" : row["created_at"];
      OFFX_TRY(client_->execute(kForeignUpsert, {row["external_id"], row["content"], db::text_or_null(row["author"]),
                                                 db::text_or_null(row["author_username"]), platform, time,
                                                 to_sql_time(clock_.now()), db::Value{}}));
    }
    return std::vector<std::string>();
  }

  Result<std::vector<std::string>> import_posts(const Step& step) {
    OFFX_ASSIGN(auto posts, posts_of(step));
    OFFX_ASSIGN(auto rules, pipeline::load_rules(*client_));
    pipeline::Filer filer(std::move(rules));
    std::vector<store::FiledPost> filed;
    for (auto& post : posts) filed.push_back(filer.file(std::move(post)));
    OFFX_ASSIGN(const auto counts, store::PostRepository(*client_).put(filed, filer.rules().revision));
    OFFX_TRY(pipeline::file_unfiled_posts(*client_, clock_, {}));
    return std::vector<std::string>{std::to_string(counts.added) + " new, " + std::to_string(counts.updated) +
                                    " updated, " + std::to_string(counts.unchanged) + " unchanged"};
  }

  Result<std::vector<std::string>> act(const Step& step) {
    const auto blank = step.rest.find(' ');
    const std::string action = step.rest.substr(0, blank);
    auto arguments = cells_of(blank == std::string::npos ? "" : step.rest.substr(blank + 1));
    arguments.resize(2);
    store::TopicRepository topics(*client_);
    if (action == "file_posts") {
      OFFX_TRY(pipeline::file_unfiled_posts(*client_, clock_, {}));
      return std::vector<std::string>();
    }
    OFFX_ASSIGN(auto topic, topic_named(arguments[0]));
    if (action == "edit_topic") {
      topic.rule.reset();
      if (!arguments[1].empty()) topic.rule = arguments[1];
      OFFX_TRY(topics.update(topic, clock_.now()));
      if (topic.rule) OFFX_TRY(pipeline::file_stored_posts(*client_, topic, clock_, {}));
    } else if (action == "refile") {
      OFFX_TRY(pipeline::file_stored_posts(*client_, topic, clock_, {}));
    } else if (action == "remove_topic") {
      OFFX_TRY(topics.remove(topic.id));
    } else if (action == "file_by_hand") {
      OFFX_TRY(client_->execute(store::with_physical_names("INSERT INTO {topic_posts} (topic_id, post_id, added_at) "
                                                           "SELECT ?1, id, ?3 FROM {posts} WHERE external_id = ?2"),
                                {topic.id, arguments[1], to_sql_time(clock_.now())}));
    } else {
      return fail(Errc::invalid_argument, "there is no action \"" + action + "\"");
    }
    return std::vector<std::string>();
  }

  /// `TITLE | since | until`: each sentence, and behind it the external ids of the posts it is from.
  Result<std::vector<std::string>> summarize(const Step& step) {
    const auto arguments = cells_of(step.rest);
    const auto since = parse_time(arguments.size() == 3 ? arguments[1] : "");
    const auto until = parse_time(arguments.size() == 3 ? arguments[2] : "");
    if (!since || !until) return fail(Errc::invalid_argument, "write: summarize TITLE | since | until");
    OFFX_ASSIGN(const auto topic, topic_named(arguments[0]));
    std::vector<store::Post> posts;
    OFFX_TRY(store::PostRepository(*client_).each_in_period(topic.id, *since, *until,
                                                            [&](const auto& post) { posts.push_back(post); }));
    const auto made = summary::summarize(posts);
    std::vector<std::string> lines;
    for (const auto& sentence : made.sentences) {
      std::string line = sentence.text + " [";
      for (const auto n : sentence.posts) {
        const auto& cited = made.posts[n - 1];
        line += (line.ends_with("[") ? "" : ", ") + posts[cited.index].external_id;
        if (cited.said_by > 1) line += ", said by " + std::to_string(cited.said_by);
      }
      lines.push_back(line + "]");
    }
    return lines;
  }

  const std::string file_;
  const std::string regime_;
  const FixedClock clock_;
  const TemporaryFolder folder_;
  std::string url_;
  std::unique_ptr<db::DatabaseClient> client_;
};

class Cases : public testing::TestWithParam<std::tuple<std::string, std::string>> {};

TEST_P(Cases, holds) {
  const auto& [file, regime] = GetParam();
  if (regime == "sqld" || regime == "rqlite") {
    if (const auto missing = db::servers_missing(); !missing.empty()) GTEST_SKIP() << missing;
  }
  Case(file, regime).run();
}

std::vector<std::string> case_files() {
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(OFFX_SOURCE_DIR "/tests/cases")) {
    if (entry.path().extension() == ".case") files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

INSTANTIATE_TEST_SUITE_P(Files, Cases,
                         testing::Combine(testing::ValuesIn(case_files()),
                                          testing::Values("memory", "file", "reopened", "sqld", "rqlite")),
                         [](const auto& tested) {
                           return fs::path(std::get<0>(tested.param)).stem().string() + "_" + std::get<1>(tested.param);
                         });

}  // namespace
}  // namespace offx::app
