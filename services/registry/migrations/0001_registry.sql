CREATE TABLE machines (
    machine_id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    name TEXT NOT NULL,
    hidden BIGINT NOT NULL DEFAULT 0,
    last_seen BIGINT,
    revision BIGINT NOT NULL DEFAULT 1,
    created_at BIGINT NOT NULL
);
CREATE INDEX machines_by_user_id ON machines (user_id, created_at, machine_id);

-- fingerprint: the approved key. lease_*: which process may be this worker, in
-- which term, until when (the largest number while its connection is open).
-- instance, term: the process that was connected last, as it was told.
CREATE TABLE workers (
    worker_id TEXT PRIMARY KEY,
    machine_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    name TEXT,
    status TEXT NOT NULL,
    fingerprint TEXT,
    created_at BIGINT NOT NULL,
    approved_at BIGINT,
    approved_by TEXT,
    hostname TEXT,
    directory TEXT,
    backend TEXT,
    version TEXT,
    models BYTEA,
    instance TEXT,
    term BIGINT NOT NULL DEFAULT 0,
    lease_instance TEXT,
    lease_term BIGINT NOT NULL DEFAULT 0,
    lease_until BIGINT NOT NULL DEFAULT 0,
    leased_at BIGINT NOT NULL DEFAULT 0,
    seen BIGINT NOT NULL DEFAULT 0,
    offline_since BIGINT,
    offline_closed BIGINT NOT NULL DEFAULT 0,
    revision BIGINT NOT NULL DEFAULT 1
);
CREATE INDEX workers_by_machine_id ON workers (machine_id, created_at, worker_id);
CREATE INDEX workers_by_machine_and_worker ON workers (machine_id, worker_id);
CREATE INDEX workers_by_status ON workers (status);
CREATE INDEX workers_by_machine_and_status ON workers (machine_id, status);

-- state: waiting, or rejected (remembered, so that the key is told so).
CREATE TABLE registrations (
    worker_id TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    state TEXT NOT NULL,
    hostname TEXT NOT NULL,
    os_user TEXT NOT NULL,
    directory TEXT NOT NULL,
    version TEXT NOT NULL,
    backend TEXT NOT NULL,
    requested_at BIGINT NOT NULL,
    revision BIGINT NOT NULL DEFAULT 1,
    PRIMARY KEY (worker_id, fingerprint)
);
CREATE INDEX registrations_by_worker_and_state ON registrations (worker_id, state, requested_at);

-- A closed connection is kept for a while, so that a late notice of its
-- opening does not bring it back. term 0: it may only register.
CREATE TABLE connections (
    server_id TEXT NOT NULL,
    client_id BIGINT NOT NULL,
    worker_id TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    instance TEXT NOT NULL,
    term BIGINT NOT NULL,
    connected_at BIGINT NOT NULL,
    closed_at BIGINT,
    PRIMARY KEY (server_id, client_id)
);
CREATE INDEX connections_by_worker_id ON connections (worker_id);
CREATE INDEX connections_by_closed_at ON connections (closed_at);

CREATE TABLE outbox (id TEXT PRIMARY KEY, position BIGINT NOT NULL, subject TEXT NOT NULL, payload BYTEA NOT NULL);
CREATE INDEX outbox_by_position ON outbox (position, id);
