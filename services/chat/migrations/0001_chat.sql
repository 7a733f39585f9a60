-- Times are milliseconds since the Unix epoch, flags 0 or 1, states the
-- numbers of the enums in libs/contracts/proto/muster/v1/model.proto.

-- What chat has heard of workers from the stream EVENTS.
CREATE TABLE workers (
    worker_id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    machine_id TEXT NOT NULL,
    online BIGINT NOT NULL,
    term BIGINT NOT NULL,
    models_known BIGINT NOT NULL,
    -- The whole Worker message.
    worker BYTEA NOT NULL,
    revision BIGINT NOT NULL
);

CREATE TABLE chat_sessions (
    chat_session_id TEXT PRIMARY KEY,
    worker_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    title TEXT NOT NULL,
    -- The user gave the title: neither message nor backend changes it.
    titled BIGINT NOT NULL,
    model TEXT NOT NULL,
    mode TEXT,
    directory TEXT NOT NULL,
    status BIGINT NOT NULL,
    pinned BIGINT NOT NULL,
    unread BIGINT NOT NULL,
    queue_paused BIGINT NOT NULL,
    backend_session_id TEXT,
    input_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    cost DOUBLE PRECISION,
    -- Place of the next message that leaves the queue.
    next_position BIGINT NOT NULL,
    last_activity BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    revision BIGINT NOT NULL
);
CREATE INDEX chat_sessions_by_worker ON chat_sessions (worker_id, last_activity);
CREATE INDEX chat_sessions_by_user ON chat_sessions (user_id, last_activity);
CREATE INDEX chat_sessions_by_status ON chat_sessions (status, last_activity);

CREATE TABLE chat_messages (
    message_id TEXT PRIMARY KEY,
    chat_session_id TEXT NOT NULL REFERENCES chat_sessions (chat_session_id) ON DELETE CASCADE,
    -- Order in the session. Messages that wait stand behind 2^40.
    position BIGINT NOT NULL,
    role BIGINT NOT NULL,
    content TEXT NOT NULL,
    -- A ChatMessage with nothing but its parts.
    parts BYTEA NOT NULL,
    status BIGINT NOT NULL,
    model TEXT,
    reply_to TEXT,
    replaces TEXT,
    superseded_by TEXT,
    error TEXT,
    chunk_count BIGINT,
    content_hash TEXT,
    -- Chunks that content and parts hold already.
    received_number BIGINT NOT NULL,
    timestamp BIGINT NOT NULL,
    revision BIGINT NOT NULL
);
CREATE UNIQUE INDEX chat_messages_by_session ON chat_messages (chat_session_id, position);
CREATE INDEX chat_messages_waiting ON chat_messages (chat_session_id, position) WHERE status = 1;
CREATE INDEX chat_messages_by_timestamp ON chat_messages (timestamp);

-- One row for each attempt to answer a message, from the moment at which the
-- worker is told of it.
CREATE TABLE turns (
    reply_id TEXT PRIMARY KEY,
    message_id TEXT NOT NULL,
    chat_session_id TEXT NOT NULL REFERENCES chat_sessions (chat_session_id) ON DELETE CASCADE,
    worker_id TEXT NOT NULL,
    status BIGINT NOT NULL,
    nonce TEXT NOT NULL,
    instance TEXT NOT NULL,
    term BIGINT NOT NULL,
    -- Everything of this reply that is not in its row yet is behind this
    -- sequence of CHUNKS.
    stream_position BIGINT NOT NULL,
    stop BIGINT NOT NULL,
    claimed_at BIGINT NOT NULL,
    started_at BIGINT,
    ended_at BIGINT
);
CREATE UNIQUE INDEX turns_one_open ON turns (chat_session_id) WHERE ended_at IS NULL;
CREATE INDEX turns_open_by_worker ON turns (worker_id) WHERE ended_at IS NULL;
CREATE INDEX turns_by_message ON turns (message_id);

CREATE TABLE requests (
    chat_session_id TEXT NOT NULL REFERENCES chat_sessions (chat_session_id) ON DELETE CASCADE,
    request_id TEXT NOT NULL,
    reply_id TEXT NOT NULL,
    worker_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    -- A RequestBody.
    body BYTEA NOT NULL,
    status BIGINT NOT NULL,
    -- An Answer.
    outcome BYTEA,
    answered_by TEXT,
    asked_at BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    PRIMARY KEY (chat_session_id, request_id)
);
CREATE INDEX requests_pending ON requests (user_id, asked_at) WHERE status = 1;
CREATE INDEX requests_by_reply ON requests (reply_id);

-- What chat wants to know of a worker's backend.
CREATE TABLE asks (
    ask_id TEXT PRIMARY KEY,
    worker_id TEXT NOT NULL,
    -- An Ask.
    ask BYTEA NOT NULL,
    asked_at BIGINT NOT NULL
);
CREATE INDEX asks_by_worker ON asks (worker_id);

CREATE TABLE outbox (
    id TEXT PRIMARY KEY,
    position BIGINT NOT NULL,
    subject TEXT NOT NULL,
    payload BYTEA NOT NULL
);
CREATE INDEX outbox_by_position ON outbox (position);
