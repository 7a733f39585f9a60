//! A change and the telling of it are one transaction: what is to be told is a
//! row beside the change, and a relay publishes it afterwards, as often as it
//! takes. The row's id is the message's, so that the stream has it once.

use std::{collections::HashMap, time::Duration};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use muster_bus::{Bus, Receipt, StoreError, Storing};
use muster_contracts::{Message, id, subject::Subject};
use sqlx::Row as _;
use tokio_util::sync::CancellationToken;

use crate::{Clock, Db, DbError, Write, db::in_time};

/// Rows of one round.
const ROUND: i64 = 256;
/// What goes into CHUNKS, which refuses what is new when it is full.
const CHUNKS: &str = "chat.v1.stream.%";
/// Subjects on which rows are under way to the broker at once. On each one row follows the other.
const IN_FLIGHT: usize = 64;
/// The database may take this long at each end of a round; what it has not noted by then is told again, which does no
/// harm.
const PATIENCE: Duration = Duration::from_secs(10);
/// What another instance left behind is found by then.
const SWEEP: Duration = Duration::from_secs(1);

/// The table, to stand in each service's migrations.
pub const TABLE: &str =
    "outbox (id TEXT PRIMARY KEY, position BIGINT NOT NULL, subject TEXT NOT NULL, payload BYTEA NOT NULL)";

/// Leaves a message to be told once the transaction is committed.
///
/// # Errors
/// When the database does not take it.
pub async fn put(write: &mut Write, clock: &Clock, subject: &Subject, message: &impl Message) -> Result<(), DbError> {
    write.tells();
    let position = clock.now();
    sqlx::query("INSERT INTO outbox (id, position, subject, payload) VALUES ($1, (SELECT COALESCE(MAX(position), $2) + 1 FROM outbox), $3, $4)")
        .bind(id::random())
        .bind(position)
        .bind(subject.to_string())
        .bind(message.encode_to_vec())
        .execute(write.connection())
        .await?;
    Ok(())
}

/// Publishes what transactions left, until stopped. `stored` hears each
/// receipt. Any number of instances may run it.
pub async fn relay(db: Db, bus: Bus, stop: CancellationToken, stored: impl Fn(&Receipt) + Send + Sync) {
    loop {
        match all(&db, &bus, &stored).await {
            Ok(Round { found: ROUND.., failed: false, .. }) => continue,
            Ok(Round { failed: false, .. }) => {}
            Ok(Round { failed: true, .. }) => tokio::select! {
                _ = bus.connected() => {}
                () = stop.cancelled() => break,
            },
            Err(error) => tracing::warn!(%error, "the outbox cannot be read"),
        }
        tokio::select! {
            () = db.outbox.notified() => {}
            () = tokio::time::sleep(SWEEP) => {}
            () = stop.cancelled() => break,
        }
    }
    // What the last requests left; whatever does not go now is told after the next start.
    let _ = tokio::time::timeout(SWEEP, all(&db, &bus, &stored)).await;
}

struct Round {
    found: i64,
    failed: bool,
    full: bool,
}

/// What CHUNKS has no room for holds up nothing that goes elsewhere.
async fn all(db: &Db, bus: &Bus, stored: &(impl Fn(&Receipt) + Sync)) -> Result<Round, DbError> {
    let first = round(db, bus, "", stored).await?;
    if first.full && first.found == ROUND {
        round(db, bus, CHUNKS, stored).await?;
    }
    Ok(first)
}

/// Publishes the oldest, leaving out subjects of this pattern.
async fn round(db: &Db, bus: &Bus, but: &str, stored: &(impl Fn(&Receipt) + Sync)) -> Result<Round, DbError> {
    let oldest = "SELECT id, subject, payload FROM outbox WHERE subject NOT LIKE $2 ORDER BY position, id LIMIT $1";
    let rows = in_time(PATIENCE, sqlx::query(oldest).bind(ROUND).bind(but).fetch_all(db.pool())).await?;
    let mut messages = Vec::with_capacity(rows.len());
    for row in rows {
        let payload = Bytes::from(row.try_get::<Vec<u8>, _>("payload")?);
        let message = Storing {
            subject: row.try_get("subject")?,
            id: row.try_get("id")?,
            payload,
            first_only: false,
            traceparent: None,
        };
        messages.push(message);
    }
    if messages.is_empty() {
        return Ok(Round { found: 0, failed: false, full: false });
    }
    let found = i64::try_from(messages.len()).unwrap_or(ROUND);
    let results = stream::iter(by_subject(messages))
        .map(|messages| one_after_the_other(bus, messages))
        .buffered(IN_FLIGHT)
        .collect::<Vec<_>>()
        .await
        .concat();

    let (failed, full) = in_time(PATIENCE, forget(db, results, stored)).await?;
    Ok(Round { found, failed, full })
}

type Stored = (String, Result<Receipt, StoreError>);

/// What is told of one thing, in its order; things in the order of what is told first.
fn by_subject(messages: Vec<Storing>) -> Vec<Vec<Storing>> {
    let mut groups = Vec::<Vec<Storing>>::new();
    let mut places = HashMap::new();
    for message in messages {
        let place = *places.entry(message.subject.clone()).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.push(message),
            None => groups.push(vec![message]),
        }
    }
    groups
}

/// What does not go holds up what follows it: whoever hears that something is gone must not hear of it afterwards.
async fn one_after_the_other(bus: &Bus, messages: Vec<Storing>) -> Vec<Stored> {
    let mut results = Vec::with_capacity(messages.len());
    for message in messages {
        let id = message.id.clone();
        let result = bus.store(message).await;
        let stays = result.as_ref().is_err_and(|error| *error != StoreError::TooLarge);
        results.push((id, result));
        if stays {
            break;
        }
    }
    results
}

/// Deletes what was told, and says whether something was not, and for lack of room.
async fn forget(db: &Db, results: Vec<Stored>, stored: &(impl Fn(&Receipt) + Sync)) -> Result<(bool, bool), DbError> {
    let mut write = db.write().await?;
    let (mut failed, mut full) = (false, false);
    for (id, result) in results {
        match result {
            Ok(receipt) => stored(&receipt),
            Err(StoreError::TooLarge) => tracing::error!(id, "a message of the outbox is too large and is given up"),
            Err(error) => {
                tracing::debug!(id, %error, "a message of the outbox stays for the next round");
                failed = true;
                full |= error == StoreError::Full;
                continue;
            }
        }
        sqlx::query("DELETE FROM outbox WHERE id = $1").bind(id).execute(write.connection()).await?;
    }
    write.commit().await?;
    Ok((failed, full))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_of_one_thing_keeps_its_order() {
        let message = |subject: &str, id: &str| Storing {
            subject: subject.to_owned(),
            id: id.to_owned(),
            payload: Bytes::new(),
            first_only: false,
            traceparent: None,
        };
        let told =
            [("a", "1"), ("b", "2"), ("a", "3"), ("c", "4"), ("b", "5")].map(|(subject, id)| message(subject, id));
        let groups = by_subject(told.into());
        let ids = |group: &Vec<Storing>| group.iter().map(|message| message.id.clone()).collect::<Vec<_>>();
        assert_eq!(groups.iter().map(ids).collect::<Vec<_>>(), [vec!["1", "3"], vec!["2", "5"], vec!["4"]]);
    }
}
