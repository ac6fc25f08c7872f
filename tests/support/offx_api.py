"""A server of the program under test, and a client of its API."""

import http.client
import json
import re
import subprocess
import urllib.parse

from offx_e2e import OffxTest

USER, PASSWORD = "ann", "correct horse battery staple"


class ApiTest(OffxTest):
    """A test with a server on `self.db`: see serve(), ask() and call()."""

    token = None

    def serve(self, **environment):
        """Starts the server, makes its first user, and gives this test a token."""
        changes = {"AUTH_USERNAME": USER, "AUTH_PASSWORD": PASSWORD, "OFFX_RATE_LIMIT": 0, **environment}
        with (self.folder / "serve.log").open("ab") as log:
            process = subprocess.Popen(self.command("serve", "--listen", "127.0.0.1:0", "--data", self.folder / "data"),
                                       env=self.environment(**changes), cwd=self.folder, stdout=subprocess.PIPE,
                                       stderr=log)

        def stop():
            if process.poll() is None:
                process.terminate()
            process.wait(60)
            process.stdout.close()

        self.addCleanup(stop)
        found = re.search(r"http://([\d.]+):(\d+)", process.stdout.readline().decode())
        self.assertTrue(found, (self.folder / "serve.log").read_text())
        self.host, self.port = found[1], int(found[2])
        if self.token is None:
            self.token = self.make_token()
        return process

    def make_token(self, scopes=("read", "write", "admin")):
        origin = {"Origin": f"http://{self.host}:{self.port}"}
        status, session, headers = self.request("GET", "/session", headers=origin)
        self.assertEqual(status, 200)

        def cookies():
            return "; ".join(value.split(";")[0] for name, value in headers if name.lower() == "set-cookie")

        jar = cookies()
        status, session, headers = self.request("POST", "/session", {"username": USER, "password": PASSWORD},
                                                headers={**origin, "Cookie": jar, "X-CSRF-Token": session["csrf_token"]})
        self.assertEqual(status, 200, session)
        jar = cookies() or jar
        status, token, _ = self.request("POST", "/tokens", {"name": "test", "scopes": list(scopes)},
                                        headers={**origin, "Cookie": jar, "X-CSRF-Token": session["csrf_token"]})
        self.assertEqual(status, 201, token)
        return token["token"]

    def request(self, method, path, body=None, headers=None):
        """(status, JSON or bytes, headers) of one request."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=60)
        try:
            data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
            connection.request(method, "/api/v1" + path, data, headers or {})
            response = connection.getresponse()
            content = response.read()
            kind = response.getheader("Content-Type") or ""
            return response.status, json.loads(content) if content and "json" in kind else content, response.getheaders()
        finally:
            connection.close()

    def call(self, method, path, body=None, status=200, **query):
        """The answer to a request with this test's token, whose status must be `status`."""
        if query:
            path += "?" + urllib.parse.urlencode(query)
        got, answer, _ = self.request(method, path, body, {"Authorization": "Bearer " + self.token})
        self.assertEqual(got, status, f"{method} {path}: {answer}")
        return answer

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
