//! Whether this instance has seen the broker without a gap, so that it may take
//! silence for absence.

use super::presence::SILENCE;

/// A pause between two looks that is longer means that the process itself was
/// stopped, or the clock set: milliseconds.
const ASLEEP: i64 = 5_000;

/// What has been seen so far.
#[derive(Debug, Default)]
pub(crate) struct Sight {
    since: Option<i64>,
    looked_at: Option<i64>,
    marks: Marks,
}

/// How often connections were made and messages dropped, for each of our connections.
pub(crate) type Marks = [(u64, u64); 2];

impl Sight {
    /// Looks now, milliseconds. `marks` change when something may have been missed.
    pub(crate) fn look(&mut self, now: i64, connected: bool, marks: Marks) {
        let asleep = self.looked_at.is_some_and(|before| !(0..=ASLEEP).contains(&(now - before)));
        self.looked_at = Some(now);
        if !connected {
            self.since = None;
        } else if self.since.is_none() || asleep || marks != self.marks {
            self.since = Some(now);
        }
        self.marks = marks;
    }

    /// Whether nothing was missed for as long as a worker may be silent.
    #[must_use]
    pub(crate) fn is_clear(&self, now: i64) -> bool {
        self.since.is_some_and(|since| now - since >= SILENCE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sight_is_clear_after_half_a_minute_without_a_gap() {
        const NEVER: i64 = i64::MAX;
        type Gap = fn(&mut Sight);
        let gaps: [(&str, Gap, i64); 5] = [
            ("nothing", |_| {}, 30_000),
            ("disconnected", |sight| sight.look(10_000, false, [(1, 0); 2]), NEVER),
            ("reconnected", |sight| sight.look(10_000, true, [(2, 0), (1, 0)]), 40_000),
            ("dropped", |sight| sight.look(10_000, true, [(1, 0), (1, 1)]), 40_000),
            ("asleep", |sight| sight.look(20_000, true, [(1, 0); 2]), 50_000),
        ];
        for (case, gap, clear_from) in gaps {
            let mut sight = Sight::default();
            for now in (0..10_000).step_by(1_000) {
                sight.look(now, true, [(1, 0); 2]);
            }
            gap(&mut sight);
            assert!(!sight.is_clear(29_999), "{case}");
            assert_eq!(sight.is_clear(30_000), clear_from <= 30_000, "{case}");
            assert_eq!(sight.is_clear(1_000_000), clear_from != NEVER, "{case}");
            if clear_from != NEVER {
                assert!(!sight.is_clear(clear_from - 1) && sight.is_clear(clear_from), "{case}");
            }
        }
    }
}
