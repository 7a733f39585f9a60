//! The object stores: files that are too large for a message.
//!
//! Laid out as NATS' own tools know it (ADR-20): a stream with an object's pieces on one subject
//! and what is known of it on another. Ours take an object's id for both, so that whoever knows
//! the id finds every piece, also of an object that was never finished.

use data_encoding::BASE64URL;

/// Definition of an object store. Whatever is not said here is JetStream's default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectsSpec {
    /// Which store.
    pub store: Objects,
    /// For whoever looks with `nats object info`.
    pub description: &'static str,
    /// How many bytes are kept; a full store refuses what is new.
    pub max_bytes: i64,
    /// Copies in a cluster.
    pub replicas: usize,
}

/// An object store by its names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Objects {
    /// As tools call it.
    pub bucket: &'static str,
    /// The stream behind it.
    pub stream: &'static str,
}

/// What users attach to messages.
pub const ATTACHMENTS: Objects = Objects { bucket: "ATTACHMENTS", stream: "OBJ_ATTACHMENTS" };

/// Bytes of a piece, but for the last one; fits into an answer to a worker.
pub const PIECE_BYTES: usize = 128 * 1024;

/// Files by users, from their upload until they go with their message.
#[must_use]
pub const fn attachments(max_bytes: i64, replicas: usize) -> ObjectsSpec {
    ObjectsSpec { store: ATTACHMENTS, description: "What users attached to messages", max_bytes, replicas }
}

impl Objects {
    /// The subjects that its stream stores.
    #[must_use]
    pub fn subjects(self) -> [String; 2] {
        [format!("$O.{}.C.>", self.bucket), format!("$O.{}.M.>", self.bucket)]
    }

    /// Where the pieces of an object are; `*` for those of all.
    #[must_use]
    pub fn pieces(self, id: &str) -> String {
        format!("$O.{}.C.{id}", self.bucket)
    }

    /// Where it stands what is known of an object.
    #[must_use]
    pub fn about(self, id: &str) -> String {
        format!("$O.{}.M.{}", self.bucket, BASE64URL.encode(id.as_bytes()))
    }

    /// All that is known of objects.
    #[must_use]
    pub fn about_all(self) -> String {
        format!("$O.{}.M.*", self.bucket)
    }

    /// Whose piece a stored message is.
    #[must_use]
    pub fn id_of(self, subject: &str) -> Option<&str> {
        subject.strip_prefix("$O.")?.strip_prefix(self.bucket)?.strip_prefix(".C.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{id, limits};

    #[test]
    fn the_pieces_of_an_object_are_found_by_its_id() {
        let id = id::random();
        assert_eq!(ATTACHMENTS.id_of(&ATTACHMENTS.pieces(&id)), Some(id.as_str()));
        assert_eq!(ATTACHMENTS.id_of(&ATTACHMENTS.about(&id)), None);
        assert_eq!(ATTACHMENTS.id_of("$O.ELSE.C.x"), None);
    }

    #[test]
    fn a_piece_fits_into_a_payload() {
        const { assert!(PIECE_BYTES + 1024 < limits::PAYLOAD_BYTES) };
    }

    #[test]
    fn the_stream_is_called_as_tools_expect() {
        assert_eq!(ATTACHMENTS.stream, format!("OBJ_{}", ATTACHMENTS.bucket));
    }
}
