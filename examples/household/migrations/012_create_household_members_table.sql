-- Migration: 012_create_household_members_table
-- Description: Who belongs to which household, and what they may do there
-- Date: 2025-12-14

BEGIN;

CREATE TABLE IF NOT EXISTS household_members (
  household_id UUID NOT NULL REFERENCES households ON DELETE CASCADE,
  user_id      UUID NOT NULL REFERENCES users ON DELETE CASCADE,
  role         TEXT NOT NULL DEFAULT 'parent',
  joined_at    TIMESTAMPTZ NOT NULL DEFAULT now(),
  PRIMARY KEY (household_id, user_id),
  CONSTRAINT household_members_role CHECK (role IN ('admin', 'parent', 'child'))
);

-- The primary key finds a household's members; this one finds a user's households.
CREATE INDEX IF NOT EXISTS household_members_by_user ON household_members (user_id);

INSERT INTO schema_migrations (version, name)
VALUES ('012', 'create_household_members_table')
ON CONFLICT (version) DO NOTHING;

COMMIT;
