#pragma once

#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/test_support.h"
#include "sources/byte_source.h"
#include "sources/reader.h"

namespace offx::sources {

/// 2026-06-01 12:00:00, later than all dates in the fixtures but one.
class FixedClock final : public Clock {
 public:
  [[nodiscard]] Timestamp now() const override { return *parse_time("2026-06-01 12:00:00"); }
};

/// All that one reading gives.
struct Reading {
  std::vector<store::Post> posts;
  std::vector<Problem> problems;
  ReadSummary summary;
  std::optional<Format> format;  ///< as on_format told it
  std::string database;          ///< the bytes on_database was given
  std::string error;             ///< empty if it succeeded
};

inline Reading read(const Input& input, ReadOptions options = {}) {
  static const FixedClock kClock;
  Reading reading;
  options.clock = &kClock;
  ReadCallbacks callbacks;
  callbacks.on_post = [&](store::Post&& post) -> Result<void> {
    reading.posts.push_back(std::move(post));
    return {};
  };
  callbacks.on_problem = [&](const Problem& problem) -> Result<void> {
    reading.problems.push_back(problem);
    return {};
  };
  callbacks.on_format = [&](Format format) { reading.format = format; };
  callbacks.on_database = [&](ByteSource& bytes, const auto& /*take*/) -> Result<void> {
    OFFX_ASSIGN(reading.database, read_all(bytes, 1U << 20U));
    return {};
  };
  auto summary = read_posts(input, options, callbacks);
  if (summary) {
    reading.summary = *summary;
  } else {
    reading.error = summary.error().to_string();
  }
  return reading;
}

inline std::string fixture_path(const std::string& name) {
  return std::string(OFFX_SOURCE_DIR) + "/tests/data/sources/" + name;
}

inline std::string slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.good()) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

inline Reading read_fixture(const std::string& name) {
  Input input;
  input.name = fixture_path(name);
  return read(input);
}

inline Reading read_text(std::string_view text, std::optional<Format> format = std::nullopt,
                         const std::string& base_url = {}) {
  Input input;
  input.name = "test";
  input.bytes = text;
  input.base_url = base_url;
  ReadOptions options;
  options.format = format;
  return read(input, options);
}

inline std::string time_of(const store::Post& post) { return to_sql_time(post.created_at); }

}  // namespace offx::sources
