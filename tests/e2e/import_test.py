"""Posts in: every format, again, broken, cut off, compressed, from an address, from other databases, interrupted."""

import contextlib
import gzip
import http.server
import json
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
import threading
import time
import unittest
import zipfile

from offx_e2e import SAMPLES, SOURCES, OffxTest, generated_posts, json_lines, post

# Each with its format and how many of its items are posts and broken.
FIXTURES = [("posts.jsonl", "jsonl", 5, 6), ("posts.csv", "csv", 3, 2), ("feed.rss", "rss", 4, 1),
            ("feed_rdf.xml", "rss", 1, 0), ("feed.atom", "atom", 2, 0), ("feed.json", "json-feed", 2, 1),
            ("mastodon.json", "mastodon", 3, 2), ("bluesky.json", "bluesky", 2, 1), ("x_api.json", "x-api", 4, 1),
            ("tweet_old.js", "x-archive", 1, 0), ("x_archive", "x-archive", 5, 1)]


def zstd_frame(content):
    """A zstd frame of raw blocks, as RFC 8878 lays it out: no compressor needed."""
    frame = struct.pack("<IBB", 0xFD2FB528, 0x00, 0x58)
    blocks = [content[i:i + 1000] for i in range(0, len(content), 1000)] or [b""]
    for number, block in enumerate(blocks):
        frame += struct.pack("<I", len(block) << 3 | (number == len(blocks) - 1))[:3] + block
    return frame


class Formats(OffxTest):
    def test_every_format_is_recognised_and_importing_it_again_changes_nothing(self):
        for name, form, posts, broken in FIXTURES:
            with self.subTest(name):
                self.db = self.folder / (name + ".db")
                first = self.json("import", SOURCES / name)[0]
                self.assertEqual((first["format"], first["added"], first["updated"], first["broken"]),
                                 (form, posts, 0, broken))
                before = self.all_posts()
                self.assertEqual(len(before), posts)
                again = self.json("import", SOURCES / name)[0]
                self.assertEqual((again["added"], again["updated"], again["unchanged"]), (0, 0, posts))
                self.assertEqual(self.all_posts(), before)

    def test_the_samples_come_in_whole(self):
        inputs = [SAMPLES / name for name in ("posts.jsonl", "bluesky.json", "mastodon.json", "planet-feed.xml",
                                              "x-archive")]
        results = self.json("import", *inputs)
        self.assertEqual([r["broken"] for r in results], [0] * 5)
        self.assertGreaterEqual(sum(r["added"] for r in results), 300)
        self.assertEqual(self.json("status")["posts"], sum(r["added"] for r in results))
        self.assertEqual(sum(r["unchanged"] for r in self.json("import", *inputs)), sum(r["added"] for r in results))

    def test_all_that_a_line_says_is_kept(self):
        self.import_posts(post("1", "Hello", url="https://x.example/1", lang="en", is_reply=True, reply_to="bo",
                               media=[{"url": "https://img.example/1.png", "type": "photo", "alt_text": "a cat"}]))
        stored = self.all_posts()[0]
        self.assertEqual(stored["media"], [{"url": "https://img.example/1.png", "type": "image", "alt_text": "a cat"}])
        self.assertEqual({k: stored[k] for k in ("external_id", "content", "author", "author_username", "platform",
                                                 "created_at", "url", "lang", "is_reply", "reply_to")},
                         {"external_id": "1", "content": "Hello", "author": "Ann Example", "author_username": "ann",
                          "platform": "x", "created_at": "2026-03-01T08:00:00Z", "url": "https://x.example/1",
                          "lang": "en", "is_reply": True, "reply_to": "bo"})

    def test_a_post_that_comes_with_new_text_is_updated_and_found_by_it(self):
        self.import_posts(post("1", "the old words"), post("2", "another"))
        result = self.import_posts(post("1", "quite fresh words"), post("2", "another"))
        self.assertEqual((result["added"], result["updated"], result["unchanged"]), (0, 1, 1))
        self.assertEqual(sorted(p["content"] for p in self.all_posts()), ["another", "quite fresh words"])
        self.assertEqual(self.found("fresh"), ["1"])
        self.assertEqual(self.found("old"), [])

    def test_the_platform_option_names_only_nameless_posts(self):
        nameless = post("2", "b")
        del nameless["platform"]
        self.json("import", "-", "--platform", "forum", stdin=json_lines([post("1", "a"), nameless]))
        self.assertEqual({p["external_id"]: p["platform"] for p in self.all_posts()}, {"1": "x", "2": "forum"})

    def test_compressed_input_is_read_as_it_is(self):
        plain = json_lines([post(str(n), "text %d" % n) for n in range(200)]).encode()
        inputs = {"gzip": gzip.compress(plain), "zstd by hand": zstd_frame(plain),
                  "gzip of two members": gzip.compress(plain[:plain.index(b"\n") + 1]) +
                                         gzip.compress(plain[plain.index(b"\n") + 1:])}
        if shutil.which("zstd"):
            inputs["zstd"] = subprocess.run(["zstd", "-q"], input=plain, capture_output=True, check=True).stdout
        for kind, content in inputs.items():
            with self.subTest(kind):
                self.db = self.folder / (kind + ".db")
                self.assertEqual(self.json("import", self.write("posts.bin", content))[0]["added"], 200)
                self.assertEqual(self.json("import", "-", stdin=content)[0]["unchanged"], 200)

    def test_an_x_archive_comes_as_folder_zip_or_file(self):
        archive = self.folder / "archive.zip"
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
            for file in sorted((SOURCES / "x_archive").rglob("*.js")):
                packed.write(file, file.relative_to(SOURCES / "x_archive"))
        self.assertEqual(self.json("import", archive)[0]["added"], 5)
        before = self.all_posts()
        self.assertEqual(self.json("import", SOURCES / "x_archive")[0]["unchanged"], 5)
        self.assertEqual(self.all_posts(), before)
        self.assertGreater(self.json("import", SOURCES / "x_archive" / "data" / "tweets.js")[0]["unchanged"], 0)


class Broken(OffxTest):
    LINES = json_lines([post("1", "good")]) + "not json\n" + '{"external_id":"3","content":["a","list"]}\n' + \
        json_lines([post("4", "good too")])

    def test_broken_lines_are_skipped_counted_and_named_with_the_reason(self):
        out, err = self.offx("import", "-", stdin=self.LINES)
        self.assertIn("2 new", out)
        self.assertIn("2 broken items skipped", out)
        self.assertRegex(err, r"line 2: .*JSON")
        self.assertRegex(err, r"line 3: content .*list")
        result = self.json("import", "-", stdin=self.LINES)[0]
        self.assertEqual([(p["number"], p["field"]) for p in result["problems"]], [(2, None), (3, "content")])

    def test_strict_stops_at_the_first_and_keeps_what_was_before_it(self):
        out, err = self.offx("import", "--strict", "-", stdin=self.LINES, status=1)
        self.assertEqual(err.count("line 2"), 1, err)
        self.assertIn("1 new", out)
        self.assertEqual(self.ids(), ["1"])

    def test_an_import_that_fails_tells_and_records_what_it_stored(self):
        file = self.write("posts.csv", "external_id,content,platform\n1,one,x\n2,two,x\n,,x\n4,four,x\n")
        out, err = self.offx("import", "--strict", "--json", file, status=1)
        result = json.loads(out)[0]
        self.assertEqual((result["format"], result["added"], result["broken"], result["failed"]), ("csv", 2, 1, True))
        self.assertEqual(json.loads(err)["error"]["code"], "corrupt")
        status = self.json("status")
        self.assertEqual((status["posts"], status["last_import"]["format"], status["last_import"]["added"]),
                         (2, "csv", 2))
        self.assertNotIn("No posts yet", self.offx("status")[0])

    def test_memory_does_not_depend_on_what_is_long_in_the_posts(self):
        line = json.dumps(post("%d", "short", quoted_text="q" * 300_000)) + "\n"
        file = self.write("long.jsonl", "".join(line % n for n in range(700)))
        measured = ("import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True); "
                    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")
        done = subprocess.run([sys.executable, "-c", measured, *self.command("import", file)], check=True,
                              env=self.environment(), stdout=subprocess.PIPE, text=True)
        self.assertLess(int(done.stdout.split()[-1]), 200_000)  # KiB; the file has 210 MB

    def test_a_file_that_ends_in_the_middle_keeps_what_was_whole(self):
        cut = json_lines([post(str(n), "whole") for n in range(5)])[:-20]
        result = self.json("import", "-", stdin=cut)[0]
        self.assertEqual((result["added"], result["truncated"]), (4, True))
        packed = gzip.compress(json_lines(generated_posts(2000)).encode())
        self.db = self.folder / "cut.db"
        result = self.json("import", self.write("cut.jsonl.gz", packed[:len(packed) // 2]))[0]
        self.assertTrue(result["truncated"])
        self.assertTrue(500 < result["added"] < 1500, result)

    def test_what_cannot_be_read_at_all_fails_and_says_why(self):
        _, err = self.offx("import", self.folder / "absent.jsonl", status=1)
        self.assertIn("absent.jsonl", err)
        _, err = self.offx("import", self.write("noise.bin", bytes(range(256)) * 10), status=1)
        self.assertIn("noise.bin", err)

    def test_nothing_is_no_failure(self):
        self.assertEqual(self.json("import", "-", stdin="")[0]["added"], 0)

    def test_a_wrong_format_is_wrong_use(self):
        _, err = self.offx("import", "--format", "excel", SOURCES / "posts.csv", status=2)
        self.assertIn("jsonl", err)
        self.assertFalse(self.db.exists())
        self.offx("import", status=2)

    def test_one_bad_input_among_several_does_not_hide_the_others(self):
        good = self.write_posts("good.jsonl", [post("1", "good")])
        out, err = self.offx("import", good, self.folder / "absent.jsonl", status=1)
        self.assertIn("good.jsonl: 1 new", out)
        self.assertIn("absent.jsonl", err)
        self.assertEqual(self.ids(), ["1"])


class DryRun(OffxTest):
    def test_it_prints_the_posts_and_stores_nothing(self):
        out, _ = self.offx("import", "--dry-run", "--json", SOURCES / "posts.csv")
        printed = [json.loads(line) for line in out.splitlines()]
        self.assertEqual([p["external_id"] for p in printed][:2], ["c1", "c2"])
        self.assertEqual([m["url"] for m in printed[0]["media"]], ["https://img.example/1.png", "https://img.example/2.gif"])
        out, err = self.offx("import", "--dry-run", SOURCES / "posts.csv")
        self.assertIn("nothing stored", out)
        self.assertIn("line 5", err)
        self.assertFalse(self.db.exists())

    def test_its_posts_are_those_an_import_stores(self):
        for name, *_ in FIXTURES:
            with self.subTest(name):
                self.db = self.folder / (name + ".db")
                out, _ = self.offx("import", "--dry-run", "--json", SOURCES / name)
                tried = {p["external_id"]: p for p in map(json.loads, out.splitlines())}
                self.json("import", SOURCES / name)
                stored = {p["external_id"]: p for p in self.all_posts()}
                self.assertEqual(stored.keys(), tried.keys())
                for key, entry in stored.items():
                    for member in ("content", "author", "author_username", "platform", "url", "media"):
                        self.assertEqual(entry[member], tried[key][member])


    def test_a_database_can_be_looked_at_too(self):
        self.import_posts(post("1", "one"), post("2", "two sqlite"))
        other, self.db = self.db, self.folder / "mine.db"
        out, _ = self.offx("import", "--dry-run", "--json", other)
        self.assertEqual([json.loads(line)["external_id"] for line in out.splitlines()], ["1", "2"])
        self.assertIn("2 posts", self.offx("import", "--dry-run", other)[0])
        result = self.json("topic", "preview", "--rule", "sqlite", "--input", other)
        self.assertEqual((result["seen"], result["matched"]), (2, 1))
        self.assertEqual(len(self.json("sentiment", "--input", other)["posts"]), 2)
        self.assertFalse(self.db.exists())

    def test_a_database_comes_compressed_or_through_a_pipe_too(self):
        self.import_posts(*generated_posts(3000))
        whole, self.db = self.db.read_bytes(), self.folder / "mine.db"
        packed = gzip.compress(whole)
        result = self.json("import", self.write("packed.db.gz", packed), "-", stdin=whole)
        self.assertEqual([(r["format"], r["added"], r["unchanged"]) for r in result],
                         [("offx-database", 3000, 0), ("offx-database", 0, 3000)])
        _, err = self.offx("import", self.write("cut.db.gz", packed[:len(packed) // 2]), status=1)
        self.assertIn("cut.db.gz: cannot be read as a database", err)
        self.assertEqual([n.name for n in self.folder.iterdir() if n.is_dir()], [])  # no copy is left


class Addresses(OffxTest):
    def serve(self, respond):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                respond(self)

            def log_message(self, *args):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return "127.0.0.1:%d" % server.server_port

    def test_a_feed_is_fetched_from_an_allowed_host_and_only_from_there(self):
        feed = (SOURCES / "feed.atom").read_bytes()

        def respond(request):
            request.send_response(200 if request.path == "/feed" else 404)
            request.end_headers()
            request.wfile.write(feed if request.path == "/feed" else b"gone")

        host = self.serve(respond)
        _, err = self.offx("import", f"http://{host}/feed", status=2)
        self.assertIn("OFFX_ALLOW_HOSTS=" + host, err)
        self.assertEqual(self.json("import", f"http://{host}/feed", "--allow-host", host)[0]["added"], 2)
        again = self.json("import", f"http://{host}/feed", env={"OFFX_ALLOW_HOSTS": f"10.0.0.1:1,{host}"})
        self.assertEqual(again[0]["unchanged"], 2)
        _, err = self.offx("import", f"ftp://{host}/feed", status=2)
        self.assertIn("http://", err)
        _, err = self.offx("import", f"http://{host}/nothing", "--allow-host", host, status=1)
        self.assertIn("404", err)

    def test_an_interrupt_ends_a_fetch_that_hangs(self):
        asked, leave = threading.Event(), threading.Event()

        def respond(_):
            asked.set()
            leave.wait(60)

        host = self.serve(respond)
        self.addCleanup(leave.set)
        process = self.start("import", f"http://{host}/", "--allow-host", host, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
        self.assertTrue(asked.wait(30))
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(10), 1)
        self.assertIn(b"interrupted", process.stderr.read())


class OtherDatabases(OffxTest):
    def test_posts_of_a_database_are_made_fit_like_all_others(self):
        path = self.folder / "wild.db"
        self.make_first_offx_database(path)
        with contextlib.closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("UPDATE posts_v1 SET content = 'a' || char(27) || '[31m', author_username = '@a' || char(10) || 'b', "
                               "platform = ' X', created_at = '9999-01-01', url = 'javascript:alert(1)' WHERE id = 1")
            connection.execute("UPDATE posts_v1 SET content = ' ' WHERE id = 2")
            connection.execute("UPDATE post_media_v1 SET media_url = 'data:text/html,x'")
        imported = self.json("import", path)[0]
        self.assertEqual((imported["added"], imported["broken"]), (1, 1))
        wild = self.all_posts()[0]
        self.assertEqual((wild["content"], wild["author_username"], wild["platform"], wild["url"], wild["media"]),
                         ("a[31m", "a b", "x", None, []))
        self.assertLess(wild["created_at"], "9999")

    def test_a_strangers_database_runs_nothing_here(self):
        endless = "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c) SELECT i FROM c"
        for name, script in {
            "trigger": f"CREATE TRIGGER t AFTER INSERT ON topics_v1 BEGIN INSERT INTO topics_v1 (title) {endless}; END;"
                       "CREATE TABLE unfiled_posts_v1 (post_id INTEGER PRIMARY KEY);"
                       f"CREATE TRIGGER u AFTER INSERT ON unfiled_posts_v1 BEGIN INSERT INTO topics_v1 (title) {endless}; END;",
            "view": f"CREATE VIEW post_details_v1 AS {endless};",
        }.items():
            path = self.folder / f"{name}.db"
            self.make_first_offx_database(path)
            with contextlib.closing(sqlite3.connect(path)) as connection:
                connection.executescript(script)
            self.assertEqual(self.json("import", path)[0]["added"], 2, name)
            self.db.unlink()
        path = self.folder / "computed.db"
        self.make_first_offx_database(path)
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.executescript("ALTER TABLE posts_v1 ADD COLUMN large TEXT AS (hex(zeroblob(400000000)));")
        self.assertIn("computed columns", self.offx("import", path, status=1)[1])

    def test_posts_of_another_database_are_copied_and_its_file_is_left_alone(self):
        self.import_posts(post("1", "one", media=[{"url": "https://img.example/1.png"}]), post("2", "two", is_reply=True))
        other, self.db = self.db, self.folder / "mine.db"
        before = other.read_bytes()
        self.assertEqual(self.json("import", other)[0]["added"], 2)
        self.assertEqual(other.read_bytes(), before)
        self.assertEqual(self.json("import", other)[0]["unchanged"], 2)
        copied = {p["external_id"]: p for p in self.all_posts()}
        self.assertEqual(copied["1"]["media"][0]["url"], "https://img.example/1.png")
        self.assertTrue(copied["2"]["is_reply"])

    def test_posts_of_the_first_offx_are_copied(self):
        first = self.folder / "first.db"
        self.make_first_offx_database(first)
        before = first.read_bytes()
        self.offx("topic", "add", "Databases", "--rule", "sqlite")
        self.assertEqual(self.json("import", first)[0]["added"], 2)
        self.assertEqual(first.read_bytes(), before)
        copied = self.all_posts()
        self.assertEqual([p["created_at"] for p in copied], ["2025-05-01T10:00:00Z", "2025-05-01T09:00:00Z"])
        self.assertEqual(self.ids("--topic", "Databases"), ["100"])

    def test_other_sqlite_files_are_refused(self):
        connection = sqlite3.connect(self.folder / "shop.db")
        connection.execute("CREATE TABLE goods (id INTEGER)")
        connection.close()
        _, err = self.offx("import", self.folder / "shop.db", status=1)
        self.assertIn("not a database of OffX", err)


class Interrupted(OffxTest):
    def wait_for_posts(self, count):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                if self.db.exists() and self.sql("SELECT count(*) FROM posts_v1")[0][0] >= count:
                    return
            except sqlite3.Error:  # the tables are still being made
                pass
            time.sleep(0.02)
        self.fail("the import stored nothing")

    def test_what_was_committed_stays_and_the_same_again_completes_it(self):
        for silent in (False, True):  # while posts come, and while the reader waits for more
            with self.subTest(silent=silent):
                self.db = self.folder / f"interrupted-{silent}.db"
                posts = list(generated_posts(12000))
                process = self.start("import", "-", stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                     stderr=subprocess.PIPE)
                process.stdin.write(json_lines(posts[:6000]).encode())
                process.stdin.flush()
                self.wait_for_posts(2000)
                if silent:
                    time.sleep(0.5)
                process.send_signal(signal.SIGINT)
                if not silent:
                    try:
                        process.stdin.write(json_lines(posts[6000:]).encode())
                        process.stdin.flush()
                    except BrokenPipeError:  # it was quicker
                        pass
                self.assertEqual(process.wait(30), 1)
                out, err = process.stdout.read(), process.stderr.read()
                self.assertRegex(out.decode(), r"[\d,]+ new.*interrupted")
                self.assertIn(b"interrupted", err)
                status = self.json("status")
                self.assertEqual(status["last_import"]["format"], "jsonl")
                kept = status["posts"]
                self.assertTrue(2000 <= kept < 12000, kept)
                again = self.json("import", "-", stdin=json_lines(posts))[0]
                self.assertEqual((again["added"], again["unchanged"]), (12000 - kept, kept))


class AtOnce(OffxTest):
    def test_two_imports_of_one_file_at_once_store_it_once(self):
        posts = list(generated_posts(6000))
        file = self.write_posts("posts.jsonl", posts)
        self.offx("topic", "add", "Storms", "--rule", "storm")
        both = [self.start("import", file, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for _ in range(2)]
        for process in both:
            _, err = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 0, err)
        self.assertEqual(self.sql("SELECT count(*) FROM posts_v1")[0][0], 6000)
        self.assertEqual(self.sql("SELECT count(*) FROM post_media_v1")[0][0], sum("media" in p for p in posts))
        self.assertEqual(len(self.found("storm", "--limit", 10000)), len(self.ids("--topic", "Storms")))


if __name__ == "__main__":
    unittest.main()
