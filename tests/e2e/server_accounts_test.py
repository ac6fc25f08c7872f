"""Who gets in, and who does not: set-up, passwords, sessions, forged requests, throttling, tokens, and every route.

OFFX_LOGIN_SAMPLES says how often a wrong name and a wrong password are timed (20; 200 for the proof, on a quiet machine).
"""

import hashlib
import os
import re
import statistics
import threading
import time
import unittest

from offx_server import PASSWORD, Browser, ServerTest

SAMPLES = int(os.environ.get("OFFX_LOGIN_SAMPLES", "20"))
OPEN = {("GET", "/session"), ("POST", "/session"), ("POST", "/setup"), ("GET", "/openapi.json")}


class SetUp(ServerTest):
    def test_the_first_user_needs_the_token_that_was_printed(self):
        server = self.serve()
        self.assertNotIn(server.setup_token, "".join(server.log), "the token is in the log")
        browser = Browser(server).open()
        self.assertTrue(browser.get("/api/v1/session").json["setup_required"])
        ada = {"username": "ada", "password": PASSWORD}
        for token in ("", "wrong", server.setup_token[:-1]):
            self.assertEqual(browser.request("POST", "/api/v1/setup", {"token": token, **ada}).status, 403)
        for short in ("", "short", "x" * 11):
            answer = browser.request("POST", "/api/v1/setup", {"token": server.setup_token, **ada, "password": short})
            self.assertEqual((answer.status, answer.json["errors"][0]["field"]), (400, "password"))
        answer = browser.request("POST", "/api/v1/setup", {"token": server.setup_token, **ada})
        self.assertEqual(answer.status, 201)
        self.assertEqual(answer.json["user"], {"id": 1, "username": "ada", "is_admin": True})
        again = Browser(server).open().request("POST", "/api/v1/setup", {"token": server.setup_token, **ada})
        self.assertEqual(again.status, 409)
        self.assertEqual(server.stop(), 0)
        self.assertIsNone(self.serve().setup_token, "there is a user: no link is printed")

    def test_a_token_ends_after_an_hour_and_with_the_next_start(self):
        first = self.serve()
        first.stop()
        second = self.serve()
        ada = {"username": "ada", "password": PASSWORD}
        browser = Browser(second).open()
        self.assertEqual(browser.request("POST", "/api/v1/setup", {"token": first.setup_token, **ada}).status, 403)
        self.sql("UPDATE settings_v1 SET value = substr(value, 1, 65) || '2020-01-01 00:00:00' WHERE name = 'setup.token'")
        self.assertEqual(browser.request("POST", "/api/v1/setup", {"token": second.setup_token, **ada}).status, 403)

    def test_the_environment_can_name_the_first_user(self):
        server = self.serve(AUTH_USERNAME="bo", AUTH_PASSWORD_FILE=self.write("secret", PASSWORD + "\n"))
        self.assertIsNone(server.setup_token)
        self.assertEqual(Browser(server).log_in("bo").status, 200)
        self.assertNotIn(PASSWORD, "".join(server.log))

    def test_listens_for_others_only_once_there_is_a_user(self):
        err = self.offx("serve", "--listen", "0.0.0.0:0", status=2)[1]
        self.assertEqual(err.count("offx user add"), 1, err)
        self.assertNotIn("database.unavailable", err)
        self.offx("user", "add", "ada", stdin=PASSWORD + "\n")
        server = self.serve(listen="0.0.0.0:0")
        self.assertEqual(server.get("/healthz").status, 200)

    def test_users_by_command(self):
        self.assertTrue(self.json("user", "add", "ada", stdin=PASSWORD + "\n")["is_admin"], "the first is an administrator")
        self.assertFalse(self.json("user", "add", "bo", stdin=PASSWORD + "\n")["is_admin"])
        self.assertIn("already", self.offx("user", "add", "ADA", stdin=PASSWORD + "\n", status=1)[1])
        self.assertIn("too short", self.offx("user", "add", "cy", stdin="short\n", status=2)[1])
        self.assertIn("letters", self.offx("user", "add", "a b", stdin=PASSWORD + "\n", status=2)[1])
        self.assertEqual([user["username"] for user in self.json("user", "list")], ["ada", "bo"])
        self.assertIn("last administrator", self.offx("user", "remove", "ada", "--yes", status=1)[1])
        server = self.serve()
        bo = Browser(server)
        self.assertEqual(bo.log_in("bo").status, 200)
        self.offx("user", "passwd", "bo", stdin="another long password\n")
        self.assertEqual(bo.get("/api/v1/settings").status, 401, "its sessions end")
        self.assertEqual(bo.log_in("bo", "another long password").status, 200)
        self.offx("user", "remove", "bo", "--yes")
        self.assertEqual(bo.get("/api/v1/settings").status, 401)


class Passwords(ServerTest):
    def test_are_stored_as_argon2id(self):
        server, _ = self.serve_with_user()
        stored = self.sql("SELECT password_hash FROM users_v1")[0][0]
        found = re.match(r"^\$argon2id\$v=19\$m=(\d{5,}),t=(\d+),p=1\$[A-Za-z0-9+/]{22}\$", stored)
        self.assertTrue(found, stored)
        self.assertGreaterEqual(int(found[1]), 19456)
        self.assertGreaterEqual(int(found[2]), 2)

    def test_a_wrong_name_and_a_wrong_password_look_alike(self):
        server, _ = self.serve_with_user()
        times, bodies = {"ada": [], "nobody": []}, set()
        browser = Browser(server).open()
        for turn in range(SAMPLES):
            for name in sorted(times, reverse=turn % 2 == 0):  # neither always comes first
                begun = time.perf_counter()
                answer = browser.request("POST", "/api/v1/session", {"username": name, "password": "wrong password"})
                times[name].append(time.perf_counter() - begun)
                bodies.add((answer.status, answer.json["title"], answer.json["detail"]))
            self.sql("DELETE FROM login_attempts_v1")
        self.assertEqual(bodies, {(401, "Not logged in", "the user name or the password is wrong")})
        known, unknown = (statistics.median(times[name]) for name in times)
        self.assertLess(abs(known - unknown), max(known, unknown) * 0.5, "far apart: one of them is not hashed")
        if SAMPLES >= 200:
            print(f"\nmedians of {SAMPLES}: wrong password {known * 1000:.2f} ms, wrong name {unknown * 1000:.2f} ms")
            self.assertLess(abs(known - unknown), 0.010)

    def test_of_many_at_once_are_all_looked_at_or_asked_to_come_again(self):
        server, _ = self.serve_with_user(OFFX_WORKERS="64")
        for many in (8, 40):
            browsers = [Browser(server).open() for _ in range(many)]
            together, answers = threading.Barrier(many), []

            def log_in(browser):
                together.wait()
                answers.append(browser.request("POST", "/api/v1/session", {"username": "ada", "password": PASSWORD}))

            threads = [threading.Thread(target=log_in, args=(browser,)) for browser in browsers]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(len(answers), many)
            if many == 8:
                self.assertEqual([answer.status for answer in answers], [200] * 8)
            for answer in answers:
                if answer.status != 200:  # slow machines
                    self.assertEqual((answer.status, answer.header("Retry-After")), (503, "1"), answer.body)
                    self.assertEqual(answer.json["detail"], "too many are logging in at once; try again in a moment")
        self.assertEqual(self.sql("SELECT count(*) FROM login_attempts_v1"), [(0,)])

    def test_have_a_size(self):
        server, browser = self.serve_with_user()
        ada = {"username": "ada", "password": "p" * 1025}
        self.assertEqual(browser.request("POST", "/api/v1/session", ada).status, 413)
        ada["password"] = "p" * (10 << 20)
        self.assertEqual(browser.request("POST", "/api/v1/session", ada).status, 413)
        self.assertEqual(server.get("/healthz").status, 200)
        answer = browser.request("POST", "/api/v1/users", {"username": "bo", "password": "bo"})
        self.assertEqual((answer.status, answer.json["errors"][0]["field"]), (400, "password"))


class Sessions(ServerTest):
    def test_the_cookie_is_a_secret_that_is_new_at_each_login(self):
        server, ada = self.serve_with_user()
        before = Browser(server).open()
        fixed = before.cookie
        answer = before.log_in()
        cookie = answer.header("Set-Cookie")
        self.assertRegex(cookie, r"^__Host-offx=[A-Za-z0-9_-]{43}; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=\d+$")
        self.assertNotEqual(before.cookie, fixed)
        planted = Browser(server)
        planted.cookie = fixed
        self.assertEqual(planted.get("/api/v1/settings").status, 401)
        secret = before.cookie.split("=")[1]
        hashes = [row[0] for row in self.sql("SELECT token_hash FROM sessions_v1")]
        self.assertIn(hashlib.sha256(secret.encode()).hexdigest(), hashes)
        self.assertNotIn(secret.encode(), self.stored_bytes())

    def test_end_when_logged_out_when_idle_and_when_old(self):
        server, ada = self.serve_with_user()
        cookie = ada.cookie
        self.assertEqual(ada.request("DELETE", "/api/v1/session").status, 204)
        ada.cookie = cookie
        self.assertEqual(ada.get("/api/v1/settings").status, 401)
        for column in ("last_seen_at", "expires_at"):
            self.assertEqual(ada.log_in().status, 200)
            self.sql(f"UPDATE sessions_v1 SET {column} = datetime({column}, '-13 hours', '-31 days')")
            self.assertEqual(ada.get("/api/v1/settings").status, 401, column)
            self.assertEqual(ada.get("/api/v1/session").json["user"], None)

    def test_survive_a_restart_and_end_with_a_new_password(self):
        server, ada = self.serve_with_user()
        server.stop()
        server = self.serve()
        ada.server = server
        self.assertEqual(ada.get("/api/v1/settings").status, 200)
        other = Browser(server)
        other.log_in()
        self.assertEqual(len(ada.get("/api/v1/account/sessions").json["sessions"]), 2)
        change = {"current_password": "wrong", "new_password": "another long password"}
        self.assertEqual(ada.request("PUT", "/api/v1/account/password", change).status, 400)
        change["current_password"] = PASSWORD
        old = ada.cookie
        self.assertEqual(ada.request("PUT", "/api/v1/account/password", change).status, 200)
        self.assertNotEqual(ada.cookie, old)
        self.assertEqual(ada.get("/api/v1/settings").status, 200)
        self.assertEqual(other.get("/api/v1/settings").status, 401)
        [session] = ada.get("/api/v1/account/sessions").json["sessions"]
        self.assertTrue(session["current"])

    def test_one_can_be_ended_from_another_but_not_of_another_user(self):
        server, ada = self.serve_with_user()
        other = Browser(server)
        other.log_in()
        ids = {entry["current"]: entry["id"] for entry in ada.get("/api/v1/account/sessions").json["sessions"]}
        ada.request("POST", "/api/v1/users", {"username": "bo", "password": PASSWORD})
        bo = Browser(server)
        bo.log_in("bo")
        self.assertEqual(bo.request("DELETE", f"/api/v1/account/sessions/{ids[True]}").status, 404)
        self.assertEqual(ada.request("DELETE", f"/api/v1/account/sessions/{ids[False]}").status, 204)
        self.assertEqual(other.get("/api/v1/settings").status, 401)
        self.assertEqual(ada.get("/api/v1/settings").status, 200)


class ForgedRequests(ServerTest):
    def test_change_nothing(self):
        server, ada = self.serve_with_user()
        other = Browser(server)
        other.log_in()
        forged = [{"X_CSRF_Token": None}, {"X_CSRF_Token": "wrong"}, {"X_CSRF_Token": other.csrf},
                  {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec_Fetch_Site": "cross-site"},
                  {"Sec_Fetch_Site": "same-site"}]
        changes = [("PATCH", "/api/v1/settings", {"log_keep_days": 1}), ("DELETE", "/api/v1/session", None),
                   ("POST", "/api/v1/tokens", {"name": "x", "scopes": ["admin"]}),
                   ("POST", "/api/v1/session", {"username": "ada", "password": PASSWORD}),
                   ("POST", "/api/v1/setup", {"token": "", "username": "eve", "password": PASSWORD})]
        for method, path, body in changes:
            for headers in forged:
                answer = ada.request(method, path, body, **headers)
                self.assertEqual(answer.status, 403, (method, path, headers, answer.body))
                self.assertIsNone(answer.header("Set-Cookie"))
        self.assertEqual(ada.get("/api/v1/settings").json["log_keep_days"], 30)
        self.assertEqual(ada.get("/api/v1/tokens").json["tokens"], [])
        host = f"127.0.0.1:{server.port}"
        honest = ada.request("PATCH", "/api/v1/settings", {"log_keep_days": 7}, Origin="http://" + host,
                             Sec_Fetch_Site="same-origin")
        self.assertEqual(honest.status, 200, honest.body)

    def test_reading_changes_nothing(self):
        server, ada = self.serve_with_user()
        ada.get("/api/v1/session")
        server.stop()
        server = self.serve()
        ada.server = server
        paths = [path for path, methods in server.get("/api/v1/openapi.json").json["paths"].items() if "get" in methods]
        time.sleep(1.2)
        kept = "SELECT * FROM {} ORDER BY 1"
        tables = [row[0] for row in self.sql("SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE '%\\_v_' "
                                             "ESCAPE '\\' AND name NOT LIKE 'request_log%' "
                                             "AND name NOT LIKE 'job%' AND name NOT LIKE 'post_search%'")]
        before = {table: self.sql(kept.format(table)) for table in tables}
        for path in paths:
            if path != "/events":
                ada.get("/api/v1" + path.replace("{id}", "1"))
        self.assertEqual({table: self.sql(kept.format(table)) for table in tables}, before)


class Throttling(ServerTest):
    def wrong(self, browser, name="ada"):
        return browser.request("POST", "/api/v1/session", {"username": name, "password": "wrong password"})

    def test_ten_wrong_passwords_and_the_account_waits_but_not_elsewhere(self):
        server, _ = self.serve_with_user(OFFX_TRUSTED_PROXIES="127.0.0.1")
        there = Browser(server, **{"X-Forwarded-For": "192.0.2.1"}).open()
        self.assertEqual([self.wrong(there).status for _ in range(11)], [401] * 10 + [429])
        answer = there.log_in()
        self.assertEqual(answer.status, 429, "also with the right password")
        self.assertTrue(0 < int(answer.header("Retry-After")) <= 900)
        elsewhere = Browser(server, **{"X-Forwarded-For": "192.0.2.2"})
        self.assertEqual(elsewhere.log_in().status, 200)
        server.stop()
        server = self.serve(OFFX_TRUSTED_PROXIES="127.0.0.1")
        there.server = server
        self.assertEqual(there.log_in().status, 429, "a restart does not help")
        self.sql("UPDATE login_attempts_v1 SET at = datetime(at, '-16 minutes')")
        self.assertEqual(there.log_in().status, 200)

    def test_thirty_wrong_from_an_address_whoever_is_meant(self):
        server, _ = self.serve_with_user()
        browser = Browser(server).open()
        statuses = [self.wrong(browser, f"name{i}").status for i in range(31)]
        self.assertEqual(statuses, [401] * 30 + [429])

    def test_who_forwards_is_believed_only_if_trusted(self):
        server, _ = self.serve_with_user()
        statuses = set()
        for i in range(11):
            statuses.add(self.wrong(Browser(server, **{"X-Forwarded-For": f"192.0.2.{i}"}).open()).status)
        self.assertEqual(statuses, {401, 429})

    def test_too_many_requests_of_one_caller(self):
        server, ada = self.serve_with_user(OFFX_RATE_LIMIT=1)
        token = self.token(ada, "read")
        statuses = [server.request("GET", "/api/v1/settings", headers=token) for _ in range(25)]
        self.assertEqual(statuses[0].status, 200)
        self.assertEqual(statuses[-1].status, 429)
        self.assertGreaterEqual(int(statuses[-1].header("Retry-After")), 1)
        self.assertEqual(ada.get("/api/v1/settings").status, 200, "another caller")


class Tokens(ServerTest):
    def test_do_what_their_scopes_say_until_they_are_revoked(self):
        server, ada = self.serve_with_user()
        read, write, admin = (self.token(ada, scope) for scope in ("read", "write", "admin"))
        change = ("PATCH", "/api/v1/settings", {"log_keep_days": 9})
        self.assertEqual(server.request("GET", "/api/v1/settings", headers=read).status, 200)
        self.assertEqual(server.request("GET", "/api/v1/settings", headers=write).status, 200)
        self.assertEqual(server.request(*change, headers=read).status, 403)
        self.assertEqual(server.request(*change, headers=write).status, 403)
        self.assertEqual(server.request(*change, headers=admin).status, 200)
        self.assertEqual(server.request("GET", "/api/v1/tokens", headers=admin).status, 403, "that is for the account")
        listed = ada.get("/api/v1/tokens").json["tokens"]
        self.assertEqual([token["scopes"] for token in listed], [["admin"], ["write"], ["read"]])
        self.assertTrue(all("token" not in token and token["last_used_at"] for token in listed))
        secret = read["Authorization"].split()[1]
        self.assertTrue(secret.startswith(listed[2]["prefix"]))
        self.assertNotIn(secret.encode(), self.stored_bytes())
        self.assertIn(hashlib.sha256(secret.encode()).hexdigest().encode(), self.stored_bytes())
        self.assertEqual(ada.request("DELETE", f"/api/v1/tokens/{listed[2]['id']}").status, 204)
        self.assertEqual(server.request("GET", "/api/v1/settings", headers=read).status, 401)
        for scheme in ("Basic YWRhOng=", "Bearer", "Bearer offx_wrong", "Bearer " + "x" * 5000):
            self.assertEqual(server.get("/api/v1/settings", Authorization=scheme).status, 401)

    def test_expire_and_are_no_more_than_their_owner(self):
        server, ada = self.serve_with_user()
        token = self.token(ada, "read", expires_in_days=1)
        self.sql("UPDATE api_tokens_v1 SET expires_at = datetime(expires_at, '-2 days')")
        self.assertEqual(server.request("GET", "/api/v1/settings", headers=token).status, 401)
        ada.request("POST", "/api/v1/users", {"username": "bo", "password": PASSWORD})
        bo = Browser(server)
        bo.log_in("bo")
        wrong = [{"scopes": ["admin"]}, {"scopes": []}, {"scopes": ["sudo"]}, {"scopes": "read"}, {"name": ""},
                 {"expires_in_days": 0}, {"expires_in_days": "soon"}, {"colour": "red"}]
        for change in wrong:
            answer = bo.request("POST", "/api/v1/tokens", {"name": "x", "scopes": ["read"], **change})
            self.assertEqual(answer.status, 400, (change, answer.body))
            self.assertEqual(answer.json["errors"][0]["field"], next(iter(change)))


class EveryRoute(ServerTest):
    def routes(self, server):
        for path, methods in server.get("/api/v1/openapi.json").json["paths"].items():
            for method in methods:
                if method != "parameters":
                    yield method.upper(), path, methods[method]

    def test_asks_who_calls(self):
        server, ada = self.serve_with_user()
        ada.request("POST", "/api/v1/users", {"username": "bo", "password": PASSWORD})
        bo = Browser(server)
        bo.log_in("bo")
        read = self.token(bo, "read")
        walked = 0
        for method, path, operation in self.routes(server):
            if (method, path) in OPEN:
                continue
            walked += 1
            target = "/api/v1" + re.sub(r"\{[^}]*\}", "987654321", path)
            name = f"{method} {path}"
            for headers in ({}, {"Authorization": "Bearer offx_" + "A" * 43}, {"Cookie": "__Host-offx=" + "A" * 43}):
                answer = server.request(method, target, headers=headers)
                self.assertEqual(answer.status, 401, f"{name} {headers}: {answer.body}")
            scopes = [scope for entry in operation["security"] for scope in entry.get("token", ["account"])]
            if "admin" in scopes:
                self.assertEqual(bo.request(method, target).status, 403, name)
            if "read" not in scopes:
                self.assertEqual(server.request(method, target, headers=read).status, 403, name)
        self.assertGreater(walked, 10)

    def test_what_is_another_users_does_not_exist(self):
        server, ada = self.serve_with_user()
        ada.request("POST", "/api/v1/users", {"username": "bo", "password": PASSWORD})
        bo = Browser(server)
        bo.log_in("bo")
        self.token(ada, "read")
        theirs = ada.get("/api/v1/tokens").json["tokens"][0]["id"]
        self.assertEqual(bo.request("DELETE", f"/api/v1/tokens/{theirs}").status, 404)
        self.assertEqual(bo.get("/api/v1/tokens").json["tokens"], [])
        self.assertEqual(len(ada.get("/api/v1/tokens").json["tokens"]), 1)


class Log(ServerTest):
    def test_tells_what_was_answered_and_no_secret(self):
        server, ada = self.serve_with_user()
        token = self.token(ada, "read")
        canary = "canary-7731-secret"
        server.get(f"/api/v1/settings?token={canary}", Authorization=f"Bearer offx_{canary}", Cookie=f"a={canary}")
        ada.request("POST", "/api/v1/session", {"username": canary, "password": canary})
        server.raw(f"GET /{canary}\x1b[31m HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        server.request("GET", "/api/v1/settings", headers=token)
        deadline = time.monotonic() + 20
        while True:
            entries = ada.get("/api/v1/log").json["entries"]
            if any(entry["who"] == "ada/token" for entry in entries) or time.monotonic() > deadline:
                break
            time.sleep(0.1)
        last = next(entry for entry in entries if entry["who"] == "ada/token")
        self.assertEqual((last["method"], last["path"], last["status"]), ("GET", "/api/v1/settings", 200))
        page = ada.get("/api/v1/log?limit=1").json
        self.assertEqual(len(page["entries"]), 1)
        self.assertEqual(ada.get(f"/api/v1/log?limit=1&after={page['next']}").json["entries"][0]["id"],
                         page["entries"][0]["id"] - 1)
        self.assertTrue(all(entry["status"] == 401 for entry in ada.get("/api/v1/log?status=401").json["entries"]))
        self.assertEqual(ada.get("/api/v1/log?colour=red").status, 400)
        self.assertEqual(ada.get("/api/v1/log?until=once").json["errors"][0]["field"], "until")
        self.sql("UPDATE request_log_v1 SET time = '2026-01-01 00:00:00' WHERE id = ?", page["entries"][0]["id"])
        for span, found in (("until=2026-01-01T00:00:00Z", 0), ("until=2026-01-01T00:00:01Z", 1),
                            ("since=2026-01-01T00:00:00Z&until=2026-01-01T00:00:01Z", 1),
                            ("since=2026-01-01T00:00:01Z&until=2026-01-02T00:00:00Z", 0),
                            ("until=2026-01-02", 1)):
            self.assertEqual(len(ada.get("/api/v1/log?" + span).json["entries"]), found, span)
        self.assertGreater(len(ada.get("/api/v1/log?since=1h").json["entries"]), 2)
        server.stop()
        everything = "".join(server.log) + "".join(server.output)
        for secret in (canary, PASSWORD, token["Authorization"].split()[1], ada.cookie.split("=")[1], "\x1b"):
            self.assertNotIn(secret, everything)
        for secret in (canary, PASSWORD, ada.cookie.split("=")[1]):
            self.assertNotIn(secret.encode(), self.stored_bytes())


if __name__ == "__main__":
    unittest.main()
