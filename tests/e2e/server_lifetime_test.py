"""The server as a process: settings, signals, what it tells systemd, and kill -9."""

import re
import signal
import socket
import sqlite3
import threading
import time
import unittest

from offx_server import PASSWORD, Browser, ServerTest


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


if __name__ == "__main__":
    unittest.main()
