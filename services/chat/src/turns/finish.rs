//! Ending a turn: its reply is written once, as the stream has it.

use muster_contracts::v1;

use super::assemble::{self, Read};
use crate::{
    domain::{
        told,
        turn::{self, Event, Outcome},
    },
    metric,
    state::{Done, State},
    store::{
        TurnRow,
        messages::{self, Finished},
        requests,
        sessions::{self, TurnLeaves},
        turns,
    },
    tell::{self, Actor},
    turns::progress,
};

/// What the page shows when stream and worker disagree about a reply.
const MISMATCH: &str = "Part of this reply was lost on its way; what arrived is kept.";
/// The same when the stream itself was lost.
const ANEW: &str = "The server's stream of replies was lost while the worker was writing this; what was kept is here.";

/// What became of an end that a worker told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// The turn is over.
    Over,
    /// It was read from a replica that lags behind: it had not even this end.
    Incomplete,
}

/// The worker says that the turn is over, at this sequence of the stream.
///
/// # Errors
/// When the database or the broker fails.
pub async fn told(state: &State, turn: &TurnRow, end: &v1::End, sequence: u64) -> Done<Told> {
    let read = assemble::read(state, turn, sequence.saturating_sub(1)).await?;
    // A replica that lags has the beginning of a reply, without a hole; whoever has its end has all that there is.
    if !read.gap && read.end.is_none() {
        return Ok(Told::Incomplete);
    }
    close_as_told(state, turn, &read, end).await?;
    Ok(Told::Over)
}

/// Ends a turn without its worker, with all that the stream has: as interrupted for this reason, or as cancelled if it
/// was to be stopped. When the worker has told its end after all, that is its end: it may have come while the turn was
/// taken for lost, and does not come again.
///
/// # Errors
/// When the database or the broker fails.
pub async fn abandon(state: &State, turn: &TurnRow, lost: &str) -> Done<()> {
    let read = assemble::read_all(state, turn).await?;
    match read.end.clone().map(told::end) {
        Some(end) => close_as_told(state, turn, &read, &end).await,
        None => close(state, turn, &read, End::Lost(lost)).await,
    }
}

/// Whether a turn that was taken for lost may end as its worker told only now, because nothing newer has happened. It is
/// open again then.
///
/// # Errors
/// When the database fails.
pub async fn is_late(state: &State, turn: &TurnRow, end: &v1::End) -> Done<bool> {
    if turn.status() != v1::TurnStatus::Interrupted {
        return Ok(false);
    }
    // One that its worker calls interrupted too may be over by just this end.
    let found = messages::get(state.db.pool(), &turn.reply_id).await?;
    let has_all = found.is_none_or(|row| row.received_number.unsigned_abs() >= end.chunk_count);
    let as_told = Outcome::told(end.outcome()) == Outcome::Interrupted && has_all;
    Ok(!as_told && progress::resumed(state, turn).await?)
}

async fn close_as_told(state: &State, turn: &TurnRow, read: &Read, end: &v1::End) -> Done<()> {
    let whole = !read.gap
        && read.reply.number() == end.chunk_count
        && read.reply.hash().as_slice() == end.content_hash.as_slice();
    let (outcome, error) = if whole {
        (Outcome::told(end.outcome()), end.error.clone())
    } else {
        tracing::error!(reply_id = turn.reply_id, "a reply does not match what its worker says it wrote");
        metric::MISMATCHED.add(1);
        (Outcome::Failed, Some(if read.anew { ANEW } else { MISMATCH }.to_owned()))
    };
    close(state, turn, read, End::Told { outcome, error, leaves: end }).await
}

/// Why a turn is over.
enum End<'a> {
    Told { outcome: Outcome, error: Option<String>, leaves: &'a v1::End },
    Lost(&'a str),
}

impl End<'_> {
    /// What it means for a turn as it is now.
    fn of(self, turn: &TurnRow) -> (Event, Option<String>, TurnLeaves) {
        let (event, outcome, error, leaves) = match self {
            Self::Told { outcome, error, leaves } => {
                let leaves = TurnLeaves {
                    usage: leaves.usage.unwrap_or_default(),
                    backend_session_id: leaves.backend_session_id.clone(),
                    title: leaves.title.clone(),
                    pause: false,
                };
                (Event::End(outcome), outcome, error, leaves)
            }
            Self::Lost(reason) => {
                let (outcome, error) = match turn.stop_asked() {
                    true => (Outcome::Cancelled, turn.stop_reason.clone()),
                    false => (Outcome::Interrupted, Some(reason.to_owned())),
                };
                (Event::Abandon(outcome), outcome, error, TurnLeaves::default())
            }
        };
        // Whoever stops a turn means what waits behind it to go on, however it ends.
        (event, error, TurnLeaves { pause: outcome.pauses_queue() && !turn.stop_asked(), ..leaves })
    }
}

async fn close(state: &State, turn: &TurnRow, read: &Read, end: End<'_>) -> Done<()> {
    let now = state.clock.now();
    let actor = Actor::worker(&turn.worker_id);
    let mut write = state.write().await?;
    sessions::lock(write.connection(), &turn.chat_session_id).await?;
    // As it is by now: it may have been stopped meanwhile.
    let Some(turn) = turns::get(&mut *write.connection(), &turn.reply_id).await? else { return Ok(()) };
    let (event, error, leaves) = end.of(&turn);
    let error = error.as_deref();
    let Some(status) = turn::next(turn.status(), event) else { return Ok(()) };
    if !turns::end(write.connection(), &turn.reply_id, status, now).await? {
        return Ok(());
    }
    let assembled = read.finished(now);
    let hash = read.reply.hash_hex();
    let finished = Finished { status, error, assembled: &assembled, content_hash: &hash };
    if let Some(reply) = messages::finish(write.connection(), &turn.reply_id, &finished).await? {
        tell::message(&mut write, &state.clock, &reply).await?;
    }
    if let Some(message) = messages::set_turn_status(write.connection(), &turn.message_id, status, error).await? {
        tell::message(&mut write, &state.clock, &message).await?;
    }
    for gone in requests::gone(write.connection(), &turn.reply_id).await? {
        tell::request(&mut write, &state.clock, &gone, &actor).await?;
    }
    sessions::turn_ended(write.connection(), &turn.chat_session_id, &leaves, now).await?;
    tell::session(&mut write, &state.clock, &turn.chat_session_id, &actor).await?;
    write.commit().await?;
    metric::ENDED.count(status.as_str_name());
    metric::LASTED.between(turn.claimed_at, now);
    if let Some(first) = assembled.parts.first() {
        metric::FIRST_CHUNK.between(turn.claimed_at, first.started_at);
    }
    // What waits behind it may begin.
    state.wake(&turn.worker_id).await;
    Ok(())
}
