"""What the end-to-end tests share: the program under test in a folder of its own, and made-up posts.

The program is the one OFFX_BINARY names; by hand, from the root of the repository:
    OFFX_BINARY=build/dev/offx PYTHONPATH=tests/support python3 tests/e2e/import_test.py
"""

import json
import os
import pathlib
import pty
import random
import select
import shutil
import sqlite3
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples"
SOURCES = ROOT / "tests" / "data" / "sources"
BINARY = str(pathlib.Path(os.environ.get("OFFX_BINARY", ROOT / "build" / "dev" / "offx")).resolve())

# The tables of the first OffX, as it made them.
FIRST_OFFX_SCHEMA = """
CREATE TABLE topics_v1 (
  id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL, description TEXT,
  created_at DATETIME DEFAULT CURRENT_TIMESTAMP, updated_at DATETIME DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE posts_v1 (
  id INTEGER PRIMARY KEY AUTOINCREMENT, external_id TEXT NOT NULL, content TEXT NOT NULL, author TEXT NOT NULL,
  author_username TEXT, platform TEXT NOT NULL, created_at DATETIME NOT NULL,
  fetched_at DATETIME DEFAULT CURRENT_TIMESTAMP, url TEXT);
CREATE TABLE post_media_v1 (
  id INTEGER PRIMARY KEY AUTOINCREMENT, post_id INTEGER NOT NULL, media_url TEXT NOT NULL, media_type TEXT NOT NULL,
  alt_text TEXT, created_at DATETIME DEFAULT CURRENT_TIMESTAMP, FOREIGN KEY (post_id) REFERENCES posts_v1(id));
CREATE TABLE topic_posts_v1 (
  topic_id INTEGER NOT NULL, post_id INTEGER NOT NULL, added_at DATETIME DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (topic_id, post_id), FOREIGN KEY (topic_id) REFERENCES topics_v1(id),
  FOREIGN KEY (post_id) REFERENCES posts_v1(id));
CREATE TABLE summarizations_v1 (
  id INTEGER PRIMARY KEY AUTOINCREMENT, topic_id INTEGER NOT NULL, content TEXT NOT NULL, prompt TEXT,
  post_count INTEGER NOT NULL, created_at DATETIME DEFAULT CURRENT_TIMESTAMP, time_period_start DATETIME,
  time_period_end DATETIME, FOREIGN KEY (topic_id) REFERENCES topics_v1(id));
CREATE INDEX idx_posts_external_id ON posts_v1(external_id, platform);
CREATE INDEX idx_posts_author ON posts_v1(author);
CREATE INDEX idx_posts_created_at ON posts_v1(created_at);
CREATE INDEX idx_posts_platform ON posts_v1(platform);
CREATE INDEX idx_topic_posts_topic_id ON topic_posts_v1(topic_id);
CREATE INDEX idx_topic_posts_post_id ON topic_posts_v1(post_id);
CREATE INDEX idx_summarizations_topic_id ON summarizations_v1(topic_id);
CREATE INDEX idx_summarizations_created_at ON summarizations_v1(created_at);
CREATE INDEX idx_summarizations_time_period ON summarizations_v1(time_period_start, time_period_end);
"""


class OffxTest(unittest.TestCase):
    """A test with a temporary folder and a database `self.db` in it that does not exist yet."""

    maxDiff = 4000

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="offx-e2e-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.db = self.folder / "offx.db"

    def environment(self, **changes):
        """The environment the program runs in; a value of None takes a variable away."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("OFFX_") and k not in ("DB_PATH", "NO_COLOR")}
        kept.update({"OFFX_DB": str(self.db), "HOME": str(self.folder), "TMPDIR": str(self.folder), "LC_ALL": "C.UTF-8"})
        for name, value in changes.items():
            if value is None:
                kept.pop(name, None)
            else:
                kept[name] = str(value)
        return kept

    def command(self, *args):
        return [BINARY, *map(str, args)]

    def offx(self, *args, status=0, stdin=None, env=None, cwd=None, timeout=120):
        """Runs the program, checks its exit code, gives (stdout, stderr) as text."""
        if isinstance(stdin, str):
            stdin = stdin.encode()
        source = {"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin}
        done = subprocess.run(self.command(*args), capture_output=True, env=self.environment(**(env or {})),
                              cwd=cwd or self.folder, timeout=timeout, **source)
        out, err = done.stdout.decode(), done.stderr.decode()
        self.assertEqual(done.returncode, status, f"offx {' '.join(map(str, args))}\nstdout: {out}\nstderr: {err}")
        return out, err

    def json(self, *args, **options):
        return json.loads(self.offx(*args, "--json", **options)[0])

    def start(self, *args, **options):
        """Runs the program beside the test; killed at its end if it still runs."""
        process = subprocess.Popen(self.command(*args), env=self.environment(), cwd=self.folder, **options)

        def stop():
            if process.poll() is None:
                process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout, process.stderr):
                try:
                    if pipe:
                        pipe.close()
                except BrokenPipeError:
                    pass

        self.addCleanup(stop)
        return process

    def at_terminal(self, *args, answer=None, **env):
        """What the program writes when stdin, stdout and stderr are a terminal, and its exit code."""
        child, terminal = pty.fork()
        if child == 0:
            os.chdir(self.folder)
            os.execve(self.command()[0], self.command(*args), self.environment(TERM="xterm", **env))
        if answer:
            os.write(terminal, answer)
        written = b""
        while select.select([terminal], [], [], 60)[0]:
            try:
                some = os.read(terminal, 65536)
            except OSError:  # the other end is closed
                break
            if not some:
                break
            written += some
        os.close(terminal)
        return written.decode(), os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    def write(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def write_posts(self, name, posts):
        return self.write(name, json_lines(posts))

    def import_posts(self, *posts):
        """Imports posts given as dicts (see post()) and gives the import's result."""
        return self.json("import", "-", "--format", "jsonl", stdin=json_lines(posts))[0]

    def all_posts(self, *filters, **options):
        """Every stored post, newest first, page by page."""
        posts, after = [], []
        while True:
            page = self.json("posts", "--limit", 1000, *filters, *after, **options)
            posts += page["posts"]
            if page["next"] is None:
                return posts
            after = ["--after", page["next"]]

    def ids(self, *filters):
        return [entry["external_id"] for entry in self.all_posts(*filters)]

    def found(self, query, *options):
        """The external ids of what a search finds, in order."""
        return [entry["external_id"] for entry in self.json("search", query, *options)["posts"]]

    def sql(self, statement, *params):
        """Rows as another program sees them."""
        connection = sqlite3.connect(self.db, timeout=30)
        try:
            with connection:
                return connection.execute(statement, params).fetchall()
        finally:
            connection.close()

    def make_first_offx_database(self, path):
        """A database that the first OffX wrote: two posts with dates of both forms, filed by hand, one summary."""
        connection = sqlite3.connect(path)
        connection.executescript(FIRST_OFFX_SCHEMA)
        with connection:
            connection.execute("INSERT INTO topics_v1 (title, description) VALUES ('Databases', 'of all kinds')")
            connection.executemany(
                "INSERT INTO posts_v1 (external_id, content, author, author_username, platform, created_at, url) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                [("100", "SQLite ships a new release", "Ada", "ada", "twitter", "2025-05-01T10:00:00.000Z",
                  "https://x.example/ada/100"),
                 ("101", "Gardening on the balcony", "Bo", "bo", "twitter", "2025-05-01 09:00:00", None)])
            connection.execute("INSERT INTO post_media_v1 (post_id, media_url, media_type) "
                               "VALUES (1, 'https://img.example/1.png', 'image')")
            connection.execute("INSERT INTO topic_posts_v1 (topic_id, post_id) VALUES (1, 2)")
            connection.execute("INSERT INTO summarizations_v1 (topic_id, content, prompt, post_count, "
                               "time_period_start, time_period_end) "
                               "VALUES (1, 'An old summary.', 'summarise', 1, '2025-05-01T00:00:00Z', '2025-05-02T00:00:00Z')")
        connection.close()


def post(external_id, content, **more):
    return {"external_id": external_id, "content": content, "author": "Ann Example", "author_username": "ann",
            "platform": "x", "created_at": "2026-03-01T08:00:00Z", **more}


def json_lines(posts):
    return "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in posts)


WORDS = ("sqlite postgres index release bug planet harbour storm coffee engine browser rust kernel patch query trail "
         "garden bread river bridge museum concert ticket market signal orbit probe launch final goal keeper").split()


def generated_posts(count, seed=1):
    """Posts of every shape, the same for the same seed: texts, tags, mentions, media, replies, several platforms."""
    chance = random.Random(seed)
    for number in range(count):
        words = [chance.choice(WORDS) for _ in range(chance.randint(4, 25))]
        if chance.random() < 0.2:
            words.append("#" + chance.choice(WORDS))
        if chance.random() < 0.1:
            words.insert(0, "@user%d" % chance.randint(1, 50))
        platform = chance.choice(["x", "bluesky", "mastodon", "rss"])
        user = chance.randint(1, 300)
        made = {"external_id": "g%d" % number, "content": " ".join(words), "author": "User %d" % user,
                "author_username": "user%d" % user, "platform": platform, "lang": "en",
                "created_at": "2025-%02d-%02dT%02d:%02d:%02dZ" % (chance.randint(1, 12), chance.randint(1, 28),
                                                                 chance.randint(0, 23), chance.randint(0, 59),
                                                                 chance.randint(0, 59)),
                "url": "https://%s.example/user%d/%d" % (platform, user, number)}
        if chance.random() < 0.15:
            made["media"] = [{"url": "https://img.example/%d.png" % number, "type": "image", "alt_text": "picture"}]
        if chance.random() < 0.1:
            made.update(is_reply=True, reply_to="user%d" % chance.randint(1, 300))
        yield made


def generated_topics():
    """(title, rule) of twenty topics over generated_posts()."""
    rules = ["%s %s" % pair for pair in zip(WORDS[0:8], WORDS[8:16])]
    rules += ["%s OR #%s" % pair for pair in zip(WORDS[16:22], WORDS[22:28])]
    rules += ["from:user7", "has:images storm", '"sqlite postgres"', "storm is:reply -coffee", "platform:rss rust",
              "(orbit OR probe) launch -goal"]
    return [("Topic %d" % number, rule) for number, rule in enumerate(rules, 1)]
