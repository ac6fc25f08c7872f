"""Random statements on a table whose next version lives beside it, through both, and on the same table alone: what they
return and change, what they are refused, and what triggers and other tables see of them is the same.

The tables and statements are those for which docs/migrations.md promises it. More of them than a test has time for, or
one that failed again:
    python3 tests/e2e/migrate_same_test.py FIRST_SEED [COUNT]
"""

import random
import re
import sqlite3
import sys
import unittest

from offx_e2e import OffxTest

TABLES = 12
STORIES = 4  # of each table
STATEMENTS = 40  # of each story


class Table:
    """One of a family of tables, with what refers to it and its triggers, and the migration to its next version."""

    def __init__(self, seed):
        r = random.Random(seed)
        self.key = r.choice(["INTEGER", "INTEGER", "TEXT", "TEXT COLLATE NOCASE"])
        of_rowid = self.key == "INTEGER"
        self.itself = r.choice(["", "", "CASCADE", "SET DEFAULT", "RESTRICT", "NO ACTION"]) if of_rowid else ""
        self.child = r.choice(["", "CASCADE", "SET NULL", "SET DEFAULT", "RESTRICT", "NO ACTION"])
        self.unique = r.choice(["email", "email COLLATE NOCASE", "email, a", "two", "partial", "lower", "generated"])
        self.triggers = r.choice(["", "note", "ignore", "change", "fail"])
        self.renamed = r.random() < 0.4
        # Where DELETE triggers see more of new code's REPLACE than on one table.
        if (self.unique in ("partial", "lower", "generated") or self.itself == "CASCADE") and self.triggers == "note":
            self.triggers = "change"
        self.conflict = r.choice(["", "", " ON CONFLICT IGNORE", " ON CONFLICT ROLLBACK"])
        self.needed = r.choice(["", " NOT NULL DEFAULT 'd'", " NOT NULL ON CONFLICT REPLACE DEFAULT 'd'"])
        self.check = r.random() < 0.3
        self.generated = r.random() < 0.2
        self.view = r.random() < 0.4
        # What one version alone demands, which the control does not: then only both versions are compared.
        self.demands = r.choice(["", "", "", "CHECK (n < 3)", "CHECK (a || email <> 'ue1')", "UNIQUE (a)", "lower(a)",
                                 "more AS (lower(a)) UNIQUE", "CHECK (id NOT IN (5, 'z'))", "NOT NULL"])
        if self.triggers == "fail" and (self.demands or self.unique in ("partial", "lower", "generated")):
            self.triggers = "ignore"  # plan refuses a DELETE that fails where REPLACE may need it
        self.demanding = r.choice(["t", "t_v2"])
        # A row that refers to one which is not there may not be replaced by that (ON DELETE CASCADE).
        self.enforced = r.random() < 0.7 or self.itself == "CASCADE"

    def create(self, name):
        b = self.b(name)
        columns = [f"id {self.key} PRIMARY KEY NOT NULL", f"a TEXT{self.needed}",
                   f"{b} TEXT" + (f" CHECK ({b} <> 'w')" if self.check else ""), "email TEXT",
                   "n INTEGER" + (" NOT NULL" if self.demands == "NOT NULL" and name == self.demanding else ""),
                   "known_to_old TEXT DEFAULT 'o'" if name == "t" else "known_to_new TEXT DEFAULT 'n'"]
        if self.itself:
            columns.append(f"up INTEGER REFERENCES {name} (id) ON DELETE {self.itself}")
        if self.generated:
            columns.append(f"both TEXT AS (a || '/' || {b})")
        if self.unique == "generated":
            columns.append(f"low TEXT AS (lower(email)) UNIQUE{self.conflict}")
        elif self.unique not in ("partial", "lower"):
            columns.append(f"UNIQUE ({'email' if self.unique == 'two' else self.unique}){self.conflict}")
        if self.unique == "two":
            columns.append(f"UNIQUE (n){self.conflict}")
        demands = self.demands if name == self.demanding else ""
        if demands not in ("", "NOT NULL", "lower(a)"):
            columns.insert(len(columns) if demands[0].isupper() else 2, demands)
            columns.sort(key=lambda column: column.startswith(("UNIQUE", "CHECK")))
        created = f"CREATE TABLE {name} ({', '.join(columns)});\n"
        if demands == "lower(a)":
            created += f"CREATE UNIQUE INDEX {name}_a ON {name} (lower(a));\n"
        if self.unique == "partial":
            created += f"CREATE UNIQUE INDEX {name}_email ON {name} (email) WHERE n > 0;\n"
        if self.unique == "lower":
            created += f"CREATE UNIQUE INDEX {name}_email ON {name} (lower(email));\n"
        return created

    def script(self):
        script = self.create("t") + "CREATE TABLE log (what TEXT);\n"
        if self.child:
            script += f"CREATE TABLE child (id INTEGER PRIMARY KEY, t REFERENCES t (id) ON DELETE {self.child});\n"
        note = "INSERT INTO log VALUES ('{0} ' || {1}.id || coalesce({1}.email, '-'));"
        script += {
            "": "",
            "note": f"CREATE TRIGGER came AFTER INSERT ON t BEGIN {note.format('came', 'NEW')} END;\n"
                    f"CREATE TRIGGER goes BEFORE DELETE ON t BEGIN {note.format('goes', 'OLD')} END;\n",
            "ignore": "CREATE TRIGGER no_v BEFORE INSERT ON t WHEN NEW.a = 'v' BEGIN SELECT RAISE (IGNORE); END;\n"
                      "CREATE TRIGGER no_e1 BEFORE UPDATE ON t WHEN NEW.email = 'e1' BEGIN SELECT RAISE (IGNORE); END;\n"
                      "CREATE TRIGGER u_stays BEFORE DELETE ON t BEGIN SELECT RAISE (IGNORE) WHERE OLD.a = 'u'; END;\n",
            "fail": "CREATE TRIGGER no_v BEFORE INSERT ON t WHEN NEW.a = 'v' BEGIN SELECT RAISE (FAIL, 'v'); "
                    "INSERT INTO log VALUES (1); END;\n"
                    "CREATE TRIGGER no_e1 BEFORE UPDATE ON t WHEN NEW.email = 'e1' BEGIN SELECT RAISE (FAIL, 'e'); END;\n"
                    "CREATE TRIGGER u_stays BEFORE DELETE ON t BEGIN SELECT RAISE (FAIL, 'u') WHERE OLD.a = 'u'; END;\n",
            "change": "CREATE TRIGGER changes AFTER INSERT ON t WHEN NEW.a = 'u' BEGIN "
                      "UPDATE t SET a = 'x' WHERE id = NEW.id; END;\n",
        }[self.triggers]
        return script + (self.view_of("t") if self.view else "")

    def view_of(self, name):
        """A view of the table that can be written to."""
        names = self.shared(name)
        values = ["NEW." + column for column in self.shared("t")]
        sets = ", ".join(f"{column} = {value}" for column, value in zip(names, values))
        return (f"CREATE VIEW v ({', '.join(self.shared('t'))}) AS SELECT {', '.join(names)} FROM {name};\n"
                f"CREATE TRIGGER v_insert INSTEAD OF INSERT ON v BEGIN "
                f"INSERT INTO {name} ({', '.join(names)}) VALUES ({', '.join(values)}); END;\n"
                f"CREATE TRIGGER v_update INSTEAD OF UPDATE ON v BEGIN "
                f"UPDATE {name} SET {sets} WHERE id = OLD.id; END;\n"
                f"CREATE TRIGGER v_delete INSTEAD OF DELETE ON v BEGIN DELETE FROM {name} WHERE id = OLD.id; END;\n")

    def migration(self):
        successor = f'complete = """\n{self.view_of("t_v2")}"""\n' if self.view and self.renamed else ""
        rename = '[table.rename]\nb = "bb"\n' if self.renamed else ""
        return (f'name = "m"\n[[table]]\nfrom = "t"\nto = "t_v2"\ncreate = """\n{self.create("t_v2")}"""\n'
                f'{successor}{rename}')

    def b(self, name):
        return "bb" if self.renamed and name == "t_v2" else "b"

    def shared(self, name):
        """The columns that both versions have."""
        return ["id", "a", self.b(name), "email", "n"] + (["up"] if self.itself else [])


def statement(r, table):
    """A statement on the table `%`, whose column b is `B`."""
    of_rowid = table.key == "INTEGER"
    keys = ["1", "2", "3", "4", "5"] if of_rowid else ["'x'", "'y'", "'z'", "'X'", "'Y'"]
    values = {"id": keys, "a": ["'u'", "'v'", "'w'", "NULL"], "B": ["'u'", "'v'", "'w'", "NULL"],
              "email": ["'e1'", "'e2'", "'e3'", "'E1'", "NULL"], "n": ["0", "1", "2", "3", "-1", "NULL"],
              "up": ["NULL", *keys]}
    columns = [column.replace("b", "B") for column in table.shared("t")]

    def row():
        return "(" + ", ".join(r.choice(values[column]) for column in columns) + ")"

    if table.child and r.random() < 0.1:
        return f"INSERT OR REPLACE INTO child (id, t) VALUES ({r.randrange(1, 5)}, {r.choice(keys)})"
    or_what = r.choice(["", "", "OR REPLACE", "OR REPLACE", "OR IGNORE", "OR ABORT", "OR ROLLBACK", "OR FAIL"])
    names = ", ".join(columns)
    # Of several rows one may replace another, or what another refers to: that ends as their order wants.
    replaces = or_what == "OR REPLACE"
    one = f"id = {r.choice(keys)}"
    some = one if replaces or not of_rowid else r.choice([one, f"email = {r.choice(values['email'])}", "n > 0", "1"])
    kind = r.randrange(10)
    if kind < 4:
        rows = ", ".join(row() for _ in range(1 if replaces else r.choice([1, 1, 2, 3])))
        sql = f"INSERT {or_what} INTO % ({names}) VALUES {rows}"
        if kind == 3:
            sql += " ON CONFLICT (id) DO UPDATE SET a = excluded.a, email = excluded.email"
            return sql + r.choice(["", " WHERE excluded.a IS NOT 'v'"])
    elif kind < 8:
        changed = r.sample(columns, r.choice([1, 1, 2, 3]))
        sql = f"UPDATE {or_what} % SET " + ", ".join(f"{column} = {r.choice(values[column])}" for column in changed)
        sql += f" WHERE {one if 'id' in changed else some}"
    elif kind == 8:
        sql = f"DELETE FROM % WHERE {some}"
    else:
        sql = f"INSERT {or_what} INTO % ({names}) SELECT {names} FROM % WHERE {one}"
    return sql + r.choice(["", " RETURNING id, a"])


def outcome(connection, sql):
    """What it returns, changes and, of an INSERT, gives as an id; or that it is refused."""
    try:
        rows = sorted(map(str, connection.execute(sql).fetchall()))
    except sqlite3.Error as error:
        # SQLite takes the row itself for one that stands in the way, where foreign keys look on.
        wrongly = "UNIQUE" in str(error) and sql.startswith("UPDATE OR REPLACE")
        return "wrongly refused" if wrongly else "refused"
    changes, row_id = connection.execute("SELECT changes(), last_insert_rowid()").fetchone()
    inserts = sql.startswith("INSERT") and "DO UPDATE" not in sql
    return rows, changes, row_id if inserts and changes else None


def held(connection, sql):
    return sorted(map(str, connection.execute(sql).fetchall()))


class Same(OffxTest):
    def start_from(self, table):
        """The table in a database of its own where its next version lives too, and in one where that stands alone."""
        connection = sqlite3.connect(self.db)
        connection.executescript(table.script())
        connection.close()
        self.offx("migrate", "start", self.write("m.toml", table.migration()))
        both = self.copy()
        self.offx("migrate", "complete", "--yes")
        completed = self.copy()
        for file in self.folder.glob(self.db.name + "*"):
            file.unlink()
        return both, completed

    def copy(self):
        connection = sqlite3.connect(self.db)
        copy = sqlite3.connect(":memory:")
        connection.backup(copy)
        connection.close()
        return copy

    def tell(self, start, table, names, seed):
        r = random.Random(seed)
        alone = sqlite3.connect(":memory:", isolation_level=None)
        alone.executescript(table.script())
        versions = sqlite3.connect(":memory:", isolation_level=None)
        start.backup(versions)
        for connection in (alone, versions):
            connection.execute(f"PRAGMA foreign_keys = {int(table.enforced)}")
        told = []
        for _ in range(STATEMENTS):
            sql = statement(r, table)
            name = r.choice(names + (["v"] if table.view else []))

            def on(name):
                return re.sub(r"\bB\b", table.b(name), sql.replace("%", name))

            told.append(on(name))
            story = f"-- {names}\n" + table.script() + ";\n".join(told)
            if table.demands:
                outcome(versions, on(name))
                rows = [held(versions, f"SELECT {', '.join(table.shared(each))} FROM {each}") for each in names]
                self.assertEqual(rows[0], rows[1], story)
                continue
            expected = outcome(alone, on("v" if name == "v" else "t"))
            if expected == "wrongly refused":  # which the other version need not be
                told.pop()
                continue
            if table.enforced and alone.execute("PRAGMA foreign_key_check").fetchall():
                return  # SQLite lets a row refer to one that it has just replaced; both versions together do not
            given = outcome(versions, on(name))
            if table.triggers == "ignore" and "DO UPDATE" in sql:  # which may be counted where nothing changes
                expected, given = expected == "refused", given == "refused"
            elif table.key != "INTEGER":  # each version has rowids of its own
                expected, given = expected[:2], given[:2]
            self.assertEqual(given, expected, story)
            for what in ["SELECT what FROM log", *(["SELECT * FROM child"] if table.child else [])]:
                self.assertEqual(held(versions, what), held(alone, what), story)
            rows = held(alone, f"SELECT {', '.join(table.shared('t'))} FROM t")
            for each in names:
                self.assertEqual(held(versions, f"SELECT {', '.join(table.shared(each))} FROM {each}"), rows, story)

    def test_statements_do_what_they_do_on_one_table(self):
        for seed in SEEDS:
            table = Table(seed)
            both, completed = self.start_from(table)
            for story in range(STORIES):
                with self.subTest(seed=seed, story=story):
                    self.tell(both, table, ["t", "t_v2"], f"{seed}/{story}")
            if table.view and not table.demands:
                with self.subTest(seed=seed, story="completed"):
                    self.tell(completed, table, ["t_v2"], f"{seed}/completed")


SEEDS = range(1, TABLES + 1)
if __name__ == "__main__":
    if len(sys.argv) > 1:
        first, count = int(sys.argv.pop(1)), int(sys.argv.pop(1)) if len(sys.argv) > 1 else 1
        SEEDS = range(first, first + count)
    unittest.main()
