"""`offx db copy` between engines: a file, a libSQL server, rqlite, and the hosted database of the first OffX."""

import http.server
import json
import shlex
import sqlite3
import subprocess
import threading
import time
import unittest

import offx_servers
from offx_e2e import OffxTest, generated_posts, generated_topics, json_lines, post

LEFT_OUT = ("offx_table_users", "replica_position_v1")


class ValTown:
    """Speaks the API of Val Town's SQLite over a file. Numbers go out as JavaScript prints them, blobs not at all."""

    def __init__(self, test, path):
        connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        lock = threading.Lock()

        def result_of(statement):
            arguments = statement.get("args", [])
            cursor = connection.execute(statement["sql"], arguments)
            columns = [column[0] for column in cursor.description or []]
            rows = [[None if isinstance(cell, bytes) else int(cell) if isinstance(cell, float) and cell.is_integer()
                     else cell for cell in row] for row in cursor.fetchall()] if columns else []
            return {"columns": columns, "columnTypes": [""] * len(columns), "rows": rows,
                    "rowsAffected": max(cursor.rowcount, 0), "lastInsertRowid": cursor.lastrowid}

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with lock:
                    try:
                        assert self.headers["Authorization"] == "Bearer secret"
                        batch = self.path.endswith("/batch")
                        if batch:
                            answer = [result_of(statement) for statement in request["statements"]]
                        else:
                            answer = result_of(request["statement"])
                        status, body = 200, json.dumps(answer)
                    except sqlite3.Error as error:
                        status, body = 400, json.dumps({"message": f"SQLITE_ERROR: {error}"})
                self.send_response(status)
                self.send_header("Content-Length", str(len(body.encode())))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        test.addCleanup(connection.close)
        test.addCleanup(server.server_close)
        test.addCleanup(server.shutdown)
        self.url = f"valtown://127.0.0.1:{server.server_port}?tls=0&authToken=secret"


class CopyTest(OffxTest):
    def contents(self, path):
        """Every table's rows and every statement of the schema, as another program sees them."""
        connection = sqlite3.connect(path)
        schema = connection.execute("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND "
                                    "tbl_name NOT LIKE 'post_search%'").fetchall()
        schema = sorted(entry for entry in schema if not entry[1].startswith("sqlite_") and entry[1] not in LEFT_OUT)
        select = 'SELECT * FROM "{}"'.format
        rows = {name: sorted(connection.execute(select(name.replace('"', '""'))).fetchall(), key=repr)
                for kind, name, _ in schema if kind == "table"}
        sequences = sorted(connection.execute("SELECT name, seq FROM sqlite_sequence").fetchall())
        connection.close()
        return schema, rows, sequences

    def fill(self, posts=400):
        self.json("import", "-", "--format", "jsonl", stdin=json_lines(generated_posts(posts)))
        for title, rule in generated_topics()[:6]:
            self.offx("topic", "add", title, "--rule", rule)
        self.offx("topic", "add", "By hand", "--description", "none\nat all; 'quoted' \"twice\" — ünïcödé 🙂")
        self.offx("summarize", "--since", "2025-01-01", "--until", "2026-01-01")
        self.offx("topic", "remove", "Topic 6", "--yes")  # its id is not given again

    def add_table_of_edges(self):
        """Values at their edges, keys of every kind."""
        connection = sqlite3.connect(self.db)
        connection.executescript("""
            CREATE TABLE edges (k INTEGER, v, b BLOB, r REAL, t TEXT DEFAULT 'd', g AS (k + 1));
            CREATE TABLE "odd ""name" (a TEXT, b INTEGER, c TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID;
            CREATE VIEW seen AS SELECT k FROM edges; """)
        connection.executemany("INSERT INTO edges (rowid, k, v, b, r, t) VALUES (?, ?, ?, ?, ?, ?)", [
            (-5, 2**63 - 1, None, b"", 5.0, ""), (1, -2**63, 1e300, b"\x00\xff" * 200, 0.1, "a\nb'\"?;--"),
            (7, None, "text", None, 5e-324, "\u2028 \U0001F600"), (8, 2**53 + 1, 5.0, b"1", -1.5, None),
            (2**60, 0, "5", b"\xf0", 1.7976931348623157e308, "0"), (2**60 + 5, 1, 1e18, b"x", 123456789.123456789, "x" * 50_000)])
        connection.executemany('INSERT INTO "odd ""name" VALUES (?, ?, ?)',
                               [(chr(97 + i % 5), i, None if i % 3 else "c%d" % i) for i in range(1500)])
        connection.commit()
        connection.close()

    @unittest.skipIf(offx_servers.missing(), offx_servers.missing())
    def test_from_a_file_through_both_servers_back_into_a_file(self):
        self.fill()
        self.add_table_of_edges()
        sqld = offx_servers.Sqld(self).make_database("offx") + "&authToken=" + offx_servers.TOKEN
        rqlite = offx_servers.Rqlite(self).url()
        back = self.folder / "back.db"
        reports = [self.json("db", "copy", self.db, sqld), self.json("db", "copy", sqld, rqlite),
                   self.json("db", "copy", rqlite, back)]
        self.assertEqual(len({json.dumps(report["tables"]) for report in reports}), 1)
        self.assertEqual(self.contents(back), self.contents(self.db))
        # What was copied works: search, new posts, ids.
        for place in (sqld, rqlite, back):
            with self.subTest(place):
                self.assertEqual([p["external_id"] for p in self.json("search", "sqlite", "--limit", 50, "--db", place)["posts"]],
                                 self.found("sqlite", "--limit", 50))
                self.offx("import", "-", "--format", "jsonl", "--db", place, stdin=json_lines([post("new", "a fresh sqlite post")]))
                self.assertEqual(self.json("posts", "--db", place, "--limit", 1)["posts"][0]["external_id"], "new")
                self.assertEqual(self.json("topic", "add", "Next", "--db", place)["id"], 8)
        _, err = self.offx("db", "copy", self.db, back, status=1)
        self.assertIn("not empty", err)

    @unittest.skipIf(offx_servers.missing(), offx_servers.missing())
    def test_the_first_offx_moves_from_its_host(self):
        hosted = self.folder / "hosted.db"
        self.make_first_offx_database(hosted)
        place = ValTown(self, hosted)
        copied = self.json("db", "copy", place.url, self.db)
        self.assertEqual({table["name"]: table["rows"] for table in copied["tables"]}["posts_v1"], 2)
        self.assertEqual(self.contents(self.db), self.contents(hosted))
        self.assertEqual(self.found("sqlite"), ["100"])
        # Towards rqlite the types change that it would rewrite; what it then shows is the same.
        rqlite = offx_servers.Rqlite(self).url()
        _, err = self.offx("db", "copy", place.url, rqlite)
        self.assertIn("CURRENT_TIMESTAMP: each node there evaluates it for itself", err)
        self.assertEqual(self.json("posts", "--db", rqlite), self.json("posts"))
        self.assertEqual([s["content"] for s in self.json("summaries", "--db", rqlite)], ["An old summary."])

    def test_killed_and_begun_again(self):
        self.fill(3000)
        target = self.folder / "copy.db"
        left_in_the_middle = 0
        for attempt in range(40):
            process = self.start("db", "copy", self.db, target, stdout=subprocess.DEVNULL)
            while process.poll() is None and not self.is_begun(target):
                time.sleep(0.002)
            # Each begins where the one before was killed: later ones get more time, so that the copy ends.
            time.sleep(0.01 * attempt)
            if process.poll() is not None:
                break
            process.kill()
            process.wait()
            if self.is_begun(target):
                left_in_the_middle += 1
                _, err = self.offx("status", "--db", target, status=1)
                self.assertIn("offx db copy", err)
        self.assertGreater(left_in_the_middle, 0)
        if self.is_begun(target):
            self.offx("db", "copy", self.db, target)
        self.assertEqual(self.contents(target), self.contents(self.db))
        self.assertEqual([p["external_id"] for p in self.json("search", "storm", "--limit", 2000, "--db", target)["posts"]],
                         self.found("storm", "--limit", 2000))

    @unittest.skipIf(offx_servers.missing(), offx_servers.missing())
    def test_what_each_node_of_rqlite_would_evaluate_for_itself(self):
        rqlite = offx_servers.Rqlite(self).url()
        for number, (sql, named) in enumerate((
                ("CREATE TABLE t (id INTEGER PRIMARY KEY, dice DEFAULT (random()))", "t.dice"),
                ("CREATE TABLE t (id INTEGER PRIMARY KEY, at); CREATE TRIGGER touched AFTER INSERT ON t BEGIN "
                 "UPDATE t SET at = strftime('%s') WHERE id = NEW.id; END", "touched"))):
            path = self.folder / f"clock{number}.db"
            connection = sqlite3.connect(path)
            connection.executescript(sql)
            connection.close()
            _, err = self.offx("db", "copy", path, rqlite, status=1)
            self.assertIn(named, err)
            self.offx("db", "copy", path, self.folder / f"elsewhere{number}.db")

    @unittest.skipIf(offx_servers.missing(), offx_servers.missing())
    def test_the_dump_of_a_libsql_server_becomes_a_file_again(self):
        self.fill()
        server = offx_servers.Sqld(self)
        url = server.make_database("offx") + "&authToken=" + offx_servers.TOKEN
        self.offx("db", "copy", self.db, url)
        status, dump = offx_servers.ask(f"http://127.0.0.1:{server.port}/dump", headers={
            "Authorization": "Bearer " + offx_servers.TOKEN, "Host": "offx.localhost"}, timeout=30)
        self.assertEqual(status, 200)
        # The command of docs/operations/scaling.md: sqld does not double the quotes in the text of a virtual table.
        guide = (offx_servers.ROOT / "docs" / "operations" / "scaling.md").read_text()
        (command,) = [line.strip() for line in guide.splitlines() if line.strip().startswith("sed ")]
        mend = shlex.split(command)[1]
        mended = subprocess.run(["sed", mend], input=dump, text=True, stdout=subprocess.PIPE, check=True).stdout
        self.assertNotEqual(mended, dump)
        back = self.folder / "back.db"
        connection = sqlite3.connect(back)
        connection.executescript(mended)
        connection.close()
        self.assertEqual(self.contents(back), self.contents(self.db))
        self.assertEqual([p["external_id"] for p in self.json("search", "sqlite", "--limit", 50, "--db", back)["posts"]],
                         self.found("sqlite", "--limit", 50))

    def test_a_copy_that_is_not_finished_is_no_source(self):
        self.fill(3000)
        half = self.folder / "half.db"
        process = self.start("db", "copy", self.db, half, stdout=subprocess.DEVNULL)
        while process.poll() is None and not self.is_begun(half):
            time.sleep(0.001)
        process.kill()
        process.wait()
        self.assertTrue(self.is_begun(half))
        for command in (("copy", half, self.folder / "new.db"), ("backup", self.folder / "new.db", "--db", half)):
            with self.subTest(command[0]):
                _, err = self.offx("db", *command, status=1)
                self.assertIn("offx db copy", err)

    def test_a_source_that_was_written_to_is_named_when_the_copy_goes_on(self):
        connection = sqlite3.connect(self.db)
        connection.executescript("""
            CREATE TABLE parents (id INTEGER PRIMARY KEY, name TEXT);
            CREATE TABLE children (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parents (id), text TEXT);""")
        connection.executemany("INSERT INTO parents VALUES (?, 'p')", [(i,) for i in range(1, 3001)])
        connection.executemany("INSERT INTO children VALUES (?, ?, ?)", [(i, i, "c" * 500) for i in range(1, 3001)])
        connection.commit()
        target = self.folder / "copy.db"
        process = self.start("db", "copy", self.db, target, stdout=subprocess.DEVNULL)
        while process.poll() is None and not self.is_parents_done(target):
            time.sleep(0.001)
        process.kill()
        process.wait()
        self.assertTrue(self.is_begun(target))
        connection.execute("INSERT INTO parents VALUES (9000, 'late')")
        connection.execute("INSERT INTO children VALUES (9000, 9000, 'late')")
        connection.commit()
        connection.close()
        for _ in range(2):
            _, err = self.offx("db", "copy", self.db, target, status=1)
            self.assertIn("written to", err)

    def is_parents_done(self, path):
        if not self.is_begun(path):
            return False
        connection = sqlite3.connect(path, timeout=10)
        found = connection.execute("SELECT done FROM offx_copy WHERE name = 'parents' AND done").fetchall()
        connection.close()
        return bool(found)

    def is_begun(self, path):
        if not path.exists():
            return False
        connection = sqlite3.connect(path, timeout=10)
        found = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'offx_copy'").fetchall()
        connection.close()
        return bool(found)

    def test_what_is_refused(self):
        self.fill(20)
        other = self.folder / "other.db"
        connection = sqlite3.connect(other)
        connection.execute("CREATE TABLE somebody_elses (id INTEGER)")
        connection.close()
        _, err = self.offx("db", "copy", self.db, other, status=1)
        self.assertIn("somebody_elses", err)
        _, err = self.offx("db", "copy", self.db, self.db, status=2)
        self.assertIn("into itself", err)
        self.offx("db", "copy", self.folder / "nothing.db", self.folder / "new.db", status=1)
        connection = sqlite3.connect(self.db)
        connection.execute("INSERT INTO post_media_v1 (post_id, media_url, created_at) VALUES (999, 'x', 'y')")
        connection.commit()
        connection.close()
        _, err = self.offx("db", "copy", self.db, self.folder / "new.db", status=1)
        self.assertIn("1 rows of post_media_v1 refer by post_id to rows of posts_v1", err)


if __name__ == "__main__":
    unittest.main()
