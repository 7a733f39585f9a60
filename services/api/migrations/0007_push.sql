-- By which push services know us (RFC 8292): one row, made when it is first asked for. PKCS #8.
CREATE TABLE push_key (one BIGINT PRIMARY KEY, private_key BYTEA NOT NULL);

-- Browsers that are told what happened while nobody looks at the page (RFC 8030). Each belongs to a sign-in.
CREATE TABLE push_subscriptions (
    subscription_id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,
    device_id TEXT NOT NULL REFERENCES devices (device_id) ON DELETE CASCADE,
    endpoint TEXT NOT NULL UNIQUE,
    -- The browser's public key and secret (RFC 8291).
    p256dh BYTEA NOT NULL,
    auth BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX push_subscriptions_by_user ON push_subscriptions (user_id);
CREATE INDEX push_subscriptions_by_device ON push_subscriptions (device_id);
