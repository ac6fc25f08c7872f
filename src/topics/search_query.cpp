#include "topics/search_query.h"

#include <optional>
#include <string_view>
#include <vector>

#include "text/search_document.h"
#include "text/tokens.h"

namespace offx::topics {
namespace {

std::string in_fts_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out.push_back('"');
    out.push_back(c);
  }
  out.push_back('"');
  return out;
}

/// Of a long word, what remains however the word that it begins was cut.
std::string beginning(std::string_view word) {
  std::size_t end = text::kSearchTokenMaxBytes - 4;
  while (end > 0 && (static_cast<unsigned char>(word[end]) & 0xC0U) == 0x80U) --end;
  return std::string(word.substr(0, end));
}

/// A condition of FTS5 that a post must fulfil, and whether it is enough.
struct Condition {
  std::string match;  ///< an expression that can stand in any place: a column filter or in parentheses
  bool enough = true;
};

class Compiler {
 public:
  /// Nothing if FTS5 can say nothing about the node.
  std::optional<Condition> compile(const Node& node) {
    switch (node.kind) {
      case Node::Kind::term: return compile_term(node.term);
      case Node::Kind::all: return compile_all(node.children);
      case Node::Kind::any: return compile_any(node.children);
      case Node::Kind::negation: return std::nullopt;  // compile_all() looks at those that FTS5 can subtract
    }
    return std::nullopt;
  }

 private:
  std::optional<Condition> compile_all(const std::vector<Node>& children) {
    Condition out;
    std::string subtracted;
    for (const Node& child : children) {
      if (child.kind == Node::Kind::negation) {
        // To subtract a condition it must be exact: one that finds too much would take too much away.
        const auto inner = compile(child.children.front());
        if (inner && inner->enough) {
          subtracted += (subtracted.empty() ? "" : " OR ") + inner->match;
        } else {
          out.enough = false;
        }
        continue;
      }
      const auto part = compile(child);
      if (!part || !part->enough) out.enough = false;
      if (part) out.match += (out.match.empty() ? "" : " AND ") + part->match;
    }
    if (out.match.empty()) return std::nullopt;
    out.match = "(" + out.match + ")";
    if (!subtracted.empty()) out.match = "(" + out.match + " NOT (" + subtracted + "))";
    return out;
  }

  std::optional<Condition> compile_any(const std::vector<Node>& children) {
    Condition out;
    for (const Node& child : children) {
      const auto part = compile(child);
      if (!part) return std::nullopt;
      out.enough = out.enough && part->enough;
      out.match += (out.match.empty() ? "" : " OR ") + part->match;
    }
    out.match = "(" + out.match + ")";
    return out;
  }

  std::optional<Condition> compile_term(const Term& term) {
    switch (term.kind) {
      case TermKind::words: return compile_words(term);
      case TermKind::hashtag: return tag("#" + term.text);
      case TermKind::cashtag: return tag("$" + term.text);
      case TermKind::mention: return tag("@" + term.text);
      case TermKind::from: return attribute("from:", term.text);
      case TermKind::to: return attribute("to:", term.text);
      case TermKind::lang: return attribute("lang:", term.text);
      case TermKind::platform: return attribute("platform:", term.text);
      case TermKind::url:
      case TermKind::url_contains:
      case TermKind::has:
      case TermKind::is: break;
    }
    return std::nullopt;
  }

  static Condition attribute(std::string_view operator_name, std::string_view value) {
    const std::string term = text::search_term(operator_name, value);
    return {"terms:" + in_fts_quotes(term), term.size() < text::kSearchTokenMaxBytes};
  }

  Condition tag(const std::string& tag) {
    for (const text::Token& token : tokenizer_.tokenize(tag)) {
      if (token.begin == 0 && token.end == tag.size() && token.kind != text::TokenKind::word)
        return attribute("", token.text);
    }
    return attribute("", tag);  // no tag, as `#2016`: finds nothing
  }

  std::optional<Condition> compile_words(const Term& term) {
    const auto tokens = tokenizer_.words(term.text);
    if (tokens.empty()) return std::nullopt;
    Condition out;
    std::string phrase;
    std::string apart;
    for (const text::Token& token : tokens) {
      std::string word = text::search_word(token);
      // A cut word stands for all that begin alike; an emoji for all its skin tones.
      const bool named_tone =
          token.kind == text::TokenKind::emoji && (term.quoted || text::without_skin_tone(token.text) != token.text);
      const bool cut = word.size() + 4 > text::kSearchTokenMaxBytes;
      if (cut || named_tone) out.enough = false;
      if (cut && term.prefix) word = beginning(word);
      phrase += (phrase.empty() ? "" : " ") + word;
      apart += (apart.empty() ? "body:" : " AND body:") + in_fts_quotes(word);
    }
    if (term.proximity != 0) {
      out.match = "(" + apart + ")";
      out.enough = false;
    } else {
      out.match = "body:" + in_fts_quotes(phrase) + (term.prefix ? "*" : "");
    }
    return out;
  }

  text::Tokenizer tokenizer_{text::NormalForm::search};
};

}  // namespace

SearchQuery compile_search_query(const Rule& query) {
  const auto condition = Compiler().compile(query.root());
  if (!condition) return {.match = "", .verify = true};
  return {.match = condition->match, .verify = !condition->enough};
}

}  // namespace offx::topics
