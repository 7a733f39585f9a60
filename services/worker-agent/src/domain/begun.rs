//! Which replies were begun here and which have ended, as lines of a text: what a process knows of the ones before it.

use std::{collections::VecDeque, fmt::Write as _};

use muster_contracts::id::MessageId;

/// Replies that are remembered; the oldest are forgotten first.
pub const REMEMBERED: usize = 4096;

const BEGUN: &str = "begun";
const ENDED: &str = "ended";

/// See the module.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Begun {
    replies: VecDeque<(MessageId, bool)>,
}

impl Begun {
    /// Reads lines as [`Begun::begin`] and [`Begun::end`] gave them. A last line that was cut short by a crash counts
    /// as not written; true beside it: other lines were none of ours.
    #[must_use]
    pub fn read(text: &str) -> (Self, bool) {
        let (mut begun, mut damaged) = (Self::default(), false);
        for line in text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
            match line.split_once(' ').map(|(word, reply)| (word, reply.parse::<MessageId>())) {
                Some((BEGUN, Ok(reply))) => drop(begun.begin(&reply)),
                Some((ENDED, Ok(reply))) => drop(begun.end(&reply)),
                _ => damaged = true,
            }
        }
        (begun, damaged)
    }

    /// As few lines as say the same.
    #[must_use]
    pub fn lines(&self) -> String {
        self.replies.iter().fold(String::new(), |mut lines, (reply, ended)| {
            let _ = writeln!(lines, "{BEGUN} {reply}");
            if *ended {
                let _ = writeln!(lines, "{ENDED} {reply}");
            }
            lines
        })
    }

    /// A reply begins; the line that says so.
    #[must_use]
    pub fn begin(&mut self, reply: &MessageId) -> String {
        if self.place(reply).is_none() {
            self.replies.push_back((reply.clone(), false));
        }
        while self.replies.len() > REMEMBERED {
            self.replies.pop_front();
        }
        format!("{BEGUN} {reply}\n")
    }

    /// A reply is over; the line that says so.
    #[must_use]
    pub fn end(&mut self, reply: &MessageId) -> String {
        if let Some(place) = self.place(reply)
            && let Some((_, ended)) = self.replies.get_mut(place)
        {
            *ended = true;
        }
        format!("{ENDED} {reply}\n")
    }

    /// All that are remembered, the oldest first.
    pub fn all(&self) -> impl Iterator<Item = &MessageId> {
        self.replies.iter().map(|(reply, _)| reply)
    }

    /// Those that have not ended, the oldest first.
    pub fn open(&self) -> impl Iterator<Item = &MessageId> {
        self.replies.iter().filter(|(_, ended)| !ended).map(|(reply, _)| reply)
    }

    /// Looked for from the newest on: mostly it is one of those.
    fn place(&self, reply: &MessageId) -> Option<usize> {
        self.replies.iter().rposition(|(known, _)| known == reply)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_process_knows_what_was_begun_and_what_was_cut() {
        let (first, second) = (MessageId::random(), MessageId::random());
        let mut begun = Begun::default();
        let text = [begun.begin(&first), begun.begin(&second), begun.end(&first)].concat();
        let (read, damaged) = Begun::read(&text);
        assert!(!damaged);
        assert_eq!(read, begun);
        assert_eq!(read.open().collect::<Vec<_>>(), [&second]);
        assert_eq!(read.all().collect::<Vec<_>>(), [&first, &second]);
        assert_eq!(Begun::read(&read.lines()), (begun, false));
    }

    #[test]
    fn a_line_that_a_crash_cut_short_was_not_written_and_any_other_is_damage() {
        let reply = MessageId::random();
        let line = Begun::default().begin(&reply);
        let (whole, cut) = (format!("{line}begun abc"), format!("begun abc\n{line}"));
        assert!(!Begun::read(&whole).1, "the last line");
        let (read, damaged) = Begun::read(&cut);
        assert!(damaged);
        assert_eq!(read.open().collect::<Vec<_>>(), [&reply], "what can be read is known");
        for text in ["\n", "begun\n", "\u{fffd}\0\n", "begun  \n", "ended a b\n"] {
            assert!(Begun::read(text).1, "{text:?}");
        }
        assert_eq!(Begun::read(""), (Begun::default(), false));
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let mut begun = Begun::default();
        let replies = (0..=REMEMBERED).map(|_| MessageId::random()).collect::<Vec<_>>();
        for reply in &replies {
            let _ = begun.begin(reply);
        }
        assert_eq!(begun.all().count(), REMEMBERED);
        assert!(!begun.all().any(|reply| *reply == replies[0]));
    }
}
