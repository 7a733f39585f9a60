//! Decisions that end something end it within a second: connections to the broker, and event streams.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail anywhere"
)]

use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use muster_testkit::{
    client::Client,
    stack::{PASSWORD, Person, Stack},
};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

const AT_ONCE: Duration = Duration::from_secs(1);

/// What ends, and what goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ends {
    /// The connection of the approved worker.
    Worker,
    /// The connection of another key that waits.
    Waiting,
    /// The event stream of the sign-in that decides.
    Stream,
    /// The event stream of another sign-in.
    OtherStream,
    /// The event stream of an API token.
    TokensStream,
}
use Ends::{OtherStream, Stream, TokensStream, Waiting, Worker};

const ALL: [Ends; 5] = [Worker, Waiting, Stream, OtherStream, TokensStream];

/// Ids that a decision names.
struct Named {
    user: String,
    machine: String,
    worker: String,
    waiting: String,
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

async fn own(client: &Client, path: &str, id: &str) -> String {
    client.get::<Value>(path).await.unwrap()[id].as_str().unwrap().to_owned()
}

/// When it was over, if it was in time.
async fn over(what: Ends, ends: impl Future<Output = ()>, begun: Instant) -> (Ends, Option<Duration>) {
    let ended = tokio::time::timeout(AT_ONCE, ends).await.is_ok();
    (what, ended.then(|| begun.elapsed()))
}

/// A user with everything that can end; answers what has ended a second after the decision, and when the last of it did.
async fn decide(stack: &Stack, admin: &Person, name: &str, decision: &Decision) -> (Vec<Ends>, Duration) {
    let ada = stack.person(name).await;
    let machine = ada.machine("desk").await;
    let worker = machine.worker().await;
    let bare = worker.bare(stack);
    let mut approved = bare.approved(&ada).await;
    let another = worker.bare(stack);
    let (mut waiting, _) = another.connect().await;
    let other = stack.stranger();
    other.sign_in(name, PASSWORD).await.unwrap();
    let devices = other.get::<Value>("/auth/devices").await.unwrap();
    let current = devices["items"].as_array().unwrap().iter().find(|device| device["current"] == true).unwrap();
    let token = ada.client().post::<Value>("/tokens", &json!({ "name": "t", "scopes": ["read"] })).await.unwrap();
    let named = Named {
        user: own(ada.client(), "/auth/me", "userId").await,
        machine: machine.id().to_owned(),
        worker: bare.token().worker.to_string(),
        waiting: another.fingerprint().to_string(),
        other_device: current["deviceId"].as_str().unwrap().to_owned(),
        token: token["tokenId"].as_str().unwrap().to_owned(),
    };
    let streams = [
        ada.client().request(Method::GET, "/events"),
        other.request(Method::GET, "/events"),
        stack.stranger().request(Method::GET, "/events").bearer_auth(token["secret"].as_str().unwrap()),
    ];
    let [first, second, third] = streams.map(stream);
    let (first, second, third) = (first.await, second.await, third.await);

    let begun = Instant::now();
    let ended = async {
        tokio::join!(
            over(Worker, approved.ended(), begun),
            over(Waiting, waiting.ended(), begun),
            over(Stream, first, begun),
            over(OtherStream, second, begun),
            over(TokensStream, third, begun),
        )
    };
    let (method, path, body) = (decision.what)(&named);
    let by = if decision.by_admin { admin.client() } else { ada.client() };
    let (done, ended) = tokio::join!(by.send(method, &path, body.as_ref()), ended);
    done.unwrap();
    let ended = <[_; 5]>::from(ended);
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
        ends: &[Worker, Waiting],
    },
    Decision {
        name: "disable-account",
        by_admin: true,
        what: |named| (Method::PATCH, format!("/users/{}", named.user), Some(json!({ "disabled": true }))),
        ends: &[Worker, Stream, OtherStream, TokensStream],
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
        ends: &[OtherStream],
    },
    Decision {
        name: "end-token",
        by_admin: false,
        what: |named| (Method::DELETE, format!("/tokens/{}", named.token), None),
        ends: &[TokensStream],
    },
    Decision {
        name: "change-password",
        by_admin: false,
        what: |_| {
            let body = json!({ "current": PASSWORD, "next": "another horse, another staple" });
            (Method::POST, "/auth/password".to_owned(), Some(body))
        },
        ends: &[OtherStream],
    },
];

#[tokio::test(flavor = "multi_thread")]
async fn what_a_decision_ends_is_over_within_a_second_and_nothing_else() {
    let stack = Stack::start().await;
    let admin = stack.admin().await;
    for decision in DECISIONS {
        let (ended, last) = decide(&stack, &admin, decision.name, decision).await;
        println!("{}: {ended:?} after {last:?} at most", decision.name);
        assert_eq!(ended, decision.ends, "{}", decision.name);
    }
}
