"""Each rule of tools/check-layers, broken once in a small tree of its own."""
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).parent / "check-layers"
REGISTRY = 'inline constexpr Table kTables[] = {\n    {"posts", "posts_v1"},\n};\n'


class CheckLayers(unittest.TestCase):
    def check(self, files):
        """Exit code and what was said of a tree that holds `files`."""
        with tempfile.TemporaryDirectory() as root:
            for name, text in {"src/store/tables.h": REGISTRY, **files}.items():
                path = Path(root) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            run = subprocess.run([sys.executable, SCRIPT, root], capture_output=True, text=True, check=False)
            return run.returncode, run.stderr

    def assert_clean(self, files):
        self.assertEqual(self.check(files), (0, ""))

    def assert_finds(self, files, *words):
        code, said = self.check(files)
        self.assertEqual(code, 1)
        self.assertEqual(len(said.splitlines()), 1, said)
        for word in words:
            self.assertIn(word, said)

    def test_lower_levels_and_itself_are_fine(self):
        self.assert_clean({"src/topics/a.cpp": '#include "topics/a.h"\n#include "store/post.h"\n#include <vector>\n'})

    def test_a_higher_level_is_found_with_file_and_line(self):
        self.assert_finds({"src/text/a.cpp": '\n#include "store/post.h"\n'}, "src/text/a.cpp:2:", "above text")

    def test_a_neighbour_is_found(self):
        self.assert_finds({"src/topics/a.h": '#include "summary/prior.h"\n'}, "both of level 4")

    def test_a_test_may_use_a_neighbour_but_nothing_higher(self):
        self.assert_clean({"src/topics/a_test.cpp": '#include "summary/prior.h"\n'})
        self.assert_finds({"src/topics/a_test.cpp": '#include "app/import.h"\n'}, "above topics")

    def test_includes_are_rooted_at_src(self):
        self.assert_finds({"src/text/a.cpp": '#include "a.h"\n'}, 'rooted at src ("text/a.h")')

    def test_a_module_without_a_level_is_found(self):
        self.assert_finds({"src/magic/a.cpp": ""}, "magic has no level")
        self.assert_finds({"src/app/a.cpp": '#include "magic/a.h"\n'}, "magic has no level")

    def test_links_follow_the_same_rule(self):
        self.assert_clean({"src/topics/CMakeLists.txt": "offx_module(topics LINK offx_store TEST_LINK offx_summary)\n"})
        self.assert_finds({"src/db/CMakeLists.txt": "offx_module(db\n  LINK offx_store)\n"}, "links offx_store")

    def test_sqlite_stays_in_db(self):
        self.assert_clean({"src/db/sqlite/a.cpp": "#include <sqlite3.h>\n"})
        for place in ("src/store/a.cpp", "src/db/a.cpp"):
            self.assert_finds({place: "#include <sqlite3.h>\n"}, "sqlite3.h belongs to db/sqlite")

    def test_physical_table_names_stay_in_the_registry_and_tests(self):
        self.assert_clean({"src/store/a_test.cpp": 'auto s = "FROM posts_v1";\n', "src/text/a.cpp": "int to_v4 = 1;\n"})
        self.assert_finds({"src/store/a.cpp": 'auto s = "FROM posts_v2";\n'}, "physical table name")

    def test_sql_stays_in_the_catalogue(self):
        self.assert_clean({"src/topics/a.cpp": 'auto s = "Select a topic"; auto t = "update of the rule";\n'})
        self.assert_finds({"src/topics/a.cpp": 'auto s = "SELECT id FROM {posts}";\n'}, "SQL belongs")

    def test_places_outside_the_repository_are_found(self):
        self.assert_clean({"src/net/a.cpp": 'auto url = "https://example.org/home/page";\n', "docs/a.md": "../src\n"})
        self.assert_finds({"README.md": "data: /" + "home/me/data\n"}, "place on one machine")
        self.assert_finds({"README.md": "see ." + "./elsewhere/a.md\n"}, "not in the repository")


if __name__ == "__main__":
    unittest.main()
