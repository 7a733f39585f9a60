//! The message whose place a new version takes.

use muster_contracts::v1;
use muster_service::{Write, problem};

use crate::{
    domain::replace::{self, Facts, Refused},
    state::Done,
    store::{MessageRow, messages, turns, versions},
};

/// The message whose place is to be taken, if it can be. It keeps its place until the new version is delivered.
pub(super) async fn find(
    write: &mut Write,
    session_id: &str,
    replaced: &str,
    worker: Option<&v1::Worker>,
) -> Done<MessageRow> {
    let row = messages::get(&mut *write.connection(), replaced).await?;
    let row = row.filter(|row| row.chat_session_id == session_id);
    let row = row.ok_or_else(|| problem::invalid("/replaces", "is not a message of this session"))?;
    let facts = Facts {
        of_user: row.role() == v1::Role::User,
        waits: row.status() == v1::TurnStatus::Queued,
        superseded: row.superseded_by.is_some(),
        copied: row.origin_id.is_some(),
        can_rewind: worker.and_then(|worker| worker.capabilities).is_some_and(|can| can.rewind),
        another_waits: versions::one_waits(write.connection(), session_id).await?,
        busy: turns::open_of_session(&mut *write.connection(), session_id).await?.is_some(),
    };
    match replace::check(facts) {
        Ok(()) => Ok(row),
        Err(refused) => Err(explained(refused).into()),
    }
}

fn explained(refused: Refused) -> v1::Problem {
    match refused {
        Refused::Reply => problem::invalid("/replaces", "is a reply; name the message of yours that it answers"),
        Refused::Waits => {
            problem::conflict("message-waiting", "This message waits still: edit it instead of sending it anew.")
        }
        Refused::CannotRewind => problem::conflict(
            "cannot-rewind",
            "The agent of this worker cannot go back in its conversation; fork the session before this message instead.",
        ),
        Refused::Superseded => {
            problem::conflict("message-superseded", "There is a newer version of this message; change that one.")
        }
        Refused::AnotherWaits => problem::conflict(
            "replacement-waiting",
            "A new version of an earlier message waits already; edit or withdraw that one first.",
        ),
        Refused::Busy => problem::conflict("busy", "The agent is answering; stop it first, or wait until it is done."),
    }
}
