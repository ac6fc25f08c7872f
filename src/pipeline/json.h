#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

#include "base/time.h"
#include "pipeline/json_writer.h"
#include "sources/reader.h"
#include "store/jobs.h"
#include "store/post.h"
#include "store/summaries.h"
#include "store/topics.h"
#include "summary/extractive.h"
#include "summary/sentiment.h"
#include "topics/explain.h"

namespace offx::pipeline {

/// The JSON forms of what the commands print; described in docs/cli.md. Members that hold nothing are left out of a
/// post's details and null elsewhere.

/// A post, as members of an object that `out` is in. With `media_ids`, one for each attachment, each has its `id` and,
/// as `proxy`, where the API gives it out.
void write_post(JsonWriter& out, const store::Post& post, std::span<const std::int64_t> media_ids = {});
[[nodiscard]] boost::json::object to_json(const store::Topic& topic);
[[nodiscard]] boost::json::object to_json(const sources::Problem& problem);
[[nodiscard]] boost::json::object to_json(const summary::SentimentShares& shares);
[[nodiscard]] boost::json::array to_json(const std::vector<summary::SummarySentence>& sentences);

/// Places are in bytes.
[[nodiscard]] boost::json::array to_json(const std::vector<topics::MatchedTerm>& terms);
/// Places are in UTF-16 units of `content`, as programs in JavaScript count.
void write_matched(JsonWriter& out, const std::vector<topics::MatchedTerm>& terms, std::string_view content);
/// How many UTF-16 units the first `bytes` bytes of `text` are.
[[nodiscard]] std::size_t utf16_length(std::string_view text, std::size_t bytes);
[[nodiscard]] boost::json::object to_json(const store::ImportRecord& record);
[[nodiscard]] boost::json::object to_json(const store::Run& run);

/// The time in ISO 8601, or null.
[[nodiscard]] boost::json::value time_or_null(const std::optional<Timestamp>& time);
/// JSON that is stored, or null if it is empty or none.
[[nodiscard]] boost::json::value stored_json(const std::string& text);

/// The text; what is no UTF-8 in it, as other programs may have written, becomes U+FFFD: JSON has no other bytes.
[[nodiscard]] boost::json::value valid_text(const std::string& text);

/// The same, or null if it is empty.
[[nodiscard]] boost::json::value text_or_null(const std::string& text);

}  // namespace offx::pipeline
