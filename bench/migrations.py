"""The part of bench/run about migrations: migrate_bench beside the tools that rebuild a table in one go."""
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import time

# Debian's python3 has the package alembic; the script is run by it, whatever python3 runs the benchmarks.
DEBIAN_PYTHON = "/usr/bin/python3"
ALEMBIC = """
import sys
import sqlalchemy
from alembic.migration import MigrationContext
from alembic.operations import Operations
engine = sqlalchemy.create_engine("sqlite:///" + sys.argv[1], connect_args={"timeout": 60})
with engine.begin() as connection:
    operations = Operations(MigrationContext.configure(connection))
    with operations.batch_alter_table("posts_v1", recreate="always") as table:
        table.alter_column("author", server_default="")
"""
STALLS_MS = (10, 50, 500)
MEMORY = "/dev/shm"
GOALS = {10: "p99 < 15 ms, worst < 60 ms, ≥ 12,000 rows/s", 500: "whole time < 2 times the blocking copy's"}
# Of the same reads without a migration: beside nobody, or beside the same writer.
READS_GOAL = "reads ≤ 1.5 times"


def say(text):
    print("== " + text, file=sys.stderr, flush=True)


def settle():
    """What was written and deleted before is not to be measured."""
    os.sync()
    time.sleep(2)


class Bench:
    def __init__(self, program, work, base):
        self.program, self.base = program, base
        self.copy = os.path.join(work, "migrated.db")

    def run(self, command, *options):
        settle()
        output = subprocess.run([self.program, command, self.base, self.copy, *options], check=True, stdout=subprocess.PIPE,
                                text=True).stdout
        return json.loads(output)

    def remove_copy(self):
        for suffix in ("", "-wal", "-shm"):
            if os.path.exists(self.copy + suffix):
                os.remove(self.copy + suffix)

    def run_tool(self, *command):
        """Another tool on a copy, with our writer beside it."""
        self.remove_copy()
        shutil.copyfile(self.base, self.copy)
        settle()
        writer = subprocess.Popen([self.program, "write", self.copy], stdout=subprocess.PIPE, text=True)
        time.sleep(1)
        started = time.monotonic()
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        seconds = time.monotonic() - started
        writer.send_signal(signal.SIGTERM)
        output, _ = writer.communicate()
        return {"seconds": seconds, "failed": done.stderr.strip().splitlines()[-1:] if done.returncode else [],
                "writes": json.loads(output)}


def median(reports, *path):
    values = []
    for report in reports:
        for name in path:
            report = report[name]
        values.append(report)
    return statistics.median(values)


def waits(reports):
    if "writes" not in reports[0]:
        return ""
    worst = [report["writes"]["worst"] for report in reports]
    text = " / ".join(f"{median(reports, 'writes', name):,.1f}" for name in ("p50", "p95", "p99"))
    text += f" / {statistics.median(worst):,.0f}"
    if len(worst) > 1:
        text += f" (at most {max(worst):,.0f})"
    if "worst_beside_disk" in reports[0]["writes"]:
        beside = max(report["writes"]["worst_beside_disk"] for report in reports)
        text += f"; {beside:,.0f} without the disk's {max(report['disk']['worst'] for report in reports):,.0f}"
    refused = max(report["writes"]["refused"] for report in reports)
    return text + (f"; {refused} refused" if refused else "")


def reads(reports):
    """The last is compared with the one before it."""
    names = [name for name in ("reads_alone", "reads_beside_writer", "reads") if name in reports[0]]
    times = [(median(reports, name, "p50"), median(reports, name, "p95")) for name in names]
    ratios = (during / before for before, during in zip(times[-2], times[-1]))
    return (" → ".join(f"{p50:.2f} / {p95:.2f}" for p50, p95 in times) + " (" +
            " / ".join(f"{ratio:.1f}" for ratio in ratios) + " times)")


def overhead_table(report):
    text = ("| kind of write | alone: before | both live | ratio | in batches of 100: before | both live | ratio |\n"
            "| --- | --- | --- | --- | --- | --- | --- |\n")
    for kind, before in report["before"].items():
        live = report["both_live"][kind]
        cells = [kind]
        for way in ("single", "batched"):
            cells += [f"{before[way]:,.0f}/s", f"{live[way]:,.0f}/s", f"{live[way] / before[way]:.2f}"]
        text += "| " + " | ".join(cells) + " |\n"
    return text


def online(bench, repeated, where_it_is):
    text = ""
    for stall in STALLS_MS:
        for writer, where in (("same", "the same process"), ("other", "another process"), ("none", "none")):
            results = repeated(f"--max-stall {stall}ms{where_it_is}, writer: {where}",
                               lambda stall=stall, writer=writer: bench.run("migrate", str(stall), writer))
            text += (f"| `--max-stall {stall}ms`{where_it_is} | {where} | {median(results, 'rows_per_second'):,.0f} | "
                     f"{median(results, 'seconds'):.1f} s | {waits(results)} | {median(results, 'log_mb'):,.0f} MB | "
                     f"{reads(results)} | {', '.join(filter(None, (writer != 'none' and GOALS.get(stall), READS_GOAL)))} |\n")
    return text


def report(program, work, posts, repeat):
    """The section of docs/benchmarks.md; `posts` is a file of JSON Lines."""
    base = os.path.join(work, "migration-base.db")
    say("Migrations: the table")
    subprocess.run([program, "prepare", posts, base], check=True)
    bench = Bench(program, work, base)

    def repeated(title, measure):
        results = []
        for number in range(repeat):
            say(f"Migrations: {title}, run {number + 1} of {repeat}")
            results.append(measure())
        return results

    blocking = repeated("one INSERT … SELECT", lambda: bench.run("blocking"))
    rows = blocking[0]["rows"]
    text = (f"{rows:,} posts, {os.path.getsize(base) / 1e6:,.0f} MB with four indexes (a row's places in two of them are "
            "random), `synchronous=FULL`. Beside the migration a writer inserts rows without pause, one in a transaction, and "
            "a reader asks for a page of the timeline every 2 ms; where there is no writer, the reader is alone with it. What reads "
            "take during the migration is compared with what they take before it: beside the same writer, or alone. Waits are "
            "milliseconds. Beside all of it another file of the same disk is written over, 4 KiB at a time, and synced: how long "
            "that took at worst is the disk's, and what is left of the writer's waits without the milliseconds in which such a "
            "sync took 10 or more is not.\n\n"
            "| way | writer | rows/s copied | whole time | writer waits: p50 / p95 / p99 / worst | log | reads, p50 / p95: alone → "
            "beside the writer → during | goal |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n"
            f"| one `INSERT … SELECT`, indexes first | the same process | {median(blocking, 'rows_per_second'):,.0f} | "
            f"{median(blocking, 'seconds'):.1f} s | {waits(blocking)} | {median(blocking, 'log_mb'):,.0f} MB | {reads(blocking)} "
            "| |\n")
    for title, command in (("`sqlite-utils transform`", ("sqlite-utils", "transform", bench.copy, "posts_v1", "--default",
                                                          "author", "")),
                           ("Alembic, batch mode", (DEBIAN_PYTHON, "-c", ALEMBIC, bench.copy))):
        results = repeated(title, lambda command=command: bench.run_tool(*command))
        failed = [message for result in results for message in result["failed"]]
        note = f"failed: {failed[0]}" if failed else ""
        text += f"| {title} | another process | | {median(results, 'seconds'):.1f} s | {waits(results)} | | | {note} |\n"
    text += online(bench, repeated, "")
    # On a disk of memory nobody waits for a sync: what is left is the program's.
    memory = Bench(program, MEMORY, base)
    if os.path.isdir(MEMORY) and shutil.disk_usage(MEMORY).free > 4 * os.path.getsize(base):
        blocking = repeated("one INSERT … SELECT, in memory", lambda: memory.run("blocking"))
        text += (f"| one `INSERT … SELECT`, on a disk of memory | the same process | {median(blocking, 'rows_per_second'):,.0f} | "
                 f"{median(blocking, 'seconds'):.1f} s | {waits(blocking)} | {median(blocking, 'log_mb'):,.0f} MB | "
                 f"{reads(blocking)} | |\n" + online(memory, repeated, ", on a disk of memory"))
        memory.remove_copy()
    say("Migrations: overhead")
    text += ("\nWhat writes of an application cost while both versions live, in writes a second of one thread:\n\n" +
             overhead_table(bench.run("overhead")))
    bench.remove_copy()
    os.remove(base)
    return text
