"""The engines on servers beside the floor of their protocols, for bench/run.

A proxy records the requests that OffX sends; then engine_bench sends the same again, to the same server or, for an
import, to a fresh one, and of the answers only looks for the end. What went through a stream that OffX kept goes through
one that is kept, so that sqld has the same to do for both. Servers are those of ./dev setup, on loopback, one node each.
"""
import contextlib
import itertools
import os
import socket
import statistics
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
import offx_servers  # noqa: E402


class Stack(contextlib.ExitStack):
    """What offx_servers expects of a test."""

    def addCleanup(self, call, *arguments, **options):
        self.callback(call, *arguments, **options)


class Recorder:
    """Passes bytes on between OffX and a server's port, and keeps the requests."""

    def __init__(self, port):
        self.target, self.requests = port, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.target))
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.forward, args=(client, server), daemon=True).start()
            threading.Thread(target=self.back, args=(server, client), daemon=True).start()

    def forward(self, client, server):
        pending = b""
        while data := client.recv(1 << 20):
            server.sendall(data)
            pending += data
            while (head := pending.find(b"\r\n\r\n")) >= 0:
                length = 0
                for line in pending[:head].split(b"\r\n"):
                    if line.lower().startswith(b"content-length:"):
                        length = int(line.split(b":")[1])
                if len(pending) < head + 4 + length:
                    break
                body = pending[head + 4:head + 4 + length]
                # That streams are closed at the end is no work of the bench.
                if not body.startswith(b'{"requests":[{"type":"close"}'):
                    self.requests.append(pending[:head + 4 + length])
                pending = pending[head + 4 + length:]
        server.close()

    @staticmethod
    def back(server, client):
        with contextlib.suppress(OSError):
            while data := server.recv(1 << 20):
                client.sendall(data)

    def write(self, path):
        with open(path, "wb") as out:
            for request in self.requests:
                out.write(b"%d\n" % len(request) + request)
        self.listener.close()


def sqld(stack):
    server = offx_servers.Sqld(stack)
    server.make_database("bench")
    return server.port, lambda port: f"http://127.0.0.1:{port}?namespace=bench&authToken={offx_servers.TOKEN}"


def rqlite(stack):
    server = offx_servers.Rqlite(stack)
    return server.ports[0], lambda port: f"rqlite://app:secret@127.0.0.1:{port}"


def rows(offx, engine_bench, work, posts_file, count, repeat=3):
    """Rows for the table of docs/benchmarks.md."""
    def seconds(*command):
        done = subprocess.run([engine_bench, *map(str, command)], stdout=subprocess.PIPE, check=True, text=True)
        return float(done.stdout)

    def init(url):
        subprocess.run([offx, "--db", url, "db", "init"], check=True, stdout=subprocess.DEVNULL)

    def timed_import(url):
        started = time.monotonic()
        subprocess.run([offx, "--db", url, "import", part], check=True, stdout=subprocess.DEVNULL)
        return time.monotonic() - started

    part = os.path.join(work, "engines.jsonl")
    with open(posts_file, encoding="utf-8") as lines, open(part, "w", encoding="utf-8") as out:
        out.writelines(itertools.islice(lines, count))
    requests = os.path.join(work, "requests")
    result = []
    for name, fresh in (("sqld", sqld), ("rqlite", rqlite)):
        print(f"== Engines: {name}", file=sys.stderr, flush=True)
        with Stack() as stack:
            port, url = fresh(stack)
            init(url(port))
            recorder = Recorder(port)
            timed_import(url(recorder.port))
            recorder.write(requests)
            ours, floors, inserts = [], [], []
            for _ in range(repeat):
                # Each on a server whose database is as empty as that of the recording was.
                with Stack() as others:
                    empty, _ = fresh(others)
                    init(url(empty))
                    ours.append(count / timed_import(url(empty)))
                with Stack() as others:
                    empty, _ = fresh(others)
                    init(url(empty))
                    floors.append(count / seconds("replay", empty, requests, 1))
                with Stack() as others:
                    empty, _ = fresh(others)
                    inserts.append(count / seconds("inserts", url(empty), count))
            rate, floor, bare = (statistics.median(rates) for rates in (ours, floors, inserts))
            result.append((f"{name}: import of {count:,} posts", f"{rate:,.0f} posts/s",
                           f"same requests: {floor:,.0f} posts/s", f"{rate / floor:.2f}", "≥ 0.8"))
            result.append((f"{name}: import against batched inserts of posts alone", f"{rate:,.0f} posts/s",
                           f"{bare:,.0f} posts/s", f"{rate / bare:.2f}", "≥ 0.33"))

            for what, title, times in (("points", "reads of one post", 500), ("pages", "pages of 50 posts", 100)):
                recorder = Recorder(port)
                seconds(what, url(recorder.port), 100)
                # What opening the database asks comes before them.
                recorder.requests = recorder.requests[len(recorder.requests) % 100:]
                recorder.write(requests)
                rates, floors = [], []
                for _ in range(repeat):
                    rates.append(times / seconds(what, url(port), times))
                    floors.append(times / seconds("replay", port, requests, times // 100))
                rate, bare = statistics.median(rates), statistics.median(floors)
                result.append((f"{name}: {title}", f"{rate:,.0f}/s", f"same requests: {bare:,.0f}/s", f"{rate / bare:.2f}",
                               "≥ 0.8"))
    return result
