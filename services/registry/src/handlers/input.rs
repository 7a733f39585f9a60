//! Reading what the methods are given.

use std::str::FromStr;

use muster_bus::Handled;
use muster_contracts::{
    fingerprint::Fingerprint,
    id::{InvalidId, UserId, WorkerId},
    limits::NAME_CHARS,
    name,
    v1::{self, Actor, Caller},
};
use muster_service::{DbError, Write, db::is_passing, problem};

use crate::{
    domain::{
        cursor::{InvalidPage, Page},
        worker::Worker,
    },
    store::{
        machines::{self, Machine},
        workers,
    },
};

/// Who asks, and as whom it is told.
pub(super) fn caller(caller: Option<Caller>) -> Handled<(UserId, Actor)> {
    let Caller { user_id, address, token_id } = caller.unwrap_or_default();
    let user = user_id.parse().map_err(|_| problem::invalid("", "The request does not say who asks."))?;
    Ok((user, Actor { user_id, worker_id: String::new(), address, token_id }))
}

/// An id that the caller chose.
pub(super) fn new_id<T: FromStr<Err = InvalidId>>(pointer: &str, text: &str) -> Handled<T> {
    text.parse().map_err(|error: InvalidId| problem::invalid(pointer, error.to_string()))
}

/// An id of something that should exist.
pub(super) fn id<T: FromStr>(what: &str, text: &str) -> Handled<T> {
    text.parse().map_err(|_| problem::not_found(what))
}

pub(super) fn name(text: &str) -> Handled<String> {
    name::parse(text, NAME_CHARS).map(str::to_owned).map_err(|error| problem::invalid("/name", error.to_string()))
}

pub(super) fn fingerprint(text: &str) -> Handled<Fingerprint> {
    text.parse::<Fingerprint>().map_err(|error| problem::invalid("/fingerprint", error.to_string()))
}

pub(super) fn page(page: Option<v1::Page>) -> Handled<Page> {
    Page::try_from(page).map_err(|error| {
        let pointer = match error {
            InvalidPage::Limit => "/limit",
            InvalidPage::Cursor => "/cursor",
        };
        problem::invalid(pointer, error.to_string())
    })
}

/// A database error as the caller sees it.
pub(super) fn failed(error: DbError) -> v1::Problem {
    if is_passing(&error) {
        tracing::warn!(%error, "the database is not to be had");
        return problem::unavailable("The database does not answer; try again in a moment.");
    }
    problem::internal(&error)
}

/// Takes a machine of the caller's for a change.
pub(super) async fn take_machine(write: &mut Write, user: &UserId, id: &str) -> Handled<Machine> {
    let id = self::id("machine", id)?;
    let machine = machines::take(write, &id).await.map_err(failed)?;
    machine.filter(|machine| machine.user == *user).ok_or_else(|| problem::not_found("machine"))
}

/// Takes a worker of the caller's for a change.
pub(super) async fn take_worker(write: &mut Write, user: &UserId, id: &WorkerId) -> Handled<Worker> {
    let worker = workers::take(write, id).await.map_err(failed)?;
    worker.filter(|worker| worker.user == *user).ok_or_else(|| problem::not_found("worker"))
}
