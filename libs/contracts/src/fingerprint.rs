//! The fingerprint of a worker's key: what the owner sees and approves, and a
//! token of the worker's subjects.

use std::{fmt, str::FromStr};

use data_encoding::BASE32_NOPAD;
use sha2::{Digest, Sha256};

/// Bytes of the hash that are kept: 160 bits against a second key with the same fingerprint.
const BYTES: usize = 20;
const CHARS: usize = BYTES * 8 / 5;

/// SHA-256 of the public NKey (its text, `U…`), cut to 160 bits, in base32 lower case.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(String);

/// Not a fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a fingerprint is {CHARS} characters from a-z and 2-7")]
pub struct InvalidFingerprint;

impl Fingerprint {
    /// The fingerprint of a public user NKey.
    #[must_use]
    pub fn of(public_key: &str) -> Self {
        let hash = Sha256::digest(public_key.as_bytes());
        let kept = hash.iter().copied().take(BYTES).collect::<Vec<_>>();
        Self(BASE32_NOPAD.encode(&kept).to_ascii_lowercase())
    }

    /// The fingerprint as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Fingerprint {
    type Err = InvalidFingerprint;

    fn from_str(text: &str) -> Result<Self, InvalidFingerprint> {
        let valid = text.len() == CHARS && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7'));
        if valid { Ok(Self(text.to_owned())) } else { Err(InvalidFingerprint) }
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_stable_and_parses() {
        let fingerprint = Fingerprint::of("UAHVYDKMPEWOXVSTRWNAMYQHFAAVTLMRNVNSRHGYUVMZBXL2YGWPHZ2V");
        assert_eq!(fingerprint.as_str().len(), CHARS);
        assert_eq!(fingerprint.as_str().parse(), Ok(fingerprint.clone()));
        assert_ne!(fingerprint, Fingerprint::of("U"));
        assert_eq!("x".parse::<Fingerprint>(), Err(InvalidFingerprint));
    }
}
