#include "pipeline/json_writer.h"

#include <array>
#include <cmath>

#include "text/clean.h"
#include "text/utf8.h"

namespace offx::pipeline {
namespace {

/// What a byte of a text needs: 0, it stands as it is; 'u', six characters; 'x', a look at whether it is UTF-8; else
/// itself behind a backslash.
constexpr std::array<char, 256> kNeeds = [] {
  std::array<char, 256> needs{};
  for (std::size_t c = 0; c < 0x20; ++c) needs[c] = 'u';
  for (std::size_t c = 0x80; c < 0x100; ++c) needs[c] = 'x';
  needs['\b'] = 'b';
  needs['\t'] = 't';
  needs['\n'] = 'n';
  needs['\f'] = 'f';
  needs['\r'] = 'r';
  needs['"'] = '"';
  needs['\\'] = '\\';
  return needs;
}();

char need_of(char c) { return kNeeds[static_cast<unsigned char>(c)]; }

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // which may also stand there itself

}  // namespace

void JsonWriter::open(char bracket) {
  separate();
  text_ += bracket;
  first_ = true;
}

void JsonWriter::close(char bracket) {
  text_ += bracket;
  first_ = false;
}

void JsonWriter::raw(std::string_view json) {
  separate();
  text_ += json;
}

void JsonWriter::name(std::string_view name) {
  separate();
  text_ += '"';
  text_ += name;
  text_ += "\":";
  first_ = true;
}

void JsonWriter::value(double number) {
  if (!std::isfinite(number)) return raw("null");
  digits(number);
}

void JsonWriter::value(Timestamp time) {
  separate();
  text_ += '"';
  text_ += to_iso_time(time);
  text_ += '"';
}

void JsonWriter::value(const boost::json::value& tree) { raw(boost::json::serialize(tree)); }

void JsonWriter::value(std::string_view text) {
  separate();
  text_ += '"';
  const auto begin = text_.size();
  if (!append_escaped(text)) {
    text_.resize(begin);
    append_escaped(text::clean_text(text));
  }
  text_ += '"';
}

/// False if it is no UTF-8; what was written until then is to be taken back.
bool JsonWriter::append_escaped(std::string_view text) {
  std::size_t plain = 0;  // from here on as it is
  for (std::size_t at = 0; at < text.size();) {
    const char need = need_of(text[at]);
    if (need == 0) {
      ++at;
      continue;
    }
    if (need == 'x') {
      const auto begin = at;
      const bool is_replaced = text::next_char(text, at) == text::kReplacementChar;
      if (is_replaced && text.substr(begin, kReplacement.size()) != kReplacement) return false;
      continue;
    }
    text_.append(text, plain, at - plain);
    text_ += '\\';
    text_ += need;
    if (need == 'u') {
      constexpr std::string_view kDigits = "0123456789abcdef";
      const auto code = static_cast<unsigned char>(text[at]);
      text_ += "00";
      text_ += kDigits[code >> 4U];
      text_ += kDigits[code & 0xFU];
    }
    plain = ++at;
  }
  text_.append(text, plain);
  return true;
}

void JsonWriter::member_or_null(std::string_view name, std::string_view text) {
  this->name(name);
  text.empty() ? value(nullptr) : value(text);
}

void JsonWriter::members(const boost::json::object& object) {
  for (const auto& [key, tree] : object) {
    value(std::string_view(key));
    text_ += ':';
    first_ = true;
    value(tree);
  }
}

}  // namespace offx::pipeline
