//! Presence: a set of connections kept from the broker's notices, and heartbeats.

pub(crate) mod census;
pub(crate) mod kick;
pub(crate) mod notices;
pub(crate) mod refresh;
pub(crate) mod sweep;
