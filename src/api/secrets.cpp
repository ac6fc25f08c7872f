#include "api/secrets.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include <sodium.h>

#include "api/route.h"
#include "base/assert.h"

namespace offx::api {
namespace {

constexpr unsigned long long kPasses = 2;
constexpr std::size_t kMemoryBytes = std::size_t{19'456} * 1024;
constexpr std::size_t kAtWorkMax = 4;

void ensure_sodium() {
  static const bool kReady = sodium_init() >= 0;
  OFFX_ASSERT(kReady);
}

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

template <std::size_t Size>
std::string base64url(const std::array<unsigned char, Size>& bytes) {
  constexpr int kVariant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
  std::array<char, sodium_base64_ENCODED_LEN(Size, kVariant)> text{};
  sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(), kVariant);
  return text.data();
}

std::string make_hash(std::string_view password) {
  std::array<char, crypto_pwhash_STRBYTES> text{};
  const bool good = crypto_pwhash_str_alg(text.data(), password.data(), password.size(), kPasses, kMemoryBytes,
                                          crypto_pwhash_ALG_ARGON2ID13) == 0;
  return good ? std::string(text.data()) : std::string();
}

Error no_memory() {
  return Error(Errc::unavailable, "there is no memory to check a password; try again in a moment").within(kBusy);
}

}  // namespace

std::string random_secret() {
  ensure_sodium();
  std::array<unsigned char, 32> bytes{};
  randombytes_buf(bytes.data(), bytes.size());
  return base64url(bytes);
}

std::string sha256_hex(std::string_view text) {
  ensure_sodium();
  std::array<unsigned char, crypto_hash_sha256_BYTES> hash{};
  crypto_hash_sha256(hash.data(), bytes_of(text), text.size());
  std::array<char, crypto_hash_sha256_BYTES * 2 + 1> hex{};
  sodium_bin2hex(hex.data(), hex.size(), hash.data(), hash.size());
  return hex.data();
}

std::string derived(std::string_view secret, std::string_view text) {
  ensure_sodium();
  crypto_auth_hmacsha256_state state{};
  std::array<unsigned char, crypto_auth_hmacsha256_BYTES> code{};
  crypto_auth_hmacsha256_init(&state, bytes_of(secret), secret.size());
  crypto_auth_hmacsha256_update(&state, bytes_of(text), text.size());
  crypto_auth_hmacsha256_final(&state, code.data());
  return base64url(code);
}

bool same_secret(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

Result<void> check_password(std::string_view password, std::string_view username) {
  constexpr std::ptrdiff_t kCharactersMin = 12;
  if (password.size() > kPasswordMaxBytes) {
    return fail(Error(Errc::invalid_argument, "is too long: 1,024 bytes at most").within("password"));
  }
  const auto characters = std::count_if(password.begin(), password.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;  // the bytes that begin one in UTF-8
  });
  if (characters < kCharactersMin) {
    return fail(Error(Errc::invalid_argument, "is too short: 12 characters at least").within("password"));
  }
  if (password == username) {
    return fail(Error(Errc::invalid_argument, "is the user name; take something else").within("password"));
  }
  return {};
}

Result<PasswordHasher::Place> PasswordHasher::enter() {
  std::unique_lock lock(mutex_);
  bool is_free = false;
  if (at_work_ + waiting_ < inside_max_) {
    ++waiting_;
    is_free = left_.wait_for(lock, patience_, [this] { return at_work_ < kAtWorkMax; });
    --waiting_;
  }
  if (!is_free) {
    return fail(Error(Errc::unavailable, "too many are logging in at once; try again in a moment").within(kBusy));
  }
  ++at_work_;
  return Place(*this);
}

void PasswordHasher::leave() {
  {
    const std::scoped_lock lock(mutex_);
    --at_work_;
  }
  left_.notify_one();
}

Result<std::string> PasswordHasher::Place::hash(std::string_view password) const {
  ensure_sodium();
  auto text = make_hash(password);
  if (text.empty()) return fail(no_memory());
  return text;
}

Result<PasswordHasher::Verdict> PasswordHasher::Place::verify(std::string_view password,
                                                              const std::optional<std::string>& hash) const {
  ensure_sodium();
  if (!hash) {
    if (make_hash(password).empty()) return fail(no_memory());
    return Verdict{};
  }
  Verdict verdict;
  verdict.right = crypto_pwhash_str_verify(hash->c_str(), password.data(), password.size()) == 0;
  verdict.needs_new_hash = verdict.right && crypto_pwhash_str_needs_rehash(hash->c_str(), kPasses, kMemoryBytes) != 0;
  return verdict;
}

}  // namespace offx::api
