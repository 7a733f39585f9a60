//! The states of a turn, and what may follow what.

use muster_contracts::v1::TurnStatus;

/// Something that happens to a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// Its worker is told of it.
    Claim,
    /// The worker that was told is gone without having begun.
    Release,
    /// The worker has begun.
    Start,
    /// The worker says how it ended.
    End(Outcome),
    /// The worker is gone, or the user stops a turn whose worker is away.
    Abandon(Outcome),
    /// The interrupted worker is back and may go on.
    Resume,
    /// The user asks for another attempt.
    Retry,
    /// The user asks for it no more, before the worker is told.
    Withdraw,
    /// The worker that it waits for was removed.
    Orphan,
}

/// How a turn ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The reply is whole.
    Completed,
    /// The backend failed.
    Failed,
    /// The user stopped it.
    Cancelled,
    /// The worker was lost.
    Interrupted,
}

impl Outcome {
    /// The status of a turn that ended so.
    #[must_use]
    pub const fn status(self) -> TurnStatus {
        match self {
            Self::Completed => TurnStatus::Completed,
            Self::Failed => TurnStatus::Failed,
            Self::Cancelled => TurnStatus::Cancelled,
            Self::Interrupted => TurnStatus::Interrupted,
        }
    }

    /// How a worker may say that a turn ended; anything unknown is a failure.
    #[must_use]
    pub const fn told(status: TurnStatus) -> Self {
        match status {
            TurnStatus::Completed => Self::Completed,
            TurnStatus::Cancelled => Self::Cancelled,
            TurnStatus::Interrupted => Self::Interrupted,
            _ => Self::Failed,
        }
    }

    /// Whether messages that wait behind it do so until the user lets them go on.
    #[must_use]
    pub const fn pauses_queue(self) -> bool {
        matches!(self, Self::Failed | Self::Interrupted)
    }
}

/// The status after an event; `None` when the event means nothing in this state.
#[must_use]
pub const fn next(status: TurnStatus, event: Event) -> Option<TurnStatus> {
    match (status, event) {
        (TurnStatus::Queued, Event::Claim) => Some(TurnStatus::Delivered),
        (TurnStatus::Queued, Event::Withdraw) => Some(TurnStatus::Cancelled),
        (TurnStatus::Queued, Event::Orphan) => Some(TurnStatus::Interrupted),
        (TurnStatus::Delivered, Event::Release) => Some(TurnStatus::Queued),
        (TurnStatus::Delivered, Event::Start) | (TurnStatus::Interrupted, Event::Resume) => Some(TurnStatus::Streaming),
        // The consumer may hear of an end before it hears of the start.
        (TurnStatus::Delivered | TurnStatus::Streaming, Event::End(outcome) | Event::Abandon(outcome)) => {
            Some(outcome.status())
        }
        (TurnStatus::Failed | TurnStatus::Cancelled | TurnStatus::Interrupted, Event::Retry) => {
            Some(TurnStatus::Queued)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATES: [TurnStatus; 7] = [
        TurnStatus::Queued,
        TurnStatus::Delivered,
        TurnStatus::Streaming,
        TurnStatus::Completed,
        TurnStatus::Failed,
        TurnStatus::Cancelled,
        TurnStatus::Interrupted,
    ];

    /// Every event in every state: a column for each of [`STATES`].
    #[test]
    fn every_event_in_every_state() {
        use TurnStatus::{Cancelled, Completed, Delivered, Failed, Interrupted, Queued, Streaming};
        const NO: Option<TurnStatus> = None;
        let end = |status| [NO, Some(status), Some(status), NO, NO, NO, NO];
        let table = [
            (Event::Claim, [Some(Delivered), NO, NO, NO, NO, NO, NO]),
            (Event::Withdraw, [Some(Cancelled), NO, NO, NO, NO, NO, NO]),
            (Event::Orphan, [Some(Interrupted), NO, NO, NO, NO, NO, NO]),
            (Event::Release, [NO, Some(Queued), NO, NO, NO, NO, NO]),
            (Event::Start, [NO, Some(Streaming), NO, NO, NO, NO, NO]),
            (Event::End(Outcome::Completed), end(Completed)),
            (Event::End(Outcome::Failed), end(Failed)),
            (Event::End(Outcome::Cancelled), end(Cancelled)),
            (Event::End(Outcome::Interrupted), end(Interrupted)),
            (Event::Abandon(Outcome::Completed), end(Completed)),
            (Event::Abandon(Outcome::Failed), end(Failed)),
            (Event::Abandon(Outcome::Cancelled), end(Cancelled)),
            (Event::Abandon(Outcome::Interrupted), end(Interrupted)),
            (Event::Resume, [NO, NO, NO, NO, NO, NO, Some(Streaming)]),
            (Event::Retry, [NO, NO, NO, NO, Some(Queued), Some(Queued), Some(Queued)]),
        ];
        for (event, expected) in table {
            for (status, expected) in STATES.into_iter().zip(expected) {
                assert_eq!(next(status, event), expected, "{event:?} in {status:?}");
            }
        }
    }

    #[test]
    fn only_a_loss_pauses_the_queue() {
        assert!(Outcome::Failed.pauses_queue() && Outcome::Interrupted.pauses_queue());
        assert!(!Outcome::Completed.pauses_queue() && !Outcome::Cancelled.pauses_queue());
    }
}
