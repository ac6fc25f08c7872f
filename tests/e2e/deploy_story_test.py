"""The deployment that once went wrong: a migration runs, the new code hangs while it is being deployed, and the old code is
still serving. Here the program of the previous release reads and writes without a pause while the present one migrates,
hangs, is killed, comes back, works beside it, and is rolled back; nothing fails and nothing is lost.

OFFX_PREVIOUS_BINARY names the program of the previous release; `./dev test` builds it from the repository's history.
"""

import os
import pathlib
import signal
import sqlite3
import subprocess
import threading
import time
import unittest

from offx_e2e import OffxTest, generated_posts, json_lines

PREVIOUS = os.environ.get("OFFX_PREVIOUS_BINARY")
MIGRATION = pathlib.Path(__file__).parents[2] / "schema" / "migrations" / "topics_v2.toml"
TOPICS = 8000


class OldRelease(threading.Thread):
    """Serves: adds topics, edits them, imports posts and reads everything back, one command after another."""

    def __init__(self, test):
        super().__init__(daemon=True)
        self.test = test
        self.stopped = threading.Event()
        self.failures = []
        self.rounds = 0
        self.titles = []

    def offx(self, *args, stdin=b""):
        done = subprocess.run([PREVIOUS, *map(str, args)], input=stdin, capture_output=True, timeout=60,
                              env=self.test.environment())
        if done.returncode != 0:
            self.failures.append((args, done.returncode, done.stderr.decode()))
        return done.stdout.decode()

    def run(self):
        while not self.stopped.is_set() and not self.failures:
            n = self.rounds
            title = "old %d" % n
            self.offx("topic", "add", title, "--rule", "oldword%d" % n)
            if title not in self.offx("topic", "list", "--json"):
                self.failures.append("%s is not in the list of topics" % title)
            self.offx("topic", "edit", title, "--rule", "oldword%d OR other%d" % (n, n))
            content = json_lines([{"external_id": "old%d" % n, "content": "about oldword%d" % n, "platform": "x"}])
            self.offx("import", "-", "--format", "jsonl", stdin=content.encode())
            if "old%d" % n not in self.offx("posts", "--topic", title, "--json"):
                self.failures.append("the post of round %d is not under its topic" % n)
            self.titles.append(title)
            self.rounds += 1

    def stop(self):
        self.stopped.set()
        self.join()


@unittest.skipUnless(PREVIOUS, "OFFX_PREVIOUS_BINARY is not set: ./dev test builds the previous release where the "
                               "repository has its history")
class DeployStory(OffxTest):
    def old(self, *args, status=0):
        done = subprocess.run([PREVIOUS, *map(str, args)], capture_output=True, timeout=60, env=self.environment(),
                              stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, status, done.stderr.decode())
        return done.stdout.decode() + done.stderr.decode()

    def setUp(self):
        super().setUp()
        posts = self.write("posts.jsonl", json_lines(generated_posts(2000)))
        self.old("import", posts)
        # Enough topics for the migration to take a while.
        self.sql("INSERT INTO topics_v1 (title, description, created_at, updated_at) WITH RECURSIVE n (i) AS (SELECT 1 "
                 "UNION ALL SELECT i + 1 FROM n WHERE i < ?) SELECT 'topic ' || i, 'about ' || i, '2026-01-01 00:00:00', "
                 "'2026-01-01 00:00:00' FROM n", TOPICS)
        self.server = OldRelease(self)
        self.server.start()
        self.addCleanup(self.server.stop)

    def serve_on(self, rounds=2):
        """The old release goes on serving: so many more rounds without a failure."""
        wanted = self.server.rounds + rounds
        deadline = time.monotonic() + 120
        while self.server.rounds < wanted and not self.server.failures and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertEqual(self.server.failures, [])
        self.assertGreaterEqual(self.server.rounds, wanted)

    def phase(self):
        return self.sql("SELECT phase FROM offx_migrations WHERE name = 'topics_v2'")[0][0]

    def hung_start(self):
        """The new release begins to migrate and hangs in the middle of it."""
        started = self.start("migrate", "start", MIGRATION, "--db", self.db, "--max-stall", "1ms",
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                self.sql("UPDATE offx_migrations SET paused = 1 WHERE name = 'topics_v2'")
                if self.sql("SELECT count(*) FROM offx_migrations WHERE paused = 1")[0][0] == 1:
                    break
            except sqlite3.OperationalError:  # not begun yet
                pass
            time.sleep(0.002)
        return started

    def test_the_old_release_serves_while_the_new_one_migrates_hangs_and_is_rolled_back(self):
        self.serve_on()

        # Deployed: it migrates, and hangs.
        hung = self.hung_start()
        self.serve_on()
        self.assertEqual(self.phase(), "backfill")
        hung.send_signal(signal.SIGKILL)
        hung.wait()
        self.serve_on()

        # Deployed again: it gets through, and works beside the old release.
        self.sql("UPDATE offx_migrations SET paused = 0")
        self.offx("migrate", "start", MIGRATION, "--db", self.db)
        self.assertEqual(self.phase(), "live")
        self.serve_on()
        self.offx("topic", "add", "New", "--rule", "newword", "--color", "#ff0000")
        self.offx("topic", "edit", "topic 7", "--rule", "seven", "--inactive")
        self.offx("topic", "remove", "topic 8", "--yes")
        listed = self.old("topic", "list", "--json")
        self.assertIn('"newword"', listed)
        self.assertIn('"seven"', listed)
        self.assertNotIn('"topic 8"', listed)
        self.assertEqual(self.json("topic", "show", "New")["color"], "#ff0000")
        self.old("topic", "edit", "New", "--rule", "newword OR newer")
        self.assertEqual(self.json("topic", "show", "New")["rule"], "newword OR newer")
        self.serve_on()

        # It hangs again, and the way back is taken.
        frozen = self.start("import", "-", "--format", "jsonl", stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)
        time.sleep(0.5)
        frozen.send_signal(signal.SIGSTOP)
        self.offx("migrate", "rollback", "topics_v2", "--db", self.db, "--yes", "--force")
        frozen.send_signal(signal.SIGKILL)
        self.serve_on()
        self.server.stop()
        self.assertEqual(self.server.failures, [])

        # The old release has everything, what was written through the new one too.
        listed = self.old("topic", "list", "--json")
        self.assertIn('"newword OR newer"', listed)
        self.assertIn('"seven"', listed)
        self.assertNotIn('"topic 8"', listed)
        for title in self.server.titles:
            self.assertIn('"%s"' % title, listed)
        self.assertEqual(self.sql("PRAGMA integrity_check"), [("ok",)])
        self.assertEqual(self.sql("PRAGMA foreign_key_check"), [])
        left = [name for (name,) in self.sql("SELECT name FROM sqlite_schema WHERE name LIKE 'offx_sync%' OR name LIKE "
                                             "'topic_s_v2' OR name LIKE 'topic_rules_v2'")]
        self.assertEqual(left, [])

        # Another time it succeeds; once the old version is taken away, the old release says why it cannot go on.
        self.offx("topic", "list")
        self.assertEqual(self.phase(), "live")
        self.old("topic", "list")
        self.offx("migrate", "complete", "topics_v2", "--db", self.db, "--yes")
        self.assertEqual(len(self.json("topic", "list")), listed.count('"title"'))
        self.assertIn("topics_v2", self.old("topic", "list", status=1))
        self.assertEqual(self.sql("SELECT count(*) FROM sqlite_schema WHERE name = 'topics_v1'"), [(0,)])


if __name__ == "__main__":
    unittest.main()
