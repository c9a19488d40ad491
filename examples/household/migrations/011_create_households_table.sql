-- Migration: 011_create_households_table
-- Description: Families that share the app; every row below belongs to one of them
-- Date: 2025-12-14

BEGIN;

CREATE TABLE IF NOT EXISTS households (
  id         UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  name       TEXT NOT NULL CHECK (btrim(name) <> ''),
  time_zone  TEXT NOT NULL DEFAULT 'Europe/Oslo',
  created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  updated_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

COMMENT ON COLUMN households.time_zone IS
  'Decides which day it is when a task falls due; an IANA name.';

CREATE OR REPLACE TRIGGER households_touch
  BEFORE UPDATE ON households
  FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

INSERT INTO schema_migrations (version, name)
VALUES ('011', 'create_households_table')
ON CONFLICT (version) DO NOTHING;

COMMIT;
