// What the jobs of OffX do, with a database and a data folder as a server has them.

#include "jobs/kinds.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/test_support.h"
#include "migrate/linted_client.h"
#include "store/posts.h"
#include "store/store.h"
#include "store/topics.h"

namespace offx::jobs {
namespace {

using std::chrono::hours;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

Timestamp at(std::string_view text) { return parse_time(text).value(); }

class PutClock final : public Clock {
 public:
  explicit PutClock(Timestamp time) : time_(time) {}
  [[nodiscard]] Timestamp now() const override { return time_; }
  void put(Timestamp time) { time_ = time; }

 private:
  Timestamp time_;
};

class JobKinds : public testing::Test {
 protected:
  JobKinds() { must(store::initialise(*client_)); }

  /// A run somebody asked for and a worker has taken.
  store::Run take(std::string_view kind, std::string_view options = "{}") {
    must(repository_.enqueue(kind, kind, options, "ann", clock_.now()));
    return must(repository_.claim("tester", clock_.now(), {{std::string(kind)}, clock_.now() + hours(24), {}})).value();
  }
  Result<Outcome> attempt(const store::Run& run) {
    RunContext context(*client_, clock_, run, boost::json::parse(run.options).as_object());
    return kinds_.find(run.kind)->second(context);
  }
  void end(const store::Run& run) { must(repository_.finish(run, {}, clock_.now())); }
  Result<Outcome> run(std::string_view kind, std::string_view options = "{}") {
    const auto taken = take(kind, options);
    auto outcome = attempt(taken);
    end(taken);
    return outcome;
  }

  std::vector<std::string> asked(std::string_view sql) {
    const auto rows = must(client_->execute(sql));
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < rows.rows(); ++i) texts.push_back(db::to_text(rows.row(i)[0]));
    return texts;
  }
  void write(const std::filesystem::path& path, std::string_view text) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
  }

  TemporaryFolder folder_;
  const std::filesystem::path data_ = folder_ / "data";
  std::unique_ptr<db::DatabaseClient> client_ = migrate::linted(must(db::create_database_client(folder_ / "offx.db")));
  store::JobRepository repository_{*client_};
  PutClock clock_{at("2026-11-20 12:00:00")};
  const Kinds kinds_ = standard_kinds(data_);
};

TEST_F(JobKinds, a_backup_is_never_removed_for_one_made_while_the_clock_was_ahead) {
  const auto backups = data_ / "backups";
  for (const auto* name : {"offx-20271120-030000-1.db", "offx-20271121-030000-2.db"}) {
    write(backups / name, "old");
    std::filesystem::last_write_time(backups / name, std::filesystem::file_time_type::clock::now() - hours(24));
  }
  write(backups / "notes.db", "not ours");
  const auto made = must(run("backup", R"({"keep":2})")).result.at("name").as_string();
  EXPECT_TRUE(std::filesystem::exists(backups / std::string(made)));
  EXPECT_TRUE(std::filesystem::exists(backups / "notes.db"));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(backups), {}), 3);
  // With room for one, the newest is the one.
  clock_.put(clock_.now() + hours(1));
  const auto next = must(run("backup", R"({"keep":1})")).result.at("name").as_string();
  EXPECT_TRUE(std::filesystem::exists(backups / std::string(next)));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(backups), {}), 2);
}

TEST_F(JobKinds, the_clean_up_leaves_posts_whose_date_nobody_can_read) {
  for (const auto* date : {"2026-01-01 00:00:00", "1795000000000", "", "08/22/2026", "2026-11-19 00:00:00"}) {
    must(
        client_->execute("INSERT INTO posts_v1 (external_id, content, platform, created_at, fetched_at) "
                         "VALUES (?1, 'text', 'x', ?1, '2026-11-20 00:00:00')",
                         {std::string(date)}));
  }
  EXPECT_EQ(must(run("cleanup", R"({"posts_keep_days":30})")).result.at("posts").as_uint64(), 1U);
  EXPECT_THAT(asked("SELECT created_at FROM posts_v1 ORDER BY id"),
              ElementsAre("1795000000000", "", "08/22/2026", "2026-11-19 00:00:00"));
}

TEST_F(JobKinds, a_clean_up_asks_before_it_believes_a_clock_that_has_jumped) {
  const auto add_post = [&](const std::string& date) {
    must(
        client_->execute("INSERT INTO posts_v1 (external_id, content, platform, created_at, fetched_at) "
                         "VALUES (?1, 'text', 'x', ?1, ?1)",
                         {date}));
  };
  const auto posts = [&] { return asked("SELECT created_at FROM posts_v1 ORDER BY id"); };
  constexpr auto kOptions = R"({"posts_keep_days":30})";
  must(client_->execute("UPDATE jobs_v1 SET created_at = '2026-11-10 00:00:00'"));
  // A run of its own, as it ends by itself.
  const auto clean = [&](const std::string& options) {
    const auto taken = take("cleanup", options);
    auto outcome = attempt(taken);
    store::RunEnd how;
    if (!outcome) how.state = store::RunState::failed;
    must(repository_.finish(taken, how, clock_.now()));
    return outcome;
  };
  add_post("2026-11-01 00:00:00");
  const auto first = clean(kOptions);  // ten days after the job was made
  ASSERT_FALSE(first);
  EXPECT_EQ(first.error().code(), Errc::invalid_argument);
  must(clean(R"({"posts_keep_days":30,"force":true})"));
  clock_.put(at("2026-11-21 12:00:00"));
  must(clean(kOptions));

  for (int i = 0; i < 2; ++i) {
    clock_.put(at("2027-11-21 12:00:00") + hours(i));
    const auto jumped = clean(kOptions);
    ASSERT_FALSE(jumped);
    EXPECT_THAT(jumped.error().message(), HasSubstr(":00:00, 365 days after the last clean-up"));
    EXPECT_THAT(posts(), ElementsAre("2026-11-01 00:00:00"));
  }
  // Put back, it goes on; and what was done while it was ahead says nothing.
  clock_.put(at("2026-11-22 12:00:00"));
  EXPECT_EQ(must(clean(kOptions)).result.at("posts").as_uint64(), 0U);

  // A person who knows that it is right says so once.
  clock_.put(at("2027-11-21 15:00:00"));
  EXPECT_EQ(must(clean(R"({"posts_keep_days":30,"force":true})")).result.at("posts").as_uint64(), 1U);
  clock_.put(at("2027-11-22 12:00:00"));
  must(clean(kOptions));
  // If it was not right after all, the runs before it are gone too, and nobody knows when the last one was.
  clock_.put(at("2026-11-23 12:00:00"));
  EXPECT_FALSE(clean(kOptions));
  clock_.put(at("2026-11-23 13:00:00"));
  must(clean(R"({"force":true})"));
  // One that comes once a month may rest for two.
  must(client_->execute("UPDATE jobs_v1 SET schedule = '0 3 1 * *' WHERE name = 'cleanup'"));
  clock_.put(at("2027-01-10 12:00:00"));
  must(clean(kOptions));
  // So may one that comes on three days of each, whatever is next.
  must(client_->execute("UPDATE jobs_v1 SET schedule = '0 3 1,2,3 * *' WHERE name = 'cleanup'"));
  clock_.put(at("2027-02-01 03:00:00"));
  must(clean(kOptions));
}

constexpr std::string_view kPost =
    R"({"external_id":"1","platform":"x","content":"The harbour is closed today because of the storm.","created_at":"2026-11-19T10:00:00Z"})";

TEST_F(JobKinds, an_import_whose_upload_is_gone_already_is_done) {
  write(data_ / "uploads" / "a.jsonl", kPost);
  const auto run = take("import", R"({"file":")" + (data_ / "uploads" / "a.jsonl").string() + R"("})");
  EXPECT_THAT(must(attempt(run)).message, HasSubstr("1 new"));
  EXPECT_FALSE(std::filesystem::exists(data_ / "uploads" / "a.jsonl"));
  // The process ended before it could say so.
  EXPECT_THAT(must(attempt(run)).message, HasSubstr("1 new"));
  end(run);
  // One that nobody imported is waited for.
  const auto missing = attempt(take("import", R"({"file":")" + (data_ / "uploads" / "b.jsonl").string() + R"("})"));
  EXPECT_EQ(missing.error().code(), Errc::unavailable);
}

TEST_F(JobKinds, an_import_tells_its_broken_items_one_by_one) {
  std::string lines(kPost);
  for (int i = 0; i < 60; ++i) lines += "\nnot json";
  write(data_ / "uploads" / "a.jsonl", lines);
  const auto outcome = must(run("import", R"({"file":")" + (data_ / "uploads" / "a.jsonl").string() + R"("})"));
  EXPECT_EQ(outcome.result.at("broken").as_int64(), 60);
  const auto& problems = outcome.result.at("problems").as_array();
  ASSERT_EQ(problems.size(), 50U);
  EXPECT_EQ(problems[0].at("number").as_uint64(), 2U);
  EXPECT_EQ(problems[0].at("where").as_string(), "line 2");
  EXPECT_THAT(std::string(problems[0].at("reason").as_string()), HasSubstr("correct the line or remove it"));
}

TEST_F(JobKinds, an_import_that_fails_speaks_of_the_file_by_the_name_it_was_sent_with) {
  write(data_ / "uploads" / "0123abcd.txt", "just some notes\nof mine\n");
  const auto failed =
      run("import", R"({"name":"notes.txt","file":")" + (data_ / "uploads" / "0123abcd.txt").string() + R"("})");
  ASSERT_FALSE(failed);
  const auto told = failed.error().to_string();
  EXPECT_THAT(told, HasSubstr("notes.txt: the format cannot be told: choose it (jsonl, csv,"));
  EXPECT_THAT(told, Not(HasSubstr("0123abcd")));
  EXPECT_THAT(told, Not(HasSubstr("--format")));
}

TEST_F(JobKinds, a_rule_that_cannot_be_read_does_not_fail_an_import) {
  store::Topic topic;
  topic.title = "Weather";
  topic.rule = "storm";
  must(store::TopicRepository(*client_).add(topic, clock_.now()));
  must(client_->execute("UPDATE topic_rules_v1 SET rule = '((' "));
  write(data_ / "uploads" / "a.jsonl", kPost);
  const auto outcome = must(run("import", R"({"file":")" + (data_ / "uploads" / "a.jsonl").string() + R"("})"));
  EXPECT_THAT(outcome.message, HasSubstr("not filed yet"));
  EXPECT_FALSE(std::filesystem::exists(data_ / "uploads" / "a.jsonl"));
}

TEST_F(JobKinds, forced_summaries_are_made_once_however_often_the_run_is_tried) {
  store::Topic topic;
  topic.title = "Weather";
  topic.rule = "storm";
  must(store::TopicRepository(*client_).add(topic, clock_.now()));
  write(data_ / "uploads" / "a.jsonl", kPost);
  must(run("import", R"({"file":")" + (data_ / "uploads" / "a.jsonl").string() + R"("})"));
  EXPECT_EQ(must(run("summarise")).result.at("made").as_uint64(), 1U);
  clock_.put(clock_.now() + hours(1));
  const auto forced = take("summarise", R"({"force":true})");  // handed back, it is the first attempt again
  EXPECT_EQ(must(attempt(forced)).result.at("made").as_uint64(), 1U);
  EXPECT_EQ(must(attempt(forced)).result.at("made").as_uint64(), 0U);
}

}  // namespace
}  // namespace offx::jobs
