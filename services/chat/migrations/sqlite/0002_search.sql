-- Words of titles and messages. The text itself is not kept a second time: it is in its own table.
CREATE TABLE search_rows (
    id INTEGER PRIMARY KEY,
    -- The message's id, or the session's for its title.
    key TEXT NOT NULL UNIQUE,
    chat_session_id TEXT NOT NULL,
    message_id TEXT
);
CREATE VIRTUAL TABLE search USING fts5(
    text, content='', contentless_delete=1, tokenize="unicode61 remove_diacritics 2"
);

CREATE TRIGGER search_message_added AFTER INSERT ON chat_messages BEGIN
    INSERT INTO search_rows (key, chat_session_id, message_id)
    VALUES (new.message_id, new.chat_session_id, new.message_id);
    INSERT INTO search (rowid, text)
    SELECT id, substr(new.content, 1, 200000) FROM search_rows WHERE key = new.message_id;
END;
CREATE TRIGGER search_message_changed AFTER UPDATE OF content ON chat_messages
WHEN old.content <> new.content BEGIN
    INSERT OR REPLACE INTO search (rowid, text)
    SELECT id, substr(new.content, 1, 200000) FROM search_rows WHERE key = new.message_id;
END;
CREATE TRIGGER search_message_deleted AFTER DELETE ON chat_messages BEGIN
    DELETE FROM search WHERE rowid = (SELECT id FROM search_rows WHERE key = old.message_id);
    DELETE FROM search_rows WHERE key = old.message_id;
END;

CREATE TRIGGER search_session_added AFTER INSERT ON chat_sessions BEGIN
    INSERT INTO search_rows (key, chat_session_id) VALUES (new.chat_session_id, new.chat_session_id);
    INSERT INTO search (rowid, text) SELECT id, new.title FROM search_rows WHERE key = new.chat_session_id;
END;
CREATE TRIGGER search_session_changed AFTER UPDATE OF title ON chat_sessions WHEN old.title <> new.title BEGIN
    INSERT OR REPLACE INTO search (rowid, text)
    SELECT id, new.title FROM search_rows WHERE key = new.chat_session_id;
END;
CREATE TRIGGER search_session_deleted AFTER DELETE ON chat_sessions BEGIN
    DELETE FROM search WHERE rowid = (SELECT id FROM search_rows WHERE key = old.chat_session_id);
    DELETE FROM search_rows WHERE key = old.chat_session_id;
END;

-- What is there already.
INSERT INTO search_rows (key, chat_session_id) SELECT chat_session_id, chat_session_id FROM chat_sessions;
INSERT INTO search_rows (key, chat_session_id, message_id)
SELECT message_id, chat_session_id, message_id FROM chat_messages;
INSERT INTO search (rowid, text)
SELECT r.id, s.title FROM search_rows r JOIN chat_sessions s ON s.chat_session_id = r.key;
INSERT INTO search (rowid, text)
SELECT r.id, substr(m.content, 1, 200000) FROM search_rows r JOIN chat_messages m ON m.message_id = r.key;
