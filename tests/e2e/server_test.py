"""The server as a program: starting, stopping, health, headers, files of the dashboard, and clients that misbehave."""

import gzip
import http.client
import json
import re
import signal
import socket
import sqlite3
import threading
import time
import unittest

import offx_servers
from offx_e2e import json_lines, post
from offx_server import PASSWORD, Browser, ServerTest

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
POLICY = ("default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self'",
          "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'")


class Answers(ServerTest):
    def assert_safe(self, answer, what):
        for name, value in HEADERS.items():
            self.assertEqual(answer.header(name), value, what)
        policy = [part.strip() for part in answer.header("Content-Security-Policy").split(";")]
        for part in POLICY:
            self.assertIn(part, policy, what)
        self.assertTrue(answer.header("X-Request-Id"), what)

    def test_have_their_headers_whatever_they_are(self):
        server, ada = self.serve_with_user()
        for method, path, status in (("GET", "/healthz", 200), ("GET", "/readyz", 200), ("GET", "/metrics", 200),
                                     ("GET", "/api/v1/session", 200), ("GET", "/api/v1/settings", 401),
                                     ("GET", "/api/v1/nothing", 404), ("GET", "/nothing", 404), ("GET", "/%", 400),
                                     ("POST", "/api/v1/session", 403), ("DELETE", "/api/v1/setup", 405),
                                     ("POST", "/healthz", 405), ("PUT", "/", 405), ("GET", "/api/v1/openapi.json", 200)):
            answer = server.request(method, path)
            self.assertEqual(answer.status, status, (method, path, answer.body))
            self.assert_safe(answer, (method, path))
            if status >= 400:
                self.assertEqual(answer.header("Content-Type"), "application/problem+json")
                self.assertEqual(set(answer.json), {"type", "title", "status", "detail", "instance"})
                self.assertEqual(answer.json["instance"], answer.header("X-Request-Id"))
                self.assertEqual(answer.header("Cache-Control"), "no-store")
        self.assertIn(b"\r\nContent-Security-Policy: default-src 'none'", server.raw(b"nonsense\r\n\r\n"))

    def test_methods(self):
        server = self.serve()
        answer = server.request("PUT", "/api/v1/session")
        self.assertEqual((answer.status, answer.header("Allow")), (405, "OPTIONS, GET, HEAD, POST, DELETE"))
        answer = server.request("OPTIONS", "/api/v1/session")
        self.assertEqual((answer.status, answer.header("Allow")), (204, "OPTIONS, GET, HEAD, POST, DELETE"))
        answer = server.request("HEAD", "/api/v1/openapi.json")
        self.assertEqual((answer.status, answer.body), (200, b""))
        self.assertEqual(answer.header("Content-Length"), str(len(server.get("/api/v1/openapi.json").body)))

    def test_are_compressed_and_not_sent_twice(self):
        server = self.serve()
        plain = server.get("/api/v1/openapi.json")
        packed = server.get("/api/v1/openapi.json", Accept_Encoding="gzip")
        self.assertEqual(packed.header("Content-Encoding"), "gzip")
        self.assertEqual(gzip.decompress(packed.body), plain.body)
        self.assertEqual(server.get("/api/v1/openapi.json", Accept_Encoding="br, gzip").header("Content-Encoding"), "br")
        self.assertIsNone(server.get("/api/v1/openapi.json", Accept_Encoding="br;q=0").header("Content-Encoding"))
        self.assertIn("Accept-Encoding", plain.header("Vary"))
        for tag in (plain.header("ETag"), '"other", ' + plain.header("ETag"), "*"):
            again = server.get("/api/v1/openapi.json", If_None_Match=tag)
            self.assertEqual((again.status, again.body), (304, b""))
        self.assertEqual(server.get("/api/v1/openapi.json", If_None_Match='"other"').status, 200)
        self.assertEqual(server.get("/api/v1/session").header("Cache-Control"), "no-store")

    def test_of_elsewhere_only_where_allowed(self):
        page = "https://page.example"
        closed = self.serve()
        self.assertIsNone(closed.get("/api/v1/openapi.json", Origin=page).header("Access-Control-Allow-Origin"))
        closed.stop()
        server = self.serve(OFFX_CORS_ORIGINS=page)
        answer = server.request("OPTIONS", "/api/v1/settings",
                                headers={"Origin": page, "Access-Control-Request-Method": "GET"})
        self.assertEqual(answer.header("Access-Control-Allow-Origin"), page)
        self.assertIn("GET", answer.header("Access-Control-Allow-Methods"))
        self.assertIn("Authorization", answer.header("Access-Control-Allow-Headers"))
        self.assertIsNone(answer.header("Access-Control-Allow-Credentials"))
        other = server.get("/api/v1/openapi.json", Origin="https://other.example")
        self.assertIsNone(other.header("Access-Control-Allow-Origin"))

    def test_metrics_are_for_some_networks(self):
        server = self.serve()
        text = server.get("/metrics").body.decode()
        self.assertRegex(text, r'offx_build_info\{version="[0-9.]+"\} 1')
        server.get("/api/v1/session")
        text = server.get("/metrics").body.decode()
        self.assertIn('offx_http_requests_total{method="GET",route="/api/v1/session",status="2xx"} 1\n', text)
        for line in text.splitlines():
            self.assertRegex(line, r'^(# (HELP|TYPE) \w+ .+|\w+(\{(\w+="[^"]*",?)+\})? [0-9.e+-]+)$')
        server.stop()
        self.assertEqual(self.serve(OFFX_METRICS_ALLOW="10.0.0.0/8").get("/metrics").status, 404)

    def test_wrong_queries_are_named(self):
        server, ada = self.serve_with_user()
        answer = ada.get("/api/v1/settings?colour=red")
        self.assertEqual((answer.status, answer.json["errors"][0]["field"]), (400, "colour"))
        for target in ("/api/v1/settings?a=%zz", "/api/v1/settings?a=%00", "/api/v1/settings?a=%ff", "/api/v1/%"):
            self.assertEqual(ada.get(target).status, 400, target)
        for body in ("{", "[]", '"x"', "[" * 10_000):
            answer = ada.request("PATCH", "/api/v1/settings", body)
            self.assertEqual(answer.status, 400, body[:20])
        for target in ("/api/v1/posts?topic=1&topic=2", "/api/v1/log?user=ada&user=bo", "/api/v1/settings?a=1&a=1"):
            answer = ada.get(target)
            self.assertEqual((answer.status, "twice" in answer.json["detail"]), (400, True), target)
        for path, body in (("/topics", '{"title":"A","title":"B"}'), ("/topics", '{"title":"a:\\"","t\\u0069tle":"B"}'),
                           ("/jobs", '{"schedule":"@daily","options":{"period":"day","period":"week"}}')):
            answer = ada.request("POST", "/api/v1" + path, body)
            self.assertEqual((answer.status, "twice" in answer.json["detail"]), (400, True), body)
        for path, body, field in (("/topics", {"title": "a\0b"}, "title"), ("/topics", {"title": "a\nb"}, "title"),
                                  ("/topics", {"title": "a", "description": "a\0b"}, "description"),
                                  ("/jobs", {"title": "a\u0085b", "schedule": "@daily"}, "title"),
                                  ("/tokens", {"name": "a\x1bb", "scopes": ["read"]}, "name")):
            answer = ada.request("POST", "/api/v1" + path, body)
            self.assertEqual((answer.status, answer.json.get("errors", [{}])[0].get("field")), (400, field), answer.body)
        self.assertEqual(ada.get("/api/v1/topics").json["topics"], [])
        for body in ({"log_keep_days": "many"}, {"log_keep_days": 0}, {"colour": "red"}, {"time_zone": "Mars/Base"}):
            answer = ada.request("PATCH", "/api/v1/settings", body)
            self.assertEqual((answer.status, answer.json["errors"][0]["field"]), (400, next(iter(body))), body)
        self.assertEqual(ada.request("PATCH", "/api/v1/settings", {"time_zone": "Europe/Berlin"}).status, 200)
        self.assertEqual(ada.get("/api/v1/session").json["time_zone"], "Europe/Berlin")


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


class Files(ServerTest):
    def test_nothing_outside_the_program_is_served(self):
        self.write("secret.txt", "canary")
        server = self.serve("--data", self.folder / "data")
        for path in ("/../secret.txt", "/..%2fsecret.txt", "/%2e%2e/secret.txt", "/assets/../../secret.txt", "//etc/passwd",
                     "/etc/passwd", "/....//secret.txt", "/..\\secret.txt", "/assets/%2e%2e%2f%2e%2e%2fsecret.txt",
                     "/offx.db", "/.git/config", "/.env", "/data/", "/assets/", "/assets", "/index.html/", "/secret.txt%00"):
            for accept in ("*/*", "text/html"):
                answer = server.get(path, Accept=accept)
                self.assertNotIn(b"canary", answer.body)
                self.assertNotIn(b"root:", answer.body)
                if accept == "*/*" or "." in path:
                    self.assertIn(answer.status, (400, 404), path)

    def test_the_dashboard_finds_its_own_way(self):
        server = self.serve()
        page = server.get("/", Accept="text/html")
        if page.status == 404:
            self.skipTest("built without the dashboard")
        self.assertIn(b"<!doctype html", page.body.lower())
        self.assertEqual(page.header("Cache-Control"), "no-cache")
        self.assertEqual(server.get("/topics/7", Accept="text/html,*/*").body, page.body)
        self.assertEqual(server.get("/topics/7", Accept="application/json").status, 404)
        for path in ("/topics/1.0", "/%FF", "/%"):  # the dashboard tells people, a document tells programs
            answer = server.get(path, Accept="text/html,*/*")
            self.assertEqual((answer.status, answer.body, answer.header("ETag")), (404, page.body, None), path)
            self.assertEqual(server.get(path).header("Content-Type"), "application/problem+json", path)
        self.assertEqual(server.get("/api/v1/nothing", Accept="text/html").header("Content-Type"), "application/problem+json")
        script = re.search(rb'src="(/assets/[^"]+\.js)"', page.body)[1].decode()
        answer = server.get(script, Accept_Encoding="br")
        self.assertEqual(answer.header("Cache-Control"), "public, max-age=31536000, immutable")
        self.assertEqual(answer.header("Content-Encoding"), "br")
        self.assertEqual(server.get(script, If_None_Match=answer.header("ETag")).status, 304)


class Lifetime(ServerTest):
    def test_says_what_is_wrong_with_its_settings_all_at_once(self):
        err = self.offx("serve", status=2, env={"OFFX_LISTEN": "nowhere", "OFFX_LOG_LEVEL": "loud", "OFFX_RATE_LIMIT": "-1",
                                                "OFFX_METRICS_ALLOW": "all", "AUTH_USERNAME": "ada"})[1]
        for name in ("OFFX_LISTEN", "OFFX_LOG_LEVEL", "OFFX_RATE_LIMIT", "OFFX_METRICS_ALLOW", "AUTH_PASSWORD"):
            self.assertIn(name, err)
        server = self.serve()
        err = self.offx("serve", "--listen", f"127.0.0.1:{server.port}", status=1)[1]
        self.assertIn("another program", err)

    def test_healthcheck_tells_by_its_exit_code(self):
        server = self.serve()
        self.offx("healthcheck", "--listen", f"127.0.0.1:{server.port}")
        server.stop()
        self.offx("healthcheck", "--listen", f"127.0.0.1:{server.port}", status=1)

    def test_two_serve_one_database(self):
        one, ada = self.serve_with_user()
        two = self.serve()
        ada.server = two
        self.assertEqual(ada.get("/api/v1/settings").status, 200)
        self.assertEqual(one.stop(), 0)
        self.assertEqual(ada.get("/api/v1/settings").status, 200)

    def test_sigterm_lets_requests_finish(self):
        server, _ = self.serve_with_user(OFFX_WORKERS="32")  # half of them may log in
        many, results = 12, []

        def log_in(browser):
            answer = browser.request("POST", "/api/v1/session", {"username": "ada", "password": PASSWORD})
            results.append((answer.status, answer.json.get("user", {}).get("username")))

        def in_progress():  # this one is, too
            return int(re.search(r"^offx_requests_in_progress (\d+)", server.get("/metrics").body.decode(), re.M)[1]) - 1

        # Four log in at a time: while the last of them come in, the first are being answered.
        deadline = time.monotonic() + 60
        while True:
            self.assertLess(time.monotonic(), deadline, "never were there several requests in progress")
            results.clear()
            threads = [threading.Thread(target=log_in, args=(browser,))
                       for browser in [Browser(server).open() for _ in range(many)]]
            for thread in threads:
                thread.start()
            while (there := in_progress()) + len(results) < many and any(thread.is_alive() for thread in threads):
                pass
            if there >= 2:
                break
            for thread in threads:
                thread.join()
        before = len(results)
        begun = time.monotonic()
        code = server.stop()
        for thread in threads:
            thread.join()
        self.assertEqual(code, 0)
        self.assertLess(before, many, "all were answered before it was told to stop")
        self.assertEqual(results, [(200, "ada")] * many)
        self.assertLess(time.monotonic() - begun, 15)
        self.assertTrue(any("server.stopped" in line for line in server.log))

    def test_sighup_reads_what_can_be_read_again(self):
        level = self.write("level", "error\n")
        server = self.serve(OFFX_LOG_LEVEL_FILE=level)
        for text in ("loud", "info"):  # a mistake leaves it as it is
            level.write_text(text)
            server.process.send_signal(signal.SIGHUP)
            time.sleep(0.2)
            self.assertEqual(server.get("/healthz").status, 200)
        self.assertEqual(server.stop(), 0)
        self.assertEqual([line.split()[2] for line in server.log], ["server.reloaded", "server.stopping", "server.stopped"])

    def test_kill_9_loses_nothing_that_was_acknowledged(self):
        _, ada = self.serve_with_user()
        ada.server.kill()
        for number in range(10):
            server = self.serve()
            ada.server = server
            self.assertEqual(ada.get("/api/v1/settings").status, 200, "the session survives")
            if number:
                self.assertEqual(ada.get("/api/v1/settings").json["log_keep_days"], number)
            self.assertEqual(ada.request("PATCH", "/api/v1/settings", {"log_keep_days": number + 1}).status, 200)
            server.kill()

    def test_tells_systemd_how_it_is(self):
        path = str(self.folder / "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(path)
            manager.settimeout(30)
            server = self.serve(NOTIFY_SOCKET=path, WATCHDOG_USEC="300000")
            while (first := manager.recv(100)) == b"WATCHDOG=1":  # the tables are being made
                pass
            self.assertEqual(first, b"READY=1")
            self.assertEqual(manager.recv(100), b"WATCHDOG=1")
            server.process.send_signal(signal.SIGTERM)
            while (last := manager.recv(100)) == b"WATCHDOG=1":
                pass
            self.assertEqual(last, b"STOPPING=1")

    def test_says_that_its_file_is_locked(self):
        path = self.folder / "local.db"
        self.offx("--db", path, "status")
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        server = self.serve("--db", path)
        answer = server.get("/readyz")
        self.assertEqual(answer.status, 503)
        self.assertIn(b"the database is locked", answer.body)
        self.assertEqual(server.get("/healthz").status, 200)
        other.execute("ROLLBACK")
        self.assertIsNotNone(server.wait_for_setup_token())
        self.assertEqual(server.stop(), 0)

    def test_is_private(self):
        server = self.serve()
        data = self.folder / "offx.data"
        self.assertEqual(data.stat().st_mode & 0o777, 0o700)
        self.assertEqual(server.stop(), 0)


@unittest.skipIf(offx_servers.missing(), offx_servers.missing())
class DatabaseServer(ServerTest):
    def wait_for(self, server, status):
        deadline = time.monotonic() + 60
        while (answer := server.get("/readyz")).status != status:
            self.assertLess(time.monotonic(), deadline, f"{answer.status}: {answer.body}\n" + "".join(server.log))
            time.sleep(0.1)
        return answer

    def test_may_be_away_and_come_back(self):
        sqld = offx_servers.Sqld(self)
        url = sqld.make_database("offx")
        sqld.process.kill()
        server = self.serve("--db", url, OFFX_DB_AUTH_TOKEN=offx_servers.TOKEN)
        self.assertEqual(server.get("/healthz").status, 200)
        self.assertIn(b"the database refuses the connection", self.wait_for(server, 503).body)
        self.assertIn(f"127.0.0.1:{sqld.port}", server.get("/readyz").body.decode(), "who runs it may know where")
        stranger = server.get("/readyz", X_Forwarded_For="192.0.2.1").body
        self.assertNotIn(b"127.0.0.1", stranger)
        answer = server.get("/api/v1/session")
        self.assertEqual((answer.status, answer.json["detail"] + "\n"), (503, stranger.decode()))
        sqld.start()
        self.wait_for(server, 200)
        self.assertEqual(server.get("/api/v1/session").status, 200)
        sqld.process.kill()
        self.wait_for(server, 503)
        self.assertEqual(server.get("/healthz").status, 200)
        sqld.start()
        self.wait_for(server, 200)

    def test_may_hang(self):
        sqld = offx_servers.Sqld(self)
        server = self.serve("--db", sqld.make_database("offx"), OFFX_DB_AUTH_TOKEN=offx_servers.TOKEN)
        self.wait_for(server, 200)
        sqld.process.freeze()
        try:
            self.assertIn(b"the database does not answer in time", self.wait_for(server, 503).body)
            answer = server.request("GET", "/api/v1/session", timeout=60)
            self.assertIn(answer.status, (503, 504))
            self.assertIn("database", answer.json["detail"])
            self.assertEqual(server.get("/healthz").status, 200)
        finally:
            sqld.process.thaw()
        self.wait_for(server, 200)
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
        self.wait_for(server, 200)
        self.assertIsNotNone(server.wait_for_setup_token())

    def test_that_refuses_ends_it_at_the_start_and_is_waited_for_later(self):
        sqld = offx_servers.Sqld(self)
        url = sqld.make_database("offx")
        sqld.process.kill()
        server = self.serve("--db", url, OFFX_DB_AUTH_TOKEN="nonsense")
        self.wait_for(server, 503)
        sqld.start()
        self.assertEqual(server.process.wait(30), 2)
        server.reader.join(10)
        self.assertIn("does not accept the token", server.log[-1])

        rqlite = offx_servers.Rqlite(self)
        server = self.serve("--db", rqlite.url())
        self.wait_for(server, 200)
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
        self.wait_for(server, 503)
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
        self.assertIn(b"replica", self.wait_for(server, 503).body)
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
        self.wait_for(server, 200)
        self.assertIsNone(ada.get("/api/v1/topics").header("OffX-Stale"))
        sqld.wait_for_replica("offx", "SELECT count(*) FROM api_tokens_v1", "1")  # it meets its primary anew
        sqld.process.freeze()
        self.wait_for(server, 503)
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
        self.wait_for(server, 200)

        # One that starts then, too, shows what there is.
        server.stop()
        sqld.process.kill()
        second = self.serve("--db", sqld.url_with_replica("offx") + "&timeout_ms=3000", **at)
        answer = second.get("/api/v1/posts", **token)
        self.assertEqual((answer.status, answer.header("OffX-Stale")), (200, "true"), answer.body)
        sqld.start()
        self.wait_for(second, 200)
        self.assertEqual(second.request("POST", "/api/v1/topics", {"title": "New"}, token).status, 201)

    def ready_cluster(self, **options):
        cluster = offx_servers.Rqlite(self, nodes=3, **options)
        server, ada = self.serve_with_user("--db", cluster.url() + "?timeout_ms=5000")
        self.wait_for(server, 200)
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
            self.wait_for(server, 200)
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
        self.wait_for(server, 200)
        titles = [topic["title"] for topic in ada.get("/api/v1/topics").json["topics"]]
        self.assertEqual(titles, ["Before"])
        self.assertEqual(ada.request("POST", "/api/v1/topics", {"title": "After"}).status, 201)


class Clients(ServerTest):
    def test_that_are_slow_or_broken_delay_nobody(self):
        server = self.serve()
        slow = []
        for beginning in (b"", b"GET / HTTP/1.1\r\nHost:", b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nab"):
            for _ in range(60):
                connection = socket.create_connection((server.host, server.port))
                connection.sendall(beginning)
                slow.append(connection)
        for broken in (b"\0" * 5000, b"GET\r\n\r\n", b"\x16\x03\x01\x02\x00", b"GET / HTTP/1.1\r\nHost: a\r\n" + b"x" * 9000):
            self.assertTrue(server.raw(broken + b"\r\n\r\n").startswith(b"HTTP/1.1 4"), broken[:20])
        self.assertTrue(server.raw(b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n").startswith(b"HTTP/1.1 414"))
        headers = b"X-A: " + b"a" * 66000 + b"\r\n"
        self.assertTrue(server.raw(b"GET / HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\n").startswith(b"HTTP/1.1 431"))
        worst = 0
        for _ in range(50):
            begun = time.monotonic()
            self.assertEqual(server.get("/api/v1/session").status, 200)
            worst = max(worst, time.monotonic() - begun)
        self.assertLess(worst, 1)
        for connection in slow:
            connection.settimeout(20)
            answer = connection.recv(100)
            self.assertTrue(answer == b"" or answer.startswith((b"HTTP/1.1 408", b"HTTP/1.1 403")), answer)
            connection.close()

    def test_that_may_not_upload_send_nothing(self):
        server, _ = self.serve_with_user()
        uploads = self.folder / "offx.data" / "uploads"
        begun = (b"POST /api/v1/imports?filename=x.jsonl HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n" + b"x" * 1000)
        answer = server.raw(begun)
        self.assertRegex(answer, rb"^HTTP/1.1 (401|404) ")
        self.assertEqual(list(uploads.iterdir()), [])

    def test_that_idle_cost_little(self):
        server = self.serve()
        idle = []
        self.addCleanup(lambda: [connection.close() for connection in idle])
        for _ in range(1000):
            connection = http.client.HTTPConnection(server.host, server.port)
            connection.request("GET", "/healthz")
            connection.getresponse().read()
            idle.append(connection)
        self.assertLess(server.rss_kib(), 60 * 1024)
        self.assertEqual(server.get("/healthz").status, 200)


if __name__ == "__main__":
    unittest.main()
