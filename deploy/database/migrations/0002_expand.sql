-- Up Migration
-- Tags and categories as rows, beside the arrays. Triggers keep both forms equal, whoever writes which.
--
-- Why this cannot loop: each direction compares first and writes only what differs. An array change writes the rows; the
-- rows then equal the array, so the way back finds nothing to do; and the other way round.
-- Why it holds under concurrency: whoever changes the terms of a post, in either form, holds that post's row lock
-- first (an array writer by its UPDATE, a row writer through lock_post_of_term), and every comparison runs after it. Term rows are
-- locked after it, in the order of their ids, tags before categories. A transaction that replaces rows in several statements (delete,
-- then insert) locks the post and calls lock_tags and lock_categories first, or two of them meet in the primary key or in a
-- deadlock. Should PostgreSQL still end one in favour of another (40P01), both services try such a write again.

CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- The table tags becomes the parent of post_tags, and categories of post_categories.
ALTER TABLE tags DROP CONSTRAINT tags_pkey;
ALTER TABLE tags
  ADD COLUMN id uuid NOT NULL DEFAULT gen_random_uuid(),
  ADD COLUMN slug text COLLATE "C",
  ADD COLUMN post_count integer NOT NULL DEFAULT 0,
  ADD COLUMN updated_at timestamptz(3) NOT NULL DEFAULT now(),
  ADD CONSTRAINT tags_pkey PRIMARY KEY (id),
  ADD CONSTRAINT tags_name_key UNIQUE (name);
ALTER TABLE categories DROP CONSTRAINT categories_pkey;
ALTER TABLE categories
  ADD COLUMN id uuid NOT NULL DEFAULT gen_random_uuid(),
  ADD COLUMN slug text COLLATE "C",
  ADD COLUMN post_count integer NOT NULL DEFAULT 0,
  ADD COLUMN is_active boolean NOT NULL DEFAULT true,
  ADD COLUMN updated_at timestamptz(3) NOT NULL DEFAULT now(),
  ADD CONSTRAINT categories_pkey PRIMARY KEY (id),
  ADD CONSTRAINT categories_name_key UNIQUE (name);

-- `published` mirrors the status of the post, so that the counts follow from these rows alone, also when a post goes.
CREATE TABLE post_tags (
  post_id uuid NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
  tag_id uuid NOT NULL REFERENCES tags (id),
  position integer NOT NULL,
  published boolean NOT NULL DEFAULT false,
  PRIMARY KEY (post_id, tag_id)
);
CREATE INDEX post_tags_tag_id_idx ON post_tags (tag_id, post_id);
CREATE TABLE post_categories (
  post_id uuid NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
  category_id uuid NOT NULL REFERENCES categories (id),
  position integer NOT NULL,
  published boolean NOT NULL DEFAULT false,
  PRIMARY KEY (post_id, category_id)
);
CREATE INDEX post_categories_category_id_idx ON post_categories (category_id, post_id);

-- 3 to 50 of [a-z0-9-], no hyphen at the ends. The fingerprint is for names that leave too little or collide.
CREATE FUNCTION term_slug(name text, with_fingerprint boolean) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT CASE WHEN with_fingerprint OR length(base) < 3
    THEN concat_ws('-', nullif(rtrim(left(base, 40), '-'), ''), left(md5(name), 8)) ELSE base END
  FROM (SELECT rtrim(left(trim(BOTH '-' FROM regexp_replace(lower(name), '[^a-z0-9]+', '-', 'g')), 50), '-')) AS cut (base)
$$;

UPDATE tags SET slug = term_slug(name, EXISTS (
  SELECT 1 FROM tags other WHERE other.name < tags.name AND term_slug(other.name, false) = term_slug(tags.name, false)));
UPDATE categories SET slug = term_slug(name, EXISTS (
  SELECT 1 FROM categories other
  WHERE other.name < categories.name AND term_slug(other.name, false) = term_slug(categories.name, false)));
ALTER TABLE tags ALTER COLUMN slug SET NOT NULL, ADD CONSTRAINT tags_slug_key UNIQUE (slug);
ALTER TABLE categories ALTER COLUMN slug SET NOT NULL, ADD CONSTRAINT categories_slug_key UNIQUE (slug);

-- Whoever changes the terms of a post queues up at the post itself; the row then knows the status it must mirror.
CREATE FUNCTION lock_post_of_term() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE post_status text;
BEGIN
  IF TG_OP = 'DELETE' THEN
    PERFORM 1 FROM posts WHERE id = OLD.post_id FOR NO KEY UPDATE;
    RETURN OLD;
  END IF;
  SELECT status INTO post_status FROM posts WHERE id = NEW.post_id FOR NO KEY UPDATE;
  NEW.published := coalesce(post_status = 'published', false);
  RETURN NEW;
END $$;

-- Tags.
CREATE FUNCTION register_tags(names text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO tags (name, slug)
  SELECT n, term_slug(n, false) FROM unnest(names) AS n
  WHERE NOT EXISTS (SELECT 1 FROM tags t WHERE t.name = n) ORDER BY n COLLATE "C" ON CONFLICT DO NOTHING;
  -- Left over: names whose plain slug another name has taken.
  INSERT INTO tags (name, slug)
  SELECT n, term_slug(n, true) FROM unnest(names) AS n
  WHERE NOT EXISTS (SELECT 1 FROM tags t WHERE t.name = n) ORDER BY n COLLATE "C" ON CONFLICT DO NOTHING;
END $$;

CREATE FUNCTION tag_names_of(post uuid) RETURNS text[] LANGUAGE sql STABLE AS $$
  SELECT coalesce(array_agg(t.name ORDER BY r.position, t.name), '{}')
  FROM post_tags r JOIN tags t ON t.id = r.tag_id WHERE r.post_id = post
$$;

-- Rows -> arrays. Locked in a statement of its own, so that the next one sees what whoever held the lock has written.
CREATE FUNCTION write_tag_arrays(ids uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM posts WHERE id = ANY (ids) ORDER BY id FOR NO KEY UPDATE;
  UPDATE posts p SET tags = tag_names_of(p.id)
  WHERE p.id = ANY (ids) AND p.tags IS DISTINCT FROM tag_names_of(p.id);
END $$;

CREATE FUNCTION change_tag_counts(added uuid[], removed uuid[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE changed uuid[];
BEGIN
  IF added = '{}' AND removed = '{}' THEN RETURN; END IF;
  changed := ARRAY(
    SELECT c.id FROM (SELECT unnest(added) AS id, 1 AS n UNION ALL SELECT unnest(removed), -1) c
    GROUP BY c.id HAVING sum(c.n) <> 0);
  IF changed = '{}' THEN RETURN; END IF;
  PERFORM 1 FROM tags WHERE id = ANY (changed) ORDER BY id FOR NO KEY UPDATE;
  UPDATE tags t SET post_count = t.post_count + d.n
  FROM (
    SELECT c.id, sum(c.n)::integer AS n
    FROM (SELECT unnest(added) AS id, 1 AS n UNION ALL SELECT unnest(removed), -1) c GROUP BY c.id
  ) d
  WHERE t.id = d.id AND d.n <> 0;
END $$;

-- Registers the names, then locks every row of tags that giving these posts these names can touch, in the order of the ids.
-- Whoever changes the tags of a post in more than one statement calls this first; then two of them cannot deadlock here.
CREATE FUNCTION lock_tags(posts uuid[], names text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM register_tags(names);
  PERFORM 1 FROM tags
  WHERE name = ANY (names) OR id IN (SELECT r.tag_id FROM post_tags r WHERE r.post_id = ANY (posts))
  ORDER BY id FOR NO KEY UPDATE;
END $$;

CREATE FUNCTION after_post_tags_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  ids uuid[];
  added uuid[] := '{}';
  removed uuid[] := '{}';
BEGIN
  IF TG_OP = 'INSERT' THEN
    ids := ARRAY(SELECT DISTINCT post_id FROM new_rows);
    added := ARRAY(SELECT tag_id FROM new_rows WHERE published);
  ELSIF TG_OP = 'DELETE' THEN
    ids := ARRAY(SELECT DISTINCT post_id FROM old_rows);
    removed := ARRAY(SELECT tag_id FROM old_rows WHERE published);
  ELSE
    ids := ARRAY(SELECT post_id FROM new_rows UNION SELECT post_id FROM old_rows);
    added := ARRAY(SELECT tag_id FROM new_rows WHERE published);
    removed := ARRAY(SELECT tag_id FROM old_rows WHERE published);
  END IF;
  IF ids = '{}' THEN RETURN NULL; END IF;
  IF TG_ARGV[0] = 'with_arrays' THEN PERFORM write_tag_arrays(ids); END IF;
  PERFORM change_tag_counts(added, removed);
  RETURN NULL;
END $$;

CREATE TRIGGER lock_post BEFORE INSERT OR UPDATE OR DELETE ON post_tags
  FOR EACH ROW EXECUTE FUNCTION lock_post_of_term();
CREATE TRIGGER after_insert AFTER INSERT ON post_tags
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION after_post_tags_change('with_arrays');
CREATE TRIGGER after_delete AFTER DELETE ON post_tags
  REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION after_post_tags_change('with_arrays');
CREATE TRIGGER after_update AFTER UPDATE ON post_tags
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT
  EXECUTE FUNCTION after_post_tags_change('with_arrays');

CREATE FUNCTION after_post_tags_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE tags SET post_count = 0 WHERE post_count <> 0;
  RETURN NULL;
END $$;
CREATE TRIGGER after_truncate AFTER TRUNCATE ON post_tags
  FOR EACH STATEMENT EXECUTE FUNCTION after_post_tags_truncate();

CREATE FUNCTION after_tag_rename() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM write_tag_arrays(ARRAY(SELECT post_id FROM post_tags WHERE tag_id = NEW.id ORDER BY post_id));
  RETURN NULL;
END $$;
CREATE TRIGGER renamed AFTER UPDATE OF name ON tags
  FOR EACH ROW WHEN (OLD.name IS DISTINCT FROM NEW.name) EXECUTE FUNCTION after_tag_rename();

-- Categories: the same.
CREATE FUNCTION register_categories(names text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO categories (name, slug)
  SELECT n, term_slug(n, false) FROM unnest(names) AS n
  WHERE NOT EXISTS (SELECT 1 FROM categories t WHERE t.name = n) ORDER BY n COLLATE "C" ON CONFLICT DO NOTHING;
  -- Left over: names whose plain slug another name has taken.
  INSERT INTO categories (name, slug)
  SELECT n, term_slug(n, true) FROM unnest(names) AS n
  WHERE NOT EXISTS (SELECT 1 FROM categories t WHERE t.name = n) ORDER BY n COLLATE "C" ON CONFLICT DO NOTHING;
END $$;

CREATE FUNCTION category_names_of(post uuid) RETURNS text[] LANGUAGE sql STABLE AS $$
  SELECT coalesce(array_agg(t.name ORDER BY r.position, t.name), '{}')
  FROM post_categories r JOIN categories t ON t.id = r.category_id WHERE r.post_id = post
$$;

-- Rows -> arrays. Locked in a statement of its own, so that the next one sees what whoever held the lock has written.
CREATE FUNCTION write_category_arrays(ids uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM posts WHERE id = ANY (ids) ORDER BY id FOR NO KEY UPDATE;
  UPDATE posts p SET categories = category_names_of(p.id)
  WHERE p.id = ANY (ids) AND p.categories IS DISTINCT FROM category_names_of(p.id);
END $$;

CREATE FUNCTION change_category_counts(added uuid[], removed uuid[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE changed uuid[];
BEGIN
  IF added = '{}' AND removed = '{}' THEN RETURN; END IF;
  changed := ARRAY(
    SELECT c.id FROM (SELECT unnest(added) AS id, 1 AS n UNION ALL SELECT unnest(removed), -1) c
    GROUP BY c.id HAVING sum(c.n) <> 0);
  IF changed = '{}' THEN RETURN; END IF;
  PERFORM 1 FROM categories WHERE id = ANY (changed) ORDER BY id FOR NO KEY UPDATE;
  UPDATE categories t SET post_count = t.post_count + d.n
  FROM (
    SELECT c.id, sum(c.n)::integer AS n
    FROM (SELECT unnest(added) AS id, 1 AS n UNION ALL SELECT unnest(removed), -1) c GROUP BY c.id
  ) d
  WHERE t.id = d.id AND d.n <> 0;
END $$;

-- Registers the names, then locks every row of categories that giving these posts these names can touch, in the order of the ids.
-- Whoever changes the categories of a post in more than one statement calls this first; then two of them cannot deadlock here.
CREATE FUNCTION lock_categories(posts uuid[], names text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM register_categories(names);
  PERFORM 1 FROM categories
  WHERE name = ANY (names) OR id IN (SELECT r.category_id FROM post_categories r WHERE r.post_id = ANY (posts))
  ORDER BY id FOR NO KEY UPDATE;
END $$;

CREATE FUNCTION after_post_categories_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  ids uuid[];
  added uuid[] := '{}';
  removed uuid[] := '{}';
BEGIN
  IF TG_OP = 'INSERT' THEN
    ids := ARRAY(SELECT DISTINCT post_id FROM new_rows);
    added := ARRAY(SELECT category_id FROM new_rows WHERE published);
  ELSIF TG_OP = 'DELETE' THEN
    ids := ARRAY(SELECT DISTINCT post_id FROM old_rows);
    removed := ARRAY(SELECT category_id FROM old_rows WHERE published);
  ELSE
    ids := ARRAY(SELECT post_id FROM new_rows UNION SELECT post_id FROM old_rows);
    added := ARRAY(SELECT category_id FROM new_rows WHERE published);
    removed := ARRAY(SELECT category_id FROM old_rows WHERE published);
  END IF;
  IF ids = '{}' THEN RETURN NULL; END IF;
  IF TG_ARGV[0] = 'with_arrays' THEN PERFORM write_category_arrays(ids); END IF;
  PERFORM change_category_counts(added, removed);
  RETURN NULL;
END $$;

CREATE TRIGGER lock_post BEFORE INSERT OR UPDATE OR DELETE ON post_categories
  FOR EACH ROW EXECUTE FUNCTION lock_post_of_term();
CREATE TRIGGER after_insert AFTER INSERT ON post_categories
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION after_post_categories_change('with_arrays');
CREATE TRIGGER after_delete AFTER DELETE ON post_categories
  REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION after_post_categories_change('with_arrays');
CREATE TRIGGER after_update AFTER UPDATE ON post_categories
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT
  EXECUTE FUNCTION after_post_categories_change('with_arrays');

CREATE FUNCTION after_post_categories_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE categories SET post_count = 0 WHERE post_count <> 0;
  RETURN NULL;
END $$;
CREATE TRIGGER after_truncate AFTER TRUNCATE ON post_categories
  FOR EACH STATEMENT EXECUTE FUNCTION after_post_categories_truncate();

CREATE FUNCTION after_category_rename() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM write_category_arrays(ARRAY(SELECT post_id FROM post_categories WHERE category_id = NEW.id ORDER BY post_id));
  RETURN NULL;
END $$;
CREATE TRIGGER renamed AFTER UPDATE OF name ON categories
  FOR EACH ROW WHEN (OLD.name IS DISTINCT FROM NEW.name) EXECUTE FUNCTION after_category_rename();

-- Arrays -> rows. One statement for deleting and inserting, so that the rows are never seen half changed by their own triggers.
CREATE FUNCTION write_rows_from_arrays(ids uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM lock_tags(ids, ARRAY(SELECT DISTINCT unnest(p.tags) FROM posts p WHERE p.id = ANY (ids)));
  WITH stale AS (
    SELECT p.id, p.tags FROM posts p WHERE p.id = ANY (ids) AND p.tags IS DISTINCT FROM tag_names_of(p.id)
  ), wanted AS (
    SELECT s.id AS post_id, t.id AS tag_id, w.position
    FROM stale s
    CROSS JOIN LATERAL (
      SELECT u.name, min(u.n)::integer AS position FROM unnest(s.tags) WITH ORDINALITY AS u (name, n) GROUP BY u.name
    ) w
    JOIN tags t ON t.name = w.name
  ), gone AS (
    DELETE FROM post_tags r USING stale s
    WHERE r.post_id = s.id
      AND NOT EXISTS (SELECT 1 FROM wanted w WHERE w.post_id = r.post_id AND w.tag_id = r.tag_id)
  )
  INSERT INTO post_tags (post_id, tag_id, position) SELECT post_id, tag_id, position FROM wanted ORDER BY post_id, tag_id
  ON CONFLICT (post_id, tag_id) DO UPDATE SET position = EXCLUDED.position WHERE post_tags.position <> EXCLUDED.position;

  PERFORM lock_categories(ids, ARRAY(SELECT DISTINCT unnest(p.categories) FROM posts p WHERE p.id = ANY (ids)));
  WITH stale AS (
    SELECT p.id, p.categories FROM posts p WHERE p.id = ANY (ids) AND p.categories IS DISTINCT FROM category_names_of(p.id)
  ), wanted AS (
    SELECT s.id AS post_id, t.id AS category_id, w.position
    FROM stale s
    CROSS JOIN LATERAL (
      SELECT u.name, min(u.n)::integer AS position FROM unnest(s.categories) WITH ORDINALITY AS u (name, n) GROUP BY u.name
    ) w
    JOIN categories t ON t.name = w.name
  ), gone AS (
    DELETE FROM post_categories r USING stale s
    WHERE r.post_id = s.id
      AND NOT EXISTS (SELECT 1 FROM wanted w WHERE w.post_id = r.post_id AND w.category_id = r.category_id)
  )
  INSERT INTO post_categories (post_id, category_id, position)
  SELECT post_id, category_id, position FROM wanted ORDER BY post_id, category_id
  ON CONFLICT (post_id, category_id) DO UPDATE SET position = EXCLUDED.position
    WHERE post_categories.position <> EXCLUDED.position;
END $$;

CREATE FUNCTION after_posts_insert() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE ids uuid[];
BEGIN
  ids := ARRAY(SELECT id FROM new_rows WHERE tags <> '{}' OR categories <> '{}');
  IF ids <> '{}' THEN PERFORM write_rows_from_arrays(ids); END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION after_posts_update() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE ids uuid[];
BEGIN
  ids := ARRAY(SELECT n.id FROM new_rows n JOIN old_rows o USING (id)
    WHERE n.tags IS DISTINCT FROM o.tags OR n.categories IS DISTINCT FROM o.categories);
  IF ids <> '{}' THEN PERFORM write_rows_from_arrays(ids); END IF;
  RETURN NULL;
END $$;

-- Not about arrays, so it stays after the contract migration.
CREATE FUNCTION after_posts_status_update() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE ids uuid[];
BEGIN
  ids := ARRAY(SELECT n.id FROM new_rows n JOIN old_rows o USING (id)
    WHERE (n.status = 'published') IS DISTINCT FROM (o.status = 'published'));
  IF ids <> '{}' THEN
    UPDATE post_tags r SET published = NOT r.published FROM posts p
    WHERE r.post_id = ANY (ids) AND p.id = r.post_id AND r.published <> (p.status = 'published');
    UPDATE post_categories r SET published = NOT r.published FROM posts p
    WHERE r.post_id = ANY (ids) AND p.id = r.post_id AND r.published <> (p.status = 'published');
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER arrays_after_insert AFTER INSERT ON posts
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION after_posts_insert();
CREATE TRIGGER arrays_after_update AFTER UPDATE ON posts
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION after_posts_update();
CREATE TRIGGER status_after_update AFTER UPDATE ON posts
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION after_posts_status_update();

-- Full text for API v2. Content is cut, because a tsvector cannot pass 1 MB and a long post must not fail to be stored.
ALTER TABLE posts ADD COLUMN search_text tsvector GENERATED ALWAYS AS (
  setweight(to_tsvector('english'::regconfig, title), 'A')
  || setweight(to_tsvector('english'::regconfig, coalesce(excerpt, '')), 'B')
  || setweight(to_tsvector('english'::regconfig, left(content, 100000)), 'C')
) STORED;
CREATE INDEX posts_search_text_idx ON posts USING gin (search_text);
-- Substrings for API v1's search on the new core. In UTF-8, `x ILIKE p` is by definition `lower(x) LIKE lower(p)`; written the
-- second way, with status = 'published' beside it, a query uses these.
CREATE INDEX posts_title_trgm_idx ON posts USING gin (lower(title) gin_trgm_ops) WHERE status = 'published';
CREATE INDEX posts_content_trgm_idx ON posts USING gin (lower(content) gin_trgm_ops) WHERE status = 'published';
CREATE INDEX posts_title_prefix_idx ON posts (lower(title) text_pattern_ops) WHERE status = 'published';
CREATE INDEX posts_status_created_at_idx ON posts (status, created_at, id);
CREATE INDEX posts_status_published_at_idx ON posts (status, published_at, id);

-- Back-fill; the triggers above do the counting.
SELECT write_rows_from_arrays(ARRAY(SELECT id FROM posts WHERE tags <> '{}' OR categories <> '{}'));

-- Down Migration
-- The arrays have been kept equal all along, so dropping the other form loses no post's terms.
DROP INDEX posts_status_published_at_idx, posts_status_created_at_idx, posts_title_prefix_idx, posts_content_trgm_idx,
  posts_title_trgm_idx, posts_search_text_idx;
ALTER TABLE posts DROP COLUMN search_text;
DROP TRIGGER status_after_update ON posts;
DROP TRIGGER arrays_after_update ON posts;
DROP TRIGGER arrays_after_insert ON posts;
DROP TABLE post_categories;
DROP TABLE post_tags;
DROP TRIGGER renamed ON categories;
DROP TRIGGER renamed ON tags;
DROP FUNCTION after_posts_status_update(), after_posts_update(), after_posts_insert(), write_rows_from_arrays(uuid[]),
  after_post_categories_truncate(), after_post_tags_truncate(),
  after_category_rename(), after_post_categories_change(), lock_categories(uuid[], text[]), change_category_counts(uuid[], uuid[]), category_names_of(uuid),
  register_categories(text[]),
  after_tag_rename(), after_post_tags_change(), lock_tags(uuid[], text[]), change_tag_counts(uuid[], uuid[]), tag_names_of(uuid), register_tags(text[]),
  write_category_arrays(uuid[]), write_tag_arrays(uuid[]),
  lock_post_of_term(), term_slug(text, boolean);
ALTER TABLE categories DROP CONSTRAINT categories_pkey;
ALTER TABLE categories DROP COLUMN id, DROP COLUMN slug, DROP COLUMN post_count, DROP COLUMN is_active, DROP COLUMN updated_at,
  DROP CONSTRAINT categories_name_key, ADD CONSTRAINT categories_pkey PRIMARY KEY (name);
ALTER TABLE tags DROP CONSTRAINT tags_pkey;
ALTER TABLE tags DROP COLUMN id, DROP COLUMN slug, DROP COLUMN post_count, DROP COLUMN updated_at,
  DROP CONSTRAINT tags_name_key, ADD CONSTRAINT tags_pkey PRIMARY KEY (name);
DROP EXTENSION pg_trgm;
