//! Rules without I/O: what a backend may say, and how that becomes the
//! messages of a reply.

pub mod begun;
pub mod cut;
pub mod event;
pub mod model_id;
pub mod outgoing;
pub mod place;
pub mod recent;
