// A database that fails once, for tests that look at what is left then.
#pragma once

#include <atomic>
#include <cstdint>

#include "db/forwarding_client.h"

namespace offx::db {

enum class Fault : std::uint8_t {
  refused,  ///< nothing of the call is done
  lost,     ///< it is done, and the answer is lost
};

/// Passes every call on, but the n-th of those that read or write. Thread-safe.
class FaultyClient final : public ForwardingClient {
 public:
  FaultyClient(DatabaseClient& client, Fault fault, int nth, Errc code)
      : ForwardingClient(client), fault_(fault), code_(code), left_(nth) {}

  /// True once it has failed.
  [[nodiscard]] bool failed() const { return left_ <= 0; }

  Result<QueryResult> execute(std::string_view sql, const Params& params) override {
    return pass([&] { return client().execute(sql, params); });
  }
  Result<std::vector<QueryResult>> batch(std::span<const Statement> statements, Mode mode) override {
    return pass([&] { return client().batch(statements, mode); });
  }
  Result<void> redirect_references(std::span<const Redirect> redirects, std::span<const Statement> before,
                                   std::span<const Statement> after) override {
    return pass([&] { return client().redirect_references(redirects, before, after); });
  }

 private:
  template <class Call>
  auto pass(const Call& call) -> decltype(call()) {
    const bool fails = --left_ == 0;
    if (fails && fault_ == Fault::refused) return fail(code_, "refused");
    auto result = call();
    if (fails) return fail(code_, "lost");
    return result;
  }

  const Fault fault_;
  const Errc code_;
  std::atomic<int> left_;
};

}  // namespace offx::db
