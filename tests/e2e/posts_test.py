"""Looking at posts: pages, filters, search."""

import subprocess
import unittest

from offx_e2e import OffxTest, generated_posts, json_lines, post


class Pages(OffxTest):
    def setUp(self):
        super().setUp()
        self.posts = list(generated_posts(200))
        for entry in self.posts[:60]:  # many of one moment: the page ends among them
            entry["created_at"] = "2026-06-01T12:00:00Z"
        self.user = self.posts[0]["author_username"]
        self.json("import", "-", stdin=json_lines(self.posts))

    def pages(self, size, *command):
        seen, after = [], []
        while True:
            page = self.json(*command, "--limit", size, *after)
            self.assertLessEqual(len(page["posts"]), size)
            seen += [p["external_id"] for p in page["posts"]]
            if page["next"] is None:
                return seen
            self.assertEqual(len(page["posts"]), size)
            after = ["--after", page["next"]]

    def test_pages_one_after_another_are_all_posts_newest_first(self):
        everything = self.pages(10000, "posts")
        self.assertEqual(sorted(everything), sorted(p["external_id"] for p in self.posts))
        times = [p["created_at"] for p in self.all_posts()]
        self.assertEqual(times, sorted(times, reverse=True))
        for size in (13, 50, 100, 200):
            self.assertEqual(self.pages(size, "posts"), everything)

    def test_pages_of_filters_and_searches_end_too(self):
        self.offx("topic", "add", "T", "--rule", "storm OR sqlite")
        for command in (["posts", "--topic", "T"], ["posts", "--platform", "rss"], ["posts", "--author", self.user],
                        ["search", "storm OR sqlite"], ["search", "storm -coffee", "--author", self.user],
                        ["search", "storm OR from:" + self.user], ["search", "is:reply storm OR rust"]):
            with self.subTest(command=command):
                self.assertEqual(self.pages(5, *command), self.pages(10000, *command))
        self.assertEqual(sorted(self.pages(9, "search", "storm OR sqlite")), sorted(self.ids("--topic", "T")))

    def test_a_page_that_ends_with_the_last_match_of_many_looked_at_has_a_next(self):
        self.db = self.folder / "two-authors.db"
        when = lambda n: "2026-05-%02dT%02d:%02d:00Z" % (1 + n // 1440, n // 60 % 24, n % 60)
        self.import_posts(*[post(str(n), "alpha", created_at=when(n),
                                 author_username="bob" if n < 100 or n >= 380 else "ann") for n in range(400)])
        self.assertEqual(len(self.pages(20, "search", "alpha", "--author", "bob")), 120)

    def test_a_platform_is_found_in_any_case(self):
        rss = self.ids("--platform", "rss")
        self.assertEqual(self.ids("--platform", "RSS"), rss)
        self.assertEqual(sorted(self.found("storm", "--platform", "Rss", "--limit", 1000)),
                         sorted(self.found("storm platform:rss", "--limit", 1000)))

    def test_filters_take_what_they_say(self):
        platform = [p["external_id"] for p in self.posts if p["platform"] == "rss"]
        self.assertEqual(sorted(self.ids("--platform", "rss")), sorted(platform))
        by_user = sorted(p["external_id"] for p in self.posts if p["author_username"] == self.user)
        self.assertEqual(sorted(self.ids("--author", "@" + self.user.upper())), by_user)
        self.assertEqual(sorted(self.ids("--author", "User " + self.user[4:])), by_user)
        window = sorted(p["external_id"] for p in self.posts
                        if "2025-03-01T00:00:00Z" <= p["created_at"] < "2025-04-01T12:00:00Z")
        self.assertEqual(sorted(self.ids("--since", "2025-03-01", "--until", "2025-04-01 12:00")), window)
        both = sorted(p["external_id"] for p in self.posts if p["platform"] == "x" and p["author_username"] == self.user)
        self.assertEqual(sorted(self.ids("--platform", "x", "--author", self.user)), both)

    def test_one_post_by_its_number(self):
        first = self.all_posts()[0]
        alone = self.json("posts", first["id"])
        self.assertEqual(alone.pop("topics"), [])
        self.assertEqual(alone, first)
        self.offx("posts", "999999", status=1)

    def test_wrong_use_is_told(self):
        for wrong in (["--limit", "0"], ["--limit", "99999"], ["--since", "soon"], ["--after", "page 2"]):
            self.offx("posts", *wrong, status=2)

    def test_a_date_nobody_can_read_does_not_stop_the_pages(self):
        self.sql("UPDATE posts_v1 SET created_at = 'the other day' WHERE id % 20 = 0")
        self.assertEqual(len(self.pages(2, "posts", "--since", "1970-01-01", "--platform", "rss")),
                         sum(p["platform"] == "rss" for p in self.posts))
        self.assertEqual(len(self.pages(9, "posts")), 200)


class Search(OffxTest):
    def setUp(self):
        super().setUp()
        self.import_posts(
            post("accent", "Una marca diacrítica en español", lang="es"), post("tokyo", "昨日は東京都に行きました", lang="ja"),
            post("wide", "ＳＱＬｉｔｅ is fine"), post("phrase", "the write-ahead log is short"),
            post("parts", "log ahead of what you write"), post("tag", "finally #RustLang for all", author_username="Bea"),
            post("reply", "@cleo thank you", is_reply=True, reply_to="cleo"), post("check", "checkpoints every minute"),
            post("image", "look", media=[{"url": "https://img.example/1.png", "type": "image"}]),
            post("link", "read this https://news.example/story", links=["https://news.example/story"]),
            post("emoji", "launch 🚀 day"), post("quote", "so \"true\" (really) AND yes"),
            post("toot", "sqlite on mastodon", platform="mastodon"))

    def test_what_finds_what(self):
        for query, expected in {
            "diacritica": {"accent"}, "DIACRÍTICA": {"accent"}, "espanol": {"accent"}, "東京": {"tokyo"},
            "sqlite": {"wide", "toot"}, '"write ahead log"': {"phrase"}, "write ahead log": {"phrase", "parts"},
            "check*": {"check"}, "#rustlang": {"tag"}, "rustlang": {"tag"}, "from:bea": {"tag"}, "from:@BEA": {"tag"},
            "to:cleo": {"reply"}, "@cleo": {"reply"}, "thank is:reply": {"reply"}, "look has:images": {"image"},
            "look -has:images": set(),
            "url:news.example": {"link"}, "🚀": {"emoji"}, "marca lang:es": {"accent"},
            "sqlite platform:mastodon": {"toot"},
            "sqlite -platform:mastodon": {"wide"}, "(sqlite OR launch) -🚀": {"wide", "toot"}, "true really": {"quote"},
            "nothingofthekind": set(), "and": {"quote"}, "sqlite fine OR 東京": {"wide", "tokyo"},
        }.items():
            with self.subTest(query):
                self.assertEqual(set(self.found(query)), expected)
                self.assertEqual(set(self.found(query, "--sort", "relevance")), expected)

    def test_a_wrong_query_is_wrong_use(self):
        for query in ('"open', "(a", "has:nothing", "a OR", "*"):
            _, err = self.offx("search", query, status=2)
            self.assertIn("^", err)

    def test_no_query_breaks_the_index(self):
        for query in ('"a\'b"', 'a"b"', "body:x", "NEAR(a b)", "a AND b", "NOT a", "a + b", "^a", "{a}", "\x01", "é" * 500,
                      "a; DROP TABLE posts_v1"):
            with self.subTest(query):
                done = subprocess.run(self.command("search", query), env=self.environment(), capture_output=True,
                                      timeout=60)
                self.assertIn(done.returncode, (0, 2), done.stderr)

    def test_relevance_puts_the_better_first(self):
        self.import_posts(post("weak", "otter " + "other words of a long text " * 20), post("strong", "otter otter"))
        self.assertEqual(self.found("otter", "--sort", "relevance"), ["strong", "weak"])
        self.assertEqual(self.found("otter", "--sort", "relevance", "--limit", 1), ["strong"])


if __name__ == "__main__":
    unittest.main()
