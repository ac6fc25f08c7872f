-- How many posts a topic has: in all, and by hour (`2026-08-22 14`, UTC), so that nobody has to count them. `revision`
-- grows with every change of an hour's posts or of their texts; an hour whose posts are all gone stays, with 0, so that
-- its revisions never begin anew. Kept by triggers on topic_timeline, which is the truth.
CREATE TABLE IF NOT EXISTS topic_totals_v1 (
  topic_id INTEGER PRIMARY KEY,
  posts INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS topic_volume_v1 (
  topic_id INTEGER NOT NULL,
  hour TEXT NOT NULL,
  posts INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  PRIMARY KEY (topic_id, hour)
) WITHOUT ROWID;

CREATE TRIGGER IF NOT EXISTS topic_volume_v1_filed AFTER INSERT ON topic_timeline_v1 BEGIN
  INSERT INTO topic_totals_v1 (topic_id, posts) VALUES (NEW.topic_id, 1)
  ON CONFLICT (topic_id) DO UPDATE SET posts = posts + 1;
  INSERT INTO topic_volume_v1 (topic_id, hour, posts, revision) VALUES (NEW.topic_id, substr(NEW.created_at, 1, 13), 1, 1)
  ON CONFLICT (topic_id, hour) DO UPDATE SET posts = posts + 1, revision = revision + 1;
END;

CREATE TRIGGER IF NOT EXISTS topic_volume_v1_unfiled AFTER DELETE ON topic_timeline_v1 BEGIN
  UPDATE topic_totals_v1 SET posts = posts - 1 WHERE topic_id = OLD.topic_id;
  UPDATE topic_volume_v1 SET posts = posts - 1, revision = revision + 1
  WHERE topic_id = OLD.topic_id AND hour = substr(OLD.created_at, 1, 13);
END;

CREATE TRIGGER IF NOT EXISTS topic_volume_v1_moved AFTER UPDATE OF created_at ON topic_timeline_v1
WHEN substr(NEW.created_at, 1, 13) IS NOT substr(OLD.created_at, 1, 13) BEGIN
  UPDATE topic_volume_v1 SET posts = posts - 1, revision = revision + 1
  WHERE topic_id = OLD.topic_id AND hour = substr(OLD.created_at, 1, 13);
  INSERT INTO topic_volume_v1 (topic_id, hour, posts, revision) VALUES (NEW.topic_id, substr(NEW.created_at, 1, 13), 1, 1)
  ON CONFLICT (topic_id, hour) DO UPDATE SET posts = posts + 1, revision = revision + 1;
END;

-- Another text is another mood.
CREATE TRIGGER IF NOT EXISTS topic_volume_v1_edited AFTER UPDATE OF content ON posts_v1
WHEN NEW.content IS NOT OLD.content BEGIN
  -- Two terms, not a row value: SQLite 3.40 reads all hours of the topics for that.
  UPDATE topic_volume_v1 SET revision = revision + 1
  WHERE topic_id IN (SELECT topic_id FROM topic_timeline_v1 WHERE post_id = NEW.id)
    AND hour = substr(NEW.created_at, 1, 13);
END;
