//! What is in a backup, told at its beginning.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The way in which a backup is written; it grows when an older Muster could not read it any more.
pub(super) const FORMAT: u32 = 1;
/// Its name in the archive.
pub(super) const NAME: &str = "manifest.json";

/// See the module.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Manifest {
    /// See [`FORMAT`].
    pub(super) format: u32,
    /// The version of Muster that made it.
    pub(super) muster: String,
    /// When, as RFC 3339.
    pub(super) made: String,
    /// Of its databases.
    pub(super) engine: Engine,
    /// What EVENTS tells behind this sequence is of a time after the databases'.
    pub(super) told: u64,
    /// A service's database each.
    pub(super) databases: Vec<Part>,
    /// The broker's streams.
    pub(super) streams: Vec<Stream>,
}

/// Whose way of storing it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Engine {
    Sqlite,
    Postgres,
}

/// A file in the archive.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Part {
    /// Its name there, and what it is of before the dot.
    pub(super) name: String,
    pub(super) bytes: u64,
    /// Of these, in hexadecimal.
    pub(super) sha256: String,
}

/// A stream.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Stream {
    /// Its bytes as the broker gave them.
    pub(super) part: Part,
    /// Its definition and state, as the broker told them.
    pub(super) about: Value,
}

impl Manifest {
    /// In the order in which they lie in the archive.
    pub(super) fn parts(&self) -> impl Iterator<Item = &Part> {
        self.databases.iter().chain(self.streams.iter().map(|stream| &stream.part))
    }

    /// How much there is to put back.
    pub(super) fn bytes(&self) -> u64 {
        self.parts().map(|part| part.bytes).sum()
    }
}

impl Part {
    /// What it is of: a service or a stream.
    pub(super) fn of(&self) -> &str {
        self.name.split_once('.').map_or(self.name.as_str(), |(of, _)| of)
    }

    /// A name that stays in the directory that it is joined to.
    pub(super) fn is_plain(&self) -> bool {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_');
        self.name.bytes().all(allowed) && self.name.bytes().any(|byte| byte.is_ascii_alphanumeric())
    }
}
