"""A shop's database, which is nothing of OffX's, and the migration of it that docs/migrations.md describes.

Writer is a program of the shop's that writes in the middle of it, and knows every row the database has acknowledged.
"""

import multiprocessing
import random
import re
import sqlite3
import time

from offx_e2e import ROOT, OffxTest

GUIDE = (ROOT / "docs" / "migrations.md").read_text()
CUSTOMERS_V2 = re.search(r"```toml\n(name = \"customers_v2\".*?)```", GUIDE, re.S).group(1)


class ShopTest(OffxTest):
    """A shop's database, which is nothing of OffX's, and the migration that the guide describes."""

    def setUp(self):
        super().setUp()
        self.file = self.write("customers_v2.toml", CUSTOMERS_V2)

    def make_shop(self, customers=50):
        connection = sqlite3.connect(self.db)
        connection.executescript(f"""
            CREATE TABLE customers (id INTEGER PRIMARY KEY, first_name TEXT NOT NULL, last_name TEXT NOT NULL,
                                    email TEXT UNIQUE);
            CREATE INDEX idx_customers_email_lower ON customers (lower(email)) WHERE email IS NOT NULL;
            CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL
                                 REFERENCES customers(id) ON DELETE CASCADE ON UPDATE CASCADE, item TEXT);
            INSERT INTO customers (first_name, last_name, email)
              WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {customers})
              SELECT 'First' || i, 'Last' || i, 'c' || i || '@example.org' FROM n;
            INSERT INTO orders (customer_id, item) SELECT id, 'lamp' FROM customers WHERE id <= 50;
        """)
        connection.commit()
        connection.close()

    def shop(self, statement, *params):
        """What another program of the shop does."""
        connection = sqlite3.connect(self.db, timeout=30)
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            with connection:
                return connection.execute(statement, params).fetchall()
        finally:
            connection.close()

    def migrate(self, *args, **options):
        return self.offx("migrate", *args, **options)

    def state(self, name="customers_v2"):
        return next(state for state in self.json("migrate", "history") if state["name"] == name)

    def schema(self):
        return self.shop("SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'offx%' AND sql IS NOT NULL "
                         "ORDER BY 1, 2")

    def wait_for_phase(self, phase, process):
        for _ in range(6000):
            try:
                if self.shop("SELECT 1 FROM offx_migration_tables WHERE phase = ?", phase):
                    return
            except sqlite3.OperationalError:  # not there yet
                pass
            if process.poll() is not None:
                self.fail(f"it ended before it came to {phase}")
            time.sleep(0.01)
        self.fail(f"it did not come to {phase}")


OLD, NEW = "customers", "customers_v2"


LEAVING = {"completing": OLD, "completed": OLD, "rolling back": NEW, "rolled back": NEW}


def versions_for_writers(phase):
    """The tables that programs write to in a phase of the migration: that which leaves too, by those who do not know."""
    return [OLD, NEW] if phase == "live" or phase in LEAVING else [OLD]


class Writer:
    """Writes until stop(), which gives {id: (first, last, email)} and how many writes went through each version."""

    def __init__(self, database, model, seed):
        context = multiprocessing.get_context("fork")
        self.stopping = context.Event()
        self.pipe, end = context.Pipe()
        self.process = context.Process(target=_write, args=(str(database), dict(model), seed, self.stopping, end),
                                       daemon=True)
        self.process.start()
        end.close()

    def stop(self):
        self.stopping.set()
        if not self.pipe.poll(120):
            self.process.kill()
            raise AssertionError("the writer hangs")
        try:
            error, model, counts = self.pipe.recv()
        except EOFError:
            raise AssertionError("the writer died") from None
        finally:
            self.process.join(10)
            self.pipe.close()
        if error:
            raise AssertionError("a statement of the writer failed: " + error)
        return model, counts


def _write(database, model, seed, stopping, pipe):
    chance = random.Random(seed)
    counts = {OLD: 0, NEW: 0}
    ids = list(model)
    connection = sqlite3.connect(database, timeout=60, isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    error = ""
    number = 0
    try:
        while not stopping.is_set():
            number += 1
            # Chosen and written in one transaction, so that the phase is that of the write.
            connection.execute("BEGIN IMMEDIATE")
            try:
                rows = connection.execute("SELECT phase FROM offx_migrations WHERE name = 'customers_v2'").fetchall()
            except sqlite3.OperationalError:  # no migration yet
                rows = []
            phase = rows[0][0] if rows else ""
            table = chance.choice(versions_for_writers(phase))
            try:
                changed = _one_write(connection, table, chance, model, ids, "%d.%d" % (seed, number))
            except sqlite3.OperationalError as refusal:
                if LEAVING.get(phase) != table or "no such table: " + table not in str(refusal):
                    raise
                connection.execute("ROLLBACK")
                continue
            connection.execute("COMMIT")
            # Acknowledged: from now on it must never be lost.
            for key, row in changed.items():
                if row is None:
                    model.pop(key, None)
                else:
                    if key not in model:
                        ids.append(key)
                    model[key] = row
            counts[table] += 1
    except Exception as problem:  # whatever it is, the test must hear of it
        error = "%s: %s" % (type(problem).__name__, problem)
    finally:
        connection.close()
    pipe.send((error, model, counts))


def _known(chance, model, ids):
    for _ in range(20):
        key = chance.choice(ids)
        if key in model:
            return key
    return next(iter(model))


def _one_write(connection, table, chance, model, ids, unique):
    """Runs one statement on a version of the table; gives what the database then holds: {id: row or None}."""
    first, last, email = "F%s" % unique, "L%s" % unique, "%s@example.org" % unique
    new = table == NEW
    columns, values = ("full_name, email", [first + " " + last, email]) if new else (
        "first_name, last_name, email", [first, last, email])
    marks = ", ".join("?" * len(values))
    what = chance.random()
    if what < 0.35 or len(model) < 10:
        made = connection.execute("INSERT INTO %s (%s) VALUES (%s)" % (table, columns, marks), values)
        if made.rowcount != 1:
            raise AssertionError("an INSERT says it changed %d rows" % made.rowcount)
        if made.lastrowid in model:
            raise AssertionError("the id %d was given twice" % made.lastrowid)
        return {made.lastrowid: (first, last, email)}
    key = _known(chance, model, ids)
    row = model[key]
    if what < 0.6:
        if new:
            statement, row = ("UPDATE customers_v2 SET full_name = ? WHERE id = ?", [first + " " + last, key]), \
                (first, last, row[2])
        else:
            statement, row = ("UPDATE customers SET first_name = ? WHERE id = ?", [first, key]), (first, row[1], row[2])
    elif what < 0.7:
        statement, row = ("UPDATE %s SET email = ? WHERE id = ?" % table, [email, key]), (row[0], row[1], email)
    elif what < 0.8:
        if new:
            name = "full_name = excluded.full_name"
        else:
            name = "first_name = excluded.first_name, last_name = excluded.last_name"
        statement = ("INSERT INTO %s (id, %s) VALUES (?, %s) ON CONFLICT (id) DO UPDATE SET %s" %
                     (table, columns, marks, name), [key, *values])
        row = (first, last, row[2])
    elif what < 0.85:
        moved = connection.execute("SELECT max(id) + 1000 FROM %s" % table).fetchone()[0]
        connection.execute("UPDATE %s SET id = ? WHERE id = ?" % table, [moved, key])
        return {key: None, moved: row}
    elif what < 0.9:
        statement = ("INSERT OR REPLACE INTO %s (id, %s) VALUES (?, %s)" % (table, columns, marks), [key, *values])
        row = (first, last, email)
    else:
        statement, row = ("DELETE FROM %s WHERE id = ?" % table, [key]), None
    done = connection.execute(*statement)
    if done.rowcount != 1:
        raise AssertionError("%s says it changed %d rows" % (statement[0], done.rowcount))
    return {key: row}
