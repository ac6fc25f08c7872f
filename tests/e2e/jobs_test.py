"""Jobs from outside: the commands, servers that are killed in the middle of a run, two servers on one file, backups with
rotation, a clean-up whose posts stay away.

OFFX_JOB_KILLS says how often servers are killed (6 by default), OFFX_SEED when, OFFX_JOB_POSTS how many posts are imported.
"""

import datetime
import json
import os
import random
import signal
import subprocess
import time
import unittest

from offx_e2e import ROOT, SAMPLES, OffxTest, generated_posts

MANY = int(os.environ.get("OFFX_JOB_POSTS", "30000"))
KILLS = int(os.environ.get("OFFX_JOB_KILLS", "6"))
SEED = int(os.environ.get("OFFX_SEED", "7"))


class Jobs(OffxTest):
    def job(self, name):
        return next(job for job in self.json("jobs", "list") if name in (job["name"], job["title"]))

    def serve(self, data="offx.data"):
        """A server on a free port."""
        with open(self.folder / "log", "ab") as log:
            process = self.start("serve", "--listen", "127.0.0.1:0", "--data", self.folder / data,
                                 stdout=subprocess.PIPE, stderr=log)
        lines = iter(process.stdout.readline, b"")
        self.assertTrue(any(line.startswith(b"OffX is at") for line in lines), self.log())
        return process

    def log(self):
        return (self.folder / "log").read_text()

    def ask(self, kind, options):
        """A run, as the API asks for one."""
        now = datetime.datetime.utcnow().isoformat(sep=" ", timespec="milliseconds")
        self.sql("INSERT INTO job_runs_v1 (kind, title, options, state, due_at, ready_at, created_at, created_by) "
                 "VALUES (?, ?, ?, 'waiting', ?, '', ?, 'test')", kind, kind, json.dumps(options), now, now)
        return self.sql("SELECT max(id) FROM job_runs_v1")[0][0]

    def state(self, run):
        return self.sql("SELECT state, attempt, progress_done, error FROM job_runs_v1 WHERE id = ?", run)[0]

    def wait_for(self, holds, what, seconds=60):
        end = time.monotonic() + seconds
        while not holds():
            self.assertLess(time.monotonic(), end, what() if callable(what) else what)
            time.sleep(0.02)

    def test_built_in_jobs_are_there_and_can_be_run_by_hand(self):
        self.offx("import", SAMPLES / "posts.jsonl")
        self.offx("topic", "add", "Databases", "--rule", "sqlite OR postgres OR #databases")
        names = [job["name"] for job in self.json("jobs", "list")]
        self.assertEqual(names, ["summarise", "cleanup", "integrity_check", "backup", "statistics", "complete_migrations"])
        for name in names:
            self.assertEqual(self.json("jobs", "run", name)["state"], "done", name)
        self.assertEqual(len(self.json("jobs", "runs")), len(names))
        self.assertEqual(self.job("backup")["last_run"]["state"], "done")
        shown = self.offx("jobs", "show", "summarise")[0]
        self.assertIn("every day at 06:00", shown)
        self.assertEqual(len(self.json("jobs", "show", "summarise")["next_times"]), 5)

    def test_jobs_of_ones_own(self):
        self.offx("topic", "add", "Databases", "--rule", "sqlite")
        added = self.json("jobs", "add", "--topic", "Databases", "--schedule", "0 18 * * fri", "--time-zone",
                          "Europe/Berlin", "--period", "week")
        self.assertEqual(added["title"], "Summarise Databases")
        self.assertEqual(added["options"], {"topic_id": 1, "period": "week"})
        chosen = self.json("jobs", "edit", added["id"], "--engine", "extractive")
        self.assertEqual(chosen["options"], {"topic_id": 1, "period": "week", "engine": "extractive"})
        self.assertIn("there is extractive", self.offx("jobs", "edit", added["id"], "--set", "engine=oracle", status=2)[1])
        edited = self.json("jobs", "edit", added["id"], "--set", "engine=null", "--schedule", "every 6h", "--set", "period=null", "--set",
                           "max_sentences=3")
        self.assertEqual(edited["options"], {"topic_id": 1, "max_sentences": 3})
        self.assertEqual(edited["explanation"], "every 6 hours")
        self.assertIsNone(self.json("jobs", "pause", added["id"])["next_due_at"])
        self.assertIsNotNone(self.json("jobs", "resume", added["id"])["next_due_at"])
        self.offx("jobs", "remove", added["id"])
        self.offx("jobs", "show", added["id"], status=1)

    def test_what_is_wrong_is_said(self):
        for arguments, message, status in [
            (["add", "--schedule", "0 25 * * *"], "schedule: character 3: 25 is no hour: 0 to 23", 2),
            (["add", "--schedule", "0 6 * *"], "five fields", 2),
            (["add", "--time-zone", "Mars"], "'Mars' is not a time zone", 2),
            (["edit", "cleanup", "--set", "posts_keep_days=soon"], "posts_keep_days is a whole number", 2),
            (["edit", "cleanup", "--set", "keep=1"], "has no option 'keep'", 2),
            (["remove", "backup"], "built in", 1),
            (["show", "nothing"], "there is no job", 1),
            (["cancel", "99"], "there is no run 99", 1),
        ]:
            self.assertIn(message, self.offx("jobs", *arguments, status=status)[1])

    def test_backups_rotate(self):
        self.offx("import", SAMPLES / "posts.jsonl")
        self.offx("jobs", "edit", "backup", "--set", "keep=2")
        folder = self.folder / "offx.data" / "backups"
        names = []
        for _ in range(4):
            names.append(self.json("jobs", "run", "backup")["result"]["name"])
        self.assertEqual(sorted(file.name for file in folder.iterdir()), sorted(names[-2:]))
        original = self.json("posts", "--limit", 1000)
        self.assertEqual(self.json("posts", "--limit", 1000, env={"OFFX_DB": folder / names[-1]}), original)

    def test_what_other_programs_leave_behind(self):
        self.offx("import", SAMPLES / "posts.jsonl")
        self.offx("topic", "add", "Databases", "--rule", "sqlite OR postgres OR #databases")
        check = lambda: self.offx("jobs", "run", "integrity_check")[0]
        self.assertIn("is sound", check())
        # Foreign keys are off here: what belonged to the old id stays.
        self.sql("INSERT OR REPLACE INTO posts_v1 (external_id, content, platform, created_at, fetched_at) "
                 "SELECT external_id, content, platform, created_at, fetched_at FROM posts_v1 "
                 "WHERE id = (SELECT min(post_id) FROM topic_posts_v1)")
        out = check()
        self.assertIn("not damaged", out)
        self.assertIn("refers to a row of posts_v1", out)
        guide = (ROOT / "docs" / "jobs.md").read_text().split("```sql")[1].split("```")[0]
        for statement in guide.strip().splitlines():
            self.sql(statement)
        self.assertIn("is sound", check())
        self.assertEqual(self.sql("SELECT posts FROM topic_totals_v1"), self.sql("SELECT count(*) FROM topic_posts_v1"))
        self.sql("DELETE FROM topics_v2")
        self.assertNotEqual(self.sql("SELECT * FROM topic_totals_v1"), [])
        self.offx("jobs", "run", "statistics")
        self.assertEqual(self.sql("SELECT * FROM topic_totals_v1"), [])

    def test_posts_that_were_cleaned_up_do_not_come_back(self):
        self.offx("import", SAMPLES / "posts.jsonl")
        before = len(self.all_posts())
        self.offx("topic", "add", "All", "--rule", "sqlite OR postgres OR the")
        self.offx("summarize", "--since", "2000-01-01", "--until", "2100-01-01")
        cited = {row[0] for row in self.sql("SELECT post_id FROM summarization_posts_v1")}
        self.assertGreater(len(cited), 0)
        # Ten years on; posts that a summary cites stay.
        self.sql("UPDATE posts_v1 SET created_at = '2001' || substr(created_at, 5)")
        self.offx("jobs", "edit", "cleanup", "--set", "posts_keep_days=3000")
        result = self.json("jobs", "run", "cleanup")["result"]
        self.assertEqual(result["posts"], before - len(cited))
        self.assertEqual({row[0] for row in self.sql("SELECT id FROM posts_v1")}, cited)
        self.offx("import", SAMPLES / "posts.jsonl")
        self.assertEqual(len(self.all_posts()), len(cited))

    def test_a_killed_server_s_import_is_finished_by_another_once(self):
        posts = generated_posts(MANY)
        self.offx("db", "init")
        upload = self.write_posts("offx.data/uploads/u1.jsonl", posts)
        first = self.serve()
        run = self.ask("import", {"file": str(upload), "name": "posts.jsonl"})
        self.wait_for(lambda: self.sql("SELECT count(*) FROM posts_v1")[0][0] > 0, self.log)
        first.send_signal(signal.SIGKILL)
        first.wait()
        self.assertEqual(self.state(run)[0], "running")
        self.serve()
        self.wait_for(lambda: self.state(run)[0] == "done", self.log)
        self.assertEqual(self.state(run)[1], 2)
        self.assertEqual(self.sql("SELECT count(*) FROM posts_v1")[0][0], MANY)
        self.assertEqual(self.sql("SELECT count(*) FROM imports_v1")[0][0], 1)
        self.assertFalse(upload.exists())

    def test_servers_killed_at_any_moment_do_no_run_twice(self):
        self.offx("topic", "add", "Databases", "--rule", "sqlite OR storm OR coffee")
        random_moment = random.Random(SEED)
        server = self.serve()
        for n in range(KILLS):
            posts = [dict(post, external_id="%d-%s" % (n, post["external_id"])) for post in generated_posts(3000)]
            upload = self.write_posts("offx.data/uploads/u%d.jsonl" % n, posts)
            runs = [self.ask("import", {"file": str(upload)}),
                    self.ask("summarise", {"since": "2000-01-01", "until": "2100-01-01", "force": True})]
            time.sleep(random_moment.uniform(0, 0.6))
            server.send_signal(signal.SIGKILL)
            server.wait()
            server = self.serve()
            for run in runs:
                self.wait_for(lambda: self.state(run)[0] in ("done", "failed"), self.log)
                self.assertEqual(self.state(run)[0], "done", self.state(run))
            self.assertEqual(self.sql("SELECT count(*) FROM posts_v1")[0][0], 3000 * (n + 1))
            self.assertEqual(self.sql("SELECT count(*) FROM imports_v1")[0][0], n + 1)
        self.assertEqual(self.sql("PRAGMA integrity_check"), [("ok",)])

    def test_a_stopped_server_hands_its_run_back(self):
        posts = generated_posts(MANY)
        self.offx("db", "init")
        upload = self.write_posts("offx.data/uploads/u1.jsonl", posts)
        server = self.serve()
        run = self.ask("import", {"file": str(upload)})
        self.wait_for(lambda: self.sql("SELECT count(*) FROM posts_v1")[0][0] > 0, self.log)
        server.send_signal(signal.SIGTERM)
        self.assertEqual(server.wait(30), 0)
        self.assertEqual(self.state(run)[:2], ("waiting", 0))
        self.assertTrue(upload.exists())
        self.serve()
        self.wait_for(lambda: self.state(run)[0] == "done", self.log)
        self.assertEqual(self.sql("SELECT count(*) FROM posts_v1")[0][0], MANY)

    def test_two_servers_do_each_due_time_once(self):
        self.offx("db", "init")
        self.sql("UPDATE jobs_v1 SET schedule = '* * * * *', next_due_at = '2026-01-01 00:00:00' WHERE name = 'statistics'")
        servers = [self.serve("data%d" % i) for i in range(2)]
        job = self.job("statistics")["id"]
        self.wait_for(lambda: self.sql("SELECT count(*) FROM job_runs_v1 WHERE job_id = ? AND state = 'done'", job)[0][0], self.log)
        time.sleep(2)
        # All that was missed since January is one run.
        runs = self.sql("SELECT due_at, attempt FROM job_runs_v1 WHERE job_id = ?", job)
        self.assertLessEqual(len(runs), 2)
        self.assertEqual(len(runs), len(set(runs)))
        for server in servers:
            server.send_signal(signal.SIGTERM)
            self.assertEqual(server.wait(30), 0)

    def test_an_upload_outside_the_data_folder_is_not_touched(self):
        self.offx("db", "init")
        outside = self.write_posts("secret.jsonl", generated_posts(3))
        self.serve()
        run = self.ask("import", {"file": str(outside)})
        self.wait_for(lambda: "data folder" in (self.state(run)[3] or ""), self.log)
        # Another server may have it: it waits, and does not count as an attempt.
        self.assertEqual(self.state(run)[:2], ("waiting", 0))
        self.assertTrue(outside.exists())
        self.assertEqual(self.sql("SELECT count(*) FROM posts_v1")[0][0], 0)
        # After a day none has.
        self.sql("UPDATE job_runs_v1 SET created_at = '2026-01-01 00:00:00', ready_at = '' WHERE id = ?", run)
        self.wait_for(lambda: self.state(run)[0] == "failed", self.log)
        self.assertTrue(outside.exists())

    def test_a_server_finishes_the_migrations_of_the_release_before(self):
        self.offx("db", "init")
        self.sql("UPDATE offx_migration_programs SET program = '0.1.9'")
        self.serve()
        tables = lambda: {row[0] for row in self.sql("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        self.wait_for(lambda: "topics_v1" not in tables(), self.log)
        self.offx("topic", "add", "Databases", "--rule", "sqlite")
        self.assertEqual([job["name"] for job in self.json("jobs", "list")][0], "summarise")


if __name__ == "__main__":
    unittest.main()
