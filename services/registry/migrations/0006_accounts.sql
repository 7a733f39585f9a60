-- The newest that was heard of each account.
CREATE TABLE accounts (
    user_id TEXT PRIMARY KEY,
    revision BIGINT NOT NULL
);
