#include "db/statement_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>

#include "db/http/encoding.h"
#include "db/script.h"
#include "db/sql_tokens.h"

namespace offx::db {
namespace {

constexpr std::size_t kParametersMax = 32766;  // SQLite's default

template <std::size_t n>
bool is_one_of(std::string_view word, const std::array<std::string_view, n>& words) {
  return std::any_of(words.begin(), words.end(), [word](std::string_view other) { return same_name(word, other); });
}

StatementText::Kind kind_of(std::string_view verb) {
  using Kind = StatementText::Kind;
  static constexpr std::array<std::string_view, 3> kReads{"SELECT", "VALUES", "EXPLAIN"};
  static constexpr std::array<std::string_view, 2> kInserts{"INSERT", "REPLACE"};
  static constexpr std::array<std::string_view, 2> kChanges{"UPDATE", "DELETE"};
  if (is_one_of(verb, kReads)) return Kind::read;
  if (is_one_of(verb, kInserts)) return Kind::insert;
  if (is_one_of(verb, kChanges)) return Kind::change;
  return same_name(verb, "PRAGMA") ? Kind::pragma : Kind::other;
}

bool is_control(std::string_view verb) {
  static constexpr std::array<std::string_view, 8> kControl{"BEGIN",     "COMMIT",  "END",    "ROLLBACK",
                                                            "SAVEPOINT", "RELEASE", "ATTACH", "DETACH"};
  return is_one_of(verb, kControl);
}

bool has_tokens(std::string_view sql) {
  SqlTokens tokens(sql);
  while (const auto token = tokens.next()) {
    if (token->text != ";") return true;
  }
  return false;
}

/// Numbers parameters as SQLite does.
class ParameterNumbers {
 public:
  Result<std::size_t> of(std::string_view parameter) {
    std::size_t index = 0;
    if (parameter == "?") {
      index = last_ + 1;
    } else if (parameter.front() == '?') {
      const auto digits = parameter.substr(1);
      const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
      if (error != std::errc{} || end != digits.data() + digits.size() || index == 0 || index > kParametersMax) {
        return fail(Errc::invalid_argument, "there is no parameter " + std::string(parameter));
      }
    } else {
      const auto found = std::find(names_.begin(), names_.end(), parameter);
      if (found != names_.end()) return static_cast<std::size_t>(found - names_.begin());
      index = last_ + 1;
    }
    if (index > kParametersMax) return fail(Errc::invalid_argument, "the statement has too many parameters");
    last_ = std::max(last_, index);
    names_.resize(last_ + 1);
    if (parameter != "?") names_[index] = parameter;
    return index;
  }
  [[nodiscard]] std::size_t count() const { return last_; }

 private:
  std::size_t last_ = 0;
  std::vector<std::string_view> names_{1};  // by index; nobody has index 0
};

Result<void> check_value(const Value& value, std::size_t index) {
  const auto refuse = [index](const char* why) {
    return fail(Errc::invalid_argument, "parameter " + std::to_string(index) + " is " + why);
  };
  if (const auto* real = std::get_if<double>(&value)) {
    if (std::isnan(*real)) return refuse("NaN, which SQLite cannot store");
    if (std::isinf(*real)) return refuse("infinite, which a database server cannot take");
  }
  if (const auto* text = std::get_if<std::string>(&value); text != nullptr && !http::is_utf8(*text)) {
    return refuse("a text that is not UTF-8, which a database server cannot take; store such bytes as a BLOB");
  }
  return {};
}

}  // namespace

Result<StatementText> read_statement(std::string_view sql) {
  if (!http::is_utf8(sql)) return fail(Errc::invalid_argument, "the SQL statement is not UTF-8");
  StatementText text;
  SqlTokens tokens(sql);
  ParameterNumbers numbers;
  std::string_view verb;
  std::string_view previous;
  bool with = false;
  bool ended = false;
  bool is_one = false;
  bool star = false;
  bool after_open = false;
  int depth = 0;
  std::size_t begin = 0;
  std::size_t end = 0;
  while (const auto token = tokens.next()) {
    const auto offset = static_cast<std::size_t>(token->text.data() - sql.data());
    if (token->text == ";") {
      ended = ended || !verb.empty();
      continue;
    }
    if (ended && !is_one) {
      // In a trigger a `;` ends a step and not the statement.
      std::size_t statements = 0;
      if (same_name(verb, "CREATE")) {
        for (const auto part : split_script(sql)) statements += has_tokens(part) ? 1U : 0U;
      }
      if (statements != 1) {
        return fail(Errc::invalid_argument, "more than one SQL statement in one text: use batch()");
      }
      is_one = true;
    }
    if (verb.empty()) {
      verb = token->text;
      begin = offset;
      with = same_name(verb, "WITH");
      text.kind = kind_of(verb);
    }
    end = offset + token->text.size();
    // Of `count(*)` the star is the only argument.
    if (star && token->text != ")") text.selects_all = true;
    star = token->text == "*" && !after_open;
    after_open = token->text == "(";
    if (token->text == "(") ++depth;
    if (token->text == ")") --depth;
    if (token->kind == SqlToken::Kind::parameter) {
      OFFX_ASSIGN(const std::size_t index, numbers.of(token->text));
      text.parameters.push_back({offset - begin, token->text.size(), index});
    }
    if (token->kind == SqlToken::Kind::name && depth == 0) {
      using Kind = StatementText::Kind;
      if (with && text.kind == Kind::other) text.kind = kind_of(token->text);
      if (text.kind == Kind::insert && same_name(previous, "DO") && same_name(token->text, "UPDATE"))
        text.kind = Kind::upsert;
      const bool changes = text.kind == Kind::insert || text.kind == Kind::upsert || text.kind == Kind::change;
      if (changes && same_name(token->text, "RETURNING")) text.returning = true;
      previous = token->text;
    }
  }
  if (verb.empty()) return fail(Errc::invalid_argument, "the SQL statement is empty");
  if (is_control(verb)) {
    return fail(Errc::invalid_argument,
                "transaction control and ATTACH are not for execute() and batch(): a batch is one transaction");
  }
  text.selects_all = text.selects_all || star;
  text.sql = sql.substr(begin, end - begin);
  text.parameter_count = numbers.count();
  return text;
}

Result<std::vector<const Value*>> ordered_values(const StatementText& text, const Params& params) {
  const std::size_t count = text.parameter_count;
  const auto mismatch = [count](std::size_t given) {
    return fail(Errc::invalid_argument, "the statement has " + std::to_string(count) + " parameters, " +
                                            std::to_string(given) + " values were given");
  };
  std::vector<const Value*> values(count, nullptr);
  if (const auto* positional = std::get_if<Params::Positional>(&params.values())) {
    if (positional->size() != count) return mismatch(positional->size());
    for (std::size_t i = 0; i < count; ++i) values[i] = &(*positional)[i];
  } else {
    const auto& named = std::get<Params::Named>(params.values());
    if (named.size() != count) return mismatch(named.size());
    for (const auto& [name, value] : named) {
      const auto found = std::find_if(text.parameters.begin(), text.parameters.end(), [&](const auto& parameter) {
        const auto written = text.sql.substr(parameter.offset, parameter.length);
        return written == name || written.substr(1) == name;
      });
      if (found == text.parameters.end())
        return fail(Errc::invalid_argument, "the statement has no parameter named " + name);
      auto& place = values[found->index - 1];
      if (place != nullptr) return fail(Errc::invalid_argument, "parameter " + name + " is given twice");
      place = &value;
    }
  }
  for (std::size_t i = 0; i < count; ++i) OFFX_TRY(check_value(*values[i], i + 1));
  return values;
}

std::string with_numbers(const StatementText& text) {
  std::string sql;
  std::size_t done = 0;
  for (const auto& parameter : text.parameters) {
    sql += text.sql.substr(done, parameter.offset - done);
    sql += '?' + std::to_string(parameter.index);
    done = parameter.offset + parameter.length;
  }
  sql += text.sql.substr(done);
  return sql;
}

SplicedText with_literals(const StatementText& text, const std::vector<const Value*>& values, Literals literals) {
  SplicedText spliced;
  auto& sql = spliced.sql;
  // Appends `value` as SQL, if it is one that is to be.
  const auto append_literal = [&](const Value& value) {
    if (const auto* blob = std::get_if<Blob>(&value)) {
      http::append_sql_literal(sql, *blob);
      return true;
    }
    if (literals != Literals::blobs_and_numbers) return false;
    // In brackets: `1-?` must not become a comment.
    if (const auto* integer = std::get_if<std::int64_t>(&value)) {
      // The lowest number is no literal, as its sign is none of its own.
      const bool lowest = *integer == std::numeric_limits<std::int64_t>::min();
      sql += lowest ? "(-9223372036854775807-1)" : "(" + std::to_string(*integer) + ")";
      return true;
    }
    if (const auto* real = std::get_if<double>(&value)) {
      sql += '(';
      http::append_json(sql, *real);
      sql += ')';
      return true;
    }
    return false;
  };
  std::vector<std::size_t> numbers(values.size(), 0);
  std::size_t done = 0;
  for (const auto& parameter : text.parameters) {
    sql += text.sql.substr(done, parameter.offset - done);
    done = parameter.offset + parameter.length;
    const Value& value = *values[parameter.index - 1];
    if (append_literal(value)) continue;
    auto& number = numbers[parameter.index - 1];
    if (number == 0) {
      spliced.values.push_back(&value);
      number = spliced.values.size();
    }
    sql += '?' + std::to_string(number);
  }
  sql += text.sql.substr(done);
  return spliced;
}

}  // namespace offx::db
