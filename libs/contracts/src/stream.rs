//! The streams: what JetStream keeps, how long, and what it republishes.

use std::time::Duration;

use crate::subject::filter;

/// Definition of a stream. Whatever is not said here is JetStream's default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamSpec {
    /// Name of the stream.
    pub name: &'static str,
    /// For whoever looks with `nats stream info`.
    pub description: &'static str,
    /// The subjects that it stores.
    pub subjects: &'static [&'static str],
    /// How long a message is kept.
    pub max_age: Duration,
    /// How many bytes are kept; what happens then is up to `refuse_when_full`.
    pub max_bytes: i64,
    /// Refuse what is new rather than lose what is old.
    pub refuse_when_full: bool,
    /// What is published once a message is stored.
    pub republish: Republish,
    /// How long a Msg-Id is remembered.
    pub duplicate_window: Duration,
    /// Copies in a cluster.
    pub replicas: usize,
}

/// From where to where a stored message is republished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Republish {
    /// Stored subjects that are republished.
    pub source: &'static str,
    /// Where to, with the source's wildcards by number.
    pub destination: &'static str,
}

/// Name of the stream of everything that viewers of sessions see.
pub const CHUNKS: &str = "CHUNKS";
/// Name of the stream of everything that changed for a user.
pub const EVENTS: &str = "EVENTS";

/// Name of the consumer of EVENTS that tells browsers which nobody looks at.
pub const PUSH: &str = "push";

/// Key in a stream's metadata: a word that is new whenever the stream is made
/// anew or restored, so that a position of another one is not taken for its own.
pub const EPOCH: &str = "muster_epoch";

/// Everything that viewers of a session see, in one order. A full stream
/// refuses what is new, so that nothing is evicted unread.
#[must_use]
pub fn chunks(max_age: Duration, max_bytes: i64, replicas: usize) -> StreamSpec {
    StreamSpec {
        name: CHUNKS,
        description: "Replies as they are written, and what chat says of them",
        subjects: &[filter::CHUNKS],
        max_age,
        max_bytes,
        refuse_when_full: true,
        republish: Republish {
            source: filter::CHUNKS,
            destination: "live.v1.{{wildcard(1)}}.{{wildcard(2)}}.{{wildcard(3)}}.{{wildcard(4)}}",
        },
        // The broker takes no window that is longer than the age.
        duplicate_window: Duration::from_mins(2).min(max_age),
        replicas,
    }
}

/// Objects as they changed. The oldest give way when it is full: an object's
/// present state is always to be had from its owner.
#[must_use]
pub const fn events(max_age: Duration, max_bytes: i64, replicas: usize) -> StreamSpec {
    StreamSpec {
        name: EVENTS,
        description: "Objects of users as they changed",
        subjects: &[filter::EVENTS],
        max_age,
        max_bytes,
        refuse_when_full: false,
        republish: Republish {
            source: filter::EVENTS,
            destination: "live.evt.v1.{{wildcard(1)}}.{{wildcard(2)}}.{{wildcard(3)}}",
        },
        duplicate_window: Duration::from_mins(2),
        replicas,
    }
}
