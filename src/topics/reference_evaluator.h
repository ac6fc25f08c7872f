#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "store/post.h"
#include "text/tokens.h"
#include "topics/rule.h"

/// For tests alone: what a rule means, written as plainly as can be. It knows the tokenizer but nothing of the
/// matcher's index; the two must agree.
namespace offx::topics::reference {

using text::NormalForm;
using text::Token;
using text::TokenKind;

struct Word {
  std::string text;
  bool emoji = false;
};

/// Words of one text; a link is a word that equals nothing.
inline std::vector<Word> words_of(std::string_view content, NormalForm form) {
  text::Tokenizer tokenizer(form);
  std::vector<Word> out;
  for (const Token& token : tokenizer.tokenize(content)) {
    if (token.kind == TokenKind::link) out.push_back({" ", false});
    if (token.kind == TokenKind::word) out.push_back({std::string(token.text), false});
    if (token.kind == TokenKind::emoji) out.push_back({std::string(token.text), true});
  }
  return out;
}

inline std::vector<Word> plain_words(std::string_view content, NormalForm form) {
  text::Tokenizer tokenizer(form);
  std::vector<Word> out;
  for (const Token& token : tokenizer.words(content)) {
    out.push_back({std::string(token.text), token.kind == TokenKind::emoji});
  }
  return out;
}

inline bool same(const Term& term, const Word& wanted, bool last, const Word& found) {
  if (term.prefix && last) return !found.emoji && !wanted.emoji && found.text.starts_with(wanted.text);
  const bool any_tone = wanted.emoji && !term.quoted && text::without_skin_tone(wanted.text) == wanted.text;
  return wanted.text == (any_tone && found.emoji ? text::without_skin_tone(found.text) : found.text) &&
         wanted.emoji == found.emoji;
}

inline bool in_order(const Term& term, const std::vector<Word>& wanted, const std::vector<Word>& found) {
  for (std::size_t start = 0; start + wanted.size() <= found.size(); ++start) {
    std::size_t i = 0;
    while (i < wanted.size() && same(term, wanted[i], i + 1 == wanted.size(), found[start + i])) ++i;
    if (i == wanted.size()) return true;
  }
  return false;
}

/// Tries every choice of distinct places.
inline bool near(const Term& term, const std::vector<Word>& wanted, const std::vector<Word>& found,
                 std::vector<std::size_t>& chosen) {
  if (chosen.size() == wanted.size()) {
    long least = 1'000'000;
    long most = -1'000'000;
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      const long shifted = static_cast<long>(chosen[i]) - static_cast<long>(i);
      least = std::min(least, shifted);
      most = std::max(most, shifted);
    }
    return most - least <= term.proximity;
  }
  for (std::size_t at = 0; at < found.size(); ++at) {
    if (std::find(chosen.begin(), chosen.end(), at) != chosen.end()) continue;
    if (!same(term, wanted[chosen.size()], false, found[at])) continue;
    chosen.push_back(at);
    if (near(term, wanted, found, chosen)) return true;
    chosen.pop_back();
  }
  return false;
}

inline bool has_words(const Term& term, const std::vector<Word>& wanted, std::string_view content, NormalForm form) {
  if (wanted.empty()) return false;
  const auto found = words_of(content, form);
  if (term.proximity == 0) return in_order(term, wanted, found);
  std::vector<std::size_t> chosen;
  return near(term, wanted, found, chosen);
}

inline bool has_tag(TokenKind kind, const std::string& tag, std::string_view content, NormalForm form) {
  text::Tokenizer tokenizer(form);
  for (const Token& token : tokenizer.tokenize(content)) {
    if (token.kind == kind && (tag.empty() || token.text == text::normalise(tag, form))) return true;
  }
  return false;
}

inline std::vector<std::string> links_of(const store::Post& post, NormalForm form) {
  std::vector<std::string> out = post.details.links;
  text::Tokenizer tokenizer(form);
  for (const Token& token : tokenizer.tokenize(post.content)) {
    if (token.kind == TokenKind::link) out.emplace_back(token.text);
  }
  return out;
}

inline bool same_name(std::string_view written, std::string_view stored) {
  while (stored.starts_with('@')) stored.remove_prefix(1);
  return !stored.empty() && text::normalise(written, NormalForm::exact) == text::normalise(stored, NormalForm::exact);
}

inline bool holds(const Term& term, const store::Post& post, NormalForm form) {
  const store::PostDetails& details = post.details;
  const std::string_view quoted =
      form == NormalForm::exact ? std::string_view(details.quoted_text) : std::string_view();
  const auto any_media = [&](std::initializer_list<std::string_view> types) {
    return std::any_of(post.media.begin(), post.media.end(), [&](const store::Media& media) {
      return std::find(types.begin(), types.end(), media.type) != types.end();
    });
  };
  const auto tag = [&](TokenKind kind, const std::string& sign) {
    return has_tag(kind, sign + term.text, post.content, form) || has_tag(kind, sign + term.text, quoted, form);
  };
  switch (term.kind) {
    case TermKind::words: {
      const auto wanted = plain_words(term.text, form);
      return has_words(term, wanted, post.content, form) || has_words(term, wanted, quoted, form);
    }
    case TermKind::hashtag: return tag(TokenKind::hashtag, "#");
    case TermKind::cashtag: return tag(TokenKind::cashtag, "$");
    case TermKind::mention: return tag(TokenKind::mention, "@");
    case TermKind::from: return same_name(term.text, post.author_username) || same_name(term.text, details.author_id);
    case TermKind::to: return same_name(term.text, details.reply_to);
    case TermKind::url: {
      const auto wanted = plain_words(term.text, form);
      const auto links = links_of(post, form);
      return std::any_of(links.begin(), links.end(), [&](const std::string& link) {
        Term exact = term;
        exact.quoted = true;
        return in_order(exact, wanted, plain_words(link, form));
      });
    }
    case TermKind::url_contains: {
      const std::string part = text::normalise(term.text, NormalForm::exact);
      const auto links = links_of(post, form);
      return std::any_of(links.begin(), links.end(), [&](const std::string& link) {
        return text::normalise(link, NormalForm::exact).find(part) != std::string::npos;
      });
    }
    case TermKind::lang: return same_name(term.text, details.lang.substr(0, details.lang.find('-')));
    case TermKind::platform: return same_name(term.text, post.platform);
    case TermKind::has:
      if (term.text == "media") return any_media({"image", "gif", "video", "audio"});
      if (term.text == "images") return any_media({"image"});
      if (term.text == "videos") return any_media({"video"});
      if (term.text == "links") return !links_of(post, form).empty();
      if (term.text == "hashtags") return has_tag(TokenKind::hashtag, "", post.content, form);
      if (term.text == "mentions") return has_tag(TokenKind::mention, "", post.content, form);
      return has_tag(TokenKind::cashtag, "", post.content, form);
    case TermKind::is:
      if (term.text == "reply") return details.is_reply;
      return term.text == "repost" ? details.is_repost : details.is_quote;
  }
  return false;
}

inline bool holds(const Node& node, const store::Post& post, NormalForm form) {
  const auto child_holds = [&](const Node& child) { return holds(child, post, form); };
  switch (node.kind) {
    case Node::Kind::term: return holds(node.term, post, form);
    case Node::Kind::negation: return !child_holds(node.children.front());
    case Node::Kind::all: return std::all_of(node.children.begin(), node.children.end(), child_holds);
    case Node::Kind::any: return std::any_of(node.children.begin(), node.children.end(), child_holds);
  }
  return false;
}

}  // namespace offx::topics::reference
