//! Which messages of a stream are passed on, in which order, each once.
//!
//! The live tail may lose messages and says nothing about it. What a worker
//! writes is numbered within its reply, so a jump shows a hole; everything else
//! is found by reading the stream from the position up to which all is known.
//! The stream itself is the truth: what is read from it is never a hole.

use std::collections::{BTreeSet, HashMap, VecDeque};

use muster_contracts::id::MessageId;

/// Replies that are over are remembered, so that a stray repeat is known.
const ENDED: usize = 64;

/// What a message means for the order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Number so-and-so of a reply, counted by its worker.
    Numbered {
        /// The reply.
        reply: MessageId,
        /// 0 for its start.
        number: u64,
        /// Nothing follows.
        end: bool,
    },
    /// The last word on a reply: all of it should be there already.
    Settled(MessageId),
    /// Anything else.
    Plain,
}

/// What to do with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Pass it on, under this position (never lower than one before).
    Pass(u64),
    /// It was passed on already.
    Known,
    /// Something before it is missing: read the stream first.
    Hole,
}

#[derive(Debug, Clone, Copy)]
struct Progress {
    next: u64,
    ended: bool,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Sequencer {
    /// Everything up to here has been passed on.
    verified: u64,
    /// The position of what was passed on last.
    passed: u64,
    /// What has been passed on above `verified`.
    above: BTreeSet<u64>,
    replies: HashMap<MessageId, Progress>,
    ended: VecDeque<MessageId>,
    open: usize,
}

impl Sequencer {
    /// Passes on what is stored behind `position`.
    #[must_use]
    pub(crate) fn new(position: u64) -> Self {
        Self {
            verified: position,
            passed: position,
            above: BTreeSet::new(),
            replies: HashMap::new(),
            ended: VecDeque::new(),
            open: 0,
        }
    }

    /// A message of the live tail.
    pub(crate) fn live(&mut self, sequence: u64, step: &Step) -> Verdict {
        if self.knows(sequence) {
            return Verdict::Known;
        }
        let hole = match step {
            Step::Plain => false,
            Step::Settled(reply) => self.replies.get(reply).is_some_and(|progress| !progress.ended),
            Step::Numbered { reply, number, .. } => {
                self.replies.get(reply).map_or(*number > 0, |progress| *number > progress.next)
            }
        };
        if hole { Verdict::Hole } else { self.take(sequence, step) }
    }

    /// A message read from the stream, in its order, from [`Self::verified`] on.
    pub(crate) fn found(&mut self, sequence: u64, step: &Step) -> Verdict {
        if self.knows(sequence) { Verdict::Known } else { self.take(sequence, step) }
    }

    /// Everything up to here has been read.
    pub(crate) fn read_up_to(&mut self, sequence: u64) {
        if sequence > self.verified {
            self.verified = sequence;
            self.above = self.above.split_off(&(sequence + 1));
            self.passed = self.passed.max(sequence);
        }
    }

    /// Everything up to here has been passed on.
    #[must_use]
    pub(crate) const fn verified(&self) -> u64 {
        self.verified
    }

    /// The position after which a viewer who has everything so far goes on.
    #[must_use]
    pub(crate) const fn passed(&self) -> u64 {
        self.passed
    }

    /// Whether a reply has begun and not ended.
    #[must_use]
    pub(crate) const fn turn_open(&self) -> bool {
        self.open > 0
    }

    fn knows(&self, sequence: u64) -> bool {
        sequence <= self.verified || self.above.contains(&sequence)
    }

    fn take(&mut self, sequence: u64, step: &Step) -> Verdict {
        self.above.insert(sequence);
        if let Step::Numbered { reply, number, .. } = step
            && self.replies.get(reply).is_some_and(|progress| *number < progress.next)
        {
            return Verdict::Known;
        }
        match step {
            Step::Plain => {}
            Step::Settled(reply) => self.close(reply),
            Step::Numbered { reply, number, end } => {
                // A worker may claim any number.
                let next = number.saturating_add(1);
                match self.replies.get_mut(reply) {
                    Some(progress) => {
                        progress.next = next;
                        // Its worker was thought to be lost, and goes on.
                        if progress.ended && !*end {
                            progress.ended = false;
                            self.open += 1;
                            self.ended.retain(|ended| ended != reply);
                        }
                    }
                    None => {
                        self.open += 1;
                        self.replies.insert(reply.clone(), Progress { next, ended: false });
                    }
                }
                if *end {
                    self.close(reply);
                }
            }
        }
        self.passed = self.passed.max(sequence);
        Verdict::Pass(self.passed)
    }

    fn close(&mut self, reply: &MessageId) {
        let Some(progress) = self.replies.get_mut(reply).filter(|progress| !progress.ended) else { return };
        progress.ended = true;
        self.open -= 1;
        self.ended.push_back(reply.clone());
        if self.ended.len() > ENDED
            && let Some(oldest) = self.ended.pop_front()
        {
            self.replies.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reply(index: usize) -> MessageId {
        format!("reply{index:016}").parse().unwrap()
    }

    fn numbered(index: usize, number: u64, end: bool) -> Step {
        Step::Numbered { reply: reply(index), number, end }
    }

    #[test]
    fn a_jump_is_a_hole_until_the_stream_was_read() {
        let mut sequencer = Sequencer::new(10);
        assert_eq!(sequencer.live(11, &numbered(0, 0, false)), Verdict::Pass(11));
        assert_eq!(sequencer.live(14, &numbered(0, 2, false)), Verdict::Hole);
        assert_eq!(sequencer.found(11, &numbered(0, 0, false)), Verdict::Known);
        assert_eq!(sequencer.found(12, &numbered(0, 1, false)), Verdict::Pass(12));
        sequencer.read_up_to(13);
        assert_eq!(sequencer.live(14, &numbered(0, 2, false)), Verdict::Pass(14));
        assert!(sequencer.turn_open());
        assert_eq!(sequencer.live(15, &numbered(0, 3, true)), Verdict::Pass(15));
        assert!(!sequencer.turn_open());
    }

    #[test]
    fn the_last_word_on_an_open_reply_waits_for_what_is_missing() {
        let mut sequencer = Sequencer::new(0);
        sequencer.live(1, &numbered(0, 0, false));
        assert_eq!(sequencer.live(3, &Step::Settled(reply(0))), Verdict::Hole);
        assert_eq!(sequencer.found(2, &numbered(0, 1, true)), Verdict::Pass(2));
        assert_eq!(sequencer.live(3, &Step::Settled(reply(0))), Verdict::Pass(3));
    }

    #[test]
    fn a_reply_that_was_thought_lost_and_goes_on_is_open_again() {
        let mut sequencer = Sequencer::new(0);
        sequencer.live(1, &numbered(0, 0, false));
        sequencer.read_up_to(1);
        sequencer.found(2, &Step::Settled(reply(0)));
        assert!(!sequencer.turn_open());
        assert_eq!(sequencer.live(3, &numbered(0, 1, false)), Verdict::Pass(3));
        assert!(sequencer.turn_open());
        assert_eq!(sequencer.live(5, &Step::Settled(reply(0))), Verdict::Hole, "what came before it may be missing");
        sequencer.live(4, &numbered(0, 2, true));
        assert!(!sequencer.turn_open());
    }

    #[test]
    fn what_is_found_late_has_no_lower_position() {
        let mut sequencer = Sequencer::new(0);
        assert_eq!(sequencer.live(5, &Step::Plain), Verdict::Pass(5));
        assert_eq!(sequencer.found(3, &Step::Plain), Verdict::Pass(5));
        assert_eq!(sequencer.found(5, &Step::Plain), Verdict::Known);
        sequencer.read_up_to(5);
        assert_eq!(sequencer.live(3, &Step::Plain), Verdict::Known);
    }

    #[test]
    fn a_number_that_was_seen_is_ignored() {
        let mut sequencer = Sequencer::new(0);
        sequencer.live(1, &numbered(0, 0, false));
        sequencer.live(2, &numbered(0, 1, false));
        assert_eq!(sequencer.live(3, &numbered(0, 1, false)), Verdict::Known);
        assert_eq!(sequencer.live(4, &numbered(0, 2, true)), Verdict::Pass(4));
        assert_eq!(sequencer.live(5, &numbered(0, 2, true)), Verdict::Known);
    }

    /// A stream of interleaved replies and plain messages at sparse sequences.
    fn stream() -> impl Strategy<Value = Vec<(u64, Step)>> {
        prop::collection::vec((0usize..4, 1u64..4), 1..80).prop_map(|choices| {
            let (mut sequence, mut next) = (0, [0u64; 3]);
            let mut all = Vec::new();
            for (writer, gap) in choices {
                sequence += gap;
                let step = match next.get_mut(writer) {
                    Some(number) => {
                        *number += 1;
                        numbered(writer, *number - 1, false)
                    }
                    None => Step::Plain,
                };
                all.push((sequence, step));
            }
            all
        })
    }

    fn read(sequencer: &mut Sequencer, stream: &[(u64, Step)], stored: usize, shown: &mut Vec<(u64, u64)>) {
        let from = sequencer.verified();
        for (sequence, step) in stream.iter().take(stored).filter(|(sequence, _)| *sequence > from) {
            if let Verdict::Pass(position) = sequencer.found(*sequence, step) {
                shown.push((*sequence, position));
            }
        }
        if let Some((last, _)) = stream.get(..stored).and_then(<[_]>::last) {
            sequencer.read_up_to(*last);
        }
    }

    proptest! {
        #[test]
        fn whatever_the_tail_loses_everything_is_shown_once_and_replies_in_order(
            stream in stream(), lost in prop::collection::vec(prop::bool::weighted(0.3), 80), join in 0usize..20,
        ) {
            let join = join.min(stream.len());
            let position = if join == 0 { 0 } else { stream[join - 1].0 };
            let mut sequencer = Sequencer::new(position);
            let mut shown = Vec::new();
            for (index, (sequence, step)) in stream.iter().enumerate().skip(join) {
                if lost[index] {
                    continue;
                }
                match sequencer.live(*sequence, step) {
                    Verdict::Pass(position) => shown.push((*sequence, position)),
                    Verdict::Known => {}
                    Verdict::Hole => {
                        read(&mut sequencer, &stream, index + 1, &mut shown);
                        prop_assert_eq!(sequencer.live(*sequence, step), Verdict::Known);
                    }
                }
            }
            read(&mut sequencer, &stream, stream.len(), &mut shown);

            let positions = shown.iter().map(|(_, position)| *position).collect::<Vec<_>>();
            prop_assert!(positions.is_sorted());
            let mut sequences = shown.iter().map(|(sequence, _)| *sequence).collect::<Vec<_>>();
            for writer in 0..3 {
                let own = |sequence: &u64| stream.iter().any(|(at, step)| at == sequence
                    && matches!(step, Step::Numbered { reply: of, .. } if *of == reply(writer)));
                prop_assert!(sequences.iter().copied().filter(own).is_sorted());
            }
            sequences.sort_unstable();
            let all = stream.iter().skip(join).map(|(sequence, _)| *sequence).collect::<Vec<_>>();
            prop_assert_eq!(sequences, all);
        }
    }
}
