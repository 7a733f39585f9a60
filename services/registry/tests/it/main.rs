//! The registry as a process, with a real nats-server and a real database.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy knows #[test] functions, not the ones that they call"
)]

mod configuration;
mod hostile;
mod identity;
mod instances;
mod methods;
mod presence;
mod races;
mod stack;
mod worker;
