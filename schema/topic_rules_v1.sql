-- The rule that files posts under a topic: a new fact in a table of its own, so that programs that know version 1 alone
-- go on as they are. `revision` grows with every change of any rule.
CREATE TABLE IF NOT EXISTS topic_rules_v1 (
  topic_id INTEGER PRIMARY KEY REFERENCES topics_v1 (id) ON DELETE CASCADE,
  rule TEXT NOT NULL,
  revision INTEGER NOT NULL,
  updated_at TEXT NOT NULL
);
