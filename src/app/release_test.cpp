#include "app/release.h"

#include <cstdlib>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "base/test_support.h"
#include "base/version.h"

namespace offx::app {
namespace {

std::string file_of(const std::string& release) { return OFFX_SOURCE_DIR "/schema/releases/" + release + ".json"; }

// OFFX_WRITE_RELEASE=1 writes the file anew; what changed is then seen in the repository.
TEST(Release, TheFileOfThisReleaseSaysWhatTheProgramDoes) {
  const auto text = migrate::to_json(must(this_release()));
  const auto path = file_of(version());
  if (std::getenv("OFFX_WRITE_RELEASE") != nullptr) std::ofstream(path, std::ios::binary) << text;
  std::ostringstream written;
  written << std::ifstream(path, std::ios::binary).rdbuf();
  EXPECT_TRUE(written.str() == text)
      << path << " is not what this program does. If release " << version()
      << " is out, the catalogue or the tables changed: give the program its next version (CMakeLists.txt). Then write "
         "the file: OFFX_WRITE_RELEASE=1 build/release/src/app/offx_app_test --gtest_filter='Release.*'";
}

TEST(Release, TheFileIsReadBack) {
  const auto release = must(this_release());
  const auto read = must(migrate::read_release(file_of(version())));
  EXPECT_EQ(migrate::to_json(read), migrate::to_json(release));
  EXPECT_FALSE(read.program.statements.empty());
}

// Old code goes on while this release's migrations run, and so does new code: what must be true before anything ships.
TEST(Release, ItsMigrationsLetTheReleaseBeforeGoOn) {
  const auto previous = must(previous_release(OFFX_SOURCE_DIR "/schema/releases"));
  const auto input = must(check_against(previous));
  if (input.migrations.empty()) GTEST_SKIP() << "no table has another version than in release " << previous.name;
  const auto report = must(migrate::check_compatibility(input));
  for (const auto& failure : report.failures) {
    ADD_FAILURE() << failure.side << " " << failure.statement << ", " << testing::PrintToString(failure.moments) << ": "
                  << failure.what << "\n"
                  << failure.sql;
  }
  EXPECT_GT(report.runs, 1000);
}

}  // namespace
}  // namespace offx::app
