#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <utility>

#include "migrate/document.h"
#include "text/utf8.h"

/// TOML 1.0 (https://toml.io/en/v1.0.0), as far as a migration can use it: numbers, dates and booleans are known to be
/// there, and not read, because no field takes them.
namespace offx::migrate {
namespace {

constexpr std::size_t kMaxDepth = 16;   // of keys `a.b.c`, and of lists and tables in one another
constexpr std::size_t kMaxKeys = 2000;  // of one table; SQLite's own limit of columns

bool is_bare(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

bool is_control(char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F; }

void append_utf8(std::string& text, std::uint32_t c) {
  const auto trail = [&](int shift) { text += static_cast<char>(0x80U | ((c >> shift) & 0x3FU)); };
  if (c < 0x80) {
    text += static_cast<char>(c);
  } else if (c < 0x800) {
    text += static_cast<char>(0xC0U | (c >> 6U));
    trail(0);
  } else if (c < 0x10000) {
    text += static_cast<char>(0xE0U | (c >> 12U));
    trail(6);
    trail(0);
  } else {
    text += static_cast<char>(0xF0U | (c >> 18U));
    trail(12);
    trail(6);
    trail(0);
  }
}

using Key = std::vector<std::string>;

class TomlReader {
 public:
  TomlReader(std::string_view text, std::string_view file) : text_(text), file_(file) {}

  Result<Node> read() {
    OFFX_TRY(check_bytes());
    Node root{Node::Kind::table, 1, {}, {}, {}};
    how_[""] = How::header;
    Node* table = &root;  // nothing but what it holds grows until the next header
    std::string path;
    for (;;) {
      skip_blank_lines();
      if (at_ >= text_.size()) return root;
      if (peek() == '[') {
        OFFX_TRY(read_header(root, table, path));
      } else {
        OFFX_TRY(read_pair(*table, path, 0));
      }
      skip_blanks();
      skip_comment();
      if (at_ < text_.size() && !take_newline()) return refuse("the line goes on where it should end");
    }
  }

 private:
  /// How a table came to be, which decides what may still be added to it.
  enum class How : std::uint8_t {
    header,    ///< [a] or [[a]]
    implicit,  ///< the a of [a.b]
    dotted,    ///< the a of a.b = …
    closed,    ///< {…}
  };

  [[nodiscard]] char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  [[nodiscard]] bool sees(std::string_view token) const { return text_.substr(at_, token.size()) == token; }
  [[nodiscard]] int line() const { return line_at(at_); }
  [[nodiscard]] int line_at(std::size_t position) const {
    if (position < counted_to_) counted_to_ = 0, newlines_ = 0;
    const auto at = [&](std::size_t i) {
      return text_.begin() + static_cast<std::ptrdiff_t>(std::min(i, text_.size()));
    };
    newlines_ += static_cast<int>(std::count(at(counted_to_), at(position), '\n'));
    counted_to_ = position;
    return newlines_ + 1;
  }
  [[nodiscard]] tl::unexpected<Error> refuse(std::string what) const {
    return fail(document_error(file_, line(), "this is not TOML: " + std::move(what)));
  }
  [[nodiscard]] tl::unexpected<Error> refuse_table(const std::string& name) const {
    return refuse("\"" + name + "\" is there already");
  }

  Result<void> check_bytes() {
    if (text_.starts_with("\xEF\xBB\xBF")) text_.remove_prefix(3);
    for (at_ = 0; at_ < text_.size();) {
      const std::size_t begin = at_;
      if (text::next_char(text_, at_) == text::kReplacementChar && text_.substr(begin, at_ - begin) != "\uFFFD") {
        at_ = begin;
        return refuse("a byte that is no UTF-8");
      }
      const char c = text_[begin];
      if (is_control(c) && c != '\n' && !(c == '\r' && peek() == '\n')) {
        at_ = begin;
        return refuse("a control character");
      }
    }
    at_ = 0;
    return {};
  }

  // --- Blanks ---

  void skip_blanks() {
    while (peek() == ' ' || peek() == '\t') ++at_;
  }
  void skip_comment() {
    if (peek() == '#') at_ = std::min(text_.find('\n', at_), text_.size());
  }
  bool take_newline() {
    if (peek() == '\r') ++at_;
    if (peek() != '\n') return false;
    ++at_;
    return true;
  }
  void skip_blank_lines() {
    do {
      skip_blanks();
      skip_comment();
    } while (take_newline());
  }

  // --- Keys and tables ---

  Result<Key> read_key() {
    Key key;
    for (;;) {
      skip_blanks();
      if (peek() == '"' || peek() == '\'') {
        if (sees("\"\"\"") || sees("'''")) return refuse("a key in three quotes");
        OFFX_ASSIGN(key.emplace_back(), read_string());
      } else {
        const std::size_t begin = at_;
        while (is_bare(peek())) ++at_;
        if (at_ == begin)
          return refuse("a key is missing; keys of other characters than letters, digits, _ and - need quotes");
        key.emplace_back(text_.substr(begin, at_ - begin));
      }
      if (key.size() > kMaxDepth) return refuse("a key of more than 16 parts");
      skip_blanks();
      if (peek() != '.') return key;
      ++at_;
    }
  }

  static std::string path_of(const std::string& table, std::string_view key) { return table + '\0' + std::string(key); }

  static std::size_t index_of(const Node& table, std::string_view key) {
    return static_cast<std::size_t>(std::find(table.keys.begin(), table.keys.end(), key) - table.keys.begin());
  }

  Result<Node*> add(Node& table, std::string_view key, Node value) {
    if (table.keys.size() >= kMaxKeys) return refuse("more than 2,000 keys in one table");
    table.keys.emplace_back(key);
    return &table.items.emplace_back(std::move(value));
  }

  /// The table `key` of `table`, made as `how` says if it is not there; `path` becomes its path.
  Result<Node*> enter(Node& table, std::string& path, const std::string& key, How how) {
    const std::size_t index = index_of(table, key);
    path = path_of(path, key);
    if (index == table.items.size()) {
      how_[path] = how;
      return add(table, key, {Node::Kind::table, line(), {}, {}, {}});
    }
    Node* node = &table.items[index];
    if (node->kind == Node::Kind::list && how == How::implicit && lists_of_tables_.contains(path)) {
      path = path_of(path, std::to_string(node->items.size()));
      return &node->items.back();
    }
    const auto known = how_.find(path);
    const bool fits = node->kind == Node::Kind::table && known != how_.end() && known->second != How::closed &&
                      (how == How::implicit || known->second == How::dotted);
    if (!fits) return refuse_table(key);
    return node;
  }

  /// `[a.b]` or `[[a.b]]`: `table` and `path` become what it opens.
  Result<void> read_header(Node& root, Node*& table, std::string& path) {
    const bool is_list = sees("[[");
    at_ += is_list ? 2 : 1;
    OFFX_ASSIGN(const auto key, read_key());
    if (!sees(is_list ? "]]" : "]")) return refuse(is_list ? "]] is missing" : "] is missing");
    const int here = line();
    at_ += is_list ? 2 : 1;

    table = &root;
    path.clear();
    for (std::size_t i = 0; i + 1 < key.size(); ++i) {
      OFFX_ASSIGN(table, enter(*table, path, key[i], How::implicit));
    }
    const std::string& last = key.back();
    const std::size_t index = index_of(*table, last);
    const bool is_new = index == table->items.size();
    path = path_of(path, last);
    Node opened{Node::Kind::table, here, {}, {}, {}};
    if (is_list) {
      if (!is_new && !lists_of_tables_.contains(path)) return refuse_table(last);
      Node* list = is_new ? nullptr : &table->items[index];
      if (is_new) {
        OFFX_ASSIGN(list, add(*table, last, {Node::Kind::list, here, {}, {}, {}}));
        lists_of_tables_.insert(path);
      }
      table = &list->items.emplace_back(std::move(opened));
      path = path_of(path, std::to_string(list->items.size()));
    } else if (is_new) {
      OFFX_ASSIGN(table, add(*table, last, std::move(opened)));
    } else {
      const auto known = how_.find(path);
      if (known == how_.end() || known->second != How::implicit) return refuse_table(last);
      table = &table->items[index];
    }
    how_[path] = How::header;
    return {};
  }

  /// `a.b = value` into `table`.
  Result<void> read_pair(Node& table, std::string path, std::size_t depth) {
    OFFX_ASSIGN(const auto key, read_key());
    if (peek() != '=') return refuse("= is missing behind a key");
    Node* into = &table;
    for (std::size_t i = 0; i + 1 < key.size(); ++i) {
      OFFX_ASSIGN(into, enter(*into, path, key[i], How::dotted));
    }
    if (index_of(*into, key.back()) != into->items.size()) return refuse_table(key.back());
    ++at_;
    skip_blanks();
    OFFX_ASSIGN(auto value, read_value(path_of(path, key.back()), depth));
    OFFX_TRY(add(*into, key.back(), std::move(value)));
    return {};
  }

  // --- Values ---

  Result<Node> read_value(const std::string& path, std::size_t depth) {
    if (depth > kMaxDepth) return refuse("lists and tables in one another more than 16 deep");
    Node node;
    node.line = line();
    if (peek() == '"' || peek() == '\'') {
      node.kind = Node::Kind::text;
      OFFX_ASSIGN(node.text, read_string());
    } else if (peek() == '[') {
      OFFX_TRY(read_list(node, path, depth));
    } else if (peek() == '{') {
      OFFX_TRY(read_inline_table(node, path, depth));
    } else {
      OFFX_TRY(read_other(node));
    }
    return node;
  }

  Result<void> read_list(Node& node, const std::string& path, std::size_t depth) {
    node.kind = Node::Kind::list;
    ++at_;
    for (;;) {
      skip_blank_lines();
      if (peek() == ']') break;
      OFFX_ASSIGN(auto item, read_value(path_of(path, std::to_string(node.items.size())), depth + 1));
      node.items.push_back(std::move(item));
      skip_blank_lines();
      if (peek() != ',') break;
      ++at_;
    }
    if (peek() != ']') return refuse("] or , is missing in a list");
    ++at_;
    return {};
  }

  Result<void> read_inline_table(Node& node, const std::string& path, std::size_t depth) {
    node.kind = Node::Kind::table;
    ++at_;
    skip_blanks();
    if (peek() != '}') {
      for (;;) {
        OFFX_TRY(read_pair(node, path, depth + 1));
        skip_blanks();
        if (peek() != ',') break;
        ++at_;
      }
    }
    if (peek() != '}') return refuse("} or , is missing: a table in braces ends on its line");
    ++at_;
    how_[path] = How::closed;
    return {};
  }

  /// A number, a date or a boolean: known by its first character only, because it is an error in any field.
  Result<void> read_other(Node& node) {
    const std::size_t begin = at_;
    while (is_bare(peek()) || peek() == '+' || peek() == '.' || peek() == ':') ++at_;
    const auto word = text_.substr(begin, at_ - begin);
    if (word == "true" || word == "false") {
      node.text = std::string(word);
    } else if (word.find_first_of("0123456789") != std::string_view::npos || word == "inf" || word == "nan") {
      node.text = word.find(':') != std::string_view::npos || word.find('-', 1) == 4 ? "a date or time" : "a number";
    } else {
      at_ = begin;
      return refuse("a text needs quotes");
    }
    return {};
  }

  Result<std::string> read_string() {
    const char quote = peek();
    const std::string three(3, quote);
    const bool many_lines = sees(three);
    const std::size_t begin = at_;
    at_ += many_lines ? 3 : 1;
    if (many_lines) take_newline();
    std::string text;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (many_lines && sees(three)) {
        at_ += 3;
        for (int more = 0; more < 2 && peek() == quote; ++more, ++at_) text += quote;  // """so "it" ends"""""
        return text;
      }
      if (!many_lines && c == quote) {
        ++at_;
        return text;
      }
      if (!many_lines && (c == '\n' || c == '\r')) break;
      if (c == '\\' && quote == '"') {
        OFFX_TRY(read_escape(text, many_lines));
      } else if (c == '\r') {
        ++at_;  // the same file, checked out with either kind of line ends, means the same
      } else {
        text += c;
        ++at_;
      }
    }
    at_ = begin;
    return refuse("a text that begins here does not end");
  }

  Result<void> read_escape(std::string& text, bool many_lines) {
    constexpr std::string_view kNames = "btnfr\"\\";
    constexpr std::string_view kMeanings = "\b\t\n\f\r\"\\";
    const char c = peek(1);
    if (const auto known = kNames.find(c); c != '\0' && known != std::string_view::npos) {
      text += kMeanings[known];
      at_ += 2;
      return {};
    }
    if (c == 'u' || c == 'U') return read_code_point(text, c == 'u' ? 4 : 8);
    // Behind a backslash at a line's end blanks and line breaks do not count.
    const std::size_t next = std::min(text_.find_first_not_of(" \t\r\n", at_ + 1), text_.size());
    const auto blanks = text_.substr(at_ + 1, next - at_ - 1);
    if (!many_lines || blanks.find('\n') == std::string_view::npos) {
      return refuse("a backslash before what it has no meaning for; in '…' it stands for itself");
    }
    at_ = next;
    return {};
  }

  Result<void> read_code_point(std::string& text, std::size_t digits) {
    std::uint32_t code_point = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      const auto digit = std::string_view("0123456789abcdef").find(static_cast<char>(peek(2 + i) | 0x20));
      if (digit == std::string_view::npos || peek(2 + i) < '0') return refuse("\\u needs 4 hexadecimal digits, \\U 8");
      code_point = code_point * 16 + static_cast<std::uint32_t>(digit);
    }
    if (code_point == 0 || code_point > 0x10FFFF || (code_point >= 0xD800 && code_point < 0xE000)) {
      return refuse("this is no character that a text may have");
    }
    append_utf8(text, code_point);
    at_ += 2 + digits;
    return {};
  }

  std::string_view text_;
  std::string_view file_;
  std::size_t at_ = 0;
  mutable std::size_t counted_to_ = 0;  // newlines before it are counted: lines are asked for in growing order
  mutable int newlines_ = 0;
  std::map<std::string, How> how_;         // of every table, by its path
  std::set<std::string> lists_of_tables_;  // those of [[…]]
};

}  // namespace

Result<Node> parse_toml(std::string_view text, std::string_view file) {
  if (text.size() > kMaxDocumentBytes) return fail(document_error(file, 1, "longer than 1 MiB: no migration is"));
  return TomlReader(text, file).read();
}

}  // namespace offx::migrate
