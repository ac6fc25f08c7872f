#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "api/route.h"
#include "base/error.h"
#include "net/http_server.h"

namespace offx::api {

/// Something that can change.
struct Watched {
  std::string data;  ///< the JSON to send
  std::string news;  ///< it is sent when this is another than the last time
};
/// Things that are looked at again and again while somebody listens.
struct EventSource {
  std::string event;
  std::function<Result<std::map<std::string, Watched>>()> read;  ///< by name
};

/// Tells listening dashboards what changes. One thread looks into the database once a second, only while somebody
/// listens, whoever made the change. Thread-safe.
class Events {
 public:
  explicit Events(std::vector<EventSource> sources);
  ~Events();  ///< stop()
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;

  /// Whether somebody may go on listening. It is asked once for all streams of one `who`.
  struct Permission {
    std::string who;
    std::function<bool()> holds;
    std::chrono::seconds every{0};  ///< it is asked no oftener than this, nor than kInterval
  };
  /// One of the kStreamsOfUser places of a user, for as long as it lives; null if all are taken.
  using Place = std::shared_ptr<const void>;
  [[nodiscard]] Place take_place(std::int64_t user_id);
  /// Greets the stream and sends it every event from now on, until its permission holds no more: whoever logs out hears
  /// no more. It is closed after ten minutes at most, and its place then is free again.
  void add(std::shared_ptr<net::EventStream> stream, Permission permission, Place place = nullptr);
  /// Before the server whose streams these are is gone.
  void stop();

  static constexpr std::chrono::seconds kInterval{1};
  static constexpr std::chrono::minutes kStreamAge{10};
  static constexpr std::int64_t kStreamsOfUser = 16;

 private:
  struct Listener {
    std::shared_ptr<net::EventStream> stream;
    std::chrono::steady_clock::time_point until;
    Permission permission;
    Place place;
  };
  /// How many streams each user has. Places may outlive the events.
  struct Places {
    std::mutex mutex;
    std::map<std::int64_t, std::int64_t> taken;
  };
  using Time = std::chrono::steady_clock::time_point;
  struct Asked {
    Time at;
    bool holds = true;
  };
  void run();
  [[nodiscard]] bool is_stopping();
  void close_those_who_may_not();
  void look(bool tell);
  void send(const std::string& event, const std::string& data);

  const std::vector<EventSource> sources_;
  // Of the thread alone:
  std::vector<std::map<std::string, std::string>> last_;  // news by name
  std::map<std::string, Asked> asked_;                    // by who
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Listener> listeners_;
  std::shared_ptr<Places> places_ = std::make_shared<Places>();
  bool stopping_ = false;
  std::thread thread_;
};

/// What the dashboard is told: `posts`, `run`, `migration`.
[[nodiscard]] std::vector<EventSource> standard_events(db::DatabaseClient& client);

}  // namespace offx::api
