#include <algorithm>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "app/commands.h"
#include "pipeline/filer.h"
#include "pipeline/json.h"
#include "pipeline/preview.h"
#include "sources/reader.h"
#include "store/posts.h"
#include "topics/explain.h"
#include "topics/rule.h"

namespace offx::app {
namespace {

namespace json = boost::json;

/// The rule, or an error that shows where it is wrong.
Result<topics::Rule> parse(const std::string& text) {
  auto rule = topics::parse_rule(text);
  if (rule) return std::move(*rule);
  return fail(Errc::invalid_argument, "the rule is not understood: " + rule.error().to_error().message() + "\n" +
                                          topics::caret_lines(text, rule.error()));
}

Result<std::uint64_t> file_under(const Context& context, db::DatabaseClient& client, const store::Topic& topic) {
  ProgressBar bar(context.terminal, "Filing", "posts");
  return pipeline::file_stored_posts(client, topic, context.clock, [&](std::uint64_t done, std::uint64_t total) {
    bar.update(done, total, done);
    return !context.interrupted.load();
  });
}

void report(const Context& context, const store::Topic& topic, std::uint64_t posts, std::string_view what) {
  if (context.json) {
    auto object = pipeline::to_json(topic);
    object["posts"] = posts;
    print_json(object);
    return;
  }
  print(fmt::format("{} topic {} \"{}\"", what, topic.id, printable(topic.title)));
  if (topic.rule)
    print(fmt::format(": {} of those stored match", count_of(static_cast<std::int64_t>(posts), "post", "posts")));
  print("\n");
}

Result<void> check_color(const std::string& color) {
  if (store::is_color(color)) return {};
  return fail(Errc::invalid_argument, "\"" + printable(color) + "\" is no colour; write it as #rrggbb, like #3498db");
}

/// `content` with the matched places set off.
std::string with_places(const Terminal& terminal, const std::string& content,
                        const std::vector<topics::MatchedTerm>& terms) {
  std::vector<topics::ByteRange> places;
  for (const auto& term : terms) places.insert(places.end(), term.places.begin(), term.places.end());
  std::sort(places.begin(), places.end(), [](const auto& a, const auto& b) { return a.begin < b.begin; });
  std::string text;
  std::size_t at = 0;
  for (const auto& place : places) {
    if (place.begin < at) continue;
    text += printable(std::string_view(content).substr(at, place.begin - at));
    text += terminal.highlight(printable(std::string_view(content).substr(place.begin, place.end - place.begin)));
    at = place.end;
  }
  return text + printable(std::string_view(content).substr(at));
}

}  // namespace

Result<void> run_topic_add(const Context& context, const TopicFields& fields) {
  store::Topic topic;
  topic.title = fields.title.value_or("");
  topic.description = fields.description.value_or("");
  topic.rule = fields.rule;
  if (fields.color) topic.color = *fields.color;
  OFFX_TRY(store::check_title(topic.title));
  OFFX_TRY(check_color(topic.color));
  if (topic.rule) OFFX_TRY(parse(*topic.rule));
  OFFX_ASSIGN(auto client, context.open_database("topic add"));
  store::TopicRepository topics(*client);
  OFFX_ASSIGN(topic.id, topics.add(topic, context.clock.now()));
  std::uint64_t posts = 0;
  if (topic.rule) {
    OFFX_ASSIGN(posts, file_under(context, *client, topic));
  }
  OFFX_ASSIGN(topic, topics.get(topic.id));
  report(context, topic, posts, "Added");
  return {};
}

Result<void> run_topic_edit(const Context& context, const TopicFields& fields) {
  const bool changes = fields.title || fields.description || fields.rule || fields.no_rule || fields.color ||
                       fields.active || fields.inactive;
  if (!changes) {
    return fail(Errc::invalid_argument,
                "nothing to change: give --title, --description, --rule, --no-rule, --color, --active or --inactive");
  }
  if (fields.title) OFFX_TRY(store::check_title(*fields.title));
  if (fields.rule) OFFX_TRY(parse(*fields.rule));
  if (fields.color) OFFX_TRY(check_color(*fields.color));
  OFFX_ASSIGN(auto client, context.open_database("topic edit"));
  store::TopicRepository topics(*client);
  OFFX_ASSIGN(auto topic, find_topic(*client, fields.topic));
  if (fields.title) topic.title = *fields.title;
  if (fields.description) topic.description = *fields.description;
  if (fields.rule) topic.rule = *fields.rule;
  if (fields.no_rule) topic.rule.reset();
  if (fields.color) topic.color = *fields.color;
  const bool switched_on = fields.active && !topic.is_active;
  if (fields.active || fields.inactive) topic.is_active = fields.active;
  OFFX_TRY(topics.update(topic, context.clock.now()));
  std::uint64_t posts = 0;
  if ((fields.rule && topic.is_active) || (switched_on && topic.rule)) {
    OFFX_ASSIGN(posts, file_under(context, *client, topic));
  } else {
    OFFX_ASSIGN(const auto counts, topics.counts());
    for (const auto& count : counts) {
      if (count.topic_id == topic.id) posts = static_cast<std::uint64_t>(count.posts);
    }
  }
  OFFX_ASSIGN(topic, topics.get(topic.id));
  report(context, topic, posts, "Changed");
  return {};
}

Result<void> run_topic_list(const Context& context) {
  OFFX_ASSIGN(auto client, context.open_database_to_show());
  store::TopicRepository topics(*client);
  OFFX_ASSIGN(const auto all, topics.list());
  OFFX_ASSIGN(const auto counts, topics.counts());
  json::array array;
  std::vector<std::vector<std::string>> rows = {{"ID", "TITLE", "POSTS", "RULE"}};
  for (std::size_t i = 0; i < all.size() && i < counts.size(); ++i) {
    auto object = pipeline::to_json(all[i]);
    object["posts"] = counts[i].posts;
    array.push_back(std::move(object));
    const auto& rule = all[i].rule;
    rows.push_back({std::to_string(all[i].id), shorten(all[i].title, 32), with_thousands(counts[i].posts),
                    (all[i].is_active ? "" : "(switched off) ") + (rule ? shorten(*rule, 60) : "(filed by hand)")});
  }
  if (context.json) {
    print_json(array);
  } else if (all.empty()) {
    print("No topics yet. For example: offx topic add \"Databases\" --rule 'sqlite OR postgres'\n");
  } else {
    print(table(context.terminal, rows, {true, false, true, false}));
  }
  return {};
}

Result<void> run_topic_show(const Context& context, const std::string& name) {
  OFFX_ASSIGN(auto client, context.open_database_to_show());
  OFFX_ASSIGN(const auto topic, find_topic(*client, name));
  store::PostRepository posts(*client);
  OFFX_ASSIGN(const auto days, posts.count_per_day(topic.id, {}, {}));
  std::int64_t total = 0;
  std::int64_t most = 0;
  for (const auto& [day, count] : days) {
    total += count;
    most = std::max(most, count);
  }
  if (context.json) {
    auto object = pipeline::to_json(topic);
    object["posts"] = total;
    json::object per_day;
    for (const auto& [day, count] : days) per_day[day] = count;
    object["posts_per_day"] = std::move(per_day);
    print_json(object);
    return {};
  }
  const auto& terminal = context.terminal;
  print(fmt::format("{}\n", terminal.bold(printable(topic.title))));
  if (!topic.description.empty()) print(printable(topic.description) + "\n");
  print(fmt::format("{}  {}\n", terminal.dim("rule"), topic.rule ? printable(*topic.rule) : "(filed by hand)"));
  print(fmt::format("{}  {}, made {}, changed {}\n\n", terminal.dim("id"), topic.id, to_sql_time(topic.created_at),
                    to_sql_time(topic.updated_at)));
  constexpr std::size_t kDays = 30;
  for (std::size_t i = days.size() > kDays ? days.size() - kDays : 0; i < days.size(); ++i) {
    std::string bar;
    for (std::int64_t cell = 0; cell < (days[i].second * 40 + most - 1) / most; ++cell) bar += "▇";
    print(fmt::format("{}  {:>6}  {}\n", days[i].first, with_thousands(days[i].second), terminal.accent(bar)));
  }
  print(fmt::format("{} in all\n", count_of(total, "post", "posts")));
  return {};
}

Result<void> run_topic_remove(const Context& context, const std::string& name, bool yes) {
  OFFX_ASSIGN(auto client, context.open_database("topic remove"));
  OFFX_ASSIGN(const auto topic, find_topic(*client, name));
  if (!yes && !confirm(context, fmt::format("Remove topic {} \"{}\" and its summaries? Its posts stay.", topic.id,
                                            printable(topic.title)))) {
    return fail(Errc::cancelled, "nothing was removed; say --yes to remove topic \"" + topic.title + "\"");
  }
  OFFX_TRY(store::TopicRepository(*client).remove(topic.id));
  if (context.json) {
    print_json(pipeline::to_json(topic));
  } else {
    print(fmt::format("Removed topic {} \"{}\"", topic.id, printable(topic.title)));
    if (topic.rule) print("; its rule was: " + printable(*topic.rule));
    print("\n");
  }
  return {};
}

Result<void> run_topic_preview(const Context& context, const PreviewCommand& command) {
  OFFX_ASSIGN(auto rule, parse(command.rule));
  pipeline::RulePreview preview(std::move(rule), command.limit);
  {
    ProgressBar bar(context.terminal, "Reading", "posts");
    if (command.input.empty()) {
      OFFX_ASSIGN(auto client, context.open_database("topic preview"));
      store::PostRepository posts(*client);
      OFFX_ASSIGN(const auto totals, posts.totals());
      OFFX_TRY(posts.each([&](const store::Post& post) -> Result<void> {
        preview.look_at(post);
        bar.update(preview.seen(), static_cast<std::uint64_t>(totals.posts), preview.seen());
        if (context.interrupted) return fail(Errc::cancelled, "interrupted");
        return {};
      }));
    } else {
      OFFX_TRY(read_input(context, command.input, command.format, [&](store::Post&& post) {
        pipeline::add_language(post);
        preview.look_at(post);
      }));
    }
  }
  const auto matches = preview.finish();
  if (context.json) {
    pipeline::JsonWriter out;
    out.begin_object();
    out.member("seen", preview.seen());
    out.member("matched", preview.matched());
    out.name("posts");
    out.begin_array();
    for (const auto& match : matches) {
      out.begin_object();
      pipeline::write_post(out, match.post);
      out.member("matched", pipeline::to_json(match.terms));
      out.end_object();
    }
    out.end_array();
    out.end_object();
    print_json(out);
    return {};
  }
  const auto& terminal = context.terminal;
  for (const auto& match : matches) {
    std::string terms;
    for (const auto& term : match.terms) terms += (terms.empty() ? "" : ", ") + term.term;
    print(fmt::format(
        "{} {} {}\n{}\n{}\n\n", terminal.dim(to_sql_time(match.post.created_at)),
        terminal.accent(
            shorten(match.post.author_username.empty() ? match.post.author : "@" + match.post.author_username, 40)),
        terminal.dim(shorten(match.post.platform, 20)), with_places(terminal, match.post.content, match.terms),
        terminal.dim("matched by " + printable(terms))));
  }
  print(fmt::format("{} of {} match", with_thousands(static_cast<std::int64_t>(preview.matched())),
                    count_of(static_cast<std::int64_t>(preview.seen()), "post", "posts")));
  print(preview.matched() > matches.size() ? fmt::format("; the newest {} are shown\n", matches.size()) : "\n");
  return {};
}

}  // namespace offx::app
