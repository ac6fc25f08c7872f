#include "migrate/row_pages.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "db/script.h"
#include "migrate/sql_text.h"

namespace offx::migrate {
namespace {

using db::quote_identifier;

constexpr std::int64_t kRowsMax = 2'000;
constexpr std::size_t kPageBytes = std::size_t{1} << 20U;

/// A name of the rowid that no column has taken.
std::string rowid_name(const Table& table) {
  for (const char* name : {"rowid", "_rowid_", "oid"}) {
    if (table.column(name) == nullptr) return name;
  }
  return {};
}

bool read_hex(std::string_view text, db::Blob& blob) {
  if (text.size() % 2 != 0) return false;
  blob.resize(text.size() / 2);
  for (std::size_t i = 0; i < blob.size(); ++i) {
    unsigned char byte = 0;
    const char* const digits = text.data() + 2 * i;
    if (std::from_chars(digits, digits + 2, byte, 16).ptr != digits + 2) return false;
    blob[i] = std::byte{byte};
  }
  return true;
}

/// Turns what was sent into the value of this kind.
Result<void> decode(std::string_view kind, db::Value& value) {
  if (kind == "null" || kind == "text") return {};
  if (kind == "real") {
    value = db::to_real(value);  // a server may send 5.0 as 5
    return {};
  }
  const auto text = db::to_text(value);
  if (kind == "integer") {
    std::int64_t number = 0;
    const char* const end = text.data() + text.size();
    if (std::from_chars(text.data(), end, number).ptr == end) {
      value = number;
      return {};
    }
  } else if (kind == "blob" && read_hex(text, value.emplace<db::Blob>())) {
    return {};
  }
  return fail(Errc::corrupt,
              "the database sent \"" + text.substr(0, 40) + "\" as a value of kind " + std::string(kind));
}

std::size_t size_of(const db::Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return text->size();
  if (const auto* blob = std::get_if<db::Blob>(&value)) return 2 * blob->size();
  return sizeof(std::int64_t);
}

}  // namespace

Result<RowPages> RowPages::of(const Table& table) {
  RowPages pages;
  std::vector<std::string> key = table.key;
  if (!table.without_rowid && !table.key_is_rowid()) {
    const auto rowid = rowid_name(table);
    if (rowid.empty()) {
      return fail(Errc::unsupported, "the table " + table.name +
                                         " has columns named rowid, _rowid_ and oid, and no INTEGER PRIMARY KEY: its "
                                         "rows cannot be told apart");
    }
    key.assign(1, rowid);
    pages.columns_.push_back(rowid);
  }
  for (const auto& column : table.columns) {
    if (!column.generated) pages.columns_.push_back(column.name);
  }
  std::vector<std::string> sent;
  for (const auto& column : pages.columns_) {
    const auto name = quote_identifier(column);
    sent.push_back("typeof(" + name + "), CASE typeof(" + name + ") WHEN 'blob' THEN hex(" + name +
                   ") WHEN 'integer' THEN CAST(" + name + " AS TEXT) ELSE " + name + " END");
  }
  std::vector<std::string> names;
  std::vector<std::string> parameters;
  for (const auto& column : key) {
    const auto at = std::find_if(pages.columns_.begin(), pages.columns_.end(),
                                 [&](const std::string& name) { return same_name(name, column); });
    pages.key_.push_back(static_cast<std::size_t>(at - pages.columns_.begin()));
    names.push_back(quote_identifier(column));
    parameters.push_back("?" + std::to_string(parameters.size() + 1));
  }
  const auto list = joined(names, ", ");
  const auto select = "SELECT " + joined(sent, ", ") + " FROM " + quote_identifier(table.name);
  pages.first_sql_ = select + " ORDER BY " + list + " LIMIT ?1";
  pages.next_sql_ = select + " WHERE (" + list + ") > (" + joined(parameters, ", ") + ") ORDER BY " + list +
                    " LIMIT ?" + std::to_string(parameters.size() + 1);
  return pages;
}

Result<RowPage> RowPages::after(db::DatabaseClient& client, const std::vector<db::Value>& low) {
  for (;;) {
    db::Params::Positional values = low;
    values.emplace_back(rows_max_);
    auto rows = client.execute(low.empty() ? first_sql_ : next_sql_, db::Params(std::move(values)));
    if (!rows) {
      // Servers limit the size of an answer.
      if (rows.error().code() != Errc::unsupported || rows_max_ == 1) return fail(std::move(rows).error());
      rows_max_ = std::max<std::int64_t>(1, rows_max_ / 4);
      continue;
    }
    RowPage page;
    page.rows = rows->rows();
    page.cells.reserve(page.rows * columns_.size());
    for (std::size_t i = 0; i < page.rows; ++i) {
      const auto row = rows->row(i);
      for (std::size_t j = 0; j < columns_.size(); ++j) {
        auto& value = page.cells.emplace_back(row[2 * j + 1]);
        OFFX_TRY(decode(db::to_text(row[2 * j]), value));
        page.bytes += size_of(value);
      }
    }
    if (page.rows > 0) {
      const auto last = page.cells.end() - static_cast<std::ptrdiff_t>(columns_.size());
      for (const auto at : key_) page.key.push_back(last[static_cast<std::ptrdiff_t>(at)]);
      const auto per_row = std::max<std::size_t>(page.bytes / page.rows, 1);
      const auto fitting = static_cast<std::int64_t>(kPageBytes / per_row);
      // No more than doubled: the next rows may be larger than these.
      rows_max_ = std::clamp<std::int64_t>(std::min(fitting, 2 * rows_max_), 1, kRowsMax);
    }
    return page;
  }
}

void RowHash::add(const void* bytes, std::size_t size) noexcept {
  const auto* at = static_cast<const unsigned char*>(bytes);
  for (std::size_t i = 0; i < size; ++i) state_ = (state_ ^ at[i]) * 0x100000001b3ULL;
}

void RowHash::add(const std::vector<db::Value>& cells) {
  for (const auto& cell : cells) {
    const auto kind = static_cast<unsigned char>(cell.index());
    add(&kind, 1);
    if (const auto* integer = std::get_if<std::int64_t>(&cell)) {
      add(integer, sizeof *integer);
    } else if (const auto* real = std::get_if<double>(&cell)) {
      add(real, sizeof *real);
    } else {
      const auto* text = std::get_if<std::string>(&cell);
      const auto* blob = std::get_if<db::Blob>(&cell);
      const std::uint64_t size = text != nullptr ? text->size() : blob != nullptr ? blob->size() : 0;
      add(&size, sizeof size);
      if (text != nullptr) add(text->data(), text->size());
      if (blob != nullptr) add(blob->data(), blob->size());
    }
  }
}

std::string RowHash::text() const {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (unsigned shift = 64; shift > 0; shift -= 4) text += kDigits[(state_ >> (shift - 4)) & 15U];
  return text;
}

}  // namespace offx::migrate
