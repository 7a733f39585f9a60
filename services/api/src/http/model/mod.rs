//! The objects of the API as JSON, each made from its message in one place
//! that names every field, so that a new one cannot be forgotten.

pub(crate) mod attachment;
pub(crate) mod audit;
pub(crate) mod chunk;
pub(crate) mod machine;
pub(crate) mod message;
pub(crate) mod part;
pub(crate) mod request;
pub(crate) mod session;
pub(crate) mod token;
pub(crate) mod user;
pub(crate) mod worker;
