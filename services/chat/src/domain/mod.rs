//! The rules, without I/O.

pub mod context;
pub mod inputs;
pub mod liveness;
pub mod quota;
pub mod replace;
pub mod search;
pub mod title;
pub mod told;
pub mod trace;
pub mod turn;
