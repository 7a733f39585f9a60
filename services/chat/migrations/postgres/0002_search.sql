-- Words of titles and messages. The text itself is not kept a second time: it is in its own table.
CREATE TABLE search (
    -- The message's id, or the session's for its title.
    key TEXT PRIMARY KEY,
    chat_session_id TEXT NOT NULL REFERENCES chat_sessions (chat_session_id) ON DELETE CASCADE,
    message_id TEXT UNIQUE REFERENCES chat_messages (message_id) ON DELETE CASCADE,
    words TSVECTOR NOT NULL
);
CREATE INDEX search_by_words ON search USING gin (words);
CREATE INDEX search_by_session ON search (chat_session_id);

-- Punctuation parts words, as it does on SQLite: the parser would take "main.rs" for one, a host's name.
-- A TSVECTOR has at most a megabyte.
CREATE FUNCTION search_words(text) RETURNS TSVECTOR LANGUAGE sql IMMUTABLE AS $$
    SELECT to_tsvector('pg_catalog.simple', translate(left($1, 200000),
        '!"#$%&''()*+,-./:;<=>?@[\]^_`{|}~', '                                '))
$$;

CREATE FUNCTION search_message() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO search (key, chat_session_id, message_id, words)
    VALUES (NEW.message_id, NEW.chat_session_id, NEW.message_id, search_words(NEW.content))
    ON CONFLICT (key) DO UPDATE SET words = EXCLUDED.words;
    RETURN NULL;
END
$$;
CREATE TRIGGER search_message AFTER INSERT OR UPDATE OF content ON chat_messages
FOR EACH ROW EXECUTE FUNCTION search_message();

CREATE FUNCTION search_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO search (key, chat_session_id, words)
    VALUES (NEW.chat_session_id, NEW.chat_session_id, search_words(NEW.title))
    ON CONFLICT (key) DO UPDATE SET words = EXCLUDED.words;
    RETURN NULL;
END
$$;
CREATE TRIGGER search_session_added AFTER INSERT ON chat_sessions
FOR EACH ROW EXECUTE FUNCTION search_session();
CREATE TRIGGER search_session_changed AFTER UPDATE OF title ON chat_sessions
FOR EACH ROW WHEN (OLD.title <> NEW.title) EXECUTE FUNCTION search_session();

-- What is there already.
INSERT INTO search (key, chat_session_id, words)
SELECT chat_session_id, chat_session_id, search_words(title) FROM chat_sessions;
INSERT INTO search (key, chat_session_id, message_id, words)
SELECT message_id, chat_session_id, message_id, search_words(content) FROM chat_messages;
