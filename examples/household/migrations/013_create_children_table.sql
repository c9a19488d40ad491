-- Migration: 013_create_children_table
-- Description: The children of a household, who need no account of their own
-- Date: 2025-12-14

BEGIN;

CREATE TABLE IF NOT EXISTS children (
  id           UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  household_id UUID NOT NULL REFERENCES households ON DELETE CASCADE,
  name         TEXT NOT NULL CHECK (btrim(name) <> ''),
  birth_year   SMALLINT CHECK (birth_year BETWEEN 1900 AND 2200),
  created_at   TIMESTAMPTZ NOT NULL DEFAULT now(),
  updated_at   TIMESTAMPTZ NOT NULL DEFAULT now(),
  -- Lets other tables point at a child and its household at once; see 015.
  CONSTRAINT children_household_key UNIQUE (household_id, id)
);

CREATE OR REPLACE TRIGGER children_touch
  BEFORE UPDATE ON children
  FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

INSERT INTO schema_migrations (version, name)
VALUES ('013', 'create_children_table')
ON CONFLICT (version) DO NOTHING;

COMMIT;
