#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <utility>

#include "text/characters.h"
#include "text/language.h"
#include "text/tokens.h"
#include "text/utf8.h"
#include "topics/rule.h"
#include "topics/rule_syntax.h"
#include "topics/rule_vocabulary.h"

namespace offx::topics {
namespace {

using text::NormalForm;

constexpr std::string_view kAnyTerm = "a word, a \"phrase\", #tag, @name, $ticker, an operator or `(`";

bool is_ascii_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_name_char(char c) { return is_ascii_letter(c) || (c >= '0' && c <= '9') || c == '_'; }

std::string ascii_lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  return out;
}

std::size_t count_chars(std::string_view bytes) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < bytes.size(); ++count) static_cast<void>(text::next_char(bytes, i));
  return count;
}

std::string quote_code(std::string_view what) { return "`" + std::string(what) + "`"; }

}  // namespace

/// Recursive descent over
///   any    := all ( "OR" all )*
///   all    := factor+
///   factor := "-"? ( "(" any ")" | term )
class RuleParser {
 public:
  RuleParser(std::string_view source, bool query) : source_(source), query_(query) {}

  RuleResult parse() {
    if (auto unfit = check_text()) return tl::unexpected(*std::move(unfit));
    skip_space();
    if (at_end()) return wrong(0, 0, "the rule is empty: expected " + std::string(kAnyTerm));
    auto parsed = parse_any();
    if (!parsed) return tl::unexpected(std::move(parsed).error());
    if (!at_end()) return wrong(at_, at_ + 1, "no parenthesis is open here: expected a term or the end");
    if (parsed->fault) return tl::unexpected(*std::move(parsed->fault));
    Rule rule;
    rule.source_ = source_;
    rule.root_ = std::move(parsed->node);
    return rule;
  }

 private:
  /// A tree, and why a post could fulfil it without holding any word, tag, name or address, if it could.
  struct Parsed {
    Node node;
    std::optional<RuleError> fault;
  };
  using Step = tl::expected<Parsed, RuleError>;

  [[nodiscard]] bool at_end() const { return at_ >= source_.size(); }
  [[nodiscard]] char peek() const { return at_end() ? '\0' : source_[at_]; }

  [[nodiscard]] RuleError error_at(std::size_t begin, std::size_t end, std::string message,
                                   Errc code = Errc::invalid_argument) const {
    const std::size_t length = end > begin ? count_chars(source_.substr(begin, end - begin)) : 1;
    return {code, count_chars(source_.substr(0, begin)) + 1, std::max<std::size_t>(length, 1), std::move(message)};
  }
  [[nodiscard]] tl::unexpected<RuleError> wrong(std::size_t begin, std::size_t end, std::string message) const {
    return tl::unexpected(error_at(begin, end, std::move(message)));
  }
  [[nodiscard]] tl::unexpected<RuleError> unsupported(std::size_t begin, std::size_t end, std::string message) const {
    return tl::unexpected(error_at(begin, end, std::move(message), Errc::unsupported));
  }

  [[nodiscard]] std::optional<RuleError> check_text() const {
    std::size_t characters = 0;
    for (std::size_t i = 0; i < source_.size(); ++characters) {
      const std::size_t begin = i;
      const char32_t c = text::next_char(source_, i);
      if (characters == kRuleMaxCharacters) {
        return error_at(begin, i, "the rule is longer than " + std::to_string(kRuleMaxCharacters) + " characters");
      }
      if (c == 0 || (c == text::kReplacementChar && i - begin != 3)) return error_at(begin, i, "expected UTF-8 text");
    }
    return std::nullopt;
  }

  void skip_space() {
    while (!at_end()) {
      std::size_t after = at_;
      if (!is_space(text::next_char(source_, after))) return;
      at_ = after;
    }
  }

  /// True if `OR` stands here as an operator.
  [[nodiscard]] bool at_or() const {
    if (source_.substr(at_, 2) != "OR") return false;
    std::size_t after = at_ + 2;
    return after >= source_.size() || ends_bare(text::next_char(source_, after));
  }

  static void append(Node& group, Node&& child) {
    if (child.kind == group.kind) {
      std::move(child.children.begin(), child.children.end(), std::back_inserter(group.children));
    } else {
      group.children.push_back(std::move(child));
    }
  }
  static Node collapse(Node&& group) {
    return group.children.size() == 1 ? Node(std::move(group.children.front())) : std::move(group);
  }

  Step parse_any() {
    Node group{.kind = Node::Kind::any, .term = {}, .children = {}};
    std::optional<RuleError> fault;
    while (true) {
      auto part = parse_all();
      if (!part) return part;
      if (!fault) fault = std::move(part->fault);
      append(group, std::move(part->node));
      if (!at_or()) return Parsed{collapse(std::move(group)), std::move(fault)};
      at_ += 2;
      after_or_ = true;
    }
  }

  Step parse_all() {
    Node group{.kind = Node::Kind::all, .term = {}, .children = {}};
    std::optional<RuleError> fault;
    bool anchored = false;
    while (true) {
      skip_space();
      if (at_end() || peek() == ')' || at_or()) break;
      auto part = parse_factor();
      if (!part) return part;
      after_or_ = false;
      if (!part->fault) anchored = true;
      if (!fault) fault = std::move(part->fault);
      append(group, std::move(part->node));
    }
    if (group.children.empty()) {
      const bool or_here = !at_end() && peek() != ')';
      std::string where = after_or_ ? "`OR` needs a term on both sides"
                          : or_here ? "nothing stands before `OR`"
                                    : "nothing here";
      return wrong(at_, at_ + (or_here ? 2 : 1), std::move(where) + ": expected " + std::string(kAnyTerm));
    }
    if (anchored) fault.reset();
    return Parsed{collapse(std::move(group)), std::move(fault)};
  }

  Step parse_factor() {
    const std::size_t begin = at_;
    if (peek() != '-') return parse_operand();
    ++at_;
    std::size_t after = at_;
    if (at_end() || is_space(text::next_char(source_, after)) || peek() == ')' || peek() == '-') {
      return wrong(begin, begin + 1,
                   "`-` excludes the term right behind it: expected a term or `(` here, or \"-\" in quotes");
    }
    auto operand = parse_operand();
    if (!operand) return operand;
    Parsed out{{.kind = Node::Kind::negation, .term = {}, .children = {}}, std::nullopt};
    out.node.children.push_back(std::move(operand->node));
    out.fault = error_at(begin, at_,
                         quote_code(source_.substr(begin, at_ - begin)) +
                             " only excludes: expected beside it a word, tag, name or "
                             "address that a post must hold, in every branch of an `OR`");
    return out;
  }

  Step parse_operand() {
    if (peek() != '(') return parse_term();
    const std::size_t begin = at_;
    if (depth_ == kRuleMaxDepth) {
      return wrong(begin, begin + 1, "more than " + std::to_string(kRuleMaxDepth) + " parentheses within each other");
    }
    ++at_;
    ++depth_;
    after_or_ = false;
    auto inner = parse_any();
    --depth_;
    if (!inner) return inner;
    if (peek() != ')') return wrong(begin, begin + 1, "this parenthesis is never closed: expected `)`");
    ++at_;
    return inner;
  }

  Step parse_term() {
    const std::size_t begin = at_;
    std::size_t after = at_;
    const char32_t first = text::next_char(source_, after);
    if (first == '"') return parse_phrase();
    if (first == '#' || first == 0xFF03) return parse_hashtag(after);
    if (first == '@' || first == 0xFF20) return parse_mention(after);
    if (first == '$') return parse_cashtag(after);
    std::size_t name_end = at_;
    while (name_end < source_.size() && (is_ascii_letter(source_[name_end]) || source_[name_end] == '_')) ++name_end;
    if (name_end > at_ && name_end < source_.size() && source_[name_end] == ':') {
      return parse_operator(ascii_lower(source_.substr(begin, name_end - begin)), name_end + 1);
    }
    return parse_word();
  }

  std::string_view take_bare() {
    const std::size_t begin = at_;
    while (!at_end()) {
      std::size_t after = at_;
      if (ends_bare(text::next_char(source_, after))) break;
      at_ = after;
    }
    return source_.substr(begin, at_ - begin);
  }

  /// The text of the quotes that open here, or nothing if they are never closed.
  std::optional<std::string> take_quoted() {
    std::string out;
    for (std::size_t i = at_ + 1; i < source_.size(); ++i) {
      if (source_[i] == '"') {
        at_ = i + 1;
        return out;
      }
      if (source_[i] == '\\' && i + 1 < source_.size() && (source_[i + 1] == '"' || source_[i + 1] == '\\')) ++i;
      out.push_back(source_[i]);
    }
    return std::nullopt;
  }

  static Parsed of_term(Term term) {
    return {{.kind = Node::Kind::term, .term = std::move(term), .children = {}}, std::nullopt};
  }

  [[nodiscard]] std::size_t count_words(std::string_view value) { return tokenizer_.words(value).size(); }

  Step parse_word() {
    const std::size_t begin = at_;
    std::string_view bare = take_bare();
    if (bare.starts_with('~')) {
      return wrong(begin, at_, "`~` and a number stand right behind a \"phrase\": expected " + std::string(kAnyTerm));
    }
    Term term;
    // One `*` behind a letter or digit; `f***` is a word.
    if (bare.size() >= 2 && bare.find('*') == bare.size() - 1) {
      std::size_t last = bare.size() - 1;
      if ((text::CharTables::get(NormalForm::exact).flags(text::previous_char(bare, last)) & text::kCharWord) != 0) {
        if (!query_) return wrong(at_ - 1, at_, "only searches know `*`: expected whole words, joined by `OR`");
        term.prefix = true;
        bare.remove_suffix(1);
      }
    }
    if (count_words(bare) == 0) {
      return wrong(begin, at_, quote_code(bare) + " holds no word: expected letters, digits or an emoji");
    }
    term.text = bare;
    return of_term(std::move(term));
  }

  Step parse_phrase() {
    const std::size_t begin = at_;
    auto phrase = take_quoted();
    if (!phrase)
      return wrong(begin, begin + 1, "this quote is never closed: expected `\"` (inside a phrase write `\\\"`)");
    Term term;
    const std::size_t words = count_words(*phrase);
    if (words == 0) return wrong(begin, at_, "the phrase holds no word: expected letters, digits or an emoji");
    term.text = *std::move(phrase);
    term.quoted = true;
    if (peek() == '~') {
      const std::size_t tilde = at_++;
      std::size_t number = 0;
      while (!at_end() && peek() >= '0' && peek() <= '9') {
        number = std::min<std::size_t>(number * 10 + static_cast<std::size_t>(peek() - '0'), 1000);
        ++at_;
      }
      if (number < 1 || number > 6) return wrong(tilde, at_, "expected a number from 1 to 6 behind `~`");
      if (words < 2) return wrong(begin, at_, "`~` says how near words are: expected two words or more in the phrase");
      if (words > kNearMaxWords) {
        return wrong(begin, at_, "`~` takes at most " + std::to_string(kNearMaxWords) + " words in the phrase");
      }
      term.proximity = static_cast<std::uint8_t>(number);
    }
    return of_term(std::move(term));
  }

  Step parse_hashtag(std::size_t body) {
    const std::size_t begin = std::exchange(at_, body);
    const std::string_view tag = take_bare();
    const auto& tables = text::CharTables::get(NormalForm::exact);
    for (std::size_t i = 0; i < tag.size();) {
      const std::size_t from = i;
      if ((tables.flags(text::next_char(tag, i)) & (text::kCharTagLetter | text::kCharTagOther)) == 0) {
        return wrong(body + from, body + i, "a hashtag ends here: expected letters, digits or `_`, then a space");
      }
    }
    if (tag.empty()) return wrong(begin, body, "expected a hashtag's letters right behind `#`");
    return of_term({.kind = TermKind::hashtag, .text = std::string(tag)});
  }

  Step parse_mention(std::size_t body) {
    const std::size_t begin = std::exchange(at_, body);
    const std::string_view name = take_bare();
    for (std::size_t i = 0; i < name.size(); ++i) {
      const bool inner = i > 0 && (name[i] == '.' || name[i] == '-' || name[i] == '@');
      if (is_name_char(name[i]) || (inner && i + 1 < name.size())) continue;
      return wrong(body + i, body + i + 1, "a user name ends here: expected letters, digits or `_`, then a space");
    }
    if (name.empty()) return wrong(begin, body, "expected a user name right behind `@`");
    return of_term({.kind = TermKind::mention, .text = ascii_lower(name)});
  }

  Step parse_cashtag(std::size_t body) {
    const std::size_t begin = std::exchange(at_, body);
    const std::string_view ticker = take_bare();
    const auto is_letters = [](std::string_view part, std::size_t most) {
      return !part.empty() && part.size() <= most && std::all_of(part.begin(), part.end(), is_ascii_letter);
    };
    const std::size_t dot = ticker.find_first_of("._");
    const bool fits = is_letters(ticker.substr(0, dot), 6) &&
                      (dot == std::string_view::npos || is_letters(ticker.substr(dot + 1), 2));
    if (!fits) {
      return wrong(
          begin, at_,
          "expected a ticker behind `$`: 1 to 6 letters, then perhaps `.` and 1 or 2 more; an amount goes in quotes");
    }
    return of_term({.kind = TermKind::cashtag, .text = ascii_lower(ticker)});
  }

  Step parse_operator(const std::string& name, std::size_t value_begin) {
    const std::size_t begin = at_;
    const auto* known =
        std::find_if(kOperators.begin(), kOperators.end(), [&](const auto& o) { return o.name == name; });
    if (known == kOperators.end()) {
      if (std::find(kUnstored.begin(), kUnstored.end(), name) != kUnstored.end()) {
        return unsupported(
            begin, value_begin,
            quote_code(name + ":") + " can never be answered: posts are stored without what it asks for");
      }
      if (name == "http" || name == "https") {
        return wrong(begin, value_begin, "an address is looked for with `url:\"…\"`");
      }
      return wrong(begin, value_begin,
                   quote_code(name + ":") +
                       " is no operator: expected from:, to:, url:, url_contains:, lang:, platform:, has: or is:, or "
                       "quotes around the words");
    }
    at_ = value_begin;
    Term term;
    term.kind = known->kind;
    if (peek() == '"') {
      auto quoted = take_quoted();
      if (!quoted) return wrong(value_begin, value_begin + 1, "this quote is never closed: expected `\"`");
      term.text = *std::move(quoted);
    } else {
      term.text = take_bare();
    }
    if (term.text.empty()) return wrong(begin, at_, "expected a value right behind " + quote_code(name + ":"));
    if (peek() == '~') return wrong(at_, at_ + 1, "`~` and a number belong to phrases alone: expected a space");
    return finish_operator(std::move(term), name, begin, value_begin);
  }

  Step finish_operator(Term term, const std::string& name, std::size_t begin, std::size_t value_begin) {
    switch (term.kind) {
      case TermKind::from:
      case TermKind::to:
        term.text.erase(0, term.text.find_first_not_of('@'));
        term.text = text::normalise(term.text, NormalForm::exact);
        if (term.text.empty() || term.text.front() == '@')
          return wrong(value_begin, at_, "expected a user name behind " + quote_code(name + ":"));
        return of_term(std::move(term));
      case TermKind::url:
        if (count_words(term.text) == 0) return wrong(value_begin, at_, "expected a part of an address behind `url:`");
        return of_term(std::move(term));
      case TermKind::lang: return finish_language(std::move(term), begin, value_begin);
      case TermKind::platform:
        term.text = ascii_lower(term.text);
        if (count_words(term.text) == 0 ||
            term.text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-.") != std::string::npos)
          return wrong(value_begin, at_, "expected a platform's name, as in `platform:bluesky`");
        return beside_another(std::move(term), begin);
      case TermKind::has: return finish_choice(std::move(term), name, kHasValues, begin, value_begin);
      case TermKind::is: return finish_choice(std::move(term), name, kIsValues, begin, value_begin);
      default: return of_term(std::move(term));
    }
  }

  Step finish_language(Term term, std::size_t begin, std::size_t value_begin) {
    term.text = ascii_lower(term.text);
    const bool letters = std::all_of(term.text.begin(), term.text.end(), is_ascii_letter);
    if (letters && term.text.size() >= 2 && term.text.size() <= 3) {
      std::string code = text::language_code(term.text);
      if (code.empty()) {
        return unsupported(value_begin, at_, quote_code(term.text) + " is no language: posts are never stored with it");
      }
      term.text = std::move(code);
      return beside_another(std::move(term), begin);
    }
    const std::size_t hyphen = term.text.find('-');
    if (hyphen == 2 || hyphen == 3) {
      return unsupported(value_begin, at_,
                         "posts are stored without the region of their language: expected " +
                             quote_code("lang:" + term.text.substr(0, hyphen)));
    }
    return wrong(value_begin, at_, "expected a language's code of two or three letters, as in `lang:en`");
  }

  Step finish_choice(Term term, const std::string& name, std::span<const OperatorValue> values, std::size_t begin,
                     std::size_t value_begin) {
    const std::string written = ascii_lower(term.text);
    std::string expected;
    for (const OperatorValue& value : values) {
      if (value.written == written) {
        if (value.meant.empty()) {
          return unsupported(
              begin, at_,
              quote_code(name + ":" + written) + " can never be answered: posts are stored without what it asks for");
        }
        term.text = value.meant;
        return beside_another(std::move(term), begin);
      }
      if (!value.meant.empty()) expected += (expected.empty() ? "" : ", ") + std::string(value.written);
    }
    return wrong(value_begin, at_, "expected one of " + expected + " behind " + quote_code(name + ":"));
  }

  /// A term that narrows others but finds too much alone.
  Step beside_another(Term term, std::size_t begin) {
    Parsed out = of_term(std::move(term));
    out.fault = error_at(
        begin, at_,
        quote_code(source_.substr(begin, at_ - begin)) +
            " alone finds too much: expected beside it a word, tag, name or address, in every branch of an `OR`");
    return out;
  }

  std::string_view source_;
  bool query_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  bool after_or_ = false;
  text::Tokenizer tokenizer_{NormalForm::exact};
};

RuleResult parse_rule(std::string_view source) { return RuleParser(source, false).parse(); }
RuleResult parse_query(std::string_view source) { return RuleParser(source, true).parse(); }

}  // namespace offx::topics
