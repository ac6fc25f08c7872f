#pragma once

#include <boost/json.hpp>

#include "sources/reader.h"
#include "store/post.h"
#include "store/summaries.h"
#include "store/topics.h"
#include "summary/extractive.h"
#include "summary/sentiment.h"

namespace offx::pipeline {

/// The JSON forms of what the commands print; described in docs/cli.md. Members that hold nothing are left out of a
/// post's details and null elsewhere.
[[nodiscard]] boost::json::object to_json(const store::Post& post);
[[nodiscard]] boost::json::object to_json(const store::Topic& topic);
[[nodiscard]] boost::json::object to_json(const sources::Problem& problem);
[[nodiscard]] boost::json::object to_json(const summary::SentimentShares& shares);
[[nodiscard]] boost::json::array to_json(const std::vector<summary::SummarySentence>& sentences);

/// The text, or null if it is empty.
[[nodiscard]] boost::json::value text_or_null(const std::string& text);

}  // namespace offx::pipeline
