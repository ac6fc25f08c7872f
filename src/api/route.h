#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json.hpp>

#include "base/error.h"
#include "base/time.h"
#include "db/client.h"
#include "db/sqlite/change_watch.h"
#include "net/http_server.h"
#include "pipeline/json_writer.h"

namespace offx::api {

/// What a route asks of its caller. A session of a user has all scopes but `admin`, which administrators have; a token
/// has those it was made with, and `write` includes `read`.
enum class Access : std::uint8_t {
  open,     ///< anybody
  account,  ///< a session, not a token: what concerns the account itself
  read,
  write,
  admin,
};

/// Who calls; on open routes nobody: `user_id` is 0.
struct Caller {
  std::int64_t user_id = 0;
  std::string username;
  bool is_admin = false;
  std::int64_t session_id = 0;  ///< 0: not by a session
  std::int64_t token_id = 0;    ///< 0: not by a token
  bool may_admin = false;       ///< an administrator, and not by a token that lacks the scope
};

/// A request that was let in, taken apart.
class Request {
 public:
  Request(const net::HttpRequest& http, std::vector<std::pair<std::string, std::string>> path,
          std::vector<std::pair<std::string, std::string>> query, Caller caller, std::string id,
          std::string address = {})
      : http_(http),
        path_(std::move(path)),
        query_(std::move(query)),
        caller_(std::move(caller)),
        id_(std::move(id)),
        address_(std::move(address)) {}

  [[nodiscard]] const net::HttpRequest& http() const noexcept { return http_; }
  [[nodiscard]] const Caller& caller() const noexcept { return caller_; }
  [[nodiscard]] const std::string& id() const noexcept { return id_; }  ///< for logs and the X-Request-Id header
  /// Who it comes from, looking through proxies that are trusted.
  [[nodiscard]] const std::string& address() const noexcept { return address_; }

  /// The number in the path at `{name}`; Errc::not_found if it is none.
  [[nodiscard]] Result<std::int64_t> path_id(std::string_view name = "id") const;
  /// The text in the path at `{name}`, decoded.
  [[nodiscard]] std::string path_text(std::string_view name) const;

  /// A parameter of the query, decoded; empty if it is not there.
  [[nodiscard]] std::string query(std::string_view name) const;
  /// Errc::invalid_argument names the parameter if it is no number or out of range.
  [[nodiscard]] Result<std::int64_t> query_number(std::string_view name, std::int64_t otherwise, std::int64_t min,
                                                  std::int64_t max) const;
  [[nodiscard]] Result<std::optional<std::int64_t>> query_id(std::string_view name) const;
  /// Errc::invalid_argument if the query has a parameter that is not among these, or one twice: no filter is ignored.
  [[nodiscard]] Result<void> only(std::span<const std::string_view> names) const;

  /// The body as a JSON object with no other members than these, and none twice; an empty body is an empty object.
  [[nodiscard]] Result<boost::json::object> json(std::span<const std::string_view> members) const;

 private:
  const net::HttpRequest& http_;
  std::vector<std::pair<std::string, std::string>> path_;
  std::vector<std::pair<std::string, std::string>> query_;
  Caller caller_;
  std::string id_;
  std::string address_;
};

/// Members of a JSON object, with errors that name the member. Absent and null are the same.
[[nodiscard]] Result<std::optional<std::string>> text_member(const boost::json::object& object, std::string_view name);
[[nodiscard]] Result<std::optional<std::int64_t>> number_member(const boost::json::object& object,
                                                                std::string_view name);
[[nodiscard]] Result<std::optional<bool>> flag_member(const boost::json::object& object, std::string_view name);

class Accounts;
class Events;

/// What handlers work with. Lives as long as the server.
struct Services {
  db::DatabaseClient& client;
  const Clock& clock;
  const net::HttpClient& http;           ///< the guarded way out, for the media proxy
  std::filesystem::path data_folder;     ///< uploads that wait, backups
  std::function<void()> wake_scheduler;  ///< a run was asked for: look at once. May do nothing.
  Accounts* accounts = nullptr;          ///< for the routes that concern them; null in tests of others
  Events* events = nullptr;              ///< likewise
  /// Attachments that may be fetched at once: each keeps a worker, for as long as a slow host likes, and the others
  /// have to answer everybody else.
  std::size_t media_at_once = 4;
  mutable std::atomic<std::size_t> media_now = 0;  ///< being fetched
  db::sqlite::ChangeWatch* changes = nullptr;      ///< of the database; null: no answers are kept
  std::int64_t summaries_per_day = 0;              ///< runs that summarise, asked for in any 24 hours; 0: no limit
};

/// The context of an Errc::unavailable that is not the database's: too much is asked for at once. Its message is told.
inline constexpr std::string_view kBusy = "busy";

/// A plain function from request to answer, testable without a socket; called by several threads at once. An error
/// becomes a problem document (RFC 9457): invalid_argument 400, not_found 404, conflict 409, unavailable 503,
/// timeout 504, unsupported 422, others 500 (whose message is logged, not told).
using Handler = Result<net::HttpResponse> (*)(const Request& request, const Services& services);

struct Route {
  std::string_view method;
  std::string_view path;  ///< `/api/v1/topics/{id}`
  Access access;
  Handler handler;
  std::size_t body_max_bytes = 1U << 20U;
  bool upload = false;  ///< the body goes into a file (HttpRequest::body_file)
  /// The answer depends on nothing but the caller, the address, the database and, within some seconds, the time: it is
  /// kept (see AnswerCache).
  bool kept = false;
  /// Likewise, and it counts whole tables: in a large database the answer may be 30 seconds old, also for whoever has
  /// just written something, unless the request says `Cache-Control: no-cache`. Not for what has to show at once what
  /// was done.
  bool counted = false;
};

/// The answer with this JSON as its body. Entity tags and compression are added by the router.
[[nodiscard]] net::HttpResponse json_response(const boost::json::value& value, int status = 200);
/// Likewise, with what was written.
[[nodiscard]] net::HttpResponse json_response(pipeline::JsonWriter written);

/// An error as the document of RFC 9457: `errors` are objects {field, message, position?, length?}. A handler that
/// returns an Error gets one made of its message; the context of an invalid_argument is the field.
[[nodiscard]] net::HttpResponse problem(int status, std::string_view title, std::string_view detail,
                                        std::string_view request_id, boost::json::array errors = {});
[[nodiscard]] int status_of(Errc code) noexcept;
[[nodiscard]] std::string_view title_of(int status) noexcept;

/// The routes of each file. The router's table is all of them.
std::span<const Route> account_routes();   // accounts.cpp: set-up, sessions, tokens, request log, settings
std::span<const Route> topic_routes();     // topics.cpp: topics, rules, series, today
std::span<const Route> post_routes();      // posts.cpp: posts, media
std::span<const Route> summary_routes();   // summaries.cpp
std::span<const Route> source_routes();    // sources.cpp: sources, imports, stats
std::span<const Route> database_routes();  // database.cpp: tables, migrations, backups
std::span<const Route> job_routes();       // jobs.cpp: jobs and their runs
std::span<const Route> event_routes();     // events.cpp
std::span<const Route> document_routes();  // openapi.cpp

/// The description of the API, OpenAPI 3.1 in JSON: openapi.json. Lives as long as the program.
[[nodiscard]] std::string_view openapi_document();

}  // namespace offx::api
