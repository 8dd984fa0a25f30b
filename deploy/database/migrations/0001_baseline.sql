-- Up Migration
-- The schema as cms-v1 has always had it: tags and categories are arrays of names on the post.

CREATE TABLE users (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  username text COLLATE "C" NOT NULL CONSTRAINT users_username_key UNIQUE,
  email text COLLATE "C" NOT NULL CONSTRAINT users_email_key UNIQUE,
  password_hash text NOT NULL,
  first_name text,
  last_name text,
  role text NOT NULL DEFAULT 'subscriber'
    CHECK (role IN ('super_admin', 'admin', 'editor', 'author', 'contributor', 'subscriber')),
  is_active boolean NOT NULL DEFAULT true,
  email_verified boolean NOT NULL DEFAULT false,
  last_login timestamptz(3),
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3) NOT NULL DEFAULT now()
);
CREATE INDEX users_created_at_idx ON users (created_at, id);

-- Only the SHA-256 of a refresh token or an API key is kept.
CREATE TABLE sessions (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  refresh_token_hash text NOT NULL CONSTRAINT sessions_refresh_token_hash_key UNIQUE,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  expires_at timestamptz(3) NOT NULL
);
CREATE INDEX sessions_user_id_idx ON sessions (user_id);

CREATE TABLE api_keys (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  name text NOT NULL,
  prefix text NOT NULL,
  key_hash text NOT NULL CONSTRAINT api_keys_key_hash_key UNIQUE,
  created_at timestamptz(3) NOT NULL DEFAULT now()
);
CREATE INDEX api_keys_user_id_idx ON api_keys (user_id, created_at);

CREATE TABLE posts (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  title text NOT NULL,
  slug text COLLATE "C" NOT NULL CONSTRAINT posts_slug_key UNIQUE,
  content text NOT NULL,
  excerpt text,
  status text NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'published', 'archived')),
  author_id uuid NOT NULL REFERENCES users (id),
  tags text[] NOT NULL DEFAULT '{}' CHECK (array_position(tags, NULL) IS NULL),
  categories text[] NOT NULL DEFAULT '{}' CHECK (array_position(categories, NULL) IS NULL),
  meta_title text,
  meta_description text,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  published_at timestamptz(3)
);
CREATE INDEX posts_created_at_idx ON posts (created_at, id);
CREATE INDEX posts_author_id_idx ON posts (author_id);

CREATE TABLE comments (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  post_id uuid NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
  author_id uuid NOT NULL REFERENCES users (id),
  content text NOT NULL,
  status text NOT NULL DEFAULT 'published' CHECK (status IN ('pending', 'published', 'edited', 'deleted')),
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3) NOT NULL DEFAULT now()
);
CREATE INDEX comments_post_id_idx ON comments (post_id, created_at, id);

-- A glossary: which names are in use follows from the posts alone.
CREATE TABLE tags (
  name text COLLATE "C" PRIMARY KEY,
  description text,
  created_at timestamptz(3) NOT NULL DEFAULT now()
);
CREATE TABLE categories (
  name text COLLATE "C" PRIMARY KEY,
  description text,
  created_at timestamptz(3) NOT NULL DEFAULT now()
);

-- Counters of attempts. Losing them in a crash is harmless, so they skip the write-ahead log.
CREATE UNLOGGED TABLE rate_limits (
  key text PRIMARY KEY,
  window_start timestamptz NOT NULL,
  hits integer NOT NULL
);

-- Down Migration
DROP TABLE rate_limits;
DROP TABLE categories;
DROP TABLE tags;
DROP TABLE comments;
DROP TABLE posts;
DROP TABLE api_keys;
DROP TABLE sessions;
DROP TABLE users;
