// What holds for all formats: detection, compression, cut files, any chunk size.
#include "sources/reader.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <archive.h>
#include <archive_entry.h>
#include <gmock/gmock.h>
#include <zlib.h>
#include <zstd.h>

#include "sources/json_text.h"
#include "sources/test_support.h"

namespace offx::sources {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

const char* const kFixtures[] = {"posts.jsonl", "posts.csv",        "feed.rss",      "feed_rdf.xml",
                                 "feed.atom",   "feed.json",        "mastodon.json", "bluesky.json",
                                 "x_api.json",  "x_api_posts.json", "tweet_old.js",  "x_archive/data/tweets.js"};

std::string gzip(std::string_view text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string in(text);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string zstd(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

/// Each file has its content so many times.
std::string zip(const std::vector<std::pair<std::string, std::string>>& files, std::size_t times = 1) {
  std::string out(4U << 20U, '\0');
  std::size_t used = 0;
  archive* writer = archive_write_new();
  archive_write_set_format_zip(writer);
  archive_write_open_memory(writer, out.data(), out.size(), &used);
  for (const auto& [name, content] : files) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, name.c_str());
    archive_entry_set_size(entry, static_cast<la_int64_t>(content.size() * times));
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_write_header(writer, entry);
    for (std::size_t i = 0; i < times; ++i) archive_write_data(writer, content.data(), content.size());
    archive_entry_free(entry);
  }
  archive_write_close(writer);
  archive_write_free(writer);
  out.resize(used);
  return out;
}

std::vector<std::string> ids(const Reading& reading) {
  std::vector<std::string> out;
  for (const store::Post& post : reading.posts)
    out.push_back(post.external_id + '|' + post.content + '|' + post.author);
  return out;
}

TEST(Reader, NamesFormats) {
  for (const std::string_view name : format_names()) {
    const auto format = parse_format(name);
    ASSERT_TRUE(format) << name;
    EXPECT_EQ(to_string(*format), name);
  }
  EXPECT_EQ(parse_format("X_Archive"), Format::x_archive);
  EXPECT_FALSE(parse_format("jso"));
}

TEST(Reader, TellsFormatsFromTheirBytes) {
  const std::pair<const char*, Format> cases[] = {{"posts.jsonl", Format::jsonl},
                                                  {"posts.csv", Format::csv},
                                                  {"feed.rss", Format::rss},
                                                  {"feed_rdf.xml", Format::rss},
                                                  {"feed.atom", Format::atom},
                                                  {"feed.json", Format::json_feed},
                                                  {"mastodon.json", Format::mastodon},
                                                  {"bluesky.json", Format::bluesky},
                                                  {"x_api.json", Format::x_api},
                                                  {"tweet_old.js", Format::x_archive},
                                                  {"x_archive/data/tweets.js", Format::x_archive}};
  for (const auto& [name, format] : cases) {
    const std::string text = slurp(fixture_path(name));
    EXPECT_EQ(detect_format("x", text), format) << name;
    EXPECT_EQ(detect_format("x", text.substr(0, 1200)), format) << name;
    EXPECT_EQ(read_fixture(name).format, format) << name;
  }
  EXPECT_EQ(read_fixture("x_archive").format, Format::x_archive);
  EXPECT_EQ(detect_format("x", std::string_view("SQLite format 3\0....", 20)), Format::offx_database);
  EXPECT_EQ(detect_format("x", "PK\x03\x04"), Format::x_archive);
  EXPECT_EQ(detect_format("a/posts.NDJSON.gz", "?"), Format::jsonl);
  EXPECT_EQ(detect_format("x", R"({"feed":[],"cursor":"z"})"), Format::bluesky);
  EXPECT_EQ(detect_format("x", R"({"meta":{"result_count":0}})"), Format::x_api);
  EXPECT_EQ(detect_format("x", "just words"), std::nullopt);
}

TEST(Reader, SaysWhatIsWrongWithTheInput) {
  EXPECT_EQ(read_posts({"/no/such/file", {}, {}}, {}, {}).error().code(), Errc::not_found);
  const auto unknown = read_posts({"x", "just words", {}}, {}, {});
  EXPECT_EQ(unknown.error().code(), Errc::unsupported);
  EXPECT_THAT(unknown.error().message(), HasSubstr("choose it (jsonl, csv"));
  ReadOptions options;
  options.how_to_name_format = "name it with --format";
  EXPECT_THAT(read_posts({"x", "just words", {}}, options, {}).error().message(), HasSubstr("name it with --format ("));
  TemporaryFolder empty;
  EXPECT_THAT(read_posts({empty / "", {}, {}}, {}, {}).error().to_string(), HasSubstr("tweets.js"));
  for (const char* nothing : {"", " \n", "[]", " [ ]\n"}) EXPECT_EQ(read_text(nothing).error, "") << nothing;
  EXPECT_THAT(read_text(std::string_view("\xFF\xFE{\0", 4)).error, HasSubstr("UTF-8"));
  EXPECT_THAT(read_text("<!DOCTYPE html>\n<title>x</title>").error, HasSubstr("web page"));
}

TEST(Reader, LeavesDatabasesToTheStore) {
  const std::string_view database("SQLite format 3\0 and so on", 26);
  const Reading reading = read_text(database);
  EXPECT_EQ(reading.error, "");
  EXPECT_EQ(reading.summary.format, Format::offx_database);
  EXPECT_EQ(reading.database, database);
  EXPECT_EQ(read_posts({"x", database, {}}, {}, {}).error().code(), Errc::unsupported);
}

TEST(Reader, TellsTheFormatEvenIfReadingFails) {
  ReadCallbacks callbacks;
  std::optional<Format> format;
  callbacks.on_format = [&](Format found) { format = found; };
  callbacks.on_post = [](store::Post&&) -> Result<void> { return fail(Errc::cancelled, "enough"); };
  EXPECT_FALSE(read_posts({"x", R"({"content":"a"})", {}}, {}, callbacks).has_value());
  EXPECT_EQ(format, Format::jsonl);
}

TEST(Reader, ReadsTheSameInChunksOfAnySize) {
  for (const char* name : kFixtures) {
    const std::string text = slurp(fixture_path(name));
    const Reading whole = read_text(text);
    EXPECT_FALSE(whole.posts.empty()) << name;
    for (const std::size_t chunk : {1U, 2U, 3U, 7U, 64U, 1000U}) {
      ReadOptions options;
      options.chunk_bytes = chunk;
      const Reading chunked = read({"test", text, {}}, options);
      EXPECT_EQ(ids(chunked), ids(whole)) << name << " by " << chunk;
      EXPECT_EQ(chunked.problems.size(), whole.problems.size()) << name << " by " << chunk;
      EXPECT_EQ(chunked.summary.truncated, whole.summary.truncated) << name << " by " << chunk;
    }
  }
}

TEST(Reader, KeepsWhatWasWholeWhereverTheInputEnds) {
  for (const char* name : kFixtures) {
    const std::string text = slurp(fixture_path(name));
    const Reading whole = read_text(text);
    ReadOptions options;
    options.format = whole.summary.format;
    std::size_t most = 0;
    for (std::size_t size = 0; size <= text.size(); ++size) {
      const Reading cut = read({"test", std::string_view(text).substr(0, size), {}}, options);
      if (!cut.error.empty()) continue;  // cut before its format shows
      // Posts never vanish as more of the file comes, and are those of the whole file but perhaps the last one.
      EXPECT_GE(cut.posts.size() + 1, most) << name << " cut at " << size;
      most = std::max(most, cut.posts.size());
      // A broken line may be a good one when cut.
      ASSERT_LE(cut.posts.size(), whole.posts.size() + 1) << name << " cut at " << size;
    }
    EXPECT_GE(most, whole.posts.size()) << name;
  }
}

TEST(Reader, ReportsCutInput) {
  for (const char* name : {"feed.rss", "feed.atom", "feed.json", "mastodon.json", "bluesky.json", "x_api.json",
                           "x_archive/data/tweets.js"}) {
    const std::string text = slurp(fixture_path(name));
    const Reading whole = read_text(text);
    const Reading cut = read_text(text.substr(0, text.size() * 9 / 10));
    EXPECT_TRUE(cut.summary.truncated) << name;
    EXPECT_FALSE(cut.posts.empty()) << name;
    ASSERT_LE(cut.posts.size(), whole.posts.size());
    for (std::size_t i = 0; i < cut.posts.size(); ++i) {
      EXPECT_EQ(cut.posts[i].external_id, whole.posts[i].external_id) << name;
    }
  }
}

TEST(Reader, ReadsGzipAndZstd) {
  const std::string text = slurp(fixture_path("posts.jsonl"));
  const Reading plain = read_text(text);
  EXPECT_EQ(ids(read_text(gzip(text))), ids(plain));
  EXPECT_EQ(ids(read_text(zstd(text))), ids(plain));
  const std::size_t half = text.find('\n') + 1;
  EXPECT_EQ(ids(read_text(gzip(text.substr(0, half)) + gzip(text.substr(half)))), ids(plain)) << "two members";
  EXPECT_EQ(ids(read_text(zstd(text.substr(0, half)) + zstd(text.substr(half)))), ids(plain)) << "two frames";
  EXPECT_EQ(ids(read_text(gzip(slurp(fixture_path("feed.rss"))))), ids(read_fixture("feed.rss")));
}

TEST(Reader, KeepsWhatACutGzipHolds) {
  std::string text;
  for (int i = 0; i < 2000; ++i) {
    text +=
        R"({"external_id":")" + std::to_string(i * 7919) + R"(","content":"post number )" + std::to_string(i) + "\"}\n";
  }
  for (const std::string& packed : {gzip(text), zstd(text)}) {
    const Reading cut = read_text(packed.substr(0, packed.size() * 9 / 10));
    EXPECT_EQ(cut.error, "");
    EXPECT_TRUE(cut.summary.truncated);
  }
  const std::string packed = gzip(text);
  EXPECT_GT(read_text(packed.substr(0, packed.size() / 2)).posts.size(), 500U);
  std::string damaged = packed;
  damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 0x55);
  EXPECT_TRUE(read_text(damaged).summary.truncated);
}

TEST(Reader, StopsAtDecompressionBombs) {
  // 2 GiB of spaces in frames that compress ten thousandfold.
  const std::string frame = zstd(std::string(64U << 20U, ' '));
  std::string bomb;
  for (int i = 0; i < 32; ++i) bomb += frame;
  const Reading reading = read_text(bomb, Format::jsonl);
  EXPECT_THAT(reading.error, HasSubstr("500 times"));
}

TEST(Reader, StopsAtZipsThatAreBombs) {
  for (const char* name : {"data/tweets.js", "data/note-tweet.js"}) {
    const Reading reading = read_text(zip({{name, std::string(64U << 20U, ' ')}}, 18));
    EXPECT_THAT(reading.error, HasSubstr("500 times")) << name;
  }
}

TEST(Reader, RefusesFeedsAndObjectsThatAreTooLarge) {
  const std::string frame = zstd(std::string(16U << 20U, ' '));
  std::string feed = zstd("<rss><channel>");
  for (int i = 0; i < 5; ++i) feed += frame;
  EXPECT_THAT(read_text(feed, Format::rss).error, HasSubstr("64 MiB"));
  std::string object = zstd(R"([{"uri":")");
  for (int i = 0; i < 5; ++i) object += frame;
  object += zstd(R"("},{"uri":"https://t.example/1","content":"<p>fine</p>"}])");
  const Reading reading = read_text(object, Format::mastodon);
  EXPECT_EQ(reading.error, "");
  EXPECT_EQ(reading.summary.broken, 1U);
  EXPECT_THAT(reading.posts, SizeIs(1));
}

TEST(Reader, ReadsAnArchiveAsZipFileOrBytes) {
  std::vector<std::pair<std::string, std::string>> files;
  for (const char* name : {"tweets.js", "tweets-part1.js", "note-tweet.js", "account.js"}) {  // the account comes last
    files.emplace_back(std::string("data/") + name, slurp(fixture_path(std::string("x_archive/data/") + name)));
  }
  files.emplace_back("data/tweets_media/1-x.jpg", std::string(1000, 'x'));
  const std::string bytes = zip(files);
  const Reading folder = read_fixture("x_archive");
  EXPECT_EQ(ids(read_text(bytes)), ids(folder));
  EXPECT_EQ(read_text(bytes).problems.at(0).where, "data/tweets.js item 4");

  TemporaryFolder temporary;
  std::ofstream(temporary / "archive.zip", std::ios::binary) << bytes;
  EXPECT_EQ(ids(read({temporary / "archive.zip", {}, {}})), ids(folder));

  const Reading other = read_text(zip({{"readme.txt", "hello"}}));
  EXPECT_THAT(other.error, HasSubstr("tweets.js"));
}

TEST(Reader, KeepsWhatACutZipHolds) {
  std::vector<std::pair<std::string, std::string>> files;
  files.emplace_back("data/account.js", slurp(fixture_path("x_archive/data/account.js")));
  files.emplace_back("data/tweets.js", slurp(fixture_path("x_archive/data/tweets.js")));
  const std::string bytes = zip(files);
  std::size_t most = 0;
  for (std::size_t size = 30; size < bytes.size(); size += 11) {
    const Reading cut = read_text(bytes.substr(0, size));
    if (!cut.error.empty()) continue;
    most = std::max(most, cut.posts.size());
    EXPECT_TRUE(cut.summary.truncated || cut.posts.size() == 4) << size;
  }
  EXPECT_EQ(most, 4U);
}

TEST(Reader, TellsHowFarItIs) {
  const std::string text = slurp(fixture_path("posts.jsonl"));
  std::vector<Progress> seen;
  ReadOptions options;
  options.chunk_bytes = 500;
  ReadCallbacks callbacks;
  callbacks.on_progress = [&](const Progress& progress) -> Result<void> {
    seen.push_back(progress);
    return {};
  };
  must(read_posts({"test", text, {}}, options, callbacks));
  ASSERT_FALSE(seen.empty());
  EXPECT_EQ(seen.back().bytes_read, text.size());
  EXPECT_EQ(seen.back().bytes_total, text.size());
  EXPECT_EQ(seen.back().posts, 5U);

  callbacks.on_progress = [](const Progress&) -> Result<void> { return fail(Errc::cancelled, "stop"); };
  EXPECT_EQ(read_posts({"test", text, {}}, options, callbacks).error().code(), Errc::cancelled);
}

TEST(JsonText, MendsAndCloses) {
  std::string text = "\xEF\xBB\xBF{\"a\":\"x\ty\",\"b\":\"\\ud83d\\ude00 \\udc00 \\\\ud800\"}";
  EXPECT_TRUE(mend_json(text));
  EXPECT_EQ(text, "{\"a\":\"x y\",\"b\":\"\\ud83d\\ude00 \\uFFFD \\\\ud800\"}");
  EXPECT_FALSE(mend_json(text));
  EXPECT_EQ(close_cut_json(R"({"data":[{"x":1},{"y":)"), R"({"data":[{"x":1}]})");
  EXPECT_EQ(close_cut_json(R"({"data":[{"x":1}],"b":{"c":[1)"), R"({"data":[{"x":1}]})");
  EXPECT_EQ(close_cut_json(R"({"data":[{"x":1}],"includes":{"users":[{"i":1},{"j)"),
            R"({"data":[{"x":1}],"includes":{"users":[{"i":1}]}})");
  EXPECT_EQ(close_cut_json(R"({"data":[{"x":1)"), std::nullopt);
  EXPECT_EQ(close_cut_json(R"({"uri":"u","media_attachments":[{"x":1},{"y")"), std::nullopt)
      << "a status is whole or not";
}

}  // namespace
}  // namespace offx::sources
