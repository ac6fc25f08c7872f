#include "migrate/sql_text.h"

#include <algorithm>
#include <array>
#include <utility>

#include "db/script.h"

namespace offx::migrate {
namespace {

/// What stands between the parenthesis at `open` and the one that closes it; of no text if none does.
std::string_view in_parentheses(const std::vector<Token>& tokens, std::size_t open) {
  int depth = 0;
  for (std::size_t i = open; i < tokens.size(); ++i) {
    if (tokens[i].text == "(") ++depth;
    if (tokens[i].text != ")" || --depth > 0) continue;
    const char* begin = tokens[open].text.data() + 1;
    return {begin, static_cast<std::size_t>(tokens[i].text.data() - begin)};
  }
  return {};
}

constexpr std::size_t kComparedBytes = 100;

/// How many letters must be changed, added or taken away to make `b` of `a`.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({replaced, row[j] + 1, row[j - 1] + 1}));
    }
  }
  return row[b.size()];
}

/// `sql` with what `say` answers, if anything, in the place of each token.
template <class Say>
std::string with_tokens(std::string_view sql, const Say& say) {
  std::string text;
  std::size_t copied = 0;
  const auto tokens = tokens_of(sql);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const std::string said = say(tokens, i);
    if (said.empty()) continue;
    const auto at = static_cast<std::size_t>(tokens[i].text.data() - sql.data());
    text += sql.substr(copied, at - copied);
    text += said;
    copied = at + tokens[i].text.size();
  }
  return text.append(sql.substr(copied));
}

/// Of each token, whether it is a name that may be a column's: neither a keyword, a function, a collation, nor a CAST's
/// type.
std::vector<bool> may_be_columns(const std::vector<Token>& tokens) {
  constexpr std::array<std::string_view, 20> kKeywords = {
      "and", "as", "between", "case", "cast", "collate", "distinct", "else", "escape", "glob",
      "in",  "is", "isnull",  "like", "not",  "notnull", "null",     "or",   "then",   "when"};
  std::vector<bool> may_be(tokens.size());
  std::vector<bool> casts;  // of each parenthesis that is open, whether it is a CAST's
  bool is_type = false;
  int cases = 0;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const auto& token = tokens[i];
    const bool is_behind_word = i > 0 && is_name(tokens[i - 1]);
    if (token.text == "(") casts.push_back(is_behind_word && is_word(tokens[i - 1], "cast"));
    if (token.text == ")" && !casts.empty()) casts.pop_back();
    if (!is_name(token)) {
      is_type = false;
      continue;
    }
    const bool is_function = i + 1 < tokens.size() && tokens[i + 1].text == "(";
    const bool is_collation = is_behind_word && is_word(tokens[i - 1], "collate");
    const bool is_keyword = token.kind == Token::Kind::name &&
                            std::find(kKeywords.begin(), kKeywords.end(), name_of(token)) != kKeywords.end();
    if (is_word(token, "case")) ++cases;
    // A column may be called so without quotes: then there is one END too many.
    const bool ends_case = is_word(token, "end") && cases > 0;
    if (ends_case) --cases;
    may_be[i] = !is_keyword && !ends_case && !is_function && !is_collation && !is_type;
    is_type = is_type || (is_word(token, "as") && !casts.empty() && casts.back());
  }
  return may_be;
}

}  // namespace

std::string did_you_mean(std::string_view name, const std::vector<std::string>& known) {
  const auto wanted = folded(name.substr(0, kComparedBytes));
  std::string_view nearest;
  std::size_t least = kComparedBytes;
  for (const auto& candidate : known) {
    const auto distance = edit_distance(wanted, folded(candidate.substr(0, kComparedBytes)));
    if (distance >= std::min(least, candidate.size()) || distance > std::max<std::size_t>(2, candidate.size() / 3))
      continue;
    least = distance;
    nearest = candidate;
  }
  return nearest.empty() ? std::string() : "; did you mean " + std::string(nearest) + "?";
}

std::vector<Token> tokens_of(std::string_view sql) {
  std::vector<Token> tokens;
  db::SqlTokens all(sql);
  while (const auto token = all.next()) tokens.push_back(*token);
  return tokens;
}

bool contains_name(const std::vector<std::string>& names, std::string_view name) {
  return std::any_of(names.begin(), names.end(), [&](const std::string& n) { return same_name(n, name); });
}

bool is_name(const Token& token) noexcept {
  return token.kind == Token::Kind::name || token.kind == Token::Kind::quoted_name;
}

std::set<std::string> names_in(std::string_view sql) {
  std::set<std::string> names;
  for (const auto& token : tokens_of(sql)) {
    if (is_name(token)) names.insert(name_of(token));
  }
  return names;
}

bool mentions(std::string_view sql, std::string_view name) { return names_in(sql).contains(folded(name)); }

std::string normalised(std::string_view sql) {
  std::string text;
  for (const auto& token : tokens_of(sql)) {
    text += is_name(token) ? name_of(token) : std::string(token.text);
    text += ' ';
  }
  return text;
}

std::string_view indexed_part(std::string_view create_index) {
  const auto tokens = tokens_of(create_index);
  std::size_t i = 0;
  while (i < tokens.size() && !is_word(tokens[i], "on")) ++i;
  i += 2;  // ON and the table's name
  if (i >= tokens.size()) return {};
  return create_index.substr(static_cast<std::size_t>(tokens[i].text.data() - create_index.data()));
}

IndexText read_index(std::string_view create_index) {
  IndexText text;
  const auto tokens = tokens_of(indexed_part(create_index));
  const auto until = [](const Token& first, const Token& last) {
    return std::string(first.text.data(), last.text.data() + last.text.size());
  };
  int depth = 0;
  std::size_t begin = 1;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].text == "(") ++depth;
    const bool ends = tokens[i].text == ")" && --depth == 0;
    if (!ends && !(depth == 1 && tokens[i].text == ",")) continue;
    std::size_t end = i;
    if (end > begin && (is_word(tokens[end - 1], "asc") || is_word(tokens[end - 1], "desc"))) --end;
    if (end > begin + 2 && is_word(tokens[end - 2], "collate")) end -= 2;
    if (end > begin) text.terms.push_back(until(tokens[begin], tokens[end - 1]));
    begin = i + 1;
    if (ends) break;
  }
  if (begin + 1 < tokens.size() && is_word(tokens[begin], "where")) {
    text.where = until(tokens[begin + 1], tokens.back());
  }
  return text;
}

std::string with_columns(std::string_view expression, const std::function<std::string(const std::string& name)>& say) {
  std::vector<bool> may_be;
  return with_tokens(expression, [&](const std::vector<Token>& tokens, std::size_t i) {
    if (i == 0) may_be = may_be_columns(tokens);
    const bool is_behind_dot = i > 0 && tokens[i - 1].text == ".";
    return !may_be[i] || is_behind_dot ? std::string() : say(name_of(tokens[i]));
  });
}

std::set<std::string> columns_in(std::string_view expression) {
  const auto tokens = tokens_of(expression);
  const auto may_be = may_be_columns(tokens);
  std::set<std::string> columns;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (may_be[i]) columns.insert(name_of(tokens[i]));
  }
  return columns;
}

std::string with_name_replaced(std::string_view sql, std::string_view from, std::string_view to) {
  const auto wanted = folded(from);
  const auto quoted = db::quote_identifier(to);
  return with_tokens(sql, [&](const std::vector<Token>& tokens, std::size_t i) {
    return is_name(tokens[i]) && name_of(tokens[i]) == wanted ? quoted : std::string();
  });
}

std::string non_deterministic_part(std::string_view expression) {
  constexpr std::array<std::string_view, 5> kAlways = {"random", "randomblob", "changes", "total_changes",
                                                       "last_insert_rowid"};
  constexpr std::array<std::string_view, 3> kClocks = {"current_timestamp", "current_date", "current_time"};
  // With as many arguments as are given here, or with the time 'now', these read the clock.
  constexpr std::array<std::pair<std::string_view, int>, 7> kOfTime = {{{"date", 0},
                                                                        {"time", 0},
                                                                        {"datetime", 0},
                                                                        {"julianday", 0},
                                                                        {"unixepoch", 0},
                                                                        {"strftime", 1},
                                                                        {"timediff", 0}}};
  const auto tokens = tokens_of(expression);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (!is_name(tokens[i])) continue;
    const auto name = name_of(tokens[i]);
    const bool is_call = i + 1 < tokens.size() && tokens[i + 1].text == "(";
    const bool is_clock =
        tokens[i].kind == Token::Kind::name && std::find(kClocks.begin(), kClocks.end(), name) != kClocks.end();
    if (is_clock || (is_call && std::find(kAlways.begin(), kAlways.end(), name) != kAlways.end())) return name;
    const auto* const of_time =
        std::find_if(kOfTime.begin(), kOfTime.end(), [&](const auto& function) { return function.first == name; });
    if (!is_call || of_time == kOfTime.end()) continue;
    int depth = 0;
    int arguments = 0;
    for (std::size_t j = i + 1; j < tokens.size(); ++j) {
      const auto& token = tokens[j];
      if (token.text == "(") ++depth;
      if (token.text == ")" && --depth == 0) {
        if (arguments <= of_time->second) return name + "()";
        break;
      }
      if (depth == 1 && token.text == ",") ++arguments;
      if (arguments == 0 && j > i + 1) arguments = 1;
      // A name in double quotes is a text where there is no column of that name.
      const bool is_text = token.kind == Token::Kind::string || token.text.starts_with('"');
      if (!is_text) continue;
      const auto text = folded(token.text.substr(1, token.text.size() < 2 ? 0 : token.text.size() - 2));
      // In the place of the time, and not behind it, these mean the time now too.
      const bool is_time = arguments == of_time->second + 1;
      if (text == "now" || (is_time && (text == "subsec" || text == "subsecond"))) return name + "('" + text + "')";
    }
  }
  return {};
}

std::vector<std::string_view> check_expressions(std::string_view create_sql) {
  std::vector<std::string_view> checks;
  const auto tokens = tokens_of(create_sql);
  for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
    if (!is_word(tokens[i], "check") || tokens[i + 1].text != "(") continue;
    const auto inside = in_parentheses(tokens, i + 1);
    if (inside.data() == nullptr) break;
    checks.push_back(inside);
    while (tokens[i + 1].text.data() < inside.data() + inside.size()) ++i;
  }
  return checks;
}

std::string_view generated_as(std::string_view definition) {
  const auto tokens = tokens_of(definition);
  for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
    if (is_word(tokens[i], "as") && tokens[i + 1].text == "(") return in_parentheses(tokens, i + 1);
  }
  return {};
}

bool key_says_replace(std::string_view create_sql) {
  const auto tokens = tokens_of(create_sql);
  const auto is = [&](std::size_t i, std::string_view word) { return i < tokens.size() && is_word(tokens[i], word); };
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (!is(i, "primary") || !is(i + 1, "key")) continue;
    auto at = i + 2;
    if (at < tokens.size() && tokens[at].text == "(") {
      while (at < tokens.size() && tokens[at].text != ")") ++at;
      ++at;
    }
    if (is(at, "asc") || is(at, "desc")) ++at;
    return is(at, "on") && is(at + 1, "conflict") && is(at + 2, "replace");
  }
  return false;
}

CreatedObject created_object(std::string_view statement) {
  const auto tokens = tokens_of(statement);
  std::size_t i = 0;
  const auto skip = [&](std::string_view word) {
    if (i < tokens.size() && is_word(tokens[i], word)) ++i;
  };
  if (tokens.empty() || !is_word(tokens[0], "create")) return {};
  ++i;
  for (const std::string_view word : {"temp", "temporary", "unique", "virtual"}) skip(word);
  if (i >= tokens.size() || tokens[i].kind != Token::Kind::name) return {};
  CreatedObject object{folded(tokens[i++].text), {}, {}};
  for (const std::string_view word : {"if", "not", "exists"}) skip(word);
  if (i >= tokens.size()) return {};
  if (i + 2 < tokens.size() && tokens[i + 1].text == ".") i += 2;
  const auto& name = tokens[i];
  if (!is_name(name) && name.kind != Token::Kind::string) return {};
  object.name = db::unquoted(name);
  while (++i < tokens.size() && !is_word(tokens[i], "on")) {
  }
  const bool is_on_one = object.kind == "index" || object.kind == "trigger";
  if (is_on_one && i + 1 < tokens.size()) object.table = db::unquoted(tokens[i + 1]);
  return object;
}

std::vector<std::string> columns_of_update(std::string_view create_trigger) {
  const auto tokens = tokens_of(create_trigger);
  const auto word = [&](auto from, std::string_view text) {
    return std::find_if(from, tokens.end(), [&](const Token& token) { return same_name(token.text, text); });
  };
  std::vector<std::string> columns;
  auto token = word(word(tokens.begin(), "update"), "of");
  for (const auto on = word(tokens.begin(), "on"); token < on; ++token) {
    if (is_name(*token) && !same_name(token->text, "of")) columns.push_back(name_of(*token));
  }
  return columns;
}

std::string quote_text(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    quoted += c;
    if (c == '\'') quoted += c;
  }
  return quoted += '\'';
}

std::string joined(const std::vector<std::string>& parts, std::string_view separator) {
  std::string text;
  for (const auto& part : parts) {
    if (!text.empty()) text += separator;
    text += part;
  }
  return text;
}

std::string combined(std::vector<std::string> parts, std::string_view separator) {
  constexpr std::size_t kMost = 30;
  while (parts.size() > kMost) {
    std::vector<std::string> groups;
    for (std::size_t i = 0; i < parts.size(); i += kMost) {
      const auto end = std::min(i + kMost, parts.size());
      const std::vector<std::string> some(parts.begin() + static_cast<std::ptrdiff_t>(i),
                                          parts.begin() + static_cast<std::ptrdiff_t>(end));
      groups.push_back("(" + joined(some, separator) + ")");
    }
    parts = std::move(groups);
  }
  return joined(parts, separator);
}

}  // namespace offx::migrate
