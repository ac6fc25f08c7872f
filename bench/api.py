"""The API on a million posts at 32 connections, beside a bare Beast server and the first OffX's stack: rows for the report.

wrk asks for some seconds, after a warm-up: for one address again and again, as a dashboard does, whose answer the server may
keep, and for many in turn, each of whose answers it makes anew. Client and server share the machine's cores. wrk waits for each
answer before it asks again, so a pause of the server delays as many requests as there are connections, not all that would
have come meanwhile.
"""
import json
import os
import random
import re
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.parse
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PEER = os.path.join(ROOT, "bench", "peers", "first_offx")
ADDRESSES = os.path.join(ROOT, "bench", "addresses.lua")
CONNECTIONS, SECONDS = 32, 4
IDLE_CONNECTIONS = 1000
VARIED = 2000  # addresses: many more than answers are kept
USER, PASSWORD = "bench", "a password for the benchmark"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def load(url, headers=(), paths=None, connections=CONNECTIONS):
    """(requests per second, 99th percentile in ms) of an address, or of the paths of a file in turn."""
    command = ["wrk", "-t1", f"-c{connections}", "--latency", "--timeout", "20s"] + [part for header in headers for part in ("-H", header)]
    tail = [url] if paths is None else ["-s", ADDRESSES, url, "--", paths]
    subprocess.run(command + ["-d1s"] + tail, check=True, stdout=subprocess.DEVNULL)
    report = subprocess.run(command + [f"-d{SECONDS}s"] + tail, check=True, stdout=subprocess.PIPE, text=True).stdout
    if "Non-2xx" in report or "Socket errors" in report:
        sys.exit(f"bench: {url} answers with errors:\n{report}")
    rate = float(re.search(r"Requests/sec:\s*([\d.]+)", report)[1])
    number, unit = re.search(r"99%\s*([\d.]+)(us|ms|s)\b", report).groups()
    return rate, float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def request(base, method, path, body=None, headers=None):
    sent = urllib.request.Request(base + path, method=method, headers={"Origin": base, **(headers or {})},
                                  data=None if body is None else json.dumps(body).encode())
    with urllib.request.urlopen(sent) as answer:
        return answer.read(), answer.headers


def token_for(base):
    body, headers = request(base, "GET", "/api/v1/session")
    cookie = headers["Set-Cookie"].split(";")[0]
    body, headers = request(base, "POST", "/api/v1/session", {"username": USER, "password": PASSWORD},
                            {"Cookie": cookie, "X-CSRF-Token": json.loads(body)["csrf_token"]})
    body, _ = request(base, "POST", "/api/v1/tokens", {"name": "bench", "scopes": ["read"]},
                      {"Cookie": headers["Set-Cookie"].split(";")[0], "X-CSRF-Token": json.loads(body)["csrf_token"]})
    return json.loads(body)["token"]


class Running:
    """A server for as long as it is needed."""

    def __init__(self, *command, **environment):
        self.command, self.environment = command, environment

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                        env={**os.environ, **self.environment})
        return self.process

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(60)
        self.process.stdout.close()


def wait_for(port):
    for _ in range(6000):
        try:
            with socket.create_connection(("127.0.0.1", port), 1):
                return
        except OSError:
            time.sleep(0.005)
    sys.exit(f"bench: nothing listens on {port}")


def resident_mib(process):
    with open(f"/proc/{process.pid}/status", encoding="utf-8") as status:
        return int(re.search(r"VmRSS:\s*(\d+)", status.read())[1]) / 1024


def serve(offx, database, work, port):
    return Running(offx, "--db", database, "serve", "--listen", f"127.0.0.1:{port}", "--data", os.path.join(work, "data"),
                   AUTH_USERNAME=USER, AUTH_PASSWORD=PASSWORD, OFFX_RATE_LIMIT="0")


def start_rows(offx, database, work):
    """How long a start takes until the first answer, and what memory a server has that nobody asks for anything."""
    times, idle, crowded = [], [], []
    for _ in range(5):
        port = free_port()
        started = time.monotonic()
        with serve(offx, database, work, port) as process:
            wait_for(port)
            request(f"http://127.0.0.1:{port}", "GET", "/api/v1/session")
            times.append((time.monotonic() - started) * 1000)
            time.sleep(1)
            idle.append(resident_mib(process))
            connections = [socket.create_connection(("127.0.0.1", port)) for _ in range(IDLE_CONNECTIONS)]
            for connection in connections:  # each has had an answer and stays
                connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                connection.recv(4096)
            crowded.append(resident_mib(process))
            for connection in connections:
                connection.close()
    return [("API: from start to the first answer", f"{sorted(times)[2]:.0f} ms", "", "", "< 50 ms"),
            ("API: resident memory, idle", f"{sorted(idle)[2]:.0f} MiB", "", "", "< 25 MB"),
            (f"API: resident memory, {IDLE_CONNECTIONS:,} idle connections", f"{sorted(crowded)[2]:.0f} MiB", "", "", "< 60 MB")]


def varied_paths(database, topics, period):
    """Addresses like those that are measured one by one, each other than the ones before."""
    chance = random.Random(1)
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    newest = connection.execute("SELECT max(id) FROM posts_v1").fetchone()[0]
    pages, searches = [], []
    while len(pages) < VARIED:
        row = connection.execute("SELECT created_at, id, content FROM posts_v1 WHERE id >= ? LIMIT 1",
                                 (chance.randrange(newest) + 1,)).fetchone()
        words = sorted({word for word in re.findall(r"[a-z]+", row[2]) if 3 <= len(word) <= 12})
        if len(words) < 3:
            continue
        pages.append("/api/v1/posts?limit=50&after=" + urllib.parse.quote(f"{row[0].replace(' ', 'T')}~{row[1]}"))
        searches.append("/api/v1/posts?q=" + urllib.parse.quote(" ".join(chance.sample(words, 3))))
    connection.close()
    zones = ["Europe", "America", "Asia", "Africa", "Australia", "Pacific"]
    names = [f"{zone}/{name}" for zone in zones for name in sorted(os.listdir(f"/usr/share/zoneinfo/{zone}"))
             if os.path.isfile(f"/usr/share/zoneinfo/{zone}/{name}")]
    return {"timeline": pages, "search": searches,
            "series": [f"/api/v1/topics/{topic['id']}/series?interval=day&{period}" for topic in topics],
            "today": ["/api/v1/today?time_zone=" + urllib.parse.quote(name, safe="") for name in names]}


def rows(offx, bare_server, database, work):
    """Lines of the report: what, OffX, floor or alternative, ratio, goal."""
    lines, port = [], free_port()
    base = f"http://127.0.0.1:{port}"
    # What a server does by itself every hour: else the first charts would work the moods of a million posts out.
    while " 0 posts" not in subprocess.run([offx, "--db", database, "jobs", "run", "statistics"], check=True, text=True,
                                           stdout=subprocess.PIPE).stdout:
        pass
    lines += start_rows(offx, database, work)
    with serve(offx, database, work, port):
        wait_for(port)
        bearer = "Authorization: Bearer " + token_for(base)

        def get(path):
            return request(base, "GET", path, None, dict([bearer.split(": ", 1)]))[0]

        topics = json.loads(get("/api/v1/topics"))["topics"]
        largest = max(topics, key=lambda topic: topic["posts"])["id"]
        newest = json.loads(get("/api/v1/posts?limit=1"))["posts"][0]["created_at"]
        period = urllib.parse.urlencode({"since": newest[:4] + "-01-01", "until": newest})
        page, varied = "/api/v1/posts?limit=50", varied_paths(database, topics, period)

        def measure(title, path, goal, paths=(), headers=()):
            """One address, and then many: at once, and one after the other."""
            get(path)
            rate, p99 = load(base + path, [bearer, *headers])
            lines.append((f"API: {title}, p99 at {CONNECTIONS} connections", f"{p99:.1f} ms", f"{rate:,.0f} requests/s", "",
                          f"< {goal} ms"))
            if paths:
                file = os.path.join(work, "paths.txt")
                with open(file, "w", encoding="utf-8") as out:
                    out.write("\n".join(paths) + "\n")
                for connections in (CONNECTIONS, 1):
                    varied_rate, p99 = load(base, [bearer], file, connections)
                    at = f"{connections} connections" if connections > 1 else "one connection"
                    lines.append((f"API: {title}, {len(paths):,} addresses in turn, p99 at {at}", f"{p99:.1f} ms",
                                  f"{varied_rate:,.0f} requests/s", "", f"< {goal} ms"))
            return rate

        browser = "Accept-Encoding: gzip, deflate, br"
        ours = measure("timeline page of 50", page, 5, varied["timeline"])
        measure("topic card list, not compressed", "/api/v1/topics", 5)
        measure("topic card list, as browsers ask", "/api/v1/topics", 5, headers=[browser])
        measure("page of the day, as browsers ask", "/api/v1/today", 5, varied["today"], [browser])
        measure("search of 3 words", varied["search"][0], 20, varied["search"])
        measure("volume by day, a year", f"/api/v1/topics/{largest}/series?interval=day&{period}", 20, varied["series"])
        for path in ("/api/v1/stats", "/api/v1/sources", "/api/v1/database"):
            get(path)
            time.sleep(1)
            started = time.monotonic()
            get(path)
            lines.append((f"API: {path}, one request", f"{(time.monotonic() - started) * 1000:.0f} ms", "", "", "< 20 ms"))
        body = os.path.join(work, "page.json")
        with open(body, "wb") as out:
            out.write(get(page))
    port = free_port()
    with Running(bare_server, body, str(port)):
        wait_for(port)
        bare, _ = load(f"http://127.0.0.1:{port}/")
    lines.append(("API: timeline page, against a bare Beast server", f"{ours:,.0f} requests/s", f"{bare:,.0f} requests/s",
                  f"{ours / bare:.2f}", "≥ 0.5"))
    if not os.path.isdir(os.path.join(PEER, "node_modules")):
        subprocess.run(["npm", "ci", "--prefix", PEER, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], check=True)
    port = free_port()
    with Running("node", os.path.join(PEER, "server.mjs"), database, str(port)):
        wait_for(port)
        peer, _ = load(f"http://127.0.0.1:{port}" + page)
    lines.append(("API: timeline page, against Hono on Node with @libsql/client", f"{ours:,.0f} requests/s",
                  f"{peer:,.0f} requests/s", f"{ours / peer:.1f}", "≥ 10 times"))
    return lines
