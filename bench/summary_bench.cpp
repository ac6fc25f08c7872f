/// Extractive summaries and sentiment: quality beside plain baselines, and time.
///
///     summary_bench [--data DIR]          (or OFFX_BENCH_DATA)
///
/// DIR holds any of opinosis.jsonl, fairsumm.jsonl, fewsum.jsonl (quality), stocknet-posts-1.jsonl, crisislex-t6.jsonl
/// (time). ROUGE as usual without stemming or stop list: lower case, anything but letters and digits is a space, F1,
/// mean over the references of a topic, then over the topics.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <random>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <boost/json.hpp>
#include <fmt/core.h>

#include "store/post.h"
#include "summary/extractive.h"
#include "summary/sentiment.h"
#include "text/sentences.h"

namespace {

using offx::store::Post;
namespace json = boost::json;
using Tokens = std::vector<std::string>;
using Lines = std::vector<std::string>;

Tokens tokens_of(const std::string& text) {
  Tokens tokens;
  std::string word;
  for (const char c : text + " ") {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    if ((lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9')) {
      word += lower;
    } else if (!word.empty()) {
      tokens.push_back(std::exchange(word, {}));
    }
  }
  return tokens;
}

Tokens tokens_of(const Lines& lines) {
  std::string all;
  for (const std::string& line : lines) all += line + ' ';
  return tokens_of(all);
}

struct Rouge {
  double r1 = 0;
  double r2 = 0;
  double rl = 0;
};

double f1(double common, double a, double b) { return common > 0 ? 2 * common / (a + b) : 0; }

double rouge_n(const Tokens& a, const Tokens& b, std::size_t n) {
  if (a.size() < n || b.size() < n) return 0;
  const auto grams = [n](const Tokens& t) {
    std::unordered_map<std::string, int> counts;
    for (std::size_t i = 0; i + n <= t.size(); ++i) ++counts[n == 1 ? t[i] : t[i] + ' ' + t[i + 1]];
    return counts;
  };
  const auto in_a = grams(a);
  int common = 0;
  for (const auto& [gram, count] : grams(b)) {
    const auto it = in_a.find(gram);
    if (it != in_a.end()) common += std::min(count, it->second);
  }
  return f1(common, static_cast<double>(a.size() - n + 1), static_cast<double>(b.size() - n + 1));
}

double rouge_l(const Tokens& a, const Tokens& b) {
  std::vector<int> row(b.size() + 1, 0);
  for (const std::string& word : a) {
    int diagonal = 0;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const int above = row[j + 1];
      row[j + 1] = word == b[j] ? diagonal + 1 : std::max(above, row[j]);
      diagonal = above;
    }
  }
  return f1(row.back(), static_cast<double>(a.size()), static_cast<double>(b.size()));
}

Rouge rouge(const Lines& summary, const std::vector<Lines>& references) {
  const Tokens mine = tokens_of(summary);
  Rouge sum;
  for (const Lines& reference : references) {
    const Tokens theirs = tokens_of(reference);
    sum.r1 += rouge_n(mine, theirs, 1);
    sum.r2 += rouge_n(mine, theirs, 2);
    sum.rl += rouge_l(mine, theirs);
  }
  const auto n = static_cast<double>(references.size());
  return {sum.r1 / n, sum.r2 / n, sum.rl / n};
}

/// A topic to be summarised in `count` lines, and what people wrote.
struct Case {
  std::string set;
  Lines posts;
  Lines units;  ///< what a baseline chooses from
  std::vector<Lines> references;
  std::size_t count = 0;
};

Lines lead(const Case& c) {
  return {c.units.begin(), c.units.begin() + static_cast<std::ptrdiff_t>(std::min(c.count, c.units.size()))};
}

Lines random_lines(const Case& c, unsigned seed) {
  std::mt19937 random(seed);
  Lines lines;
  std::sample(c.units.begin(), c.units.end(), std::back_inserter(lines), c.count, random);
  return lines;
}

/// A. Nenkova, L. Vanderwende: The Impact of Frequency on Summarization (2005), without a stop list.
Lines sum_basic(const Case& c) {
  std::vector<Tokens> units;
  std::unordered_map<std::string, double> probability;
  double total = 0;
  for (const std::string& unit : c.units) {
    units.push_back(tokens_of(unit));
    for (const std::string& word : units.back()) {
      ++probability[word];
      ++total;
    }
  }
  for (auto& [word, p] : probability) p /= total;
  Lines lines;
  std::vector<bool> used(units.size(), false);
  while (lines.size() < c.count) {
    const std::string* top_word = nullptr;
    for (std::size_t i = 0; i < units.size(); ++i) {
      if (used[i]) continue;
      for (const std::string& word : units[i]) {
        if (top_word == nullptr || probability[word] > probability[*top_word]) top_word = &word;
      }
    }
    if (top_word == nullptr) break;
    std::size_t best = units.size();
    double best_mean = -1;
    for (std::size_t i = 0; i < units.size(); ++i) {
      if (used[i] || std::find(units[i].begin(), units[i].end(), *top_word) == units[i].end()) continue;
      double mean = 0;
      for (const std::string& word : units[i]) mean += probability[word] / static_cast<double>(units[i].size());
      if (mean > best_mean) {
        best_mean = mean;
        best = i;
      }
    }
    used[best] = true;
    lines.push_back(c.units[best]);
    for (const std::string& word : std::set(units[best].begin(), units[best].end()))
      probability[word] *= probability[word];
  }
  return lines;
}

std::vector<Post> posts_of(const Lines& texts) {
  std::vector<Post> posts(texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    posts[i].external_id = fmt::format("{:06}", i);
    posts[i].content = texts[i];
  }
  return posts;
}

Lines ours(const Case& c) {
  offx::summary::Options options;
  options.max_sentences = c.count;
  Lines lines;
  for (const auto& sentence : offx::summary::summarize(posts_of(c.posts), options).sentences)
    lines.push_back(sentence.text);
  return lines;
}

std::vector<json::object> read_lines(const std::string& path, std::size_t max = SIZE_MAX) {
  std::vector<json::object> objects;
  std::ifstream file(path);
  for (std::string line; objects.size() < max && std::getline(file, line);)
    objects.push_back(json::parse(line).as_object());
  return objects;
}

Lines strings(const json::value& array) {
  Lines lines;
  for (const json::value& item : array.as_array()) lines.emplace_back(item.as_string());
  return lines;
}

std::vector<Case> read_cases(const std::string& data) {
  std::vector<Case> cases;
  for (const json::object& o : read_lines(data + "/opinosis.jsonl")) {
    Case c{"Opinosis, 2 sentences", strings(o.at("sentences")), {}, {}, 2};
    c.units = c.posts;
    for (const json::value& reference : o.at("refs").as_array()) c.references.push_back(strings(reference));
    cases.push_back(std::move(c));
  }
  for (const json::object& o : read_lines(data + "/fairsumm.jsonl")) {
    Case c;
    c.set = "FairSumm " + std::string(o.at("set").as_string());
    for (const json::value& post : o.at("posts").as_array()) c.posts.emplace_back(post.at("text").as_string());
    c.units = c.posts;
    for (const json::value& reference : o.at("refs").as_array()) c.references.push_back(strings(reference));
    c.count = c.references.front().size();
    cases.push_back(std::move(c));
  }
  for (const json::object& o : read_lines(data + "/fewsum.jsonl")) {
    Case c{"FewSum " + std::string(o.at("set").as_string()) + ", 4 sentences", strings(o.at("reviews")), {}, {}, 4};
    for (const std::string& review : c.posts) {
      for (const std::string_view s : offx::text::split_sentences(review)) c.units.emplace_back(s);
    }
    for (const std::string& reference : strings(o.at("refs"))) c.references.push_back({reference});
    cases.push_back(std::move(c));
  }
  return cases;
}

void print_quality(const std::vector<Case>& cases) {
  struct Sum {
    Rouge rouge;
    double words = 0;
    double n = 0;
  };
  std::map<std::string, std::map<std::string, Sum>> sums;
  const auto add = [&](const Case& c, const std::string& name, const Lines& lines) {
    const Rouge r = rouge(lines, c.references);
    Sum& sum = sums[c.set][name];
    sum.rouge.r1 += r.r1;
    sum.rouge.r2 += r.r2;
    sum.rouge.rl += r.rl;
    sum.words += static_cast<double>(tokens_of(lines).size());
    ++sum.n;
  };
  for (const Case& c : cases) {
    add(c, "offx", ours(c));
    add(c, "lead", lead(c));
    for (unsigned seed = 0; seed < 5; ++seed) add(c, "random", random_lines(c, seed));
    add(c, "SumBasic", sum_basic(c));
  }
  fmt::print("{:28} {:9} {:>6} {:>6} {:>6} {:>7}\n", "set", "method", "R1", "R2", "RL", "words");
  for (const auto& [set, methods] : sums) {
    for (const auto& [method, sum] : methods) {
      fmt::print("{:28} {:9} {:6.4f} {:6.4f} {:6.4f} {:7.1f}\n", set, method, sum.rouge.r1 / sum.n,
                 sum.rouge.r2 / sum.n, sum.rouge.rl / sum.n, sum.words / sum.n);
    }
  }
}

/// Real posts, as many as the files hold.
std::vector<Post> read_posts(const std::string& data) {
  std::vector<Post> posts;
  const auto text_of = [](const json::object& o, const char* key) {
    const json::value* value = o.if_contains(key);
    return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
  };
  for (const char* file : {"/stocknet-posts-1.jsonl", "/crisislex-t6.jsonl"}) {
    for (const json::object& o : read_lines(data + file)) {
      Post post;
      post.platform = "x";
      post.external_id = text_of(o, "id");
      post.content = text_of(o, "text");
      post.author_username = text_of(o, "author");
      if (const json::value* seconds = o.if_contains("ts"))
        post.created_at = offx::Timestamp(std::chrono::seconds(seconds->to_number<std::int64_t>()));
      if (const json::value* ms = o.if_contains("ts_ms"))
        post.created_at = offx::Timestamp(std::chrono::milliseconds(ms->to_number<std::int64_t>()));
      posts.push_back(std::move(post));
    }
  }
  std::shuffle(posts.begin(), posts.end(), std::mt19937(1));
  return posts;
}

/// Median of five runs, in seconds of processor time: what one core needs, whatever else runs on the machine.
double median_seconds(const std::function<void()>& run) {
  std::array<double, 5> seconds{};
  for (double& s : seconds) {
    const std::clock_t begin = std::clock();
    run();
    s = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  }
  std::sort(seconds.begin(), seconds.end());
  return seconds[2];
}

void print_speed(const std::vector<Post>& posts) {
  if (posts.empty()) return;
  fmt::print("\n{:28} {:>9} {:>12}\n", "summarize, 5 sentences", "seconds", "posts/s");
  for (const std::size_t count : {1'000U, 10'000U, 50'000U, 100'000U}) {
    const auto some = std::span(posts).first(std::min<std::size_t>(count, posts.size()));
    std::size_t sentences = 0;
    const double seconds = median_seconds([&] { sentences += offx::summary::summarize(some).sentences.size(); });
    fmt::print("{:<28} {:9.3f} {:12.0f}\n", some.size(), seconds, static_cast<double>(some.size()) / seconds);
  }
  double sum = 0;
  const double seconds = median_seconds([&] { sum += offx::summary::aggregate(posts).score; });
  fmt::print("{:28} {:9.3f} {:12.0f}\n", "sentiment", seconds, static_cast<double>(posts.size()) / seconds);
}

}  // namespace

int main(int argc, char** argv) {
  const char* from_environment = std::getenv("OFFX_BENCH_DATA");
  std::string data = from_environment != nullptr ? from_environment : "";
  for (int i = 1; i + 1 < argc; ++i) {
    if (std::string_view(argv[i]) == "--data") data = argv[i + 1];
  }
  if (data.empty()) {
    fmt::print(stderr, "usage: summary_bench --data DIR\n");
    return 2;
  }
  print_quality(read_cases(data));
  print_speed(read_posts(data));
  return 0;
}
