"""kill -9 at random moments of an import: the database opens, is whole, and importing again completes it.

OFFX_KILLS says how often (12 by default), OFFX_KILL_POSTS how many posts are imported (20,000), OFFX_SEED the moments.
"""

import os
import random
import signal
import sqlite3
import subprocess
import time
import unittest

from offx_e2e import OffxTest, generated_posts, generated_topics

KILLS = int(os.environ.get("OFFX_KILLS", "12"))
POSTS = int(os.environ.get("OFFX_KILL_POSTS", "20000"))

QUERIES = ["storm coffee harbour from:user7", '"sqlite postgres"', "bridge* from:user12 -museum", "from:user7", "#rust OR #kernel",
           "is:reply orbit probe"]

# Everything an import writes, by keys that do not depend on the order of writing; not when it was written.
CONTENT = [
    "SELECT platform, external_id, content, author, author_username, created_at, url FROM posts_v1 ORDER BY 1, 2",
    "SELECT p.platform, p.external_id, m.media_url, m.media_type, m.alt_text FROM post_media_v1 AS m "
    "JOIN posts_v1 AS p ON p.id = m.post_id ORDER BY 1, 2, 3",
    "SELECT p.platform, p.external_id, d.lang, d.author_id, d.conversation_id, d.reply_to, d.is_reply, d.is_repost, "
    "d.is_quote, d.reference_id, d.reposted_by, d.quoted_text, d.links, d.content_warning, d.html, d.is_private, "
    "d.edited_at FROM post_details_v1 AS d JOIN posts_v1 AS p ON p.id = d.post_id ORDER BY 1, 2",
    "SELECT t.title, p.platform, p.external_id FROM topic_posts_v1 AS l JOIN topics_v1 AS t ON t.id = l.topic_id "
    "JOIN posts_v1 AS p ON p.id = l.post_id ORDER BY 1, 2, 3",
    "SELECT t.title, p.platform, p.external_id, l.created_at FROM topic_timeline_v1 AS l JOIN topics_v1 AS t "
    "ON t.id = l.topic_id JOIN posts_v1 AS p ON p.id = l.post_id ORDER BY 1, 2, 3",
    "SELECT title, description FROM topics_v1 ORDER BY 1",
    "SELECT count(*) FROM unfiled_posts_v1",
    "SELECT count(*) FROM filing_v1",
    "SELECT count(*) FROM post_media_v1",
    "SELECT count(*) FROM post_details_v1",
    "SELECT count(*) FROM topic_posts_v1",
    "SELECT count(*) FROM topic_timeline_v1",
]


class Kill9(OffxTest):
    def content(self):
        tables = [self.sql(statement) for statement in CONTENT]
        searches = [sorted(self.found(query, "--limit", 10000)) for query in QUERIES]
        for query, found in zip(QUERIES, searches):
            self.assertTrue(0 < len(found) < 10000, query)
        return tables + searches

    def new_database(self, name):
        """A database with the topics and no posts; made once, then copied."""
        self.db = self.folder / (name + ".db")
        for file in self.folder.glob(name + ".db*"):
            file.unlink()
        self.db.write_bytes(self.empty)

    def run_import(self):
        return self.start("import", self.file, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def check_whole(self):
        connection = sqlite3.connect(self.db)
        try:
            self.assertEqual(connection.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
            self.assertEqual(connection.execute("PRAGMA foreign_key_check").fetchall(), [])
        finally:
            connection.close()

    def test_importing_the_rest_gives_what_an_undisturbed_import_gives(self):
        seed = int(os.environ.get("OFFX_SEED", str(random.randrange(1 << 30))))
        chance = random.Random(seed)
        self.file = self.write_posts("posts.jsonl", generated_posts(POSTS))
        for title, rule in generated_topics():
            self.offx("topic", "add", title, "--rule", rule)
        self.assertEqual(self.json("db", "backup", "empty.db")["file"], "empty.db")
        self.empty = (self.folder / "empty.db").read_bytes()

        self.new_database("undisturbed")
        started = time.monotonic()
        self.assertEqual(self.run_import().wait(300), 0)
        duration = time.monotonic() - started
        expected = self.content()
        self.assertEqual(len(expected[0]), POSTS)

        stopped_at = []
        for _ in range(4 * KILLS):  # some moments come too late
            if len(stopped_at) == KILLS:
                break
            with self.subTest(seed=seed, kill=len(stopped_at)):
                self.new_database("killed")
                started = time.monotonic()
                process = self.run_import()
                try:
                    process.wait(chance.uniform(0, duration))
                except subprocess.TimeoutExpired:
                    process.send_signal(signal.SIGKILL)
                if process.wait() != -signal.SIGKILL:  # the machine is faster than it was: aim earlier
                    duration = min(duration, time.monotonic() - started)
                    continue
                stored = self.json("status")["posts"]  # opens after the unclean end
                stopped_at.append(stored)
                self.check_whole()
                again = self.json("import", self.file)[0]
                self.assertEqual((again["added"], again["updated"], again["unchanged"]), (POSTS - stored, 0, stored))
                for what, got, wanted in zip(CONTENT + QUERIES, self.content(), expected):
                    self.assertTrue(got == wanted, what)  # not assertEqual: its message would be as long as the table
                self.check_whole()
        print(f"seed {seed}: an import of {duration:.1f} s, {KILLS} kills while it ran; "
              f"posts stored then: {sorted(stopped_at)}")
        self.assertEqual(len(stopped_at), KILLS)
        if KILLS >= 12:
            self.assertGreater(len(set(stopped_at)), 2, "the moments were not spread over the import")


if __name__ == "__main__":
    unittest.main()
