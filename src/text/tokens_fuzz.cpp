#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "text/search_document.h"
#include "text/tokens.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

/// Tokens lie in the text, in order, and are in normal form.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace offx::text;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  for (const NormalForm form : {NormalForm::exact, NormalForm::search}) {
    Tokenizer tokenizer(form);
    std::uint32_t position = 0;
    std::uint32_t begin = 0;
    for (const Token& token : tokenizer.tokenize(input)) {
      require(token.begin >= begin && token.begin < token.end && token.end <= input.size());
      require(token.position == position && !token.text.empty());
      begin = token.begin;
      const bool tag =
          token.kind == TokenKind::hashtag || token.kind == TokenKind::mention || token.kind == TokenKind::cashtag;
      position += tag ? 0 : 1;
      if (token.kind == TokenKind::word) require(normalise(token.text, form) == token.text);
    }
    for (const Token& token : tokenizer.words(input)) {
      require(token.kind == TokenKind::word || token.kind == TokenKind::emoji);
    }
  }
  Tokenizer tokenizer(NormalForm::search);
  SearchDocument document;
  write_search_document(input, {.author_username = input.substr(0, 20), .lang = input.substr(0, 3)}, tokenizer,
                        document);
  return 0;
}
