#include "db/sqlite/readers.h"

namespace offx::db::sqlite {
namespace {

constexpr std::size_t kOpenMax = 4;
constexpr const char* kMap = "PRAGMA mmap_size=1073741824";
constexpr const char* kUnmap = "PRAGMA mmap_size=0; PRAGMA shrink_memory";

}  // namespace

Result<Readers::Borrowed> Readers::borrow() {
  std::unique_ptr<Connection> connection;
  bool is_first = false;
  {
    std::unique_lock lock(mutex_);
    free_.wait(lock, [this] { return !idle_.empty() || open_ < kOpenMax; });
    if (!idle_.empty()) {
      connection = std::move(idle_.back());
      idle_.pop_back();
    } else {
      ++open_;
    }
    last_use_ = Clock::now();
    is_first = !std::exchange(holds_memory_, true);
  }
  if (is_first) on_use_();
  if (!connection) {
    auto opened = Connection::open(path_, Connection::Access::read_only);
    if (!opened) {
      give_back(nullptr);
      return fail(std::move(opened).error());
    }
    connection = std::move(*opened);
  }
  Borrowed borrowed(*this, std::move(connection));
  if (!borrowed->is_mapped) {
    OFFX_TRY(borrowed->control(kMap));
    borrowed->is_mapped = true;
  }
  return borrowed;
}

void Readers::give_back(std::unique_ptr<Connection> connection) {
  {
    const std::lock_guard lock(mutex_);
    if (connection) {
      idle_.push_back(std::move(connection));
    } else {
      --open_;
    }
    last_use_ = Clock::now();
  }
  free_.notify_one();
}

std::optional<Readers::Clock::time_point> Readers::trim_due() const {
  const std::lock_guard lock(mutex_);
  return holds_memory_ ? std::optional(last_use_ + rest_) : std::nullopt;
}

void Readers::trim() {
  const std::lock_guard lock(mutex_);
  const auto now = Clock::now();
  if (!holds_memory_ || now < last_use_ + rest_) return;
  if (idle_.size() < open_) {
    last_use_ = now;
    return;
  }
  holds_memory_ = false;
  for (const auto& connection : idle_) {
    // If it cannot be, it stays as it is: nothing depends on it.
    if (connection->is_mapped && connection->control(kUnmap)) connection->is_mapped = false;
  }
}

void Readers::close() {
  const std::lock_guard lock(mutex_);
  open_ -= idle_.size();
  idle_.clear();
}

}  // namespace offx::db::sqlite
