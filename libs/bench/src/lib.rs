//! What must be fast, measured on a stack of its own: the real services, the real broker.

mod figure;
pub mod tokens;

pub use figure::{Figure, Limit};
