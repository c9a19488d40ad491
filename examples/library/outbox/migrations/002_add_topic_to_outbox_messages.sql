-- The default is for applications that still run the release before.

ALTER TABLE outbox_messages ADD COLUMN topic text NOT NULL DEFAULT 'general';
