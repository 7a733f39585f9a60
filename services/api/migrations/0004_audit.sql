-- Who did what. Rows are only ever added; what they name may be gone, so names are kept as they were.
-- user_id: whose thing it was done to. An actor is a user (by a token or not), a worker, or, with neither, nobody.
CREATE TABLE audit (
    audit_id TEXT PRIMARY KEY,
    at BIGINT NOT NULL,
    -- Order of what was done in one millisecond.
    place BIGINT NOT NULL,
    user_id TEXT NOT NULL,
    username TEXT NOT NULL,
    action TEXT NOT NULL,
    entity TEXT NOT NULL,
    object_id TEXT NOT NULL,
    object_name TEXT NOT NULL,
    detail TEXT NOT NULL,
    machine_id TEXT NOT NULL,
    worker_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    actor_name TEXT NOT NULL,
    actor_worker_id TEXT NOT NULL,
    token_id TEXT NOT NULL,
    token_name TEXT NOT NULL,
    address TEXT NOT NULL
);
CREATE INDEX audit_by_time ON audit (at, place, audit_id);
CREATE INDEX audit_by_user ON audit (user_id, at, place, audit_id);
