//! The session that a link is for. Of a link that ended as little is told as of one that never was.

use muster_contracts::v1;
use muster_service::problem;

use crate::{
    state::{Done, State},
    store::{sessions, shares},
};

pub(super) async fn handle(state: State, request: v1::OpenSharedRequest) -> Done<v1::ChatSession> {
    let v1::OpenSharedRequest { secret_hash } = request;
    let missing = || problem::not_found("link");
    let found = shares::session_of(state.db.pool(), &secret_hash, state.clock.now()).await?;
    let session = sessions::get(state.db.pool(), &found.ok_or_else(missing)?).await?;
    Ok(session.ok_or_else(missing)?.to_wire())
}
