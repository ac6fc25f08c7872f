"""The database: made by itself, by several at once, by the first OffX; its tables; backup and restore; status."""

import os
import sqlite3
import subprocess
import time
import unittest

from offx_e2e import OffxTest, generated_posts, post

VERSION_1 = {"topics_v1", "posts_v1", "post_media_v1", "topic_posts_v1", "summarizations_v1"}


class Initialisation(OffxTest):
    def test_the_first_command_makes_the_tables(self):
        self.assertEqual(self.json("status")["posts"], 0)
        tables = {t["name"]: t for t in self.json("db", "tables")}
        self.assertLessEqual(VERSION_1, tables.keys())
        self.assertEqual((tables["posts_v1"]["version"], tables["posts_v1"]["rows"]), (1, 0))
        self.assertFalse(self.json("db", "init")["created"])

    def test_it_can_be_switched_off_and_done_by_hand(self):
        off = {"OFFX_AUTO_INIT": "0"}
        _, err = self.offx("status", status=1, env=off)
        self.assertIn("offx db init", err)
        self.assertTrue(self.json("db", "init", env=off)["created"])
        self.assertEqual(self.json("status", env=off)["posts"], 0)

    def test_where_the_database_is(self):
        names = {name: self.folder / (name + ".db") for name in ("option", "offx_db", "db_path")}
        everything = {"OFFX_DB": f"sqlite:{names['offx_db']}", "DB_PATH": names["db_path"]}
        self.offx("--db", names["option"], "status", env=everything)
        self.assertEqual([n.exists() for n in names.values()], [True, False, False])
        self.offx("status", env=everything)
        self.assertEqual([n.exists() for n in names.values()], [True, True, False])
        self.offx("status", env={"OFFX_DB": None, "DB_PATH": names["db_path"]})
        self.assertTrue(names["db_path"].exists())
        self.offx("status", env={"OFFX_DB": None})
        self.assertTrue((self.folder / "local.db").exists())
        self.offx("status", "--db", ":memory:")
        _, err = self.offx("status", "--db", self.folder / "no" / "such" / "folder.db", status=1)
        self.assertIn("folder.db", err)

    def test_many_first_starts_at_once(self):
        both = [self.start("import", "-", stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
                for _ in range(4)]
        for number, process in enumerate(both):
            line = '{"external_id":"%d","content":"text %d","platform":"x"}\n' % (number, number)
            process.stdin.write(line.encode())
            process.stdin.close()
        for process in both:
            self.assertEqual(process.wait(60), 0, process.stderr.read())
        self.assertEqual(sorted(self.ids()), ["0", "1", "2", "3"])

    def test_looking_does_not_make_a_database(self):
        for command in (["tables"], ["columns", "posts"], ["backup", "copy.db"]):
            _, err = self.offx("db", *command, status=1)
            self.assertIn("offx.db", err)
            self.assertFalse(self.db.exists())
        self.assertFalse((self.folder / "copy.db").exists())

    def test_a_file_that_is_no_database_is_left_alone(self):
        self.db.write_text("dear diary, " * 1000)
        before = self.db.read_bytes()
        _, err = self.offx("status", status=1)
        self.assertIn("offx.db", err)
        self.assertEqual(self.db.read_bytes(), before)


class FirstOffx(OffxTest):
    def test_its_database_opens_and_works_as_it_is(self):
        self.make_first_offx_database(self.db)
        posts = self.all_posts()
        self.assertEqual([(p["external_id"], p["created_at"]) for p in posts],
                         [("100", "2025-05-01T10:00:00Z"), ("101", "2025-05-01T09:00:00Z")])
        self.assertEqual(posts[0]["media"][0]["url"], "https://img.example/1.png")
        self.assertEqual(self.found("sqlite"), ["100"])
        self.assertEqual(self.ids("--topic", "Databases"), ["101"])  # filed by hand: it stays
        self.assertEqual([s["content"] for s in self.json("summaries")], ["An old summary."])
        self.assertIn("An old summary.", self.offx("summaries", "1")[0])
        self.json("topic", "edit", "Databases", "--rule", "sqlite")
        self.assertEqual(self.ids("--topic", "Databases"), ["100"])
        made = self.json("summarize", "--topic", "Databases", "--since", "2025-05-01", "--until", "2025-05-02")
        self.assertEqual(made["post_count"], 1)
        result = self.import_posts(post("100", "SQLite ships a new release", platform="twitter", author="Ada",
                                        author_username="ada", created_at="2025-05-01T10:00:00.000Z"))
        self.assertEqual((result["added"], result["updated"] + result["unchanged"]), (0, 1))
        self.offx("topic", "remove", "Databases", "--yes")
        self.assertEqual(self.sql("PRAGMA foreign_key_check"), [])


class AnotherProgram(OffxTest):
    def test_what_it_deletes_is_counted_nowhere(self):
        # Python's sqlite3 leaves foreign keys off, as most programs do.
        media = [{"url": "https://img.example/1.png", "alt_text": "one"}]
        self.import_posts(*[post(str(n), "sqlite release %d" % n, media=media, lang="en") for n in range(3)])
        for title in ("DB", "Releases"):
            self.offx("topic", "add", title, "--rule", "sqlite" if title == "DB" else "release")
        self.json("summarize", "--since", "2026-03-01", "--until", "2026-03-02")
        self.sql("DELETE FROM posts_v1 WHERE external_id IN ('0', '1')")
        self.assertEqual([t["posts"] for t in self.json("status")["topics"]], [1, 1])
        self.assertEqual(self.json("topic", "show", "DB")["posts_per_day"], {"2026-03-01": 1})
        self.assertEqual(self.json("summaries", "1")["posts"], [])  # it cited the oldest for all three
        self.sql("DELETE FROM topics_v1 WHERE title = 'DB'")
        self.assertEqual([s["topic_id"] for s in self.json("summaries")], [2])
        self.assertEqual(self.sql("PRAGMA foreign_key_check"), [])


class Tables(OffxTest):
    def test_columns_by_either_name(self):
        self.offx("db", "init")
        columns = self.json("db", "columns", "posts")
        self.assertEqual([c["name"] for c in columns], ["id", "external_id", "content", "author", "author_username",
                                                        "platform", "created_at", "fetched_at", "url"])
        self.assertEqual(self.json("db", "columns", "posts_v1"), columns)
        _, err = self.offx("db", "columns", "absent", status=1)
        self.assertIn("offx db tables", err)

    def test_tables_of_others_are_shown_as_they_are(self):
        self.sql("CREATE TABLE \"odd name'\" (a)")
        self.sql("CREATE TABLE requests_2 (a)")
        tables = {t["name"]: t for t in self.json("db", "tables")}
        self.assertEqual((tables["requests_2"]["version"], tables["odd name'"]["version"]), (2, None))

    def test_no_name_is_too_odd(self):
        self.offx("status")
        self.sql("CREATE TABLE t_99999999999999999999 (a)")
        self.assertIn("t_99999999999999999999", self.offx("db", "tables")[0])
        tables = {t["name"]: t["version"] for t in self.json("db", "tables")}
        self.assertIsNone(tables["t_99999999999999999999"])


class Backup(OffxTest):
    def test_a_backup_while_another_process_writes_is_whole(self):
        file = self.write_posts("posts.jsonl", generated_posts(30000))
        self.offx("topic", "add", "Storms", "--rule", "storm sqlite")
        writer = self.start("import", file, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        counts = []
        while writer.poll() is None:
            copy = self.folder / f"copy{len(counts)}.db"
            self.offx("db", "backup", copy)
            counts.append(self.json("status", "--db", copy)["posts"])
            time.sleep(0.2)
        self.assertEqual(writer.returncode, 0, writer.stderr.read())
        self.assertEqual(counts, sorted(counts))
        self.assertTrue(counts and all(c % 2000 == 0 for c in counts), counts)  # whole transactions
        self.db = copy
        self.assertEqual(self.sql("PRAGMA integrity_check"), [("ok",)])
        self.assertEqual(len(self.found("storm sqlite", "--limit", 10000)), len(self.ids("--topic", "Storms")))

    def test_it_does_not_overwrite(self):
        self.import_posts(post("1", "one"))
        target = self.write("precious.txt", "precious")
        self.offx("db", "backup", target, status=1)
        self.assertEqual(target.read_text(), "precious")
        self.offx("db", "backup", self.folder / "no" / "folder.db", status=1)

    def test_restore_brings_the_backup_back_and_keeps_what_was(self):
        self.import_posts(post("1", "one"))
        self.offx("db", "backup", "copy.db")
        self.import_posts(post("2", "two"))
        _, err = self.offx("db", "restore", "copy.db", status=1)
        self.assertIn("--yes", err)
        self.assertEqual(self.ids(), ["2", "1"])
        result = self.json("db", "restore", "copy.db", "--yes")
        self.assertEqual(self.ids(), ["1"])
        self.assertEqual(self.found("one"), ["1"])
        self.assertEqual(self.ids("--db", result["kept"]), ["2", "1"])

    def test_a_new_database_has_no_migration_to_be_completed(self):
        self.offx("db", "init")
        out, _ = self.offx("migrate", "status")
        self.assertIn("nothing: the old version is kept so that you can go back to the release before", out)
        self.assertNotIn("migrate complete", out)
        self.assertNotIn("ROWS", out)
        self.assertEqual([(m["name"], m["phase"], m["kept"]) for m in self.json("migrate", "status")],
                         [("topics_v2", "live", True)])

    def test_an_error_of_restore_names_the_file_once(self):
        (self.folder / "text.db").write_text("x" * 5000)
        _, err = self.offx("db", "restore", "text.db", "--yes", status=1)
        self.assertEqual(err.count("text.db"), 1, err)

    def test_restore_where_there_was_nothing(self):
        self.import_posts(post("1", "one"))
        self.offx("db", "backup", "copy.db")
        self.db = self.folder / "new.db"
        self.assertIsNone(self.json("db", "restore", "copy.db")["kept"])
        self.assertEqual(self.ids(), ["1"])

    def test_restore_reads_the_address_as_every_command_does(self):
        self.import_posts(post("1", "one"))
        self.offx("db", "backup", "copy.db")
        self.offx("--db", "sqlite://there.db", "db", "restore", "copy.db")
        self.assertTrue((self.folder / "there.db").exists())
        self.assertEqual(self.ids("--db", "sqlite:there.db"), ["1"])
        self.offx("--db", ":memory:", "db", "restore", "copy.db", status=2)
        self.offx("--db", "libsql://host", "db", "restore", "copy.db", status=1)
        _, err = self.offx("--db", "x" * 300, "db", "restore", "copy.db", status=1)
        self.assertNotIn("unexpected", err)
        self.assertEqual([n for n in os.listdir(self.folder) if n.startswith((":", "libsql", "x"))], [])

    def test_only_a_database_of_ours_is_backed_up(self):
        self.other_database()
        _, err = self.offx("--db", "shop.db", "db", "backup", "copy.db", status=1)
        self.assertIn("OffX", err)
        self.assertFalse((self.folder / "copy.db").exists())

    def test_a_copy_that_is_not_finished_is_no_backup(self):
        self.import_posts(post("1", "one"))
        self.offx("db", "backup", "copy.db")
        with sqlite3.connect(self.folder / "copy.db") as connection:  # as a copy that was killed leaves it
            connection.execute("CREATE TABLE offx_copy (name TEXT PRIMARY KEY)")
        connection.close()
        self.import_posts(post("2", "two"))
        _, err = self.offx("db", "restore", "copy.db", "--yes", status=1)
        self.assertIn("offx db copy", err)
        self.assertEqual(err.count("copy.db"), 1, err)
        self.assertEqual(self.ids(), ["2", "1"])

    def other_database(self):
        connection = sqlite3.connect(self.folder / "shop.db")
        connection.execute("CREATE TABLE goods (id INTEGER)")
        connection.close()
        return (self.folder / "shop.db").read_bytes()

    def test_a_damaged_backup_is_refused_and_nothing_changes(self):
        self.import_posts(*generated_posts(500))
        self.offx("db", "backup", "copy.db")
        whole = (self.folder / "copy.db").read_bytes()
        before = self.all_posts()
        middle = len(whole) // 2
        for name, content in {"cut": whole[:middle], "holes": whole[:middle] + bytes(20000) + whole[middle + 20000:],
                              "text": b"no database", "empty": b"", "of another program": self.other_database()}.items():
            with self.subTest(name):
                _, err = self.offx("db", "restore", self.write(name + ".db", content), "--yes", status=1)
                self.assertTrue(err)
                self.assertEqual(self.all_posts(), before)
        self.offx("db", "restore", "absent.db", "--yes", status=1)
        self.assertEqual(self.all_posts(), before)
        self.assertFalse((self.folder / "absent.db").exists())


class Status(OffxTest):
    def test_it_says_what_there_is(self):
        self.import_posts(post("1", "sqlite one"), post("2", "two", platform="rss", created_at="2026-03-05T00:00:00Z"))
        self.offx("topic", "add", "DB", "--rule", "sqlite")
        status = self.json("status")
        self.assertEqual((status["posts"], status["platforms"]), (2, {"rss": 1, "x": 1}))
        self.assertEqual((status["first_post_at"], status["last_post_at"]), ("2026-03-01T08:00:00Z", "2026-03-05T00:00:00Z"))
        self.assertEqual((status["last_import"]["added"], status["last_import"]["broken"]), (2, 0))
        self.assertGreater(status["bytes"], 10000)
        self.assertEqual([(t["title"], t["posts"], t["last_summary_at"]) for t in status["topics"]], [("DB", 1, None)])
        self.json("summarize", "--since", "2026-03-01", "--until", "2026-03-02")
        self.assertIsNotNone(self.json("status")["topics"][0]["last_summary_at"])
        out, _ = self.offx("status")
        self.assertIn("DB", out)


if __name__ == "__main__":
    unittest.main()
