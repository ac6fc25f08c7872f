#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

#include "api/route.h"
#include "base/error.h"
#include "base/time.h"
#include "base/time_zone.h"
#include "pipeline/json_writer.h"
#include "store/jobs.h"
#include "store/posts.h"
#include "store/today.h"
#include "topics/explain.h"
#include "topics/rule.h"

/// What the handlers of topics, posts, summaries and sources have in common.
namespace offx::api {

/// A post as the API shows it, as members of an object that `out` is in: with its topics, where its attachments can be
/// had, and its mood. With `matched`, one for each of its topics, each has what its rule found.
void write_shown_post(pipeline::JsonWriter& out, const store::Post& post, const store::PostLinks& links,
                      std::span<const std::vector<topics::MatchedTerm>> matched = {});
/// An array of a page's posts. `more` writes further members of the post at an index. With `clustered`, near-duplicates
/// are put together: the first of each group has `said_by` and, in `same`, the others.
void write_shown_posts(pipeline::JsonWriter& out, const store::PostPage& page, bool clustered,
                       const std::function<void(std::size_t)>& more = {});
/// A summary with the posts it cites.
void write_shown_summary(pipeline::JsonWriter& out, const store::ShownSummary& shown);

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
