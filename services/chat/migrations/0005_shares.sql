-- Links by which anybody can read a session. Only a hash of what is in the link is kept.
CREATE TABLE shares (
    chat_session_id TEXT PRIMARY KEY REFERENCES chat_sessions (chat_session_id) ON DELETE CASCADE,
    -- SHA-256 in hex.
    secret_hash TEXT NOT NULL UNIQUE,
    expires_at BIGINT NOT NULL
);
CREATE INDEX shares_by_expiry ON shares (expires_at);
