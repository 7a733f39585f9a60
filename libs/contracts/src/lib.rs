//! What travels between Muster's processes: messages, ids, subjects, streams,
//! and who may publish and subscribe what.
//!
//! Pure: no runtime, no broker client, no database. Whoever speaks to another
//! process uses these definitions, and nothing else builds or parses a subject.

pub mod audit;
pub mod broker;
pub mod fingerprint;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzz;
pub mod id;
pub mod limits;
pub mod method;
pub mod model;
pub mod name;
pub mod objects;
pub mod permissions;
pub mod reply;
pub mod stream;
pub mod subject;
pub mod token;
pub mod tokens;

/// The wire messages, version 1.
#[allow(clippy::all, clippy::pedantic, unreachable_pub)]
pub mod v1 {
    include!(concat!(env!("OUT_DIR"), "/muster.v1.rs"));
}

/// What all messages are made of, as a `google.protobuf.FileDescriptorSet`: for whoever reads any of them.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

pub use prost::{Message, Name};
