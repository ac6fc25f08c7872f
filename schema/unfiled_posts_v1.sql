-- Posts that were written and are not yet in the full-text index and under their topics: the triggers note what any
-- program writes. OffX files them before it reads next.
CREATE TABLE IF NOT EXISTS unfiled_posts_v1 (
  post_id INTEGER PRIMARY KEY REFERENCES posts_v1 (id) ON DELETE CASCADE
);

-- Holds a row only inside a transaction of OffX that files the posts it writes itself, so nobody ever sees one.
CREATE TABLE IF NOT EXISTS filing_v1 (
  id INTEGER PRIMARY KEY CHECK (id = 1)
);

CREATE TRIGGER IF NOT EXISTS unfiled_posts_v1_post_added AFTER INSERT ON posts_v1
WHEN NOT EXISTS (SELECT 1 FROM filing_v1) BEGIN
  INSERT INTO unfiled_posts_v1 (post_id) VALUES (NEW.id) ON CONFLICT (post_id) DO NOTHING;
END;

CREATE TRIGGER IF NOT EXISTS unfiled_posts_v1_post_changed AFTER UPDATE OF content, author_username, platform, created_at
ON posts_v1 WHEN NOT EXISTS (SELECT 1 FROM filing_v1) BEGIN
  INSERT INTO unfiled_posts_v1 (post_id) VALUES (NEW.id) ON CONFLICT (post_id) DO NOTHING;
END;
