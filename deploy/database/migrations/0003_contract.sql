-- Up Migration
-- Ends the time of two forms: the arrays go. Only `cms-migrate migrate --contract` runs this.

-- Every cms-v1 process holds this lock, shared, for as long as it lives (services-v1/src/presence.ts).
DO $$
BEGIN
  IF NOT pg_try_advisory_xact_lock(6016, 1) THEN
    RAISE EXCEPTION 'a cms-v1 process is alive' USING ERRCODE = 'object_in_use';
  END IF;
END $$;

DROP TRIGGER arrays_after_update ON posts;
DROP TRIGGER arrays_after_insert ON posts;
DROP TRIGGER renamed ON categories;
DROP TRIGGER renamed ON tags;

-- The same triggers, counting only.
DROP TRIGGER after_insert ON post_tags;
DROP TRIGGER after_delete ON post_tags;
DROP TRIGGER after_update ON post_tags;
DROP TRIGGER after_insert ON post_categories;
DROP TRIGGER after_delete ON post_categories;
DROP TRIGGER after_update ON post_categories;
CREATE TRIGGER after_insert AFTER INSERT ON post_tags
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION after_post_tags_change('counts_only');
CREATE TRIGGER after_delete AFTER DELETE ON post_tags
  REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION after_post_tags_change('counts_only');
CREATE TRIGGER after_update AFTER UPDATE ON post_tags
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT
  EXECUTE FUNCTION after_post_tags_change('counts_only');
CREATE TRIGGER after_insert AFTER INSERT ON post_categories
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION after_post_categories_change('counts_only');
CREATE TRIGGER after_delete AFTER DELETE ON post_categories
  REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION after_post_categories_change('counts_only');
CREATE TRIGGER after_update AFTER UPDATE ON post_categories
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT
  EXECUTE FUNCTION after_post_categories_change('counts_only');
ALTER TABLE posts DROP COLUMN tags, DROP COLUMN categories;

-- Down Migration
ALTER TABLE posts
  ADD COLUMN tags text[] NOT NULL DEFAULT '{}' CHECK (array_position(tags, NULL) IS NULL),
  ADD COLUMN categories text[] NOT NULL DEFAULT '{}' CHECK (array_position(categories, NULL) IS NULL);
UPDATE posts SET tags = tag_names_of(id), categories = category_names_of(id);

DROP TRIGGER after_insert ON post_tags;
DROP TRIGGER after_delete ON post_tags;
DROP TRIGGER after_update ON post_tags;
DROP TRIGGER after_insert ON post_categories;
DROP TRIGGER after_delete ON post_categories;
DROP TRIGGER after_update ON post_categories;
CREATE TRIGGER after_insert AFTER INSERT ON post_tags
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION after_post_tags_change('with_arrays');
CREATE TRIGGER after_delete AFTER DELETE ON post_tags
  REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION after_post_tags_change('with_arrays');
CREATE TRIGGER after_update AFTER UPDATE ON post_tags
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT
  EXECUTE FUNCTION after_post_tags_change('with_arrays');
CREATE TRIGGER after_insert AFTER INSERT ON post_categories
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION after_post_categories_change('with_arrays');
CREATE TRIGGER after_delete AFTER DELETE ON post_categories
  REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION after_post_categories_change('with_arrays');
CREATE TRIGGER after_update AFTER UPDATE ON post_categories
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT
  EXECUTE FUNCTION after_post_categories_change('with_arrays');
CREATE TRIGGER renamed AFTER UPDATE OF name ON tags
  FOR EACH ROW WHEN (OLD.name IS DISTINCT FROM NEW.name) EXECUTE FUNCTION after_tag_rename();
CREATE TRIGGER renamed AFTER UPDATE OF name ON categories
  FOR EACH ROW WHEN (OLD.name IS DISTINCT FROM NEW.name) EXECUTE FUNCTION after_category_rename();
CREATE TRIGGER arrays_after_insert AFTER INSERT ON posts
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION after_posts_insert();
CREATE TRIGGER arrays_after_update AFTER UPDATE ON posts
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION after_posts_update();
