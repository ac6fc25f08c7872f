"""The server while its database is away, hangs, or is only a replica."""

import time
import unittest

import offx_servers
from offx_e2e import json_lines, post
from offx_server import PASSWORD, ServerTest


@unittest.skipIf(offx_servers.missing(), offx_servers.missing())
class DatabaseServer(ServerTest):
    def test_may_be_away_and_come_back(self):
        sqld = offx_servers.Sqld(self)
        url = sqld.make_database("offx")
        sqld.process.kill()
        server = self.serve("--db", url, OFFX_DB_AUTH_TOKEN=offx_servers.TOKEN)
        self.assertEqual(server.get("/healthz").status, 200)
        self.assertIn(b"the database refuses the connection", self.wait_for_readiness(server, 503).body)
        self.assertIn(f"127.0.0.1:{sqld.port}", server.get("/readyz").body.decode(), "who runs it may know where")
        stranger = server.get("/readyz", X_Forwarded_For="192.0.2.1").body
        self.assertNotIn(b"127.0.0.1", stranger)
        answer = server.get("/api/v1/session")
        self.assertEqual((answer.status, answer.json["detail"] + "\n"), (503, stranger.decode()))
        sqld.start()
        self.wait_for_readiness(server)
        self.assertEqual(server.get("/api/v1/session").status, 200)
        sqld.process.kill()
        self.wait_for_readiness(server, 503)
        self.assertEqual(server.get("/healthz").status, 200)
        sqld.start()
        self.wait_for_readiness(server)

    def test_may_hang(self):
        sqld = offx_servers.Sqld(self)
        server = self.serve("--db", sqld.make_database("offx"), OFFX_DB_AUTH_TOKEN=offx_servers.TOKEN)
        self.wait_for_readiness(server)
        sqld.process.freeze()
        try:
            self.assertIn(b"the database does not answer in time", self.wait_for_readiness(server, 503).body)
            answer = server.request("GET", "/api/v1/session", timeout=60)
            self.assertIn(answer.status, (503, 504))
            self.assertIn("database", answer.json["detail"])
            self.assertEqual(server.get("/healthz").status, 200)
        finally:
            sqld.process.thaw()
        self.wait_for_readiness(server)
        self.assertEqual(server.get("/api/v1/session").status, 200)

    def test_may_hang_at_the_start(self):
        sqld = offx_servers.Sqld(self)
        url = sqld.make_database("offx") + "&timeout_ms=60000"
        sqld.process.freeze()
        begun = time.monotonic()
        server = self.serve("--db", url, OFFX_DB_AUTH_TOKEN=offx_servers.TOKEN)
        self.assertEqual(server.get("/healthz").status, 200)
        self.assertLess(time.monotonic() - begun, 50, "it waited for its database")
        self.assertEqual(server.get("/readyz").status, 503)
        self.assertEqual(server.get("/api/v1/session").status, 503)
        while b"does not answer in time" not in (answer := server.get("/readyz")).body:
            self.assertLess(time.monotonic() - begun, 55, answer.body)
            time.sleep(0.1)
        self.assertEqual(server.stop(), 0, "it waits for its database")

        server = self.serve("--db", url, OFFX_DB_AUTH_TOKEN=offx_servers.TOKEN)
        self.assertIsNone(server.setup_token)
        sqld.process.thaw()
        self.wait_for_readiness(server)
        self.assertIsNotNone(server.wait_for_setup_token())

    def test_that_refuses_ends_it_at_the_start_and_is_waited_for_later(self):
        sqld = offx_servers.Sqld(self)
        url = sqld.make_database("offx")
        sqld.process.kill()
        server = self.serve("--db", url, OFFX_DB_AUTH_TOKEN="nonsense")
        self.wait_for_readiness(server, 503)
        sqld.start()
        self.assertEqual(server.process.wait(30), 2)
        server.reader.join(10)
        self.assertIn("does not accept the token", server.log[-1])

        rqlite = offx_servers.Rqlite(self)
        server = self.serve("--db", rqlite.url())
        self.wait_for_readiness(server)
        users = rqlite.folder / "users.json"
        known = users.read_text()
        for text, status in ((known.replace("secret", "other"), 503), (known, 200)):
            rqlite.nodes[0].kill()
            users.write_text(text)
            rqlite.nodes[0].start()
            deadline = time.monotonic() + 60
            said = b"ready" if status == 200 else b"the database refuses the user, password or token"
            while said not in (answer := server.get("/readyz")).body:
                self.assertLess(time.monotonic(), deadline, answer.body)
                time.sleep(0.1)
            self.assertEqual(answer.status, status)

    def test_whose_replica_lacks_only_who_was_here_is_shown_there(self):
        sqld = offx_servers.Sqld(self, replica=True, can_be_cut=True)
        sqld.make_database("offx")
        server, ada = self.serve_with_user("--db", sqld.url_with_replica("offx") + "&timeout_ms=3000",
                                           OFFX_DB_AUTH_TOKEN=offx_servers.TOKEN)
        token = self.token(ada, "read")
        sqld.wait_for_replica("offx", "SELECT count(*) FROM api_tokens_v1", "1")
        sqld.link.cut()
        self.assertEqual(server.get("/api/v1/topics", **token).status, 200)  # that it was used is noted
        sqld.process.kill()
        self.wait_for_readiness(server, 503)
        answer = server.get("/api/v1/topics", **token)
        self.assertEqual((answer.status, answer.header("OffX-Stale")), (200, "true"), answer.body)

    def test_shows_what_a_replica_has_while_its_primary_is_away(self):
        sqld = offx_servers.Sqld(self, replica=True)
        sqld.make_database("offx")
        at = {"OFFX_DB_AUTH_TOKEN": offx_servers.TOKEN}
        self.offx("--db", sqld.url("offx"), "topic", "add", "Databases", "--rule", "sqlite", env=at)
        self.offx("--db", sqld.url("offx"), "import", "-", "--format", "jsonl", env=at,
                  stdin=json_lines([post("a", "SQLite one"), post("b", "two")]))
        self.offx("--db", sqld.url("offx"), "summarize", "--since", "2026-01-01", "--until", "2027-01-01", env=at)
        server, ada = self.serve_with_user("--db", sqld.url_with_replica("offx") + "&timeout_ms=3000", **at)
        token = self.token(ada, "read", "write")

        def everything(ask):
            return {path: ask("/api/v1" + path) for path in
                    ("/session", "/topics", "/topics/1", "/topics/1/series", "/posts", "/posts?q=sqlite", "/posts/1",
                     "/summaries", "/today", "/settings", "/jobs", "/runs", "/stats", "/sources")}

        sqld.wait_for_replica("offx", "SELECT count(*) FROM api_tokens_v1", "1")
        before = everything(ada.get)
        for path, answer in before.items():
            self.assertEqual((answer.status, answer.header("OffX-Stale")), (200, None), path)

        sqld.process.kill()
        answer = ada.get("/api/v1/topics")  # before anybody has noticed that it is away
        self.assertEqual((answer.status, answer.header("OffX-Stale")), (200, "true"), "".join(server.log))
        self.assertIn(b"replica", self.wait_for_readiness(server, 503).body)
        by_token = everything(lambda path: server.get(path, **token))
        for asked in everything(ada.get), by_token:
            for path, answer in asked.items():
                self.assertEqual((answer.status, answer.header("OffX-Stale"), answer.header("Cache-Control")),
                                 (200, "true", "no-store"), (path, answer.body))
                if path not in ("/session", "/today", "/jobs", "/runs", "/stats"):  # what depends on who asks and when
                    self.assertEqual(answer.json, before[path].json, path)
        self.assertEqual(by_token["/posts?q=sqlite"].json["posts"][0]["external_id"], "a")
        self.assertEqual(server.get("/api/v1/topics").status, 401, "nobody is let in for that")
        self.assertEqual(server.get("/api/v1/topics", Authorization="Bearer offx_" + "x" * 43).status, 401)
        for method, path, body in (("POST", "/topics", {"title": "New"}), ("DELETE", "/posts/1", None),
                                   ("PUT", "/today/visit", None), ("POST", "/session", {"username": "ada", "password": PASSWORD})):
            answer = ada.request(method, "/api/v1" + path, body)
            self.assertEqual((answer.status, answer.header("Content-Type")), (503, "application/problem+json"), path)
            self.assertIn("database", answer.json["detail"])

        # One that hangs is noticed by its silence; nobody waits for it afterwards.
        sqld.start()
        self.wait_for_readiness(server)
        self.assertIsNone(ada.get("/api/v1/topics").header("OffX-Stale"))
        sqld.wait_for_replica("offx", "SELECT count(*) FROM api_tokens_v1", "1")  # it meets its primary anew
        sqld.process.freeze()
        self.wait_for_readiness(server, 503)
        begun = time.monotonic()
        for path, answer in everything(ada.get).items():
            self.assertEqual((answer.status, answer.header("OffX-Stale")), (200, "true"), path)
        self.assertLess(time.monotonic() - begun, 3, "each would wait for its deadline")
        sqld.replica.freeze()
        begun = time.monotonic()
        for path, answer in everything(ada.get).items():
            self.assertEqual(answer.status, 503, path)
        self.assertLess(time.monotonic() - begun, 10, "each would wait for the primary")
        sqld.replica.thaw()
        sqld.process.thaw()
        self.wait_for_readiness(server)

        # One that starts then, too, shows what there is.
        server.stop()
        sqld.process.kill()
        second = self.serve("--db", sqld.url_with_replica("offx") + "&timeout_ms=3000", **at)
        answer = second.get("/api/v1/posts", **token)
        self.assertEqual((answer.status, answer.header("OffX-Stale")), (200, "true"), answer.body)
        sqld.start()
        self.wait_for_readiness(second)
        self.assertEqual(second.request("POST", "/api/v1/topics", {"title": "New"}, token).status, 201)

    def ready_cluster(self, **options):
        cluster = offx_servers.Rqlite(self, nodes=3, **options)
        server, ada = self.serve_with_user("--db", cluster.url() + "?timeout_ms=5000")
        self.wait_for_readiness(server)
        return cluster, server, ada

    def assert_healthy(self, server):
        begun = time.monotonic()
        self.assertEqual(server.get("/healthz").status, 200)
        self.assertLess(time.monotonic() - begun, 2)

    def test_goes_on_while_the_leader_of_its_cluster_hangs(self):
        cluster, server, ada = self.ready_cluster()
        frozen = cluster.leader()
        cluster.nodes[frozen].freeze()
        try:
            deadline = time.monotonic() + 60
            number = 0
            while (answer := ada.request("POST", "/api/v1/topics", {"title": f"Topic {number}"})).status != 201:
                self.assertIn(answer.status, (503, 504), answer.body)
                self.assert_healthy(server)
                self.assertLess(time.monotonic(), deadline)
                number += 1  # the one before may have come in
            self.assertNotEqual(cluster.leader(but=[frozen]), frozen)
            self.wait_for_readiness(server)
            titles = [topic["title"] for topic in ada.get("/api/v1/topics").json["topics"]]
            self.assertIn(f"Topic {number}", titles)
        finally:
            cluster.nodes[frozen].thaw()
        cluster.wait_for(frozen)
        self.assertEqual(ada.request("POST", "/api/v1/topics", {"title": "Last"}).status, 201)
        # It has caught up, and follows: it shows by itself what was written without it.
        cluster.nodes[frozen].wait_until(lambda: '"Last"' in cluster.ask(
            frozen, "/db/query?level=none&q=SELECT%20title%20FROM%20topics_v2")[1])

    def test_without_a_majority_says_so_and_comes_back(self):
        cluster, server, ada = self.ready_cluster(can_be_cut=True)
        self.assertEqual(ada.request("POST", "/api/v1/topics", {"title": "Before"}).status, 201)
        for link in cluster.links:  # no node hears of another
            link.cut()
        begun = time.monotonic()
        while (ready := server.get("/readyz")).status == 200:
            self.assert_healthy(server)
            self.assertLess(time.monotonic() - begun, 40)
            time.sleep(0.2)
        self.assertIn(b"the database", ready.body)
        begun = time.monotonic()
        answer = ada.request("POST", "/api/v1/topics", {"title": "Meanwhile"})
        self.assertEqual(answer.status, 503)
        self.assertIn("database", answer.json["detail"])
        self.assertLess(time.monotonic() - begun, 2, "it is known to be away")
        self.assert_healthy(server)
        deadline = time.monotonic() + 20
        while b"the database has no leader" not in server.get("/readyz").body:
            self.assertLess(time.monotonic(), deadline, "".join(server.log))
            time.sleep(0.1)
        for link in cluster.links:
            link.mend()
        self.wait_for_readiness(server)
        titles = [topic["title"] for topic in ada.get("/api/v1/topics").json["topics"]]
        self.assertEqual(titles, ["Before"])
        self.assertEqual(ada.request("POST", "/api/v1/topics", {"title": "After"}).status, 201)


if __name__ == "__main__":
    unittest.main()
