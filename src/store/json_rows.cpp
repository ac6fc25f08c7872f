#include "store/json_rows.h"

#include <utility>

#include "db/http/encoding.h"

namespace offx::store {
namespace {

using db::http::append_json;

constexpr std::size_t kTextBytes = 1U << 20U;

}  // namespace

std::vector<std::string> JsonRows::take() {
  for (auto& text : texts_) text += ']';
  return std::exchange(texts_, {});
}

void JsonRows::begin() {
  if (texts_.empty() || texts_.back().size() >= kTextBytes) {
    texts_.emplace_back("[");
  } else {
    texts_.back() += ',';
  }
  texts_.back() += '[';
  columns_ = 0;
  nulls_ = 0;
}

void JsonRows::end() { texts_.back() += ']'; }

std::string& JsonRows::next() {
  auto& text = texts_.back();
  for (; nulls_ > 0; --nulls_) text += columns_++ == 0 ? "null" : ",null";
  if (columns_++ > 0) text += ',';
  return text;
}

void JsonRows::column(std::optional<std::string_view> text) {
  if (!text) {
    ++nulls_;
  } else {
    append_json(next(), *text);
  }
}

void JsonRows::column(std::optional<std::int64_t> integer) {
  if (!integer) {
    ++nulls_;
  } else {
    append_json(next(), *integer);
  }
}

void JsonRows::column(std::span<const std::int64_t> integers) {
  auto& text = next();
  char separator = '[';
  for (const auto integer : integers) {
    text += separator;
    append_json(text, integer);
    separator = ',';
  }
  text += integers.empty() ? "[]" : "]";
}

}  // namespace offx::store
