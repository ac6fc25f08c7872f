// The handlers of sources and imports.

#include <fstream>

#include "api/test_routes.h"
#include "store/jobs.h"
#include "store/summaries.h"

namespace offx::api {
namespace {

namespace json = boost::json;

class SourceRoutes : public RoutesTest {};

TEST_F(SourceRoutes, sources_and_numbers) {
  EXPECT_EQ(ask("/stats").at("posts"), 0);
  EXPECT_TRUE(ask("/sources").at("last_import").is_null());
  import(line("1", "a", "2026-08-20T08:00:00Z") + line("2", "b", "2026-08-22T08:00:00Z"));
  must(store::add_import(*client_, {7, "a.jsonl", "jsonl", clock_.time, clock_.time, 2, 0, 0, 1}));
  must(store::add_import(*client_, {8, "b.jsonl", "jsonl", clock_.time, clock_.time, 0, 0, 2, 0}));
  const auto sources = ask("/sources");
  EXPECT_EQ(sources.at("sources"), json::parse(R"([{"platform":"x","posts":2,"newest_at":"2026-08-22T08:00:00Z",
                                                    "oldest_at":"2026-08-20T08:00:00Z"}])"));
  EXPECT_EQ(sources.at("last_import").at("id"), 8);
  const auto stats = ask("/stats");
  EXPECT_EQ(stats.at("per_day").as_array().size(), 30U);
  EXPECT_EQ(stats.at("per_day").at(27).at("posts"), 1);
  EXPECT_EQ(stats.at("per_day").at(28).at("posts"), 0);
  EXPECT_EQ(stats.at("per_day").at(29).at("day"), "2026-08-22");
  EXPECT_EQ(stats.at("last_post_at"), "2026-08-22T08:00:00Z");
  EXPECT_EQ(stats.at("database").at("engine"), "sqlite");
  EXPECT_GT(stats.at("database").at("bytes").as_int64(), 100'000);
  auto imports = ask("/imports", {}, {{"limit", "1"}});
  EXPECT_EQ(imports.at("imports").at(0).at("source"), "b.jsonl");
  imports = ask("/imports", {}, {{"limit", "1"}, {"after", std::string(imports.at("next").as_string())}});
  EXPECT_EQ(imports.at("imports").at(0).at("added"), 2);
  EXPECT_EQ(imports.at("imports").at(0).at("broken"), 1);
  EXPECT_TRUE(imports.at("next").is_null());
}

TEST_F(SourceRoutes, an_upload_waits_for_the_run_that_imports_it) {
  const auto upload = [&](const Pairs& query, const std::string& bytes) {
    net::HttpRequest http;
    http.method = "POST";
    http.body_file = folder_ / "upload";
    std::ofstream(http.body_file, std::ios::binary) << bytes;
    return call(http, "/imports", {}, query);
  };
  const auto answer = upload({{"filename", "my posts.jsonl.gz"}, {"format", "jsonl"}, {"platform", "x"}}, "{}");
  ASSERT_EQ(answer.status, 202) << answer.error;
  const auto run = must(store::JobRepository(*client_).run(answer.body.at("run").at("id").as_int64()));
  const auto options = json::parse(run.options);
  EXPECT_EQ(run.kind, "import");
  EXPECT_EQ(options.at("name"), "my posts.jsonl.gz");
  EXPECT_EQ(options.at("format"), "jsonl");
  const std::filesystem::path file(std::string(options.at("file").as_string()));
  EXPECT_EQ(file.parent_path(), services_.data_folder / "uploads");
  EXPECT_TRUE(file.string().ends_with(".jsonl.gz"));
  EXPECT_EQ(std::filesystem::file_size(file), 2U);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "upload"));

  EXPECT_EQ(upload({}, "{}").field, "filename");
  EXPECT_EQ(upload({{"filename", "../../etc/passwd"}}, "{}").field, "filename");
  EXPECT_EQ(upload({{"filename", std::string("a\nb")}}, "{}").field, "filename");
  EXPECT_EQ(upload({{"filename", "a"}, {"format", "word"}}, "{}").field, "format");
  EXPECT_EQ(upload({{"filename", "a"}, {"mode", "x"}}, "{}").field, "mode");
  EXPECT_EQ(upload({{"filename", "a"}}, "").status, 400);
  EXPECT_EQ(wakes_, 1);
}

}  // namespace
}  // namespace offx::api
