"""Summaries and sentiment: their shape, that they are word for word from posts, and what is stored."""

import json
import unittest

from offx_e2e import SAMPLES, OffxTest, post

ALL = ["--since", "2026-11-01", "--until", "2026-12-01"]


def one_line(text):
    return " ".join(text.split())


class Summaries(OffxTest):
    def setUp(self):
        super().setUp()
        self.offx("import", *(SAMPLES / name for name in ("posts.jsonl", "bluesky.json", "mastodon.json",
                                                          "planet-feed.xml", "x-archive")))
        for line in (SAMPLES / "topics.tsv").read_text().splitlines():
            title, rule, _ = line.split("\t")
            self.offx("topic", "add", title, "--rule", rule)

    def check(self, summary):
        """What holds of every summary."""
        self.assertEqual(set(summary) & {"topic", "period", "engine", "post_count", "sentences", "posts", "sentiment"},
                         {"topic", "period", "engine", "post_count", "sentences", "posts", "sentiment"})
        self.assertEqual(set(summary["period"]), {"start", "end"})
        posts = {p["n"]: p for p in summary["posts"]}
        self.assertEqual(list(posts), list(range(1, len(posts) + 1)))
        cited = set()
        for sentence in summary["sentences"]:
            self.assertTrue(sentence["posts"])
            cited |= set(sentence["posts"])
            texts = [one_line(posts[n]["content"]) for n in sentence["posts"]]
            self.assertTrue(any(sentence["text"] in text for text in texts), sentence)
        self.assertEqual(cited, set(posts))
        for entry in posts.values():
            self.assertTrue({"n", "id", "external_id", "author", "url"} <= set(entry))
            self.assertGreaterEqual(entry["said_by"], 1)
        self.assertTrue(-1 <= summary["sentiment"]["score"] <= 1)
        self.assertIn(summary["sentiment"]["label"], ("positive", "neutral", "negative"))

    def test_every_topic_gets_a_cited_summary(self):
        made = self.json("summarize", *ALL)
        self.assertEqual(len(made), 5)
        for summary in made:
            self.check(summary)
            self.assertTrue(1 <= len(summary["sentences"]) <= 5)
            self.assertEqual(summary["period"], {"start": "2026-11-01T00:00:00Z", "end": "2026-12-01T00:00:00Z"})
            self.assertEqual(summary["post_count"], len(self.ids("--topic", summary["topic"]["id"])))

    def test_the_text_names_number_author_and_link_of_every_post(self):
        made = self.json("summarize", "--topic", "Lantern Cup", *ALL)
        out, _ = self.offx("summarize", "--topic", "Lantern Cup", *ALL)
        for entry in made["posts"]:
            self.assertIn(f"[{entry['n']}]", out)
            self.assertIn(entry["link"], out)
        for sentence in made["sentences"]:
            self.assertIn(sentence["text"], out)

    def test_it_is_the_same_every_time_and_stored_once(self):
        first = self.json("summarize", *ALL)
        again = self.json("summarize", *ALL)
        self.assertEqual([(s["id"], s["stored"]) for s in again], [(s["id"], False) for s in first])
        for one, other in zip(first, again):
            one["stored"] = False
            self.assertEqual(one, other)
        self.assertEqual(len(self.json("summaries")), 5)
        self.assertEqual(self.sql("SELECT count(*) FROM summarizations_v1"), [(5,)])
        forced = self.json("summarize", "--topic", "Lantern Cup", "--force", *ALL)
        self.assertTrue(forced["stored"])
        self.assertEqual(len(self.json("summaries", "--topic", "Lantern Cup")), 2)

    def test_new_posts_or_another_length_make_another(self):
        topic = ["--topic", "Lantern Cup", *ALL]
        self.json("summarize", *topic)
        self.assertTrue(self.json("summarize", *topic, "--max-sentences", 2)["stored"])
        self.assertLessEqual(len(self.json("summarize", *topic, "--max-sentences", 2)["sentences"]), 2)
        self.import_posts(post("late", "The Lantern Cup returns next year.", created_at="2026-11-20T00:00:00Z"))
        self.assertTrue(self.json("summarize", *topic)["stored"])

    def test_a_stored_one_is_shown_as_it_was_made(self):
        made = self.json("summarize", "--topic", "Lantern Cup", *ALL)
        stored = self.json("summaries", made["id"])
        self.assertEqual(stored["sentences"], made["sentences"])
        self.assertEqual(stored["sentiment"].keys(), made["sentiment"].keys())
        self.assertAlmostEqual(stored["sentiment"]["score"], made["sentiment"]["score"])
        self.assertEqual((stored["engine"], stored["post_count"], stored["period"]),
                         (made["engine"], made["post_count"], made["period"]))
        self.assertEqual([(p["n"], p["id"], p["said_by"]) for p in stored["posts"]],
                         [(p["n"], p["id"], p["said_by"]) for p in made["posts"]])
        row = self.sql("SELECT prompt, post_count, time_period_start, time_period_end FROM summarizations_v1")[0]
        self.assertIn(made["engine"], row[0])
        self.assertEqual(row[1:], (made["post_count"], "2026-11-01 00:00:00", "2026-12-01 00:00:00"))
        self.offx("summaries", "99", status=1)

    def test_an_empty_period_says_so_and_stores_nothing(self):
        out, _ = self.offx("summarize", "--since", "2020-01-01", "--until", "2020-02-01")
        self.assertEqual(out.count("Nothing to summarise"), 5)
        empty = self.json("summarize", "--since", "2020-01-01", "--until", "2020-02-01")
        self.assertEqual([(s["post_count"], s["sentences"]) for s in empty], [(0, [])] * 5)
        self.assertEqual(self.sql("SELECT count(*) FROM summarizations_v1"), [(0,)])

    def test_periods(self):
        topic = ["--topic", "Lantern Cup"]
        for options, start, end in ((["--since", "2026-11-10", "--period", "day"], "2026-11-10", "2026-11-11"),
                                    (["--until", "2026-11-17", "--period", "week"], "2026-11-10", "2026-11-17"),
                                    (["--since", "2026-01-31", "--period", "month"], "2026-01-31", "2026-02-28")):
            period = self.json("summarize", *topic, *options)["period"]
            self.assertEqual(period, {"start": start + "T00:00:00Z", "end": end + "T00:00:00Z"})
        self.offx("summarize", "--since", "2026-11-10", "--until", "2026-11-10", status=2)
        self.offx("summarize", "--period", "year", status=2)
        self.offx("summarize", "--max-sentences", "0", status=2)

    def test_a_period_beyond_the_years_that_can_be_written_is_refused(self):
        self.offx("summarize", "--since", "9999-12-20", "--period", "month", status=2)
        self.offx("summarize", "--until", "0000-01-02", "--period", "month", status=2)

    def test_a_file_is_summarised_without_storing(self):
        before = self.db.read_bytes()
        made = self.json("summarize", "--input", SAMPLES / "posts.jsonl", "--max-sentences", 7)
        self.check(made)
        self.assertIsNone(made["topic"])
        self.assertEqual(len(made["sentences"]), 7)
        self.assertEqual(self.db.read_bytes(), before)
        again = self.json("summarize", "--input", SAMPLES / "posts.jsonl", "--max-sentences", 7)
        for entry in made["posts"] + again["posts"]:
            del entry["fetched_at"]  # these were fetched when they were read
        self.assertEqual(made, again)
        self.db = self.folder / "none.db"
        self.json("summarize", "--input", SAMPLES / "posts.jsonl")
        self.assertFalse(self.db.exists())


class Private(OffxTest):
    def test_private_posts_are_in_no_summary(self):
        posts = [post("open", "The harbour opens again on Monday.", author="A"),
                 post("closed", "My secret number is 4711 and the harbour knows.", is_private=True)]
        self.import_posts(*posts)
        self.offx("topic", "add", "Harbour", "--rule", "harbour")
        made = self.json("summarize", "--topic", "Harbour", "--since", "2026-03-01", "--until", "2026-03-02")
        self.assertEqual(made["post_count"], 1)
        self.assertNotIn("4711", json.dumps(made))
        self.assertNotIn("4711", self.sql("SELECT content FROM summarizations_v1")[0][0])
        out, _ = self.offx("summarize", "--input", self.write_posts("p.jsonl", posts))
        self.assertNotIn("4711", out)

    def test_a_topic_of_private_posts_alone_has_nothing_to_say(self):
        self.import_posts(post("closed", "A secret about the harbour.", is_private=True))
        self.offx("topic", "add", "Harbour", "--rule", "harbour")
        out, _ = self.offx("summarize", "--since", "2026-03-01", "--until", "2026-03-02")
        self.assertIn("Nothing to summarise", out)
        self.assertEqual(self.json("summaries"), [])


class SaidByMany(OffxTest):
    def test_near_duplicates_are_one_sentence_said_by_all(self):
        self.import_posts(*(post(f"dup{n}", "The old bridge over the river is closed until further notice."
                                 + ("" if n % 2 else "!"), author=f"A{n}", author_username=f"a{n}",
                                 created_at=f"2026-03-01T08:{n:02}:00Z") for n in range(14)))
        self.offx("topic", "add", "Bridge", "--rule", "bridge")
        period = ["--since", "2026-03-01", "--until", "2026-03-02"]
        made = self.json("summarize", "--topic", "Bridge", *period)
        self.assertEqual(len(made["sentences"]), 1)
        self.assertEqual(made["posts"][0]["said_by"], 14)
        self.assertIn("said by 14", self.offx("summarize", "--topic", "Bridge", *period)[0])


class Sentiment(OffxTest):
    def test_texts_and_files(self):
        result = self.json("sentiment", "I love this, it is wonderful!", "This is terrible and sad.", "The door is blue.")
        self.assertEqual([p["label"] for p in result["posts"]], ["positive", "negative", "neutral"])
        self.assertTrue(all(-1 <= p["score"] <= 1 for p in result["posts"]))
        self.assertEqual(result["sentiment"]["count"], 3)
        of_file = self.json("sentiment", "--input", SAMPLES / "posts.jsonl")
        self.assertGreater(of_file["sentiment"]["count"], 200)
        shares = of_file["sentiment"]
        self.assertAlmostEqual(shares["positive"] + shares["neutral"] + shares["negative"], 1, places=6)
        self.assertFalse(self.db.exists())
        self.offx("sentiment", status=2)


if __name__ == "__main__":
    unittest.main()
