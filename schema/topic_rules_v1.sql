-- The rule that files posts under a topic: a new fact in a table of its own, so that programs that know version 1 alone
-- go on as they are. `revision` grows with every change of any rule and is never given twice; `is_filed` is 0 until the
-- posts that were there before the rule are filed by it.
CREATE TABLE IF NOT EXISTS topic_rules_v1 (
  topic_id INTEGER PRIMARY KEY REFERENCES topics_v1 (id) ON DELETE CASCADE,
  rule TEXT NOT NULL,
  revision INTEGER NOT NULL,
  is_filed INTEGER NOT NULL DEFAULT 0,
  updated_at TEXT NOT NULL
);
