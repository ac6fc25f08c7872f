#include <algorithm>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>

#include "migrate/document.h"

namespace offx::migrate {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxDepth = 16;
constexpr std::size_t kMaxKeys = 4096;  // of one table; looked for one by one

/// Builds the tree. Boost.JSON's own tree keeps of a key given twice only the last, and no lines.
class TreeBuilder {
 public:
  static constexpr std::size_t max_object_size = kMaxKeys;
  static constexpr std::size_t max_array_size = kMaxDocumentBytes;
  static constexpr std::size_t max_key_size = kMaxDocumentBytes;
  static constexpr std::size_t max_string_size = kMaxDocumentBytes;

  int line = 1;         ///< of what is being parsed; set by who feeds the parser
  std::string problem;  ///< why the tree was refused, if not for its syntax
  Node root;

  bool on_document_begin(json::error_code& /*error*/) { return true; }
  bool on_document_end(json::error_code& /*error*/) { return true; }
  bool on_object_begin(json::error_code& /*error*/) { return begin(Node::Kind::table); }
  bool on_object_end(std::size_t /*size*/, json::error_code& /*error*/) { return end(); }
  bool on_array_begin(json::error_code& /*error*/) { return begin(Node::Kind::list); }
  bool on_array_end(std::size_t /*size*/, json::error_code& /*error*/) { return end(); }
  bool on_key_part(json::string_view part, std::size_t /*size*/, json::error_code& /*error*/) { return append(part); }
  bool on_key(json::string_view part, std::size_t /*size*/, json::error_code& error) {
    append(part);
    auto& keys = open_.back().keys;
    if (std::find(keys.begin(), keys.end(), text_) != keys.end()) {
      problem = "the key \"" + text_ + "\" is there twice";
      error = json::make_error_code(json::error::exception);  // any error: `problem` says what it is
      return false;
    }
    keys.push_back(std::move(text_));
    text_.clear();
    return true;
  }
  bool on_string_part(json::string_view part, std::size_t /*size*/, json::error_code& /*error*/) {
    return append(part);
  }
  bool on_string(json::string_view part, std::size_t /*size*/, json::error_code& /*error*/) {
    append(part);
    Node node{Node::Kind::text, line, std::move(text_), {}, {}};
    text_.clear();
    return add(std::move(node));
  }
  bool on_number_part(json::string_view /*part*/, json::error_code& /*error*/) { return true; }
  bool on_int64(std::int64_t /*value*/, json::string_view /*text*/, json::error_code& /*error*/) {
    return add_other("a number");
  }
  bool on_uint64(std::uint64_t /*value*/, json::string_view /*text*/, json::error_code& /*error*/) {
    return add_other("a number");
  }
  bool on_double(double /*value*/, json::string_view /*text*/, json::error_code& /*error*/) {
    return add_other("a number");
  }
  bool on_bool(bool /*value*/, json::error_code& /*error*/) { return add_other("true or false"); }
  bool on_null(json::error_code& /*error*/) { return add_other("null"); }
  bool on_comment_part(json::string_view /*text*/, json::error_code& /*error*/) { return true; }
  bool on_comment(json::string_view /*text*/, json::error_code& /*error*/) { return true; }

 private:
  bool append(json::string_view part) {
    text_.append(part.data(), part.size());
    return true;
  }
  bool begin(Node::Kind kind) {
    open_.push_back({kind, line, {}, {}, {}});
    return true;
  }
  bool end() {
    Node node = std::move(open_.back());
    open_.pop_back();
    return add(std::move(node));
  }
  bool add_other(const char* what) { return add({Node::Kind::other, line, what, {}, {}}); }
  bool add(Node node) {
    (open_.empty() ? root : open_.back().items.emplace_back()) = std::move(node);
    return true;
  }

  std::vector<Node> open_;
  std::string text_;
};

json::value to_value(const Node& node) {
  switch (node.kind) {
    case Node::Kind::table: {
      json::object object;
      for (std::size_t i = 0; i < node.keys.size(); ++i) object[node.keys[i]] = to_value(node.items[i]);
      return object;
    }
    case Node::Kind::list: {
      json::array array;
      for (const auto& item : node.items) array.push_back(to_value(item));
      return array;
    }
    default: return json::string(node.text);
  }
}

}  // namespace

Result<Node> parse_json(std::string_view text, std::string_view file) {
  if (text.size() > kMaxDocumentBytes) return fail(document_error(file, 1, "longer than 1 MiB: no migration is"));
  json::parse_options options;
  options.max_depth = kMaxDepth;
  json::basic_parser<TreeBuilder> parser(options);
  auto& builder = parser.handler();
  json::error_code error;
  // A line at a time, so that the builder knows where it is: no token of JSON has a newline in it.
  for (std::size_t at = 0; at < text.size() && !error; ++builder.line) {
    const std::size_t end = std::min(text.find('\n', at), text.size() - 1) + 1;
    if (parser.write_some(true, text.data() + at, end - at, error) < end - at && !error)
      error = json::error::extra_data;
    if (error) break;
    at = end;
  }
  if (!error) parser.write_some(false, nullptr, 0, error);
  if (!error) return std::move(builder.root);
  return fail(document_error(file, builder.line,
                             builder.problem.empty() ? "this is not JSON: " + error.message() : builder.problem));
}

std::string json_text(const Node& node) { return json::serialize(to_value(node)); }

}  // namespace offx::migrate
