#include "net/worker_pool.h"

#include <utility>

namespace offx::net {

WorkerPool::WorkerPool(unsigned threads, std::size_t waiting_max) : waiting_max_(waiting_max) {
  threads_.reserve(threads);
  for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

WorkerPool::~WorkerPool() {
  stop();
  for (auto& thread : threads_) thread.join();
}

void WorkerPool::stop() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
}

bool WorkerPool::try_submit(Job job) {
  {
    const std::scoped_lock lock(mutex_);
    if (waiting_.size() >= waiting_max_) return false;
    waiting_.push_back(std::move(job));
  }
  changed_.notify_one();
  return true;
}

void WorkerPool::submit(Job job) {
  {
    const std::scoped_lock lock(mutex_);
    waiting_.push_back(std::move(job));
  }
  changed_.notify_one();
}

std::size_t WorkerPool::size() const {
  const std::scoped_lock lock(mutex_);
  return waiting_.size() + running_;
}

void WorkerPool::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    {
      const Job job = std::exchange(waiting_.front(), nullptr);
      waiting_.pop_front();
      ++running_;
      lock.unlock();
      job();
    }  // what the job holds is released outside the lock
    lock.lock();
    --running_;
  }
}

}  // namespace offx::net
