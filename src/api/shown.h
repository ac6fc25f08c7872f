#pragma once

#include <span>
#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "api/route.h"
#include "base/error.h"
#include "base/time.h"
#include "base/time_zone.h"
#include "store/jobs.h"
#include "store/posts.h"
#include "store/today.h"
#include "topics/rule.h"

/// What the handlers of topics, posts, summaries and sources have in common.
namespace offx::api {

/// A post as the API shows it: with its topics, where its attachments can be had, and its mood.
[[nodiscard]] boost::json::object shown_post(const store::Post& post, const store::PostLinks& links);
/// A summary with the posts it cites.
[[nodiscard]] boost::json::object shown_summary(const store::ShownSummary& shown);

/// A page's posts with near-duplicates put together: the first of each group has `said_by` and, in `same`, the others.
[[nodiscard]] boost::json::array shown_posts(const store::PostPage& page, boost::json::array posts, bool clustered);

/// The moment in a parameter of the query; `otherwise` if it is not there.
Result<std::optional<Timestamp>> moment_of(const Request& request, std::string_view name, Timestamp now);
/// `true` or `false`; false if it is not there.
Result<bool> flag_of(const Request& request, std::string_view name);
/// The parameter `time_zone`; UTC if it is not there.
Result<TimeZone> zone_of(const Request& request);

/// A rule or query that is not understood, as a position for a text field: in UTF-16 units, from 0.
struct RulePlace {
  std::size_t position = 0;
  std::size_t length = 0;
};
[[nodiscard]] RulePlace place_of(const topics::RuleError& error, std::string_view source);
/// The same as an answer: 400, with `field`.
[[nodiscard]] net::HttpResponse rule_problem(const Request& request, std::string_view field,
                                             const topics::RuleError& error, std::string_view source);

/// 429 if as many runs that summarise were asked for within a day as the server makes on request; nothing if one more
/// may be. Those who ask at the same moment may be let in together.
Result<std::optional<net::HttpResponse>> check_summary_budget(const Request& request, const Services& services);
/// Asks for a run and wakes the scheduler.
Result<store::Run> ask_for_run(const Request& request, const Services& services, std::string_view kind,
                               std::string_view title, const boost::json::object& options);

[[nodiscard]] net::HttpResponse no_content();

}  // namespace offx::api
