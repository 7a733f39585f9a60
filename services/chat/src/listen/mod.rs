//! What chat hears: workers that ask, what they stored, what the registry tells.

mod attachment;
pub mod chunks;
pub mod events;
pub mod sync;
