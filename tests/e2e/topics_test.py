"""Topics and their rules: what they file, when they change, what a wrong one is told."""

import json
import unittest

from offx_e2e import SAMPLES, OffxTest, post


class Topics(OffxTest):
    def setUp(self):
        super().setUp()
        self.import_posts(post("db", "SQLite has a new release"), post("db2", "Postgres and sqlite, side by side"),
                          post("ad", "sqlite giveaway, click here"), post("cat", "A cat on a balcony"))

    def test_adding_files_what_is_there_and_importing_what_comes(self):
        topic = self.json("topic", "add", "Databases", "--rule", "sqlite -giveaway", "-d", "of all kinds")
        self.assertEqual((topic["title"], topic["rule"], topic["description"], topic["posts"]),
                         ("Databases", "sqlite -giveaway", "of all kinds", 2))
        self.assertEqual(sorted(self.ids("--topic", "databases")), ["db", "db2"])
        self.import_posts(post("new", "one more SQLITE post"), post("other", "nothing of that"))
        self.assertEqual(sorted(self.ids("--topic", topic["id"])), ["db", "db2", "new"])
        shown = self.json("topic", "show", "Databases")
        self.assertEqual((shown["posts"], shown["posts_per_day"]), (3, {"2026-03-01": 3}))
        self.assertEqual([(t["title"], t["posts"]) for t in self.json("topic", "list")], [("Databases", 3)])

    def test_a_post_edited_out_of_a_rule_leaves_the_topic(self):
        self.offx("topic", "add", "Databases", "--rule", "sqlite")
        self.import_posts(post("db", "we talk about something else now"))
        self.assertEqual(sorted(self.ids("--topic", "Databases")), ["ad", "db2"])

    def test_editing_the_rule_files_again_and_the_rest_stays(self):
        self.offx("topic", "add", "Databases", "--rule", "sqlite", "--description", "old")
        edited = self.json("topic", "edit", "Databases", "--rule", "postgres OR cat")
        self.assertEqual((edited["description"], edited["posts"]), ("old", 2))
        self.assertEqual(sorted(self.ids("--topic", "Databases")), ["cat", "db2"])
        self.offx("topic", "edit", "1", "--title", "Animals", "--description", "new")
        shown = self.json("topic", "show", "animals")
        self.assertEqual((shown["rule"], shown["description"]), ("postgres OR cat", "new"))

    def test_a_title_is_taken_once(self):
        self.offx("topic", "add", "Databases", "--rule", "sqlite")
        _, err = self.offx("topic", "add", "DATABASES", "--rule", "cat", status=1)
        self.assertIn("has the title", err)
        self.offx("topic", "add", "Cats", "--rule", "cat")
        self.offx("topic", "edit", "Cats", "--title", "databases", status=1)
        self.offx("topic", "edit", "Cats", "--title", "CATS")
        self.offx("topic", "add", "   ", "--rule", "cat", status=2)
        self.assertEqual([t["title"] for t in self.json("topic", "list")], ["Databases", "CATS"])

    def test_removing_asks_and_leaves_the_posts(self):
        self.offx("topic", "add", "Databases", "--rule", "sqlite")
        self.json("summarize", "--topic", "Databases", "--since", "2026-03-01", "--until", "2026-03-02")
        _, err = self.offx("topic", "remove", "Databases", stdin="y\n", status=1)
        self.assertIn("--yes", err)
        self.assertEqual(len(self.json("topic", "list")), 1)
        out, _ = self.offx("topic", "remove", "Databases", "--yes")
        self.assertIn("sqlite", out)
        self.assertEqual(self.json("topic", "list"), [])
        self.assertEqual(self.json("summaries"), [])
        self.assertEqual(len(self.all_posts()), 4)
        self.assertEqual(self.sql("SELECT count(*) FROM topic_posts_v1"), [(0,)])
        self.offx("topic", "remove", "Databases", "--yes", status=1)

    def test_what_writes_says_that_it_uses_the_tables_and_what_shows_does_not(self):
        self.offx("topic", "add", "Databases", "--rule", "sqlite")
        self.sql("CREATE TABLE seen (program TEXT)")
        self.sql("CREATE TRIGGER seen_users AFTER INSERT ON offx_table_users BEGIN INSERT INTO seen VALUES (NEW.program); END")

        def announced(*command):
            self.sql("DELETE FROM seen")
            self.offx(*command)
            self.assertEqual(self.sql("SELECT count(*) FROM offx_table_users"), [(0,)], command)
            return [program.split(" ", 2)[2] for program, in self.sql("SELECT program FROM seen")]

        for command in (("topic", "edit", "Databases", "--color", "#123456"), ("topic", "preview", "--rule", "sqlite"),
                        ("summarize", "--topic", "Databases"), ("jobs", "pause", "backup"), ("jobs", "run", "statistics"),
                        ("import", self.write("more.jsonl", json.dumps(post("new", "more")))),
                        ("topic", "remove", "Databases", "--yes")):
            name = command[0] if command[0] in ("summarize", "import") else " ".join(command[:2])
            self.assertEqual(announced(*command), [name])
        for command in (("topic", "list"), ("posts",), ("search", "sqlite"), ("status",), ("summaries",), ("jobs", "list"),
                        ("jobs", "runs"), ("jobs", "show", "backup"), ("user", "list"), ("migrate", "status")):
            self.assertEqual(announced(*command), [], command)
        self.sql("UPDATE posts_v1 SET content = content || ' changed by another program'")
        self.assertEqual(announced("posts"), ["filing"])
        self.assertEqual(announced("posts"), [])

    def test_a_topic_without_rule_keeps_what_was_filed_by_hand(self):
        self.offx("topic", "add", "Favourites")
        self.sql("INSERT INTO topic_posts_v1 (topic_id, post_id, added_at) "
                 "SELECT 1, id, '2026-03-02 00:00:00' FROM posts_v1 WHERE external_id = 'cat'")
        self.import_posts(post("cat", "A cat on a balcony, edited"))
        self.assertEqual(self.ids("--topic", "Favourites"), ["cat"])

    def test_an_unknown_topic_is_named(self):
        for command in (["topic", "show"], ["topic", "edit", "--title", "x"], ["topic", "remove"], ["posts", "--topic"],
                        ["summarize", "--topic"]):
            _, err = self.offx(*command, "Nowhere", status=1)
            self.assertIn("Nowhere", err)
            self.offx(*command, "99", status=1)

    def test_an_edit_that_changes_nothing_is_a_mistake(self):
        self.offx("topic", "add", "Cats", "--rule", "cat")
        _, err = self.offx("topic", "edit", "Cats", status=2)
        self.assertIn("--rule", err)

    def test_posts_another_program_writes_are_filed(self):
        self.offx("topic", "add", "Databases", "--rule", "sqlite")
        self.sql("INSERT INTO posts_v1 (external_id, content, platform, created_at, fetched_at) "
                 "VALUES ('raw', 'SQLite from outside', 'x', '2026-03-03T08:00:00.000Z', '2026-03-03 08:00:00')")
        self.assertEqual(self.ids("--topic", "Databases")[0], "raw")
        self.assertEqual(self.found("outside"), ["raw"])
        self.sql("UPDATE posts_v1 SET content = 'changed from without' WHERE external_id = 'raw'")
        self.assertNotIn("raw", self.ids("--topic", "Databases"))
        self.assertEqual((self.found("outside"), self.found("without")), ([], ["raw"]))


    def test_a_stored_rule_that_cannot_be_read_stops_nothing_but_filing(self):
        self.offx("topic", "add", "Databases", "--rule", "sqlite")
        self.sql("UPDATE topic_rules_v1 SET rule = 'has:holograms ('")
        self.sql("INSERT INTO posts_v1 (external_id, content, platform, created_at, fetched_at) "
                 "VALUES ('raw', 'SQLite from outside', 'x', '2026-03-03 08:00:00', '2026-03-03 08:00:00')")
        _, err = self.offx("status")
        self.assertIn("Databases", err)
        self.assertIn("offx topic edit", err)
        self.assertEqual(self.import_posts(post("new", "sqlite again"))["added"], 1)
        self.offx("topic", "edit", "Databases", "--rule", "sqlite OR postgres")
        out, err = self.offx("status")
        self.assertEqual(err, "")
        self.assertLessEqual({"raw", "new"}, set(self.ids("--topic", "Databases")))
        self.assertEqual(self.found("again"), ["new"])


class Rules(OffxTest):
    WRONG = [("a OR (b", 6), ("has:polls", 5), ("list:12", 1), ("-a", 1), ("a OR", 5), ('x "open', 3), ("a )", 3),
             ("", 1), ("is:verified cat", 1)]

    def test_a_wrong_rule_is_shown_where_it_is_wrong(self):
        for rule, column in self.WRONG:
            for command in (["topic", "add", "T", "--rule"], ["topic", "preview", "--rule"]):
                with self.subTest(rule=rule, command=command[1]):
                    _, err = self.offx(*command, rule, status=2)
                    lines = err.splitlines()
                    self.assertIn(f"column {column}:", err)
                    caret = next(n for n, line in enumerate(lines) if line.strip(" ~") == "^")
                    self.assertEqual(lines[caret].index("^"), column - 1)
                    self.assertEqual(lines[caret - 1], rule)
        self.assertFalse(self.db.exists())

    def test_columns_count_characters_not_bytes(self):
        _, err = self.offx("topic", "preview", "--rule", "žluťoučký has:polls", status=2)
        self.assertIn("column 15:", err)

    def test_a_wrong_rule_leaves_the_topic_as_it_was(self):
        self.offx("topic", "add", "T", "--rule", "cat")
        self.offx("topic", "edit", "T", "--rule", "(", status=2)
        self.assertEqual(self.json("topic", "show", "T")["rule"], "cat")

    def test_errors_are_json_where_asked(self):
        out, err = self.offx("topic", "preview", "--rule", "(", "--json", status=2)
        self.assertEqual(out, "")
        self.assertEqual(json.loads(err)["error"]["code"], "invalid_argument")


class Preview(OffxTest):
    def test_it_says_which_term_found_each_post_and_stores_nothing(self):
        file = self.write_posts("posts.jsonl", [post("1", "SQLite and a bug"), post("2", "Die Brücke, sqlite"), post("3", "cats")])
        result = self.json("topic", "preview", "--rule", "sqlite (bug OR brücke) -giveaway", "--input", file)
        self.assertEqual((result["seen"], result["matched"]), (3, 2))
        matched = {p["external_id"]: p for p in result["posts"]}
        self.assertEqual([m["term"] for m in matched["1"]["matched"]], ["sqlite", "bug"])
        content = matched["2"]["content"].encode()
        places = [content[begin:end].decode() for m in matched["2"]["matched"] for begin, end in m["places"]]
        self.assertEqual(sorted(places), ["Brücke", "sqlite"])
        self.assertFalse(self.db.exists())

    def test_it_finds_what_adding_the_topic_would_file(self):
        self.offx("import", SAMPLES / "posts.jsonl", SAMPLES / "bluesky.json")
        for line in (SAMPLES / "topics.tsv").read_text().splitlines():
            title, rule, description = line.split("\t")
            previewed = self.json("topic", "preview", "--rule", rule, "--limit", 1000)
            added = self.json("topic", "add", title, "--rule", rule, "--description", description)
            self.assertEqual(previewed["matched"], added["posts"])
            self.assertEqual(sorted(p["id"] for p in previewed["posts"]),
                             sorted(p["id"] for p in self.all_posts("--topic", title)))
            self.assertGreater(added["posts"], 0)


if __name__ == "__main__":
    unittest.main()
