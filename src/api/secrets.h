#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

/// Passwords and random secrets, by libsodium.
namespace offx::api {

inline constexpr std::size_t kSecretSize = 43;
/// 32 random bytes in base64url.
[[nodiscard]] std::string random_secret();
/// SHA-256, in hex: what is stored of a random secret.
[[nodiscard]] std::string sha256_hex(std::string_view text);
/// HMAC-SHA-256 of `text` with a key made of `secret`, in base64url.
[[nodiscard]] std::string derived(std::string_view secret, std::string_view text);
/// Takes the same time wherever they differ.
[[nodiscard]] bool same_secret(std::string_view a, std::string_view b) noexcept;

/// Errc::invalid_argument says what is wrong with it as a password: 12 characters to 1,024 bytes, and not the name.
[[nodiscard]] Result<void> check_password(std::string_view password, std::string_view username);
inline constexpr std::size_t kPasswordMaxBytes = 1024;

/// Hashes passwords with argon2id (19 MiB, two passes: what OWASP asks for at least; about 40 ms). At most four at
/// once, so that logging in takes neither all memory nor all processors; more may wait for their turn. Thread-safe.
class PasswordHasher {
 public:
  /// `patience`: how long one waits for a place; `inside_max`: how many are at work or wait. Each takes a thread of the
  /// caller's.
  explicit PasswordHasher(std::chrono::milliseconds patience, std::size_t inside_max)
      : patience_(patience), inside_max_(inside_max) {}

  struct Verdict {
    bool right = false;
    bool needs_new_hash = false;  ///< right, but made with weaker parameters than today's
  };

  /// One of the four places, for as long as it lives. The hasher must live longer.
  class Place {
   public:
    /// A PHC string with a salt of its own. Errc::unavailable if there is no memory.
    [[nodiscard]] Result<std::string> hash(std::string_view password) const;
    /// Takes as long for nothing, that of a user who does not exist, as for a hash of today's parameters.
    [[nodiscard]] Result<Verdict> verify(std::string_view password, const std::optional<std::string>& hash) const;

   private:
    friend class PasswordHasher;
    struct Leave {
      void operator()(PasswordHasher* hasher) const { hasher->leave(); }
    };
    explicit Place(PasswordHasher& hasher) : hasher_(&hasher) {}
    std::unique_ptr<PasswordHasher, Leave> hasher_;
  };
  /// Waits until there is one. Errc::unavailable within kBusy if none came free in time, or too many are inside.
  [[nodiscard]] Result<Place> enter();

 private:
  void leave();

  const std::chrono::milliseconds patience_;
  const std::size_t inside_max_;
  std::mutex mutex_;
  std::condition_variable left_;
  std::size_t at_work_ = 0;
  std::size_t waiting_ = 0;
};

}  // namespace offx::api
