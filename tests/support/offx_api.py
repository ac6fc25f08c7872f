"""A client of the API of a server under test."""

import urllib.parse

from offx_server import ServerTest


class ApiTest(ServerTest):
    """A test with a server on `self.db`, and a token for it: see begin(), ask() and call()."""

    def begin(self):
        """Starts the server and makes its first user."""
        self.server, browser = self.serve_with_user(OFFX_RATE_LIMIT="0")
        self.headers = self.token(browser, "read", "write", "admin")

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
