//! Message ids as opencode makes them: its loop compares them, so a prompt's id
//! must sort after every id that opencode has made before.

use std::sync::atomic::{AtomicU64, Ordering};

use muster_contracts::id;

/// `msg_`, 48 bits of time and counter in hex, 14 random letters and digits.
pub(super) fn message(now_ms: i64) -> String {
    /// Within one millisecond: opencode counts its own from 1.
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let count = COUNTER.fetch_add(1, Ordering::Relaxed) % 0x800 + 0x400;
    let time = now_ms.unsigned_abs().wrapping_mul(0x1000).wrapping_add(count) & 0xffff_ffff_ffff;
    let random = id::random() + &id::random();
    let random = random.chars().filter(char::is_ascii_alphanumeric).take(14).collect::<String>();
    format!("msg_{time:012x}{random:0<14}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_time_among_those_of_opencode() {
        // One that opencode made at this time.
        let theirs = "msg_204563d3e001zzDlh8WF2alXsC";
        let at = 1_795_369_090_366;
        assert!(message(at - 1).as_str() < theirs);
        assert!(message(at).as_str() > theirs);
        assert!(message(at + 1).as_str() > theirs);
        assert_eq!(message(at).len(), theirs.len());
    }
}
