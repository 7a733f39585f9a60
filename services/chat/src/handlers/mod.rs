//! The methods that the api calls, a file for each.

mod answer;
mod ask_worker;
mod cancel_turn;
mod commit_attachment;
mod continue_queue;
mod create_session;
mod delete_session;
mod discard_attachment;
mod edit_message;
mod end_session;
mod fork_session;
mod get_attachment;
mod get_session;
mod list_messages;
mod list_requests;
mod list_sessions;
mod mark_read;
mod open_shared;
mod read_message;
mod refresh_models;
mod replaceable;
mod requests_of_reply;
mod reserve_attachment;
mod restore_session;
mod retry;
mod send_message;
mod send_now;
mod share_session;
mod unshare_session;
mod update_session;
mod withdraw_message;

use std::future::Future;

use futures_util::future::BoxFuture;
use muster_bus::{CallError, Endpoints, Handled};
use muster_contracts::{Message, limits, method, model, name, v1};
use muster_service::{Write, problem};
use sqlx::AnyConnection;

use crate::{
    state::{Done, State, answer as told},
    store::{MessageRow, SessionRow, messages, sessions},
};

/// A handler with the state that it needs.
fn with<M, F>(
    state: &State,
    handler: fn(State, M::Request) -> F,
) -> impl Fn(M::Request) -> BoxFuture<'static, Handled<M::Reply>> + Send + Sync + 'static
where
    M: method::Method,
    F: Future<Output = Done<M::Reply>> + Send + 'static,
{
    let state = state.clone();
    move |request| {
        let handled = handler(state.clone(), request);
        Box::pin(async move { told(handled.await) })
    }
}

/// Announces every method.
///
/// # Errors
/// When the broker is not connected.
pub async fn announce(state: &State, endpoints: Endpoints) -> Result<Endpoints, CallError> {
    macro_rules! methods {
        ($endpoints:ident, $($method:ident => $handler:path),* $(,)?) => {{
            $(let $endpoints = $endpoints.method::<method::$method, _, _>(with::<method::$method, _>(state, $handler)).await?;)*
            Ok($endpoints)
        }};
    }
    methods!(endpoints,
        Answer => answer::handle,
        AskWorker => ask_worker::handle,
        CancelTurn => cancel_turn::handle,
        CommitAttachment => commit_attachment::handle,
        ContinueQueue => continue_queue::handle,
        CreateSession => create_session::handle,
        DeleteSession => delete_session::handle,
        DiscardAttachment => discard_attachment::handle,
        EditMessage => edit_message::handle,
        EndSession => end_session::handle,
        GetAttachment => get_attachment::handle,
        ForkSession => fork_session::handle,
        GetSession => get_session::handle,
        ListMessages => list_messages::handle,
        ListRequests => list_requests::handle,
        ListSessions => list_sessions::handle,
        MarkRead => mark_read::handle,
        OpenShared => open_shared::handle,
        ReadMessage => read_message::handle,
        RefreshModels => refresh_models::handle,
        RequestsOfReply => requests_of_reply::handle,
        ReserveAttachment => reserve_attachment::handle,
        RestoreSession => restore_session::handle,
        Retry => retry::handle,
        SendMessage => send_message::handle,
        SendNow => send_now::handle,
        ShareSession => share_session::handle,
        UnshareSession => unshare_session::handle,
        UpdateSession => update_session::handle,
        WithdrawMessage => withdraw_message::handle,
    )
}

/// Who asks; the api has made sure of it.
fn caller(caller: Option<v1::Caller>) -> v1::Caller {
    caller.unwrap_or_default()
}

/// The caller's session; another's does not exist for them.
async fn own_session(connection: &mut AnyConnection, caller: &v1::Caller, session_id: &str) -> Done<SessionRow> {
    let session = sessions::get(connection, session_id).await?;
    session.filter(|session| session.user_id == caller.user_id).ok_or_else(|| problem::not_found("session").into())
}

/// The caller's session, which nobody else changes until the transaction ends.
async fn locked_session(write: &mut Write, caller: &v1::Caller, session_id: &str) -> Done<SessionRow> {
    sessions::lock(write.connection(), session_id).await?;
    own_session(write.connection(), caller, session_id).await
}

/// The session that was made under an id before: asked for again it is the same one, and anything else a conflict.
async fn existing(
    connection: &mut AnyConnection,
    caller: &v1::Caller,
    session_id: &str,
    same: impl FnOnce(&SessionRow) -> bool,
) -> Done<v1::ChatSession> {
    let existing = sessions::get(connection, session_id).await?;
    let same = existing.filter(|existing| existing.user_id == caller.user_id && same(existing));
    let taken = || problem::conflict("id-taken", "There is another session with this id; choose another.").into();
    same.map(|existing| existing.to_wire()).ok_or_else(taken)
}

/// A message of a session.
async fn message_of(connection: &mut AnyConnection, session_id: &str, message_id: &str) -> Done<MessageRow> {
    let message = messages::get(connection, message_id).await?;
    message.filter(|message| message.chat_session_id == session_id).ok_or_else(|| problem::not_found("message").into())
}

/// What a user may write; with files, nothing needs to be said.
fn checked_content(content: &str, has_files: bool) -> Done<()> {
    if content.trim().is_empty() && !has_files {
        return Err(problem::invalid("/content", "must not be blank").into());
    }
    if content.len() > limits::MESSAGE_BYTES {
        let detail = format!("must be at most {} bytes; attach longer text as a file", limits::MESSAGE_BYTES);
        return Err(problem::invalid("/content", detail).into());
    }
    if content.contains('\0') {
        return Err(problem::invalid("/content", "must not contain the character NUL").into());
    }
    Ok(())
}

/// Whether the worker offers a model. One that has not told its models yet may offer any.
fn checked_model(worker: Option<&v1::Worker>, model: &str) -> Done<()> {
    let offered = worker.is_none_or(|worker| !worker.models_known || model::named(&worker.models, model).is_some());
    let shape = (1..=limits::MODEL_ID_BYTES).contains(&model.len()) && !model.chars().any(char::is_control);
    if offered && shape {
        return Ok(());
    }
    Err(problem::invalid("/model", "is not a model that this worker offers; see its models").into())
}

/// A file's name as it may be kept: the api has made it so.
fn checked_file_name(name: &str) -> Done<()> {
    match name::parse(name, limits::FILE_NAME_CHARS) {
        Ok(_) => Ok(()),
        Err(error) => Err(problem::invalid("/name", error.to_string()).into()),
    }
}

/// A mode as a user may name it: which ones there are, its backend knows.
fn checked_mode(mode: Option<&str>) -> Done<()> {
    match mode.map(|mode| name::parse(mode, limits::NAME_CHARS)) {
        Some(Err(error)) => Err(problem::invalid("/mode", error.to_string()).into()),
        Some(Ok(_)) | None => Ok(()),
    }
}

/// How many items a page has.
fn page_size(limit: u32) -> i64 {
    i64::from(if limit == 0 { limits::PAGE_DEFAULT } else { limit.min(limits::PAGE_MAX) })
}

/// A cursor of a time and an id, as it was given out.
fn cursor(text: Option<&str>) -> Done<Option<(i64, String)>> {
    let Some(text) = text else { return Ok(None) };
    let parsed = text.split_once('.').and_then(|(time, id)| Some((time.parse().ok()?, id.to_owned())));
    parsed.map(Some).ok_or_else(|| problem::invalid("/cursor", "is not a cursor from the page before").into())
}

/// Leaves as many items as a page has and an answer can carry, but at least one; true when there are more.
fn cut<T: Message>(items: &mut Vec<T>, size: i64) -> bool {
    let (found, mut bytes) = (items.len(), 0);
    let fit = items.iter().take_while(|item| {
        bytes += item.encoded_len();
        bytes <= limits::ANSWER_BYTES
    });
    let kept = fit.count().max(1).min(usize::try_from(size).unwrap_or(usize::MAX));
    items.truncate(kept);
    kept < found
}
