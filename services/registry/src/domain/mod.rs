//! The rules, without any I/O.

pub(crate) mod admission;
pub(crate) mod allowance;
pub(crate) mod arrivals;
pub(crate) mod callout;
pub(crate) mod cursor;
pub(crate) mod jwt;
pub(crate) mod presence;
pub(crate) mod registration;
pub(crate) mod sight;
pub(crate) mod standing;
pub(crate) mod worker;
