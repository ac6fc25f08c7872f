"""A running `offx serve` for end-to-end tests, and clients for it: a browser's, a program's, and one of raw bytes."""

import http.client
import json
import re
import signal
import socket
import subprocess
import threading
import time
import urllib.parse

from offx_e2e import OffxTest

PASSWORD = "correct horse battery"


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    def header(self, name):
        return self.headers.get(name)

    @property
    def json(self):
        return json.loads(self.body)


class Server:
    """`offx serve` on a free port; `url` is known once it listens."""

    def __init__(self, test, *options, listen="127.0.0.1:0", **environment):
        self.process = subprocess.Popen(
            test.command("serve", "--listen", listen, *options), env=test.environment(**environment), cwd=test.folder,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        test.addCleanup(self.kill)
        self.log, self.output = [], []
        self.reader = threading.Thread(target=self.read_log, daemon=True)
        self.reader.start()
        self.setup_token = None
        self.port = None
        while self.port is None and self.read_line():
            pass

    def read_line(self):
        """One more line of what it prints; false at the end."""
        line = self.process.stdout.readline().decode()
        self.output.append(line)
        if found := re.search(r"/setup#(\S+)", line):
            self.setup_token = found[1]
        if found := re.search(r"OffX is at http://(\S+):(\d+)/", line):
            self.host, self.port = found[1].strip("[]"), int(found[2])
        return line != ""

    def wait_for_setup_token(self):
        """It is printed when the database is open, and a server's may be so later than this listens."""
        while self.setup_token is None and self.read_line():
            pass
        return self.setup_token

    def read_log(self):
        for line in self.process.stderr:
            self.log.append(line.decode("utf-8", "replace"))

    def request(self, method, path, body=None, headers=None, timeout=30):
        connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        try:
            if isinstance(body, (dict, list)):
                body = json.dumps(body)
            connection.request(method, path, body, headers or {})
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def get(self, path, **headers):
        return self.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def raw(self, data, timeout=20):
        """Everything that comes back until the server closes."""
        with socket.create_connection((self.host, self.port), timeout) as connection:
            connection.sendall(data)
            received = b""
            while part := connection.recv(65536):
                received += part
        return received

    def rss_kib(self):
        return self.status_kib("VmRSS")

    def memory_kib(self):
        """What is its own: without pages of files, which the system can take back."""
        return self.status_kib("RssAnon")

    def status_kib(self, name):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith(name + ":"))

    def stop(self, how=signal.SIGTERM, timeout=30):
        """Ends it and gives its exit code."""
        self.process.send_signal(how)
        code = self.process.wait(timeout)
        self.reader.join(10)
        return code

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.reader.join(10)
        self.process.stdout.close()
        self.process.stderr.close()


class Browser:
    """Keeps the cookie and the token of its session, and sends what a browser sends."""

    def __init__(self, server, **headers):
        self.server, self.headers, self.cookie, self.csrf = server, headers, None, None

    def request(self, method, path, body=None, **headers):
        sent = {"User-Agent": "test", **self.headers}
        if self.cookie:
            sent["Cookie"] = self.cookie
        if method not in ("GET", "HEAD", "OPTIONS"):
            sent["X-CSRF-Token"] = self.csrf or ""
        sent.update({name.replace("_", "-"): value for name, value in headers.items()})
        answer = self.server.request(method, path, body, {name: value for name, value in sent.items() if value is not None})
        if cookie := answer.header("Set-Cookie"):
            self.cookie = cookie.split(";")[0]
        if path.startswith("/api/v1/") and answer.body.startswith(b"{") and "csrf_token" in answer.json:
            self.csrf = answer.json["csrf_token"]
        return answer

    def get(self, path, **headers):
        return self.request("GET", path, **headers)

    def open(self):
        self.get("/api/v1/session")
        return self

    def log_in(self, username="ada", password=PASSWORD):
        self.open()
        return self.request("POST", "/api/v1/session", {"username": username, "password": password})


class ServerTest(OffxTest):
    """A test with a server; `ada` is its administrator."""

    def serve(self, *options, **environment):
        return Server(self, *options, **environment)

    def serve_with_user(self, *options, **environment):
        server = self.serve(*options, **environment)
        token = server.wait_for_setup_token()
        self.wait_for_readiness(server)
        browser = Browser(server).open()
        answer = browser.request("POST", "/api/v1/setup", {"token": token, "username": "ada", "password": PASSWORD})
        self.assertEqual(answer.status, 201, answer.body)
        return server, browser

    def wait_for_readiness(self, server, status=200):
        """Asks until the server says that it is ready, or with another status that it is not; gives that answer."""
        deadline = time.monotonic() + 60
        while (answer := server.get("/readyz")).status != status:
            self.assertLess(time.monotonic(), deadline, f"{answer.status}: {answer.body}\n" + "".join(server.log))
            time.sleep(0.05)
        return answer

    def stored_bytes(self):
        """Everything that is in the files of the database."""
        return b"".join(path.read_bytes() for path in self.folder.glob(self.db.name + "*"))

    def token(self, browser, *scopes, **more):
        answer = browser.request("POST", "/api/v1/tokens", {"name": "test", "scopes": list(scopes), **more})
        self.assertEqual(answer.status, 201, answer.body)
        return {"Authorization": "Bearer " + answer.json["token"]}


class ApiTest(ServerTest):
    """A test with a server on `self.db`, and a token for it: see begin(), ask() and call()."""

    def begin(self):
        """Starts the server and makes its first user."""
        self.server, self.browser = self.serve_with_user(OFFX_RATE_LIMIT="0")
        self.headers = self.token(self.browser, "read", "write", "admin")

    def call(self, method, path, body=None, status=200, **query):
        """The JSON of the answer, whose status must be `status`; nothing if it has no body."""
        if query:
            path += "?" + urllib.parse.urlencode(query)
        answer = self.server.request(method, "/api/v1" + path, body, self.headers)
        self.assertEqual(answer.status, status, f"{method} {path}: {answer.body}")
        return answer.json if answer.body else None

    def ask(self, path, **query):
        return self.call("GET", path, **query)

    def every_post(self, **query):
        """All posts of a list, page by page."""
        posts, after = [], {}
        while True:
            page = self.ask("/posts", **query, **after)
            posts += page["posts"]
            if page["next"] is None:
                return posts
            after = {"after": page["next"]}
