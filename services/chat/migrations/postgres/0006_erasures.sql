-- Deleted sessions of which the broker's streams may still have something.
CREATE TABLE erasures (
    chat_session_id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    -- When it is looked for next, and how often it was.
    due_at BIGINT NOT NULL,
    rounds BIGINT NOT NULL
);
CREATE INDEX erasures_by_due ON erasures (due_at);
