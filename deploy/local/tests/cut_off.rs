//! Decisions that end something end it within a second: connections to the broker, and event streams.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail anywhere"
)]

use std::time::{Duration, Instant};

use futures_util::{
    FutureExt as _, StreamExt as _,
    future::{BoxFuture, join_all},
};
use muster_testkit::{
    client::Client,
    stack::{PASSWORD, Person, Stack},
};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

const AT_ONCE: Duration = Duration::from_secs(1);
/// The user's, a session's, and both on one connection.
const STREAMS: [&str; 3] = ["GET /events", "GET /sessions/{id}/events", "POST /events"];

/// What ends, and what goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ends {
    /// The connection of the approved worker.
    Worker,
    /// The connection of another key that waits.
    Waiting,
    /// The connection of a worker that nobody has approved.
    Asking,
    /// The event streams of the sign-in that decides.
    Streams,
    /// The event streams of another sign-in.
    OthersStreams,
    /// The event streams of an API token.
    TokensStreams,
}
use Ends::{Asking, OthersStreams, Streams, TokensStreams, Waiting, Worker};

const ALL: [Ends; 6] = [Worker, Waiting, Asking, Streams, OthersStreams, TokensStreams];

/// Ids that a decision names.
struct Named {
    user: String,
    machine: String,
    worker: String,
    waiting: String,
    asking: String,
    other_device: String,
    token: String,
}

/// An open event stream; ready when it is over.
async fn stream(request: RequestBuilder) -> impl Future<Output = ()> {
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let mut body = answer.bytes_stream();
    body.next().await.unwrap().unwrap();
    async move { while let Some(Ok(_)) = body.next().await {} }
}

/// The event streams that there are, and what each of them is called.
async fn streams(of: &Client, token: Option<&str>, session: &str) -> [(&'static str, BoxFuture<'static, ()>); 3] {
    let asked = json!({ "sessions": { session: null } });
    let requests = [
        (STREAMS[0], of.request(Method::GET, "/events")),
        (STREAMS[1], of.request(Method::GET, &format!("/sessions/{session}/events"))),
        (STREAMS[2], of.request(Method::POST, "/events").json(&asked)),
    ];
    let opened = requests.map(|(name, request)| async move {
        let request = if let Some(token) = token { request.bearer_auth(token) } else { request };
        (name, stream(request).await.boxed())
    });
    join_all(opened).await.try_into().unwrap_or_else(|_| panic!("three were asked for"))
}

async fn own(client: &Client, path: &str, id: &str) -> String {
    client.get::<Value>(path).await.unwrap()[id].as_str().unwrap().to_owned()
}

/// When it was over, if it was in time.
async fn over(
    what: (Ends, &'static str),
    ends: impl Future<Output = ()>,
    decided: Instant,
) -> ((Ends, &'static str), Option<Duration>) {
    let ended = tokio::time::timeout(AT_ONCE, ends).await.is_ok();
    (what, ended.then(|| decided.elapsed()))
}

/// A user with everything that can end; answers what has ended a second after the decision, and when the last of it did.
async fn decide(stack: &Stack, admin: &Person, decision: &Decision) -> (Vec<(Ends, &'static str)>, Duration) {
    let ada = stack.person(decision.name).await;
    let machine = ada.machine("desk").await;
    let worker = machine.worker().await;
    let bare = worker.bare(stack);
    let mut approved = bare.approved(&ada).await;
    let (another, new) = (worker.bare(stack), machine.worker().await.bare(stack));
    let ((mut waiting, _), (mut asking, _)) = (another.connect().await, new.connect().await);
    let path = format!("/workers/{}/sessions", bare.token().worker);
    let session = ada.client().post::<Value>(&path, &json!({ "model": "any" })).await.unwrap();
    let session = session["chatSessionId"].as_str().unwrap();
    let other = stack.stranger();
    other.sign_in(decision.name, PASSWORD).await.unwrap();
    let devices = other.get::<Value>("/auth/devices").await.unwrap();
    let current = devices["items"].as_array().unwrap().iter().find(|device| device["current"] == true).unwrap();
    let token = ada.client().post::<Value>("/tokens", &json!({ "name": "t", "scopes": ["read"] })).await.unwrap();
    let named = Named {
        user: own(ada.client(), "/auth/me", "userId").await,
        machine: machine.id().to_owned(),
        worker: bare.token().worker.to_string(),
        waiting: another.fingerprint().to_string(),
        asking: new.token().worker.to_string(),
        other_device: current["deviceId"].as_str().unwrap().to_owned(),
        token: token["tokenId"].as_str().unwrap().to_owned(),
    };
    let opened = [
        (Streams, streams(ada.client(), None, session).await),
        (OthersStreams, streams(&other, None, session).await),
        (TokensStreams, streams(&stack.stranger(), token["secret"].as_str(), session).await),
    ];

    let connections =
        [(Worker, approved.ended().boxed()), (Waiting, waiting.ended().boxed()), (Asking, asking.ended().boxed())];
    let connections = connections.map(|(what, ends)| ((what, "connection"), ends));
    let streams = opened.into_iter().flat_map(|(whose, all)| all.map(|(name, ends)| ((whose, name), ends)));
    let (method, path, body) = (decision.what)(&named);
    let by = if decision.by_admin { admin.client() } else { ada.client() };
    by.send(method, &path, body.as_ref()).await.unwrap();
    let decided = Instant::now();
    let ended = join_all(connections.into_iter().chain(streams).map(|(what, ends)| over(what, ends, decided))).await;
    let last = ended.iter().filter_map(|(_, after)| *after).max().unwrap_or_default();
    (ended.into_iter().filter_map(|(what, after)| after.map(|_| what)).collect(), last)
}

struct Decision {
    name: &'static str,
    by_admin: bool,
    what: fn(&Named) -> (Method, String, Option<Value>),
    ends: &'static [Ends],
}

const DECISIONS: &[Decision] = &[
    Decision {
        name: "remove-worker",
        by_admin: false,
        what: |named| (Method::DELETE, format!("/workers/{}", named.worker), None),
        ends: &[Worker, Waiting],
    },
    Decision {
        name: "reject-key",
        by_admin: false,
        what: |named| {
            (Method::POST, format!("/workers/{}/reject", named.worker), Some(json!({ "fingerprint": named.waiting })))
        },
        ends: &[Waiting],
    },
    Decision {
        name: "reject-worker",
        by_admin: false,
        what: |named| (Method::POST, format!("/workers/{}/reject", named.asking), Some(json!({}))),
        ends: &[Asking],
    },
    Decision {
        name: "dismiss-key",
        by_admin: false,
        what: |named| (Method::DELETE, format!("/workers/{}/registrations/{}", named.worker, named.waiting), None),
        ends: &[Waiting],
    },
    Decision {
        name: "approve-other-key",
        by_admin: false,
        what: |named| {
            (Method::POST, format!("/workers/{}/approve", named.worker), Some(json!({ "fingerprint": named.waiting })))
        },
        ends: &[Worker, Waiting],
    },
    Decision {
        name: "delete-machine",
        by_admin: false,
        what: |named| (Method::DELETE, format!("/machines/{}", named.machine), None),
        ends: &[Worker, Waiting, Asking],
    },
    Decision {
        name: "disable-account",
        by_admin: true,
        what: |named| (Method::PATCH, format!("/users/{}", named.user), Some(json!({ "disabled": true }))),
        ends: &ALL,
    },
    Decision {
        name: "delete-account",
        by_admin: true,
        what: |named| (Method::DELETE, format!("/users/{}", named.user), None),
        ends: &ALL,
    },
    Decision {
        name: "sign-out-device",
        by_admin: false,
        what: |named| (Method::DELETE, format!("/auth/devices/{}", named.other_device), None),
        ends: &[OthersStreams],
    },
    Decision {
        name: "end-token",
        by_admin: false,
        what: |named| (Method::DELETE, format!("/tokens/{}", named.token), None),
        ends: &[TokensStreams],
    },
    Decision {
        name: "change-password",
        by_admin: false,
        what: |_| {
            let body = json!({ "current": PASSWORD, "next": "another horse, another staple" });
            (Method::POST, "/auth/password".to_owned(), Some(body))
        },
        ends: &[OthersStreams],
    },
];

#[tokio::test(flavor = "multi_thread")]
async fn what_a_decision_ends_is_over_within_a_second_and_nothing_else() {
    let stack = Stack::start().await;
    let admin = stack.admin().await;
    for decision in DECISIONS {
        let (ended, last) = decide(&stack, &admin, decision).await;
        println!("{}: {ended:?} after {last:?} at most", decision.name);
        let expected = decision.ends.iter().flat_map(|&what| match what {
            Worker | Waiting | Asking => vec![(what, "connection")],
            Streams | OthersStreams | TokensStreams => STREAMS.map(|name| (what, name)).to_vec(),
        });
        assert_eq!(ended, expected.collect::<Vec<_>>(), "{}", decision.name);
    }
}
