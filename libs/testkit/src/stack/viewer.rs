//! Somebody who watches sessions, with a connection that may be cut.
#![expect(clippy::indexing_slicing, reason = "a JSON value answers null for what it does not have")]

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::StreamExt as _;
use reqwest::{Method, RequestBuilder};
use serde_json::json;
use tokio::sync::Notify;
use tokio_util::task::AbortOnDropHandle;

use super::{
    session::Sent,
    sse::{Frame, Parser},
};
use crate::client::Client;

/// Generous: machines that run tests are busy, and a reply may have two thousand steps.
const PATIENCE: Duration = Duration::from_secs(120);
/// Pause before the next try, as a browser has one.
const AGAIN: Duration = Duration::from_millis(100);
/// A connection that says nothing for so long is given up (see the HTTP API's event streams).
const SILENCE: Duration = Duration::from_secs(45);

/// Watches a session, or several on one connection; after each break it goes on from the last events that it got.
#[derive(Debug)]
pub struct Viewer {
    client: Client,
    watched: Watched,
    seen: Arc<Seen>,
    connection: Option<AbortOnDropHandle<()>>,
}

/// Sessions, by their ids.
#[derive(Debug, Clone)]
enum Watched {
    One(String),
    /// And everything else of the user.
    Together(Vec<String>),
}

#[derive(Debug)]
struct Seen {
    state: Mutex<State>,
    more: Notify,
}

#[derive(Debug, Default)]
struct State {
    frames: Vec<Frame>,
    places: Places,
    beats: Beats,
    /// Which connection is the present one: what an earlier one still reads came after it was cut.
    connection: u64,
}

/// The last event's id of each stream, by what it is of.
type Places = BTreeMap<String, String>;

/// How a viewer was kept informed that its connections live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Beats {
    /// Connections that were made.
    pub connections: u64,
    /// Those that began with something else than a beat.
    pub without: u64,
    /// Beats that came.
    pub beats: u64,
}

impl Seen {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watched {
    fn request(&self, client: &Client, places: &Places) -> RequestBuilder {
        match self {
            Self::One(session) => {
                let request = client.request(Method::GET, &format!("/sessions/{session}/events"));
                match places.get(session) {
                    Some(last) => request.header("Last-Event-ID", last),
                    None => request,
                }
            }
            Self::Together(sessions) => {
                let user = places.iter().find(|(of, _)| !sessions.contains(of)).map(|(_, last)| last);
                let sessions =
                    sessions.iter().map(|session| (session, places.get(session))).collect::<BTreeMap<_, _>>();
                client.request(Method::POST, "/events").json(&json!({ "user": user, "sessions": sessions }))
            }
        }
    }
}

impl Viewer {
    pub(super) fn of_one(client: Client, session: String, from: Option<String>) -> Self {
        let places = from.map(|last| (session.clone(), last)).into_iter().collect();
        Self::follow(client, Watched::One(session), places)
    }

    pub(super) fn of_several(client: Client, from: Places) -> Self {
        Self::follow(client, Watched::Together(from.keys().cloned().collect()), from)
    }

    fn follow(client: Client, watched: Watched, places: Places) -> Self {
        let state = Mutex::new(State { places, ..State::default() });
        let mut viewer =
            Self { client, watched, seen: Arc::new(Seen { state, more: Notify::new() }), connection: None };
        viewer.back();
        viewer
    }

    /// Loses the connection.
    pub fn cut(&mut self) {
        self.seen.state().connection += 1;
        self.connection = None;
    }

    /// Connects again, and goes on after the last event.
    pub fn back(&mut self) {
        self.cut();
        let (client, watched, seen) = (self.client.clone(), self.watched.clone(), Arc::clone(&self.seen));
        let number = seen.state().connection;
        self.connection = Some(AbortOnDropHandle::new(tokio::spawn(watch(client, watched, seen, number))));
    }

    /// Connects again as another client does, such as at another instance, and goes on after the last event.
    pub fn back_at(&mut self, client: &Client) {
        self.client = client.clone();
        self.back();
    }

    /// Everything that came, in order, but for beats.
    #[must_use]
    pub fn frames(&self) -> Vec<Frame> {
        self.seen.state().frames.clone()
    }

    /// How many events came so far, but for beats.
    #[must_use]
    pub fn count(&self) -> usize {
        self.seen.state().frames.len()
    }

    /// How it was kept informed so far.
    #[must_use]
    pub fn beats(&self) -> Beats {
        self.seen.state().beats
    }

    /// Waits for the next beat.
    ///
    /// # Panics
    /// When none comes for longer than a connection may be silent.
    pub async fn next_beat(&self) {
        let before = self.beats().beats;
        let waiting = async {
            loop {
                let more = self.seen.more.notified();
                tokio::pin!(more);
                more.as_mut().enable();
                if self.beats().beats > before {
                    return;
                }
                more.await;
            }
        };
        if tokio::time::timeout(SILENCE, waiting).await.is_err() {
            panic!("no beat for {} s", SILENCE.as_secs());
        }
    }

    /// Waits until what came answers `condition` with something.
    ///
    /// # Panics
    /// When it does not in time.
    pub async fn until<T>(&self, what: &str, condition: impl Fn(&[Frame]) -> Option<T>) -> T {
        let waiting = async {
            loop {
                let more = self.seen.more.notified();
                tokio::pin!(more);
                more.as_mut().enable();
                let found = condition(&self.seen.state().frames);
                match found {
                    Some(found) => return found,
                    None => more.await,
                }
            }
        };
        match tokio::time::timeout(PATIENCE, waiting).await {
            Ok(found) => found,
            Err(_) => panic!("the viewer did not see {what}; last it saw {:?}", self.seen.state().frames.last()),
        }
    }

    /// Waits for the final reply to a message, checks that every piece of it
    /// came once and in order, and answers its text.
    ///
    /// # Panics
    /// When the reply does not end, or a piece is missing or came twice.
    pub async fn whole_reply_to(&self, sent: &Sent) -> String {
        let reply = self
            .until("the end of the reply", |frames| {
                frames.iter().rev().find_map(|frame| {
                    let ended = frame.event == "message"
                        && frame.data["replyTo"] == sent.message_id.as_str()
                        && frame.data["role"] == "assistant"
                        && frame.data["completed"] == true;
                    ended.then(|| frame.data.clone())
                })
            })
            .await;
        let message_id = reply["messageId"].as_str().unwrap_or_default();
        let (text, chunks) = self.assembled(message_id);
        if let Some(count) = reply["chunkCount"].as_u64() {
            assert_eq!(chunks, count, "the viewer has another number of chunks than the reply");
        }
        text
    }

    /// Waits until a reply is seen to be final in this revision or a later one, and answers its text and the number of
    /// its chunks, each of which came once and in order.
    ///
    /// # Panics
    /// When it is not seen, or a piece is missing or came twice.
    pub async fn whole_reply(&self, message_id: &str, revision: i64) -> (String, u64) {
        let is_final = |frame: &Frame| {
            frame.event == "message"
                && frame.data["messageId"] == message_id
                && frame.data["completed"] == true
                && frame.data["revision"].as_i64() >= Some(revision)
        };
        self.until("the end of the reply", |frames| frames.iter().rev().any(is_final).then_some(())).await;
        self.assembled(message_id)
    }

    /// The text of a reply so far, and the number of its chunks.
    fn assembled(&self, message_id: &str) -> (String, u64) {
        let (mut text, mut expected) = (String::new(), 1);
        for frame in self.frames().iter().filter(|frame| is_chunk_of(frame, message_id)) {
            let last = frame.data["sequence"].as_u64().unwrap_or_default();
            let first = frame.data["firstSequence"].as_u64().unwrap_or(last);
            assert_eq!(first, expected, "a hole or a repeat in what the viewer got: {frame:?}");
            expected = last + 1;
            if frame.data["kind"] == "text" {
                text.push_str(frame.data["chunk"].as_str().unwrap_or_default());
            }
        }
        (text, expected - 1)
    }
}

fn is_chunk_of(frame: &Frame, message: &str) -> bool {
    frame.event == "chunk" && frame.data["messageId"] == message
}

/// Stays connected for as long as it is not cut.
async fn watch(client: Client, watched: Watched, seen: Arc<Seen>, number: u64) {
    loop {
        connected(&client, &watched, &seen, number).await;
        tokio::time::sleep(AGAIN).await;
    }
}

async fn connected(client: &Client, watched: &Watched, seen: &Seen, number: u64) {
    let request = watched.request(client, &seen.state().places);
    let Ok(Ok(response)) = tokio::time::timeout(SILENCE, request.send()).await else { return };
    if !response.status().is_success() {
        return;
    }
    let (mut body, mut parser, mut begun) = (response.bytes_stream(), Parser::default(), false);
    while let Ok(Some(Ok(bytes))) = tokio::time::timeout(SILENCE, body.next()).await {
        let frames = parser.push(&bytes);
        let mut state = seen.state();
        if state.connection != number {
            return;
        }
        for frame in frames {
            let beat = frame.event == "beat";
            if !std::mem::replace(&mut begun, true) {
                state.beats.connections += 1;
                state.beats.without += u64::from(!beat);
            }
            state.beats.beats += u64::from(beat);
            if let Some((of, _)) = frame.id.as_deref().and_then(|id| id.split_once(':')) {
                state.places.insert(of.to_owned(), frame.id.clone().unwrap_or_default());
            }
            if !beat {
                state.frames.push(frame);
            }
        }
        drop(state);
        seen.more.notify_waiters();
    }
}
