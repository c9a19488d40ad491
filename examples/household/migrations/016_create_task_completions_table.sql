-- Migration: 016_create_task_completions_table
-- Description: The diary of finished tasks: written once, never changed
-- Date: 2025-12-14

BEGIN;

CREATE TABLE IF NOT EXISTS task_completions (
  id            BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  assignment_id UUID NOT NULL UNIQUE REFERENCES task_assignments ON DELETE CASCADE,
  household_id  UUID NOT NULL REFERENCES households ON DELETE CASCADE,
  child_id      UUID NOT NULL REFERENCES children ON DELETE CASCADE,
  -- What it was worth on that day: a later change of the task does not count.
  points_earned INTEGER NOT NULL CHECK (points_earned >= 0),
  completed_at  TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE INDEX IF NOT EXISTS task_completions_by_child
  ON task_completions (child_id, completed_at);

CREATE INDEX IF NOT EXISTS task_completions_by_household
  ON task_completions (household_id, completed_at);

CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger
LANGUAGE plpgsql AS $refuse$
BEGIN
  RAISE EXCEPTION 'rows of % are never changed', TG_TABLE_NAME
    USING HINT = 'Add a row that corrects the earlier one.';
END
$refuse$;

CREATE OR REPLACE TRIGGER task_completions_stay
  BEFORE UPDATE ON task_completions
  FOR EACH ROW EXECUTE FUNCTION refuse_change();

INSERT INTO schema_migrations (version, name)
VALUES ('016', 'create_task_completions_table')
ON CONFLICT (version) DO NOTHING;

COMMIT;
