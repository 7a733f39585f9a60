-- 1 while the account of the worker's owner is disabled: no key may be this worker.
ALTER TABLE workers ADD COLUMN suspended BIGINT NOT NULL DEFAULT 0;
CREATE INDEX workers_by_user_id ON workers (user_id);
