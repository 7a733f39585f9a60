-- The last message that had a file is gone, whichever way: the file's time has come.
CREATE FUNCTION attachment_left() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Of two that leave at once the second waits here, and then sees that it was the last.
    PERFORM FROM attachments WHERE attachment_id = OLD.attachment_id FOR UPDATE;
    UPDATE attachments SET expires_at = 0 WHERE attachment_id = OLD.attachment_id
        AND NOT EXISTS (SELECT FROM message_attachments WHERE attachment_id = OLD.attachment_id);
    RETURN NULL;
END
$$;
CREATE TRIGGER attachment_left AFTER DELETE ON message_attachments
FOR EACH ROW EXECUTE FUNCTION attachment_left();
