-- Messages that were withdrawn lately: the send of one may be repeated by a device whose answer was lost.
CREATE TABLE withdrawn_messages (message_id TEXT PRIMARY KEY, withdrawn_at BIGINT NOT NULL);
CREATE INDEX withdrawn_messages_by_time ON withdrawn_messages (withdrawn_at);
