"""What a person sees: help, wrong use, colours only at a terminal, nothing a terminal would obey, completion."""

import re
import shutil
import subprocess
import unittest

from offx_e2e import OffxTest, generated_posts, post

COMMANDS = ["import", "topic", "topic add", "topic list", "topic show", "topic edit", "topic remove", "topic preview",
            "posts", "search", "summarize", "summaries", "sentiment", "status", "db", "db init", "db tables",
            "db columns", "db backup", "db restore", "migrate", "migrate plan", "migrate start", "migrate status",
            "migrate pause", "migrate resume", "migrate complete", "migrate rollback", "migrate verify",
            "migrate history", "migrate baseline", "migrate drift", "completion"]


class Help(OffxTest):
    def test_every_command_explains_itself(self):
        out, _ = self.offx("--help")
        for command in COMMANDS:
            if " " not in command:
                self.assertRegex(out, rf"(?m)^  {command}\b")
        self.assertIn("Examples:", out)
        for command in COMMANDS:
            with self.subTest(command):
                out, err = self.offx(*command.split(), "--help")
                self.assertIn("--help", out)
                self.assertEqual(err, "")
        self.assertRegex(self.offx("--version")[0], r"^offx \d+\.\d+\.\d+\n$")
        self.assertFalse(self.db.exists())

    def test_wrong_use_is_told_apart(self):
        for wrong in ([], ["fly"], ["topic"], ["topic", "fly"], ["posts", "--fly"], ["db"], ["search"],
                      ["topic", "add"], ["completion", "tcsh"], ["search", "a", "--sort", "best"]):
            with self.subTest(wrong):
                out, err = self.offx(*wrong, status=2)
                self.assertEqual(out, "")
                self.assertIn("--help" if wrong != ["completion", "tcsh"] else "bash", err)
        self.assertIn('"fly"', self.offx("fly", status=2)[1])

    def test_a_query_that_begins_with_a_dash_is_explained(self):
        _, err = self.offx("search", "-foo", status=2)
        self.assertIn("-foo", err)
        self.assertIn(" -- ", err)

    def test_a_reader_that_goes_away_ends_it_quietly(self):
        self.import_posts(*generated_posts(2000))
        piped = subprocess.run(["bash", "-c", '"$0" posts --limit 2000 | head -1', *self.command()[:1]],
                               env=self.environment(), capture_output=True, cwd=self.folder, timeout=60)
        self.assertEqual((piped.returncode, piped.stderr, piped.stdout.count(b"\n")), (0, b"", 1))

    def test_a_full_disk_is_a_failure(self):
        self.import_posts(post("1", "one"))
        with open("/dev/full", "w") as full:
            done = subprocess.run(self.command("posts"), env=self.environment(), stdout=full, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 1)


class Screen(OffxTest):
    def test_colours_only_for_a_person(self):
        self.import_posts(post("1", "sqlite and more"))
        self.offx("topic", "add", "DB", "--rule", "sqlite")
        for command in (["posts"], ["status"], ["topic", "list"], ["topic", "preview", "--rule", "sqlite"]):
            with self.subTest(command):
                self.assertRegex(self.at_terminal(*command)[0], r"\x1b\[[0-9;]*m")
                self.assertNotRegex(self.at_terminal(*command, NO_COLOR="1")[0], r"\x1b\[[0-9;]*m")
                self.assertNotIn("\x1b", "".join(self.offx(*command)))

    def test_progress_only_for_a_person(self):
        file = self.write_posts("posts.jsonl", generated_posts(20000))
        shown, status = self.at_terminal("import", file)
        self.assertEqual(status, 0)
        self.assertRegex(shown, r"Importing .* %  [\d,]+ posts, [\d,]+/s, .* left")
        self.db = self.folder / "piped.db"
        self.assertEqual(self.offx("import", file)[1], "")

    def test_removing_asks_a_person(self):
        self.offx("topic", "add", "DB", "--rule", "sqlite")
        shown, status = self.at_terminal("topic", "remove", "DB", answer=b"n\n")
        self.assertIn("[y/N]", shown)
        self.assertEqual((status, len(self.json("topic", "list"))), (1, 1))
        _, status = self.at_terminal("topic", "remove", "DB", answer=b"y\n")
        self.assertEqual((status, len(self.json("topic", "list"))), (0, 0))

    def test_what_posts_say_does_not_reach_the_terminal_as_commands(self):
        self.import_posts(post("1", "sqlite"))
        self.offx("topic", "add", "DB", "--rule", "sqlite")
        evil = "sqlite \x1b[31mred\x1b]0;title\x07 \r\b\x7f \u009b31m end\u202e\u2067. "
        self.sql("UPDATE posts_v1 SET content = ?1, author = ?1, author_username = ?1, url = 'https://e.example/' || ?1, "
                 "platform = 'p' || ?1", evil)
        self.sql("UPDATE topics_v1 SET title = 'T' || ?1, description = ?1", evil)
        self.sql("INSERT INTO post_media_v1 (post_id, media_url, media_type, alt_text, created_at) "
                 "VALUES (1, ?1, ?1, ?1, '2026-03-01 00:00:00')", evil)
        self.sql("UPDATE topic_rules_v1 SET rule = 'sqlite OR \"' || ?1 || '\"'", "\x1b[31m red")
        self.sql("INSERT INTO summarizations_v1 (topic_id, content, post_count, created_at, time_period_start, "
                 "time_period_end) VALUES (1, ?1, 1, '2026-03-01', '2026-03-01', '2026-03-02')", evil)
        self.sql("CREATE TABLE \"t\x1b[31m_v1\" (\"c\x1b[31m\" TEXT DEFAULT '\x1b[31m')")
        file = self.write_posts("evil.jsonl", [post("2", evil, author=evil)])
        self.write("ev\x1bil.jsonl", '{"external_id":"\x1b[31m","content":["\x1b"]}\n')
        for command in (["posts"], ["posts", "1"], ["search", "sqlite"], ["topic", "list"], ["topic", "show", "1"],
                        ["topic", "preview", "--rule", "sqlite"], ["topic", "add", "T" + evil, "--rule", "sqlite"],
                        ["status"], ["summaries"], ["summaries", "1"], ["db", "tables"],
                        ["db", "columns", "t\x1b[31m_v1"], ["summarize", "--since", "2026-03-01", "--until", "2026-03-02"],
                        ["summarize", "--input", file], ["sentiment", "--input", file], ["sentiment", evil],
                        ["import", "--dry-run", file], ["import", "--dry-run", "ev\x1bil.jsonl"],
                        ["import", "ev\x1bil.jsonl"], ["status"], ["topic", "show", evil], ["fly" + evil],
                        ["topic", "preview", "--rule", "has:" + evil], ["topic", "remove", "1", "--yes"]):
            with self.subTest(command):
                done = subprocess.run(self.command(*command), env=self.environment(), cwd=self.folder,
                                      stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
                for text in (done.stdout.decode(), done.stderr.decode()):
                    self.assertIsNone(re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text), repr(text))


    def test_whatever_bytes_are_stored_it_prints_utf8(self):
        self.import_posts(post("1", "sqlite"))
        self.sql("UPDATE posts_v1 SET content = CAST(x'73716c69746520ff9b31c32041e29c' AS TEXT), "
                 "author = CAST(x'80ff' AS TEXT)")
        self.assertIn("sqlite \ufffd\ufffd1\ufffd A\ufffd", self.offx("posts")[0])
        self.assertEqual(self.all_posts()[0]["content"], "sqlite \ufffd\ufffd1\ufffd A\ufffd")
        self.assertEqual(self.found("sqlite"), ["1"])
        self.offx("topic", "add", "DB", "--rule", "sqlite")
        self.assertEqual(self.json("summarize", "--since", "2026-03-01", "--until", "2026-03-02")[0]["post_count"], 1)


class Completion(OffxTest):
    def complete(self, *words):
        """What bash offers for the last of `words`."""
        script = self.write("completion.bash", self.offx("completion", "bash")[0])
        shell = f'source {script}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _offx; printf "%s\\n" "${{COMPREPLY[@]}}"'
        done = subprocess.run(["bash", "-c", shell, "bash", "offx", *words], capture_output=True, text=True, check=True,
                              cwd=self.folder)
        self.assertEqual(done.stderr, "")
        return set(done.stdout.split())

    def test_bash_offers_commands_and_options(self):
        self.assertEqual(self.complete("su"), {"summarize", "summaries"})
        self.assertEqual(self.complete("topic", ""), {"add", "list", "show", "edit", "remove", "preview"} |
                         {option for option in self.complete("topic", "--")})
        self.assertIn("--since", self.complete("posts", "--s"))
        self.assertEqual(self.complete("--json", "db", "ba"), {"backup"})
        self.assertIn("--rule", self.complete("topic", "add", "Title", "--r"))

    def test_it_falls_back_to_files(self):
        self.assertEqual(self.complete("import", "pos"), set())
        self.assertIn("complete -o default ", self.offx("completion", "bash")[0])

    def test_the_scripts_are_valid(self):
        for shell, check in (("bash", ["bash", "-n"]), ("zsh", ["zsh", "-n"]), ("fish", ["fish", "-n"])):
            script = self.write("script." + shell, self.offx("completion", shell)[0])
            self.assertGreater(script.stat().st_size, 500)
            if shutil.which(shell):
                subprocess.run([*check, str(script)], check=True)


if __name__ == "__main__":
    unittest.main()
