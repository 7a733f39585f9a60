//! Deleting a session for good: its rows in one transaction, and after it what the streams have of it. In CHUNKS that
//! is all of the session, in EVENTS what it was called and what was asked in it; that it is gone stays there. Of a reply
//! that is deleted alone, what was asked in it.
//!
//! What was on its way when the session was deleted is stored a moment later, so the streams are looked through twice.

use std::{
    collections::{BTreeMap, HashSet},
    time::Duration,
};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use muster_contracts::{
    audit::Action,
    stream::{CHUNKS, EVENTS},
    subject::{Entity, EventAddress, Subject, filter},
};
use muster_service::{Clock, Write, db::in_time};
use tokio_util::sync::CancellationToken;

use crate::{
    domain::trace::{self, Trace},
    reaper::every,
    state::{Done, State},
    store::{
        SessionRow, attachments,
        erasures::{self, ErasureRow},
        requests, sessions,
    },
    tell::{self, Actor},
};

const EVERY: Duration = Duration::from_secs(1);
/// How often deleted accounts are looked for when nothing rings: another instance may have heard of one, and died.
const ACCOUNTS_EVERY: Duration = Duration::from_secs(10);
/// The sessions of accounts may take this long; then it goes on where it was given up.
const PATIENCE: Duration = Duration::from_mins(5);
/// Sessions of an account that one transaction deletes.
const AT_ONCE_OF_ACCOUNT: i64 = 50;
/// Sessions of one round.
const ROUND: i64 = 200;
/// What a worker or another instance was about to store is stored by then. Milliseconds.
const AGAIN: i64 = 60_000;
/// The audit log has taken over what it is told by then, or it is tried again. Milliseconds.
const SOON: i64 = 2_000;
/// How often the streams are looked through at least.
const ROUNDS: i64 = 2;
/// Messages read at once, and of them erased at once.
const BATCH: usize = 256;
const AT_ONCE: usize = 16;

/// Deletes a session with everything that belongs to it.
///
/// # Errors
/// When the database fails.
pub async fn session(write: &mut Write, clock: &Clock, row: &SessionRow, actor: &Actor) -> Done<()> {
    let session_id = &row.chat_session_id;
    sessions::delete(write.connection(), session_id).await?;
    erasures::insert(write.connection(), session_id, &row.user_id, clock.now()).await?;
    tell::session_removed(write, clock, row, actor).await?;
    // Without its name: the audit log, which hears of it, forgets that as well.
    tell::audited(write, clock, row, actor, Action::SessionDeleted.to(session_id, "")).await
}

/// Deletes all sessions of deleted accounts, until stopped.
pub async fn accounts(state: State, stop: CancellationToken) {
    loop {
        if let Err(error) = in_time(PATIENCE, depart(&state)).await {
            tracing::warn!(%error, "the sessions of a deleted account wait");
        }
        tokio::select! {
            () = tokio::time::sleep(ACCOUNTS_EVERY) => {}
            () = state.departures.notified() => {}
            () = stop.cancelled() => return,
        }
    }
}

/// A few sessions at a time: whatever their number, others write meanwhile, and what is done is done should this be given
/// up before its end.
async fn depart(state: &State) -> Done<()> {
    while let Some(user_id) = erasures::departing(state.db.pool()).await? {
        let mut write = state.write().await?;
        if !erasures::lock_departing(write.connection(), &user_id).await? {
            continue;
        }
        let some = sessions::of_user(write.connection(), &user_id, AT_ONCE_OF_ACCOUNT).await?;
        for row in &some {
            session(&mut write, &state.clock, row, &Actor::system()).await?;
        }
        if some.is_empty() {
            attachments::give_up_all(write.connection(), &user_id).await?;
            erasures::departed(write.connection(), &user_id).await?;
        }
        write.commit().await?;
        if some.is_empty() {
            state.tidy.notify_one();
        }
    }
    Ok(())
}

/// Erases what the streams have of deleted sessions, until stopped.
pub async fn what_is_left(state: State, stop: CancellationToken) {
    every(EVERY, &stop, || round(&state)).await;
}

async fn round(state: &State) -> Done<()> {
    let mut of_users = BTreeMap::<String, Vec<ErasureRow>>::new();
    for row in erasures::due(state.db.pool(), state.clock.now(), ROUND).await? {
        of_users.entry(row.user_id.clone()).or_default().push(row);
    }
    if of_users.is_empty() {
        return Ok(());
    }
    // First what needs no broker.
    state.db.fold_log().await?;
    if !state.bus.connection().borrow().connected {
        return Ok(());
    }
    for (user_id, rows) in of_users {
        for row in &rows {
            chunks(state, &row.chat_session_id).await?;
        }
        let gone = rows.iter().map(|row| row.chat_session_id.as_str()).collect();
        let all = events(state, &user_id, &gone).await?;
        let next = state.clock.now() + if all { AGAIN } else { SOON };
        let mut write = state.write().await?;
        for row in &rows {
            if all && row.rounds + 1 >= ROUNDS {
                erasures::done(write.connection(), &row.chat_session_id).await?;
            } else {
                erasures::again(write.connection(), &row.chat_session_id, next, all).await?;
            }
        }
        write.commit().await?;
    }
    Ok(())
}

async fn chunks(state: &State, session_id: &str) -> Done<()> {
    let filter = filter::session(&session_id.parse()?);
    let mut from = 1;
    loop {
        let batch = state.bus.read(CHUNKS, &filter, from, BATCH).await?;
        let sequences = batch.messages.iter().map(|stored| stored.sequence).collect::<Vec<_>>();
        from = sequences.last().map_or(from, |last| last + 1);
        overwrite(state, CHUNKS, sequences).await?;
        if !batch.more {
            return Ok(());
        }
    }
}

/// False when something must wait until the audit log has it.
async fn events(state: &State, user_id: &str, sessions: &HashSet<&str>) -> Done<bool> {
    let filter = filter::user(&user_id.parse()?);
    // Without an audit log nothing has been taken over.
    let taken = state.bus.taken(EVENTS, "api").await?.unwrap_or(0);
    let (mut from, mut all) = (1, true);
    loop {
        let batch = state.bus.read(EVENTS, &filter, from, BATCH).await?;
        let mut sequences = Vec::new();
        for stored in &batch.messages {
            from = stored.sequence + 1;
            let Subject::Event(EventAddress { user: _, entity, id }) = &stored.subject else { continue };
            match trace::of(*entity, id, &stored.payload, sessions) {
                Trace::EraseOnceTaken if stored.sequence > taken => all = false,
                Trace::Erase | Trace::EraseOnceTaken => sequences.push(stored.sequence),
                Trace::None => {}
            }
        }
        overwrite(state, EVENTS, sequences).await?;
        if !batch.more {
            return Ok(all);
        }
    }
}

/// Erases what EVENTS has of the requests of a reply. Another reply of the user's may have used the id of one.
///
/// # Errors
/// When the database or the broker fails.
pub async fn requests(state: &State, reply_id: &str) -> Done<()> {
    for (user_id, id) in requests::named(state.db.pool(), reply_id).await? {
        let subject = Subject::Event(EventAddress { user: user_id.parse()?, entity: Entity::Request, id }).to_string();
        let mut from = 1;
        loop {
            let batch = state.bus.read(EVENTS, &subject, from, BATCH).await?;
            from = batch.messages.last().map_or(from, |last| last.sequence + 1);
            let of_reply = batch.messages.iter().filter(|stored| trace::is_of_reply(&stored.payload, reply_id));
            overwrite(state, EVENTS, of_reply.map(|stored| stored.sequence).collect()).await?;
            if !batch.more {
                break;
            }
        }
    }
    Ok(())
}

async fn overwrite(state: &State, stream: &str, sequences: Vec<u64>) -> Done<()> {
    let erasing = sequences.into_iter().map(|sequence| state.bus.erase(stream, sequence));
    stream::iter(erasing).buffer_unordered(AT_ONCE).try_for_each(|_| async { Ok(()) }).await?;
    Ok(())
}
