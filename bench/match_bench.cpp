/// Matching posts against rules, from raw text, one thread: the floor (splitting and hashing the words), ours, and what
/// a user would build instead: vectorscan over the rules' literals, FTS5 with one MATCH for each rule.
///
///     match_bench [--data DIR] [--benchmark_…]          (or OFFX_BENCH_DATA)
///
/// DIR holds posts, stocknet-posts-1.jsonl and crisislex-t6.jsonl (`text` is used), and rules,
/// rules-{100,1000,10000}.tsv (first column); what is missing is made up. Compare ratios of one run: `items_per_second`
/// is posts per second.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <benchmark/benchmark.h>
#include <boost/json.hpp>
#include <sqlite3.h>
#ifdef OFFX_HAVE_VECTORSCAN
#include <hs/hs.h>
#endif

#include "store/post.h"
#include "text/tokens.h"
#include "topics/matcher.h"
#include "topics/rule_index.h"

namespace {

using namespace offx;

std::string data_dir;

std::string made_up_word(std::mt19937& random) {
  // Zipf's law over 50,000 words, roughly.
  const double u = std::uniform_real_distribution<>(0.0, 1.0)(random);
  auto rank = static_cast<unsigned>(std::exp(u * std::log(50'000.0)));
  std::string word = "w";
  for (rank *= 7; rank > 0; rank /= 26) word.push_back(static_cast<char>('a' + rank % 26));
  return word;
}

std::vector<store::Post> load_posts() {
  std::vector<store::Post> posts;
  for (const char* name : {"stocknet-posts-1.jsonl", "crisislex-t6.jsonl"}) {
    std::ifstream in(data_dir + "/" + name);
    for (std::string line; std::getline(in, line);) {
      boost::system::error_code error;
      const auto value = boost::json::parse(line, error);
      const auto* object = error ? nullptr : value.if_object();
      const auto* text = object == nullptr ? nullptr : object->if_contains("text");
      if (text == nullptr || !text->is_string()) continue;
      posts.emplace_back().content = text->get_string();
    }
  }
  if (!posts.empty()) return posts;
  std::mt19937 random(1);
  for (int i = 0; i < 50'000; ++i) {
    std::string& content = posts.emplace_back().content;
    for (int word = 0; word < 15; ++word) {
      content += (word == 0 ? "" : " ") + std::string(random() % 20 == 0 ? "#" : "") + made_up_word(random);
    }
  }
  return posts;
}

const std::vector<store::Post>& posts() {
  static const std::vector<store::Post> all = load_posts();
  return all;
}

const std::vector<topics::TopicRule>& rules(std::size_t count) {
  static std::map<std::size_t, std::vector<topics::TopicRule>> loaded;
  auto& out = loaded[count];
  if (!out.empty()) return out;
  std::ifstream in(data_dir + "/rules-" + std::to_string(count) + ".tsv");
  std::mt19937 random(2);
  for (std::string line; out.size() < count;) {
    if (!std::getline(in, line)) {
      line = made_up_word(random) + " OR \"" + made_up_word(random) + " " + made_up_word(random) + "\" OR #" +
             made_up_word(random);
    }
    if (auto rule = topics::parse_rule(line.substr(0, line.find('\t')))) {
      out.push_back({static_cast<std::int64_t>(out.size()), *std::move(rule)});
    }
  }
  return out;
}

void finish(benchmark::State& state, std::size_t count, std::size_t matches) {
  state.SetItemsProcessed(static_cast<std::int64_t>(count));
  state.counters["matches"] = static_cast<double>(matches);
}

void floor_tokenise_and_hash(benchmark::State& state) {
  text::Tokenizer tokenizer(text::NormalForm::exact);
  std::size_t count = 0;
  std::uint64_t sum = 0;
  for (auto _ : state) {
    for (const store::Post& post : posts()) {
      for (const text::Token& token : tokenizer.tokenize(post.content)) {
        sum ^= topics::make_key(token.text, topics::Space::text).hash;
      }
    }
    count += posts().size();
  }
  benchmark::DoNotOptimize(sum);
  finish(state, count, 0);
}

void ours(benchmark::State& state) {
  const topics::Matcher matcher(rules(static_cast<std::size_t>(state.range(0))));
  topics::MatchScratch scratch;
  std::size_t count = 0;
  std::size_t matches = 0;
  for (auto _ : state) {
    matches = 0;
    for (const store::Post& post : posts()) matches += matcher.match(post, scratch).size();
    count += posts().size();
  }
  finish(state, count, matches);
}

void ours_build(benchmark::State& state) {
  const auto& all = rules(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(topics::Matcher(all));
}

#ifdef OFFX_HAVE_VECTORSCAN

/// The rules' words, phrases and tags as literals; posts are written as ` word word #tag word `, all in normal form.
class Vectorscan {
 public:
  explicit Vectorscan(const std::vector<topics::TopicRule>& all) : rules_(&all) {
    for (std::uint32_t rule = 0; rule < all.size(); ++rule) collect(all[rule].rule.root(), rule);
    std::vector<const char*> texts;
    std::vector<unsigned> flags(literals_.size(), HS_FLAG_SINGLEMATCH);
    std::vector<unsigned> ids;
    std::vector<std::size_t> sizes;
    for (unsigned i = 0; i < literals_.size(); ++i) {
      texts.push_back(literals_[i].data());
      sizes.push_back(literals_[i].size());
      ids.push_back(i);
    }
    hs_compile_error_t* error = nullptr;
    hs_compile_lit_multi(texts.data(), flags.data(), ids.data(), sizes.data(), static_cast<unsigned>(texts.size()),
                         HS_MODE_BLOCK, nullptr, &database_, &error);
    hs_free_compile_error(error);
    hs_alloc_scratch(database_, &scratch_);
    seen_.resize(literals_.size());
    asked_.resize(all.size());
  }
  Vectorscan(const Vectorscan&) = delete;
  Vectorscan& operator=(const Vectorscan&) = delete;
  ~Vectorscan() {
    hs_free_scratch(scratch_);
    hs_free_database(database_);
  }

  std::size_t match(std::string_view content) {
    written_ = " ";
    tags_.clear();
    for (const text::Token& token : tokenizer_.tokenize(content)) {
      if (token.kind == text::TokenKind::word || token.kind == text::TokenKind::emoji) {
        written_.append(token.text).push_back(' ');
      } else if (token.kind != text::TokenKind::link) {
        tags_.append(token.text).push_back(' ');
      }
    }
    written_.append("\n ").append(tags_);
    ++epoch_;
    hits_.clear();
    hs_scan(database_, written_.data(), static_cast<unsigned>(written_.size()), 0, scratch_, on_match, this);
    std::size_t matches = 0;
    for (const unsigned literal : hits_) {
      for (const std::uint32_t rule : users_[literal]) {
        if (asked_[rule] == epoch_) continue;
        asked_[rule] = epoch_;
        matches += holds((*rules_)[rule].rule.root()) ? 1U : 0U;
      }
    }
    return matches;
  }

 private:
  static int on_match(unsigned id, unsigned long long, unsigned long long, unsigned, void* context) {
    auto* self = static_cast<Vectorscan*>(context);
    self->seen_[id] = self->epoch_;
    self->hits_.push_back(id);
    return 0;
  }

  void collect(const topics::Node& node, std::uint32_t rule) {
    if (node.kind == topics::Node::Kind::term) {
      std::string literal = " ";
      if (node.term.kind == topics::TermKind::words) {
        for (const text::Token& token : tokenizer_.words(node.term.text)) literal.append(token.text).push_back(' ');
      } else {
        literal += text::normalise(topics::to_string(node.term), text::NormalForm::exact) + " ";
      }
      const auto [at, fresh] = ids_.try_emplace(literal, static_cast<unsigned>(literals_.size()));
      if (fresh) {
        literals_.push_back(literal);
        users_.emplace_back();
      }
      users_[at->second].push_back(rule);
      id_of_[&node] = at->second;
    }
    for (const topics::Node& child : node.children) collect(child, rule);
  }

  [[nodiscard]] bool holds(const topics::Node& node) const {
    const auto child_holds = [&](const topics::Node& child) { return holds(child); };
    switch (node.kind) {
      case topics::Node::Kind::term: return seen_[id_of_.at(&node)] == epoch_;
      case topics::Node::Kind::all: return std::all_of(node.children.begin(), node.children.end(), child_holds);
      case topics::Node::Kind::any: return std::any_of(node.children.begin(), node.children.end(), child_holds);
      case topics::Node::Kind::negation: return !child_holds(node.children.front());
    }
    return false;
  }

  const std::vector<topics::TopicRule>* rules_;
  text::Tokenizer tokenizer_{text::NormalForm::exact};
  std::map<std::string, unsigned> ids_;
  std::unordered_map<const topics::Node*, unsigned> id_of_;
  std::vector<std::string> literals_;
  std::vector<std::vector<std::uint32_t>> users_;
  std::vector<std::uint32_t> seen_;
  std::vector<std::uint32_t> asked_;
  std::vector<unsigned> hits_;
  std::uint32_t epoch_ = 0;
  std::string written_;
  std::string tags_;
  hs_database_t* database_ = nullptr;
  hs_scratch_t* scratch_ = nullptr;
};

void vectorscan_and_normalising(benchmark::State& state) {
  Vectorscan scanner(rules(static_cast<std::size_t>(state.range(0))));
  std::size_t count = 0;
  std::size_t matches = 0;
  for (auto _ : state) {
    matches = 0;
    for (const store::Post& post : posts()) matches += scanner.match(post.content);
    count += posts().size();
  }
  finish(state, count, matches);
}

#endif

/// FTS5's words for a rule: its text in FTS5's own syntax.
std::string fts_of(const topics::Node& node) {
  if (node.kind == topics::Node::Kind::term) return "\"" + node.term.text + "\"";
  const char* joint = node.kind == topics::Node::Kind::any ? " OR " : " AND ";
  std::string out = "(";
  for (const topics::Node& child : node.children) out += (out.size() == 1 ? "" : joint) + fts_of(child);
  return out + ")";
}

void fts5_one_match_per_rule(benchmark::State& state) {
  constexpr std::size_t kBatch = 1000;
  sqlite3* db = nullptr;
  sqlite3_open(":memory:", &db);
  sqlite3_exec(db, "CREATE VIRTUAL TABLE f USING fts5(content)", nullptr, nullptr, nullptr);
  sqlite3_stmt* insert = nullptr;
  sqlite3_stmt* find = nullptr;
  sqlite3_prepare_v2(db, "INSERT INTO f(content) VALUES (?1)", -1, &insert, nullptr);
  sqlite3_prepare_v2(db, "SELECT rowid FROM f WHERE f MATCH ?1", -1, &find, nullptr);
  std::vector<std::string> matches;
  for (const auto& rule : rules(static_cast<std::size_t>(state.range(0)))) matches.push_back(fts_of(rule.rule.root()));
  std::size_t next = 0;
  std::size_t count = 0;
  std::size_t found = 0;
  for (auto _ : state) {
    sqlite3_exec(db, "BEGIN; DELETE FROM f", nullptr, nullptr, nullptr);
    for (std::size_t i = 0; i < kBatch; ++i, ++next) {
      const std::string& content = posts()[next % posts().size()].content;
      sqlite3_bind_text64(insert, 1, content.data(), content.size(), SQLITE_STATIC, SQLITE_UTF8);
      sqlite3_step(insert);
      sqlite3_reset(insert);
    }
    sqlite3_exec(db, "COMMIT", nullptr, nullptr, nullptr);
    for (const std::string& match : matches) {
      sqlite3_bind_text64(find, 1, match.data(), match.size(), SQLITE_STATIC, SQLITE_UTF8);
      while (sqlite3_step(find) == SQLITE_ROW) ++found;
      sqlite3_reset(find);
    }
    count += kBatch;
  }
  sqlite3_finalize(insert);
  sqlite3_finalize(find);
  sqlite3_close(db);
  finish(state, count, found);
}

}  // namespace

BENCHMARK(floor_tokenise_and_hash)->Unit(benchmark::kMillisecond);
BENCHMARK(ours)->Arg(100)->Arg(1000)->Arg(10'000)->Unit(benchmark::kMillisecond);
BENCHMARK(ours_build)->Arg(100)->Arg(1000)->Arg(10'000)->Unit(benchmark::kMillisecond);
#ifdef OFFX_HAVE_VECTORSCAN
BENCHMARK(vectorscan_and_normalising)->Arg(100)->Arg(1000)->Arg(10'000)->Unit(benchmark::kMillisecond);
#endif
BENCHMARK(fts5_one_match_per_rule)->Arg(100)->Arg(1000)->Arg(10'000)->Unit(benchmark::kMillisecond);

int main(int argc, char** argv) {
  const char* from_environment = std::getenv("OFFX_BENCH_DATA");
  data_dir = from_environment == nullptr ? "" : from_environment;
  std::vector<char*> arguments(argv, argv + argc);
  for (std::size_t i = 1; i + 1 < arguments.size(); ++i) {
    if (std::strcmp(arguments[i], "--data") != 0) continue;
    data_dir = arguments[i + 1];
    arguments.erase(arguments.begin() + static_cast<std::ptrdiff_t>(i),
                    arguments.begin() + static_cast<std::ptrdiff_t>(i) + 2);
    break;
  }
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 2;
  static_cast<void>(posts());  // loading them is nobody's time
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
