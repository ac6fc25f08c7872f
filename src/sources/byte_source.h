#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "sources/reader.h"

namespace offx::sources {

/// Bytes that come one after another. Not thread-safe.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Fills at most `buffer`, at least one byte of it; 0 at the end. `Errc::io`, `Errc::corrupt` for a bomb.
  virtual Result<std::size_t> read(std::span<char> buffer) = 0;
  /// Non-empty once the end was reached, if it came too early: why.
  [[nodiscard]] virtual std::string_view cut_off() const noexcept { return {}; }
};

/// A file, stdin or memory, decompressed if it is gzip or zstd.
class InputStream final : public ByteSource {
 public:
  /// `Errc::not_found`, `Errc::io`; `Errc::invalid_argument` for a folder.
  static Result<std::unique_ptr<InputStream>> open(const Input& input);
  ~InputStream() override;

  /// The first bytes, decompressed, at most 64 KiB; they are still there for read().
  Result<std::string_view> head();
  Result<std::size_t> read(std::span<char> buffer) override;
  [[nodiscard]] std::string_view cut_off() const noexcept override { return cut_off_; }

  /// As stored, before decompression.
  [[nodiscard]] std::uint64_t bytes_read() const noexcept;
  [[nodiscard]] std::optional<std::uint64_t> bytes_total() const noexcept;

 private:
  class Raw;
  class Decoder;
  class GzipDecoder;
  class ZstdDecoder;
  InputStream();
  Result<std::size_t> read_decoded(std::span<char> buffer);

  std::unique_ptr<Raw> raw_;
  std::unique_ptr<Decoder> decoder_;
  std::string head_;
  std::size_t head_used_ = 0;
  std::uint64_t decoded_ = 0;
  std::string cut_off_;
};

/// `Errc::corrupt` if so many bytes were unpacked of so few that they were made to fill disks and hours.
Result<void> check_unpacked(std::uint64_t unpacked, std::uint64_t stored);

/// All that is left of `source`, or `Errc::corrupt` if that is more than `max_bytes`.
Result<std::string> read_all(ByteSource& source, std::size_t max_bytes);

}  // namespace offx::sources
