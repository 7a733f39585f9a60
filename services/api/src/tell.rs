//! Telling of accounts, sign-ins and tokens, in the transaction that changes them: every instance hears it.

use std::sync::atomic::Ordering;

use muster_contracts::{
    id::{self, UserId},
    subject::{Entity, EventAddress, Subject},
    v1::{self, event::Object},
};
use muster_service::{DbError, Write, outbox};

use crate::{
    http::caller::Caller,
    state::Shared,
    store::{
        self,
        audit::Deed,
        users::{Account, Role, User},
    },
};

/// What something is: whose, of which kind, with which id.
type About<'a> = (&'a UserId, Entity, &'a str);

/// Something is gone: a sign-in, a token, an account.
pub(crate) async fn removed(
    api: &Shared,
    write: &mut Write,
    about: About<'_>,
    actor: v1::Actor,
) -> Result<(), DbError> {
    event(api, write, about, actor, Object::Removed(v1::Removed {})).await
}

/// An account came or changed.
pub(crate) async fn account(
    api: &Shared,
    write: &mut Write,
    account: &Account,
    actor: v1::Actor,
) -> Result<(), DbError> {
    let Account { user: User { user_id, username, role }, disabled, created_at: _, revision } = account;
    let object = v1::User {
        user_id: user_id.to_string(),
        username: username.clone(),
        admin: *role == Role::Admin,
        disabled: *disabled,
        revision: *revision,
    };
    event(api, write, (user_id, Entity::User, user_id.as_str()), actor, Object::User(object)).await
}

/// Who did it, and from where.
pub(crate) fn actor(caller: &Caller) -> v1::Actor {
    v1::Actor { token_id: caller.token().to_owned(), ..person(caller.id(), &caller.address) }
}

/// The same for somebody who is not signed in yet.
pub(crate) fn person(user: &UserId, address: &str) -> v1::Actor {
    v1::Actor { user_id: user.to_string(), address: address.to_owned(), ..v1::Actor::default() }
}

/// Notes for the audit log what was done to something of `owner`'s.
pub(crate) async fn did(
    api: &Shared,
    write: &mut Write,
    owner: &UserId,
    actor: &v1::Actor,
    audit: &v1::Audit,
) -> Result<(), DbError> {
    let place = api.deeds.fetch_add(1, Ordering::Relaxed);
    let deed = Deed { id: &id::random(), at: api.clock.now(), place, owner, actor, audit };
    store::audit::insert(write, deed).await
}

async fn event(
    api: &Shared,
    write: &mut Write,
    (user, entity, id): About<'_>,
    actor: v1::Actor,
    object: Object,
) -> Result<(), DbError> {
    let subject = Subject::Event(EventAddress { user: user.clone(), entity, id: id.to_owned() });
    let event = v1::Event { actor: Some(actor), timestamp: api.clock.now(), object: Some(object) };
    outbox::put(write, &api.clock, &subject, &event).await
}
