#include "db/http/encoding.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <simdjson.h>

namespace offx::db::http {
namespace {

constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<std::int8_t, 256> base64_values() {
  std::array<std::int8_t, 256> values{};
  values.fill(-1);
  for (std::size_t i = 0; i < kDigits.size(); ++i) {
    values[static_cast<unsigned char>(kDigits[i])] = static_cast<std::int8_t>(i);
  }
  return values;
}

bool needs_escape(char c) { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'; }

}  // namespace

bool is_utf8(std::string_view text) noexcept { return simdjson::validate_utf8(text.data(), text.size()); }

void append_json(std::string& json, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  json += '"';
  while (!text.empty()) {
    const auto plain = static_cast<std::size_t>(std::find_if(text.begin(), text.end(), needs_escape) - text.begin());
    json += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    const char c = text.front();
    text.remove_prefix(1);
    if (c == '"' || c == '\\') {
      json += {'\\', c};
    } else if (c == '\n') {
      json += "\\n";
    } else {
      json += "\\u00";
      json += kHex[static_cast<unsigned char>(c) >> 4U];
      json += kHex[static_cast<unsigned char>(c) & 15U];
    }
  }
  json += '"';
}

void append_json(std::string& json, double real) {
  std::array<char, 40> buffer{};
  const auto* end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), real).ptr;
  const std::string_view digits(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  json += digits;
  if (digits.find_first_of(".e") == std::string_view::npos) json += ".0";
}

void append_json(std::string& json, std::int64_t integer) { json += std::to_string(integer); }

void append_base64(std::string& out, std::span<const std::byte> bytes) {
  const auto at = [&](std::size_t i) { return i < bytes.size() ? std::to_integer<unsigned>(bytes[i]) : 0U; };
  out.reserve(out.size() + bytes.size() / 3 * 4 + 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const unsigned group = at(i) << 16U | at(i + 1) << 8U | at(i + 2);
    out += kDigits[group >> 18U];
    out += kDigits[group >> 12U & 63U];
    out += i + 1 < bytes.size() ? kDigits[group >> 6U & 63U] : '=';
    out += i + 2 < bytes.size() ? kDigits[group & 63U] : '=';
  }
}

std::string base64(std::string_view bytes) {
  std::string out;
  append_base64(out, std::as_bytes(std::span(bytes)));
  return out;
}

std::optional<Blob> from_base64(std::string_view text) {
  static constexpr auto kValues = base64_values();
  for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
  if (text.size() % 4 == 1) return std::nullopt;
  Blob blob;
  blob.reserve(text.size() / 4 * 3 + 2);
  unsigned bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    const auto value = kValues[static_cast<unsigned char>(c)];
    if (value < 0) return std::nullopt;
    bits = bits << 6U | static_cast<unsigned>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      blob.push_back(static_cast<std::byte>(bits >> count & 255U));
    }
  }
  return blob;
}

void append_sql_literal(std::string& sql, std::span<const std::byte> blob) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  sql.reserve(sql.size() + blob.size() * 2 + 3);
  sql += "x'";
  for (const auto byte : blob) {
    sql += kHex[std::to_integer<unsigned>(byte) >> 4U];
    sql += kHex[std::to_integer<unsigned>(byte) & 15U];
  }
  sql += '\'';
}

}  // namespace offx::db::http
