-- Workers that are gone. Sessions of their owner name them still, so nobody else gets one of these ids.
CREATE TABLE removed_workers (
    worker_id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL
);
