// Where posts come from: platforms, imports, and the numbers about them.
#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <random>

#include <fmt/format.h>

#include "api/shown.h"
#include "base/version.h"
#include "db/maintenance.h"
#include "pipeline/json.h"
#include "sources/reader.h"
#include "store/posts.h"
#include "store/summaries.h"
#include "store/topics.h"

namespace offx::api {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr std::int64_t kImportsMax = 100;
constexpr std::size_t kUploadBytesMax = 1U << 30U;
constexpr std::size_t kNameBytesMax = 255;  // as file systems have it
constexpr std::chrono::days kStatsDays{30};

const Timestamp kProgramStarted = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());

Result<net::HttpResponse> list_sources(const Request& request, const Services& services) {
  OFFX_TRY(request.only({}));
  OFFX_ASSIGN(const auto platforms, store::PostRepository(services.client).totals_by_platform());
  OFFX_ASSIGN(const auto last, store::list_imports(services.client, {}, 1));
  json::array array;
  for (const auto& entry : platforms) {
    array.push_back(json::object{{"platform", pipeline::valid_text(entry.platform)},
                                 {"posts", entry.posts},
                                 {"newest_at", to_iso_time(entry.newest)},
                                 {"oldest_at", to_iso_time(entry.oldest)}});
  }
  return json_response(
      json::object{{"sources", std::move(array)},
                   {"last_import", last.empty() ? json::value() : json::value(pipeline::to_json(last.front()))}});
}

Result<net::HttpResponse> list_imports(const Request& request, const Services& services) {
  static constexpr std::array<std::string_view, 2> kParameters = {"limit", "after"};
  OFFX_TRY(request.only(kParameters));
  OFFX_ASSIGN(const auto limit, request.query_number("limit", 20, 1, kImportsMax));
  OFFX_ASSIGN(const auto after, request.query_id("after"));
  OFFX_ASSIGN(const auto list, store::list_imports(services.client, after, static_cast<std::size_t>(limit) + 1));
  json::array array;
  for (const auto& record : std::span(list).first(std::min(list.size(), static_cast<std::size_t>(limit)))) {
    array.push_back(pipeline::to_json(record));
  }
  json::value next;
  if (list.size() > array.size()) next = std::to_string(list[array.size() - 1].id);
  return json_response(json::object{{"imports", std::move(array)}, {"next", std::move(next)}});
}

/// A name of its own in the folder of uploads, with the ending of the upload's name, by which formats may be told.
std::string stored_name(const std::string& filename) {
  std::random_device random;
  std::string name = fmt::format("{:08x}{:08x}", random(), random());
  const auto dot = filename.find('.');
  for (const char c : dot == std::string::npos ? std::string_view() : std::string_view(filename).substr(dot)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.';
    name += plain ? c : '_';
  }
  return name;
}

Result<void> move_file(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::create_directories(to.parent_path(), error);
  if (!error) fs::rename(from, to, error);
  if (error) {  // another file system, it may be
    error.clear();
    fs::copy_file(from, to, fs::copy_options::overwrite_existing, error);
  }
  if (error)
    return fail(Errc::io, "the upload cannot be kept in " + to.parent_path().string() + ": " + error.message());
  return {};
}

Result<net::HttpResponse> import_upload(const Request& request, const Services& services) {
  static constexpr std::array<std::string_view, 3> kParameters = {"filename", "format", "platform"};
  OFFX_TRY(request.only(kParameters));
  const auto wrong = [](std::string_view field, std::string message) {
    return fail(Error(Errc::invalid_argument, std::move(message)).within(field));
  };
  const auto filename = request.query("filename");
  if (filename.empty()) return wrong("filename", "is needed: the name of the file, for the history of imports");
  if (filename.size() > kNameBytesMax) return wrong("filename", "is longer than 255 bytes");
  const bool has_controls = std::any_of(filename.begin(), filename.end(),
                                        [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
  if (has_controls || filename.find('/') != std::string::npos) return wrong("filename", "is no name of a file");
  json::object options{{"name", filename}};
  const auto format = request.query("format");
  if (!format.empty()) {
    if (!sources::parse_format(format)) {
      std::string names;
      for (const auto known : sources::format_names()) names += (names.empty() ? "" : ", ") + std::string(known);
      return wrong("format", "is none; choose one of " + names);
    }
    options["format"] = format;
  }
  if (const auto platform = request.query("platform"); !platform.empty()) {
    if (platform.size() > kNameBytesMax) return wrong("platform", "is longer than 255 bytes");
    options["platform"] = platform;
  }
  const auto& upload = request.http().body_file;
  std::error_code error;
  if (upload.empty() || fs::file_size(upload, error) == 0 || error) {
    return fail(Errc::invalid_argument, "the body has to be the file to import; it is empty");
  }
  const auto file = services.data_folder / "uploads" / stored_name(filename);
  OFFX_TRY(move_file(upload, file));
  options["file"] = file.string();
  auto run = ask_for_run(request, services, "import", "Import " + filename, options);
  if (!run) {
    fs::remove(file, error);  // nobody else knows of it
    return fail(std::move(run).error());
  }
  return json_response(json::object{{"run", pipeline::to_json(*run)}}, 202);
}

Result<net::HttpResponse> stats(const Request& request, const Services& services) {
  OFFX_TRY(request.only({}));
  store::PostRepository posts(services.client);
  const auto today = std::chrono::floor<std::chrono::days>(services.clock.now());
  const auto since = today - kStatsDays + std::chrono::days(1);
  OFFX_ASSIGN(const auto totals, posts.totals());
  OFFX_ASSIGN(const auto platforms, posts.count_by_platform());
  OFFX_ASSIGN(const auto counted, posts.count_per_day({}, since, {}));
  OFFX_ASSIGN(const auto topics, store::TopicRepository(services.client).counts());
  OFFX_ASSIGN(const auto summaries, store::SummaryRepository(services.client).count());
  json::array days;
  auto next = counted.begin();
  for (auto day = since; day <= today; day += std::chrono::days(1)) {
    const auto name = to_sql_time(day).substr(0, 10);
    while (next != counted.end() && next->first < name) ++next;
    const bool has_posts = next != counted.end() && next->first == name;
    days.push_back(json::object{{"day", name}, {"posts", has_posts ? next->second : 0}});
  }
  json::array by_platform;
  for (const auto& [platform, count] : platforms) {
    by_platform.push_back(json::object{{"platform", pipeline::valid_text(platform)}, {"posts", count}});
  }
  OFFX_ASSIGN(const auto bytes, db::size_bytes(services.client));
  const auto description = services.client.description();
  return json_response(json::object{{"posts", totals.posts},
                                    {"topics", topics.size()},
                                    {"summaries", summaries},
                                    {"first_post_at", pipeline::time_or_null(totals.first)},
                                    {"last_post_at", pipeline::time_or_null(totals.last)},
                                    {"database", json::object{{"engine", description.substr(0, description.find(':'))},
                                                              {"description", description},
                                                              {"bytes", bytes ? json::value(*bytes) : json::value()}}},
                                    {"per_day", std::move(days)},
                                    {"platforms", std::move(by_platform)},
                                    {"version", version()},
                                    {"started_at", to_iso_time(kProgramStarted)}});
}

}  // namespace

std::span<const Route> source_routes() {
  static constexpr std::array kRoutes = {
      Route{
          .method = "GET", .path = "/api/v1/sources", .access = Access::read, .handler = list_sources, .counted = true},
      Route{"GET", "/api/v1/imports", Access::read, list_imports},
      Route{"POST", "/api/v1/imports", Access::write, import_upload, kUploadBytesMax, true},
      Route{.method = "GET", .path = "/api/v1/stats", .access = Access::read, .handler = stats, .counted = true},
  };
  return kRoutes;
}

}  // namespace offx::api
