//! The time, as a value that a test can replace.

/// Tells the time in milliseconds since the Unix epoch.
pub type Clock = fn() -> i64;

/// The computer's own clock.
#[must_use]
#[allow(clippy::disallowed_methods, reason = "the one place of this process that reads the clock")]
pub fn system() -> i64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
