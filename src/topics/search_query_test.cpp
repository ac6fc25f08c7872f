#include "topics/search_query.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>
#include <sqlite3.h>

#include "text/search_document.h"
#include "topics/matcher.h"
#include "topics/random_cases.h"
#include "topics/reference_evaluator.h"

namespace offx::topics {
namespace {

using text::NormalForm;

/// A full-text index in memory, as the store's.
class Index {
 public:
  Index() {
    sqlite3* db = nullptr;
    EXPECT_EQ(sqlite3_open(":memory:", &db), SQLITE_OK);
    db_.reset(db);
    const std::string create =
        "CREATE VIRTUAL TABLE f USING fts5(body, terms, tokenize=\"" + std::string(text::kSearchTokenizer) + "\")";
    EXPECT_EQ(sqlite3_exec(db, create.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
  }

  void add(std::size_t id, const store::Post& post) {
    text::SearchDocument document;
    text::write_search_document(post.content,
                                {.author_username = post.author_username,
                                 .author_id = post.details.author_id,
                                 .reply_to = post.details.reply_to,
                                 .lang = post.details.lang,
                                 .platform = post.platform},
                                tokenizer_, document);
    run("INSERT INTO f(rowid, body, terms) VALUES (?3, ?1, ?2)", {document.body, document.terms},
        static_cast<std::int64_t>(id));
  }

  std::set<std::size_t> find(const std::string& match) {
    return run("SELECT rowid FROM f WHERE f MATCH ?1 ORDER BY rowid", {match}, std::nullopt);
  }

 private:
  std::set<std::size_t> run(const char* sql, const std::vector<std::string>& texts, std::optional<std::int64_t> id) {
    sqlite3_stmt* statement = nullptr;
    EXPECT_EQ(sqlite3_prepare_v2(db_.get(), sql, -1, &statement, nullptr), SQLITE_OK) << sqlite3_errmsg(db_.get());
    int parameter = 0;
    for (const std::string& text : texts) {
      sqlite3_bind_text64(statement, ++parameter, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
    }
    if (id) sqlite3_bind_int64(statement, ++parameter, *id);
    std::set<std::size_t> rows;
    int code = SQLITE_ROW;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
      rows.insert(static_cast<std::size_t>(sqlite3_column_int64(statement, 0)));
    }
    EXPECT_EQ(code, SQLITE_DONE) << sqlite3_errmsg(db_.get()) << (texts.empty() ? "" : "\n" + texts.front());
    sqlite3_finalize(statement);
    return rows;
  }

  struct Close {
    void operator()(sqlite3* db) const { sqlite3_close(db); }
  };
  std::unique_ptr<sqlite3, Close> db_;
  text::Tokenizer tokenizer_{NormalForm::search};
};

void agrees(const Rule& query, const std::vector<store::Post>& posts, Index& index) {
  const SearchQuery compiled = compile_search_query(query);
  RC_LOG() << query.to_string() << "\n" << compiled.match << "\n";
  std::set<std::size_t> expected;
  for (std::size_t i = 0; i < posts.size(); ++i) {
    if (reference::holds(query.root(), posts[i], NormalForm::search)) expected.insert(i);
  }
  if (compiled.match.empty()) {
    RC_ASSERT(compiled.verify);
    return;
  }
  std::set<std::size_t> found = index.find(compiled.match);
  if (compiled.verify) {
    const Matcher verifier(std::vector{TopicRule{1, query}}, NormalForm::search);
    MatchScratch scratch;
    std::erase_if(found, [&](std::size_t i) { return verifier.match(posts[i], scratch).empty(); });
  }
  RC_ASSERT(found == expected);
}

RC_GTEST_PROP(SearchQuery, FindsWhatEvaluatingEveryPostFinds, ()) {
  const auto posts = *rc::gen::container<std::vector<store::Post>>(random_post());
  Index index;
  for (std::size_t i = 0; i < posts.size(); ++i) index.add(i, posts[i]);
  for (const std::string& source : *rc::gen::container<std::vector<std::string>>(10, random_rule(3))) {
    if (const auto query = parse_query(source)) agrees(*query, posts, index);
  }
  for (const std::string_view source : {"app*", "cafe* -pie", "a-long*", "averyvery* OR 東*", "PIE*"}) {
    agrees(*parse_query(source), posts, index);
  }
}

RC_GTEST_PROP(SearchDocument, EachTokenIsOneOfFts5, (const std::vector<std::string>& noise)) {
  Index index;
  store::Post post;
  post.content = "start ";
  for (const std::string& bytes : noise) post.content += bytes + *random_content();
  post.content += " end";
  post.author_username =
      *rc::gen::oneOf(rc::gen::arbitrary<std::string>(), rc::gen::element<std::string>("a b\"c", "é\u00a0x"));
  index.add(1, post);
  text::Tokenizer tokenizer(NormalForm::search);
  std::string phrase;
  for (const auto& token : tokenizer.tokenize(post.content)) {
    if (token.kind == text::TokenKind::word || token.kind == text::TokenKind::emoji) {
      phrase += (phrase.empty() ? "" : " ") + text::search_word(token);
    } else if (token.kind == text::TokenKind::link) {
      phrase += (phrase.empty() ? "" : " ") + std::string(text::kSearchLink);
    }
  }
  // The whole text as one phrase: found only if FTS5 counts as we do.
  RC_ASSERT(index.find("body:^\"" + phrase + "\"").size() == 1U);
  if (const std::string term = text::search_term("from:", post.author_username); term != "from:") {
    std::string quoted;
    for (const char c : term) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
    RC_ASSERT(index.find("terms:\"" + quoted + "\"").size() == 1U);
  }
}

struct Compiled {
  std::string_view query;
  std::string_view match;
  bool verify;
};

TEST(SearchQuery, SaysWhenFts5IsEnough) {
  const Compiled cases[] = {
      {"Café", "body:\"cafe\"", false},
      {"\"big data\" OR #Rust", "(body:\"big data\" OR terms:\"#rust\")", false},
      {"data* from:@NASA", "(body:\"data\"* AND terms:\"from:nasa\")", false},
      {"apple -pie -cake lang:en", "((body:\"apple\" AND terms:\"lang:en\") NOT (body:\"pie\" OR body:\"cake\"))",
       false},
      {"apple has:media", "(body:\"apple\")", true},
      {"apple -has:media", "(body:\"apple\")", true},
      {"\"a b\"~2", "(body:\"a\" AND body:\"b\")", true},
      {"\"👍🏽\"", "body:\"👍\"", true},
      {"👍", "body:\"👍\"", false},
      {"url:a.example", "", true},
      {"apple OR url:a.example", "", true},
      {"apple url:a.example", "(body:\"apple\")", true},
  };
  for (const Compiled& c : cases) {
    const SearchQuery query = compile_search_query(*parse_query(c.query));
    EXPECT_EQ(query.match, c.match) << c.query;
    EXPECT_EQ(query.verify, c.verify) << c.query;
  }
}

TEST(SearchQuery, ManyTermsStayWithinFts5sLimits) {
  Index index;
  store::Post post;
  post.content = "apple";
  index.add(1, post);
  std::string query = "apple";
  while (query.size() + 3 < kRuleMaxCharacters) query += " -b";
  EXPECT_EQ(index.find(compile_search_query(*parse_query(query)).match).size(), 1U);
  query = "apple";
  while (query.size() + 5 < kRuleMaxCharacters) query += " OR b";
  EXPECT_EQ(index.find(compile_search_query(*parse_query(query)).match).size(), 1U);
  query = "apple";
  for (std::size_t i = 0; i < kRuleMaxDepth; ++i) query = "(" + query + (i % 2 == 0 ? " OR x)" : " -x)");
  EXPECT_EQ(index.find(compile_search_query(*parse_query(query)).match).size(), 1U);
}

TEST(SearchQuery, LongWordsAreCutAlike) {
  Index index;
  store::Post post;
  post.content = std::string(300, 'x') + " y";
  index.add(1, post);
  const SearchQuery whole = compile_search_query(*parse_query(std::string(300, 'x')));
  EXPECT_TRUE(whole.verify);
  EXPECT_EQ(index.find(whole.match).size(), 1U);
  const SearchQuery other = compile_search_query(*parse_query(std::string(299, 'x') + "*"));
  EXPECT_TRUE(other.verify);
  EXPECT_EQ(index.find(other.match).size(), 1U);
}

}  // namespace
}  // namespace offx::topics
