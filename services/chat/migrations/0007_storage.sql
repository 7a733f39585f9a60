-- storage_full: it waits because CHUNKS takes nothing more. stop_reason: why
-- it is stopped when it is not the user who does.
ALTER TABLE turns ADD COLUMN storage_full BIGINT NOT NULL DEFAULT 0;
ALTER TABLE turns ADD COLUMN stop_reason TEXT;

-- The Restriction in the Worker message.
ALTER TABLE workers ADD COLUMN restriction BIGINT NOT NULL DEFAULT 0;

-- Workers that have more than their share of CHUNKS. held: messages that each
-- had when it was told to stop; NULL: to be counted anew. cut_off: it went on.
CREATE TABLE quotas (
    worker_id TEXT PRIMARY KEY,
    held BIGINT,
    cut_off BIGINT NOT NULL
);
