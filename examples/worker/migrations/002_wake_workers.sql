-- Whoever waits for a job hears of a new one when it is committed.

CREATE OR REPLACE FUNCTION wake_workers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NOTIFY jobs;
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER wake_workers
    AFTER INSERT ON jobs FOR EACH STATEMENT EXECUTE FUNCTION wake_workers();
