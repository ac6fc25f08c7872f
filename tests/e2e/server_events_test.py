"""The stream of events: who hears what, how many may listen, and when it ends."""

import http.client
import json
import time
import unittest

from offx_e2e import post
from offx_server import PASSWORD, Browser, ServerTest


class Listening(ServerTest):
    def listen(self, server, browser, **headers):
        connection = http.client.HTTPConnection(server.host, server.port, timeout=30)
        self.addCleanup(connection.close)
        connection.request("GET", "/api/v1/events", headers=headers or {"Cookie": browser.cookie})
        return connection.getresponse()

    def next_event(self, stream, wanted):
        event = None
        while line := stream.readline().decode():
            if line.startswith("event: "):
                event = line[7:].strip()
            elif line.startswith("data: ") and event == wanted:
                return json.loads(line[6:])
        self.fail(f"the stream ended before {wanted}")

    def test_whoever_listens_is_told_what_another_process_brings_in(self):
        server, ada = self.serve_with_user()
        streams = [self.listen(server, ada) for _ in range(3)]
        for stream in streams:
            self.assertEqual(stream.headers["Content-Type"], "text/event-stream")
            self.assertEqual(self.next_event(stream, "hello"), {})
        time.sleep(1.5)
        self.import_posts(post("a", "one"), post("b", "two"))
        for stream in streams:
            self.assertEqual(self.next_event(stream, "posts"), {"newest_id": 2, "added": 2})
        job = ada.get("/api/v1/jobs").json["jobs"][0]["id"]
        run = ada.request("POST", f"/api/v1/jobs/{job}/run").json["run"]
        self.assertEqual(self.next_event(streams[0], "run")["id"], run["id"])
        self.assertIn("offx_event_streams 3\n", server.get("/metrics").body.decode())
        self.assertEqual(server.stop(), 0, "open streams do not hold it")
        self.assertEqual(streams[0].read().strip(), b"")

    def test_a_user_has_sixteen_streams_at_most(self):
        server, ada = self.serve_with_user()
        ada.request("POST", "/api/v1/users", {"username": "bo", "password": PASSWORD})
        bo, again = Browser(server), Browser(server)
        bo.log_in("bo")
        again.log_in()
        streams = [self.listen(server, ada) for _ in range(16)]
        for stream in streams:
            self.assertEqual((stream.status, self.next_event(stream, "hello")), (200, {}))
        refused = self.listen(server, again)  # another session of the same user
        self.assertEqual((refused.status, refused.headers["Retry-After"]), (429, "10"))
        self.assertIn("16 streams", json.loads(refused.read())["detail"])
        self.assertEqual(self.listen(server, bo).status, 200)
        streams.pop().close()
        deadline = time.monotonic() + 30
        while self.listen(server, again).status != 200:
            self.assertLess(time.monotonic(), deadline, "the place of one that is closed is not free again")
            time.sleep(0.2)

    def test_a_stream_ends_with_what_it_was_opened_by(self):
        server, ada = self.serve_with_user()
        for name in ("bo", "cy"):
            ada.request("POST", "/api/v1/users", {"username": name, "password": PASSWORD})
        bo, cy, again = Browser(server), Browser(server), Browser(server)
        bo.log_in("bo")
        cy.log_in("cy")
        again.log_in()
        token = self.token(ada, "read")
        revoked = ada.get("/api/v1/tokens").json["tokens"][0]["id"]
        streams = {"stays": self.listen(server, ada), "logged out": self.listen(server, again),
                   "token revoked": self.listen(server, None, **token), "user removed": self.listen(server, bo),
                   "password set elsewhere": self.listen(server, cy)}
        for stream in streams.values():
            self.next_event(stream, "hello")
        self.assertEqual(again.request("DELETE", "/api/v1/session").status, 204)
        self.assertEqual(ada.request("DELETE", f"/api/v1/tokens/{revoked}").status, 204)
        self.offx("user", "remove", "bo", "--yes")
        self.offx("user", "passwd", "cy", stdin="another long password\n")
        for what, stream in streams.items():
            if what != "stays":
                begun = time.monotonic()
                stream.read()  # to its end
                self.assertLess(time.monotonic() - begun, 10, what)
        self.assertIn("offx_event_streams 1\n", server.get("/metrics").body.decode())
        self.import_posts(post("a", "one"))
        self.assertEqual(self.next_event(streams["stays"], "posts")["added"], 1)

    def test_posts_another_program_writes_are_filed_while_it_runs(self):
        self.offx("topic", "add", "Databases", "--rule", "sqlite")
        _, ada = self.serve_with_user()
        # The second surely comes after what the server files when it starts.
        for number in (1, 2):
            self.sql("INSERT INTO posts_v1 (external_id, content, platform, created_at, fetched_at) "
                     f"VALUES ('raw{number}', 'SQLite from outside', 'x', '2026-03-03 08:00:00', '2026-03-03 08:00:00')")
            deadline = time.monotonic() + 30
            while len(ada.get("/api/v1/posts?topic=1").json["posts"]) < number:
                self.assertLess(time.monotonic(), deadline, f"raw{number} is not filed")
                time.sleep(0.2)

    def test_only_who_may_read(self):
        server, _ = self.serve_with_user()
        self.assertEqual(server.get("/api/v1/events").status, 401)


if __name__ == "__main__":
    unittest.main()
