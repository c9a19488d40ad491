-- Migration: 015_create_task_assignments_table
-- Description: A task on a day, given to a child
-- Date: 2025-12-14

BEGIN;

CREATE TABLE IF NOT EXISTS task_assignments (
  id           UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  household_id UUID NOT NULL,
  task_id      UUID NOT NULL,
  child_id     UUID NOT NULL,
  due_on       DATE NOT NULL,
  state        TEXT NOT NULL DEFAULT 'open',
  created_at   TIMESTAMPTZ NOT NULL DEFAULT now(),
  -- Two columns each, so that no task ever reaches another family's child.
  FOREIGN KEY (household_id, task_id) REFERENCES tasks (household_id, id) ON DELETE CASCADE,
  FOREIGN KEY (household_id, child_id) REFERENCES children (household_id, id) ON DELETE CASCADE,
  CONSTRAINT task_assignments_state CHECK (state IN ('open', 'done', 'missed')),
  CONSTRAINT task_assignments_once_a_day UNIQUE (task_id, child_id, due_on)
);

-- "What is left for this child today?"
CREATE INDEX IF NOT EXISTS task_assignments_open
  ON task_assignments (child_id, due_on)
  WHERE state = 'open';

CREATE INDEX IF NOT EXISTS task_assignments_by_household
  ON task_assignments (household_id, due_on);

INSERT INTO schema_migrations (version, name)
VALUES ('015', 'create_task_assignments_table')
ON CONFLICT (version) DO NOTHING;

COMMIT;
