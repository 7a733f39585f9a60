//! GET /audit

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use muster_contracts::audit::Action;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::csv;
use crate::{
    http::{
        caller::{Caller, Credential},
        extract::Asked,
        model::audit::AuditEntry,
        page::{self, List},
        problem::Problem,
    },
    state::Shared,
    store::{
        self,
        audit::{Entry, Filter, Place},
        users::Role,
    },
};

/// Which entries, and how.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditQuery {
    /// A page as JSON, or everything that the filters leave as CSV.
    #[param(inline, nullable = false)]
    format: Option<Format>,
    /// Everybody's entries instead of one's own; for administrators who are signed in, not for their tokens.
    #[param(nullable = false)]
    all: Option<bool>,
    /// Only what was done to this kind of thing, for example `machine`.
    #[param(nullable = false)]
    entity: Option<String>,
    /// Only this, for example `worker.approved`.
    #[param(nullable = false)]
    action: Option<String>,
    /// Only what was done to the thing of this id, or to what belongs to it.
    #[param(nullable = false)]
    object: Option<String>,
    /// Only what this user did.
    #[param(nullable = false)]
    actor: Option<String>,
    /// From this time on, milliseconds since the epoch.
    #[param(nullable = false)]
    since: Option<i64>,
    /// Before this time, milliseconds since the epoch.
    #[param(nullable = false)]
    until: Option<i64>,
    /// Items of the page, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50, nullable = false)]
    limit: Option<u32>,
    /// `nextCursor` of the page before.
    #[param(nullable = false)]
    cursor: Option<String>,
}

/// How the log is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    Json,
    Csv,
}

/// Who did what, newest first: to one's own things, or for administrators to everybody's; what others' sessions are
/// called and what is asked in them is left out.
#[utoipa::path(get, path = "/audit", tag = "audit", params(AuditQuery),
    responses((status = 200, content((List<AuditEntry> = "application/json"), (String = "text/csv")))))]
pub(crate) async fn list(
    State(api): State<Shared>,
    caller: Caller,
    Asked(query): Asked<AuditQuery>,
) -> Result<Response, Problem> {
    let AuditQuery { format, all, entity, action, object, actor, since, until, limit, cursor } = query;
    let all = all.unwrap_or(false);
    if all && caller.user.role != Role::Admin {
        let detail = "Only an administrator sees what others did; leave `all` out to see your own.";
        return Err(Problem::new(StatusCode::FORBIDDEN, "missing-role", detail));
    }
    if all && let Credential::Token(_) = caller.credential {
        let detail = "Only a person who is signed in sees what others did; leave `all` out to see your own.";
        return Err(Problem::new(StatusCode::FORBIDDEN, "missing-scope", detail));
    }
    let filter = Filter {
        owner: (!all).then(|| caller.id().clone()),
        entity: known(entity, "entity", |entity| Action::ALL.iter().any(|action| action.entity() == entity))?,
        action: known(action, "action", |action| action.parse::<Action>().is_ok())?,
        object: object.unwrap_or_default(),
        actor: actor.unwrap_or_default(),
        since: since.unwrap_or(i64::MIN),
        until: until.unwrap_or(i64::MAX),
    };
    let behind = cursor.map(|cursor| place(&cursor)).transpose()?;
    if format == Some(Format::Csv) {
        return Ok(csv::export(api, caller.user.user_id, filter, behind));
    }
    let limit = usize::try_from(page::size(limit)?).unwrap_or(usize::MAX);
    let mut entries = store::audit::list(&api.db, &filter, behind.as_ref(), limit + 1).await?;
    let more = entries.len() > limit;
    entries.truncate(limit);
    let next = entries.last().filter(|_| more).map(cursor_behind);
    let entries = entries.into_iter().map(|entry| entry.seen_by(caller.id())).collect();
    Ok(Json(List::<AuditEntry>::of(entries, next)).into_response())
}

fn cursor_behind(entry: &Entry) -> String {
    format!("{}.{}.{}", entry.at, entry.place, entry.audit_id)
}

fn place(cursor: &str) -> Result<Place, Problem> {
    let mut parts = cursor.splitn(3, '.');
    let mut number = || parts.next()?.parse().ok();
    let (at, place) = (number(), number());
    let id = parts.next().map(str::to_owned);
    let place = at.zip(place).zip(id).map(|((at, place), audit_id)| Place { at, place, audit_id });
    place.ok_or_else(|| Problem::invalid("/cursor", "is not a nextCursor of the page before"))
}

fn known(word: Option<String>, name: &str, is: impl Fn(&str) -> bool) -> Result<String, Problem> {
    match word {
        Some(word) if !is(&word) => {
            Err(Problem::invalid(&format!("/{name}"), "is none that the log knows; see the API's document"))
        }
        word => Ok(word.unwrap_or_default()),
    }
}
