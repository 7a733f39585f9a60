-- Deleted accounts of which there may still be sessions: they are erased some at a time.
CREATE TABLE departures (user_id TEXT PRIMARY KEY);
