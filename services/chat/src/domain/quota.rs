//! How much of the stream CHUNKS one worker may have. The stream keeps everything for its time and refuses what is
//! new when it is full: without a share, one worker that floods it would stop all the others.

/// Messages that a worker which was told to stop may still store: what was under way, and the ends of its turns.
pub const GRACE: i64 = 1_000;

/// What a worker has in the stream, or may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Messages.
    pub messages: u64,
    /// Bytes; of what a worker has, estimated.
    pub bytes: u64,
}

/// What is to be done about a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing: it has no more than its share.
    Within,
    /// Its turns are stopped and none begin.
    Stop,
    /// It writes on although it was stopped: it is cut off.
    CutOff,
}

/// Decides; `stopped_at`: how many messages it had when it was told to stop.
#[must_use]
pub fn judge(has: Share, may: Share, stopped_at: Option<i64>) -> Verdict {
    if has.messages <= may.messages && has.bytes <= may.bytes {
        return Verdict::Within;
    }
    let has = i64::try_from(has.messages).unwrap_or(i64::MAX);
    match stopped_at {
        Some(then) if has > then.saturating_add(GRACE) => Verdict::CutOff,
        _ => Verdict::Stop,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_has_too_much_is_stopped_and_whoever_writes_on_is_cut_off() {
        let may = Share { messages: 10_000, bytes: 1_000_000 };
        let has = |messages, bytes| Share { messages, bytes };
        let table = [
            (has(0, 0), None, Verdict::Within),
            (has(10_000, 1_000_000), None, Verdict::Within),
            (has(10_001, 0), None, Verdict::Stop),
            (has(1, 1_000_001), None, Verdict::Stop),
            (has(11_001, 0), Some(10_001), Verdict::Stop),
            (has(11_002, 0), Some(10_001), Verdict::CutOff),
            (has(5_000, 2_000_000), Some(10), Verdict::CutOff),
            (has(9_000, 900_000), Some(10), Verdict::Within),
        ];
        for (has, stopped_at, verdict) in table {
            assert_eq!(judge(has, may, stopped_at), verdict, "{has:?} {stopped_at:?}");
        }
    }
}
