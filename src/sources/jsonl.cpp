// JSON Lines of our own fields: the format imports in bulk come in, so it is parsed straight into a reused post, by
// simdjson on demand, without a tree.
#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include <simdjson.h>

#include "sources/dates.h"
#include "sources/fields.h"
#include "sources/json_text.h"
#include "sources/session.h"
#include "text/clean.h"

namespace offx::sources {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr std::size_t kMediaMax = 500;

/// What is wrong with a line: the field, if it is one, and why.
struct Fault {
  std::string field;
  std::string reason;
  bool syntax = false;  ///< no valid JSON: mending may help
};

Fault syntax_fault(simdjson::error_code error) {
  switch (error) {
    case simdjson::INCORRECT_TYPE:
    case simdjson::NUMBER_ERROR: return {{}, "is no JSON object: correct the line or remove it", true};
    case simdjson::DEPTH_ERROR: return {{}, "is nested too deeply: correct the line or remove it", true};
    default: return {{}, "is not valid JSON: correct the line or remove it", true};
  }
}

/// Takes the fields of one object into a FieldSet.
class ObjectReader {
 public:
  explicit ObjectReader(FieldSet& set) : set_(set) {}

  /// False: fault() says why.
  bool read(ondemand::object object, int depth = 0) {
    for (auto entry : object) {
      std::string_view key;
      ondemand::value value;
      if (const auto error = entry.unescaped_key().get(key); error != simdjson::SUCCESS) return syntax(error);
      if (const auto error = entry.value().get(value); error != simdjson::SUCCESS) return syntax(error);
      const std::optional<FieldName> name = find_field(key);
      if (!name || !set_.claim(*name)) continue;
      if (!read_field(name->field, value, depth)) return false;
    }
    return true;
  }

  bool syntax(simdjson::error_code error) {
    fault_ = syntax_fault(error);
    return false;
  }
  [[nodiscard]] Fault& fault() noexcept { return fault_; }

 private:
  bool refuse(Field field, std::string reason) {
    fault_ = {std::string(field_name(field)), std::move(reason), false};
    return false;
  }

  bool read_field(Field field, ondemand::value& value, int depth) {
    ondemand::json_type type{};
    if (const auto error = value.type().get(type); error != simdjson::SUCCESS) return syntax(error);
    switch (type) {
      case ondemand::json_type::null: {
        if (!value.is_null()) return syntax(simdjson::N_ATOM_ERROR);
        return true;
      }
      case ondemand::json_type::string: {
        std::string_view text;
        if (const auto error = value.get_string().get(text); error != simdjson::SUCCESS) return syntax(error);
        if (field == Field::links) {
          set_.post.details.links.emplace_back(text);
          return true;
        }
        if (field == Field::media) {
          if (!text.empty()) set_.post.media.push_back({std::string(text), {}, std::nullopt});
          return true;
        }
        return take_text(field, text);
      }
      case ondemand::json_type::number: return read_number(field, value);
      case ondemand::json_type::boolean: {
        bool flag = false;
        if (const auto error = value.get_bool().get(flag); error != simdjson::SUCCESS) return syntax(error);
        switch (field) {
          case Field::is_reply: set_.post.details.is_reply = flag; return true;
          case Field::is_repost: set_.post.details.is_repost = flag; return true;
          case Field::is_quote: set_.post.details.is_quote = flag; return true;
          case Field::is_private: set_.post.details.is_private = flag; return true;
          default: return refuse(field, "is true or false, but should be a text");
        }
      }
      case ondemand::json_type::array: return read_array(field, value);
      case ondemand::json_type::object: {
        if (field != Field::details || depth > 0) return refuse(field, "is an object, but should be a text");
        ondemand::object object;
        if (const auto error = value.get_object().get(object); error != simdjson::SUCCESS) return syntax(error);
        return read(object, depth + 1);
      }
    }
    return syntax(simdjson::TAPE_ERROR);
  }

  bool take_text(Field field, std::string_view text) {
    // Those in every line, without the way round by Result.
    switch (field) {
      case Field::external_id: set_.post.external_id = text; return true;
      case Field::content: set_.post.content = text; return true;
      case Field::author: set_.post.author = text; return true;
      case Field::author_username: set_.post.author_username = text; return true;
      case Field::platform: set_.post.platform = text; return true;
      case Field::url: set_.post.url = text; return true;
      case Field::created_at:
        if (const auto time = parse_time(text)) {
          set_.post.created_at = *time;
          return true;
        }
        break;
      default: break;
    }
    auto result = set_text(set_, field, text);
    return result ? true : refuse(field, result.error().message());
  }

  bool read_number(Field field, ondemand::value& value) {
    if (field == Field::created_at || field == Field::edited_at) {
      double number = 0;
      if (const auto error = value.get_double().get(number); error != simdjson::SUCCESS) return syntax(error);
      const auto time = from_unix_time(number);
      if (!time) return refuse(field, "is no unix time between the years 1 and 9999");
      if (field == Field::created_at) {
        set_.post.created_at = *time;
      } else {
        set_.post.details.edited_at = *time;
      }
      return true;
    }
    // Ids larger than 2^53 must keep every digit: take the number as it is written.
    const std::string_view token = text::trim(value.raw_json_token());
    double checked = 0;
    if (const auto error = value.get_double().get(checked); error != simdjson::SUCCESS) return syntax(error);
    return take_text(field, token);
  }

  bool read_array(Field field, ondemand::value& value) {
    if (field != Field::media && field != Field::links) return refuse(field, "is a list, but should be a text");
    ondemand::array array;
    if (const auto error = value.get_array().get(array); error != simdjson::SUCCESS) return syntax(error);
    for (auto entry : array) {
      ondemand::value element;
      ondemand::json_type type{};
      if (const auto error = entry.get(element); error != simdjson::SUCCESS) return syntax(error);
      if (const auto error = element.type().get(type); error != simdjson::SUCCESS) return syntax(error);
      if (type == ondemand::json_type::string) {
        std::string_view text;
        if (const auto error = element.get_string().get(text); error != simdjson::SUCCESS) return syntax(error);
        if (field == Field::links) {
          set_.post.details.links.emplace_back(text);
        } else {
          set_.post.media.push_back({std::string(text), {}, std::nullopt});
        }
      } else if (type == ondemand::json_type::object && field == Field::media) {
        if (!read_medium(element)) return false;
      } else if (type != ondemand::json_type::null) {
        return refuse(field, field == Field::media
                                 ? "holds something that is neither an address nor {url, type, alt_text}"
                                 : "holds something that is no text");
      }
      if (set_.post.media.size() > kMediaMax) return refuse(field, "has more than 500 entries");
    }
    return true;
  }

  bool read_medium(ondemand::value& element) {
    ondemand::object object;
    if (const auto error = element.get_object().get(object); error != simdjson::SUCCESS) return syntax(error);
    store::Media medium;
    for (auto entry : object) {
      std::string_view key;
      ondemand::value value;
      ondemand::json_type type{};
      if (const auto error = entry.unescaped_key().get(key); error != simdjson::SUCCESS) return syntax(error);
      if (const auto error = entry.value().get(value); error != simdjson::SUCCESS) return syntax(error);
      if (const auto error = value.type().get(type); error != simdjson::SUCCESS) return syntax(error);
      if (type != ondemand::json_type::string) continue;
      const bool url = key == "url" || key == "media_url";
      const bool kind = key == "type" || key == "media_type";
      const bool alt = key == "alt_text" || key == "alt" || key == "description";
      if (!url && !kind && !alt) continue;
      std::string_view text;
      if (const auto error = value.get_string().get(text); error != simdjson::SUCCESS) return syntax(error);
      if (url) medium.url = text;
      if (kind) medium.type = text;
      if (alt) medium.alt_text = text;
    }
    if (medium.url.empty()) return refuse(Field::media, "has an entry without url: give its address");
    set_.post.media.push_back(std::move(medium));
    return true;
  }

  FieldSet& set_;
  Fault fault_;
};

/// Parses objects and gives them to the session.
class Lines {
 public:
  explicit Lines(Session& session) : session_(session) {}

  /// One line (or element), followed by at least SIMDJSON_PADDING readable bytes. `last`: it is not known to be whole.
  Result<void> take(const char* data, std::size_t size, std::uint64_t number, bool last) {
    const std::string_view line(data, size);
    if (text::trim(line).empty()) return {};
    Fault fault;
    if (parse(data, size, fault)) return session_.post(std::move(set_.post), number);
    if (fault.syntax) {
      std::string mended(line);
      if (mend_json(mended)) {
        mended.reserve(mended.size() + simdjson::SIMDJSON_PADDING);
        Fault again;
        if (parse(mended.data(), mended.size(), again)) return session_.post(std::move(set_.post), number);
        fault = std::move(again);
      }
      if (last) {
        return session_.truncated(number, "the input ends in the middle of this line; all before it was read");
      }
    }
    return session_.broken(number, fault.field, std::move(fault.reason));
  }

 private:
  bool parse(const char* data, std::size_t size, Fault& fault) {
    set_.clear();
    ObjectReader reader(set_);
    bool good = false;
    ondemand::document document;
    ondemand::object object;
    auto error = parser_.iterate(data, size, size + simdjson::SIMDJSON_PADDING).get(document);
    if (error == simdjson::SUCCESS) error = document.get_object().get(object);
    if (error != simdjson::SUCCESS) {
      reader.syntax(error);
    } else {
      good = reader.read(object);
      // At its end a document has no location any more.
      if (good && document.current_location().error() == simdjson::SUCCESS) {
        good = reader.syntax(simdjson::TRAILING_CONTENT);
      }
    }
    if (!good) fault = std::move(reader.fault());
    return good;
  }

  Session& session_;
  ondemand::parser parser_;
  FieldSet set_;
};

/// `[{…},{…}]` instead of lines.
Result<void> read_array(ByteSource& source, Session& session, std::size_t item_max) {
  session.name_places("item");
  Lines lines(session);
  JsonItems items(source, session.chunk_bytes(), item_max);
  std::string padded;
  while (true) {
    OFFX_ASSIGN(const auto item, items.next());
    if (!item) break;
    if (item->too_large) {
      OFFX_TRY(session.broken(item->number, {}, "is too large for a post: shorten it"));
      continue;
    }
    padded.assign(item->text);
    padded.resize(padded.size() + simdjson::SIMDJSON_PADDING);
    OFFX_TRY(lines.take(padded.data(), item->text.size(), item->number, !item->whole));
  }
  if (items.ended_early() && !session.summary().truncated) {
    OFFX_TRY(session.truncated(0, "the input ends before its list does; all before that was read"));
  }
  return {};
}

/// Puts bytes that were read already before the rest of a source.
class Prefixed final : public ByteSource {
 public:
  Prefixed(std::string_view first, ByteSource& rest) : first_(first), rest_(rest) {}
  Result<std::size_t> read(std::span<char> buffer) override {
    if (first_.empty()) return rest_.read(buffer);
    const std::size_t count = std::min(buffer.size(), first_.size());
    std::memcpy(buffer.data(), first_.data(), count);
    first_.remove_prefix(count);
    return count;
  }
  [[nodiscard]] std::string_view cut_off() const noexcept override { return rest_.cut_off(); }

 private:
  std::string_view first_;
  ByteSource& rest_;
};

}  // namespace

Result<void> read_jsonl(ByteSource& source, Session& session) {
  // Escapes can make a text six times as long; the other fields need room as well.
  const std::size_t line_max = session.post_max_bytes() * 8 + (64U << 10U);
  session.name_places("line");
  Lines lines(session);
  std::size_t capacity = session.chunk_bytes() * 2 + 64;
  const auto make_buffer = [](std::size_t bytes) {
    return std::make_unique<char[]>(bytes + simdjson::SIMDJSON_PADDING);
  };
  auto buffer = make_buffer(capacity);
  std::size_t begin = 0;  // of the line
  std::size_t end = 0;    // of what was read
  std::size_t seen = 0;   // no line end before this
  std::uint64_t number = 1;
  bool first = true;
  bool skipping = false;  // a line that is too long
  while (true) {
    if (begin > 0) {
      std::memmove(buffer.get(), buffer.get() + begin, end - begin);
      end -= begin;
      seen -= begin;
      begin = 0;
    }
    if (capacity - end < session.chunk_bytes()) {
      capacity = capacity * 2;
      auto larger = make_buffer(capacity);
      std::memcpy(larger.get(), buffer.get(), end);
      buffer = std::move(larger);
    }
    OFFX_ASSIGN(const std::size_t count, source.read(std::span<char>(buffer.get() + end, session.chunk_bytes())));
    end += count;
    if (first && (count == 0 || end >= 3)) {
      first = false;
      if (std::string_view(buffer.get(), end).starts_with("\xEF\xBB\xBF")) begin = seen = 3;
      const std::string_view text(buffer.get() + begin, end - begin);
      const std::size_t start = text.find_first_not_of(" \t\r\n");
      if (start != std::string_view::npos && text[start] == '[') {
        Prefixed whole(text, source);
        return read_array(whole, session, line_max);
      }
    }
    while (seen < end) {
      const void* found = std::memchr(buffer.get() + seen, '\n', end - seen);
      if (found == nullptr) {
        seen = end;
        break;
      }
      const auto stop = static_cast<std::size_t>(static_cast<const char*>(found) - buffer.get());
      if (!skipping) OFFX_TRY(lines.take(buffer.get() + begin, stop - begin, number, false));
      skipping = false;
      ++number;
      begin = seen = stop + 1;
    }
    if (!skipping && end - begin > line_max) {
      skipping = true;
      OFFX_TRY(session.broken(
          number, {},
          "has more than " + std::to_string(line_max >> 20U) + " MiB: a line is one post; is this JSON Lines?"));
    }
    if (skipping) begin = seen = end;
    if (count == 0) break;
  }
  if (!skipping && end > begin) OFFX_TRY(lines.take(buffer.get() + begin, end - begin, number, true));
  return {};
}

}  // namespace offx::sources
