#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace offx::net {

/// A fixed number of threads that run jobs in the order in which they came. Thread-safe.
class WorkerPool {
 public:
  using Job = std::function<void()>;  ///< must not throw

  /// Up to `waiting_max` jobs wait for a thread.
  WorkerPool(unsigned threads, std::size_t waiting_max);
  /// Waits for the jobs that run; forgets those that wait.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// False if too many wait already: the job is not taken.
  [[nodiscard]] bool try_submit(Job job);
  /// Always taken: for the next step of work that was taken before. Whoever calls bounds their number.
  void submit(Job job);

  /// None of the jobs that wait, or come yet, will run. Does not block.
  void stop();

  /// Jobs that wait or run.
  [[nodiscard]] std::size_t size() const;

 private:
  void run();

  const std::size_t waiting_max_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> waiting_;
  std::size_t running_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace offx::net
