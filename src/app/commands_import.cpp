#include <algorithm>
#include <cstdlib>
#include <map>
#include <stop_token>
#include <thread>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "app/commands.h"
#include "net/http_client.h"
#include "pipeline/import.h"
#include "pipeline/json.h"
#include "pipeline/patience.h"
#include "pipeline/period.h"
#include "store/summaries.h"

namespace offx::app {
namespace {

namespace json = boost::json;

constexpr std::size_t kProblemsShown = 10;
constexpr std::string_view kHowToNameFormat = "name it with --format";

/// An address of another kind than is_url(): `ftp://…`.
bool is_other_url(const std::string& input) {
  const auto colon = input.find("://");
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return colon != std::string::npos && colon > 0 &&
         std::all_of(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(colon), is_letter);
}

bool is_url(const std::string& input) { return input.starts_with("http://") || input.starts_with("https://"); }

/// `a:1,b:2` and --allow-host: what fetches may reach beside the public internet.
std::vector<std::string> allowed_hosts(const ImportCommand& command) {
  std::vector<std::string> hosts = command.allow_hosts;
  const char* more = std::getenv("OFFX_ALLOW_HOSTS");
  std::string rest = more == nullptr ? "" : more;
  while (!rest.empty()) {
    const auto comma = rest.find(',');
    if (comma != 0) hosts.push_back(rest.substr(0, comma));
    rest.erase(0, comma == std::string::npos ? rest.size() : comma + 1);
  }
  return hosts;
}

/// Requests a stop soon after the flag is set: a signal handler can set a flag and no more.
class StopWhenSet {
 public:
  explicit StopWhenSet(const std::atomic<bool>& flag)
      : thread_([this, &flag](const std::stop_token& done) {
          for (; !done.stop_requested(); std::this_thread::sleep_for(std::chrono::milliseconds(20))) {
            if (flag) stop_.request_stop();
          }
        }) {}
  [[nodiscard]] std::stop_token token() const { return stop_.get_token(); }

 private:
  std::stop_source stop_;
  std::jthread thread_;  // last: it uses stop_
};

Result<net::Response> fetch(const Context& context, const ImportCommand& command, const std::string& url) {
  OFFX_ASSIGN(auto client, net::HttpClient::create({.allow_hosts = allowed_hosts(command)}));
  net::Request request;
  request.url = url;
  request.limits.total_timeout = std::chrono::minutes(2);
  request.limits.body_max_bytes = 64U << 20U;
  if (context.terminal.err_is_terminal) print_error(printable("Fetching " + net::redacted_url(url) + " …"));
  const StopWhenSet stop(context.interrupted);
  auto fetched = client.fetch(request, stop.token());
  if (!fetched && context.interrupted) return fail(Errc::cancelled, "interrupted");
  OFFX_ASSIGN(auto response, std::move(fetched));
  OFFX_TRY(net::require_success(response));
  return response;
}

/// The input as it was named, for the history and for messages.
std::string display_name(const std::string& input) {
  if (input == "-") return "standard input";
  return is_url(input) ? net::redacted_url(input) : input;
}

std::string problem_line(const sources::Problem& problem) {
  return "  " + printable(problem.where + ": " + pipeline::what_is_wrong(problem));
}

std::string format_text(const pipeline::ImportResult& result) {
  return result.format ? std::string(sources::to_string(*result.format)) : "unknown";
}

/// For what is written around an import; the import has as much.
class Importer {
 public:
  Importer(const Context& context, const ImportCommand& command) : context_(context), command_(command) {}

  Result<void> run(db::DatabaseClient* client, const std::string& name);
  json::array results;
  bool interrupted = false;

 private:
  Result<pipeline::ImportResult> read(db::DatabaseClient* client, const sources::Input& input);
  Result<pipeline::ImportResult> dry_run(const sources::Input& input, const pipeline::ImportOptions& options,
                                         const pipeline::ImportCallbacks& callbacks);
  void report(const std::string& name, const pipeline::ImportResult& result);
  void print_problems(bool failed) const;

  const Context& context_;
  const ImportCommand& command_;
  std::vector<sources::Problem> problems_;
  std::uint64_t problem_count_ = 0;
};

Result<pipeline::ImportResult> Importer::dry_run(const sources::Input& input, const pipeline::ImportOptions& options,
                                                 const pipeline::ImportCallbacks& callbacks) {
  sources::ReadCallbacks reading;
  pipeline::ImportResult result;
  reading.on_post = [&](store::Post&& post) -> Result<void> {
    if (context_.interrupted) return fail(Errc::cancelled, "interrupted");
    ++result.posts.added;
    // One object a line, as it is read: a file of any size can be looked at.
    if (context_.json) {
      pipeline::JsonWriter out;
      out.begin_object();
      pipeline::write_post(out, post);
      out.end_object();
      print_json(out);
    } else {
      print(fmt::format(
          "{}  {:8}  {}  {}\n", to_sql_time(post.created_at), shorten(post.platform, 20),
          context_.terminal.accent(shorten(post.author_username.empty() ? post.author : post.author_username, 20)),
          shorten(post.content, 90)));
    }
    return {};
  };
  reading.on_problem = [&](const sources::Problem& problem) -> Result<void> {
    callbacks.on_problem(problem);
    if (options.strict) return fail(Error(Errc::corrupt, pipeline::what_is_wrong(problem)).within(problem.where));
    return {};
  };
  OFFX_ASSIGN(result.read, pipeline::read_any(input, options.read, reading));
  result.format = result.read.format;
  return result;
}

Result<pipeline::ImportResult> Importer::read(db::DatabaseClient* client, const sources::Input& input) {
  pipeline::ImportOptions options;
  options.read.platform = command_.platform;
  options.read.clock = &context_.clock;
  OFFX_ASSIGN(options.read.format, format_of(command_.format));
  options.read.how_to_name_format = kHowToNameFormat;
  options.strict = command_.strict;
  options.interrupted = &context_.interrupted;

  ProgressBar bar(context_.terminal, "Importing", "posts");
  pipeline::ImportCallbacks callbacks;
  callbacks.on_progress = [&](const sources::Progress& progress) {
    bar.update(progress.bytes_read, progress.bytes_total.value_or(0), progress.posts);
  };
  callbacks.on_problem = [&](const sources::Problem& problem) {
    ++problem_count_;
    if (problems_.size() < (context_.json ? 1000 : kProblemsShown)) problems_.push_back(problem);
  };
  callbacks.on_away = context_.patience().on_away;
  return client == nullptr ? dry_run(input, options, callbacks)
                           : pipeline::import_posts(*client, input, options, callbacks);
}

Result<void> Importer::run(db::DatabaseClient* client, const std::string& name) {
  problems_.clear();
  problem_count_ = 0;
  sources::Input input{.name = name, .interrupted = &context_.interrupted};
  std::optional<net::Response> fetched;
  if (is_url(name)) {
    auto response = fetch(context_, command_, name);
    if (!response) return fail(std::move(response).error().within(display_name(name)));
    fetched = std::move(*response);
    input.name = display_name(name);
    input.bytes = fetched->body;
    input.base_url = fetched->final_url;
  } else if (is_other_url(name)) {
    return fail(Errc::invalid_argument, name + ": only http:// and https:// addresses are fetched");
  }
  const auto started = context_.clock.now();
  auto result = read(client, input);
  std::optional<Error> failure = result ? result->failure : std::optional(result.error());
  if (failure) {
    // The reader names its input itself.
    if (!failure->context().starts_with(input.name)) failure = Error(*failure).within(display_name(name));
    const bool stored = result && result->posts.added + result->posts.updated + result->posts.unchanged > 0;
    if (!stored) {
      print_problems(true);
      return fail(std::move(*failure));
    }
  }
  interrupted = result->interrupted;
  Result<void> noted;
  if (client != nullptr) {
    const auto finished = context_.clock.now();
    const store::ImportRecord record = {store::new_import_id(finished),
                                        display_name(name),
                                        format_text(*result),
                                        started,
                                        finished,
                                        static_cast<std::int64_t>(result->posts.added),
                                        static_cast<std::int64_t>(result->posts.updated),
                                        static_cast<std::int64_t>(result->posts.unchanged),
                                        static_cast<std::int64_t>(problem_count_)};
    const auto note = [&] { return store::add_import(*client, record); };
    noted = failure ? note() : pipeline::persist(context_.patience(), note);
  }
  report(display_name(name), *result);
  // What failed first is what is to be mended.
  if (failure) return fail(std::move(*failure));
  return noted;
}

/// The broken items, for people; but not the one that is told as the failure already.
void Importer::print_problems(bool failed) const {
  if (failed && command_.strict) return;
  for (const auto& problem : problems_) print_error(problem_line(problem));
  if (problem_count_ > problems_.size()) {
    print_error(fmt::format("  … and {} more; --json lists up to 1,000", problem_count_ - problems_.size()));
  }
}

void Importer::report(const std::string& name, const pipeline::ImportResult& result) {
  const auto number = [](std::uint64_t n) { return static_cast<std::int64_t>(n); };
  if (context_.json) {
    if (command_.dry_run) {
      for (const auto& problem : problems_) print_error(json::serialize(pipeline::to_json(problem)));
      return;
    }
    json::array problems;
    for (const auto& problem : problems_) problems.push_back(pipeline::to_json(problem));
    results.push_back(json::object{{"source", name},
                                   {"format", format_text(result)},
                                   {"added", result.posts.added},
                                   {"updated", result.posts.updated},
                                   {"unchanged", result.posts.unchanged},
                                   {"kept_out", result.posts.kept_out},
                                   {"broken", problem_count_},
                                   {"truncated", result.read.truncated},
                                   {"interrupted", result.interrupted},
                                   {"failed", result.failure.has_value()},
                                   {"problems", std::move(problems)}});
    return;
  }
  print_problems(result.failure.has_value());
  std::string line =
      command_.dry_run
          ? fmt::format("{}: {} ({}), nothing stored", name, count_of(number(result.posts.added), "post", "posts"),
                        format_text(result))
          : fmt::format("{}: {} new, {} updated, {} unchanged", name, with_thousands(number(result.posts.added)),
                        with_thousands(number(result.posts.updated)), with_thousands(number(result.posts.unchanged)));
  if (result.posts.kept_out > 0) {
    line += fmt::format(" ({} removed before and not brought back)", with_thousands(number(result.posts.kept_out)));
  }
  if (problem_count_ > 0)
    line += fmt::format(", {} skipped", count_of(number(problem_count_), "broken item", "broken items"));
  if (result.read.truncated) line += "; the input ends in the middle, what was whole was kept";
  if (result.failure) line += "; failed before its end";
  if (result.interrupted) line += "; interrupted, run the same command again to go on";
  print(printable(line) + "\n");
}

}  // namespace

Result<std::optional<sources::Format>> format_of(const std::string& name) {
  if (name.empty()) return std::optional<sources::Format>();
  if (const auto format = sources::parse_format(name)) return format;
  std::string names;
  for (const auto known : sources::format_names()) names += (names.empty() ? "" : ", ") + std::string(known);
  return fail(Errc::invalid_argument, "\"" + name + "\" is no format; choose one of " + names);
}

Result<void> read_input(const Context& context, const std::string& input, const std::string& format,
                        const std::function<void(store::Post&&)>& visit) {
  sources::ReadOptions options;
  options.clock = &context.clock;
  OFFX_ASSIGN(options.format, format_of(format));
  options.how_to_name_format = kHowToNameFormat;
  std::uint64_t problems = 0;
  sources::ReadCallbacks reading;
  reading.on_post = [&](store::Post&& post) -> Result<void> {
    if (context.interrupted) return fail(Errc::cancelled, "interrupted");
    visit(std::move(post));
    return {};
  };
  reading.on_problem = [&](const sources::Problem& problem) -> Result<void> {
    if (++problems <= kProblemsShown) print_error(problem_line(problem));
    return {};
  };
  OFFX_TRY(pipeline::read_any({.name = input, .interrupted = &context.interrupted}, options, reading));
  return {};
}

Result<void> run_import(const Context& context, const ImportCommand& command) {
  OFFX_TRY(format_of(command.format));
  OpenedDatabase database;
  if (!command.dry_run) {
    OFFX_ASSIGN(database, context.open_database("import", true));
  }
  Importer importer(context, command);
  Result<void> imported;
  for (const auto& input : command.inputs) {
    imported = importer.run(database.client.get(), input);
    if (!imported || importer.interrupted) break;
  }
  // What was imported before an input that failed is told all the same.
  if (context.json && !command.dry_run) print_json(importer.results);
  if (!imported) return imported;
  // What was filed by rules that changed during the import is filed by those of now.
  if (database.client && !importer.interrupted) {
    OFFX_TRY(pipeline::persist(context.patience(), [&] { return context.file_unfiled(*database); }));
  }
  if (importer.interrupted) return fail(Errc::cancelled, "interrupted; what was committed is kept");
  return {};
}

}  // namespace offx::app
