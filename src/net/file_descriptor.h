#pragma once

#include <cerrno>
#include <cstddef>
#include <utility>

#include <unistd.h>

namespace offx::net {

/// A file that is closed with its owner. Not thread-safe.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  /// Owns `descriptor`; negative: none, as of open() that failed.
  explicit FileDescriptor(int descriptor) : descriptor_(descriptor) {}
  ~FileDescriptor() { reset(); }
  FileDescriptor(FileDescriptor&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    if (this != &other) {
      reset();
      descriptor_ = std::exchange(other.descriptor_, -1);
    }
    return *this;
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;

  [[nodiscard]] bool is_open() const noexcept { return descriptor_ >= 0; }
  [[nodiscard]] int get() const noexcept { return descriptor_; }
  void reset() noexcept {
    if (descriptor_ >= 0) close(descriptor_);
    descriptor_ = -1;
  }

  /// False if not all of it could be written.
  [[nodiscard]] bool write_all(const char* data, std::size_t size) const noexcept {
    while (size > 0) {
      const ssize_t done = write(descriptor_, data, size);
      if (done < 0 && errno == EINTR) continue;
      if (done <= 0) return false;
      data += done;
      size -= static_cast<std::size_t>(done);
    }
    return true;
  }
  /// How many bytes were read; 0 at the end, negative if it failed.
  [[nodiscard]] ssize_t read_some(char* data, std::size_t size_max) const noexcept {
    ssize_t got = 0;
    do {
      got = read(descriptor_, data, size_max);
    } while (got < 0 && errno == EINTR);
    return got;
  }

 private:
  int descriptor_ = -1;
};

}  // namespace offx::net
