#include "db/fallback_reads.h"

#include "db/http/url.h"
#include "db/statement_text.h"

namespace offx::db {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds kAway{5};

thread_local std::uint64_t stale_reads_of_thread = 0;
thread_local bool asks_primary_only = false;
thread_local bool knows_primary_away = false;

bool is_read(std::string_view sql) {
  const auto text = read_statement(sql);
  return text && text->kind == StatementText::Kind::read;
}

}  // namespace

bool has_replica(std::string_view url) {
  auto parsed = http::parse_server_url(database_url(url));
  return parsed && parsed->take("replica").has_value();
}

bool may_fall_back(std::string_view url) {
  auto parsed = http::parse_server_url(database_url(url));
  if (!parsed) return false;
  return parsed->take("replica").has_value() || (parsed->scheme.starts_with("rqlite") && parsed->hosts.size() > 1);
}

std::uint64_t FallbackReads::stale_reads() noexcept { return stale_reads_of_thread; }

bool FallbackReads::primary_is_away() noexcept { return knows_primary_away; }

FallbackReads::PrimaryOnly::PrimaryOnly() noexcept : before_(std::exchange(asks_primary_only, true)) {}
FallbackReads::PrimaryOnly::~PrimaryOnly() { asks_primary_only = before_; }

Result<void> FallbackReads::refuse_if_away() const {
  if (!is_said_away_ || !is_said_away_()) return {};
  return fail(Error(Errc::unavailable, "the primary does not answer, and only it takes writes; nothing was written")
                  .within(client().description()));
}

FallbackReads::FallbackReads(std::unique_ptr<DatabaseClient> client, Primary primary, std::function<void()> on_fallback)
    : ForwardingClient(std::move(client)), on_fallback_(std::move(on_fallback)) {
  if (primary == Primary::away) away_until_ = (steady_clock::now() + kAway).time_since_epoch().count();
}

template <class Call, class Again>
std::invoke_result_t<Call> FallbackReads::first_then(Call call, Again again) {
  if (asks_primary_only) {
    OFFX_TRY(refuse_if_away());
    return call();
  }
  const bool is_said_away = is_said_away_ && is_said_away_();
  const auto fall_back = [&] {
    knows_primary_away = true;
    auto stale = again();
    knows_primary_away = false;
    if (stale) ++stale_reads_of_thread;
    if (stale && on_fallback_ && !has_told_.exchange(true)) on_fallback_();
    return stale;
  };
  // Who watches it saw it come back.
  if (was_said_away_.exchange(is_said_away) && !is_said_away) away_until_ = 0;
  if (is_said_away) return fall_back();
  if (steady_clock::now().time_since_epoch().count() < away_until_) {
    if (auto stale = fall_back(); stale || !stale.error().retryable()) return stale;
    return call();
  }
  auto result = call();
  if (result || !result.error().retryable()) return result;
  away_until_ = (steady_clock::now() + kAway).time_since_epoch().count();
  auto stale = fall_back();
  // What is wrong is wrong at the primary.
  return stale ? std::move(stale) : std::move(result);
}

Result<QueryResult> FallbackReads::execute(std::string_view sql, const Params& params) {
  if (!is_read(sql)) {
    OFFX_TRY(refuse_if_away());
    return client().execute(sql, params);
  }
  return first_then([&] { return client().execute(sql, params); },
                    [&]() -> Result<QueryResult> {
                      const Statement statement{sql, params};
                      OFFX_ASSIGN(auto results, client().batch(std::span(&statement, 1), Mode::read_stale));
                      return std::move(results.front());
                    });
}

Result<std::vector<QueryResult>> FallbackReads::batch(std::span<const Statement> statements, Mode mode) {
  if (writes(mode)) {
    OFFX_TRY(refuse_if_away());
  }
  if (mode != Mode::read) return client().batch(statements, mode);
  return first_then([&] { return client().batch(statements, Mode::read); },
                    [&] { return client().batch(statements, Mode::read_stale); });
}

}  // namespace offx::db
