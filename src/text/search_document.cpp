#include "text/search_document.h"

#include <algorithm>

#include "text/characters.h"
#include "text/tokens.h"
#include "text/utf8.h"

namespace offx::text {
namespace {

/// Appends `token` as one token of FTS5: cut at a character if it is too long.
void append_token(std::string& out, std::string_view token) {
  if (!out.empty()) out.push_back(' ');
  if (token.size() > kSearchTokenMaxBytes) {
    std::size_t end = kSearchTokenMaxBytes;
    while (end > 0 && (static_cast<unsigned char>(token[end]) & 0xC0U) == 0x80U) --end;
    token = token.substr(0, end);
  }
  out.append(token);
}

void append_attribute(std::string& terms, std::string_view operator_name, std::string_view value) {
  if (!value.empty()) append_token(terms, search_term(operator_name, value));
}

}  // namespace

std::string search_term(std::string_view operator_name, std::string_view value) {
  if (operator_name == "from:" || operator_name == "to:")
    value.remove_prefix(std::min(value.find_first_not_of('@'), value.size()));
  std::string term(operator_name);
  const std::string normal = normalise(value, NormalForm::exact);
  const CharTables& tables = CharTables::get(NormalForm::search);
  for (std::size_t i = 0; i < normal.size();) {
    const std::size_t begin = i;
    const char32_t c = next_char(normal, i);
    const bool separates = c < ' ' || c == 0x7F || (tables.flags(c) & kCharSpace) != 0;
    if (separates) {
      term.push_back('_');
    } else {
      term.append(normal, begin, i - begin);
    }
  }
  std::string out;
  append_token(out, term);
  return out;
}

std::string search_word(const Token& token) {
  std::string out;
  append_token(out, token.kind == TokenKind::emoji ? without_skin_tone(token.text) : token.text);
  return out;
}

void write_search_document(std::string_view content, const SearchAttributes& attributes, Tokenizer& tokenizer,
                           SearchDocument& document) {
  document.body.clear();
  document.terms.clear();
  for (const Token& token : tokenizer.tokenize(content)) {
    switch (token.kind) {
      case TokenKind::word: append_token(document.body, token.text); break;
      case TokenKind::emoji: append_token(document.body, without_skin_tone(token.text)); break;
      case TokenKind::hashtag:
      case TokenKind::mention:
      case TokenKind::cashtag: append_token(document.terms, token.text); break;
      case TokenKind::link: append_token(document.body, kSearchLink); break;
    }
  }
  append_attribute(document.terms, "from:", attributes.author_username);
  if (attributes.author_id != attributes.author_username)
    append_attribute(document.terms, "from:", attributes.author_id);
  append_attribute(document.terms, "to:", attributes.reply_to);
  append_attribute(document.terms, "lang:", attributes.lang.substr(0, attributes.lang.find_first_of("-_")));
  append_attribute(document.terms, "platform:", attributes.platform);
}

}  // namespace offx::text
