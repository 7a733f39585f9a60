//! What is looked at: a stream or subjects, live or from somewhere on.

use std::time::{SystemTime, UNIX_EPOCH};

use muster_bus::ReadFrom;
use muster_contracts::{
    stream::{CHUNKS, EVENTS},
    subject::filter,
};

use crate::cli;

/// Why it cannot be looked at.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum WhatError {
    /// It is in no stream.
    #[error(
        "{0} is neither stored nor republished, so that an operator does not see it; look at {CHUNKS} or {EVENTS}, or at \
         subjects below chat.v1.stream. and evt.v1. (with * and >)"
    )]
    Unseen(String),
    /// Two streams cannot be read in one order.
    #[error("--from and --since want to know which stream: add {CHUNKS}, {EVENTS} or subjects of one of them")]
    WhichStream,
    /// A time cannot be read.
    #[error("--since {0} is no time: give a duration such as 10m or 2h, or a time such as 2026-11-26T09:30:00Z")]
    Time(String),
}

/// What is looked at.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// What is stored from now on; its republished subjects.
    Live(String),
    /// What lies in a stream.
    Stored {
        /// The stream.
        stream: &'static str,
        /// Of its subjects.
        filter: String,
        /// From there on.
        from: ReadFrom,
        /// And then what is stored from now on.
        follow: Option<String>,
    },
}

impl What {
    pub(super) fn of(options: &cli::Inspect, now: SystemTime) -> Result<Self, WhatError> {
        let from = match (options.from, &options.since) {
            (Some(sequence), _) => Some(ReadFrom::Sequence(sequence)),
            (None, Some(since)) => Some(ReadFrom::Time(time(since, now)?)),
            (None, None) => None,
        };
        let Some(subject) = &options.what else {
            return if from.is_some() { Err(WhatError::WhichStream) } else { Ok(Self::Live(filter::LIVE.to_owned())) };
        };
        let filter = match subject.as_str() {
            CHUNKS => filter::CHUNKS,
            EVENTS => filter::EVENTS,
            subject => subject,
        };
        let unseen = || WhatError::Unseen(subject.clone());
        let (stream, live) = filter::stream_of(filter).ok_or_else(unseen)?;
        Ok(match from {
            None => Self::Live(live),
            Some(from) => {
                Self::Stored { stream, filter: filter.to_owned(), from, follow: options.follow.then_some(live) }
            }
        })
    }

    /// What is to be followed, if anything.
    pub(super) fn live(&self) -> Option<String> {
        match self {
            Self::Live(live) => Some(live.clone()),
            Self::Stored { follow, .. } => follow.clone(),
        }
    }

    pub(super) const fn is_live_only(&self) -> bool {
        matches!(self, Self::Live(_))
    }
}

/// A time, or how long ago it was, as RFC 3339.
fn time(text: &str, now: SystemTime) -> Result<String, WhatError> {
    // Before the first second there is nothing, and no text for a time either.
    let before = |ago| now.checked_sub(ago).unwrap_or(UNIX_EPOCH).max(UNIX_EPOCH);
    let ago = humantime::parse_duration(text).ok().map(before);
    let time =
        ago.or_else(|| humantime::parse_rfc3339_weak(text).ok()).ok_or_else(|| WhatError::Time(text.to_owned()))?;
    Ok(humantime::format_rfc3339_nanos(time).to_string())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, Command};

    fn what(arguments: &str) -> Result<What, WhatError> {
        let arguments = ["muster", "inspect"].into_iter().chain(arguments.split_whitespace());
        match Cli::try_parse_from(arguments).unwrap().command {
            Command::Inspect(options) => What::of(&options, UNIX_EPOCH),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn streams_and_subjects_are_found_live_and_stored() {
        assert_eq!(what(""), Ok(What::Live("live.>".to_owned())));
        assert_eq!(what("CHUNKS"), Ok(What::Live("live.v1.*.*.*.*".to_owned())));
        assert_eq!(what("evt.v1.*.worker.>"), Ok(What::Live("live.evt.v1.*.worker.>".to_owned())));
        let stored = |stream, filter: &str, sequence, follow: Option<&str>| {
            let follow = follow.map(str::to_owned);
            Ok(What::Stored { stream, filter: filter.to_owned(), from: ReadFrom::Sequence(sequence), follow })
        };
        assert_eq!(what("EVENTS --from 7"), stored(EVENTS, "evt.v1.*.*.*", 7, None));
        let live = Some("live.v1.>");
        assert_eq!(what("chat.v1.stream.> --from 1 --follow"), stored(CHUNKS, "chat.v1.stream.>", 1, live));
        assert_eq!(what("--from 1"), Err(WhatError::WhichStream));
        for unseen in ["reg.v1.worker.>", "chat.v1.api.*", "wrk.v1.>", "OBJ_ATTACHMENTS", "chunks"] {
            assert_eq!(what(unseen), Err(WhatError::Unseen(unseen.to_owned())));
        }
    }

    #[test]
    fn a_time_is_ago_or_itself() {
        let now = UNIX_EPOCH + Duration::from_secs(3600);
        assert_eq!(time("10m", now).unwrap(), "1970-01-01T00:50:00.000000000Z");
        assert_eq!(time("2026-11-26 09:30:00", now).unwrap(), "2026-11-26T09:30:00.000000000Z");
        assert_eq!(time("99999999999y", now).unwrap(), "1970-01-01T00:00:00.000000000Z");
        for wrong in ["yesterday", "", "1969-12-31T23:59:59Z"] {
            assert_eq!(time(wrong, now), Err(WhatError::Time(wrong.to_owned())));
        }
    }
}
