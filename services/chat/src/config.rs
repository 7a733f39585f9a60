//! What chat is told beside what every service is.

use std::time::Duration;

use crate::{quota::Allowance, state::AttachmentLimits};

muster_service::settings! {
    /// Chat's own keys.
    pub struct Config {
        /// Seconds for which chunks stay in the stream CHUNKS; finished messages are in the database.
        chunks_max_seconds: u64 = "86400" in 1..=3_153_600_000,
        /// Bytes that CHUNKS may take; a full stream makes workers pause.
        chunks_max_bytes: i64 = "4294967296" in 1..=i64::MAX,
        /// Percent of these bytes that one worker may fill; over it its turns are stopped, and it is cut off if it writes on.
        @live chunks_worker_percent: u64 = "50" in 1..=100,
        /// Messages that one worker may have in CHUNKS, likewise.
        @live chunks_worker_messages: u64 = "5000000" in 1..=i64::MAX,
        /// Seconds between two looks at what workers have.
        @live chunks_worker_check_seconds: u64 = "60" in 1..=86_400,
        /// Days for which messages are kept, and sessions without any; none: for ever.
        messages_max_days: Option<std::num::NonZeroU32>,
        /// Sessions that one user may have, ended ones too.
        @live sessions_per_user: i64 = "10000" in 1..=i64::MAX,
        /// Bytes that the object store of attachments may take.
        attachments_max_bytes: i64 = "4294967296" in 1..=i64::MAX,
        /// Attachments that one user may have which no message has; those older than a day are removed.
        @live attachments_waiting_per_user: i64 = "100" in 0..=i64::MAX,
        /// Bytes of these.
        @live attachments_waiting_bytes_per_user: i64 = "268435456" in 0..=i64::MAX,
        /// Bytes of all attachments of one user.
        @live attachments_bytes_per_user: i64 = "2147483648" in 0..=i64::MAX,
        /// Seconds without a message after which a session is idle and its worker lets go of it.
        @live idle_seconds: u64 = "300" in 1..=31_536_000,
    }
}

impl Config {
    /// What may be in the object store.
    #[must_use]
    pub const fn attachments(&self) -> AttachmentLimits {
        AttachmentLimits {
            waiting: self.attachments_waiting_per_user,
            waiting_bytes: self.attachments_waiting_bytes_per_user,
            bytes: self.attachments_bytes_per_user,
            store: self.attachments_max_bytes,
        }
    }

    /// What one worker may have in the stream.
    #[must_use]
    pub const fn allowance(&self) -> Allowance {
        Allowance {
            percent: self.chunks_worker_percent,
            messages: self.chunks_worker_messages,
            every: Duration::from_secs(self.chunks_worker_check_seconds),
        }
    }

    /// Milliseconds without a message after which a session is idle.
    #[must_use]
    pub fn idle_after(&self) -> i64 {
        i64::try_from(self.idle_seconds).unwrap_or(i64::MAX).saturating_mul(1000)
    }
}
