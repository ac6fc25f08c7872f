#include "migrate/document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/test_support.h"

namespace offx::migrate {
namespace {

using testing::HasSubstr;

std::string read_toml(const std::string& text) {
  const auto node = parse_toml(text, "f");
  return node ? json_text(*node) : node.error().to_string();
}

TEST(Toml, strings) {
  EXPECT_EQ(read_toml("a = 'b'"), R"({"a":"b"})");
  EXPECT_EQ(read_toml(R"(a = "x\t\"\\\u00e9\U0001F600é")"), R"({"a":"x\t\"\\é😀é"})");
  EXPECT_EQ(read_toml(R"(a = 'C:\x\')"), R"({"a":"C:\\x\\"})");
  EXPECT_EQ(read_toml("a = \"\"\"\nb\r\n \\\n   c \"\" d\"\"\"\"\""), R"({"a":"b\n c \"\" d\"\""})");
  EXPECT_EQ(read_toml("a = '''\n\nb\\'''"), R"({"a":"\nb\\"})");
  EXPECT_EQ(read_toml("a = ''\nb = \"\"\nc = ''''''\nd=\"\"\"\"\"\"#x"), R"({"a":"","b":"","c":"","d":""})");
  EXPECT_EQ(read_toml("\xEF\xBB\xBF# é\r\na = 'b'\r\n"), R"({"a":"b"})");
}

TEST(Toml, keys_and_tables) {
  EXPECT_EQ(read_toml("z.y = '1'\nz . \"x w\" = '2'\n'' = '3'\n1-_2 = '4'"),
            R"({"z":{"y":"1","x w":"2"},"":"3","1-_2":"4"})");
  EXPECT_EQ(read_toml("[b.c] # first\nd='1'\n[b]\ne='2'\n[a]"), R"({"b":{"c":{"d":"1"},"e":"2"},"a":{}})");
  EXPECT_EQ(read_toml("[[t]]\na='1'\n[t.up]\nb='2'\n[[t]]\n[t.up]\nb='3'\n[[t.u]]\n[[ t . u ]]"),
            R"({"t":[{"a":"1","up":{"b":"2"}},{"up":{"b":"3"},"u":[{},{}]}]})");
  EXPECT_EQ(read_toml("a = {b = 'c', d.e = {}, d.f = []}\nb=[ # x\n 'a',\n['b' , ],{c='d'}\n,]"),
            R"({"a":{"b":"c","d":{"e":{},"f":[]}},"b":["a",["b"],{"c":"d"}]})");
  EXPECT_EQ(read_toml("[fruit]\napple.color='r'\napple.taste.sweet='t'\n[fruit.apple.texture]\nsmooth='t'"),
            R"({"fruit":{"apple":{"color":"r","taste":{"sweet":"t"},"texture":{"smooth":"t"}}}})");
}

TEST(Toml, lines_and_other_values) {
  const auto root = must(parse_toml("\na = '''\n\n'''\n[b]\nc=[1,\ntrue, 2026-01-01, 12:00:00]\n[[d]]\n", "f"));
  EXPECT_EQ(root.items[0].line, 2);
  EXPECT_EQ(root.items[1].line, 5);
  const auto& list = root.items[1].items[0];
  EXPECT_EQ(list.line, 6);
  EXPECT_EQ(list.items[0].text, "a number");
  EXPECT_EQ(list.items[1].line, 7);
  EXPECT_EQ(list.items[1].text, "true");
  EXPECT_EQ(list.items[2].text, "a date or time");
  EXPECT_EQ(list.items[3].text, "a date or time");
  EXPECT_EQ(root.items[2].items[0].line, 8);
}

TEST(Toml, what_is_none_is_refused) {
  const std::string not_toml[] = {"a",
                                  "a =",
                                  "= 'a'",
                                  "a = b",
                                  "a = 'b' c = 'd'",
                                  "a = 'b",
                                  "a = '''b",
                                  "a = 'b\nc'",
                                  "a = \"\\q\"",
                                  "a = \"\\u12g4\"",
                                  "a = \"\\ud800\"",
                                  "a = \"\\U00110000\"",
                                  "a = \"\\u0000\"",
                                  "a = \"\\",
                                  "a = \"\"\"\\ x\"\"\"",
                                  "a = [",
                                  "a = ['b' 'c']",
                                  "a = {b = 'c'",
                                  "a = {b = 'c',}",
                                  "a = {b = 'c'\n}",
                                  "[a",
                                  "[[a]",
                                  "[]",
                                  "[ [a]]",
                                  "[a] b = 'c'",
                                  "'''a''' = 'b'",
                                  "\xC3\xA9 = 'a'",
                                  "a = '\xff'",
                                  "a = '\x01'",
                                  "a = 'b'\rc = 'd'",
                                  "a = 'b' \xC3\xA9",
                                  "a. = 'b'",
                                  "a = truely"};
  for (const auto& text : not_toml) {
    EXPECT_THAT(read_toml(text), testing::MatchesRegex("f:[0-9]+: this is not TOML: .*")) << text;
  }
  const std::string there_already[] = {"a = 'b'\na = 'c'",
                                       "a = 'b'\na.c = 'd'",
                                       "a = {}\na.b = 'c'",
                                       "a = {}\n[a.b]",
                                       "a = {b={}}\n[a.b.c]",
                                       "[a]\n[a]",
                                       "a.b = 'c'\n[a]",
                                       "[a]\n[[a]]",
                                       "[[a]]\n[a]",
                                       "a = []\n[[a]]",
                                       "a = [{}]\n[a.b]",
                                       "[a.b]\n[a]\nb.c = 'd'",
                                       "a = {b = 'c', b = 'd'}",
                                       "a = {b = {}, b.c = 'd'}",
                                       "[[a]]\n[a.b]\n[a.b]"};
  for (const auto& text : there_already) EXPECT_THAT(read_toml(text), HasSubstr("is there already")) << text;
  EXPECT_THAT(read_toml("a = 'b'\n\nc = \"\"\"\n\n"), HasSubstr("f:3: "));
}

TEST(Json, reads_what_it_writes) {
  const std::string text = R"({"a":"x\n\"é😀","b":["c",[],{"d":{}}],"":""})";
  EXPECT_EQ(json_text(must(parse_json(text, "f"))), text);
  EXPECT_EQ(json_text(must(parse_json(" \n{ \"a\" :\n[ ] }\n\n", "f"))), R"({"a":[]})");
  EXPECT_EQ(must(parse_json("{\"a\":\n\n[1]}", "f")).items[0].items[0].line, 3);
  EXPECT_EQ(must(parse_json("[true, null, 1.5, 18446744073709551615]", "f")).items[1].text, "null");
}

}  // namespace
}  // namespace offx::migrate
