//! POST /auth/logout

use axum::{extract::State, response::IntoResponse};
use http::StatusCode;
use muster_contracts::{
    id::UserId,
    subject::{Entity, EventAddress, Subject},
    v1,
};
use muster_service::{DbError, Write, outbox};

use super::sign_in;
use crate::{
    http::{caller::Caller, problem::Problem},
    state::Shared,
    store,
};

/// Ends this sign-in and its event streams.
#[utoipa::path(post, path = "/auth/logout", tag = "auth", responses((status = 204)))]
pub(crate) async fn logout(State(api): State<Shared>, caller: Caller) -> Result<impl IntoResponse, Problem> {
    let mut write = api.db.write().await?;
    end(&api, &mut write, caller.id(), &caller.device).await?;
    write.commit().await?;
    Ok((StatusCode::NO_CONTENT, sign_in::expired(&api)))
}

/// Ends a sign-in and tells every instance; `false` if there was none.
pub(super) async fn end(api: &Shared, write: &mut Write, user: &UserId, device: &str) -> Result<bool, DbError> {
    let was = store::devices::delete(write, user, device).await?;
    if was {
        tell_removed(api, write, user, device).await?;
    }
    Ok(was)
}

/// Tells every instance that a sign-in is over.
pub(super) async fn tell_removed(api: &Shared, write: &mut Write, user: &UserId, device: &str) -> Result<(), DbError> {
    let subject = Subject::Event(EventAddress { user: user.clone(), entity: Entity::Device, id: device.to_owned() });
    let actor = v1::Actor { user_id: user.to_string(), worker_id: String::new(), address: String::new() };
    let object = Some(v1::event::Object::Removed(v1::Removed {}));
    outbox::put(write, &api.clock, &subject, &v1::Event { actor: Some(actor), timestamp: api.clock.now(), object })
        .await
}
