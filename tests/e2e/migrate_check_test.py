"""offx migrate check: the guide's statements, what it finds, and OffX's own migrations."""

import re
import shutil
import unittest

from offx_e2e import ROOT
from shop import GUIDE, ShopTest

OLD_CODE = re.search(r"```sql\n(-- name: customers.get.*?)```", GUIDE, re.S).group(1)
NEW_CODE = """
-- name: customers.get_whole
SELECT id, email, full_name, tier FROM customers_v2 WHERE id = ?1;
-- name: customers.promote
UPDATE customers_v2 SET tier = 'gold' WHERE id = ?1;
"""


class Check(ShopTest):
    def check(self, new_code=NEW_CODE, **options):
        return self.migrate("check", self.file, "--queries", self.write("old.sql", OLD_CODE), "--new-queries",
                            self.write("new.sql", new_code), **options)

    def test_the_guides_statements_go_on(self):
        self.make_shop()
        before = self.schema()
        out, err = self.check()
        self.assertRegex(out, r"statements run and compared at 1\d moments, all as they must be")
        self.assertEqual(err, "")
        self.assertEqual(self.schema(), before)
        self.assertIn("No migration is under way", self.migrate("status")[0])

    def test_what_fails_is_said_with_the_moment(self):
        self.make_shop()
        broken = NEW_CODE + "-- name: customers.fax\nSELECT fax FROM customers_v2;"
        out, err = self.check(broken, status=1)
        self.assertIn("customers.fax  (new code)  cannot be compiled: no such column: fax", out)
        self.assertIn("both live", out)
        self.assertIn("old and new code do not go together", err)
        report = self.json("migrate", "check", self.file, "--queries", self.write("old.sql", OLD_CODE),
                           "--new-queries", self.write("new.sql", broken), status=1)
        self.assertFalse(report["passed"])
        self.assertEqual({failure["statement"] for failure in report["failures"]}, {"customers.fax"})
        self.assertIn("both live", report["failures"][0]["moments"])

    def test_a_refused_plan_and_missing_statements_are_errors(self):
        self.make_shop()
        _, err = self.migrate("check", self.file, status=2)
        self.assertIn("--queries", err)
        self.file = self.write("customers_v2.toml", 'name = "x"\n[[table]]\nfrom = "nobody"\nto = "nobody_v2"\n'
                                                    'create = "CREATE TABLE nobody_v2 (a)"\n')
        self.assertIn("there is no table nobody", self.check(status=1)[1])

    def test_offx_checks_its_own(self):
        file = ROOT / "schema" / "migrations" / "topics_v2.toml"
        self.assertIn("all as they must be", self.migrate("check", file)[0])

        # Without what carries the removal of a rule over, new code goes on seeing the rule.
        shutil.copytree(ROOT / "schema", self.folder / "schema")
        file = self.folder / "schema" / "migrations" / "topics_v2.toml"
        text, removed = re.subn(r"CREATE TRIGGER topic_rules_v1_rule_removed.*?END;\n", "", file.read_text(), flags=re.S)
        self.assertEqual(removed, 1)
        file.write_text(text)
        self.assertIn("topics.list  (new code)", self.migrate("check", file, status=1)[0])


if __name__ == "__main__":
    unittest.main()
