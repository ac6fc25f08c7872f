#include "db/sqlite/checksum.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <string_view>

#include "db/sqlite/connection.h"

namespace offx::db::sqlite {
namespace {

struct State {
  std::uint64_t sum;
  std::uint64_t count;
};

/// FNV-1a, finished with splitmix64's mixer so that sums of hashes spread well.
std::uint64_t hash(std::string_view bytes, std::uint64_t kind) {
  std::uint64_t h = 0xcbf29ce484222325ULL ^ kind;
  for (const char c : bytes) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9ULL;
  h = (h ^ (h >> 27)) * 0x94d049bb133111ebULL;
  return h ^ (h >> 31);
}

std::uint64_t hash(sqlite3_value* value) {
  constexpr std::uint64_t kScalar = 1;
  constexpr std::uint64_t kBlob = 2;
  char buffer[32];
  const auto print = [&buffer](auto number) {
    return std::string_view(buffer, std::to_chars(std::begin(buffer), std::end(buffer), number).ptr);
  };
  switch (sqlite3_value_type(value)) {
    case SQLITE_INTEGER: return hash(print(sqlite3_value_int64(value)), kScalar);
    case SQLITE_FLOAT: {
      const double real = sqlite3_value_double(value);
      if (std::trunc(real) == real && std::abs(real) < 9007199254740992.0) {
        return hash(print(static_cast<std::int64_t>(real)), kScalar);
      }
      return hash(print(real), kScalar);
    }
    case SQLITE_TEXT:
      return hash({reinterpret_cast<const char*>(sqlite3_value_text(value)),
                   static_cast<std::size_t>(sqlite3_value_bytes(value))},
                  kScalar);
    case SQLITE_BLOB:
      return hash(
          {static_cast<const char*>(sqlite3_value_blob(value)), static_cast<std::size_t>(sqlite3_value_bytes(value))},
          kBlob);
    default: return 0x9e3779b97f4a7c15ULL;
  }
}

void step(sqlite3_context* context, int /*argc*/, sqlite3_value** argv) {
  auto* state = static_cast<State*>(sqlite3_aggregate_context(context, sizeof(State)));
  if (state == nullptr) return sqlite3_result_error_nomem(context);
  state->sum += hash(argv[0]);
  ++state->count;
}

void finish(sqlite3_context* context) {
  const auto* state = static_cast<const State*>(sqlite3_aggregate_context(context, 0));
  sqlite3_result_int64(context, state == nullptr ? 0 : static_cast<std::int64_t>(state->sum + state->count));
}

}  // namespace

Result<void> register_checksum(sqlite3* handle) {
  const int code =
      sqlite3_create_function_v2(handle, "offx_checksum", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY,
                                 nullptr, nullptr, &step, &finish, nullptr);
  if (code != SQLITE_OK) return fail(to_error(handle, code));
  return {};
}

}  // namespace offx::db::sqlite
