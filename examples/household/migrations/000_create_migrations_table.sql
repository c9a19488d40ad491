-- Migration: 000_create_migrations_table
-- Description: The list of what has been applied, one row for each file
-- Date: 2025-12-14

BEGIN;

-- A runner that keeps such a table has made it before this file runs.  The file
-- is here so that psql alone can bring up a database, too.
CREATE TABLE IF NOT EXISTS schema_migrations (
  version    VARCHAR(32) PRIMARY KEY,
  name       VARCHAR(255) NOT NULL,
  applied_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

INSERT INTO schema_migrations (version, name)
VALUES ('000', 'create_migrations_table')
ON CONFLICT (version) DO NOTHING;

COMMIT;
