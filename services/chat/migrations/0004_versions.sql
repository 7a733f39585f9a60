-- Versions of messages, forks, and asks that somebody waits for.

ALTER TABLE chat_messages ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
ALTER TABLE chat_messages ADD COLUMN mode TEXT;
-- A copy in a fork: the id under which the backend heard it.
ALTER TABLE chat_messages ADD COLUMN origin_id TEXT;

ALTER TABLE chat_sessions ADD COLUMN forked_session_id TEXT;
ALTER TABLE chat_sessions ADD COLUMN forked_message_id TEXT;
-- The backend's session that a fork's own one is made from.
ALTER TABLE chat_sessions ADD COLUMN fork_backend_session_id TEXT;

-- Nobody waits for it any more; absent when it is to be done in any case.
ALTER TABLE asks ADD COLUMN expires_at BIGINT;
-- An AskResult, as long as somebody may wait for it.
ALTER TABLE asks ADD COLUMN result BYTEA;
