//! Withdraws a message that waits. One that waits to be answered anew stays, as if that had not been asked.

use muster_contracts::{audit::Action, v1};
use muster_service::problem;

use super::{caller, locked_session, message_of};
use crate::{
    domain::turn::{self, Event},
    state::{Done, State},
    store::{messages, turns, versions},
    tell::{self, Actor},
};

const DELIVERED: &str = "The agent has this message already; stop it instead.";

pub(super) async fn handle(state: State, request: v1::MessageRef) -> Done<v1::Empty> {
    let v1::MessageRef { caller: asked_by, chat_session_id, message_id } = request;
    let caller = caller(asked_by);
    let mut write = state.write().await?;
    let session = locked_session(&mut write, &caller, &chat_session_id).await?;
    let message = message_of(write.connection(), &chat_session_id, &message_id).await?;
    let delivered = || problem::conflict("message-delivered", DELIVERED);
    if turns::was_begun(&mut *write.connection(), &message_id).await? {
        let withdrawn = turn::next(message.status(), Event::Withdraw).ok_or_else(delivered)?;
        messages::put_back(write.connection(), &message_id).await?;
        versions::give_way(write.connection(), &message_id).await?;
        let stays = messages::set_status(write.connection(), &message_id, message.status(), withdrawn).await?;
        let row = stays.ok_or_else(delivered)?;
        tell::message(&mut write, &state.clock, &row).await?;
    } else if messages::withdraw(write.connection(), &message_id, state.clock.now()).await? {
        let restored = versions::restore(write.connection(), &chat_session_id, &message_id).await?;
        tell::messages(&mut write, &state.clock, &restored).await?;
        tell::message_removed(&mut write, &state.clock, &chat_session_id, &message_id).await?;
    } else {
        return Err(delivered().into());
    }
    tell::session(&mut write, &state.clock, &chat_session_id, &Actor::user(&caller)).await?;
    tell::did(&mut write, &state.clock, &session, &Actor::user(&caller), Action::MessageWithdrawn).await?;
    write.commit().await?;
    state.tidy.notify_one();
    Ok(v1::Empty {})
}
