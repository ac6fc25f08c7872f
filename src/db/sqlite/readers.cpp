#include "db/sqlite/readers.h"

#include <algorithm>

#include "db/sqlite/mapped_vfs.h"

namespace offx::db::sqlite {
namespace {

constexpr std::size_t kOpenMax = 4;
constexpr auto kSecond = std::chrono::seconds(1);
constexpr const char* kMap = "PRAGMA mmap_size=1073741824";
constexpr const char* kUnmap = "PRAGMA mmap_size=0; PRAGMA shrink_memory";

}  // namespace

Result<Readers::Borrowed> Readers::borrow() {
  std::unique_ptr<Connection> connection;
  bool is_busy = false;
  bool becomes_busy = false;
  {
    std::unique_lock lock(mutex_);
    free_.wait(lock, [this] { return !idle_.empty() || open_ < kOpenMax; });
    if (!idle_.empty()) {
      connection = std::move(idle_.back());
      idle_.pop_back();
    } else {
      ++open_;
    }
    const auto now = Clock::now();
    if (now - second_began_ > kSecond) {
      second_began_ = now;
      uses_ = 0;
    }
    if (++uses_ >= kBusyUses) {
      busy_until_ = now + rest_;
      becomes_busy = !std::exchange(is_busy_, true);
    }
    is_busy = is_busy_;
  }
  if (becomes_busy) on_busy_();
  if (!connection) {
    auto opened = open();
    if (!opened) {
      give_back(nullptr);
      return fail(std::move(opened).error());
    }
    connection = std::move(*opened);
  }
  Borrowed borrowed(*this, std::move(connection));
  if (is_busy && !borrowed->is_mapped) {
    OFFX_TRY(borrowed->control(kMap));
    borrowed->is_mapped = true;
  }
  return borrowed;
}

Result<std::unique_ptr<Connection>> Readers::open() const {
  OFFX_ASSIGN(const char* vfs, mapped_vfs());
  return Connection::open(path_, Connection::Access::read_only, vfs);
}

void Readers::give_back(std::unique_ptr<Connection> connection) {
  {
    std::unique_lock lock(mutex_);
    if (connection) {
      // Unmapping takes a while, for which nobody else is to wait.
      if (!is_busy_ && connection->is_mapped) {
        lock.unlock();
        unmap(*connection);
        lock.lock();
      }
      idle_.push_back(std::move(connection));
    } else {
      --open_;
    }
  }
  free_.notify_one();
}

/// If it cannot be, it stays as it is: nothing depends on it.
void Readers::unmap(Connection& connection) {
  if (connection.is_mapped && connection.control(kUnmap)) connection.is_mapped = false;
}

std::optional<Readers::Clock::time_point> Readers::trim_due() const {
  const std::lock_guard lock(mutex_);
  return is_busy_ ? std::optional(busy_until_) : std::nullopt;
}

void Readers::trim() {
  std::unique_lock lock(mutex_);
  if (!is_busy_ || Clock::now() < busy_until_) return;
  is_busy_ = false;
  // One after the other, each as if it were in use.
  for (auto left = idle_.size(); left > 0; --left) {
    const auto mapped = std::find_if(idle_.begin(), idle_.end(), [](const auto& idle) { return idle->is_mapped; });
    if (is_busy_ || mapped == idle_.end()) return;
    auto connection = std::move(*mapped);
    idle_.erase(mapped);
    lock.unlock();
    give_back(std::move(connection));
    lock.lock();
  }
}

void Readers::close() {
  const std::lock_guard lock(mutex_);
  open_ -= idle_.size();
  idle_.clear();
}

}  // namespace offx::db::sqlite
