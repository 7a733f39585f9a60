-- What is known of files that users attach; the bytes are in the object store under the same id.
CREATE TABLE attachments (
    attachment_id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    name TEXT NOT NULL,
    -- Empty until the bytes are there.
    media_type TEXT NOT NULL,
    -- Until the bytes are there, as many as may come.
    size BIGINT NOT NULL,
    -- SHA-256.
    digest BYTEA,
    -- 1 awaited, 2 there, 3 to be removed.
    state BIGINT NOT NULL,
    -- The message that has it. It goes with the message, whichever way that goes: its time has come then.
    message_id TEXT REFERENCES chat_messages (message_id) ON DELETE SET NULL,
    -- When it is removed unless a message has it. 0 once one had it.
    expires_at BIGINT NOT NULL,
    uploaded_at BIGINT NOT NULL
);
CREATE INDEX attachments_by_user ON attachments (user_id);
CREATE INDEX attachments_by_message ON attachments (message_id);
CREATE INDEX attachments_without_message ON attachments (expires_at) WHERE message_id IS NULL;

-- A ChatMessage with nothing but its attachments; none for most.
ALTER TABLE chat_messages ADD COLUMN attachments BYTEA;
