#include "store/summaries.h"

#include <random>

#include "store/catalogue.h"
#include "store/rows.h"

namespace offx::store {
namespace {

std::string no_summary(std::int64_t id) { return "there is no summary " + std::to_string(id); }

}  // namespace

StoredSummary row_to_summary(std::span<const db::Value> row) {
  return {db::to_integer(row[0]), db::to_integer(row[1]), db::to_text(row[2]),  db::to_text(row[3]),
          db::to_integer(row[4]), to_time(row[5]),        to_time(row[6]),      to_time(row[7]),
          db::to_text(row[8]),    db::to_text(row[9]),    db::to_text(row[10]), db::to_text(row[11])};
}

SummaryCitation row_to_citation(std::span<const db::Value> row) {
  return {db::to_integer(row[0]), db::to_integer(row[1]), row_to_post(row.subspan(2))};
}

Result<std::int64_t> SummaryRepository::add(const StoredSummary& summary, std::span<const SummaryCitation> citations) {
  OFFX_ASSIGN(const auto same, find_same(summary));
  if (same && stored_time(same->created_at) == stored_time(summary.created_at) && same->content == summary.content) {
    return same->id;
  }
  std::vector<db::Statement> statements;
  statements.push_back(
      {sql(Query::summarization_insert),
       {summary.topic_id, summary.content, summary.prompt, summary.post_count, stored_time(summary.created_at),
        stored_time(summary.period_start), stored_time(summary.period_end)}});
  statements.push_back(
      {sql(Query::summarization_details_insert),
       {summary.engine, summary.input_hash, summary.sentences_json, db::text_or_null(summary.sentiment_json)}});
  for (const auto& citation : citations) {
    statements.push_back({sql(Query::summarization_post_insert), {citation.n, citation.post.id, citation.said_by}});
  }
  OFFX_ASSIGN(const auto results, client_.batch(statements, db::Mode::write));
  return results[0].last_insert_rowid().value_or(0);
}

Result<StoredSummary> SummaryRepository::get(std::int64_t id) {
  OFFX_ASSIGN(const auto rows, client_.execute(sql(Query::summarization_get), {id}));
  if (rows.rows() == 0) return fail(Errc::not_found, no_summary(id));
  return row_to_summary(rows.row(0));
}

Result<std::optional<StoredSummary>> SummaryRepository::find_same(const StoredSummary& summary) {
  OFFX_ASSIGN(const auto rows, client_.execute(sql(Query::summarization_find_same),
                                               {summary.topic_id, stored_time(summary.period_start),
                                                stored_time(summary.period_end), summary.engine, summary.input_hash}));
  if (rows.rows() == 0) return std::nullopt;
  return row_to_summary(rows.row(0));
}

Result<std::vector<StoredSummary>> SummaryRepository::list(std::optional<std::int64_t> topic_id,
                                                           std::optional<std::int64_t> before_id, std::size_t limit) {
  OFFX_ASSIGN(const auto rows,
              client_.execute(sql(Query::summarization_list),
                              {topic_id ? db::Value{*topic_id} : db::Value{},
                               before_id ? db::Value{*before_id} : db::Value{}, static_cast<std::int64_t>(limit)}));
  std::vector<StoredSummary> summaries;
  for (std::size_t i = 0; i < rows.rows(); ++i) summaries.push_back(row_to_summary(rows.row(i)));
  return summaries;
}

Result<std::vector<SummaryCitation>> SummaryRepository::citations(std::int64_t id) {
  OFFX_ASSIGN(const auto rows, client_.execute(sql(Query::summarization_posts), {id}));
  std::vector<SummaryCitation> citations;
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    citations.push_back(row_to_citation(rows.row(i)));
  }
  return citations;
}

Result<std::int64_t> SummaryRepository::count() {
  OFFX_ASSIGN(const auto rows, client_.execute(sql(Query::summarization_count)));
  return db::to_integer(rows.row(0)[0]);
}

Result<void> SummaryRepository::remove(std::int64_t id) {
  OFFX_ASSIGN(const auto result, client_.execute(sql(Query::summarization_delete), {id}));
  if (result.rows_affected() == 0) return fail(Errc::not_found, no_summary(id));
  return {};
}

std::int64_t new_import_id(Timestamp now) {
  // Below 2^53 for two centuries, as programs in JavaScript read it too.
  return now.time_since_epoch().count() * 1024 + static_cast<std::int64_t>(std::random_device()() % 1024);
}

Result<void> add_import(db::DatabaseClient& client, const ImportRecord& record) {
  OFFX_TRY(client.execute(sql(Query::import_insert), {record.id, record.source, record.format,
                                                      stored_time(record.started_at), stored_time(record.finished_at),
                                                      record.added, record.updated, record.unchanged, record.broken}));
  return {};
}

namespace {

ImportRecord row_to_import(std::span<const db::Value> row) {
  return {0,
          db::to_text(row[0]),
          db::to_text(row[1]),
          to_time(row[2]),
          to_time(row[3]),
          db::to_integer(row[4]),
          db::to_integer(row[5]),
          db::to_integer(row[6]),
          db::to_integer(row[7])};
}

}  // namespace

Result<std::optional<ImportRecord>> latest_import(db::DatabaseClient& client) {
  OFFX_ASSIGN(const auto rows, client.execute(sql(Query::import_latest)));
  if (rows.rows() == 0) return std::optional<ImportRecord>();
  return std::optional(row_to_import(rows.row(0)));
}

Result<std::vector<ImportRecord>> list_imports(db::DatabaseClient& client, std::optional<std::int64_t> before_id,
                                               std::size_t limit) {
  OFFX_ASSIGN(const auto rows, client.execute(sql(Query::import_list), {before_id ? db::Value{*before_id} : db::Value{},
                                                                        static_cast<std::int64_t>(limit)}));
  std::vector<ImportRecord> imports;
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    imports.push_back(row_to_import(rows.row(i)));
    imports.back().id = db::to_integer(rows.row(i)[8]);
  }
  return imports;
}

}  // namespace offx::store
