//! Message ids as opencode makes them: its loop compares them, so a prompt's id
//! must sort after every id that opencode has made before. Where opencode has
//! chance, ours have a digest of chat's id: so a message is found again in its record.

use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest as _, Sha256};

/// Letters and digits of the digest.
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz012345";
const DIGEST_CHARS: usize = 14;

/// `msg_`, 48 bits of time and counter in hex, 14 letters and digits of the digest.
pub(super) fn message(now_ms: i64, message: &str) -> String {
    /// Within one millisecond: opencode counts its own from 1.
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let count = COUNTER.fetch_add(1, Ordering::Relaxed) % 0x800 + 0x400;
    let time = now_ms.unsigned_abs().wrapping_mul(0x1000).wrapping_add(count) & 0xffff_ffff_ffff;
    format!("msg_{time:012x}{}", digest(message))
}

/// Whether opencode's message of this id is a prompt with chat's message of that one. Each attempt to answer it was a
/// prompt of its own.
pub(super) fn is_of(opencode: &str, message: &str) -> bool {
    opencode.ends_with(&digest(message))
}

fn digest(message: &str) -> String {
    let letter = |byte: &u8| ALPHABET.get(usize::from(byte % 32)).copied().map(char::from);
    Sha256::digest(message.as_bytes()).iter().filter_map(letter).take(DIGEST_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_time_among_those_of_opencode() {
        // One that opencode made at this time.
        let theirs = "msg_204563d3e001zzDlh8WF2alXsC";
        let at = 1_795_369_090_366;
        let message = |at| message(at, "V1StGXR8_Z5jdHi6B-myT");
        assert!(message(at - 1).as_str() < theirs);
        assert!(message(at).as_str() > theirs);
        assert!(message(at + 1).as_str() > theirs);
        assert_eq!(message(at).len(), theirs.len());
        assert!(message(at)[4..].bytes().all(|byte| byte.is_ascii_alphanumeric()));
    }

    #[test]
    fn a_message_is_known_again_by_its_id_in_chat() {
        let prompt = message(1, "V1StGXR8_Z5jdHi6B-myT");
        assert!(is_of(&prompt, "V1StGXR8_Z5jdHi6B-myT"));
        assert!(!is_of(&prompt, "V1StGXR8_Z5jdHi6B-myU"));
        assert!(!is_of("msg_204563d3e001zzDlh8WF2alXsC", "V1StGXR8_Z5jdHi6B-myT"));
        // To one that it has already, opencode would append.
        assert_ne!(prompt, message(1, "V1StGXR8_Z5jdHi6B-myT"));
    }
}
