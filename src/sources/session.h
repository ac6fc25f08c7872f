#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "sources/byte_source.h"
#include "sources/reader.h"

namespace offx::sources {

/// What is held whole (a feed, a JSON object, an item of an array) may be this large.
inline constexpr std::size_t kHeldMaxBytes = 64U << 20U;

/// One reading: what all formats share. Takes the posts they make, makes them fit, counts and passes them on.
class Session {
 public:
  /// `platform` is the format's own, for when the options do not name one.
  Session(Format format, std::string_view platform, const ReadOptions& options, const ReadCallbacks& callbacks,
          std::string base_url);

  [[nodiscard]] Timestamp now() const noexcept { return now_; }
  [[nodiscard]] const std::string& platform() const noexcept { return platform_; }
  [[nodiscard]] const std::string& base_url() const noexcept { return base_url_; }
  [[nodiscard]] std::size_t chunk_bytes() const noexcept { return chunk_bytes_; }
  [[nodiscard]] std::size_t post_max_bytes() const noexcept { return post_max_bytes_; }
  [[nodiscard]] const ReadSummary& summary() const noexcept { return summary_; }

  /// How places are named in problems: `line` or `item`, after the file's name if there are several.
  void name_places(std::string_view unit, std::string_view file = {});

  /// Makes a post fit for storing and hands it on, or reports why it cannot be: text as clean_text() has it, a
  /// platform, a derived id if it has none, dates not in the future, media with known types and web addresses.
  Result<void> post(store::Post&& post, std::uint64_t number);
  /// Reports a broken item and counts it.
  Result<void> broken(std::uint64_t number, std::string_view field, std::string reason);
  /// Reports that the input ends in the middle.
  Result<void> truncated(std::uint64_t number, std::string reason);
  /// Reports how far `stream` was read, if on_progress wants to know.
  Result<void> progress(const InputStream& stream);

 private:
  Result<void> report(std::uint64_t number, std::string_view field, std::string reason);

  const ReadCallbacks& callbacks_;
  ReadSummary summary_;
  std::string platform_;
  std::string base_url_;
  std::string unit_ = "item";
  std::string file_;
  Timestamp now_;
  std::size_t post_max_bytes_;
  std::size_t chunk_bytes_;
};

/// `image`, `video`, `gif`, `audio` or `document` for what formats call a type, a MIME type or, failing that, by the
/// address's extension.
[[nodiscard]] std::string media_type(std::string_view type, std::string_view url);

/// A stable id for what has none: 128 bits over the parts, in hexadecimal.
[[nodiscard]] std::string derive_id(std::span<const std::string_view> parts);

/// A ByteSource that tells the session about its progress while it is read.
class WatchedStream final : public ByteSource {
 public:
  WatchedStream(InputStream& stream, Session& session) : stream_(stream), session_(session) {}
  Result<std::size_t> read(std::span<char> buffer) override;
  [[nodiscard]] std::string_view cut_off() const noexcept override { return stream_.cut_off(); }

 private:
  InputStream& stream_;
  Session& session_;
};

/// The readers. Each reads `source` to its end and gives its posts to the session.
Result<void> read_jsonl(ByteSource& source, Session& session);
Result<void> read_csv(ByteSource& source, Session& session);
Result<void> read_feed_xml(ByteSource& source, Session& session);  ///< RSS, RDF and Atom
Result<void> read_json_feed(ByteSource& source, Session& session);
Result<void> read_mastodon(ByteSource& source, Session& session);
Result<void> read_bluesky(ByteSource& source, Session& session);
Result<void> read_x_api(ByteSource& source, Session& session);

/// An X archive: a folder, a zip or a tweets*.js. `stream` is null for a folder.
Result<void> read_x_archive(const Input& input, InputStream* stream, Session& session);

}  // namespace offx::sources
