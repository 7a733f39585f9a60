//! Secrets that a browser or program keeps, and their hashes that we keep.

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use sha2::{Digest, Sha256};

/// A fresh secret of 256 random bits.
pub(crate) fn fresh() -> String {
    BASE64URL_NOPAD.encode(&rand::random::<[u8; 32]>())
}

/// What is stored of it. A fast hash is enough: there is nothing to guess.
pub(crate) fn hash(secret: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(secret.as_bytes()))
}
