// The routes that are still to come: each line goes when its file arrives.
#include "api/route.h"

namespace offx::api {

std::span<const Route> topic_routes() { return {}; }
std::span<const Route> post_routes() { return {}; }
std::span<const Route> summary_routes() { return {}; }
std::span<const Route> source_routes() { return {}; }
std::span<const Route> database_routes() { return {}; }
std::span<const Route> job_routes() { return {}; }

}  // namespace offx::api
