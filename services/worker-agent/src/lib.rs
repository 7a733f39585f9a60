//! The worker: drives an agent on a person's own machine, and writes what it
//! says into the stream.
//!
//! * Consumes: its doorbell `wrk.v1.<worker>.>`, whose content means nothing.
//!   What there is to do, it asks chat (`sync`).
//! * Publishes: `start`, `chunk`, `request` and `end` of its replies; to the
//!   registry `register`, `models`, `heartbeat` and `bye`.
//! * Owns: its key, the journal of what it has begun, and what its backend keeps
//!   below the state directory.
//! * When it dies: the broker reports the closed connection, chat ends its open
//!   replies with the text so far; what waited here for the broker is lost with
//!   the process. The next one begins with nothing open, and tells chat what was cut.

pub mod address;
pub mod backend;
pub mod clock;
pub mod config;
pub mod describe;
pub mod doctor;
pub mod domain;
pub mod exit;
pub mod fleet;
pub mod guard;
pub mod life;
pub mod places;
pub mod protocol;
pub mod rotation;
mod say;
pub mod service;
pub mod setup;
pub mod state;
pub mod status;
mod stop;
pub mod turn;
