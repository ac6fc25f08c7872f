// The handlers of the database, its migrations and backups.

#include <fstream>

#include "api/test_routes.h"

namespace offx::api {
namespace {

namespace json = boost::json;

class DatabaseRoutes : public RoutesTest {};

TEST_F(DatabaseRoutes, the_database_shows_its_tables_and_migrations) {
  const auto database = ask("/database");
  bool seen = false;
  for (const auto& table : database.at("tables").as_array()) {
    if (table.at("name") != "topics_v1") continue;
    seen = true;
    EXPECT_EQ(table.at("logical"), "topics");
    EXPECT_EQ(table.at("version"), 1);
    EXPECT_EQ(table.at("live"), false);
  }
  EXPECT_TRUE(seen);
  EXPECT_EQ(database.at("drift"), 0);
  EXPECT_EQ(database.at("migrations").at(0).at("name"), "topics_v2");
  EXPECT_EQ(database.at("migrations").at(0).at("phase"), "live");
  EXPECT_EQ(database.at("migrations").at(0).at("kept"), true) << "for the release before";
  const Pairs name = {{"name", "topics_v2"}};
  EXPECT_EQ(call("POST", "/database/migrations/{name}/pause", name).body.at("paused"), true);
  EXPECT_EQ(call("POST", "/database/migrations/{name}/resume", name).body.at("paused"), false);
  {
    // As a server says of its own tables.
    const auto use = must(store::announce(*client_, "a server"));
    const auto refused = call("POST", "/database/migrations/{name}/rollback", name);
    EXPECT_EQ(refused.status, 409);
    EXPECT_THAT(refused.error, testing::HasSubstr("a server"));
    EXPECT_EQ(call("POST", "/database/migrations/{name}/rollback", name, {}, {{"force", 1}}).status, 400);
    const auto forced =
        call("POST", "/database/migrations/{name}/rollback", name, {}, {{"force", true}, {"discard", true}});
    EXPECT_EQ(forced.status, 200) << forced.error;
    EXPECT_EQ(forced.body.at("phase"), "rolled_back");
  }
  must(store::initialise(*client_));
  const auto completed = call("POST", "/database/migrations/{name}/complete", name, {}, {{"keep_old", true}});
  EXPECT_EQ(completed.status, 200) << completed.error;
  EXPECT_EQ(completed.body.at("phase"), "completed");
  EXPECT_EQ(completed.body.at("tables").at(0).at("kept_as"), "topics_v1_archived");
  EXPECT_EQ(call("POST", "/database/migrations/{name}/rollback", name).status, 409);
  EXPECT_EQ(call("POST", "/database/migrations/{name}/complete", {{"name", "x"}}).status, 404);
}

TEST_F(DatabaseRoutes, backups_are_asked_for_listed_given_out_and_removed) {
  EXPECT_EQ(ask("/database/backups").at("backups").as_array().size(), 0U);
  EXPECT_EQ(call("POST", "/database/backups").body.at("run").at("kind"), "backup");
  const auto backups = services_.data_folder / "backups";
  std::filesystem::create_directories(backups);
  std::ofstream(backups / "offx-2026.db") << "data";
  std::ofstream(backups / ".partial") << "data";
  std::ofstream(services_.data_folder / "secret") << "data";
  std::filesystem::create_symlink(services_.data_folder / "secret", backups / "link");
  const auto list = ask("/database/backups").at("backups");
  ASSERT_EQ(list.as_array().size(), 1U);
  EXPECT_EQ(list.at(0).at("name"), "offx-2026.db");
  EXPECT_EQ(list.at(0).at("bytes"), 4);
  const Pairs name = {{"name", "offx-2026.db"}};
  EXPECT_EQ(call("GET", "/database/backups/{name}", name).response.file, backups / "offx-2026.db");
  for (const char* other : {"../secret", "..", ".", "", ".partial", "link", "a/b", "no.db"}) {
    EXPECT_EQ(call("GET", "/database/backups/{name}", {{"name", other}}).status, 404) << other;
    EXPECT_EQ(call("DELETE", "/database/backups/{name}", {{"name", other}}).status, 404) << other;
  }
  EXPECT_EQ(call("DELETE", "/database/backups/{name}", name).status, 204);
  EXPECT_FALSE(std::filesystem::exists(backups / "offx-2026.db"));
}

}  // namespace
}  // namespace offx::api
