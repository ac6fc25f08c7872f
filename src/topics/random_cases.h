#pragma once

#include <string>
#include <vector>

#include <rapidcheck.h>

#include "store/post.h"

/// For tests alone: random rules and posts over one small vocabulary, so that they meet often.
namespace offx::topics {

inline rc::Gen<std::string> random_word() {
  return rc::gen::element<std::string>("apple", "pie", "Pie", "café", "cafe", "CAFE\u0301", "straße", "STRASSE", "東",
                                       "京", "東京", "都", "คน", "👍", "👍🏽", "👍🏿", "❤\uFE0F", "👩‍👩‍👧",
                                       "🇸🇪", "don't", "x_y", "2024", "ﬁne", "a-longer-word-than-sixteen-bytes",
                                       "averyveryverylongwordwithoutend");
}

template <class T>
rc::Gen<std::string> joined(rc::Gen<T> piece, std::size_t most, std::string separator) {
  return rc::gen::mapcat(rc::gen::inRange<std::size_t>(1, most + 1), [=](std::size_t count) {
    return rc::gen::map(rc::gen::container<std::vector<std::string>>(count, piece),
                        [=](const std::vector<std::string>& pieces) {
                          std::string out;
                          for (const std::string& p : pieces) out += (out.empty() ? "" : separator) + p;
                          return out;
                        });
  });
}

/// A term that may stand alone.
inline rc::Gen<std::string> random_anchor() {
  const auto phrase = rc::gen::map(joined(random_word(), 3, " "), [](const std::string& w) { return "\"" + w + "\""; });
  const auto near =
      rc::gen::apply([](const std::string& a, const std::string& rest,
                        int distance) { return "\"" + a + " " + rest + "\"~" + std::to_string(distance); },
                     random_word(), joined(random_word(), 2, " "), rc::gen::inRange(1, 7));
  return rc::gen::oneOf(random_word(), random_word(), phrase, near,
                        rc::gen::element<std::string>("#pie", "#Café", "#東京", "#2024", "$AAPL", "$brk.b", "@ann",
                                                      "@Bob", "@ann.bsky.social", "from:ann", "from:@Bob", "from:77",
                                                      "to:ann", "to:bob@social.example", "url:news.example", "url:pie",
                                                      "url:\"https://news.example/pie\"", "url_contains:ws.ex",
                                                      "url_contains:pi", "url_contains:PIE"));
}

inline rc::Gen<std::string> random_term() {
  return rc::gen::weightedOneOf<std::string>(
      {{4, random_anchor()},
       {1, rc::gen::element<std::string>("lang:en", "lang:PT", "platform:x", "platform:bluesky", "has:media",
                                         "has:images", "has:videos", "has:links", "has:hashtags", "has:mentions",
                                         "has:cashtags", "is:reply", "is:repost", "is:retweet", "is:quote")}});
}

/// A rule's text with groups up to `depth` deep; most can be parsed.
inline rc::Gen<std::string> random_rule(int depth) {
  if (depth == 0) return random_term();
  const auto inner = random_rule(depth - 1);
  const auto group = rc::gen::map(inner, [](const std::string& r) { return "(" + r + ")"; });
  const auto negated = rc::gen::map(rc::gen::oneOf(random_term(), group), [](const std::string& r) { return "-" + r; });
  const auto all = rc::gen::apply([](const std::string& a, const std::string& b) { return a + " " + b; },
                                  rc::gen::oneOf(random_anchor(), group), rc::gen::oneOf(inner, negated, group));
  const auto any = rc::gen::apply([](const std::string& a, const std::string& b) { return a + " OR " + b; }, inner,
                                  rc::gen::oneOf(random_anchor(), group));
  return rc::gen::oneOf(random_anchor(), all, any);
}

inline rc::Gen<std::string> random_content() {
  const auto piece = rc::gen::weightedOneOf<std::string>(
      {{6, random_word()},
       {2, rc::gen::element<std::string>("#pie", "#CAFÉ", "#東京", "#2024", "$aapl", "$BRK.B", "@ann", "@bob",
                                         "@ann.bsky.social", "https://news.example/pie", "http://t.co/pie", "&", "PIES",
                                         "applesauce", "...")}});
  return rc::gen::map(rc::gen::pair(joined(piece, 8, " "), joined(piece, 4, "")),
                      [](const std::pair<std::string, std::string>& p) { return p.first + " " + p.second; });
}

inline rc::Gen<store::Post> random_post() {
  return rc::gen::exec([] {
    store::Post post;
    post.content = *random_content();
    post.author_username = *rc::gen::element<std::string>("", "ann", "bob", "@Ann", "carl@social.example");
    post.platform = *rc::gen::element<std::string>("x", "bluesky", "");
    post.details.author_id = *rc::gen::element<std::string>("", "77", "78");
    post.details.reply_to = *rc::gen::element<std::string>("", "Ann", "bob@social.example");
    post.details.lang = *rc::gen::element<std::string>("", "en", "pt", "pt-BR");
    post.details.is_reply = *rc::gen::arbitrary<bool>();
    post.details.is_repost = *rc::gen::arbitrary<bool>();
    post.details.is_quote = *rc::gen::arbitrary<bool>();
    if (*rc::gen::arbitrary<bool>()) post.details.quoted_text = *random_content();
    post.details.links = *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
        "https://www.news.example/pie/1", "http://t.co/x", "https://News.example", "https://a.example/applepie"));
    for (const std::string& type : *rc::gen::container<std::vector<std::string>>(
             rc::gen::element<std::string>("image", "video", "gif", "audio", "document"))) {
      post.media.push_back({"https://m.example/1", type, std::nullopt});
    }
    return post;
  });
}

}  // namespace offx::topics
