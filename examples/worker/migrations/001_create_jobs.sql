CREATE TABLE IF NOT EXISTS jobs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    text text NOT NULL,
    result text,
    worker text,
    created_at timestamptz NOT NULL DEFAULT now(),
    done_at timestamptz
);

CREATE INDEX IF NOT EXISTS jobs_to_do ON jobs (id) WHERE done_at IS NULL;
