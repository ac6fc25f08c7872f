"""The API on a million posts at 32 connections, beside a bare Beast server and the first OffX's stack: rows for the report.

wrk asks for the same address for some seconds, after a warm-up. Client and server share the machine's cores.
"""
import json
import os
import re
import socket
import subprocess
import sys
import urllib.parse
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PEER = os.path.join(ROOT, "bench", "peers", "first_offx")
CONNECTIONS, SECONDS = 32, 6
USER, PASSWORD = "bench", "a password for the benchmark"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def load(url, headers=()):
    """(requests per second, 99th percentile in ms) of an address."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", "--latency"] + [part for header in headers for part in ("-H", header)]
    subprocess.run(command + ["-d2s", url], check=True, stdout=subprocess.DEVNULL)
    report = subprocess.run(command + [f"-d{SECONDS}s", url], check=True, stdout=subprocess.PIPE, text=True).stdout
    if "Non-2xx" in report:
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
    for _ in range(600):
        try:
            with socket.create_connection(("127.0.0.1", port), 1):
                return
        except OSError:
            subprocess.run(["sleep", "0.05"], check=True)
    sys.exit(f"bench: nothing listens on {port}")


def rows(offx, bare_server, database, work):
    """Lines of the report: what, OffX, floor or alternative, ratio, goal."""
    lines, port = [], free_port()
    base = f"http://127.0.0.1:{port}"
    with Running(offx, "--db", database, "serve", "--listen", f"127.0.0.1:{port}", "--data", os.path.join(work, "data"),
                 AUTH_USERNAME=USER, AUTH_PASSWORD=PASSWORD, OFFX_RATE_LIMIT="0"):
        wait_for(port)
        for _ in range(600):  # until the database is ready
            try:
                request(base, "GET", "/readyz")
                break
            except urllib.error.HTTPError:
                subprocess.run(["sleep", "0.1"], check=True)
        bearer = "Authorization: Bearer " + token_for(base)

        def get(path):
            return request(base, "GET", path, None, dict([bearer.split(": ", 1)]))[0]

        topics = json.loads(get("/api/v1/topics"))["topics"]
        largest = max(topics, key=lambda topic: topic["posts"])["id"]
        newest = json.loads(get("/api/v1/posts?limit=1"))["posts"][0]["created_at"]
        period = urllib.parse.urlencode({"since": newest[:4] + "-01-01", "until": newest})
        words = urllib.parse.quote("kestrel talon telemetry")
        page = "/api/v1/posts?limit=50"
        for title, path, goal in (("timeline page of 50", page, 5), ("topic card list", "/api/v1/topics", 5),
                                  ("page of the day", "/api/v1/today", 5), ("search of 3 words", "/api/v1/posts?q=" + words, 20),
                                  ("volume by day, a year", f"/api/v1/topics/{largest}/series?interval=day&{period}", 20)):
            get(path)
            rate, p99 = load(base + path, [bearer])
            lines.append((f"API: {title}, 99th percentile at {CONNECTIONS} connections", f"{p99:.1f} ms", f"{rate:,.0f} requests/s",
                          "", f"< {goal} ms"))
            if path == page:
                ours = rate
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
