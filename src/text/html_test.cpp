#include "text/html.h"

#include <string>

#include <gmock/gmock.h>
#include <rapidcheck.h>

#include "text/clean.h"

namespace offx::text {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST(HtmlToText, LaysTextOutAsABrowserWould) {
  EXPECT_EQ(html_to_text("<p>One  two\n three</p><p>Four</p>"), "One two three\n\nFour");
  EXPECT_EQ(html_to_text("a<br>b<br/>c"), "a\nb\nc");
  EXPECT_EQ(html_to_text("<p>a<br><br>b</p>"), "a\n\nb");
  EXPECT_EQ(html_to_text("<ul><li>x</li><li>y</li></ul>z"), "x\ny\n\nz");
  EXPECT_EQ(html_to_text("<table><tr><td>1</td><td>2</td></tr><tr><td>3</td></tr></table>"), "1 2\n3");
  EXPECT_EQ(html_to_text("<pre>a\n  b</pre>"), "a\n  b");
  EXPECT_EQ(html_to_text("fish &amp; chips &lt;b&gt; caf&eacute; &#128512;&nbsp;!"), "fish & chips <b> café 😀 !");
  EXPECT_EQ(html_to_text("plain   text"), "plain text");
  EXPECT_EQ(html_to_text(""), "");
}

TEST(HtmlToText, LeavesOutWhatIsNoText) {
  EXPECT_EQ(html_to_text("a<script>alert(1)</script><style>p{}</style><!-- no --><svg><text>x</text></svg>b"), "ab");
  EXPECT_EQ(html_to_text("<title>t</title>x<iframe src='http://e.example'>y</iframe>"), "x");
}

TEST(HtmlToText, WritesCutLinksAsTheirTargets) {
  const HtmlContent content = read_html(
      "<p>See <a href=\"https://news.example/a/very/long/path\"><span class=\"invisible\">https://</span>"
      "<span class=\"ellipsis\">news.example/a/very</span><span class=\"invisible\">/long/path</span></a> by "
      "<a href=\"https://m.example/@kim\" class=\"u-url mention\">@<span>kim</span></a> "
      "<a href=\"https://m.example/tags/x\" class=\"mention hashtag\" rel=\"tag\">#<span>x</span></a></p>");
  EXPECT_EQ(content.text, "See https://news.example/a/very/long/path by @kim #x");
  EXPECT_THAT(content.links, ElementsAre("https://news.example/a/very/long/path"));

  EXPECT_EQ(html_to_text("<a href='https://www.shop.example/offers/42'>shop.example/off…</a>"),
            "https://www.shop.example/offers/42");
  EXPECT_EQ(html_to_text("<a href='https://shop.example/'>our shop</a>"), "our shop");
}

TEST(HtmlToText, ResolvesRelativeAddresses) {
  const HtmlContent content = read_html(
      "<a href='../b?x=1'>b</a><img src='i.png' alt=' A cat '><img src='data:x'><a href='javascript:x()'>j</a>",
      "https://site.example/blog/2026/post");
  EXPECT_THAT(content.links, ElementsAre("https://site.example/blog/b?x=1"));
  EXPECT_THAT(content.images, ElementsAre(HtmlContent::Image{"https://site.example/blog/2026/i.png", "A cat"}));
  EXPECT_THAT(read_html("<a href='/x'>x</a>").links, IsEmpty());
}

TEST(HtmlToText, SurvivesAbsurdNesting) {
  std::string deep;
  for (int i = 0; i < 60'000; ++i) deep += "<div>";
  EXPECT_EQ(html_to_text(deep + "bottom"), "bottom");
  EXPECT_EQ(sanitise_html("<b x=" + deep + ">y").find("<script"), std::string::npos);
  std::string formatting;
  for (int i = 0; i < 20'000; ++i) formatting += "<b a" + std::to_string(i) + "><p>";
  EXPECT_EQ(html_to_text(formatting + "end").substr(0, 3), "end");
}

TEST(SanitiseHtml, KeepsStructureAndDropsTheRest) {
  EXPECT_EQ(sanitise_html("<p onclick='x()' style='color:red'>Hi <b>there</b><script>x()</script></p>"),
            "<p>Hi <b>there</b></p>");
  EXPECT_EQ(sanitise_html("<a href='/a?b=1&amp;c=2' onmouseover=x>l</a>", "https://e.example/"),
            "<a href=\"https://e.example/a?b=1&amp;c=2\" rel=\"noopener noreferrer nofollow\">l</a>");
  EXPECT_EQ(sanitise_html("<custom-tag><em>kept</em></custom-tag>"), "<em>kept</em>");
  EXPECT_EQ(sanitise_html("<img src='https://e.example/i.png' alt='a\"b' onerror=x width=10>"),
            "<img src=\"https://e.example/i.png\" alt=\"a&quot;b\" width=\"10\">");
  EXPECT_EQ(sanitise_html("<a href='mailto:a@b.example'>m</a>"),
            "<a href=\"mailto:a@b.example\" rel=\"noopener noreferrer nofollow\">m</a>");
}

TEST(SanitiseHtml, LetsNoScriptThrough) {
  for (const char* vector : {
           "<script>alert(1)</script>",
           "<img src=x onerror=alert(1)>",
           "<svg/onload=alert(1)>",
           "<a href=\"java\nscript:alert(1)\">x</a>",
           "<a href=\" &#14; javascript:alert(1)\">x</a>",
           "<a href='JaVaScRiPt:alert(1)'>x</a>",
           "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
           "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>",
           "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
           "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
           "<svg><style><img src=x onerror=alert(1)></style></svg>",
           "<form><button formaction=javascript:alert(1)>x</button></form>",
           "<img src=\"javascript:x\" srcset=\"javascript:x\" onload=x>",
           "<base href='javascript:/'><a href='alert(1)'>x</a>",
           "<textarea><img title='</textarea><img src=x onerror=alert(1)>'></textarea>",
           "<table><td background='javascript:x'>",
           "<object data='javascript:x'></object><embed src='javascript:x'>",
           "<p style='background:url(javascript:x)'>y</p>",
           "<!--<img src='--><img src=x onerror=alert(1)//'>",
           "<xmp><img src=x onerror=alert(1)></xmp>",
       }) {
    const std::string safe = sanitise_html(vector);
    EXPECT_THAT(safe, Not(HasSubstr("javascript"))) << vector;
    EXPECT_THAT(safe, Not(HasSubstr("<script"))) << vector;
    EXPECT_THAT(safe, Not(HasSubstr("<img"))) << vector;
    EXPECT_THAT(safe, Not(HasSubstr("<svg"))) << vector;
    EXPECT_EQ(sanitise_html(safe), safe) << vector;
  }
}

TEST(SanitiseHtml, TwiceIsAsOnce) {
  static const std::vector<std::string> kPieces = {
      "<p>",      "</p>",       "<b a=1>",  "</b>",      "<a href='http://e.example/'>",
      "</a>",     "<table>",    "<tr>",     "<td>",      "</table>",
      "<button>", "</button>",  "<object>", "text ",     "&amp;lt;",
      "<svg>",    "<li>",       "<ul>",     "<pre>\n\n", "<h1>",
      "<form>",   "<select>",   "<i>",      "</i>",      "<div>",
      "</div>",   "<template>", "<!--",     "-->",       "<img src=//e.example/i>"};
  rc::check([] {
    const auto picks = *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(0, kPieces.size()));
    std::string html;
    for (const std::size_t pick : picks) html += kPieces[pick];
    const std::string once = sanitise_html(html);
    RC_ASSERT(sanitise_html(once) == once);
    RC_ASSERT(once.find("<svg") == std::string::npos);
  });
}

TEST(SanitiseHtml, TakesAnyBytes) {
  rc::check([](const std::string& bytes) {
    RC_ASSERT(is_utf8(sanitise_html(bytes)));
    RC_ASSERT(is_utf8(html_to_text(bytes)));
  });
}

}  // namespace
}  // namespace offx::text
