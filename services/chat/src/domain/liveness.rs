//! When a turn whose worker is away counts as lost.
//!
//! Better late than wrong: a turn is never ended while nobody can tell where
//! its worker is, nor shortly after we or the broker came back ourselves.

use muster_contracts::limits;

/// A closed connection that is not back by then is a dead process. Milliseconds.
pub const CLOSED: i64 = limits::BACK.as_millis() as i64;
/// A silent one may be a network that comes back. Milliseconds.
pub const SILENT: i64 = 60_000;
/// How long we must have seen the broker ourselves. Milliseconds.
pub const SETTLED: i64 = 30_000;

/// What is known of the worker of an open turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// For how long this process has been connected to the broker.
    pub settled_for: i64,
    /// Whether the registry knows.
    pub known: bool,
    /// Whether it is connected.
    pub online: bool,
    /// For how long it has not been.
    pub offline_for: i64,
    /// The broker saw its connection closing.
    pub closed: bool,
    /// Somebody wants it to end: a silent worker is not waited for, and nor are we.
    pub stop_asked: bool,
}

/// How long it takes until the turn is lost, if nothing changes; nothing when it is now. `None` while that cannot be
/// said. Milliseconds.
#[must_use]
pub fn lost_in(facts: Facts) -> Option<i64> {
    let Facts { settled_for, known, online, offline_for, closed, stop_asked } = facts;
    let away = known && !online;
    let (patience, settled) = match (closed, stop_asked) {
        // One that is back by then writes on without asking first, whatever was ended here meanwhile.
        (true, true) => (CLOSED, 0),
        (true, false) => (CLOSED, SETTLED),
        // One that was silent for so long asks.
        (false, true) => (0, 0),
        (false, false) => (SILENT, SETTLED),
    };
    away.then(|| settled.saturating_sub(settled_for).max(patience.saturating_sub(offline_for)).max(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_is_lost_only_when_its_worker_certainly_is() {
        let gone = Facts {
            settled_for: SETTLED,
            known: true,
            online: false,
            offline_for: CLOSED,
            closed: true,
            stop_asked: false,
        };
        let stopped = Facts { settled_for: 0, offline_for: 0, closed: false, stop_asked: true, ..gone };
        let table = [
            (gone, Some(0)),
            (Facts { offline_for: CLOSED - 1, ..gone }, Some(1)),
            (Facts { offline_for: i64::MAX, ..gone }, Some(0)),
            (Facts { closed: false, ..gone }, Some(SILENT - CLOSED)),
            (Facts { closed: false, offline_for: SILENT, ..gone }, Some(0)),
            (Facts { known: false, offline_for: i64::MAX, ..gone }, None),
            (Facts { settled_for: SETTLED - 1, ..gone }, Some(1)),
            (Facts { settled_for: 0, offline_for: 0, ..gone }, Some(SETTLED)),
            (Facts { online: true, ..gone }, None),
            (stopped, Some(0)),
            (Facts { closed: true, ..stopped }, Some(CLOSED)),
            (Facts { closed: true, offline_for: CLOSED, ..stopped }, Some(0)),
            (Facts { online: true, ..stopped }, None),
            (Facts { known: false, ..stopped }, None),
        ];
        for (facts, lost) in table {
            assert_eq!(lost_in(facts), lost, "{facts:?}");
        }
    }
}
