//! What happens to turns: a worker is told of one, it begins, asks, ends, or
//! is lost. Each step is one transaction that changes nothing the second time.

pub mod assemble;
pub mod claim;
pub mod finish;
pub mod progress;
