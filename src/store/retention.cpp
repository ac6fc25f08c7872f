#include "store/retention.h"

#include "store/catalogue.h"
#include "store/rows.h"

namespace offx::store {

Result<OldPosts> posts_before(db::DatabaseClient& client, Timestamp before, bool with_cited, std::size_t limit,
                              const std::optional<PageKey>& after) {
  OFFX_ASSIGN(const auto rows,
              client.execute(sql(Query::posts_before), {stored_time(before), after ? after->created_at : std::string(),
                                                        after ? after->id : 0, static_cast<std::int64_t>(limit)}));
  OldPosts page;
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    const auto row = rows.row(i);
    // The index compares texts; of a date that cannot be read nobody knows how old it is.
    const auto created = to_time(row[1]);
    if (created == Timestamp{} || created >= before) continue;
    const bool is_cited = db::to_integer(row[2]) != 0;
    if (with_cited || !is_cited) page.ids.push_back(db::to_integer(row[0]));
  }
  if (rows.rows() == limit && limit > 0) {
    const auto last = rows.row(limit - 1);
    page.next = PageKey{db::to_text(last[1]), db::to_integer(last[0])};
  }
  return page;
}

}  // namespace offx::store
