-- W3C traceparent of whoever sent a message, so that its turn belongs to the same trace; absent where nothing is traced.
ALTER TABLE chat_messages ADD COLUMN traceparent TEXT;
