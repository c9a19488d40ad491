-- Migration: NNN_descriptive_name
-- Description: What changes, and why it has to
-- Date: YYYY-MM-DD

BEGIN;

-- One change goes here.  IF NOT EXISTS and IF EXISTS let psql run it twice.

INSERT INTO schema_migrations (version, name)
VALUES ('NNN', 'descriptive_name')
ON CONFLICT (version) DO NOTHING;

COMMIT;
