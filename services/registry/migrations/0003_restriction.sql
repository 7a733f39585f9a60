-- What chat says is in the way of a worker: a Restriction of model.proto, and why.
ALTER TABLE workers ADD COLUMN restriction BIGINT NOT NULL DEFAULT 0;
ALTER TABLE workers ADD COLUMN restriction_detail TEXT NOT NULL DEFAULT '';
