-- Backups that are being made (`muster_service::copy`): until then no file is taken from the object store that the
-- tables, as the backup has them, still tell of.
CREATE TABLE holds (hold_id TEXT PRIMARY KEY, until BIGINT NOT NULL);
