-- The last message that had a file is gone, whichever way: the file's time has come.
CREATE TRIGGER attachment_left AFTER DELETE ON message_attachments
WHEN NOT EXISTS (SELECT 1 FROM message_attachments WHERE attachment_id = old.attachment_id) BEGIN
    UPDATE attachments SET expires_at = 0 WHERE attachment_id = old.attachment_id;
END;
