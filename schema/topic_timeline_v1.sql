-- topic_posts in the order of time, so that a page of a topic's posts is one range of one tree. Kept by triggers.
CREATE TABLE IF NOT EXISTS topic_timeline_v1 (
  topic_id INTEGER NOT NULL,
  created_at TEXT NOT NULL,
  post_id INTEGER NOT NULL,
  PRIMARY KEY (topic_id, created_at, post_id)
) WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS idx_topic_timeline_post_id ON topic_timeline_v1 (post_id);

CREATE TRIGGER IF NOT EXISTS topic_timeline_v1_filed AFTER INSERT ON topic_posts_v1 BEGIN
  INSERT INTO topic_timeline_v1 (topic_id, created_at, post_id)
  SELECT NEW.topic_id, created_at, id FROM posts_v1 WHERE id = NEW.post_id
  ON CONFLICT (topic_id, created_at, post_id) DO NOTHING;
END;

CREATE TRIGGER IF NOT EXISTS topic_timeline_v1_unfiled AFTER DELETE ON topic_posts_v1 BEGIN
  DELETE FROM topic_timeline_v1 WHERE post_id = OLD.post_id AND topic_id = OLD.topic_id;
END;

CREATE TRIGGER IF NOT EXISTS topic_timeline_v1_moved AFTER UPDATE OF created_at ON posts_v1
WHEN NEW.created_at IS NOT OLD.created_at BEGIN
  UPDATE topic_timeline_v1 SET created_at = NEW.created_at WHERE post_id = NEW.id;
END;
