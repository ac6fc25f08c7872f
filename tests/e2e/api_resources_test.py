"""The API's resources on the running server: what the command line stores is what the API shows, and the other way."""

import threading
import unittest

try:
    import jsonschema
except ImportError:
    jsonschema = None

from offx_e2e import generated_posts, post
from offx_server import ApiTest


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

        def check(template, answer, method="get", status="200"):
            content = document["paths"][template][method]["responses"][status]["content"]
            schema = {**content["application/json"]["schema"], "components": document["components"]}
            errors = [(list(error.absolute_path), error.message[:300])
                      for error in jsonschema.Draft202012Validator(schema).iter_errors(answer)]
            self.assertEqual(errors, [], f"{method} {template}")

        post_id = self.ask("/posts", q="storm", limit=1)["posts"][0]["id"]
        summary_id = self.ask("/summaries")["summaries"][0]["id"]
        for template, path in (("/topics", "/topics"), ("/topics/{id}", "/topics/2"), ("/posts", "/posts?limit=200"),
                               ("/posts", "/posts?q=storm&cluster=true"), ("/posts/{id}", f"/posts/{post_id}"),
                               ("/today", "/today?time_zone=Asia/Kolkata"), ("/summaries", "/summaries"),
                               ("/summaries/{id}", f"/summaries/{summary_id}"), ("/sources", "/sources"),
                               ("/imports", "/imports"), ("/stats", "/stats"), ("/database", "/database"),
                               ("/database/backups", "/database/backups"),
                               ("/topics/{id}/series", "/topics/1/series?interval=week&since=2025-01-01&until=2026-01-01")):
            check(template, self.ask(path))
        for body in ({"rule": "a b"}, {"rule": "(a"}):
            check("/rules/validate", self.call("POST", "/rules/validate", body), "post")
        check("/rules/preview", self.call("POST", "/rules/preview", {"rule": "storm"}), "post")
        made = self.call("POST", "/topics", {"title": "Orbits", "rule": "orbit"}, status=201)
        check("/topics", made, "post", "201")
        check("/topics/{id}", self.call("PATCH", f"/topics/{made['id']}", {"color": "#000000"}), "patch")
        check("/summaries", self.call("POST", "/summaries", {}, status=202), "post", "202")
        check("/imports", self.call("POST", "/imports?filename=a.jsonl", b"{}", status=202), "post", "202")
        check("/database/backups", self.call("POST", "/database/backups", status=202), "post", "202")

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
