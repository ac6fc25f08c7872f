-- What belongs to a post, a topic or a summary goes with it, whatever program deletes it: many leave foreign keys off,
-- and those of the first OffX do not cascade.
CREATE TRIGGER IF NOT EXISTS posts_v1_deleted AFTER DELETE ON posts_v1 BEGIN
  DELETE FROM topic_posts_v1 WHERE post_id = OLD.id;
  DELETE FROM post_media_v1 WHERE post_id = OLD.id;
  DELETE FROM post_details_v1 WHERE post_id = OLD.id;
  DELETE FROM unfiled_posts_v1 WHERE post_id = OLD.id;
  DELETE FROM summarization_posts_v1 WHERE post_id = OLD.id;
END;

CREATE TRIGGER IF NOT EXISTS topics_v1_deleted AFTER DELETE ON topics_v1 BEGIN
  DELETE FROM topic_posts_v1 WHERE topic_id = OLD.id;
  DELETE FROM topic_rules_v1 WHERE topic_id = OLD.id;
  DELETE FROM summarizations_v1 WHERE topic_id = OLD.id;
END;

CREATE TRIGGER IF NOT EXISTS summarizations_v1_deleted AFTER DELETE ON summarizations_v1 BEGIN
  DELETE FROM summarization_details_v1 WHERE summarization_id = OLD.id;
  DELETE FROM summarization_posts_v1 WHERE summarization_id = OLD.id;
END;
