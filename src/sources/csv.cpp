// CSV as RFC 4180 and spreadsheets write it, with a header that names our fields.
#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/json.hpp>

#include "sources/fields.h"
#include "sources/session.h"
#include "text/clean.h"

namespace offx::sources {
namespace {

/// The cells of one record, unquoted.
struct Record {
  std::vector<std::string> cells;
  std::size_t size = 0;        ///< bytes it took, with its line end
  std::uint64_t lines = 0;     ///< line ends in it
  bool ended_by_line = false;  ///< else by the end of the text
  bool bad_quote = false;      ///< a closing quote is followed by text: one before it was stray
  bool open_quote = false;     ///< the text ended inside quotes
};

/// Reads the record at the start of `text`. A quote inside an unquoted cell is itself; a record with text behind a
/// closing quote ends there as a bad one.
Record read_record(std::string_view text, char delimiter) {
  Record record;
  std::string cell;
  bool quoted = false;
  bool at_start = true;
  bool was_quoted = false;
  std::size_t i = 0;
  for (; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c != '"') {
        if (c == '\n') ++record.lines;
        cell += c;
      } else if (i + 1 < text.size() && text[i + 1] == '"') {
        cell += '"';
        ++i;
      } else {
        quoted = false;
        was_quoted = true;
      }
      continue;
    }
    if (c == '"' && at_start) {
      quoted = true;
      at_start = false;
    } else if (c == delimiter) {
      record.cells.push_back(std::move(cell));
      cell.clear();
      at_start = true;
      was_quoted = false;
    } else if (c == '\n' || c == '\r') {
      if (c == '\r' && i + 1 < text.size() && text[i + 1] == '\n') ++i;
      ++i;
      ++record.lines;
      record.ended_by_line = true;
      break;
    } else if (was_quoted && c != ' ') {
      record.bad_quote = true;
      break;
    } else {
      cell += c;
      at_start = false;
    }
  }
  record.cells.push_back(std::move(cell));
  record.size = i;
  record.open_quote = quoted;
  return record;
}

/// The delimiter the header uses most, outside its quotes.
char find_delimiter(std::string_view text) {
  char best = ',';
  std::size_t most = 0;
  for (const char delimiter : {',', ';', '\t', '|'}) {
    const std::size_t cells = read_record(text, delimiter).cells.size();
    if (cells > most) {
      most = cells;
      best = delimiter;
    }
  }
  return best;
}

Result<void> take_media(FieldSet& set, std::string_view cell) {
  namespace json = boost::json;
  const std::string_view trimmed = text::trim(cell);
  if (trimmed.starts_with('[')) {
    boost::system::error_code error;
    const json::value value = json::parse(trimmed, error);
    if (error || !value.is_array()) return fail(Errc::invalid_argument, "looks like JSON but is not valid");
    for (const json::value& entry : value.get_array()) {
      store::Media medium;
      if (entry.is_string()) {
        medium.url = entry.get_string().c_str();
      } else if (entry.is_object()) {
        for (const auto& [key, field] : entry.get_object()) {
          if (!field.is_string()) continue;
          if (key == "url" || key == "media_url") medium.url = field.get_string().c_str();
          if (key == "type" || key == "media_type") medium.type = field.get_string().c_str();
          if (key == "alt_text" || key == "alt") medium.alt_text = field.get_string().c_str();
        }
      }
      if (medium.url.empty()) return fail(Errc::invalid_argument, "has an entry without an address");
      set.post.media.push_back(std::move(medium));
    }
    return {};
  }
  std::size_t at = 0;
  while (at < trimmed.size()) {  // addresses have no white space and no |
    const std::size_t end = std::min(trimmed.find_first_of(" \n\t|", at), trimmed.size());
    if (end > at) set.post.media.push_back({std::string(trimmed.substr(at, end - at)), {}, std::nullopt});
    at = end + 1;
  }
  return {};
}

class CsvReader {
 public:
  CsvReader(ByteSource& source, Session& session)
      : source_(source), session_(session), record_max_(session.post_max_bytes() * 4 + (64U << 10U)) {}

  Result<void> read() {
    session_.name_places("line");
    OFFX_TRY(read_header());
    while (true) {
      const std::string_view rest = std::string_view(buffer_).substr(at_);
      if (rest.empty()) {
        if (ended_) return {};
        OFFX_TRY(fill());
        continue;
      }
      Record record = read_record(rest, delimiter_);
      // A line end at the very end may be half of \r\n, and a quote there half of "".
      const bool settled = record.ended_by_line && (record.size < rest.size() || rest.back() == '\n');
      if (!settled && !record.bad_quote && !ended_ && rest.size() <= record_max_) {
        OFFX_TRY(fill());
        continue;
      }
      if (record.bad_quote && rest.find('\n') == std::string_view::npos && !ended_ && rest.size() <= record_max_) {
        OFFX_TRY(fill());
        continue;
      }
      if (record.bad_quote) {
        OFFX_TRY(session_.broken(line_, {}, "has text behind a closing quote: double the quotes inside a quoted cell"));
        const std::size_t line_end = rest.find('\n');
        advance(line_end == std::string_view::npos ? rest.size() : line_end + 1, 1);
        continue;
      }
      if (record.open_quote) {
        OFFX_TRY(open_quote(rest));
        continue;
      }
      if (record.size > record_max_) {
        OFFX_TRY(session_.broken(line_, {}, "is too large for a post: is this CSV with one post a line?"));
      } else {
        OFFX_TRY(take(record));
      }
      advance(record.size, record.lines);
    }
  }

 private:
  Result<void> fill() {
    buffer_.erase(0, at_);
    at_ = 0;
    const std::size_t have = buffer_.size();
    // Grows with what is held, so that a long record is not scanned anew for every chunk.
    buffer_.resize(have + std::max(session_.chunk_bytes(), have));
    auto count = source_.read(std::span<char>(buffer_).subspan(have));
    buffer_.resize(have + count.value_or(0));
    if (!count) return fail(std::move(count).error());
    ended_ = *count == 0;
    return {};
  }

  void advance(std::size_t bytes, std::uint64_t lines) {
    at_ += bytes;
    line_ += lines;
  }

  Result<void> read_header() {
    constexpr std::size_t kHeaderMaxBytes = 64U << 10U;
    while (!ended_ && buffer_.find('\n') == std::string::npos && buffer_.size() < kHeaderMaxBytes) OFFX_TRY(fill());
    if (buffer_.starts_with("\xEF\xBB\xBF")) at_ = 3;
    std::string_view text = std::string_view(buffer_).substr(at_);
    if (text::trim(text).empty() && ended_) return {};
    if (text.starts_with("sep=")) {  // Excel's own first line
      delimiter_ = text.size() > 4 ? text[4] : ',';
      const Record line = read_record(text, '\n');
      advance(line.size, line.lines);
      text = std::string_view(buffer_).substr(at_);
      while (!ended_ && text.find('\n') == std::string_view::npos && text.size() < kHeaderMaxBytes) {
        OFFX_TRY(fill());
        text = std::string_view(buffer_).substr(at_);
      }
    } else {
      delimiter_ = find_delimiter(text);
    }
    const Record header = read_record(text, delimiter_);
    std::string names;
    bool content = false;
    for (const std::string& cell : header.cells) {
      const auto field = find_field(text::trim(cell));
      content = content || (field && field->field == Field::content);
      columns_.push_back(field);
      if (names.size() < 200) names += (names.empty() ? "" : ", ") + text::clean_text(text::trim(cell)).substr(0, 60);
    }
    if (!content) {
      return fail(
          Errc::corrupt,
          "the first line has no column `content` (or text, full_text, body, message): its columns are " + names +
              ". Name the columns there: external_id, content, author, author_username, platform, created_at, url");
    }
    advance(header.size, header.lines);
    return {};
  }

  /// A quote that never closes: the file was cut there, or a stray quote would swallow all that follows.
  Result<void> open_quote(std::string_view rest) {
    const std::size_t line_end = rest.find('\n');
    bool stray = line_end != std::string_view::npos;
    if (stray && ended_) {
      // Stray if everything behind its line reads as proper records.
      std::string_view after = rest.substr(line_end + 1);
      stray = !after.empty();
      while (stray && !after.empty()) {
        const Record record = read_record(after, delimiter_);
        stray = record.cells.size() == columns_.size() && !record.open_quote && !record.bad_quote;
        after.remove_prefix(record.size);
      }
    }
    if (!stray && ended_) {
      OFFX_TRY(session_.truncated(
          line_, "the input ends inside a quoted cell that begins in this record; all before it was read"));
      advance(rest.size(), 0);
      return {};
    }
    OFFX_TRY(session_.broken(line_, {}, "a quote is opened here and never closed: double quotes inside a quoted cell"));
    advance(line_end == std::string_view::npos ? rest.size() : line_end + 1, 1);
    return {};
  }

  Result<void> take(const Record& record) {
    const std::vector<std::string>& cells = record.cells;
    if (cells.size() == 1 && text::trim(cells.front()).empty()) return {};
    if (cells.size() != columns_.size()) {
      if (ended_ && !record.ended_by_line && cells.size() < columns_.size()) {
        return session_.truncated(line_, "the input ends in the middle of this line; all before it was read");
      }
      return session_.broken(line_, {},
                             "has " + std::to_string(cells.size()) + " cells, the header " +
                                 std::to_string(columns_.size()) + ": quote cells that contain the delimiter");
    }
    set_.clear();
    std::string links;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::optional<FieldName>& column = columns_[i];
      if (!column || cells[i].empty() || !set_.claim(*column)) continue;
      const Field field = column->field;
      if (field == Field::media) {
        if (auto result = take_media(set_, cells[i]); !result) {
          return session_.broken(line_, "media", result.error().message());
        }
        continue;
      }
      if (field == Field::links) {
        links = cells[i];
        continue;
      }
      if (field == Field::details) continue;
      if (auto result = set_text(set_, field, cells[i]); !result) {
        return session_.broken(line_, field_name(field), result.error().message());
      }
    }
    for (std::size_t at = 0; at < links.size();) {
      const std::size_t end = std::min(links.find_first_of(" \n\t|", at), links.size());
      if (end > at) set_.post.details.links.emplace_back(links.substr(at, end - at));
      at = end + 1;
    }
    return session_.post(std::move(set_.post), line_);
  }

  ByteSource& source_;
  Session& session_;
  std::size_t record_max_;
  std::string buffer_;
  std::size_t at_ = 0;
  std::uint64_t line_ = 1;
  bool ended_ = false;
  char delimiter_ = ',';
  std::vector<std::optional<FieldName>> columns_;
  FieldSet set_;
};

}  // namespace

Result<void> read_csv(ByteSource& source, Session& session) { return CsvReader(source, session).read(); }

}  // namespace offx::sources
