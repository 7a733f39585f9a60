//! What chat is told beside what every service is.

muster_service::settings! {
    /// Chat's own keys.
    pub struct Config {
        /// Hours for which chunks stay in the stream CHUNKS; finished messages are in the database.
        chunks_max_hours: u64 = "24",
        /// Bytes that CHUNKS may take; a full stream makes workers pause.
        chunks_max_bytes: i64 = "4294967296",
        /// Days for which messages are kept, and sessions without any; none: for ever.
        messages_max_days: Option<std::num::NonZeroU32>,
        /// Sessions that one user may have, ended ones too.
        sessions_per_user: i64 = "10000",
        /// Seconds without a message after which a session is idle and its worker lets go of it.
        idle_seconds: u64 = "300",
    }
}
