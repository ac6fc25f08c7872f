// The floor under `offx import`: the rows of a database that OffX filled, held in memory, are inserted into the same
// tables with the same indexes and full-text index by one thread through one prepared statement each; nothing is
// parsed, compared or matched, and no trigger fires. Commits as often as the import does, with the same durability.
//
//     import_floor FILLED.db EMPTY.db [POSTS_PER_COMMIT]

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <sqlite3.h>

#include "db/client.h"
#include "db/script.h"
#include "store/rows.h"
#include "store/schema_files.h"
#include "text/search_document.h"
#include "text/tokens.h"

namespace {

using namespace offx;

struct Rows {
  std::vector<std::vector<db::Value>> posts;    // with the search document behind the columns of the table
  std::vector<std::vector<db::Value>> details;  // by post, as posts are
  std::vector<std::vector<db::Value>> media;
  std::vector<std::vector<db::Value>> links;
};

template <class T>
T need(Result<T> result) {
  if (result) return std::move(*result);
  std::fprintf(stderr, "import_floor: %s\n", result.error().to_string().c_str());
  std::exit(1);
}

std::vector<std::vector<db::Value>> all(db::DatabaseClient& client, const char* sql) {
  const auto result = need(client.execute(sql));
  std::vector<std::vector<db::Value>> rows;
  rows.reserve(result.rows());
  for (std::size_t i = 0; i < result.rows(); ++i) rows.emplace_back(result.row(i).begin(), result.row(i).end());
  return rows;
}

class Insert {
 public:
  Insert(sqlite3* handle, const char* sql) {
    if (sqlite3_prepare_v3(handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement_, nullptr) != SQLITE_OK) {
      std::fprintf(stderr, "import_floor: %s\n", sqlite3_errmsg(handle));
      std::exit(1);
    }
  }
  void operator()(const db::Value* values, int count) {
    for (int i = 0; i < count; ++i) {
      if (const auto* integer = std::get_if<std::int64_t>(&values[i])) {
        sqlite3_bind_int64(statement_, i + 1, *integer);
      } else if (const auto* text = std::get_if<std::string>(&values[i])) {
        sqlite3_bind_text(statement_, i + 1, text->data(), static_cast<int>(text->size()), SQLITE_STATIC);
      } else {
        sqlite3_bind_null(statement_, i + 1);
      }
    }
    if (sqlite3_step(statement_) != SQLITE_DONE) {
      std::fprintf(stderr, "import_floor: %s\n", sqlite3_errmsg(sqlite3_db_handle(statement_)));
      std::exit(1);
    }
    sqlite3_reset(statement_);
  }

 private:
  sqlite3_stmt* statement_ = nullptr;
};

void run(sqlite3* handle, const char* sql) {
  if (sqlite3_exec(handle, sql, nullptr, nullptr, nullptr) == SQLITE_OK) return;
  std::fprintf(stderr, "import_floor: %s: %s\n", sql, sqlite3_errmsg(handle));
  std::exit(1);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: import_floor FILLED.db EMPTY.db [POSTS_PER_COMMIT]\n");
    return 2;
  }
  const std::size_t per_commit = argc > 3 ? std::strtoul(argv[3], nullptr, 10) : 2000;
  Rows rows;
  std::vector<std::vector<db::Value>> topics;
  {
    auto client = need(db::create_database_client(argv[1]));
    rows.posts = all(*client,
                     "SELECT p.id, p.external_id, p.content, p.author, p.author_username, p.platform, p.created_at, "
                     "p.fetched_at, p.url, coalesce(d.lang, ''), coalesce(d.author_id, ''), coalesce(d.reply_to, '') "
                     "FROM posts_v1 AS p LEFT JOIN post_details_v1 AS d ON d.post_id = p.id ORDER BY p.id");
    rows.details = all(*client, "SELECT * FROM post_details_v1 ORDER BY post_id");
    rows.media = all(*client, "SELECT * FROM post_media_v1 ORDER BY post_id, id");
    rows.links = all(*client,
                     "SELECT l.topic_id, l.post_id, l.added_at, p.created_at FROM topic_posts_v1 AS l "
                     "JOIN posts_v1 AS p ON p.id = l.post_id ORDER BY l.post_id, l.topic_id");
    topics = all(*client, "SELECT id, title, description, created_at, updated_at FROM topics_v1 ORDER BY id");
  }
  text::Tokenizer tokenizer(text::NormalForm::search);
  text::SearchDocument document;
  for (auto& post : rows.posts) {
    const auto& username = db::to_text(post[4]);
    text::write_search_document(std::get<std::string>(post[2]),
                                {.author_username = username,
                                 .author_id = std::get<std::string>(post[10]),
                                 .reply_to = std::get<std::string>(post[11]),
                                 .lang = std::get<std::string>(post[9]),
                                 .platform = std::get<std::string>(post[5])},
                                tokenizer, document);
    post.resize(9);
    post.emplace_back(post[0]);
    post.emplace_back(document.body);
    post.emplace_back(document.terms);
  }

  sqlite3* handle = nullptr;
  std::remove(argv[2]);
  sqlite3_open(argv[2], &handle);
  run(handle,
      "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA cache_size=-64000; "
      "PRAGMA wal_autocheckpoint=4000");
  for (const auto& file : store::schema_files()) {
    for (const auto statement : db::split_script(file.sql)) {
      if (statement.find("CREATE TRIGGER") == std::string_view::npos) run(handle, std::string(statement).c_str());
    }
  }
  Insert topic(handle, "INSERT INTO topics_v1 VALUES (?, ?, ?, ?, ?)");
  for (const auto& row : topics) topic(row.data(), 5);
  Insert post(handle, "INSERT INTO posts_v1 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
  Insert detail(handle, "INSERT INTO post_details_v1 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  Insert media(handle, "INSERT INTO post_media_v1 VALUES (?, ?, ?, ?, ?, ?)");
  Insert link(handle, "INSERT INTO topic_posts_v1 VALUES (?, ?, ?)");
  Insert timeline(handle, "INSERT INTO topic_timeline_v1 (topic_id, post_id, created_at) VALUES (?, ?, ?)");
  Insert search(handle, "INSERT INTO post_search_v1 (rowid, body, terms) VALUES (?, ?, ?)");

  const auto started = std::chrono::steady_clock::now();
  std::size_t next_detail = 0;
  std::size_t next_media = 0;
  std::size_t next_link = 0;
  for (std::size_t begin = 0; begin < rows.posts.size(); begin += per_commit) {
    const std::size_t end = std::min(begin + per_commit, rows.posts.size());
    run(handle, "BEGIN IMMEDIATE");
    for (std::size_t i = begin; i < end; ++i) {
      const auto id = rows.posts[i][0];
      post(rows.posts[i].data(), 9);
      for (; next_detail < rows.details.size() && rows.details[next_detail][0] == id; ++next_detail) {
        detail(rows.details[next_detail].data(), 16);
      }
      for (; next_media < rows.media.size() && rows.media[next_media][1] == id; ++next_media) {
        media(rows.media[next_media].data(), 6);
      }
      for (; next_link < rows.links.size() && rows.links[next_link][1] == id; ++next_link) {
        const auto& row = rows.links[next_link];
        link(row.data(), 3);
        const db::Value in_time[] = {row[0], row[1], row[3]};
        timeline(in_time, 3);
      }
    }
    for (std::size_t i = begin; i < end; ++i) search(rows.posts[i].data() + 9, 3);
    run(handle, "COMMIT");
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  std::printf("{\"posts\": %zu, \"links\": %zu, \"seconds\": %.3f, \"posts_per_second\": %.0f}\n", rows.posts.size(),
              rows.links.size(), seconds, static_cast<double>(rows.posts.size()) / seconds);
}
