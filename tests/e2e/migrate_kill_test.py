"""kill -9 at random moments of start, complete and rollback, while a program writes through both versions: nothing that
was acknowledged is lost, both versions hold the same, and the same command finishes.

OFFX_KILLS says how often (10 by default), OFFX_KILL_ROWS how many rows the table has (20,000), OFFX_SEED the moments.
"""

import collections
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import time
import unittest

from shop import ShopTest, Writer

KILLS = int(os.environ.get("OFFX_KILLS", "10"))
ROWS = int(os.environ.get("OFFX_KILL_ROWS", "20000"))
NAME = "customers_v2"


class MigrateKill9(ShopTest):
    def command_of(self, verb):
        return {"start": ["start", self.file], "complete": ["complete", NAME, "--yes"],
                "rollback": ["rollback", NAME]}[verb]

    def begin_with(self, database):
        """A database of its own for the next attempt."""
        for file in self.folder.glob("attempt.db*"):
            file.unlink()
        self.db = self.folder / "attempt.db"
        shutil.copyfile(self.folder / database, self.db)

    def run_killed(self, verb, after):
        """Runs it and kills it after so many seconds; True if it was still running then."""
        process = self.start("migrate", *self.command_of(verb), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            process.wait(after)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        if process.wait() == -signal.SIGKILL:
            return True
        self.assertEqual(process.returncode, 0, process.stderr.read().decode())
        return False

    def phase(self):
        try:
            rows = self.shop("SELECT phase FROM offx_migrations WHERE name = ?", NAME)
        except sqlite3.OperationalError:
            rows = []
        return rows[0][0] if rows else "not begun"

    def check(self, verb, model):
        self.assertEqual(self.shop("PRAGMA integrity_check"), [("ok",)])
        self.assertEqual(self.shop("PRAGMA foreign_key_check"), [])
        expected = sorted((key, *row) for key, row in model.items())
        tables = {name for kind, name, _ in self.schema() if kind == "table"}
        triggers = [name for kind, name, _ in self.schema() if kind == "trigger"]
        if verb != "complete":
            old = self.shop("SELECT id, first_name, last_name, email FROM customers ORDER BY id")
            self.assertTrue(old == expected, self.first_difference(old, expected))
        if verb != "rollback":
            new = self.shop("SELECT id, full_name, email FROM customers_v2 ORDER BY id")
            wanted = [(key, first + " " + last, email) for key, first, last, email in expected]
            self.assertTrue(new == wanted, self.first_difference(new, wanted))
        self.assertEqual("customers" in tables, verb != "complete")
        self.assertEqual("customers_v2" in tables, verb != "rollback")
        if verb != "start":
            self.assertEqual(triggers, [])
        self.migrate("drift")

    @staticmethod
    def first_difference(got, wanted):
        got, wanted = set(got), set(wanted)
        return f"lost or stale: {sorted(wanted - got)[:5]}, found instead: {sorted(got - wanted)[:5]}"

    def test_the_same_command_finishes_and_nothing_is_lost(self):
        seed = int(os.environ.get("OFFX_SEED", str(random.randrange(1 << 30))))
        chance = random.Random(seed)
        self.db = self.folder / "before.db"
        self.make_shop(ROWS)
        self.shop("PRAGMA journal_mode=WAL")
        model = {key: row for key, *row in self.shop("SELECT id, first_name, last_name, email FROM customers")}
        model = {key: tuple(row) for key, row in model.items()}
        shutil.copyfile(self.db, self.folder / "live.db")
        self.db = self.folder / "live.db"
        self.migrate("start", self.file)

        durations = {}
        for verb in ("start", "complete", "rollback"):
            self.begin_with("before.db" if verb == "start" else "live.db")
            writer = Writer(self.db, model, seed)
            started = time.monotonic()
            self.assertFalse(self.run_killed(verb, 300))
            durations[verb] = time.monotonic() - started
            self.check(verb, writer.stop()[0])

        kills = collections.Counter()
        writes = collections.Counter()
        for attempt in range(5 * KILLS):  # some moments come too late
            if kills.total() >= KILLS:
                break
            verb = ("start", "start", "complete", "rollback")[attempt % 4]
            with self.subTest(seed=seed, attempt=attempt, verb=verb):
                self.begin_with("before.db" if verb == "start" else "live.db")
                writer = Writer(self.db, model, seed + attempt)
                try:
                    started = time.monotonic()
                    killed = self.run_killed(verb, chance.uniform(0, durations[verb]))
                    if not killed:  # the machine is faster than it was: aim earlier
                        durations[verb] = min(durations[verb], time.monotonic() - started)
                    while killed:
                        kills[f"{verb}: {self.phase()}"] += 1
                        self.json("migrate", "status")  # opens after the unclean end
                        killed = chance.random() < 0.3 and self.run_killed(verb, chance.uniform(0, durations[verb]))
                    if self.phase() not in ("completed", "rolled back"):
                        self.migrate(*self.command_of(verb))
                    if verb == "start":
                        self.assertIn("0 differences", self.migrate("verify")[0])
                finally:
                    after, counts = writer.stop()
                writes.update(counts)
                self.check(verb, after)
        print(f"seed {seed}: {kills.total()} kills ({dict(sorted(kills.items()))}), "
              f"writes meanwhile {dict(writes)}")
        self.assertGreaterEqual(kills.total(), KILLS)
        self.assertTrue(all(writes[table] > 0 for table in ("customers", "customers_v2")), writes)


if __name__ == "__main__":
    unittest.main()
