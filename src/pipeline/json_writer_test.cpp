#include "pipeline/json_writer.h"

#include <charconv>
#include <limits>

#include <gtest/gtest.h>

namespace offx::pipeline {
namespace {

namespace json = boost::json;

std::string written(std::string_view text) {
  JsonWriter out;
  out.value(text);
  return out.text();
}

TEST(JsonWriter, writes_objects_and_arrays_with_commas_between) {
  JsonWriter out;
  out.begin_object();
  out.member("none", nullptr);
  out.member("yes", true);
  out.member("number", -5);
  out.member("size", std::size_t{7});
  out.member("share", 0.25);
  out.member("text", "a");
  out.member("absent", std::optional<double>());
  out.member_or_null("empty", "");
  out.member("time", Timestamp{});
  out.name("list");
  out.begin_array();
  out.value(1);
  out.begin_object();
  out.end_object();
  out.begin_array();
  out.end_array();
  out.value(json::value{{"a", 1}});
  out.end_array();
  out.members({{"b\"", nullptr}, {"c", "d"}});
  out.end_object();
  EXPECT_EQ(out.text(),
            R"({"none":null,"yes":true,"number":-5,"size":7,"share":0.25,"text":"a","absent":null,"empty":null,)"
            R"("time":"1970-01-01T00:00:00Z","list":[1,{},[],{"a":1}],"b\"":null,"c":"d"})");
  EXPECT_NO_THROW((void)json::parse(out.text()));
}

TEST(JsonWriter, escapes_what_json_wants_escaped) {
  EXPECT_EQ(written("plain, caf\u00E9 \U0001F600 \x7F"), "\"plain, caf\u00E9 \U0001F600 \x7F\"");
  EXPECT_EQ(written("a\"b\\c/\b\f\n\r\t"), R"("a\"b\\c/\b\f\n\r\t")");
  EXPECT_EQ(written(std::string_view("\0\x1F", 2)), R"("\u0000\u001f")");
  for (int c = 0; c < 0x80; ++c) {
    const std::string text(1, static_cast<char>(c));
    EXPECT_EQ(json::parse(written(text)).as_string(), text) << c;
  }
}

TEST(JsonWriter, what_is_no_utf8_becomes_a_replacement_character) {
  EXPECT_EQ(written("a\xFFz"), "\"a\uFFFDz\"");
  EXPECT_EQ(written("\"\xC3"), "\"\\\"\uFFFD\"");
  EXPECT_EQ(written("\uFFFD is one itself\n"), "\"\uFFFD is one itself\\n\"");
}

TEST(JsonWriter, numbers_are_read_as_they_were) {
  for (const double number : {0.1, 1.0 / 3, -2.5e-300, 1e22, 12345.678}) {
    JsonWriter out;
    out.value(number);
    EXPECT_NO_THROW((void)json::parse(out.text()));
    double read = 0;  // Boost's parser may be off by the last bit
    std::from_chars(out.text().data(), out.text().data() + out.text().size(), read);
    EXPECT_EQ(read, number) << out.text();
  }
  JsonWriter out;
  out.begin_array();
  out.value(std::numeric_limits<std::int64_t>::min());
  out.value(std::numeric_limits<std::uint64_t>::max());
  out.value(std::numeric_limits<double>::quiet_NaN());
  out.end_array();
  EXPECT_EQ(out.text(), "[-9223372036854775808,18446744073709551615,null]");
}

}  // namespace
}  // namespace offx::pipeline
