/// Reading posts from each format, in memory, one thread, beside the format's bare parser: simdjson, libxml2, a scan
/// for line ends.
///
///     parse_bench [--write DIR] [--benchmark_…]
///
/// The posts are those of samples/posts.jsonl, again and again under new ids. --write puts the inputs into DIR, for
/// what bench/run compares them with. `items_per_second` is posts per second.

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <benchmark/benchmark.h>
#include <boost/json.hpp>
#include <libxml/parser.h>
#include <simdjson.h>

#include "sources/reader.h"

namespace {

using namespace offx;
namespace json = boost::json;

constexpr int kPosts = 20'000;

struct Text {
  std::string content;
  std::string user;
  std::string name;
};

std::vector<Text> load_texts() {
  std::ifstream in(OFFX_SOURCE_DIR "/samples/posts.jsonl");
  std::vector<Text> texts;
  for (std::string line; std::getline(in, line);) {
    const auto value = json::parse(line);
    const auto member = [&](const char* name) {
      const auto* found = value.as_object().if_contains(name);
      return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
    };
    texts.push_back({member("content"), member("author_username"), member("author")});
  }
  return texts;
}

std::string in_csv(std::string_view text) {
  std::string cell = "\"";
  for (const char c : text) cell.append(c == '"' ? 2 : 1, c);
  return cell + '"';
}

std::string in_xml(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else {
      out += c;
    }
  }
  return out;
}

/// The same posts in each format, by the name of a file.
std::map<std::string, std::string> make_inputs() {
  const std::vector<Text> texts = load_texts();
  std::string jsonl;
  std::string csv = "external_id,content,author,author_username,platform,created_at,url\n";
  std::string rss = R"(<?xml version="1.0"?><rss version="2.0"><channel><title>A feed</title>)";
  json::array mastodon;
  json::array bluesky;
  for (int i = 0; i < kPosts; ++i) {
    const Text& text = texts[static_cast<std::size_t>(i) % texts.size()];
    const std::string id = std::to_string(100'000'000 + i);
    const std::string url = "https://social.example/@" + text.user + "/" + id;
    const std::string time = "2026-03-01T08:00:00.000Z";
    jsonl += json::serialize(json::object{{"external_id", id},
                                          {"content", text.content},
                                          {"author", text.name},
                                          {"author_username", text.user},
                                          {"platform", "x"},
                                          {"created_at", time},
                                          {"url", url}}) +
             "\n";
    csv +=
        id + "," + in_csv(text.content) + "," + in_csv(text.name) + "," + text.user + ",x," + time + "," + url + "\n";
    rss += "<item><title>" + in_xml(text.name) + "</title><link>" + url + "</link><guid>" + url +
           "</guid><pubDate>Sun, 01 Mar 2026 08:00:00 GMT</pubDate><description>" +
           in_xml("<p>" + in_xml(text.content) + "</p>") + "</description></item>\n";
    mastodon.push_back(json::object{
        {"id", id},
        {"uri", url},
        {"url", url},
        {"created_at", time},
        {"content", "<p>" + in_xml(text.content) + "</p>"},
        {"visibility", "public"},
        {"language", "en"},
        {"account", json::object{{"acct", text.user}, {"username", text.user}, {"display_name", text.name}}},
        {"media_attachments", json::array()},
        {"tags", json::array()}});
    bluesky.push_back(json::object{
        {"post",
         json::object{
             {"uri", "at://did:plc:aaa/app.bsky.feed.post/" + id},
             {"cid", id},
             {"author", json::object{{"did", "did:plc:aaa"}, {"handle", text.user + ".example"}}},
             {"record", json::object{{"$type", "app.bsky.feed.post"}, {"text", text.content}, {"createdAt", time}}},
             {"indexedAt", time}}}});
  }
  rss += "</channel></rss>\n";
  return {{"posts.jsonl", jsonl},
          {"posts.csv", csv},
          {"feed.rss", rss},
          {"mastodon.json", json::serialize(mastodon)},
          {"bluesky.json", json::serialize(json::object{{"feed", bluesky}})}};
}

const std::string& input(const std::string& name) {
  static const std::map<std::string, std::string> inputs = make_inputs();
  return inputs.at(name);
}

void finish(benchmark::State& state, const std::string& name) {
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * kPosts);
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) *
                          static_cast<std::int64_t>(input(name).size()));
}

void ours(benchmark::State& state, const std::string& name) {
  for (auto _ : state) {
    std::size_t bytes = 0;
    sources::ReadCallbacks callbacks;
    callbacks.on_post = [&](store::Post&& post) -> Result<void> {
      bytes += post.content.size();
      return {};
    };
    const auto read = sources::read_posts({.name = name, .bytes = input(name)}, {}, callbacks);
    if (!read || read->posts != kPosts) state.SkipWithError("not all posts were read");
    benchmark::DoNotOptimize(bytes);
  }
  finish(state, name);
}

void floor_simdjson_lines(benchmark::State& state, const std::string& name) {
  simdjson::ondemand::parser parser;
  const simdjson::padded_string padded(input(name));
  for (auto _ : state) {
    std::size_t bytes = 0;
    simdjson::ondemand::document_stream lines;
    if (parser.iterate_many(padded).get(lines) != simdjson::SUCCESS) state.SkipWithError("no JSON");
    for (auto line : lines) {
      std::string_view content;
      if (line["content"].get_string().get(content) == simdjson::SUCCESS) bytes += content.size();
    }
    benchmark::DoNotOptimize(bytes);
  }
  finish(state, name);
}

void floor_simdjson_tree(benchmark::State& state, const std::string& name) {
  simdjson::dom::parser parser;
  const simdjson::padded_string padded(input(name));
  for (auto _ : state) {
    simdjson::dom::element root;
    if (parser.parse(padded).get(root) != simdjson::SUCCESS) state.SkipWithError("no JSON");
    benchmark::DoNotOptimize(root);
  }
  finish(state, name);
}

void floor_line_ends(benchmark::State& state, const std::string& name) {
  for (auto _ : state) benchmark::DoNotOptimize(std::count(input(name).begin(), input(name).end(), '\n'));
  finish(state, name);
}

void floor_libxml2(benchmark::State& state, const std::string& name) {
  for (auto _ : state) {
    xmlDoc* document =
        xmlReadMemory(input(name).data(), static_cast<int>(input(name).size()), nullptr, nullptr, XML_PARSE_HUGE);
    if (document == nullptr) state.SkipWithError("no XML");
    xmlFreeDoc(document);
  }
  finish(state, name);
}

}  // namespace

BENCHMARK_CAPTURE(ours, jsonl, "posts.jsonl")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(floor_simdjson_lines, jsonl, "posts.jsonl")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(ours, csv, "posts.csv")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(floor_line_ends, csv, "posts.csv")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(ours, rss, "feed.rss")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(floor_libxml2, rss, "feed.rss")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(ours, mastodon, "mastodon.json")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(floor_simdjson_tree, mastodon, "mastodon.json")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(ours, bluesky, "bluesky.json")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(floor_simdjson_tree, bluesky, "bluesky.json")->Unit(benchmark::kMillisecond);

int main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], "--write") == 0) {
    for (const char* name : {"posts.jsonl", "posts.csv", "feed.rss", "mastodon.json", "bluesky.json"}) {
      std::ofstream(std::string(argv[2]) + "/" + name, std::ios::binary) << input(name);
    }
    return 0;
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  static_cast<void>(input("posts.jsonl"));  // making them is nobody's time
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
