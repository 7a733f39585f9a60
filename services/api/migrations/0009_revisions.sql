-- Grows with every change of an account: whoever hears of two learns which is the newer one.
ALTER TABLE users ADD COLUMN revision BIGINT NOT NULL DEFAULT 1;
