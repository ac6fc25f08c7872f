#include "sources/byte_source.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

namespace offx::sources {
namespace {

constexpr std::size_t kHeadBytes = 64U << 10U;
constexpr std::size_t kRawChunkBytes = 128U << 10U;

// Real posts seldom shrink below a fiftieth; what holds more than this is made to fill disks and hours.
constexpr std::uint64_t kBombBytes = 1ULL << 30U;
constexpr std::uint64_t kBombRatio = 500;

}  // namespace

/// The bytes as stored.
class InputStream::Raw {
 public:
  explicit Raw(std::string_view memory) : memory_(memory), total_(memory.size()) {}
  Raw(int descriptor, bool owned, std::optional<std::uint64_t> total, const std::atomic<bool>* interrupted)
      : descriptor_(descriptor), owned_(owned), total_(total), interrupted_(interrupted) {}
  ~Raw() {
    if (owned_) ::close(descriptor_);
  }
  Raw(const Raw&) = delete;
  Raw& operator=(const Raw&) = delete;

  Result<std::size_t> read(std::span<char> buffer) {
    std::size_t count = 0;
    if (descriptor_ < 0) {
      count = std::min(buffer.size(), memory_.size() - static_cast<std::size_t>(read_));
      std::memcpy(buffer.data(), memory_.data() + read_, count);
    } else {
      OFFX_TRY(wait());
      ssize_t got = 0;
      do {
        got = ::read(descriptor_, buffer.data(), buffer.size());
      } while (got < 0 && errno == EINTR);
      if (got < 0) return fail(Errc::io, std::string("cannot read: ") + std::strerror(errno));
      count = static_cast<std::size_t>(got);
    }
    read_ += count;
    return count;
  }

  [[nodiscard]] std::uint64_t bytes_read() const noexcept { return read_; }
  [[nodiscard]] std::optional<std::uint64_t> bytes_total() const noexcept { return total_; }

 private:
  /// Waits until there are bytes or the end. In short waits, as a signal may come just before one of them.
  [[nodiscard]] Result<void> wait() const {
    if (total_ || interrupted_ == nullptr) return {};
    constexpr int kWaitMs = 100;
    pollfd waiting{descriptor_, POLLIN, 0};
    while (!*interrupted_) {
      if (::poll(&waiting, 1, kWaitMs) > 0) return {};
    }
    return fail(Errc::cancelled, "interrupted");
  }

  std::string_view memory_;
  int descriptor_ = -1;
  bool owned_ = false;
  std::optional<std::uint64_t> total_;
  const std::atomic<bool>* interrupted_ = nullptr;
  std::uint64_t read_ = 0;
};

/// Turns compressed bytes into plain ones. Keeps what it has read of them.
class InputStream::Decoder {
 public:
  virtual ~Decoder() = default;

  /// As ByteSource::read; sets `cut_off` when the data ends or breaks too early.
  Result<std::size_t> read(Raw& raw, std::span<char> buffer, std::string& cut_off) {
    while (!finished_) {
      if (available_.empty() && !raw_ended_) {
        OFFX_ASSIGN(const std::size_t count, raw.read(chunk_));
        available_ = std::span<const char>(chunk_).first(count);
        raw_ended_ = count == 0;
      }
      if (raw_ended_ && available_.empty() && between_frames_) {
        finished_ = true;
        break;
      }
      std::size_t produced = 0;
      const bool sound = decode(buffer, produced);
      if (!sound) {
        cut_off = "the compressed data is damaged";
        finished_ = true;
      } else if (raw_ended_ && available_.empty() && produced == 0 && !between_frames_) {
        cut_off = "the compressed data ends too early";
        finished_ = true;
      }
      if (produced > 0) return produced;
    }
    return std::size_t{0};
  }

  void start_with(std::string_view first) {
    std::copy(first.begin(), first.end(), chunk_.begin());
    available_ = std::span<const char>(chunk_).first(first.size());
  }

 protected:
  /// Takes from available_, fills `buffer` from its start; false if the data is damaged.
  virtual bool decode(std::span<char> buffer, std::size_t& produced) = 0;

  std::vector<char> chunk_ = std::vector<char>(kRawChunkBytes);
  std::span<const char> available_;
  bool between_frames_ = false;  ///< the data may end here
  bool raw_ended_ = false;
  bool finished_ = false;
};

class InputStream::GzipDecoder final : public Decoder {
 public:
  GzipDecoder() : ready_(inflateInit2(&stream_, 16 + MAX_WBITS) == Z_OK) {}
  ~GzipDecoder() override {
    if (ready_) inflateEnd(&stream_);
  }
  GzipDecoder(const GzipDecoder&) = delete;
  GzipDecoder& operator=(const GzipDecoder&) = delete;

 private:
  bool decode(std::span<char> buffer, std::size_t& produced) override {
    if (!ready_) return false;
    if (between_frames_) {
      // Another member, or padding that gzip ignores as well.
      if (available_.empty()) return true;
      if (available_.front() != '\x1F' || inflateReset(&stream_) != Z_OK) {
        finished_ = true;
        return true;
      }
      between_frames_ = false;
    }
    std::array<Bytef, 4096> copy{};  // zlib's interface wants non-const input: give it a copy, not a cast
    const std::size_t offered = std::min(copy.size(), available_.size());
    std::memcpy(copy.data(), available_.data(), offered);
    stream_.next_in = copy.data();
    stream_.avail_in = static_cast<uInt>(offered);
    stream_.next_out = reinterpret_cast<Bytef*>(buffer.data());
    const auto room = static_cast<uInt>(std::min<std::size_t>(buffer.size(), 1U << 30U));
    stream_.avail_out = room;
    const int result = inflate(&stream_, Z_NO_FLUSH);
    produced = room - stream_.avail_out;
    available_ = available_.subspan(offered - stream_.avail_in);
    between_frames_ = result == Z_STREAM_END;
    return result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR;
  }

  z_stream stream_{};  // before what its initialisation tells
  bool ready_;
};

class InputStream::ZstdDecoder final : public Decoder {
 public:
  ZstdDecoder() : stream_(ZSTD_createDStream()) {}
  ~ZstdDecoder() override { ZSTD_freeDStream(stream_); }
  ZstdDecoder(const ZstdDecoder&) = delete;
  ZstdDecoder& operator=(const ZstdDecoder&) = delete;

 private:
  bool decode(std::span<char> buffer, std::size_t& produced) override {
    if (stream_ == nullptr) return false;
    ZSTD_inBuffer in{available_.data(), available_.size(), 0};
    ZSTD_outBuffer out{buffer.data(), buffer.size(), 0};
    const std::size_t result = ZSTD_decompressStream(stream_, &out, &in);
    produced = out.pos;
    available_ = available_.subspan(in.pos);
    if (ZSTD_isError(result) != 0) return false;
    between_frames_ = result == 0;
    return true;
  }

  ZSTD_DStream* stream_;
};

InputStream::InputStream() = default;
InputStream::~InputStream() = default;

Result<std::unique_ptr<InputStream>> InputStream::open(const Input& input) {
  std::unique_ptr<InputStream> stream(new InputStream());
  if (input.bytes) {
    stream->raw_ = std::make_unique<Raw>(*input.bytes);
  } else if (input.name == "-") {
    stream->raw_ = std::make_unique<Raw>(STDIN_FILENO, false, std::nullopt, input.interrupted);
  } else {
    const int descriptor = ::open(input.name.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
      return fail(errno == ENOENT || errno == ENOTDIR ? Errc::not_found : Errc::io,
                  std::string("cannot be opened: ") + std::strerror(errno));
    }
    struct stat status{};
    std::optional<std::uint64_t> total;
    if (::fstat(descriptor, &status) == 0) {
      if (S_ISREG(status.st_mode)) total = static_cast<std::uint64_t>(status.st_size);
      if (S_ISDIR(status.st_mode)) {
        ::close(descriptor);
        return fail(Errc::invalid_argument, "is a folder: name a file in it");
      }
    }
    ::posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL);
    stream->raw_ = std::make_unique<Raw>(descriptor, true, total, input.interrupted);
  }

  std::array<char, 4> magic{};
  std::size_t have = 0;
  while (have < magic.size()) {
    OFFX_ASSIGN(const std::size_t count, stream->raw_->read(std::span<char>(magic).subspan(have)));
    if (count == 0) break;
    have += count;
  }
  const std::string_view first(magic.data(), have);
  if (first.starts_with("\x1F\x8B")) {
    stream->decoder_ = std::make_unique<GzipDecoder>();
  } else if (first == "\x28\xB5\x2F\xFD") {
    stream->decoder_ = std::make_unique<ZstdDecoder>();
  }
  if (stream->decoder_) {
    stream->decoder_->start_with(first);
  } else {
    stream->head_ = first;
  }
  return stream;
}

Result<std::string_view> InputStream::head() {
  while (head_.size() < kHeadBytes) {
    const std::size_t have = head_.size();
    head_.resize(kHeadBytes);
    auto count = read_decoded(std::span<char>(head_).subspan(have));
    head_.resize(have + count.value_or(0));
    if (!count) return fail(std::move(count).error());
    if (*count == 0) break;
  }
  return std::string_view(head_);
}

Result<std::size_t> InputStream::read(std::span<char> buffer) {
  if (head_used_ < head_.size()) {
    const std::size_t count = std::min(buffer.size(), head_.size() - head_used_);
    std::memcpy(buffer.data(), head_.data() + head_used_, count);
    head_used_ += count;
    return count;
  }
  return read_decoded(buffer);
}

Result<std::size_t> InputStream::read_decoded(std::span<char> buffer) {
  if (!decoder_) return raw_->read(buffer);
  OFFX_ASSIGN(const std::size_t count, decoder_->read(*raw_, buffer, cut_off_));
  decoded_ += count;
  OFFX_TRY(check_unpacked(decoded_, raw_->bytes_read()));
  return count;
}

std::uint64_t InputStream::bytes_read() const noexcept { return raw_->bytes_read(); }
std::optional<std::uint64_t> InputStream::bytes_total() const noexcept { return raw_->bytes_total(); }

Result<void> check_unpacked(std::uint64_t unpacked, std::uint64_t stored) {
  if (unpacked <= kBombBytes || unpacked / kBombRatio <= stored) return {};
  return fail(Errc::corrupt,
              "unpacks to more than 500 times its size: this is no file of posts; "
              "unpack it yourself if you trust it");
}

Result<std::string> read_all(ByteSource& source, std::size_t max_bytes) {
  std::string all;
  std::size_t size = 0;
  while (true) {
    if (all.size() - size < kRawChunkBytes) all.resize(std::max(size + kRawChunkBytes, size * 2));
    OFFX_ASSIGN(const std::size_t count, source.read(std::span<char>(all).subspan(size)));
    if (count == 0) break;
    size += count;
    if (size > max_bytes) {
      return fail(Errc::corrupt, "larger than " + std::to_string(max_bytes >> 20U) +
                                     " MiB, which is more than this format is read with: split it");
    }
  }
  all.resize(size);
  return all;
}

}  // namespace offx::sources
