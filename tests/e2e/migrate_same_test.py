"""Random statements on tables whose next versions live beside them, through both, and on the same tables alone: what
they return and change, what they are refused, and what triggers and other tables see of them is the same. One family of
schemas has a table in the migration, with a child outside of it (`Table`), the other parents and children (`Kin`).

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

    names = ["t", "t_v2"]

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
        self.sees_more = self.itself == "CASCADE"
        if self.sees_more and self.triggers == "note":
            self.triggers = "change"
        self.conflict = r.choice(["", "", " ON CONFLICT IGNORE", " ON CONFLICT ROLLBACK"])
        self.needed = r.choice(["", " NOT NULL DEFAULT 'd'", " NOT NULL ON CONFLICT REPLACE DEFAULT 'd'"])
        self.check = r.random() < 0.3
        self.generated = r.random() < 0.2
        self.view = r.random() < 0.4
        # What one version alone demands, which the control does not: then only both versions are compared.
        self.demands = r.choice(["", "", "", "CHECK (n < 3)", "CHECK (a || email <> 'ue1')", "UNIQUE (a)", "lower(a)",
                                 "more AS (lower(a)) UNIQUE", "CHECK (id NOT IN (5, 'z'))", "NOT NULL"])
        if self.triggers == "fail" and self.demands:
            self.triggers = "ignore"  # plan refuses a DELETE that fails where REPLACE may need it
        self.demanding = r.choice(["t", "t_v2"])
        # A row that refers to one which is not there may not be replaced by that (ON DELETE CASCADE).
        self.enforced = r.random() < 0.7 or self.itself == "CASCADE"
        self.is_told_completed = self.view and not self.demands

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

    def load(self, connection):
        connection.executescript(self.script())

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
                      + ("" if self.sees_more else "CREATE TRIGGER u_stays BEFORE DELETE ON t BEGIN "
                         "SELECT RAISE (IGNORE) WHERE OLD.a = 'u'; END;\n"),
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

    def migrations(self):
        successor = f'complete = """\n{self.view_of("t_v2")}"""\n' if self.view and self.renamed else ""
        rename = '[table.rename]\nb = "bb"\n' if self.renamed else ""
        return [f'name = "m"\n[[table]]\nfrom = "t"\nto = "t_v2"\ncreate = """\n{self.create("t_v2")}"""\n'
                f'{successor}{rename}']

    def b(self, name):
        return "bb" if self.renamed and name == "t_v2" else "b"

    def shared(self, name):
        """The columns that both versions have."""
        return ["id", "a", self.b(name), "email", "n"] + (["up"] if self.itself else [])

    def statement(self, r, names):
        """One for the table alone, and the same through one of its versions or its view."""
        sql = self.template(r)
        name = r.choice(names + (["v"] if self.view else []))

        def on(name):
            return re.sub(r"\bB\b", self.b(name), sql.replace("%", name))

        return on("v" if name == "v" else "t"), on(name)

    def template(self, r):
        """A statement on the table `%`, whose column b is `B`."""
        of_rowid = self.key == "INTEGER"
        keys = ["1", "2", "3", "4", "5"] if of_rowid else ["'x'", "'y'", "'z'", "'X'", "'Y'"]
        values = {"id": keys, "a": ["'u'", "'v'", "'w'", "NULL"], "B": ["'u'", "'v'", "'w'", "NULL"],
                  "email": ["'e1'", "'e2'", "'e3'", "'E1'", "NULL"], "n": ["0", "1", "2", "3", "-1", "NULL"],
                  "up": ["NULL", *keys]}
        columns = [column.replace("b", "B") for column in self.shared("t")]

        def row():
            return "(" + ", ".join(r.choice(values[column]) for column in columns) + ")"

        if self.child and r.random() < 0.1:
            return f"INSERT OR REPLACE INTO child (id, t) VALUES ({r.randrange(1, 5)}, {r.choice(keys)})"
        or_what = r.choice(["", "", "OR REPLACE", "OR REPLACE", "OR IGNORE", "OR ABORT", "OR ROLLBACK", "OR FAIL"])
        names = ", ".join(columns)
        # Of several rows one may replace another, or what another refers to: that ends as their order wants.
        replaces = or_what == "OR REPLACE"
        one = f"id = {r.choice(keys)}"
        some = [one, f"email = {r.choice(values['email'])}", "n > 0", "1"]
        some = one if replaces or not of_rowid or self.conflict else r.choice(some)
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

    def comparable(self, result, sql):
        """What of it both versions promise."""
        if self.triggers == "ignore" and "DO UPDATE" in sql:  # which may be counted where nothing changes
            return result == "refused"
        return result if self.key == "INTEGER" else result[:2]  # each version has rowids of its own

    def looks(self, names):
        """What to look at: of the table alone, and of its versions."""
        looks = [("SELECT what FROM log", ["SELECT what FROM log"])]
        if self.child:
            looks.append(("SELECT * FROM child", ["SELECT * FROM child"]))
        of = {name: f"SELECT {', '.join(self.shared(name))} FROM {name}" for name in ["t", *names]}
        return [*looks, (of["t"], [of[name] for name in names])]


OLD, NEW, LAST = SIDES = 0, 1, 2  # the last version, where there is one, has the columns of the first
INTEGERS = ["1", "2", "3", "4"]
TEXTS = ["'x'", "'y'", "'z'"]
ACTIONS = ["CASCADE", "SET NULL", "SET DEFAULT", "RESTRICT", "NO ACTION"]


class Column:
    """A column of an old version and what it becomes: itself, another name, cents, a number, or two of them."""

    def __init__(self, name, values, declared="", default="", becomes="same"):
        self.name, self.values, self.declared, self.default, self.becomes = name, values, declared, default, becomes
        self.is_plain = becomes in ("same", "renamed")
        self.kind = ["INTEGER" if values[0].isdigit() else "TEXT"] * len(SIDES)
        if becomes == "number":
            self.kind[NEW] = "INTEGER"

    def names(self, side):
        if side != NEW or self.becomes in ("same", "number"):
            return [self.name]
        return [f"{self.name}_1", f"{self.name}_2"] if self.becomes == "split" else [f"new_{self.name}"]

    def literals(self, side, value):
        """What is written for a value of the old version to each of these."""
        if side != NEW or self.is_plain:
            return [value]
        if self.becomes == "split":
            return [value] * 2 if value == "NULL" else [f"'{part}'" for part in value.strip("'").split()]
        return [value if value == "NULL" else value + "00" if self.becomes == "cents" else value.strip("'")]

    def read(self, side, row=""):
        """What the old version has for a row of this one."""
        names = [row + name for name in self.names(side)]
        how = {"cents": "{0} / 100", "number": "CAST({0} AS TEXT)", "split": "{0} || ' ' || {1}"}
        return names[0] if side != NEW or self.is_plain else how[self.becomes].format(*names)

    def declare(self, side):
        defaults = self.literals(side, self.default) if self.default else []
        return [f"{name} {self.kind[side]}{self.declared}" + "".join(f" DEFAULT {value}" for value in defaults[i:i + 1])
                for i, name in enumerate(self.names(side))]

    def mappings(self):
        """Lines of [table.up] and [table.down] of the new version."""
        if self.is_plain:
            return [], []
        n = self.name
        up = {"cents": [f"{n} * 100"], "number": [f"CAST({n} AS INTEGER)"],
              "split": [f"substr({n}, 1, instr({n}, ' ') - 1)", f"substr({n}, instr({n}, ' ') + 1)"]}[self.becomes]
        return [f'{name} = "{how}"' for name, how in zip(self.names(NEW), up)], [f'{n} = "{self.read(NEW)}"']


def named(columns, side, row=""):
    return [row + name for column in columns for name in column.names(side)]


def given(columns, values, side):
    return [literal for column, value in zip(columns, values) for literal in column.literals(side, value)]


def equal(names, others, between=" AND "):
    return between.join(f"{name} = {other}" for name, other in zip(names, others))


class Kin:
    """A table of a Family."""

    def __init__(self, r, name, parents, is_outside=False):
        self.names = [name] * len(SIDES) if is_outside else [name, name + "_v2", name + "_v3"]
        self.is_outside = is_outside
        kinds = ["integer", "integer", "autoincrement", "text", "nocase", "two"] + ["of_parent"] * len(parents[:1])
        key = r.choice(kinds)
        self.autoincrement = " AUTOINCREMENT" if key == "autoincrement" else ""
        self.references = [self.reference(r, parent, key == "of_parent" and i == 0) for i, parent in enumerate(parents)]

        def becomes(*more):
            return "same" if is_outside else r.choice(["same", "same", "renamed", *more])

        if key in ("integer", "autoincrement"):
            self.key = [Column("id", INTEGERS, becomes=becomes())]
        elif key in ("text", "nocase"):
            nocase = " COLLATE NOCASE" if key == "nocase" else ""
            values = ["'x'", "'y'", "'X'"] if nocase else TEXTS
            self.key = [Column("id", values, nocase + " NOT NULL", becomes=becomes())]
        else:
            first = [Column("k", INTEGERS[:2], " NOT NULL", becomes=becomes())]
            first = self.references[0][0] if key == "of_parent" else first
            self.key = [*first, Column("m", TEXTS[:2], " NOT NULL", becomes=becomes())]
        self.a = Column("a", ["'u'", "'v'", "'w'", "NULL"], *r.choice(
            [("", ""), (" NOT NULL", "'u'"), (" NOT NULL ON CONFLICT REPLACE", "'u'")]), becomes())
        self.n = Column("n", ["0", "1", "2", "NULL"], *r.choice([("", ""), (" NOT NULL", "0")]),
                        becomes("cents", "cents"))
        self.email = Column("email", ["'e1'", "'e2'", "'E1'", "NULL"], r.choice(["", " COLLATE NOCASE"]),
                            becomes=becomes())
        last = Column("x", ["'1 2'", "'1 1'", "NULL"], becomes="same" if is_outside else "split")
        if r.random() < 0.5:
            last = Column("x", ["'1'", "'2'", "NULL"], becomes="same" if is_outside else "number")
        references = [column for columns, *_ in self.references for column in columns if column not in self.key]
        self.columns = [*self.key, *references, self.a, self.n, self.email, last]
        self.uniques = []
        of_references = [[*columns, self.a] for columns, *_ in self.references]
        for some in [self.email], [self.email, self.a], [self.n], [last], *of_references:
            if r.random() < 0.2:
                self.uniques.append((some, r.choice(["", "", "", " ON CONFLICT IGNORE", " ON CONFLICT REPLACE"])))
        self.says = "".join(conflict for _, conflict in self.uniques)
        self.unique_index = r.choice([None, None, None, ("lower({0})", ""), ("{0}", " WHERE {1} IS NOT NULL")])
        without_rowid = not self.of_rowid and r.random() < 0.4
        self.options = [", ".join(["WITHOUT ROWID"] * without_rowid + ["STRICT"] * (r.random() < 0.3)) for _ in SIDES]

    def reference(self, r, parent, is_key):
        """(columns, the parent, its columns, what it says of them)"""
        others = [unique for unique, _ in parent.uniques if len(unique) == 1 and
                  unique[0].becomes in (["same"] if self.is_outside else ["same", "renamed", "cents", "number"])]
        to = r.choice(others) if others and not is_key and r.random() < 0.2 else parent.key
        actions = [action for action in ["", "CASCADE", *ACTIONS] if not is_key or action != "SET NULL"]
        deletes, updates = r.choice(actions), r.choice(actions if to is parent.key else [""])
        says = (f" ON DELETE {deletes}" if deletes else "") + (f" ON UPDATE {updates}" if updates else "")
        name = "same" if self.is_outside else r.choice(["same", "renamed"])
        columns = []
        for i, column in enumerate(to):
            values = [value for value in column.values if value != "NULL"]
            declared = (" COLLATE NOCASE" if "NOCASE" in column.declared else "") + (" NOT NULL" if is_key else "")
            columns.append(Column(f"{parent.names[OLD]}_{i}", values if is_key else [*values, "NULL"], declared,
                                  r.choice(["", r.choice(values)]), name if column.is_plain else column.becomes))
        return columns, parent, to, says + r.choice(["", "", " DEFERRABLE INITIALLY DEFERRED"])

    @property
    def of_rowid(self):
        return len(self.key) == 1 and self.key[0].kind[OLD] == "INTEGER"

    def create(self, side):
        lines = [line for column in self.columns for line in column.declare(side)]
        if self.of_rowid:
            lines[0] += " PRIMARY KEY" + self.autoincrement
        else:
            lines.append(f"PRIMARY KEY ({', '.join(named(self.key, side))})")
        if not self.is_outside:
            lines.insert(len(self.columns), f"of_{side} TEXT DEFAULT '-'")
        lines += [f"UNIQUE ({', '.join(named(unique, side))}){conflict}" for unique, conflict in self.uniques]
        for columns, parent, to, says in self.references:
            lines.append(f"FOREIGN KEY ({', '.join(named(columns, side))}) REFERENCES {parent.names[side]} "
                         f"({', '.join(named(to, side))}){says}")
        created = f"CREATE TABLE {self.names[side]} (" + ",\n  ".join(lines) + f") {self.options[side]};\n"
        if self.unique_index:
            of, where = (part.format(self.email.names(side)[0], self.a.names(side)[0]) for part in self.unique_index)
            created += f"CREATE UNIQUE INDEX {self.names[side]}_i ON {self.names[side]} ({of}){where};\n"
        return created

    def migration(self, side, successors):
        up, down = ("\n".join(line for column in self.columns for line in column.mappings()[i]) for i in (0, 1))
        rename = [(c.name, c.names(NEW)[0]) for c in self.columns if c.becomes == "renamed"]
        if side == LAST:
            up, down, rename = down, up, [names[::-1] for names in rename]
        rename = ", ".join(f'{name} = "{new_name}"' for name, new_name in rename)
        return (f'[[table]]\nfrom = "{self.names[side - 1]}"\nto = "{self.names[side]}"\ncreate = """\n'
                f'{self.create(side)}"""\ncomplete = """\n{successors}"""\n'
                f'rename = {{ {rename} }}\n[table.up]\n{up}\n[table.down]\n{down}\n')

    def rows(self, side):
        return f"SELECT {', '.join(column.read(side) for column in self.columns)} FROM {self.names[side]}"

    def triggers(self, r):
        """Those of the user's, each as its texts on all versions."""
        kind = r.choice(["", "", "note", "ignore", "change", "count"])
        # DELETE triggers see more of new code's REPLACE than on one table.
        if not all(column.is_plain for unique, _ in self.uniques for column in unique) or len(self.uniques) > 2:
            kind = "change"

        def trigger(event, does, when=""):
            return [f"CREATE TRIGGER {self.names[OLD]}_{event.split()[1]} {event} ON {self.names[side]} "
                    + (f"WHEN {when.format(self.a.names(side)[0])} " if when else "") + f"BEGIN {does(side)}; END;\n"
                    for side in SIDES]

        def note(row):
            return lambda side: f"INSERT INTO log VALUES ({' || '.join(named(self.key, side, row))})"

        def change(side):
            where = equal(named(self.key, side), named(self.key, side, "NEW."))
            return f"UPDATE {self.names[side]} SET {self.a.names(side)[0]} = 'w' WHERE {where}"

        def ignore(side):
            return "SELECT RAISE (IGNORE)"

        def count(row, sign):
            columns, parent, to, _ = self.references[0]

            def add(side):
                n, by = parent.n.names(side)[0], parent.n.literals(side, "1")[0]
                where = equal(named(to, side), named(columns, side, row))
                return f"UPDATE {parent.names[side]} SET {n} = {n} {sign} {by} WHERE {where}"

            return add

        if kind == "note":
            return [trigger("AFTER INSERT", note("NEW.")),
                    trigger("AFTER UPDATE", note("NEW."), "NEW.{0} IS NOT OLD.{0}"),
                    trigger(r.choice(["BEFORE", "AFTER"]) + " DELETE", note("OLD."))]
        if kind == "ignore":
            return [trigger("BEFORE INSERT", ignore, "NEW.{0} = 'v'"),
                    trigger("BEFORE DELETE", ignore, "OLD.{0} = 'u'")]
        if kind == "change":
            return [trigger("AFTER INSERT", change, "NEW.{0} = 'u'")]
        counted = [parent.n for _, parent, *_ in self.references[:1]
                   if all(parent.n not in unique for unique, _ in parent.uniques)]
        if kind == "count" and counted:
            return [trigger("AFTER INSERT", count("NEW.", "+")), trigger("AFTER DELETE", count("OLD.", "-"))]
        return []


class Family:
    """Parents, children and grandchildren in one migration or a chain, and perhaps a child outside of it."""

    demands = ""
    is_told_completed = True

    def __init__(self, seed):
        r = random.Random(seed)
        self.kin = []
        for name in r.choice(["pc", "pc", "pcg", "pqc", "pqcg"]):
            parents = self.kin[:] if name in "cg" else []
            self.kin.append(Kin(r, name, parents[-1:] if name == "g" and r.random() < 0.5 else parents))
        self.everybody = list(self.kin)
        parents = [kin for kin in self.kin if all(column.becomes == "same" for column in kin.key)]
        if parents and r.random() < 0.3:
            self.everybody.append(Kin(r, "o", [r.choice(parents)], True))
        self.triggers = [(kin, kin.triggers(r)) for kin in self.kin]
        self.ignoring = [kin for kin, triggers in self.triggers if triggers and "RAISE" in triggers[0][OLD]]
        self.names = SIDES if r.random() < 0.3 and not self.ignoring else SIDES[:LAST]
        self.enforced = r.random() < 0.8
        self.rows = [self.insert(r, r.choice(self.everybody), "", 1)[OLD] for _ in range(r.choice([0, 15]))]

    def script(self):
        return ("".join(kin.create(OLD) for kin in self.everybody) + "CREATE TABLE log (what);\n"
                + "".join(texts[OLD] for _, triggers in self.triggers for texts in triggers))

    def load(self, connection):
        connection.executescript(self.script())
        connection.execute("PRAGMA foreign_keys = 1")
        for row in self.rows:
            outcome(connection, row)

    def migrations(self):
        return [f'name = "m{side}"\n' + "".join(
            kin.migration(side, "".join(texts[side] for texts in triggers)) for kin, triggers in self.triggers)
            for side in self.names[1:]]

    def statement(self, r, sides):
        """One for the old tables alone, and the same through one of the versions."""
        texts = self.texts(r)
        return texts[OLD], texts[r.choice(sides)]

    def texts(self, r):
        """A statement on each version."""
        if r.random() < 0.06:
            return [r.choice(["BEGIN", "COMMIT", "COMMIT", "ROLLBACK", "SAVEPOINT s", "SAVEPOINT s", "ROLLBACK TO s",
                              "RELEASE s", "PRAGMA foreign_keys = 0", "PRAGMA foreign_keys = 1"])] * len(SIDES)
        kin = r.choice(self.everybody)
        or_what = r.choice(["", "", "", "OR REPLACE", "OR REPLACE", "OR IGNORE", "OR ABORT", "OR ROLLBACK", "OR FAIL"])
        # Of several rows one may replace another, or what another refers to: that ends as their order wants.
        replaces = or_what == "OR REPLACE" or "REPLACE" in kin.says
        in_order = replaces or not kin.of_rowid and (or_what in ("OR IGNORE", "OR FAIL") or kin.says)
        kind = r.randrange(20)
        if kind < 8:
            texts = self.insert(r, kin, or_what, 1 if replaces else r.choice([1, 1, 2, 3]))
            if kind == 7 and "REPLACE" not in kin.says:
                texts = [text + upsert for text, upsert in zip(texts, self.upsert(r, kin))]
        elif kind < 13:
            columns = [r.choice(kin.key)] if kind == 12 else r.sample(kin.columns, r.choice([1, 1, 2, 3]))
            values = [r.choice(column.values) for column in columns]
            where = self.where(r, kin, in_order or any(column in kin.key for column in columns))
            texts = [f"UPDATE {or_what} {kin.names[side]} SET "
                     f"{equal(named(columns, side), given(columns, values, side), ', ')} WHERE {where[side]}"
                     for side in SIDES]
        elif kind < 16:
            where = self.where(r, kin, False)
            texts = [f"DELETE FROM {kin.names[side]} WHERE {where[side]}" for side in SIDES]
        elif kind < 18 and kin.references:
            texts = self.from_parents(r, kin, or_what, replaces, in_order, kind == 16)
        else:
            key, where = [r.choice(column.values) for column in kin.key], self.where(r, kin, True)
            others = [column for column in kin.columns if column not in kin.key]
            texts = [f"INSERT {or_what} INTO {kin.names[side]} ({', '.join(named(kin.key + others, side))}) SELECT "
                     f"{', '.join(given(kin.key, key, side) + named(others, side))} FROM {kin.names[side]} "
                     f"WHERE {where[side]}" for side in SIDES]
        if r.random() < 0.3:
            texts = [text + " RETURNING " + ", ".join(column.read(side) for column in kin.columns)
                     for side, text in enumerate(texts)]
        return texts

    def insert(self, r, kin, or_what, count):
        columns = [column for column in kin.columns if column in kin.key or r.random() < 0.85]
        if kin.of_rowid and not kin.autoincrement and r.random() < 0.25:  # an ignored row uses up an id of one version
            columns = columns[1:] or [kin.a]
        rows = [[r.choice(column.values) for column in columns] for _ in range(count)]
        return [f"INSERT {or_what} INTO {kin.names[side]} ({', '.join(named(columns, side))}) VALUES "
                + ", ".join(f"({', '.join(given(columns, row, side))})" for row in rows) for side in SIDES]

    def upsert(self, r, kin):
        texts = [""] * len(SIDES)
        targets = [kin.key] + [unique for unique, _ in kin.uniques]
        for target in r.sample(targets, min(len(targets), r.choice([1, 1, 2, 3]))):
            changed = [column for column in r.sample(kin.columns, 2) if column not in kin.key] or [kin.a]
            does = r.choice(["NOTHING", *["UPDATE SET {0}"] * 2, "UPDATE SET {0} WHERE excluded.{1} IS NOT 'v'"])
            for side in SIDES:
                sets = ", ".join(f"{name} = excluded.{name}" for name in named(changed, side))
                texts[side] += (f" ON CONFLICT ({', '.join(named(target, side))}) DO "
                                + does.format(sets, kin.a.names(side)[0]))
        return texts

    def where(self, r, kin, is_one):
        """Of one row, or perhaps of several."""
        if not is_one and r.random() < 0.1:
            return ["1"] * len(SIDES)
        columns = kin.key if is_one or r.random() < 0.5 else [r.choice(kin.columns)]
        values = [r.choice([value for value in column.values if value != "NULL"]) for column in columns]
        return [equal([column.read(side, kin.names[side] + ".") for column in columns], values) for side in SIDES]

    def from_parents(self, r, kin, or_what, replaces, in_order, updates):
        """INSERT … SELECT from a parent, or UPDATE … FROM it."""
        columns, parent, to, _ = r.choice(kin.references)
        where = self.where(r, parent, replaces or r.random() < 0.5)
        which = self.where(r, kin, True) if in_order else ["1"] * len(SIDES)
        others = [column for column in kin.columns if column not in columns and (column in kin.key or r.random() < 0.8)]
        values = [r.choice(column.values) for column in others]
        texts = []
        for side in SIDES:
            name, of = kin.names[side], parent.names[side]
            to_names = named(to, side, of + ".")
            if updates:
                refers = equal(named(columns, side, name + "."), to_names)
                texts.append(f"UPDATE {or_what} {name} SET {kin.a.names(side)[0]} = {of}.{parent.a.names(side)[0]} "
                             f"FROM {of} WHERE {refers} AND {where[side]} AND {which[side]}")
            else:
                texts.append(f"INSERT {or_what} INTO {name} ({', '.join(named(columns + others, side))}) SELECT "
                             f"{', '.join(to_names + given(others, values, side))} FROM {of} WHERE {where[side]} "
                             f"ORDER BY {', '.join(column.read(side) for column in parent.key)}")
        return texts

    def comparable(self, result, sql):
        """What of it both versions promise."""
        written = re.search(r"(?:INTO|UPDATE(?: OR \w+)?|FROM)\s+(\w+)", sql)
        kin = next((kin for kin in self.everybody if written and written[1] in kin.names), None)
        if kin in self.ignoring and "DO UPDATE" in sql:  # which may be counted where nothing changes
            return result == "refused"
        return result if kin and kin.of_rowid else result[:2]  # each version has rowids of its own

    def looks(self, sides):
        """What to look at: of the old tables alone, and of the versions."""
        looks = [("SELECT what FROM log", ["SELECT what FROM log"])]
        for kin in self.everybody:
            looks.append((kin.rows(OLD), [kin.rows(side) for side in (sides if not kin.is_outside else [OLD])]))
        return looks


def outcome(connection, sql):
    """What it returns, changes and, of an INSERT, gives as an id; or that it is refused."""
    try:
        rows = sorted(map(str, connection.execute(sql).fetchall()))
    except sqlite3.Error as error:
        # SQLite takes the row itself for one that stands in the way, where foreign keys look on.
        wrongly = "UNIQUE" in str(error) and sql.startswith("UPDATE OR REPLACE")
        return "wrongly refused" if wrongly else "refused"
    if sql.split()[0] not in ("INSERT", "REPLACE", "UPDATE", "DELETE"):
        return rows, 0, None  # changes() is of a statement before, which only one of both may have been told
    changes, row_id = connection.execute("SELECT changes(), last_insert_rowid()").fetchone()
    inserts = sql.startswith("INSERT") and "DO UPDATE" not in sql
    return rows, changes, row_id if inserts and changes else None


def is_enforced(connection):
    return connection.execute("PRAGMA foreign_keys").fetchone()[0]


def held(connection, sql):
    return sorted(map(str, connection.execute(sql).fetchall()))


class Same(OffxTest):
    def start_from(self, schema):
        """Its tables alone, in a database where their next versions live too, and in one where those stand alone."""
        connection = sqlite3.connect(self.db, isolation_level=None)
        schema.load(connection)
        connection.close()
        alone = self.copy()
        for migration in schema.migrations():
            self.offx("migrate", "start", self.write("m.toml", migration))
        both = self.copy()
        for migration in schema.migrations():
            self.offx("migrate", "complete", "--yes", migration.split('"')[1])
        completed = self.copy()
        for file in self.folder.glob(self.db.name + "*"):
            file.unlink()
        return alone, both, completed

    def copy(self):
        connection = sqlite3.connect(self.db)
        copy = sqlite3.connect(":memory:")
        connection.backup(copy)
        connection.close()
        return copy

    def tell(self, starts, schema, names, seed):
        r = random.Random(seed)
        alone, versions = (sqlite3.connect(":memory:", isolation_level=None) for _ in starts)
        for connection, start in zip((alone, versions), starts):
            start.backup(connection)
            connection.execute(f"PRAGMA foreign_keys = {int(schema.enforced)}")
        told = []
        for _ in range(STATEMENTS):
            plain, sql = schema.statement(r, names)
            told.append(sql)
            story = f"-- {names}\n" + schema.script() + ";\n".join(told)
            looks = schema.looks(names)
            if schema.demands:
                outcome(versions, sql)
                rows = [held(versions, look) for look in looks[-1][1]]
                self.assertEqual(rows[0], rows[1], story)
                continue
            expected = outcome(alone, plain)
            if expected == "wrongly refused":  # which the other version need not be
                told.pop()
                continue
            if is_enforced(alone) and not alone.in_transaction and alone.execute("PRAGMA foreign_key_check").fetchall():
                return  # SQLite lets a row refer to one that it has just replaced; both versions together do not
            miscounted = expected == "refused" and plain == "COMMIT" and is_enforced(alone)
            if miscounted and not alone.execute("PRAGMA foreign_key_check").fetchall():
                return  # SQLite counts references to nothing wrongly now and then: there is none
            given = outcome(versions, sql)
            self.assertEqual(schema.comparable(given, sql), schema.comparable(expected, sql), story)
            self.assertEqual(versions.in_transaction, alone.in_transaction, story)
            for of_alone, of_versions in looks:
                rows = held(alone, of_alone)
                for look in of_versions:
                    self.assertEqual(held(versions, look), rows, story)

    def tell_of(self, make, seeds):
        for seed in seeds:
            schema = make(seed)
            alone, both, completed = self.start_from(schema)
            for story in range(STORIES):
                with self.subTest(seed=seed, story=story):
                    self.tell((alone, both), schema, schema.names, f"{seed}/{story}")
            if schema.is_told_completed:
                with self.subTest(seed=seed, story="completed"):
                    self.tell((alone, completed), schema, schema.names[-1:], f"{seed}/completed")

    def test_statements_on_one_table(self):
        self.tell_of(Table, SEEDS)

    def test_statements_on_tables_that_refer_to_each_other(self):
        self.tell_of(Family, SEEDS)


SEEDS = range(1, TABLES + 1)
if __name__ == "__main__":
    if len(sys.argv) > 1:
        first, count = int(sys.argv.pop(1)), int(sys.argv.pop(1)) if len(sys.argv) > 1 else 1
        SEEDS = range(first, first + count)
    unittest.main()
