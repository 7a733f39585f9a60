-- A message and a copy of it in a fork have the same files, so which has what is a table of its own.
DROP INDEX attachments_by_user;
DROP INDEX attachments_by_message;
DROP INDEX attachments_without_message;
ALTER TABLE attachments RENAME TO attachments_before;

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
    -- When it is removed unless a message gets it. None while one has it; its time has come with the last one's end.
    expires_at BIGINT,
    uploaded_at BIGINT NOT NULL
);
INSERT INTO attachments (attachment_id, user_id, name, media_type, size, digest, state, expires_at, uploaded_at)
SELECT attachment_id, user_id, name, media_type, size, digest, state,
    CASE WHEN message_id IS NULL THEN expires_at END, uploaded_at
FROM attachments_before;
CREATE INDEX attachments_by_user ON attachments (user_id);
CREATE INDEX attachments_without_message ON attachments (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE message_attachments (
    message_id TEXT NOT NULL REFERENCES chat_messages (message_id) ON DELETE CASCADE,
    attachment_id TEXT NOT NULL REFERENCES attachments (attachment_id) ON DELETE CASCADE,
    PRIMARY KEY (message_id, attachment_id)
);
INSERT INTO message_attachments (message_id, attachment_id)
SELECT message_id, attachment_id FROM attachments_before WHERE message_id IS NOT NULL;
CREATE INDEX message_attachments_by_attachment ON message_attachments (attachment_id);
DROP TABLE attachments_before;
