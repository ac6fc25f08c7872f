"""Online migrations from outside: the guide's story, every command, two migrators, a disk that fills up.

kill -9 has a test of its own.
"""

import json
import os
import random
import re
import sqlite3
import subprocess
import time
import unittest

from shop import CUSTOMERS_V2, GUIDE, ShopTest


class Story(ShopTest):
    def test_the_guides_story_to_its_end(self):
        self.make_shop()
        before = self.db.read_bytes()
        out, _ = self.migrate("plan", self.file)
        self.assertRegex(out, r"customers +customers_v2 +50 ")
        self.assertIn("orders goes on referring to customers", out)
        self.assertIn("Nothing was changed", out)
        self.assertNotIn("CREATE TABLE", out)
        self.assertIn("CREATE TABLE customers_v2", self.migrate("plan", self.file, "--sql")[0])
        self.migrate("status")
        self.assertTrue(self.db.read_bytes() == before)

        out, err = self.migrate("start", self.file)
        self.assertIn("customers_v2 is live: customers → customers_v2, 50 rows alike on both sides", out)
        self.assertEqual(err, "")
        self.assertIn("Last", self.shop("SELECT full_name FROM customers_v2 WHERE id = 7")[0][0])

        # Both releases write.
        self.shop("INSERT INTO customers (first_name, last_name, email) VALUES ('Ada', 'Old', 'ada@example.org')")
        self.assertEqual(self.shop("SELECT full_name, tier FROM customers_v2 WHERE email = 'ada@example.org'"),
                         [("Ada Old", "basic")])
        self.shop("INSERT INTO customers_v2 (full_name, email, tier) VALUES ('Bo New', 'bo@example.org', 'gold')")
        self.assertEqual(self.shop("SELECT first_name, last_name FROM customers WHERE email = 'bo@example.org'"),
                         [("Bo", "New")])
        self.shop("UPDATE customers SET last_name = 'Changed' WHERE email = 'bo@example.org'")
        self.assertEqual(self.shop("SELECT full_name, tier FROM customers_v2 WHERE email = 'bo@example.org'"),
                         [("Bo Changed", "gold")])
        self.shop("DELETE FROM customers_v2 WHERE id = 7")
        self.assertEqual(self.shop("SELECT count(*) FROM orders WHERE customer_id = 7"), [(0,)])
        self.assertIn("0 differences", self.migrate("verify")[0])

        out, err = self.migrate("complete", status=1)  # nobody to ask
        self.assertIn("--yes", err)
        self.assertEqual(self.migrate("complete", "--yes")[0], "customers_v2 is completed: customers → customers_v2\n")
        self.assertEqual({name for kind, name, _ in self.schema() if kind == "table"}, {"customers_v2", "orders"})
        self.assertEqual(self.shop("SELECT count(*) FROM orders"), [(49,)])
        self.shop("DELETE FROM customers_v2 WHERE id = 8")
        self.assertEqual(self.shop("SELECT count(*) FROM orders"), [(48,)])
        self.assertEqual(self.shop("PRAGMA foreign_key_check"), [])
        self.assertIn("Nothing differs", self.migrate("drift")[0])
        self.assertIn("No migration is under way", self.migrate("status")[0])

    def test_the_way_back_keeps_what_was_written(self):
        self.make_shop()
        before = self.schema()
        self.migrate("start", self.file)
        self.shop("INSERT INTO customers_v2 (full_name, email, tier) VALUES ('Bo New', 'bo@example.org', 'gold')")
        out, _ = self.migrate("abort")
        self.assertIn("customers stands alone", out)
        self.assertIn("customers_v2_rolled_back", out)
        self.assertEqual(self.shop("SELECT first_name, last_name FROM customers WHERE email = 'bo@example.org'"),
                         [("Bo", "New")])
        self.assertEqual(self.shop("SELECT tier FROM customers_v2_rolled_back WHERE email = 'bo@example.org'"),
                         [("gold",)])
        self.assertEqual([row for row in self.schema() if row[1] != "customers_v2_rolled_back"], before)
        # And again, to the end this time, in the JSON form of the same file; nothing is kept aside when told so.
        definition = self.state()["migration"]
        self.write("again.json", json.dumps(definition))
        self.migrate("start", "again.json")
        self.migrate("rollback", "--discard", status=1)
        self.migrate("rollback", "--discard", "--yes")
        self.assertEqual([name for _, name, _ in self.schema() if re.search("customers_v2_rolled_back.+", name)], [])

    def test_complete_can_leave_an_archive(self):
        self.make_shop()
        self.migrate("start", self.file)
        self.assertIn("customers is kept as customers_archived", self.migrate("complete", "--yes", "--keep-old")[0])
        self.assertEqual(self.shop("SELECT count(*), min(first_name) FROM customers_archived"), [(50, "First1")])

    def test_a_process_that_uses_the_old_version_holds_complete_back(self):
        self.make_shop()
        self.migrate("start", self.file)
        create = re.search(r"CREATE TABLE IF NOT EXISTS offx_table_users .*?NOT NULL\)", GUIDE, re.S).group()
        announce = re.search(r"```sql\n(INSERT INTO offx_table_users.*?);\n```", GUIDE, re.S).group(1)
        self.shop(create)
        self.shop(announce)  # with times that are over
        self.assertEqual(self.json("migrate", "status")[0]["old_users"], [])
        self.shop("UPDATE offx_table_users SET expires_at = datetime('now', '+1 hour')")
        user = self.json("migrate", "status")[0]["old_users"][0]
        self.assertEqual((user["program"], user["host"], user["pid"], user["tables"]),
                         ("shop 4.1", "web-3", 4711, ["customers"]))
        self.assertIn("shop 4.1", self.migrate("status")[0])
        self.assertIn("shop 4.1", self.migrate("complete", "--yes", status=1)[1])
        self.assertEqual(self.state()["phase"], "live")
        self.migrate("complete", "--yes", "--force")

    def test_a_person_is_asked(self):
        self.make_shop(20000)
        shown, status = self.at_terminal("migrate", "start", self.file)
        self.assertRegex(shown, r"backfill customers → customers_v2 .* %")
        self.assertEqual(status, 0)
        shown, status = self.at_terminal("migrate", "complete", answer=b"n\n")
        self.assertIn("no way back", shown)
        self.assertEqual((status, self.state()["phase"]), (1, "live"))
        _, status = self.at_terminal("migrate", "complete", answer=b"y\n")
        self.assertEqual((status, self.state()["phase"]), (0, "completed"))

    def test_history_begins_with_a_baseline_and_drift_shows_what_changed(self):
        self.make_shop()
        self.assertIn("baseline", self.migrate("drift", status=1)[1])
        self.migrate("baseline", "as_found")
        self.assertIn("Nothing differs", self.migrate("drift")[0])
        self.shop("CREATE INDEX by_hand ON orders (item)")
        self.shop("DROP INDEX idx_customers_email_lower")
        out, err = self.migrate("drift", "--sql", status=1)
        self.assertRegex(out, r"new +index by_hand")
        self.assertRegex(out, r"missing +index idx_customers_email_lower")
        self.assertIn("CREATE INDEX by_hand", out)
        self.assertIn("2 objects differ", err)
        found = self.json("migrate", "drift", status=1)
        self.assertEqual({(drift["what"], drift["name"]) for drift in found},
                         {("new", "by_hand"), ("missing", "idx_customers_email_lower")})
        self.assertEqual([state["name"] for state in self.json("migrate", "history")], ["as_found"])


class Recipes(ShopTest):
    """The guide's, as they stand there, while old and new code write whatever comes."""

    def recipe(self, name):
        text = re.search(rf'```toml\n(name = "{name}".*?)```', GUIDE, re.S).group(1)
        return self.write(name + ".toml", text)

    def write_at_random(self, statements, rows, same):
        chance = random.Random(7)
        connection = sqlite3.connect(self.db, isolation_level=None)
        connection.execute("PRAGMA foreign_keys = ON")
        for n in range(400):
            statement = chance.choice(statements)
            try:
                connection.execute(statement, {"n": n, "id": chance.randint(1, rows + 20)})
            except sqlite3.IntegrityError as error:  # a customer who is not there has no address
                self.assertIn("FOREIGN KEY", str(error), statement)
            self.assertEqual(connection.execute(same).fetchall(), [], statement)
        connection.close()

    def test_columns_move_to_a_table_of_their_own(self):
        connection = sqlite3.connect(self.db)
        connection.executescript("""
            CREATE TABLE customers (id INTEGER PRIMARY KEY, email TEXT UNIQUE, street TEXT, city TEXT);
            INSERT INTO customers WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
              SELECT i, 'c' || i, CASE WHEN i % 3 THEN 'Street ' || i END, CASE WHEN i % 2 THEN 'Bramwick' END FROM n;
        """)
        connection.close()
        file = self.recipe("addresses")
        self.migrate("start", file)
        same = """SELECT id FROM customers LEFT JOIN addresses AS a ON a.customer_id = id
                  WHERE customers.street IS NOT a.street OR customers.city IS NOT a.city
                  UNION ALL SELECT customer_id FROM addresses WHERE customer_id NOT IN (SELECT id FROM customers)"""
        self.write_at_random([
            "INSERT INTO customers (email, street, city) VALUES ('old' || :n, 'S', :id)",
            "INSERT OR REPLACE INTO customers (id, email, street) VALUES (:id, 'replaced' || :n, 'R')",
            "UPDATE customers SET street = :n WHERE id = :id",
            "UPDATE customers SET street = NULL, city = NULL WHERE id = :id",
            "DELETE FROM customers WHERE id = :id",
            "INSERT INTO customers_v2 (email) VALUES ('new' || :n)",
            "DELETE FROM customers_v2 WHERE id = :id",
            "INSERT INTO addresses VALUES (:id, 'T', :n) ON CONFLICT DO UPDATE SET city = excluded.city",
            "UPDATE addresses SET city = :n WHERE customer_id = :id",
            "DELETE FROM addresses WHERE customer_id = :id",
        ], 100, same)
        self.migrate("verify")
        self.migrate("rollback")
        self.assertEqual([name for _, name, _ in self.schema()], ["customers"])
        self.migrate("start", file)
        # New code inserts what is not there, and it is what it will be without the old table.
        for customer in [1001, 1002]:
            self.shop(f"INSERT INTO customers{'_v2' * (customer % 2)} (id, email) VALUES ({customer}, 'x{customer}')")
            for _ in range(2):
                self.shop(f"INSERT INTO addresses VALUES ({customer}, 'S', 'C')")
                self.shop(f"DELETE FROM addresses WHERE customer_id = {customer}")
                self.assertEqual(self.shop(f"SELECT * FROM addresses WHERE customer_id = {customer}"), [])
        self.assertEqual(self.shop(same), [])
        self.migrate("verify")
        self.migrate("complete", "--yes")
        self.assertEqual([name for _, name, _ in self.schema()], ["addresses", "customers_v2"])

    def test_a_full_text_table_has_a_successor(self):
        connection = sqlite3.connect(self.db)
        connection.executescript("""
            CREATE TABLE articles (id INTEGER PRIMARY KEY, title TEXT NOT NULL, body TEXT NOT NULL);
            CREATE VIRTUAL TABLE articles_fts USING fts5(title, body, content='articles', content_rowid='id');
            CREATE TRIGGER articles_fts_insert AFTER INSERT ON articles BEGIN
              INSERT INTO articles_fts (rowid, title, body) VALUES (NEW.id, NEW.title, NEW.body); END;
            CREATE TRIGGER articles_fts_delete AFTER DELETE ON articles BEGIN
              INSERT INTO articles_fts (articles_fts, rowid, title, body) VALUES ('delete', OLD.id, OLD.title, OLD.body); END;
            CREATE TRIGGER articles_fts_update AFTER UPDATE ON articles BEGIN
              INSERT INTO articles_fts (articles_fts, rowid, title, body) VALUES ('delete', OLD.id, OLD.title, OLD.body);
              INSERT INTO articles_fts (rowid, title, body) VALUES (NEW.id, NEW.title, NEW.body); END;
            INSERT INTO articles WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
              SELECT i, 'lantern ' || i, 'cup' FROM n;
        """)
        connection.close()
        file = self.recipe("articles_v2")
        self.migrate("start", file)
        found = "SELECT rowid FROM {} WHERE {} MATCH 'lantern'"
        old, new = found.format("articles_fts", "articles_fts"), found.format("articles_v2_fts", "articles_v2_fts")
        self.write_at_random([
            "INSERT INTO articles (title, body) VALUES ('lantern', :n)",
            "UPDATE articles SET title = 'final ' || :n WHERE id = :id",
            "DELETE FROM articles WHERE id = :id",
            "INSERT INTO articles_v2 (headline, body) VALUES ('lantern', :n)",
            "UPDATE articles_v2 SET headline = 'lantern ' || :n WHERE id = :id",
            "DELETE FROM articles_v2 WHERE id = :id",
        ], 100, f"SELECT * FROM ({old} EXCEPT {new}) UNION ALL SELECT * FROM ({new} EXCEPT {old})")
        for table in ["articles_fts", "articles_v2_fts"]:
            self.shop(f"INSERT INTO {table} ({table}, rank) VALUES ('integrity-check', 1)")
        self.migrate("rollback")
        self.shop("INSERT INTO articles_fts (articles_fts, rank) VALUES ('integrity-check', 1)")
        self.migrate("start", file)
        self.migrate("complete", "--yes")
        self.shop("INSERT INTO articles_v2_fts (articles_v2_fts, rank) VALUES ('integrity-check', 1)")
        self.assertFalse([name for _, name, _ in self.schema() if name.startswith("articles_fts")])


class Commands(ShopTest):
    def test_json_of_every_command(self):
        self.make_shop()
        plan = self.json("migrate", "plan", self.file)
        self.assertEqual(set(plan), {"migration", "begun", "refused", "disk_bytes", "tables", "steps", "findings"})
        self.assertEqual((plan["migration"]["name"], plan["refused"]), ("customers_v2", False))
        self.assertEqual(plan["tables"][0]["rows"], 50)
        self.assertTrue(any("CREATE TABLE customers_v2" in sql for step in plan["steps"] for sql in step["sql"]))
        started = self.json("migrate", "start", self.file)
        self.assertEqual((started["phase"], started["paused"], started["error"], started["migrator"]),
                         ("live", False, None, None))
        self.assertEqual(started["tables"][0]["rows_done"], 50)
        self.assertEqual(self.json("migrate", "status"), [started])
        verified = self.json("migrate", "verify")
        self.assertEqual((verified["rows_old"], verified["rows_new"], verified["differences_total"]), (50, 50, 0))
        rolled_back = self.json("migrate", "rollback")
        self.assertEqual(rolled_back["phase"], "rolled_back")
        self.json("migrate", "start", self.file)
        self.assertEqual(self.json("migrate", "complete", "--yes")["phase"], "completed")
        history = self.json("migrate", "history")
        self.assertEqual(history[0]["migration"], plan["migration"])
        self.assertEqual(history[0]["rolled_back"], [{"started_at": rolled_back["started_at"],
                                                      "ended_at": rolled_back["changed_at"],
                                                      "kept_as": rolled_back["tables"][0]["kept_as"]}])
        lines = self.migrate("history")[0].splitlines()
        self.assertEqual([line.split()[1] for line in lines[1:]], ["rolled_back", "completed"])
        self.assertEqual(self.json("migrate", "drift"), [])
        self.assertEqual(self.json("migrate", "baseline", "b")["name"], "b")

    def test_wrong_files_and_names_are_told(self):
        self.make_shop()
        bad = self.write("bad.toml", CUSTOMERS_V2.replace("description", "descripton"))
        for verb in ("plan", "start"):
            _, err = self.migrate(verb, bad, status=2)
            self.assertIn(f"{bad}:2: descripton: there is no such key; did you mean description?", err)
            self.assertIn("none.toml", self.migrate(verb, "none.toml", status=1)[1])
            self.assertIn("--max-stall", self.migrate(verb, self.file, "--max-stall", "soon", status=2)[1])
        for verb in ("pause", "resume", "complete", "rollback", "verify"):
            self.assertIn("offx migrate", self.migrate(verb, status=1)[1])
            self.assertIn('"nobody"', self.migrate(verb, "nobody", status=1)[1])
        self.migrate("baseline", status=2)
        self.migrate("check-nothing", status=2)
        for word, meant in (("undo", "rollback"), ("up", "start"), ("finish", "complete"), ("dry-run", "plan"),
                            ("rolback", "rollback"), ("statsu", "status")):
            self.assertIn(f'there is no command "{word}"; did you mean {meant}?', self.migrate(word, status=2)[1])
        self.assertNotIn("did you mean", self.migrate("elephant", status=2)[1])
        self.assertEqual(self.shop("SELECT name FROM sqlite_master WHERE name LIKE 'offx%'"), [])
        self.db = self.folder / "not there.db"
        for verb in (["status"], ["plan", self.file], ["start", self.file], ["drift"], ["history"]):
            self.assertIn("no such database", self.migrate(*verb, status=1)[1])
        self.assertFalse(self.db.exists())

    def test_what_the_plan_refuses_is_not_started(self):
        self.make_shop()
        lossy = self.write("lossy.toml", CUSTOMERS_V2[:CUSTOMERS_V2.index("[table.down]")])
        before = self.schema()
        out, err = self.migrate("plan", lossy, status=1)
        self.assertIn("Refused", out)
        self.assertRegex(out, r"under \[table\.down\]")
        self.assertIn("refused", err)
        self.assertTrue(self.json("migrate", "plan", lossy, status=1)["refused"])
        self.assertIn("[table.down]", self.migrate("start", lossy, status=1)[1])
        self.assertEqual(self.schema(), before)

        # Rows that the new table would not take.
        self.shop("INSERT INTO customers (first_name, last_name) VALUES ('x', 'y')")
        strict = self.write("strict.toml", CUSTOMERS_V2.replace("email TEXT UNIQUE", "email TEXT NOT NULL UNIQUE"))
        out, _ = self.migrate("plan", strict, status=1)
        self.assertIn("email", out[out.index("Refused"):])
        self.migrate("start", strict, status=1)
        self.assertEqual(self.schema(), before)

    def test_a_changed_file_is_not_the_same_migration(self):
        self.make_shop()
        self.migrate("start", self.file)
        self.write("customers_v2.toml", CUSTOMERS_V2.replace("'basic'", "'none'"))
        self.assertIn("another definition", self.migrate("start", self.file, status=1)[1])
        self.write("customers_v2.toml", "# laid out otherwise\n" + CUSTOMERS_V2.replace("\n", "\r\n"))
        self.migrate("start", self.file)

    def test_a_dropped_trigger_is_seen(self):
        self.make_shop()
        self.migrate("start", self.file)
        trigger = self.shop("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'customers' "
                            "AND sql LIKE '%AFTER INSERT%'")[0][0]
        self.shop(f'DROP TRIGGER "{trigger}"')
        self.shop("INSERT INTO customers (first_name, last_name) VALUES ('un', 'seen')")
        self.assertIn(trigger, self.migrate("drift", status=1)[0])
        out, _ = self.migrate("verify", status=1)
        self.assertIn("id = 51", out)
        self.migrate("complete", "--yes", status=1)
        self.assertEqual(self.state()["phase"], "live")
        self.assertEqual(self.shop("SELECT count(*) FROM customers"), [(51,)])


class AtWork(ShopTest):
    ROWS = 600_000

    def test_paused_and_resumed_from_another_process_while_a_second_one_waits_outside(self):
        self.make_shop(self.ROWS)
        first = self.start("migrate", "start", self.file, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.wait_for_phase("backfill", first)
        self.migrate("pause")
        while True:
            status = self.json("migrate", "status")[0]
            done = status["tables"][0]["rows_done"]
            time.sleep(0.3)
            if self.json("migrate", "status")[0]["tables"][0]["rows_done"] == done:
                break
        self.assertEqual((status["phase"], status["paused"]), ("backfill", True))
        self.assertLess(done, self.ROWS)
        self.assertIn(f"pid {first.pid}", status["migrator"])
        self.assertIn("paused", self.migrate("status")[0])
        _, err = self.migrate("start", self.file, status=1)
        self.assertIn(f"pid {first.pid}", err)
        self.assertIn(f"pid {first.pid}", self.migrate("rollback", status=1)[1])
        self.shop("UPDATE customers SET first_name = 'in the pause' WHERE id IN (1, 599999)")
        self.assertIsNone(first.poll())
        self.migrate("resume")
        self.assertEqual(first.wait(120), 0)
        self.assertIn(b"is live", first.stdout.read())
        self.assertIn(b"paused", first.stderr.read())
        self.assertIn("0 differences", self.migrate("verify")[0])

    def test_interrupted_in_order_it_goes_on_where_it_was(self):
        self.make_shop(self.ROWS)
        process = self.start("migrate", "start", self.file, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.wait_for_phase("backfill", process)
        process.terminate()
        self.assertEqual(process.wait(60), 1)
        self.assertRegex(process.stderr.read().decode(), r"goes on where it stopped.*rollback")
        state = self.state()
        self.assertEqual((state["phase"], state["migrator"]), ("backfill", None))
        self.assertIn("goes on", self.migrate("status")[0])
        self.assertIn("customers_v2 is in the phase backfill", self.migrate("complete", "--yes", status=1)[1])
        self.assertIn("finish first", self.migrate("complete", state["name"], "--yes", status=1)[1])
        self.shop("DELETE FROM customers WHERE id = 3")
        self.migrate("start", self.file, "--max-stall", "500ms")
        self.assertEqual(self.shop("SELECT count(*) FROM customers_v2"), [(self.ROWS - 1,)])

    def test_two_at_once_one_works(self):
        self.make_shop(20000)
        both = [self.start("migrate", "start", self.file, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
                for _ in range(2)]
        ended = sorted((process.wait(120), process.stderr.read().decode()) for process in both)
        self.assertEqual(ended[0][0], 0)
        if ended[1][0] != 0:  # it came while the first was at work, not after it
            self.assertRegex(ended[1][1], r"another migrator .*(pid \d+|try again)")
        self.assertEqual(self.state()["phase"], "live")
        self.assertIn("0 differences", self.migrate("verify")[0])

    def test_a_full_disk_stops_the_copy_and_nothing_else(self):
        small = self.folder / "small"
        small.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", str(small)], capture_output=True)
        if mounted.returncode != 0:
            self.skipTest("needs a file system of its own: " + mounted.stderr.decode().strip())
        self.addCleanup(subprocess.run, ["umount", str(small)], check=True)
        self.db = small / "shop.db"
        self.make_shop(100_000)
        self.shop("PRAGMA journal_mode=WAL")
        ballast = small / "ballast"

        def leave_free(size):
            ballast.unlink(missing_ok=True)
            free = os.statvfs(small)
            ballast.write_bytes(b"x" * max(0, free.f_bavail * free.f_frsize - size))

        leave_free(35 << 20)
        for verb in ("plan", "start"):
            out, err = self.migrate(verb, self.file, status=1)
            self.assertRegex(out + err, r"about \d+ MB of disk are needed meanwhile")
        self.assertEqual(self.json("migrate", "status"), [])
        # Somebody else fills the disk while rows are copied.
        ballast.unlink()
        process = self.start("migrate", "start", self.file, "--max-stall", "1ms", stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
        self.wait_for_phase("backfill", process)
        process.terminate()
        self.assertEqual(process.wait(60), 1)
        leave_free(31 << 20)
        _, err = self.migrate("start", self.file, status=1)
        self.assertRegex(err, r"full")
        self.assertRegex(err, r"about \d+ MB more are needed")
        self.assertRegex(err, r"run the same command again")
        state = self.state()
        self.assertIn(state["phase"], ("expand", "backfill"))
        self.assertIn("full", state["error"])
        self.assertIn("full", self.migrate("status")[0])
        # The old version serves, writes too.
        self.assertEqual(self.shop("SELECT count(*) FROM customers"), [(100_000,)])
        for number in range(20):
            self.shop("UPDATE customers SET first_name = 'later' WHERE id = ?", 4_000 * number + 1)
        ballast.unlink()
        self.migrate("start", self.file)
        self.assertEqual(self.shop("SELECT count(*) FROM customers_v2 WHERE full_name LIKE 'later %'"), [(20,)])
        self.assertIsNone(self.state()["error"])


class OffxItself(ShopTest):
    """The same on OffX's own database."""

    def test_a_first_database_is_carried_along_and_its_programs_go_on(self):
        self.make_first_offx_database(self.db)
        self.assertEqual([topic["title"] for topic in self.json("topic", "list")], ["Databases"])
        state = self.json("migrate", "status")[0]
        self.assertEqual((state["name"], state["phase"]), ("topics_v2", "live"))
        self.shop("INSERT INTO topics_v1 (title, description) VALUES ('By the first', NULL)")
        self.offx("topic", "add", "By this one", "--rule", "sqlite")
        titles = ["Databases", "By the first", "By this one"]
        self.assertEqual(sorted(topic["title"] for topic in self.json("topic", "list")), sorted(titles))
        self.assertEqual(self.shop("SELECT title FROM topics_v1 ORDER BY id"), [(title,) for title in titles])
        self.assertIn("0 differences", self.migrate("verify")[0])
        self.migrate("complete", "--yes")
        self.assertEqual(len(self.json("topic", "list")), 3)
        self.assertEqual(self.json("migrate", "drift"), [])

    def test_a_release_older_than_its_database_says_so(self):
        self.offx("topic", "add", "Before", "--rule", "sqlite")
        create = self.shop("SELECT sql FROM sqlite_master WHERE name = 'topics_v2'")[0][0]
        file = self.write("next.toml", "name = 'topics_next'\n[[table]]\nfrom = 'topics_v2'\nto = 'topics_v3'\n"
                          "create = '''%s'''\n" % create.replace("topics_v2", "topics_v3"))
        self.migrate("complete", "--yes")
        self.migrate("start", file)
        self.offx("topic", "add", "Between", "--rule", "rust")
        self.assertEqual(self.shop("SELECT title FROM topics_v3 ORDER BY id"), [("Before",), ("Between",)])
        self.migrate("complete", "--yes")
        _, err = self.offx("topic", "list", status=1)
        self.assertIn("topics_v2", err)
        self.assertIn("topics_next", err)


if __name__ == "__main__":
    unittest.main()
