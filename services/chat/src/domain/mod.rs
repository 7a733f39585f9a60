//! The rules, without I/O.

pub mod liveness;
pub mod title;
pub mod turn;
