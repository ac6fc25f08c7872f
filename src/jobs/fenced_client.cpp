#include "jobs/fenced_client.h"

#include "db/statement_text.h"

namespace offx::jobs {

Result<db::QueryResult> FencedClient::execute(std::string_view sql, const db::Params& params) {
  OFFX_ASSIGN(const auto text, db::read_statement(sql));
  using Kind = db::StatementText::Kind;
  if (text.kind == Kind::read || text.kind == Kind::pragma) return client().execute(sql, params);
  const std::vector<db::Statement> statements = {{sql, params}};
  OFFX_ASSIGN(auto results, batch(statements, db::Mode::write));
  return std::move(results[0]);
}

Result<std::vector<db::QueryResult>> FencedClient::batch(std::span<const db::Statement> statements, db::Mode mode) {
  if (!db::writes(mode)) return client().batch(statements, mode);
  std::vector<db::Statement> guarded = {store::only_while_running(run_)};
  guarded.insert(guarded.end(), statements.begin(), statements.end());
  auto results = client().batch(guarded, mode);
  if (!results) {
    if (store::is_of_lost_run(results.error())) {
      return fail(Errc::conflict, "another process has taken over the run " + std::to_string(run_.id) +
                                      "; this one may write nothing of it any more");
    }
    return results;
  }
  results->erase(results->begin());
  return results;
}

}  // namespace offx::jobs
