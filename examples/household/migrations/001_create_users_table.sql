-- Migration: 001_create_users_table
-- Description: People who sign in, with a password or through a provider
-- Date: 2025-12-14

BEGIN;

CREATE TABLE IF NOT EXISTS users (
  id               UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  email            TEXT NOT NULL,
  display_name     TEXT NOT NULL DEFAULT '',
  password_hash    TEXT,
  provider         TEXT,
  provider_subject TEXT,
  created_at       TIMESTAMPTZ NOT NULL DEFAULT now(),
  updated_at       TIMESTAMPTZ NOT NULL DEFAULT now(),
  -- Nobody may be left without a way in.
  CONSTRAINT users_can_sign_in
    CHECK (password_hash IS NOT NULL OR num_nonnulls(provider, provider_subject) = 2)
);

-- "Me@example.org" and "me@example.org" reach the same person.
CREATE UNIQUE INDEX IF NOT EXISTS users_email_key ON users (lower(email));

CREATE UNIQUE INDEX IF NOT EXISTS users_provider_key
  ON users (provider, provider_subject)
  WHERE provider IS NOT NULL;

-- Shared by every table that has an updated_at; see 011, 013 and 014.
CREATE OR REPLACE FUNCTION touch_updated_at() RETURNS trigger
LANGUAGE plpgsql AS $touch$
BEGIN
  NEW.updated_at := now();
  RETURN NEW;
END
$touch$;

CREATE OR REPLACE TRIGGER users_touch
  BEFORE UPDATE ON users
  FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

INSERT INTO schema_migrations (version, name)
VALUES ('001', 'create_users_table')
ON CONFLICT (version) DO NOTHING;

COMMIT;
