-- Passkeys. domain: where it was made, and works; fixed_state and state: the key and what changes at each use, as
-- webauthn_rp encodes them; credential_id: base64url, the authenticator's own name for it.
CREATE TABLE passkeys (
    passkey_id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,
    credential_id TEXT NOT NULL UNIQUE,
    domain TEXT NOT NULL,
    name TEXT NOT NULL,
    fixed_state BYTEA NOT NULL,
    state BYTEA NOT NULL,
    transports BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT
);
CREATE INDEX passkeys_by_user ON passkeys (user_id, created_at);
