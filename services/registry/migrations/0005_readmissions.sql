-- How often the owner has let it in again after it was cut off: what chat tells of the time before is past.
ALTER TABLE workers ADD COLUMN readmissions BIGINT NOT NULL DEFAULT 0;
