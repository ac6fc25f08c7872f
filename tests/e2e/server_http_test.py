"""What the server answers over HTTP: headers, compression, wrong queries, files of the dashboard, and clients that misbehave."""

import gzip
import http.client
import re
import socket
import time
import unittest

from offx_server import ServerTest

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
