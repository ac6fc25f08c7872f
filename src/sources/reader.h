#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/time.h"
#include "store/post.h"

/// Reads posts from files of any supported format, one at a time, in bounded memory.
///
///     auto summary = read_posts({.name = "posts.jsonl"}, {}, {.on_post = [&](store::Post&& post) { return keep(post);
///     }});
namespace offx::sources {

enum class Format : std::uint8_t {
  jsonl,          ///< JSON Lines (or one array) of our own fields
  csv,            ///< RFC 4180 with a header of our fields; `,` `;` or tab
  x_archive,      ///< what X hands out: a zip, its folder, or one of its tweets*.js
  rss,            ///< RSS 0.9x, 1.0 (RDF) and 2.0
  atom,           ///< RFC 4287
  json_feed,      ///< JSON Feed 1.0 and 1.1
  mastodon,       ///< statuses of Mastodon's client API
  bluesky,        ///< feed views, search results or post views of app.bsky
  x_api,          ///< pages of X API v2, in its tweet.* and its post.* spelling
  offx_database,  ///< a SQLite file: recognised here, read by on_database
};

/// The name as the command line writes it: `jsonl`, `csv`, `x-archive`, `json-feed`, `x-api`, `offx-database`, …
[[nodiscard]] std::string_view to_string(Format format) noexcept;

/// The format of that name; `_` and `-` are the same, case is ignored. nullopt if there is none.
[[nodiscard]] std::optional<Format> parse_format(std::string_view name) noexcept;

/// All names, in the order of `Format`.
[[nodiscard]] std::span<const std::string_view> format_names() noexcept;

/// Tells the format from a file's name and its first bytes (decompressed; 64 KiB are plenty). What stands in the
/// bytes counts more than the name. nullopt if neither says.
[[nodiscard]] std::optional<Format> detect_format(std::string_view name, std::string_view head);

/// Where the bytes come from.
struct Input {
  std::string name;  ///< path of a file or folder; `-` is stdin; of fetched bytes: their name or address
  std::optional<std::string_view> bytes{};  ///< the content, when it is in memory already; must outlive the call
  std::string base_url{};                   ///< address it was fetched from; relative links are resolved against it
  /// Once it is set (a signal handler may), waiting for more bytes of stdin or a pipe ends with Errc::cancelled.
  const std::atomic<bool>* interrupted = nullptr;
  std::string called{};  ///< what people know it as, for messages; empty: `name`
};

/// One item that could not be used, or was cut off.
struct Problem {
  std::string where;         ///< for people: `line 12`, `item 3`, `data/tweets.js item 4`
  std::uint64_t number = 0;  ///< line or item, from 1; 0: the input as a whole
  std::string field;         ///< `created_at`, …; empty if it is the item as a whole
  std::string reason;        ///< what is wrong and what to do about it
};

struct Progress {
  std::uint64_t bytes_read = 0;              ///< as stored: compressed bytes if the input is compressed
  std::optional<std::uint64_t> bytes_total;  ///< unknown for stdin and pipes
  std::uint64_t posts = 0;
};

class ByteSource;

/// Called in the reader's thread. An error returned by any of them stops the reading and is what read_posts returns.
/// An absent one does nothing.
struct ReadCallbacks {
  /// Before anything else: what the input is.
  std::function<void(Format)> on_format;
  /// The post may be moved from. If it is not, the reader reuses its memory.
  std::function<Result<void>(store::Post&&)> on_post;
  std::function<Result<void>(const Problem&)> on_problem;
  /// After every few hundred KiB; also the place to cancel.
  std::function<Result<void>(const Progress&)> on_progress;
  /// Reads an input of format offx_database, whose whole file `bytes` gives, decompressed, and gives its posts to
  /// `take`, from which they come to on_post like those of any format. Without it such an input is Errc::unsupported.
  std::function<Result<void>(ByteSource& bytes, const std::function<Result<void>(store::Post&&)>& take)> on_database;
};

struct ReadOptions {
  std::optional<Format> format;  ///< nullopt: detected
  std::string platform;          ///< of posts that do not name one; empty: the format's own (csv, jsonl: `unknown`)
  std::string_view how_to_name_format = "choose it";  ///< for the message that asks for one; must outlive the call
  const Clock* clock = nullptr;            ///< for `fetched_at` and dates in the future; nullptr: the system's
  std::size_t post_max_bytes = 1U << 20U;  ///< a longer text makes the item a broken one
  std::size_t chunk_bytes = 256U << 10U;   ///< how much is read at once; the result does not depend on it
};

struct ReadSummary {
  Format format = Format::jsonl;
  std::uint64_t posts = 0;   ///< given to on_post
  std::uint64_t broken = 0;  ///< given to on_problem, a cut-off end not counted
  bool truncated = false;    ///< the input ends in the middle; what was whole was read
};

/// Reads all posts of `input`, in its order. Gzip and zstd are decompressed on the way. One broken item does not stop
/// it: it is reported and counted.
///
/// Every post has an external id, text or media, valid UTF-8 without control characters but `\n` and `\t`, and
/// `created_at` no later than now, to the second. Where the source gives no date it is now; where it gives no id, one
/// is derived from its content, so that the same input gives the same ids. Languages are given only where the source
/// says them.
///
/// Memory is a few MiB for JSON Lines, CSV and JSON arrays whatever their size; feeds and single JSON objects are held
/// whole and may have up to 64 MiB. Errors: `not_found` or `io` (cannot be read), `unsupported` (format unknown),
/// `corrupt` (not of that format at all, a decompression bomb, a feed with entity declarations), or a callback's own.
/// Thread-safe: several readings may run at once.
[[nodiscard]] Result<ReadSummary> read_posts(const Input& input, const ReadOptions& options,
                                             const ReadCallbacks& callbacks);

}  // namespace offx::sources
