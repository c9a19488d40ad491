-- Migration: 014_create_tasks_table
-- Description: What is to be done at home, how often, and what it is worth
-- Date: 2025-12-14

BEGIN;

CREATE TABLE IF NOT EXISTS tasks (
  id           UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  household_id UUID NOT NULL REFERENCES households ON DELETE CASCADE,
  title        TEXT NOT NULL CHECK (btrim(title) <> ''),
  notes        TEXT NOT NULL DEFAULT '',
  points       INTEGER NOT NULL DEFAULT 10 CHECK (points >= 0),
  repeats      TEXT NOT NULL,
  rule         JSONB NOT NULL DEFAULT '{}',
  created_at   TIMESTAMPTZ NOT NULL DEFAULT now(),
  updated_at   TIMESTAMPTZ NOT NULL DEFAULT now(),
  CONSTRAINT tasks_repeats CHECK (repeats IN ('once', 'daily', 'weekly', 'in_turn')),
  -- A list or a number here would only be noticed by the job that plans the week.
  CONSTRAINT tasks_rule_is_an_object CHECK (jsonb_typeof(rule) = 'object'),
  CONSTRAINT tasks_household_key UNIQUE (household_id, id)
);

CREATE OR REPLACE TRIGGER tasks_touch
  BEFORE UPDATE ON tasks
  FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

INSERT INTO schema_migrations (version, name)
VALUES ('014', 'create_tasks_table')
ON CONFLICT (version) DO NOTHING;

COMMIT;
