//! Telling of accounts, sign-ins and tokens, in the transaction that changes them: every instance hears it.

use muster_contracts::{
    id::UserId,
    subject::{Entity, EventAddress, Subject},
    v1::{self, event::Object},
};
use muster_service::{DbError, Write, outbox};

use crate::{
    state::Shared,
    store::users::{Role, User},
};

/// Something of a user's is gone: a sign-in, a token, the account.
pub(crate) async fn removed(
    api: &Shared,
    write: &mut Write,
    user: &UserId,
    entity: Entity,
    id: &str,
) -> Result<(), DbError> {
    event(api, write, (user, entity, id), actor(user, ""), Object::Removed(v1::Removed {})).await
}

/// An account came or changed.
pub(crate) async fn account(api: &Shared, write: &mut Write, user: &User, address: &str) -> Result<(), DbError> {
    let User { user_id, username, role } = user;
    let account = v1::User {
        user_id: user_id.to_string(),
        username: username.clone(),
        admin: *role == Role::Admin,
        disabled: false,
    };
    let about = (user_id, Entity::User, user_id.as_str());
    event(api, write, about, actor(user_id, address), Object::User(account)).await
}

fn actor(user: &UserId, address: &str) -> v1::Actor {
    v1::Actor { user_id: user.to_string(), worker_id: String::new(), address: address.to_owned() }
}

async fn event(
    api: &Shared,
    write: &mut Write,
    (user, entity, id): (&UserId, Entity, &str),
    actor: v1::Actor,
    object: Object,
) -> Result<(), DbError> {
    let subject = Subject::Event(EventAddress { user: user.clone(), entity, id: id.to_owned() });
    let event = v1::Event { actor: Some(actor), timestamp: api.clock.now(), object: Some(object) };
    outbox::put(write, &api.clock, &subject, &event).await
}
