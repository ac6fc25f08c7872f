"""The commands on database servers: a libSQL server and an rqlite node."""

import unittest

import offx_servers
from offx_e2e import OffxTest, generated_posts, generated_topics, json_lines


@unittest.skipIf(offx_servers.missing(), offx_servers.missing())
class Servers(OffxTest):
    def main_job(self, environment):
        lines = json_lines(generated_posts(300))
        self.assertEqual(self.json("import", "-", "--format", "jsonl", stdin=lines, env=environment)[0]["added"], 300)
        self.assertEqual(self.json("import", "-", "--format", "jsonl", stdin=lines, env=environment)[0]["unchanged"], 300)
        title, rule = generated_topics()[8]
        self.offx("topic", "add", title, "--rule", rule, env=environment)
        summary = self.json("summarize", "--topic", title, "--since", "2025-01-01", "--until", "2026-01-01", env=environment)
        self.assertTrue(summary)
        status = self.json("status", env=environment)
        self.assertEqual(status["posts"], 300)
        self.assertGreater(status["bytes"], 100000)
        self.assertEqual(len(self.all_posts(env=environment)), 300)
        tables = {table["name"]: table["rows"] for table in self.json("db", "tables", env=environment)}
        self.assertEqual((tables["posts_v1"], tables["unfiled_posts_v1"]), (300, 0))
        self.offx("db", "restore", "nothing.db", "--yes", status=1, env=environment)

    def test_a_libsql_server(self):
        server = offx_servers.Sqld(self)
        url = server.make_database("offx")
        self.main_job({"OFFX_DB": url, "OFFX_DB_AUTH_TOKEN": offx_servers.TOKEN})
        _, err = self.offx("status", status=2, env={"OFFX_DB": url + "&authToken=wrong-token"})
        self.assertIn("token", err)
        self.assertNotIn("wrong-token", err)
        server.process.kill()
        _, err = self.offx("status", status=1, env={"OFFX_DB": url})
        self.assertIn("cannot connect", err)

    def test_an_rqlite_node(self):
        cluster = offx_servers.Rqlite(self)
        environment = {"OFFX_DB": cluster.url()}
        self.main_job(environment)
        self.offx("db", "backup", self.folder / "copy.db", env=environment)
        self.assertEqual(self.json("status", "--db", self.folder / "copy.db")["posts"], 300)
        cluster.nodes[0].kill()
        _, err = self.offx("status", status=1, env=environment)
        self.assertIn("cannot connect", err)
        self.assertNotIn("secret", err)


if __name__ == "__main__":
    unittest.main()
