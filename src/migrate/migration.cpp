#include "migrate/migration.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <span>
#include <utility>

#include "migrate/document.h"
#include "migrate/sql_text.h"

namespace offx::migrate {
namespace {

constexpr std::size_t kMaxNameBytes = 100;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const auto begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

/// Reads fields of one table of the document; the first mistake stays, and nothing is read after it.
class Fields {
 public:
  /// `where` goes before the field's name in errors: "table topics_v1: ".
  Fields(const Node& node, std::string_view file, std::string where)
      : node_(node), file_(file), where_(std::move(where)) {}

  void set_where(std::string where) { where_ = std::move(where); }
  [[nodiscard]] const std::optional<Error>& error() const noexcept { return error_; }
  [[nodiscard]] int line_of(std::string_view key) const {
    const auto* node = find(key);
    return node == nullptr ? node_.line : node->line;
  }
  void refuse(std::string_view key, const std::string& what) { refuse_at(line_of(key), key, what); }

  void only(std::span<const std::string_view> known) {
    for (std::size_t i = 0; i < node_.keys.size(); ++i) {
      const auto& key = node_.keys[i];
      if (std::find(known.begin(), known.end(), key) != known.end()) continue;
      std::vector<std::string> names(known.begin(), known.end());
      const auto nearest = did_you_mean(key, names);
      refuse_at(node_.items[i].line, key,
                "there is no such key" + (nearest.empty() ? "; there are " + joined(names, ", ") : nearest));
    }
  }

  [[nodiscard]] const Node* find(std::string_view key) const {
    const auto at = std::find(node_.keys.begin(), node_.keys.end(), key);
    return at == node_.keys.end() ? nullptr : &node_.items[static_cast<std::size_t>(at - node_.keys.begin())];
  }

  std::string text(std::string_view key) {
    const auto* node = find(key);
    return node == nullptr ? std::string() : text_of(*node, key);
  }
  std::string required_text(std::string_view key, const std::string& what_it_is) {
    auto value = text(key);
    if (value.empty()) refuse(key, "is missing: " + what_it_is);
    return value;
  }

  std::vector<std::string> texts(std::string_view key) {
    std::vector<std::string> values;
    const auto* node = find(key);
    if (node == nullptr) return values;
    if (node->kind != Node::Kind::list) {
      refuse(key, "must be a list of texts, not " + kind_of(*node));
      return values;
    }
    for (const auto& item : node->items) {
      values.push_back(text_of(item, key));
      if (values.back().empty()) refuse_at(item.line, key, "a name in it is empty");
      if (contains_twice(values)) refuse_at(item.line, key, "names " + values.back() + " twice");
    }
    return values;
  }

  ColumnTexts column_texts(std::string_view key, std::string_view of_what) {
    ColumnTexts values;
    const auto* node = find(key);
    if (node == nullptr) return values;
    if (node->kind != Node::Kind::table) {
      refuse(key, "must be a table of " + std::string(of_what) + ", not " + kind_of(*node));
      return values;
    }
    std::vector<std::string> columns;
    for (std::size_t i = 0; i < node->keys.size(); ++i) {
      const auto& column = node->keys[i];
      const std::string path = std::string(key) + "." + column;
      auto value = text_of(node->items[i], path);
      if (column.empty() || column.find('\0') != std::string::npos)
        refuse_at(node->items[i].line, key, "a column in it has no name");
      if (value.empty()) refuse_at(node->items[i].line, path, "is empty");
      columns.push_back(column);
      if (contains_twice(columns))
        refuse_at(node->items[i].line, path, "the column is there twice; case does not tell columns apart");
      values.emplace_back(column, std::move(value));
    }
    return values;
  }

 private:
  static std::string kind_of(const Node& node) {
    switch (node.kind) {
      case Node::Kind::text: return "a text";
      case Node::Kind::list: return "a list";
      case Node::Kind::table: return "a table";
      default: return node.text;
    }
  }
  static bool contains_twice(const std::vector<std::string>& names) {
    return std::any_of(names.begin(), names.end() - 1, [&](const auto& name) { return same_name(name, names.back()); });
  }
  std::string text_of(const Node& node, std::string_view path) {
    if (node.kind != Node::Kind::text) {
      refuse_at(node.line, path, "must be a text, not " + kind_of(node));
    } else if (node.text.find('\0') != std::string::npos) {
      refuse_at(node.line, path, "has a NUL character in it");
    }
    return std::string(trimmed(node.text));
  }
  void refuse_at(int line, std::string_view field, const std::string& what) {
    if (!error_) error_ = document_error(file_, line, where_ + std::string(field) + ": " + what);
  }

  const Node& node_;
  std::string_view file_;
  std::string where_;
  std::optional<Error> error_;
};

bool names_column(const ColumnTexts& texts, std::string_view column) {
  return std::any_of(texts.begin(), texts.end(), [&](const auto& entry) { return same_name(entry.first, column); });
}

/// What contradicts itself whatever the database holds.
void check(Fields& fields, const TableChange& change) {
  for (const std::string_view key : {"from", "to"}) {
    if (folded(key == "from" ? change.from : change.to).starts_with("sqlite_")) {
      fields.refuse(key, "tables named sqlite_… belong to SQLite");
    }
  }
  if (same_name(change.from, change.to)) {
    fields.refuse("to", "is the table's present name; a version needs one of its own, such as " + change.from + "_v2");
  }
  for (std::size_t i = 0; i < change.rename.size(); ++i) {
    const auto& [from, to] = change.rename[i];
    const std::string field = "rename." + from;
    if (same_name(from, to)) fields.refuse("rename", field + ": " + from + " is renamed to itself");
    for (std::size_t j = 0; j < i; ++j) {
      if (same_name(change.rename[j].second, to)) {
        fields.refuse("rename", change.rename[j].first + " and " + from + " both become " + to);
      }
    }
    // Carried as it is and computed cannot both be true; for a new type under a new name, up and down say all.
    if (names_column(change.up, to)) {
      fields.refuse("up", to + " is also what rename makes of " + from + "; leave out one of the two");
    }
    if (names_column(change.down, from)) {
      fields.refuse("down", from + " is also renamed to " + to + "; leave out one of the two");
    }
  }
  for (const auto& column : change.one_way) {
    if (!names_column(change.up, column)) {
      fields.refuse("one_way", "names " + column + ", which up does not compute");
    }
  }
}

Result<TableChange> read_change(const Node& node, std::string_view file, std::size_t number) {
  constexpr std::string_view kKnown[] = {"from", "to",      "create", "rename", "up",
                                         "down", "one_way", "drop",   "sync",   "complete"};
  if (node.kind != Node::Kind::table) {
    return fail(document_error(file, node.line, "table: must be a list of tables: write [[table]]"));
  }
  Fields fields(node, file, "table " + std::to_string(number) + ": ");
  TableChange change;
  change.from = fields.required_text("from", "the table as it is now");
  if (!change.from.empty()) fields.set_where("table " + change.from + ": ");
  fields.only(kKnown);
  change.to = fields.required_text("to", "the name of its next version");
  change.create = fields.required_text("create", "the SQL that makes " + change.to);
  change.rename = fields.column_texts("rename", "old column = \"new column\"");
  change.up = fields.column_texts("up", "new column = \"SQL over the old row\"");
  change.down = fields.column_texts("down", "old column = \"SQL over the new row\"");
  change.one_way = fields.texts("one_way");
  change.drop = fields.texts("drop");
  change.sync = fields.text("sync");
  change.complete = fields.text("complete");
  if (!fields.error()) check(fields, change);
  if (const auto& error = fields.error()) return fail(*error);
  change.lines[""] = node.line;
  for (std::size_t i = 0; i < node.keys.size(); ++i) {
    const auto& field = node.items[i];
    change.lines[node.keys[i]] = field.line;
    for (std::size_t j = 0; j < field.keys.size(); ++j) {
      change.lines[node.keys[i] + "." + field.keys[j]] = field.items[j].line;
    }
  }
  return change;
}

void check_name(Fields& fields, std::string_view name) {
  const bool fits = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
  });
  if (!fits) fields.refuse("name", "may have letters, digits, _, - and . only");
  if (name.starts_with('-')) fields.refuse("name", "may not begin with -, which begins options");
  if (name.size() > kMaxNameBytes) fields.refuse("name", "is longer than 100 characters");
}

Node text_node(std::string_view text) { return {Node::Kind::text, 0, std::string(text), {}, {}}; }

Node table_node() { return {Node::Kind::table, 0, {}, {}, {}}; }

void put(Node& table, std::string_view key, Node value) {
  table.keys.emplace_back(key);
  table.items.push_back(std::move(value));
}

void put(Node& table, std::string_view key, std::string_view text) {
  if (!text.empty()) put(table, key, text_node(text));
}

void put(Node& table, std::string_view key, const ColumnTexts& texts) {
  if (texts.empty()) return;
  Node node = table_node();
  for (const auto& [column, text] : texts) put(node, column, text_node(text));
  put(table, key, std::move(node));
}

void put(Node& table, std::string_view key, const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  Node node{Node::Kind::list, 0, {}, {}, {}};
  for (const auto& text : texts) node.items.push_back(text_node(text));
  put(table, key, std::move(node));
}

}  // namespace

Result<Migration> parse_migration(std::string_view text, std::string_view file) {
  const bool is_json = trimmed(text).starts_with('{');
  OFFX_ASSIGN(const auto root, is_json ? parse_json(text, file) : parse_toml(text, file));

  constexpr std::string_view kKnown[] = {"name", "description", "table"};
  Fields fields(root, file, "");
  fields.only(kKnown);
  Migration migration;
  migration.name = fields.required_text("name", "what the database's history calls this migration");
  check_name(fields, migration.name);
  migration.description = fields.text("description");
  const auto* tables = fields.find("table");
  if (tables == nullptr || (tables->kind == Node::Kind::list && tables->items.empty())) {
    fields.refuse("table", is_json ? "is missing: an array of the tables that change"
                                   : "is missing: write [[table]] for each table that changes");
  } else if (tables->kind != Node::Kind::list) {
    fields.refuse("table", is_json ? "must be an array" : "write [[table]], in two brackets: there may be several");
  }
  if (const auto& error = fields.error()) return fail(*error);

  for (const auto& node : tables->items) {
    OFFX_ASSIGN(auto change, read_change(node, file, migration.tables.size() + 1));
    const auto refuse = [&](const std::string& what) {
      return fail(document_error(file, node.line, "table " + change.from + ": " + what));
    };
    for (const auto& other : migration.tables) {
      if (same_name(other.from, change.from)) return refuse("is there twice");
      if (same_name(other.to, change.to)) return refuse(other.from + " becomes " + change.to + " too");
      if (same_name(other.to, change.from) || same_name(other.from, change.to)) {
        return refuse("one step at a time: " + other.from + " → " + other.to + " and " + change.from + " → " +
                      change.to + " are two migrations");
      }
    }
    migration.tables.push_back(std::move(change));
  }
  return migration;
}

Result<Migration> read_migration(const std::string& path) {
  std::error_code error;
  const auto kind = std::filesystem::status(path, error).type();
  if (kind == std::filesystem::file_type::not_found) {
    return fail(Error(Errc::not_found, "there is no such file").within(path));
  }
  if (kind == std::filesystem::file_type::directory) {
    return fail(Error(Errc::io, "this is a folder, not a migration file").within(path));
  }
  std::ifstream file(path, std::ios::binary);
  // One byte more than may be: what is too long is known without reading all of it.
  std::string text(kMaxDocumentBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.eof() && file.fail()) return fail(Error(Errc::io, "the file cannot be read").within(path));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return parse_migration(text, path);
}

std::string to_json(const Migration& migration) {
  Node root = table_node();
  put(root, "name", text_node(migration.name));
  put(root, "description", std::string_view(migration.description));
  Node tables{Node::Kind::list, 0, {}, {}, {}};
  for (const auto& change : migration.tables) {
    Node table = table_node();
    put(table, "from", text_node(change.from));
    put(table, "to", text_node(change.to));
    put(table, "create", text_node(change.create));
    put(table, "rename", change.rename);
    put(table, "up", change.up);
    put(table, "down", change.down);
    put(table, "one_way", change.one_way);
    put(table, "drop", change.drop);
    put(table, "sync", std::string_view(change.sync));
    put(table, "complete", std::string_view(change.complete));
    tables.items.push_back(std::move(table));
  }
  put(root, "table", std::move(tables));
  return json_text(root);
}

}  // namespace offx::migrate
