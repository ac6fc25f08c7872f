// What X hands out as "your archive": a zip (or its unpacked folder) with data/tweets.js, or such a file alone.
#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <archive.h>
#include <archive_entry.h>
#include <boost/json.hpp>

#include "sources/dates.h"
#include "sources/json_tree.h"
#include "sources/x_text.h"
#include "text/clean.h"

namespace offx::sources {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kNotesMaxBytes = 64U << 20U;

/// What the files beside the posts tell.
struct Owner {
  std::string name;
  std::string username;
  std::string id;
};

/// A long post's whole text; it has an id of its own, so it is found by its time and beginning.
struct Note {
  std::string text;
  std::vector<XLink> links;
};

struct Background {
  Owner owner;
  std::unordered_multimap<std::int64_t, Note> notes;  ///< by unix second
  std::uint64_t note_bytes = 0;
};

enum class Part : std::uint8_t { other, account, notes, posts };

Part part_of(std::string_view path) {
  std::string_view name = path.substr(path.find_last_of('/') + 1);
  if (!name.ends_with(".js")) return Part::other;
  name.remove_suffix(3);
  const auto numbered = [&](std::string_view stem) {
    if (!name.starts_with(stem)) return false;
    const std::string_view rest = name.substr(stem.size());
    return rest.empty() ||
           (rest.starts_with("-part") && rest.substr(5).find_first_not_of("0123456789") == std::string_view::npos);
  };
  if (name == "account") return Part::account;
  if (numbered("note-tweet") || numbered("note-tweets") || numbered("note_tweet")) return Part::notes;
  if (numbered("tweets") || numbered("tweet")) return Part::posts;
  return Part::other;
}

std::int64_t seconds(Timestamp time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

void read_account(const json::object& item, Background& background) {
  const json::object* inner = object_at(item, "account");
  const json::object& account = inner != nullptr ? *inner : item;
  background.owner.name = text_at(account, "accountDisplayName");
  background.owner.username = text_at(account, "username");
  background.owner.id = id_at(account, "accountId");
}

void read_note(const json::object& item, Background& background) {
  const json::object* inner = object_at(item, "noteTweet");
  const json::object& note = inner != nullptr ? *inner : item;
  const json::object* core = object_at(note, "core");
  const auto time = parse_loose_time(text_at(note, "createdAt"));
  if (core == nullptr || !time || text_at(*core, "text").empty()) return;
  Note kept{std::string(text_at(*core, "text")), {}};
  background.note_bytes += kept.text.size();
  if (background.note_bytes > kNotesMaxBytes) return;
  if (const json::array* urls = array_at(*core, "urls")) {
    for (const json::value& value : *urls) {
      const json::object* url = as_object(value);
      if (url == nullptr) continue;
      kept.links.push_back(
          {std::string(text_at(*url, "shortUrl")), std::string(text_at(*url, "expandedUrl")), {}, false});
    }
  }
  background.notes.emplace(seconds(*time), std::move(kept));
}

/// The note of a post whose own text was cut, or nullptr.
const Note* find_note(const Background& background, Timestamp time, std::string_view text) {
  // The cut text ends in an ellipsis and often an address of the post itself.
  std::string_view start = text.substr(0, std::min(text.rfind("\xE2\x80\xA6"), text.size()));
  if (start.size() == text.size()) {
    if (const std::size_t link = text.rfind(" https://t.co/"); link != std::string_view::npos && link > 100) {
      start = text.substr(0, link);
    }
  }
  start = text::trim(start);
  if (start.size() < 20) return nullptr;
  for (const std::int64_t at : {seconds(time), seconds(time) - 1, seconds(time) + 1}) {
    const auto [first, last] = background.notes.equal_range(at);
    for (auto it = first; it != last; ++it) {
      if (it->second.text.size() > start.size() && it->second.text.starts_with(start)) return &it->second;
    }
  }
  return nullptr;
}

std::string best_variant(const json::object& media) {
  const json::object* info = object_at(media, "video_info");
  const json::array* variants = info == nullptr ? nullptr : array_at(*info, "variants");
  std::string best;
  long best_rate = -1;
  if (variants == nullptr) return best;
  for (const json::value& value : *variants) {
    const json::object* variant = as_object(value);
    if (variant == nullptr || text_at(*variant, "content_type") != "video/mp4") continue;
    const std::string rate = id_at(*variant, "bitrate");  // numbers are texts in archives
    const long number = rate.empty() || rate.size() > 12 ? 0 : std::strtol(rate.c_str(), nullptr, 10);
    if (number > best_rate) {
      best_rate = number;
      best = text_at(*variant, "url");
    }
  }
  return best;
}

/// Links of `entities`, media of `extended_entities`, which lists all of them, else of `entities`, which lists one.
void read_entities(const json::object& tweet, const std::string& quoted_id, std::vector<XLink>& links,
                   std::vector<store::Media>& media) {
  const json::object* entities = object_at(tweet, "entities");
  const json::object* extended = object_at(tweet, "extended_entities");
  if (const json::array* urls = entities == nullptr ? nullptr : array_at(*entities, "urls")) {
    for (const json::value& value : *urls) {
      const json::object* url = as_object(value);
      if (url == nullptr) continue;
      XLink link{std::string(text_at(*url, "url")), std::string(text_at(*url, "expanded_url")), {}, false};
      link.attachment = is_x_post_url(link.expanded_url, quoted_id);
      links.push_back(std::move(link));
    }
  }
  const json::array* list = extended == nullptr ? nullptr : array_at(*extended, "media");
  if (list == nullptr && entities != nullptr) list = array_at(*entities, "media");
  if (list == nullptr) return;
  for (const json::value& value : *list) {
    const json::object* item = as_object(value);
    if (item == nullptr) continue;
    links.push_back({std::string(text_at(*item, "url")), std::string(text_at(*item, "expanded_url")), {}, true});
    store::Media medium{best_variant(*item), std::string(text_at(*item, "type")), std::nullopt};
    if (medium.url.empty()) medium.url = text_at(*item, "media_url_https");
    if (medium.url.empty()) medium.url = text_at(*item, "media_url");
    if (const std::string_view alt = text_at(*item, "ext_alt_text"); !alt.empty()) medium.alt_text = alt;
    if (!medium.url.empty()) media.push_back(std::move(medium));
  }
}

store::Post make_post(const json::object& tweet, const Background& background) {
  store::Post post;
  store::PostDetails& details = post.details;
  const auto id_of = [&](std::string_view text_key, std::string_view number_key) {
    std::string id = id_at(tweet, text_key);
    return id.empty() ? id_at(tweet, number_key) : id;
  };
  post.external_id = id_of("id_str", "id");
  post.author = background.owner.name;
  post.author_username = background.owner.username;
  details.author_id = background.owner.id;
  if (const json::object* user = object_at(tweet, "user")) {  // exports of others carry it
    if (const std::string_view name = text_at(*user, "screen_name"); !name.empty()) {
      post.author_username = name;
      post.author = text_at(*user, "name");
    }
  }
  post.url = x_post_url(post.author_username, post.external_id);
  const auto created = parse_loose_time(text_at(tweet, "created_at"));
  post.created_at = created.value_or(time_of_x_id(post.external_id).value_or(Timestamp{}));

  const std::string quoted = id_of("quoted_status_id_str", "quoted_status_id");
  std::vector<XLink> links;
  read_entities(tweet, quoted, links, post.media);
  std::string_view text = text_at(tweet, "full_text");
  if (text.empty()) text = text_at(tweet, "text");
  if (const Note* note = find_note(background, post.created_at, text); note != nullptr) {
    text = note->text;
    links.insert(links.end(), note->links.begin(), note->links.end());
  }
  post.content = plain_x_text(text, links);
  add_links(links, details.links);

  details.lang = text_at(tweet, "lang");
  const std::string answered = id_of("in_reply_to_status_id_str", "in_reply_to_status_id");
  const std::string_view answered_user = text_at(tweet, "in_reply_to_screen_name");
  if (!retweeted_user(text).empty()) {
    details.is_repost = true;
    details.reposted_by = post.author_username;
  } else if (!answered.empty() || !answered_user.empty()) {
    details.is_reply = true;
    details.reply_to = answered_user;
    details.reference_id = answered;
  }
  if (!quoted.empty()) {
    details.is_quote = true;
    if (details.reference_id.empty()) details.reference_id = quoted;
  }
  return post;
}

/// Reads the archive's files in whatever container they are.
class ArchiveReader {
 public:
  explicit ArchiveReader(Session& session) : session_(session) {}

  /// account.js and note-tweet.js: their faults are no faults of posts, so nothing is reported.
  Result<void> read_background(ByteSource& source, Part part) {
    JsonItems items(source, session_.chunk_bytes(), kNotesMaxBytes);
    while (true) {
      OFFX_ASSIGN(const auto item, items.next());
      if (!item) return {};
      if (!item->whole || item->too_large) continue;
      std::string text(item->text);
      boost::system::error_code error;
      json::value value = json::parse(text, error);
      if (error && mend_json(text)) value = json::parse(text, error);
      const json::object* object = error ? nullptr : as_object(value);
      if (object == nullptr) continue;
      if (part == Part::account) read_account(*object, background_);
      if (part == Part::notes) read_note(*object, background_);
    }
  }

  Result<void> read_posts(ByteSource& source, std::string_view file) {
    session_.name_places("item", file);
    found_ = true;
    return read_objects(source, session_, [&](const json::object& item, std::uint64_t number) -> Result<void> {
      const json::object* inner = object_at(item, "tweet");
      const json::object& tweet = inner != nullptr ? *inner : item;
      if (id_at(tweet, "id_str").empty() && id_at(tweet, "id").empty()) {
        return session_.broken(number, "id_str", "is missing: this is no post of an X archive");
      }
      if (!tweet.contains("full_text") && !tweet.contains("text")) {
        return session_.broken(number, "full_text", "is missing: this is no post of an X archive");
      }
      return session_.post(make_post(tweet, background_), number);
    });
  }

  [[nodiscard]] bool found() const noexcept { return found_; }

 private:
  Session& session_;
  Background background_;
  bool found_ = false;
};

Result<std::unique_ptr<InputStream>> open_file(const fs::path& path) {
  Input input;
  input.name = path.string();
  return InputStream::open(input);
}

/// The folder and its data/, where the files lie.
std::vector<fs::path> files_of(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const fs::path& place : {folder / "data", folder}) {
    std::error_code error;
    for (fs::directory_iterator it(place, error), end; !error && it != end; it.increment(error)) {
      files.push_back(it->path());
    }
    const bool posts = std::any_of(files.begin(), files.end(),
                                   [](const fs::path& file) { return part_of(file.string()) == Part::posts; });
    if (posts) break;
    files.clear();
  }
  // tweets.js, then its parts by number: shorter names first, then by the letter.
  std::sort(files.begin(), files.end(), [](const fs::path& a, const fs::path& b) {
    const std::string left = a.filename().string();
    const std::string right = b.filename().string();
    return left.size() != right.size() ? left.size() < right.size() : left < right;
  });
  return files;
}

Result<void> read_folder(const std::string& folder, Session& session) {
  ArchiveReader reader(session);
  const std::vector<fs::path> files = files_of(folder);
  for (const fs::path& file : files) {
    const Part part = part_of(file.string());
    if (part != Part::account && part != Part::notes) continue;
    const auto stream = open_file(file);
    if (stream) OFFX_TRY(reader.read_background(**stream, part));
  }
  for (const fs::path& file : files) {
    if (part_of(file.string()) != Part::posts) continue;
    auto opened = open_file(file);
    if (!opened) return fail(std::move(opened).error().within(file.filename().string()));
    WatchedStream watched(**opened, session);
    OFFX_TRY(reader.read_posts(watched, file.filename().string()));
  }
  if (!reader.found()) {
    return fail(Errc::unsupported, "holds no data/tweets.js: name the folder of an unpacked X archive");
  }
  return {};
}

/// A zip as it was stored, and what came out of it.
struct Unpacking {
  const InputStream& stored;
  std::uint64_t bytes = 0;  ///< of all entries, each as often as it was read
};

/// The bytes of the entry a libarchive reader is at.
class EntrySource final : public ByteSource {
 public:
  EntrySource(archive* reader, Session& session, Unpacking& unpacking)
      : reader_(reader), session_(session), unpacking_(unpacking) {}

  Result<std::size_t> read(std::span<char> buffer) override {
    const la_ssize_t count = archive_read_data(reader_, buffer.data(), buffer.size());
    OFFX_TRY(session_.progress(unpacking_.stored));
    if (count < 0) {
      const char* reason = archive_error_string(reader_);
      cut_off_ = std::string("the zip is damaged or cut off") + (reason == nullptr ? "" : std::string(": ") + reason);
      return std::size_t{0};
    }
    unpacking_.bytes += static_cast<std::uint64_t>(count);
    OFFX_TRY(
        check_unpacked(unpacking_.bytes, unpacking_.stored.bytes_total().value_or(unpacking_.stored.bytes_read())));
    return static_cast<std::size_t>(count);
  }
  [[nodiscard]] std::string_view cut_off() const noexcept override { return cut_off_; }

 private:
  archive* reader_;
  Session& session_;
  Unpacking& unpacking_;
  std::string cut_off_;
};

struct ArchiveDeleter {
  void operator()(archive* reader) const noexcept { archive_read_free(reader); }
};

/// A zip as a file (libarchive may seek in it), or in memory.
class Zip {
 public:
  explicit Zip(std::string path) : path_(std::move(path)) {}
  explicit Zip(std::string_view bytes) : bytes_(bytes), in_memory_(true) {}
  explicit Zip(std::FILE* file) : file_(file) {}

  /// Calls `take(path, reader)` for every file; what it does not read is skipped. False in `whole` if the zip ends
  /// early.
  template <class Take>
  Result<void> for_each(bool& whole, Take take) {
    const std::unique_ptr<archive, ArchiveDeleter> reader(archive_read_new());
    if (!reader) return fail(Errc::internal, "no memory for reading the zip");
    archive_read_support_format_zip(reader.get());
    int status = ARCHIVE_OK;
    if (in_memory_) {
      status = archive_read_open_memory(reader.get(), bytes_.data(), bytes_.size());
    } else if (file_ != nullptr) {
      if (std::fseek(file_, 0, SEEK_SET) != 0) return fail(Errc::io, "cannot be read again from its beginning");
      status = archive_read_open_FILE(reader.get(), file_);
    } else {
      status = archive_read_open_filename(reader.get(), path_.c_str(), 64U << 10U);
    }
    if (status != ARCHIVE_OK) return fail(Errc::corrupt, "is no zip that can be read");
    for (std::uint64_t entries = 0; entries < kEntriesMax; ++entries) {
      archive_entry* entry = nullptr;
      status = archive_read_next_header(reader.get(), &entry);
      if (status == ARCHIVE_EOF) return {};
      if (status != ARCHIVE_OK && status != ARCHIVE_WARN) {
        whole = false;
        return {};
      }
      const char* name = archive_entry_pathname_utf8(entry);
      if (name == nullptr) name = archive_entry_pathname(entry);
      if (name != nullptr) OFFX_TRY(take(std::string_view(name), reader.get()));
    }
    return {};
  }

 private:
  static constexpr std::uint64_t kEntriesMax = 10'000'000;
  std::string path_;
  std::string_view bytes_;
  std::FILE* file_ = nullptr;
  bool in_memory_ = false;
};

Result<void> read_zip(Zip zip, const InputStream& stream, Session& session) {
  ArchiveReader reader(session);
  Unpacking unpacking{stream};
  bool whole = true;
  // Twice through the directory: the name on every post is in a file that may come after them.
  const auto read_beside = [&](std::string_view path, archive* entry) -> Result<void> {
    const Part part = part_of(path);
    if (part != Part::account && part != Part::notes) return {};
    EntrySource source(entry, session, unpacking);
    return reader.read_background(source, part);
  };
  const auto read_posts = [&](std::string_view path, archive* entry) -> Result<void> {
    if (part_of(path) != Part::posts) return {};
    EntrySource source(entry, session, unpacking);
    OFFX_TRY(reader.read_posts(source, path));
    if (!source.cut_off().empty()) whole = false;
    return {};
  };
  OFFX_TRY(zip.for_each(whole, read_beside));
  OFFX_TRY(zip.for_each(whole, read_posts));
  session.name_places("item");
  if (!whole) return session.truncated(0, "the zip ends in the middle or is damaged; what was whole was read");
  if (!reader.found()) {
    return fail(Errc::unsupported,
                "the zip holds no data/tweets.js: is it the archive X sent? Unpack other zips first");
  }
  return {};
}

struct FileCloser {
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};

/// A zip from a pipe goes to a temporary file, since it is read twice.
Result<void> read_piped_zip(InputStream& stream, Session& session) {
  const std::unique_ptr<std::FILE, FileCloser> file(std::tmpfile());
  if (!file) return fail(Errc::io, "no temporary file for the zip can be made: save it to a file and name that");
  std::vector<char> buffer(session.chunk_bytes());
  while (true) {
    OFFX_ASSIGN(const std::size_t count, stream.read(buffer));
    if (count == 0) break;
    if (std::fwrite(buffer.data(), 1, count, file.get()) != count) {
      return fail(Errc::io, "the temporary file for the zip cannot be written: is the disk full?");
    }
    OFFX_TRY(session.progress(stream));
  }
  return read_zip(Zip(file.get()), stream, session);
}

}  // namespace

Result<void> read_x_archive(const Input& input, InputStream* stream, Session& session) {
  if (stream == nullptr) return read_folder(input.name, session);
  OFFX_ASSIGN(const std::string_view head, stream->head());
  if (head.starts_with("PK")) {
    if (input.bytes && input.bytes->starts_with("PK")) return read_zip(Zip(*input.bytes), *stream, session);
    std::error_code error;
    if (!input.bytes && input.name != "-" && fs::is_regular_file(input.name, error)) {
      return read_zip(Zip(input.name), *stream, session);
    }
    return read_piped_zip(*stream, session);
  }

  ArchiveReader reader(session);
  if (!input.bytes && input.name != "-") {
    // A file of the folder by itself: what lies beside it tells whose posts they are.
    const fs::path folder = fs::path(input.name).parent_path();
    for (const auto& [name, part] : {std::pair("account.js", Part::account), std::pair("note-tweet.js", Part::notes)}) {
      std::error_code error;
      if (!fs::is_regular_file(folder / name, error)) continue;
      const auto beside = open_file(folder / name);
      if (beside) OFFX_TRY(reader.read_background(**beside, part));
    }
  }
  WatchedStream watched(*stream, session);
  return reader.read_posts(watched, {});
}

}  // namespace offx::sources
