//! Where an event stands in its stream; opaque to clients.

use std::{fmt, str::FromStr};

use muster_contracts::id;

/// `<session or user>:<epoch>-<sequence>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EventId {
    /// The session's or user's id.
    pub(crate) stream: String,
    /// Which life of the broker's stream the sequence counts in.
    pub(crate) epoch: String,
    /// Everything up to here has been seen.
    pub(crate) sequence: u64,
}

/// Not an id of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unreadable;

impl fmt::Display for EventId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}-{}", self.stream, self.epoch, self.sequence)
    }
}

impl FromStr for EventId {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Self, Unreadable> {
        let (stream, position) = text.split_once(':').ok_or(Unreadable)?;
        let (epoch, number) = position.split_once('-').ok_or(Unreadable)?;
        let sequence = number.parse::<u64>().map_err(|_| Unreadable)?;
        let strict = stream.len() == id::LEN
            && !epoch.is_empty()
            && epoch.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && sequence.to_string() == number;
        if strict { Ok(Self { stream: stream.to_owned(), epoch: epoch.to_owned(), sequence }) } else { Err(Unreadable) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_id_parses_to_itself(stream in "[A-Za-z0-9_-]{21}", epoch in "[A-Za-z0-9]{1,8}", sequence in any::<u64>()) {
            let id = EventId { stream, epoch, sequence };
            prop_assert_eq!(id.to_string().parse(), Ok(id));
        }

        #[test]
        fn nothing_else_is_taken(text in ".{0,40}") {
            if let Ok(id) = text.parse::<EventId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }
}
