//! Presence: a set of connections kept from the broker's notices, and heartbeats.

use std::time::Duration;

pub(crate) mod census;
pub(crate) mod kick;
pub(crate) mod notices;
pub(crate) mod refresh;
pub(crate) mod sweep;

/// Writing down one thing may take this long; what is given up then is found by the next census.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
