-- The agent took it back: it waits no more when its turn goes on.
ALTER TABLE requests ADD COLUMN withdrawn BIGINT NOT NULL DEFAULT 0;
