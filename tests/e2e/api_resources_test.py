"""The API's resources on the running server: what the command line stores is what the API shows, and the other way."""

import threading
import time
import unittest

try:
    import jsonschema
except ImportError:
    jsonschema = None

from offx_e2e import generated_posts, post
from offx_server import PASSWORD, ApiTest, Browser


class ResourcesTest(ApiTest):
    def test_the_api_shows_what_the_command_line_stored(self):
        self.write_posts("posts.jsonl", generated_posts(1500))
        self.offx("import", "posts.jsonl")
        self.offx("topic", "add", "Storms", "--rule", "storm -coffee")
        self.offx("summarize", "--topic", "Storms", "--since", "2025-01-01", "--until", "2026-01-01")
        self.begin()
        topic = self.ask("/topics")["topics"][0]
        self.assertEqual(topic["title"], "Storms")
        self.assertEqual([p["external_id"] for p in self.every_post(topic=topic["id"], limit=7)],
                         self.ids("--topic", "Storms"))
        self.assertEqual(topic["posts"], len(self.ids("--topic", "Storms")))
        self.assertEqual([p["external_id"] for p in self.every_post(q="storm bug*", limit=200)], self.found("storm bug*", "--limit", 1000))
        self.assertEqual([p["external_id"] for p in self.every_post(author="user7")], self.ids("--author", "user7"))
        points = self.ask(f"/topics/{topic['id']}/series", interval="week", since="2025-01-01", until="2026-01-01")["points"]
        self.assertEqual(sum(point["posts"] for point in points), topic["posts"])
        self.assertEqual([point["score"] is None for point in points], [point["posts"] == 0 for point in points])
        summary = self.ask("/summaries")["summaries"][0]
        cited = self.ask(f"/summaries/{summary['id']}")["posts"]
        shown = self.json("summaries", summary["id"])["posts"]
        self.assertEqual([(p["n"], p["external_id"], p["said_by"]) for p in cited],
                         [(p["n"], p["external_id"], p["said_by"]) for p in shown])
        card = self.ask("/today", time_zone="Europe/Berlin")["topics"][0]
        self.assertEqual(card["summary"]["id"], summary["id"])
        stats = self.ask("/stats")
        self.assertEqual(stats["posts"], 1500)
        self.assertEqual(sum(entry["posts"] for entry in stats["platforms"]), 1500)

    def test_a_post_that_was_removed_does_not_come_back(self):
        self.write_posts("posts.jsonl", [post("1", "sqlite one"), post("2", "sqlite two")])
        self.offx("import", "posts.jsonl")
        self.begin()
        one = [p for p in self.ask("/posts")["posts"] if p["external_id"] == "1"][0]
        self.call("DELETE", f"/posts/{one['id']}", status=204)
        self.call("GET", f"/posts/{one['id']}", status=404)
        out, _ = self.offx("import", "posts.jsonl")
        self.assertIn("0 new, 0 updated, 2 unchanged (1 removed before and not brought back)", out)
        self.assertEqual(self.json("import", "posts.jsonl")[0]["kept_out"], 1)
        self.assertEqual(self.ids(), ["2"])
        self.assertEqual([p["external_id"] for p in self.ask("/posts", q="sqlite")["posts"]], ["2"])

    def test_pages_are_whole_while_posts_are_imported(self):
        self.write_posts("old.jsonl", generated_posts(600))
        self.write_posts("new.jsonl", ({**made, "external_id": "n" + made["external_id"]} for made in generated_posts(3000, 2)))
        self.offx("import", "old.jsonl")
        self.begin()
        done = threading.Event()

        def bring_in():
            self.offx("import", "new.jsonl")
            done.set()

        writer = threading.Thread(target=bring_in)
        writer.start()
        try:
            rounds = 0
            while rounds < 2 or not done.is_set():
                seen = [p["external_id"] for p in self.every_post(limit=20)]
                self.assertEqual(len(seen), len(set(seen)))
                self.assertEqual(sum(not external_id.startswith("n") for external_id in seen), 600)
                rounds += 1
        finally:
            writer.join()

    def test_an_upload_becomes_a_run(self):
        self.begin()
        answer = self.call("POST", "/imports?filename=a.jsonl&platform=x", b'{"content":"hello"}\n', status=202)
        self.assertEqual(answer["run"]["kind"], "import")
        self.call("POST", "/imports?filename=a.jsonl", b"", status=400)
        self.call("POST", "/imports?filename=..%2Fa", b"x", status=400)

    @unittest.skipUnless(jsonschema, "python3-jsonschema is not installed for this Python")
    def test_answers_are_what_the_openapi_document_says(self):
        self.write_posts("posts.jsonl", generated_posts(300))
        self.offx("import", "posts.jsonl")
        self.offx("topic", "add", "Storms", "--rule", "storm OR orbit")
        self.offx("topic", "add", "By hand")
        self.offx("summarize", "--since", "2025-01-01", "--until", "2026-01-01")
        self.begin()
        document = self.ask("/openapi.json")
        seen = set()

        def check(method, template, target=None, status=200, body=None, browser=None):
            """Asks, and looks whether the answer is as the document says; its JSON."""
            address = "/api/v1" + (target or template)
            answer = (browser.request(method, address, body) if browser else
                      self.server.request(method, address, body, self.headers))
            what = f"{method} {target or template}: {answer.status} {answer.body[:500]}"
            if status is not None:
                self.assertEqual(answer.status, status, what)
            responses = document["paths"][template][method.lower()]["responses"]
            said = responses.get(str(answer.status), responses["default"])
            if answer.status < 400:
                self.assertIn(str(answer.status), responses, what)
                seen.add((method, template))
            content = (document["components"]["responses"]["Problem"] if "$ref" in said else said).get("content")
            if content is None:
                self.assertEqual(answer.body, b"", what)
                return None
            kind = answer.header("Content-Type").split(";")[0]
            self.assertIn(kind, content, what)
            if not kind.endswith("json"):
                return None
            schema = {**content[kind]["schema"], "components": document["components"]}
            errors = [(list(error.absolute_path), error.message[:300])
                      for error in jsonschema.Draft202012Validator(schema).iter_errors(answer.json)]
            self.assertEqual(errors, [], what)
            return answer.json

        def wait(run):
            deadline = time.monotonic() + 30
            while (run := check("GET", "/runs/{id}", f"/runs/{run['id']}"))["state"] in ("waiting", "running"):
                self.assertLess(time.monotonic(), deadline, run)
                time.sleep(0.05)
            return run

        post_id = check("GET", "/posts", "/posts?q=storm&limit=1")["posts"][0]["id"]
        summary_id = check("GET", "/summaries")["summaries"][0]["id"]
        for template, path in (("/topics", None), ("/topics/{id}", "/topics/2"), ("/posts", "/posts?limit=200"),
                               ("/posts", "/posts?q=storm&cluster=true"), ("/posts/{id}", f"/posts/{post_id}"),
                               ("/today", "/today?time_zone=Asia/Kolkata"), ("/summaries/{id}", f"/summaries/{summary_id}"),
                               ("/sources", None), ("/imports", None), ("/stats", None), ("/database", None),
                               ("/database/backups", None), ("/jobs", None), ("/jobs/{id}", "/jobs/1"), ("/runs", None),
                               ("/schedule", "/schedule?schedule=0+7+*+*+1-5&time_zone=Europe/Berlin"), ("/log", None),
                               ("/settings", None), ("/users", None), ("/session", None), ("/openapi.json", None),
                               ("/topics/{id}/series", "/topics/1/series?interval=week&since=2025-01-01&until=2026-01-01")):
            check("GET", template, path)
        for rule in ("a b", "(a"):
            check("POST", "/rules/validate", body={"rule": rule})
        check("POST", "/rules/preview", body={"rule": "storm"})
        made = check("POST", "/topics", status=201, body={"title": "Orbits", "rule": "orbit"})
        check("PATCH", "/topics/{id}", f"/topics/{made['id']}", body={"color": "#000000"})
        check("PUT", "/today/visit", status=204)
        check("PUT", "/today/{id}/done", "/today/1/done", status=204)
        check("DELETE", "/today/{id}/done", "/today/1/done", status=204)
        wait(check("POST", "/summaries", status=202, body={})["run"])
        wait(check("POST", "/imports", "/imports?filename=a.jsonl", status=202, body=b'{"content": "hello"}')["run"])
        wait(check("POST", "/database/backups", status=202)["run"])
        backup = check("GET", "/database/backups")["backups"][0]["name"]
        check("GET", "/database/backups/{name}", f"/database/backups/{backup}")
        check("DELETE", "/database/backups/{name}", f"/database/backups/{backup}", status=204)
        migration = "/database/migrations/topics_v2/"
        for change in ("pause", "resume", "complete"):
            check("POST", "/database/migrations/{name}/" + change, migration + change)
        job = check("POST", "/jobs", status=201, body={"schedule": "@daily", "options": {"topic_id": 1, "period": "day"}})
        check("PATCH", "/jobs/{id}", f"/jobs/{job['id']}", body={"enabled": False})
        run = check("POST", "/jobs/{id}/run", f"/jobs/{job['id']}/run", status=202)["run"]
        check("POST", "/runs/{id}/cancel", f"/runs/{run['id']}/cancel", status=None)  # or it is over already
        wait(run)
        check("DELETE", "/jobs/{id}", f"/jobs/{job['id']}", status=204)
        check("PATCH", "/settings", body={"log_keep_days": 20})
        check("DELETE", "/summaries/{id}", f"/summaries/{summary_id}", status=204)
        check("DELETE", "/posts/{id}", f"/posts/{post_id}", status=204)
        check("DELETE", "/topics/{id}", f"/topics/{made['id']}", status=204)
        user = check("POST", "/users", status=201, body={"username": "bo", "password": PASSWORD})

        ada, other = self.browser, Browser(self.server)
        other.log_in()
        for entry in check("GET", "/account/sessions", browser=ada)["sessions"]:
            if not entry["current"]:
                check("DELETE", "/account/sessions/{id}", f"/account/sessions/{entry['id']}", 204, browser=ada)
        token = check("POST", "/tokens", None, 201, {"name": "one", "scopes": ["read"], "expires_in_days": 3}, browser=ada)
        check("GET", "/tokens", browser=ada)
        check("DELETE", "/tokens/{id}", f"/tokens/{token['id']}", 204, browser=ada)
        check("PUT", "/account/password", body={"current_password": PASSWORD, "new_password": "another long password"},
              browser=ada)
        check("POST", "/setup", None, 409, {"token": "", "username": "cy", "password": PASSWORD}, browser=ada)
        check("POST", "/session", body={"username": "bo", "password": PASSWORD}, browser=ada)
        check("DELETE", "/session", None, 204, browser=ada)
        check("DELETE", "/users/{id}", f"/users/{user['id']}", status=204)

        # What is wrong, one by one, and then of every route.
        for method, template, target, body in (
                ("GET", "/posts", "/posts?q=(", None), ("POST", "/rules/preview", None, {"rule": "larkdb OR ("}),
                ("POST", "/topics", None, {"title": "A", "rule": "(a"}), ("POST", "/jobs", None, {"schedule": "often"}),
                ("POST", "/rules/preview", None, "{"), ("GET", "/posts", "/posts?limit=0", None)):
            check(method, template, target, 400, body)
        routes = [(method.upper(), template) for template, methods in document["paths"].items()
                  for method in methods if method != "parameters"]
        for method, template in routes:
            target = template.replace("{id}", "987654321").replace("{name}", "nothing")
            wrong = {} if method == "GET" else {"body": {"nonsense": 1}}
            check(method, template, target + "?nonsense=1", None, **wrong)
        # Pictures and events are no JSON; what is complete is not rolled back; there is a user already.
        self.assertEqual(sorted(set(routes) - seen - {("POST", "/runs/{id}/cancel")}), [
            ("GET", "/events"), ("GET", "/media/{id}"), ("POST", "/database/migrations/{name}/rollback"),
            ("POST", "/setup")])

    def test_conditional_requests_cost_no_body(self):
        self.write_posts("posts.jsonl", generated_posts(50))
        self.offx("import", "posts.jsonl")
        self.begin()
        tag = self.server.request("GET", "/api/v1/posts", headers=self.headers).header("ETag")
        again = self.server.request("GET", "/api/v1/posts", headers={**self.headers, "If-None-Match": tag})
        self.assertEqual((again.status, again.body), (304, b""))
        self.import_posts(post("new", "something new"))
        page = self.server.request("GET", "/api/v1/posts", headers={**self.headers, "If-None-Match": tag})
        self.assertEqual(page.status, 200)
        self.assertIn("new", [entry["external_id"] for entry in page.json["posts"]])


if __name__ == "__main__":
    unittest.main()
