"""The server under mixed load, and killed under it: nothing that was acknowledged is lost, nothing is done twice.

OFFX_LOAD_SECONDS says how long the load lasts (15 by default; 600 for the proof), OFFX_SERVER_KILLS how often it is killed (5; 50).
"""

import os
import random
import statistics
import threading
import time
import unittest

from offx_e2e import generated_posts, generated_topics, json_lines, post
from offx_server import Browser, ServerTest

SECONDS = float(os.environ.get("OFFX_LOAD_SECONDS", "15"))
KILLS = int(os.environ.get("OFFX_SERVER_KILLS", "5"))

POSTS_V2 = """
name = "posts_v2"
description = "the table of posts becomes another one under load"

[[table]]
from = "posts_v1"
to = "posts_v2"
create = \"\"\"
CREATE TABLE posts_v2 (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  external_id TEXT NOT NULL,
  content TEXT NOT NULL,
  author_name TEXT,
  author_username TEXT,
  platform TEXT NOT NULL,
  created_at TEXT NOT NULL,
  fetched_at TEXT NOT NULL,
  url TEXT,
  pinned INTEGER NOT NULL DEFAULT 0
)
\"\"\"
rename = { author = "author_name" }
"""

READ = ("/api/v1/today", "/api/v1/topics", "/api/v1/posts?limit=50", "/api/v1/posts?topic=1&limit=50&cluster=true",
        "/api/v1/posts?q=sqlite%20OR%20storm&limit=20", "/api/v1/topics/2/series?interval=day&since=2025-01-01&until=2026-01-01",
        "/api/v1/summaries?limit=20", "/api/v1/stats", "/api/v1/runs?limit=20", "/api/v1/database")
ENDED = ("done", "failed", "cancelled")


class LoadTest(ServerTest):
    def fill(self, posts):
        self.offx("import", self.write_posts("posts.jsonl", generated_posts(posts)))
        for title, rule in generated_topics()[:8]:
            self.offx("topic", "add", title, "--rule", rule)

    def upload(self, client, number, posts, text="sqlite storm"):
        """The run that imports so many posts of its own."""
        body = json_lines([post(f"u{number}-{i}", f"{text} number {number} of {i}") for i in range(posts)])
        return client.request("POST", f"/api/v1/imports?filename=u{number}.jsonl&format=jsonl", body.encode(),
                              Content_Type="application/octet-stream")

    def wait_for(self, client, run, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            run = client.get(f"/api/v1/runs/{run['id']}").json
            if run["state"] in ENDED:
                break
            time.sleep(0.05)
        return run


class MixedLoad(LoadTest):
    def test_readers_imports_summaries_and_a_migration(self):
        self.fill(3000)
        if SECONDS >= 300:  # a database larger than SQLite's caches, which are full soon then
            rows = [post(f"f{i}", f"sqlite storm from the start, {i}") for i in range(200_000)]
            self.offx("import", self.write("filling.jsonl", json_lines(rows)), timeout=600)
        server, ada = self.serve_with_user(OFFX_RATE_LIMIT=0, OFFX_SUMMARIES_PER_DAY=0)
        token = self.token(ada, "read", "write", "admin")
        end = time.monotonic() + SECONDS
        wrong, counts, lock = [], {}, threading.Lock()

        def count(what):
            with lock:
                counts[what] = counts.get(what, 0) + 1

        def client():
            return Browser(server, **token)

        def expect(answer, status, what):
            if answer.status != status:
                wrong.append((what, answer.status, answer.body[:300]))
            else:
                count(what)
            return answer.status == status

        def guarded(work):
            def run():
                try:
                    work()
                except Exception as error:  # told by the test's end
                    wrong.append((work.__name__, repr(error)))
            return threading.Thread(target=run)

        def read():
            reader, chance = client(), random.Random()
            while time.monotonic() < end:
                path = chance.choice(READ)
                expect(reader.get(path), 200, path)

        uploaded = set()

        def import_files():
            """The same posts again and again, with another text: what answers take grows with what is stored."""
            writer, turn = client(), 0
            while time.monotonic() < end:
                number, again = turn % 250, turn // 250
                turn += 1
                answer = self.upload(writer, number, 40, f"sqlite storm {again}")
                if expect(answer, 202, "import"):
                    run = self.wait_for(writer, answer.json["run"])
                    if run["state"] != "done" or run["result"]["updated" if again else "added"] != 40:
                        wrong.append(("import", run))
                    uploaded.add(number)

        def summarise():
            writer = client()
            while time.monotonic() < end:
                answer = writer.request("POST", "/api/v1/summaries",
                                        '{"topic_id": 2, "since": "2025-01-01", "until": "2026-12-01", "force": true}')
                if expect(answer, 202, "summary"):
                    run = self.wait_for(writer, answer.json["run"])
                    if run["state"] != "done":
                        wrong.append(("summary", run))

        def migrate():
            file = self.write("posts_v2.toml", POSTS_V2)
            while time.monotonic() < end:
                self.offx("migrate", "start", file, timeout=600)
                self.offx("migrate", "verify", "posts_v2", timeout=600)
                self.offx("migrate", "rollback", "posts_v2", timeout=600)
                count("migration")

        threads = [guarded(read) for _ in range(4)] + [guarded(import_files), guarded(summarise), guarded(migrate)]
        for thread in threads:
            thread.start()
        memory_kib = []
        while time.monotonic() < end:
            memory_kib.append(server.memory_kib())
            time.sleep(min(2, SECONDS / 40))
        for thread in threads:
            thread.join()
        quarter = len(memory_kib) // 4
        early_kib, late_kib = (statistics.median(part) for part in (memory_kib[quarter:2 * quarter], memory_kib[-quarter:]))
        print(f"\n{SECONDS:.0f} s: {counts}; memory in the second quarter {early_kib / 1024:.1f} MiB, in the last {late_kib / 1024:.1f} MiB")
        self.assertEqual(wrong[:5], [])
        for what in (*READ, "import", "summary", "migration"):
            self.assertGreater(counts.get(what, 0), 0, what)
        # Caches that fill with use grow for a while after the start; what grows for minutes is a leak.
        filling_kib = 0 if SECONDS >= 300 else 64 * 1024
        self.assertLess(late_kib, early_kib + 8 * 1024 + filling_kib, f"the memory grows: {memory_kib}")
        self.assertEqual(len(self.sql("SELECT 1 FROM posts_v1 WHERE external_id LIKE 'u%'")), 40 * len(uploaded))
        self.assertEqual(server.stop(), 0)
        self.assertEqual(self.sql("PRAGMA integrity_check"), [("ok",)])


class KilledUnderLoad(LoadTest):
    def test_nothing_is_lost_and_nothing_done_twice(self):
        self.fill(500)
        server, ada = self.serve_with_user(OFFX_RATE_LIMIT=0, OFFX_SUMMARIES_PER_DAY=0)
        chance = random.Random(int(os.environ.get("OFFX_SEED", "7")))
        topics, uploads, summaries = [], [], []

        def write(until):
            """Until the server dies; what it acknowledged is noted."""
            number = len(topics) + len(uploads) + len(summaries)
            while time.monotonic() < until:
                number += 1
                title = f"T{number}-{time.monotonic_ns()}"
                try:
                    if ada.request("POST", "/api/v1/topics", f'{{"title": "{title}"}}').status == 201:
                        topics.append(title)
                    upload = self.upload(ada, title, 20)
                    if upload.status == 202:
                        uploads.append((title, upload.json["run"]["id"]))
                    summary = ada.request("POST", "/api/v1/summaries",
                                          '{"topic_id": 2, "since": "2025-01-01", "until": "2026-12-01", "force": true}')
                    if summary.status == 202:
                        summaries.append(summary.json["run"]["id"])
                except OSError:
                    return

        for _ in range(KILLS):
            writer = threading.Thread(target=write, args=(time.monotonic() + 30,))
            writer.start()
            time.sleep(chance.uniform(0.05, 1.0))
            server.kill()
            writer.join()
            server = self.serve(OFFX_RATE_LIMIT=0, OFFX_SUMMARIES_PER_DAY=0)
            ada.server = server
            self.assertEqual(ada.get("/api/v1/session").json["user"]["username"], "ada", "the session survives")

        runs = {run_id: self.wait_for(ada, {"id": run_id}, 180) for run_id in [*(i for _, i in uploads), *summaries]}
        self.assertEqual([run for run in runs.values() if run["state"] != "done"], [])
        self.assertGreater(len(topics), 0)
        self.assertGreater(len(summaries), 0)
        stored = {title for title, in self.sql("SELECT title FROM topics_v2")}
        self.assertEqual([title for title in topics if title not in stored], [])
        for title, run_id in uploads:
            self.assertEqual(self.sql("SELECT count(*) FROM posts_v1 WHERE external_id LIKE ?", f"u{title}-%"), [(20,)], title)
        made = self.sql("SELECT count(*) FROM summarizations_v1")[0][0]
        runs_of_summaries = self.sql("SELECT count(*) FROM job_runs_v1 WHERE kind = 'summarise' AND state = 'done' AND job_id IS NULL")[0][0]
        print(f"\n{KILLS} kills: {len(topics)} topics, {len(uploads)} imports, {len(summaries)} summaries acknowledged; "
              f"{made} summaries of {runs_of_summaries} runs; taken over: {sum(run['attempt'] > 1 for run in runs.values())}")
        self.assertLessEqual(made, runs_of_summaries)
        self.assertEqual(server.stop(), 0)
        self.assertEqual(self.sql("PRAGMA integrity_check"), [("ok",)])


if __name__ == "__main__":
    unittest.main()
