//! Messages that have been kept for as long as they shall be.

use std::collections::BTreeSet;

use muster_service::Write;

use crate::{
    erase,
    state::{Done, State},
    store::{messages, requests, sessions, turns},
    tell::{self, Actor},
};

/// Messages, and sessions, of one transaction.
const AT_ONCE: i64 = 200;
/// What became of the requests of a turn that ended so long ago has been told to the broker. Milliseconds.
const TOLD: i64 = 60_000;

/// Deletes messages older than `keep_for` milliseconds, and sessions in which nothing is left and nothing happens. What
/// waits or is being answered stays until it is over.
///
/// # Errors
/// When the database fails.
pub async fn round(state: &State, keep_for: i64) -> Done<()> {
    let before = state.clock.now().saturating_sub(keep_for);
    let mut deleted = false;
    while old_messages(state, before).await? {
        deleted = true;
    }
    if deleted {
        state.db.fold_log().await?;
    }
    empty_sessions(state, before).await
}

/// True when there may be more. What the broker has of it goes first: after a failure the rows still tell what that is.
async fn old_messages(state: &State, before: i64) -> Done<bool> {
    let ended = state.clock.now() - TOLD;
    let mut reading = state.db.pool().acquire().await?;
    let found = messages::over_since(&mut reading, before, ended, AT_ONCE).await?;
    drop(reading);
    for row in &found {
        erase::requests(state, &row.message_id).await?;
    }
    let mut write = state.write().await?;
    let locked = lock(&mut write, found.iter().map(|row| row.chat_session_id.as_str())).await?;
    let erased = found.iter().map(|row| row.message_id.as_str()).collect::<BTreeSet<_>>();
    // Again: one of them may have been asked anew until now.
    let old = messages::over_since(write.connection(), before, ended, AT_ONCE).await?;
    let old = old.iter().filter(|row| locked.contains(&row.chat_session_id));
    for row in old.filter(|row| erased.contains(row.message_id.as_str())) {
        requests::forget(write.connection(), &row.message_id).await?;
        turns::forget(write.connection(), &row.message_id).await?;
        messages::delete(write.connection(), &row.message_id).await?;
        tell::message_removed(&mut write, &state.clock, &row.chat_session_id, &row.message_id).await?;
    }
    write.commit().await?;
    Ok(!found.is_empty())
}

/// In their order, as every instance does it: two that wait for each other would wait for ever.
async fn lock<'a>(write: &mut Write, sessions: impl Iterator<Item = &'a str>) -> Done<BTreeSet<String>> {
    let sessions = sessions.map(str::to_owned).collect::<BTreeSet<_>>();
    for session in &sessions {
        sessions::lock(write.connection(), session).await?;
    }
    Ok(sessions)
}

async fn empty_sessions(state: &State, before: i64) -> Done<()> {
    let mut write = state.write().await?;
    let found = sessions::empty_since(write.connection(), before, AT_ONCE).await?;
    let locked = lock(&mut write, found.iter().map(|row| row.chat_session_id.as_str())).await?;
    // Again: something may have been said in one of them until now.
    let empty = sessions::empty_since(write.connection(), before, AT_ONCE).await?;
    for row in empty.into_iter().filter(|row| locked.contains(&row.chat_session_id)) {
        erase::session(&mut write, &state.clock, &row, &Actor::system()).await?;
    }
    write.commit().await?;
    Ok(())
}
