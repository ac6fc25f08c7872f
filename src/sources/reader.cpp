#include "sources/reader.h"

#include <algorithm>
#include <array>
#include <exception>
#include <filesystem>
#include <new>

#include "sources/byte_source.h"
#include "sources/session.h"
#include "text/ascii.h"
#include "text/clean.h"

namespace offx::sources {
namespace {

constexpr auto kNames = std::to_array<std::string_view>(
    {"jsonl", "csv", "x-archive", "rss", "atom", "json-feed", "mastodon", "bluesky", "x-api", "offx-database"});

constexpr std::string_view kReadable = "jsonl, csv, x-archive, rss, atom, json-feed, mastodon, bluesky, x-api";

bool is_folder(const Input& input) {
  std::error_code error;
  return !input.bytes && input.name != "-" && std::filesystem::is_directory(input.name, error);
}

std::string_view platform_of(Format format) noexcept {
  switch (format) {
    case Format::x_archive:
    case Format::x_api: return "x";
    case Format::rss:
    case Format::atom:
    case Format::json_feed: return "rss";
    case Format::mastodon: return "mastodon";
    case Format::bluesky: return "bluesky";
    case Format::jsonl:
    case Format::csv:
    case Format::offx_database: break;
  }
  return "unknown";
}

Result<Format> choose_format(const Input& input, InputStream& stream, const ReadOptions& options) {
  OFFX_ASSIGN(const std::string_view head, stream.head());
  if (options.format) return *options.format;
  const std::optional<Format> found = detect_format(input.name, head);
  if (found) return *found;
  std::string_view text = text::trim(head);
  if (text.empty()) return Format::jsonl;  // nothing in it, nothing wrong with it
  if (text.front() == '[' && text::trim(text.substr(1)) == "]") return Format::jsonl;  // a timeline without posts
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
    return fail(Errc::unsupported, "is text in UTF-16: save it as UTF-8");
  }
  for (const std::string_view begin : {"<!doctype html", "<html"}) {
    const auto same = [](char a, char b) { return text::ascii_lower(a) == b; };
    if (std::ranges::equal(text.substr(0, begin.size()), begin, same)) {
      return fail(Errc::unsupported, "is a web page: look on it for the address of its feed (RSS, Atom or JSON Feed)");
    }
  }
  std::string message = "the format cannot be told: ";
  message.append(options.how_to_name_format).append(" (").append(kReadable).append(")");
  return fail(Errc::unsupported, std::move(message));
}

Result<void> read_format(Format format, const Input& input, InputStream* stream, Session& session) {
  if (format == Format::x_archive) return read_x_archive(input, stream, session);
  WatchedStream source(*stream, session);
  switch (format) {
    case Format::jsonl: return read_jsonl(source, session);
    case Format::csv: return read_csv(source, session);
    case Format::rss:
    case Format::atom: return read_feed_xml(source, session);
    case Format::json_feed: return read_json_feed(source, session);
    case Format::mastodon: return read_mastodon(source, session);
    case Format::bluesky: return read_bluesky(source, session);
    case Format::x_api: return read_x_api(source, session);
    case Format::x_archive:
    case Format::offx_database: break;
  }
  return {};
}

Result<ReadSummary> read_input(const Input& input, const ReadOptions& options, const ReadCallbacks& callbacks) {
  std::unique_ptr<InputStream> stream;
  Format format = options.format.value_or(Format::x_archive);
  if (is_folder(input)) {
    if (format != Format::x_archive) {
      return fail(Errc::invalid_argument, "is a folder: only an X archive can be one; name a file");
    }
  } else {
    OFFX_ASSIGN(stream, InputStream::open(input));
    OFFX_ASSIGN(format, choose_format(input, *stream, options));
  }
  Session session(format, platform_of(format), options, callbacks, input.base_url);
  if (callbacks.on_format) callbacks.on_format(format);
  if (format == Format::offx_database) {
    if (!callbacks.on_database) return fail(Errc::unsupported, "is a database: its posts cannot be read here");
    WatchedStream bytes(*stream, session);
    std::uint64_t number = 0;
    OFFX_TRY(callbacks.on_database(bytes, [&](store::Post&& post) { return session.post(std::move(post), ++number); }));
    return session.summary();
  }
  OFFX_TRY(read_format(format, input, stream.get(), session));
  if (stream && !stream->cut_off().empty() && !session.summary().truncated) {
    OFFX_TRY(session.truncated(0, std::string(stream->cut_off()) + "; what was whole was read"));
  }
  if (stream) OFFX_TRY(session.progress(*stream));
  return session.summary();
}

}  // namespace

std::string_view to_string(Format format) noexcept { return kNames[static_cast<std::size_t>(format)]; }

std::optional<Format> parse_format(std::string_view name) noexcept {
  const auto same = [](char a, char b) {
    if (a >= 'A' && a <= 'Z') a = static_cast<char>(a - 'A' + 'a');
    return (a == '_' ? '-' : a) == b;
  };
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (std::equal(name.begin(), name.end(), kNames[i].begin(), kNames[i].end(), same)) return static_cast<Format>(i);
  }
  return std::nullopt;
}

std::span<const std::string_view> format_names() noexcept { return kNames; }

Result<ReadSummary> read_posts(const Input& input, const ReadOptions& options, const ReadCallbacks& callbacks) {
  const std::string& name = input.called.empty() ? input.name : input.called;
  const std::string where = name.empty() ? std::string("input") : name;
  try {
    auto summary = read_input(input, options, callbacks);
    if (!summary) return fail(std::move(summary).error().within(where));
    return summary;
  } catch (const std::bad_alloc&) {
    return fail(Error(Errc::io, "no memory left for reading it").within(where));
  } catch (const std::exception& error) {
    // Boost.JSON and the file system throw where they see no other way; nothing of theirs leaves this module.
    return fail(Error(Errc::corrupt, std::string("cannot be read: ") + error.what()).within(where));
  }
}

}  // namespace offx::sources
