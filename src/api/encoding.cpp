#include "api/encoding.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <limits>

#include <brotli/encode.h>
#include <zlib.h>

#include "text/clean.h"
#include "text/utf8.h"

namespace offx::api {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// Takes what is before the next `separator` off the front.
std::string_view take_until(std::string_view& text, char separator) {
  const auto end = text.find(separator);
  const auto part = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return part;
}

std::string gzip(std::string_view body) {
  constexpr int kGzipWindow = 15 + 16;
  z_stream stream{};
  if (body.size() > std::numeric_limits<uInt>::max() ||
      deflateInit2(&stream, 1, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    return {};
  }
  std::string out(deflateBound(&stream, body.size()), '\0');
  // zlib does not write to its input.
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(body.data()));
  stream.avail_in = static_cast<uInt>(body.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const bool good = deflate(&stream, Z_FINISH) == Z_STREAM_END;
  out.resize(good ? stream.total_out : 0);
  deflateEnd(&stream);
  return out;
}

std::string brotli(std::string_view body) {
  constexpr int kQuality = 3;  // about as much work as gzip's level 1, and smaller
  std::string out(BrotliEncoderMaxCompressedSize(body.size()), '\0');
  std::size_t size = out.size();
  const bool good = BrotliEncoderCompress(kQuality, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_TEXT, body.size(),
                                          reinterpret_cast<const std::uint8_t*>(body.data()), &size,
                                          reinterpret_cast<std::uint8_t*>(out.data())) == BROTLI_TRUE;
  out.resize(good ? size : 0);
  return out;
}

bool is_utf8(std::string_view text) {
  constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // which may also stand there itself
  for (std::size_t at = 0; at < text.size();) {
    const auto begin = at;
    if (text::next_char(text, at) == text::kReplacementChar && text.substr(begin, 3) != kReplacement) return false;
  }
  return true;
}

}  // namespace

std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus_is_space) {
      c = ' ';
    }
    if (c == '\0') return std::nullopt;
    out += c;
  }
  if (!is_utf8(out)) return std::nullopt;
  return out;
}

Result<TargetParts> take_apart(std::string_view target) {
  // A proxy's form, `GET http://host/path`, where the path may be missing.
  const bool is_absolute = target.starts_with("http://") || target.starts_with("https://");
  if (is_absolute) {
    target.remove_prefix(target.find("//") + 2);
    target.remove_prefix(std::min(target.find_first_of("/?"), target.size()));
  }
  TargetParts parts;
  parts.path = std::string(take_until(target, '?'));
  if (is_absolute && parts.path.empty()) parts.path = "/";
  if (!parts.path.starts_with('/')) return fail(Errc::invalid_argument, "the address has no path");
  std::string_view path = std::string_view(parts.path).substr(1);
  bool more = true;
  while (more) {
    more = path.find('/') != std::string_view::npos;
    auto segment = percent_decoded(take_until(path, '/'), false);
    if (!segment) return fail(Errc::invalid_argument, "the path of the address cannot be decoded");
    parts.segments.push_back(std::move(*segment));
  }
  while (!target.empty()) {
    std::string_view pair = take_until(target, '&');
    if (pair.empty()) continue;
    auto name = percent_decoded(take_until(pair, '='), true);
    auto value = percent_decoded(pair, true);
    if (!name || !value) return fail(Errc::invalid_argument, "the query of the address cannot be decoded");
    parts.query.emplace_back(std::move(*name), std::move(*value));
  }
  return parts;
}

std::string storable_text(std::string_view bytes, std::size_t max_bytes) {
  auto text = text::clean_text(bytes);
  if (text.size() <= max_bytes) return text;
  const auto is_inside = [&](std::size_t i) { return (static_cast<unsigned char>(text[i]) & 0xC0U) == 0x80U; };
  while (max_bytes > 0 && is_inside(max_bytes)) --max_bytes;
  text.resize(max_bytes);
  return text;
}

Coding preferred_coding(std::string_view accept_encoding) {
  int best = 0;
  Coding chosen = Coding::none;
  while (!accept_encoding.empty()) {
    std::string_view item = take_until(accept_encoding, ',');
    const auto name = trimmed(take_until(item, ';'));
    int quality = 1000;
    if (const auto q = trimmed(item); q.starts_with("q=")) {
      double value = 0.0;
      const auto read = std::from_chars(q.data() + 2, q.data() + q.size(), value);
      quality = read.ec == std::errc{} && value >= 0.0 && value <= 1.0 ? static_cast<int>(value * 1000) : 0;
    }
    const Coding coding = name == "br" ? Coding::brotli : name == "gzip" || name == "*" ? Coding::gzip : Coding::none;
    if (coding == Coding::none || quality == 0) continue;
    if (quality > best || (quality == best && coding == Coding::brotli)) {
      best = quality;
      chosen = coding;
    }
  }
  return chosen;
}

std::string compressed(std::string_view body, Coding coding) {
  auto out = coding == Coding::gzip ? gzip(body) : coding == Coding::brotli ? brotli(body) : std::string();
  if (out.size() >= body.size()) out.clear();
  return out;
}

std::string entity_tag(std::string_view body) {
  std::array<char, 40> text{};
  char* out = std::to_chars(text.data(), text.data() + 20, std::hash<std::string_view>{}(body), 16).ptr;
  *out++ = '-';
  out = std::to_chars(out, text.data() + text.size(), body.size(), 16).ptr;
  return "W/\"" + std::string(text.data(), out) + "\"";
}

bool names_tag(std::string_view if_none_match, std::string_view tag) {
  const auto strong = [](std::string_view text) { return text.starts_with("W/") ? text.substr(2) : text; };
  while (!if_none_match.empty()) {
    const auto named = trimmed(take_until(if_none_match, ','));
    if (named == "*" || strong(named) == strong(tag)) return true;
  }
  return false;
}

}  // namespace offx::api
