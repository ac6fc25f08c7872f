#include "migrate/migration.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "base/test_support.h"

namespace offx::migrate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

constexpr std::string_view kFull = R"toml(name = "people.v2"
description = "Names in one column"

[[table]]
from = "people_1"
to = "people_2"
create = """
CREATE TABLE people_2 (id INTEGER PRIMARY KEY, full_name TEXT, mail TEXT);
CREATE INDEX people_mail ON people_2 (mail);
"""
rename = { email = "mail", "odd \"column\"" = "plain" }
one_way = ["seen"]
drop = ["idx_people_first"]
sync = "CREATE TRIGGER a AFTER INSERT ON people_1 BEGIN SELECT 1; END"
complete = "CREATE VIEW people AS SELECT * FROM people_2"
[table.up]
seen = "0"
full_name = "first_name || ' ' || last_name"
[table.down]
last_name = "substr(full_name, instr(full_name, ' ') + 1)"
first_name = "substr(full_name, 1, instr(full_name, ' ') - 1)"

[[table]]
from = "pets"
to = "pets_v2"
create = "CREATE TABLE pets_v2 (id INTEGER PRIMARY KEY)"
)toml";

/// What is wrong with `text`: an error of parse_migration, as people read it.
std::string mistake_in(const std::string& text) {
  const auto migration = parse_migration(text, "m.toml");
  if (migration) return "nothing";
  EXPECT_EQ(migration.error().code(), Errc::invalid_argument);
  return migration.error().to_string();
}

/// A migration of one table, with more lines in its table.
std::string with(const std::string& lines) {
  return "name = \"m\"\n[[table]]\nfrom = \"t_v1\"\nto = \"t_v2\"\ncreate = \"CREATE TABLE t_v2 (a)\"\n" + lines;
}

TEST(Migration, reads_every_field_of_a_toml_file_in_its_order) {
  const auto migration = must(parse_migration(kFull, "people.toml"));
  EXPECT_EQ(migration.name, "people.v2");
  EXPECT_EQ(migration.description, "Names in one column");
  ASSERT_EQ(migration.tables.size(), 2U);
  const auto& people = migration.tables[0];
  EXPECT_EQ(people.from, "people_1");
  EXPECT_EQ(people.to, "people_2");
  EXPECT_EQ(people.create,
            "CREATE TABLE people_2 (id INTEGER PRIMARY KEY, full_name TEXT, mail TEXT);\n"
            "CREATE INDEX people_mail ON people_2 (mail);");
  EXPECT_THAT(people.rename, ElementsAre(Pair("email", "mail"), Pair("odd \"column\"", "plain")));
  EXPECT_THAT(people.up, ElementsAre(Pair("seen", "0"), Pair("full_name", "first_name || ' ' || last_name")));
  EXPECT_THAT(people.down, ElementsAre(Pair("last_name", "substr(full_name, instr(full_name, ' ') + 1)"),
                                       Pair("first_name", "substr(full_name, 1, instr(full_name, ' ') - 1)")));
  EXPECT_THAT(people.one_way, ElementsAre("seen"));
  EXPECT_THAT(people.drop, ElementsAre("idx_people_first"));
  EXPECT_THAT(people.sync, HasSubstr("CREATE TRIGGER"));
  EXPECT_THAT(people.complete, HasSubstr("CREATE VIEW"));
  EXPECT_EQ(migration.tables[1].from, "pets");
  EXPECT_THAT(migration.tables[1].up, IsEmpty());
}

TEST(Migration, its_json_form_is_canonical_and_reads_back) {
  const auto migration = must(parse_migration(kFull, "people.toml"));
  const auto json = to_json(migration);
  EXPECT_THAT(json, HasSubstr(R"("up":{"seen":"0","full_name":)"));
  EXPECT_EQ(to_json(must(parse_migration("\n " + json, "people.json"))), json);
  // What is laid out otherwise, says the same.
  EXPECT_EQ(to_json(must(parse_migration(
                "name='a'\n[[table]]\nto='t2' # next\nfrom='t1'\ncreate='''\n  CREATE TABLE t2 (a)\n'''", ""))),
            R"json({"name":"a","table":[{"from":"t1","to":"t2","create":"CREATE TABLE t2 (a)"}]})json");
}

TEST(Migration, any_text_survives_the_json_form) {
  EXPECT_TRUE(rc::check("to_json and back", [] {
    const auto some = [] {
      const auto inner = *rc::gen::container<std::string>(rc::gen::inRange<char>(1, 127));
      return "x" + inner + "x";  // neither empty nor with blanks around, which are left out
    };
    Migration migration{
        "m", some(), {{"t1", "t2", some(), {}, {{some(), some()}}, {{some(), some()}}, {}, {some()}, some(), some()}}};
    const auto json = to_json(migration);
    const auto again = parse_migration(json, "");
    RC_ASSERT(again.has_value());
    RC_ASSERT(to_json(*again) == json);
    RC_ASSERT(again->tables[0].up == migration.tables[0].up);
    RC_ASSERT(again->tables[0].create == migration.tables[0].create);
  }));
}

TEST(Migration, a_mistake_is_told_with_file_line_and_field) {
  EXPECT_EQ(mistake_in("name = 'm'\n\ncolour = 'red'\n"),
            "m.toml:3: colour: there is no such key; there are name, description, table");
  EXPECT_EQ(mistake_in("name = 'm'\ndescripton = 'red'\n"),
            "m.toml:2: descripton: there is no such key; did you mean description?");
  EXPECT_EQ(mistake_in(with("renames = { a = \"b\" }")),
            "m.toml:6: table t_v1: renames: there is no such key; did you mean rename?");
  EXPECT_EQ(mistake_in(with("[table.up]\na = '1'\nb = 2")), "m.toml:8: table t_v1: up.b: must be a text, not a number");
  EXPECT_EQ(mistake_in(with("up = 'a'")),
            "m.toml:6: table t_v1: up: must be a table of new column = \"SQL over the old row\", not a text");
  EXPECT_EQ(mistake_in(with("one_way = 'a'")), "m.toml:6: table t_v1: one_way: must be a list of texts, not a text");
  EXPECT_EQ(mistake_in(with("[table.up]\na = ' '")), "m.toml:7: table t_v1: up.a: is empty");
  EXPECT_EQ(mistake_in("description = ''"),
            "m.toml:1: name: is missing: what the database's history calls this migration");
  EXPECT_EQ(mistake_in("name = 'm'"), "m.toml:1: table: is missing: write [[table]] for each table that changes");
  EXPECT_THAT(mistake_in("name = 'm'\n[table]\nfrom = 'a'"), HasSubstr("m.toml:2: table: write [[table]]"));
  EXPECT_THAT(mistake_in("name = 'm'\n[[table]]\nto = 'b'"), HasSubstr("m.toml:2: table 1: from: is missing"));
  EXPECT_THAT(mistake_in("name = 'm'\n[[table]]\nfrom = 'a'\nto = 'b'"), HasSubstr("table a: create: is missing"));
  EXPECT_THAT(mistake_in("name = 'm'\nname = 'n'"), HasSubstr("m.toml:2: "));  // the parser's own words
  EXPECT_THAT(mistake_in("name = 'm\n"), HasSubstr("m.toml:1: "));
  EXPECT_THAT(mistake_in("name = '\xff'"), HasSubstr("m.toml:1: "));
  EXPECT_THAT(mistake_in(""), HasSubstr("name: is missing"));
}

TEST(Migration, a_mistake_in_json_is_told_likewise) {
  EXPECT_THAT(mistake_in("{\"name\": \"m\",\n \"tables\": []}"),
              HasSubstr("m.toml:2: tables: there is no such key; did you mean table?"));
  EXPECT_THAT(mistake_in("{\"name\": \"m\",\n\"name\": \"n\"}"),
              HasSubstr("m.toml:2: the key \"name\" is there twice"));
  EXPECT_THAT(mistake_in("{\"name\": \"m\",\n\n\"table\": [}"), HasSubstr("m.toml:3: this is not JSON: "));
  EXPECT_THAT(mistake_in("{\"name\": \"m\"} {"), HasSubstr("this is not JSON"));
  EXPECT_THAT(mistake_in("{\"name\": \"m\""), HasSubstr("this is not JSON"));
  EXPECT_THAT(mistake_in("{\"name\": 7}"), HasSubstr("name: must be a text, not a number"));
  EXPECT_THAT(mistake_in("{\"name\": \"m\", \"table\": {}}"), HasSubstr("table: must be an array"));
  EXPECT_THAT(mistake_in("{\"name\": \"m\", \"table\": [[]]}"), HasSubstr("table: must be a list of tables"));
  EXPECT_THAT(mistake_in("{\"name\": \"m\\u0000\"}"), HasSubstr("NUL"));
  EXPECT_THAT(mistake_in("{\"name\": " + std::string(1000, '[')), HasSubstr("this is not JSON"));
}

TEST(Migration, contradictions_are_refused_without_a_database) {
  EXPECT_THAT(mistake_in("name = 'a b'\n[[table]]\nfrom='a'\nto='b'\ncreate='c'"), HasSubstr("name: may have letters"));
  EXPECT_THAT(mistake_in("name = '-a'\n[[table]]\nfrom='a'\nto='b'\ncreate='c'"), HasSubstr("may not begin with -"));
  EXPECT_THAT(mistake_in("name = '" + std::string(101, 'a') + "'\n[[table]]\nfrom='a'\nto='b'\ncreate='c'"),
              HasSubstr("longer"));
  EXPECT_THAT(mistake_in("name = 'm'\n[[table]]\nfrom='a'\nto='A'\ncreate='c'"),
              HasSubstr("to: is the table's present name"));
  EXPECT_THAT(mistake_in("name = 'm'\n[[table]]\nfrom='SQLITE_sequence'\nto='A'\ncreate='c'"),
              HasSubstr("belong to SQLite"));
  EXPECT_THAT(mistake_in(with("rename = { a = \"c\", b = \"C\" }")), HasSubstr("a and b both become C"));
  EXPECT_THAT(mistake_in(with("rename = { a = \"c\", A = \"d\" }")), HasSubstr("rename.A: the column is there twice"));
  EXPECT_THAT(mistake_in(with("rename = { a = \"A\" }")), HasSubstr("a is renamed to itself"));
  EXPECT_THAT(mistake_in(with("rename = { a = \"b\" }\nup = { b = \"a + 1\" }")),
              HasSubstr("m.toml:7: table t_v1: up: b is also"));
  EXPECT_THAT(mistake_in(with("rename = { a = \"b\" }\ndown = { a = \"b\" }")),
              HasSubstr("down: a is also renamed to b"));
  EXPECT_THAT(mistake_in(with("[table.up]\na='1'\nA='2'")), HasSubstr("up.A: the column is there twice"));
  EXPECT_THAT(mistake_in(with("one_way = ['a']")), HasSubstr("one_way: names a, which up does not compute"));
  EXPECT_THAT(mistake_in(with("drop = ['a', 'A']")), HasSubstr("drop: names A twice"));
  EXPECT_THAT(mistake_in(with("drop = ['']")), HasSubstr("drop: a name in it is empty"));
  const auto second = [](const char* from, const char* to) {
    return with("[[table]]\ncreate = 'c'\nfrom = '" + std::string(from) + "'\nto = '" + to + "'");
  };
  EXPECT_THAT(mistake_in(second("T_v1", "t_v3")), HasSubstr("m.toml:6: table T_v1: is there twice"));
  EXPECT_THAT(mistake_in(second("u_v1", "t_v2")), HasSubstr("t_v1 becomes t_v2 too"));
  EXPECT_THAT(mistake_in(second("t_v2", "t_v3")), HasSubstr("two migrations"));
}

TEST(Migration, hostile_documents_are_refused) {
  std::string deep = "a";
  for (int i = 0; i < 200'000; ++i) deep += ".a";
  EXPECT_THAT(mistake_in(deep + " = 1"), HasSubstr("more than 16 parts"));
  EXPECT_THAT(mistake_in("[" + deep + "]"), HasSubstr("more than 16 parts"));
  EXPECT_THAT(mistake_in("a = " + std::string(100'000, '[')), HasSubstr("16 deep"));
  EXPECT_THAT(mistake_in(std::string(2U << 20U, '\n')), HasSubstr("longer than 1 MiB"));
  EXPECT_THAT(mistake_in("{" + std::string(2U << 20U, '\n')), HasSubstr("longer than 1 MiB"));
  std::string wide;
  for (int i = 0; i < 100'000; ++i) wide += "k" + std::to_string(i) + "=1\n";
  EXPECT_THAT(mistake_in(wide), HasSubstr("2,000 keys"));
}

TEST(Migration, files_are_read_or_the_reason_told) {
  const TemporaryFolder folder;
  EXPECT_EQ(read_migration(folder / "none.toml").error().code(), Errc::not_found);
  EXPECT_EQ(read_migration(folder / "").error().code(), Errc::io);
  std::ofstream(folder / "people.toml") << kFull;
  EXPECT_EQ(must(read_migration(folder / "people.toml")).name, "people.v2");
  std::ofstream(folder / "broken.toml") << "name = 7";
  EXPECT_EQ(read_migration(folder / "broken.toml").error().to_string(),
            (folder / "broken.toml") + ":1: name: must be a text, not a number");
}

}  // namespace
}  // namespace offx::migrate
