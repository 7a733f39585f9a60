//! What must hold when everything runs again.

use std::{fmt::Display, sync::Arc, time::Duration};

use reqwest::Method;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{
    stored::Stream,
    world::{UP_TO, Watched},
};
use crate::{
    client::Message,
    stack::{Messages, Sent, Session, Stack},
};

/// Longer than the slowest reply on a busy machine, and than a turn of a lost worker is kept open.
const PATIENCE: Duration = Duration::from_secs(150);
const LOOK: Duration = Duration::from_millis(200);
const MESSAGES: &str = "/messages?limit=200";

/// What was looked at, and found to be right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Checked {
    /// Replies that were whole.
    pub completed: u64,
    /// Replies whose worker was killed: as far as they came, with a reason, and answered by a retry.
    pub interrupted: u64,
    /// Viewers that had every piece of their reply once.
    pub viewers: u64,
    /// Connections that viewers made.
    pub connections: u64,
    /// Chunks that the stream has.
    pub chunks: u64,
}

/// Everything, of every session.
pub(super) async fn all(stack: &Stack, worker: &str, watched: &[Watched], worker_killed: bool) -> Checked {
    let mut checked = Checked::default();
    let stream = Stream::of(stack);
    let mut interrupted = Vec::new();
    for watched in watched {
        let reply = settled(&watched.session, &watched.sent, worker_killed).await;
        whole(watched, &reply, worker, &stream, &mut checked).await;
        if reply.status == "interrupted" {
            assert!(reply.error.is_some(), "an interrupted reply says why: {reply:?}");
            interrupted.push(watched);
        }
    }
    // All before the first is waited for: they are answered at the same time.
    for Watched { session, sent, .. } in &interrupted {
        let path = format!("/sessions/{}/messages/{}/retry", session.id(), sent.message_id);
        right("a retry is taken", session.client().send(Method::POST, &path, None).await);
    }
    for watched in &interrupted {
        let again = settled(&watched.session, &watched.sent, false).await;
        whole(watched, &again, worker, &stream, &mut checked).await;
        checked.interrupted += 1;
    }
    for watched in watched {
        let retried = interrupted.iter().any(|other| other.sent == watched.sent);
        nothing_twice(&watched.session, if retried { 2 } else { 1 }, &stream).await;
        checked.completed += 1;
    }
    let mut viewers = watched.iter().flat_map(|watched| &watched.viewers).collect::<Vec<_>>();
    viewers.sort_by_key(|viewer| Arc::as_ptr(viewer));
    viewers.dedup_by(|one, other| Arc::ptr_eq(one, other));
    for viewer in viewers {
        let beats = viewer.beats();
        assert_eq!(beats.without, 0, "a connection that did not begin with a beat");
        checked.connections += beats.connections;
    }
    checked
}

/// What the api answers, once it is `so`. Until the last dead connection is noticed a part may not answer it.
async fn until<T: DeserializeOwned, A>(
    session: &Session,
    path: &str,
    what: &str,
    so: impl Fn(T) -> Result<A, String>,
) -> A {
    let mut seen = "nothing was answered".to_owned();
    let looking = async {
        loop {
            match session.client().get(&format!("/sessions/{}{path}", session.id())).await.map(&so) {
                Ok(Ok(answer)) => return answer,
                Ok(Err(other)) => seen = other,
                Err(_) => {}
            }
            tokio::time::sleep(LOOK).await;
        }
    };
    match tokio::time::timeout(PATIENCE, looking).await {
        Ok(answer) => answer,
        Err(_) => panic!("{what} after {} s: {seen}", PATIENCE.as_secs()),
    }
}

/// The reply that stands, once nothing more will become of it. It is whole, unless its worker was killed.
async fn settled(session: &Session, sent: &Sent, worker_killed: bool) -> Message {
    let so = |page| {
        let reply = standing(page, sent);
        let settled = |reply: &Message| reply.status == "completed" || worker_killed && reply.status == "interrupted";
        reply.clone().filter(settled).ok_or_else(|| shown(reply.as_ref()))
    };
    until(session, MESSAGES, "the reply is not whole", so).await
}

fn standing(page: Messages, sent: &Sent) -> Option<Message> {
    let of = |message: &Message| message.reply_to.as_ref() == Some(&sent.message_id) && message.superseded_by.is_none();
    page.items.into_iter().rev().find(of)
}

fn shown(reply: Option<&Message>) -> String {
    reply.map_or_else(
        || "there is none".to_owned(),
        |reply| format!("{}, {:?}, {} bytes", reply.status, reply.error, reply.content.len()),
    )
}

/// Every viewer and the stream have exactly what is stored.
async fn whole(watched: &Watched, reply: &Message, worker: &str, stream: &Stream, checked: &mut Checked) {
    let counted = counted();
    if reply.status == "completed" {
        assert!(reply.content == counted, "the stored text is not 1 to {UP_TO}: {}", shown(Some(reply)));
    } else {
        assert!(counted.starts_with(&reply.content), "the stored text has a hole: {}", shown(Some(reply)));
    }
    let hash = data_encoding::HEXLOWER.encode(&Sha256::digest(reply.content.as_bytes()));
    assert_eq!(reply.content_hash.as_deref(), Some(hash.as_str()), "the hash of the stored text");

    let session = &watched.session;
    let kept = stream.reply(worker, session.id(), &reply.message_id, reply.chunk_count.unwrap_or_default()).await;
    assert_eq!(kept.starts, 1, "a turn starts once");
    let (kept_bytes, bytes) = (kept.text.len(), reply.content.len());
    assert!(kept.text == reply.content, "the stream has {kept_bytes} bytes, and {bytes} others are stored");
    assert_eq!(Some(kept.chunks), reply.chunk_count, "the stream has another number of chunks than what is stored");
    checked.chunks += kept.chunks;

    for viewer in &watched.viewers {
        let (text, chunks) = viewer.whole_reply(&reply.message_id, reply.revision).await;
        assert_eq!(text, reply.content, "a viewer has another text than what is stored");
        assert_eq!(Some(chunks), reply.chunk_count, "a viewer has another number of chunks than what is stored");
        assert!(viewer.frames().iter().all(|frame| frame.event != "resync"), "a viewer lost its place");
        checked.viewers += 1;
    }
}

/// So many replies, each begun once, and nothing is open.
async fn nothing_twice(session: &Session, replies: usize, stream: &Stream) {
    let messages = until(session, MESSAGES, "no messages", |page: Messages| Ok(page.items)).await;
    let of_worker = messages.iter().filter(|message| message.role == "assistant").count();
    assert_eq!(of_worker, replies, "replies to one message");
    assert_eq!(stream.starts(session.id()).await, replies, "starts in the stream");
    for message in &messages {
        assert!(message.completed, "an unfinished turn: {message:?}");
    }
    let idle = |seen: Value| match seen.get("activity").and_then(Value::as_str) {
        Some("idle") => Ok(()),
        other => Err(format!("{other:?}")),
    };
    until(session, "", "the session is not idle", idle).await;
}

fn counted() -> String {
    (1..=UP_TO).map(|number| format!("{number}\n")).collect()
}

fn right<T, E: Display>(what: &str, result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{what}: {error}"),
    }
}
