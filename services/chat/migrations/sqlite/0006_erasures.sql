-- Deleted sessions of which the broker's streams may still have something.
CREATE TABLE erasures (
    chat_session_id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    -- When it is looked for next, and how often it was.
    due_at BIGINT NOT NULL,
    rounds BIGINT NOT NULL
);
CREATE INDEX erasures_by_due ON erasures (due_at);

-- The index of words once more: of rows with a mark for their deletion it kept the words until some later merge. Told
-- the text that a row had, it takes its words out.
DROP TRIGGER search_message_added;
DROP TRIGGER search_message_changed;
DROP TRIGGER search_message_deleted;
DROP TRIGGER search_session_added;
DROP TRIGGER search_session_changed;
DROP TRIGGER search_session_deleted;
DROP TABLE search;
CREATE VIRTUAL TABLE search USING fts5(text, content='', tokenize="unicode61 remove_diacritics 2");
INSERT INTO search (search, rank) VALUES ('secure-delete', 1);

CREATE TRIGGER search_message_added AFTER INSERT ON chat_messages BEGIN
    INSERT INTO search_rows (key, chat_session_id, message_id)
    VALUES (new.message_id, new.chat_session_id, new.message_id);
    INSERT INTO search (rowid, text)
    SELECT id, substr(new.content, 1, 200000) FROM search_rows WHERE key = new.message_id;
END;
CREATE TRIGGER search_message_changed AFTER UPDATE OF content ON chat_messages
WHEN old.content <> new.content BEGIN
    INSERT INTO search (search, rowid, text)
    SELECT 'delete', id, substr(old.content, 1, 200000) FROM search_rows WHERE key = new.message_id;
    INSERT INTO search (rowid, text)
    SELECT id, substr(new.content, 1, 200000) FROM search_rows WHERE key = new.message_id;
END;
CREATE TRIGGER search_message_deleted AFTER DELETE ON chat_messages BEGIN
    INSERT INTO search (search, rowid, text)
    SELECT 'delete', id, substr(old.content, 1, 200000) FROM search_rows WHERE key = old.message_id;
    DELETE FROM search_rows WHERE key = old.message_id;
END;

CREATE TRIGGER search_session_added AFTER INSERT ON chat_sessions BEGIN
    INSERT INTO search_rows (key, chat_session_id) VALUES (new.chat_session_id, new.chat_session_id);
    INSERT INTO search (rowid, text) SELECT id, new.title FROM search_rows WHERE key = new.chat_session_id;
END;
CREATE TRIGGER search_session_changed AFTER UPDATE OF title ON chat_sessions WHEN old.title <> new.title BEGIN
    INSERT INTO search (search, rowid, text)
    SELECT 'delete', id, old.title FROM search_rows WHERE key = new.chat_session_id;
    INSERT INTO search (rowid, text) SELECT id, new.title FROM search_rows WHERE key = new.chat_session_id;
END;
CREATE TRIGGER search_session_deleted AFTER DELETE ON chat_sessions BEGIN
    INSERT INTO search (search, rowid, text)
    SELECT 'delete', id, old.title FROM search_rows WHERE key = old.chat_session_id;
    DELETE FROM search_rows WHERE key = old.chat_session_id;
END;

INSERT INTO search (rowid, text)
SELECT r.id, s.title FROM search_rows r JOIN chat_sessions s ON s.chat_session_id = r.key;
INSERT INTO search (rowid, text)
SELECT r.id, substr(m.content, 1, 200000) FROM search_rows r JOIN chat_messages m ON m.message_id = r.key;
