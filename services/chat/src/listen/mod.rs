//! What chat hears: workers that ask, what they stored, what the registry tells.

pub mod chunks;
pub mod events;
pub mod sync;
