//! Who did what, over all services.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail anywhere"
)]

use std::{
    collections::HashSet,
    sync::Mutex,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use muster_contracts::{Message as _, audit::Action, id::MessageId, subject::RegistryVerb, v1::RegisterRequest};
use muster_testkit::{
    client::Message,
    stack::{Engine, PASSWORD, Person, Running, Sent, Session, Setup, Stack},
};
use reqwest::Method;
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(20);
const SECRET: &str = "echo What I write to an agent is between the two of us, and this is the end of it.";

/// What other tests do and find in the log.
const ELSEWHERE: &[Action] = &[
    // passkeys.rs of the api: a_passkey_is_added_signs_in_and_is_removed
    Action::PasskeyAdded,
    Action::PasskeyRemoved,
    // passkeys.rs of the api: what_a_passkey_answers_must_fit_in_everything
    Action::PasskeyRefused,
    // oidc.rs of the api: a_person_links_and_unlinks_but_never_the_last_way_in
    Action::IdentityLinked,
    Action::IdentityUnlinked,
    // storage.rs: a_worker_that_floods_the_stream_is_cut_off_until_its_owner_lets_it_in_again
    Action::WorkerCutOff,
    Action::WorkerReadmitted,
];

/// An action, to what, what that is called, and what exactly.
type Deed<'a> = (Action, &'a str, &'a str, &'a str);

/// A stack with somebody on it, and which actions were found in the log.
struct Scene {
    stack: Stack,
    admin: Person,
    ada: Person,
    found: Mutex<HashSet<Action>>,
}

async fn own(of: &Person, path: &str, field: &str) -> String {
    of.client().get::<Value>(path).await.unwrap()[field].as_str().unwrap().to_owned()
}

/// As it is named in the log.
async fn user(of: &Person) -> Value {
    let id = own(of, "/auth/me", "userId").await;
    json!({ "userId": id, "username": own(of, "/auth/me", "username").await, "address": "127.0.0.1" })
}

async fn log(of: &Person, query: &str) -> Vec<Value> {
    let log: Value = of.client().get(&format!("/audit?limit=200{query}")).await.unwrap();
    log["items"].as_array().unwrap().clone()
}

impl Scene {
    async fn on(engine: Engine) -> Self {
        let stack = Setup::on(engine).start().await;
        let (admin, ada) = (stack.admin().await, stack.person("ada").await);
        Self { stack, admin, ada, found: Mutex::default() }
    }

    /// Waits until all of it is in the log, as done by `actor`: it is told a moment after what it is about.
    async fn logged(&self, reader: &Person, query: &str, actor: &Value, deeds: &[Deed<'_>]) {
        let is = |entry: &Value, (action, id, name, detail): &Deed<'_>| {
            entry["action"] == action.as_str()
                && entry["entity"] == action.entity()
                && entry["objectId"] == *id
                && entry["objectName"] == *name
                && entry["detail"] == *detail
                && entry["actor"] == *actor
        };
        let mut missing = Vec::new();
        let mut entries = Vec::new();
        let looking = async {
            loop {
                entries = log(reader, query).await;
                missing = deeds.iter().filter(|deed| !entries.iter().any(|entry| is(entry, deed))).collect();
                if missing.is_empty() {
                    return;
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        if tokio::time::timeout(PATIENCE, looking).await.is_err() {
            panic!("{missing:#?} by {actor} are not in {entries:#?}");
        }
        self.found.lock().unwrap().extend(deeds.iter().map(|(action, ..)| *action));
    }

    async fn accounts(&self) {
        let Self { stack, admin, .. } = self;
        let bob = stack.person("bob").await;
        let machine = bob.machine("shelf").await;
        let (by_bob, by_admin) = (user(&bob).await, user(admin).await);
        let id = by_bob["userId"].as_str().unwrap();
        let path = format!("/users/{id}");
        let sign_in = async |password: &str| stack.stranger().sign_in("bob", password).await;
        sign_in("not this one").await.unwrap_err();
        let next = json!({ "current": "not this one", "next": "another horse, another staple" });
        bob.client().send(Method::POST, "/auth/password", Some(&next)).await.unwrap_err();
        let next = json!({ "current": PASSWORD, "next": "another horse, another staple" });
        bob.client().send(Method::POST, "/auth/password", Some(&next)).await.unwrap();
        bob.client().sign_out().await.unwrap();
        for body in [json!({ "role": "admin" }), json!({ "disabled": true }), json!({ "disabled": false })] {
            admin.client().send(Method::PATCH, &path, Some(&body)).await.unwrap();
        }
        sign_in("another horse, another staple").await.unwrap();
        admin.client().send(Method::DELETE, &path, None).await.unwrap();

        let of_it = format!("&all=true&object={}", machine.id());
        self.logged(admin, &of_it, &by_admin, &[(Action::MachineDeleted, machine.id(), "shelf", "")]).await;
        let whose = log(admin, &of_it).await;
        assert!(
            whose.iter().all(|entry| entry["username"] == "bob"),
            "the account is gone, its name is not: {whose:?}"
        );
        let all = format!("&all=true&object={id}");
        let by_nobody = json!({ "address": "127.0.0.1" });
        self.logged(admin, &all, &by_nobody, &[(Action::SignInFailed, id, "bob", "")]).await;
        let by_himself = [
            Action::AccountCreated,
            Action::PasswordChangeFailed,
            Action::PasswordChanged,
            Action::SignedOut,
            Action::SignedIn,
        ];
        self.logged(admin, &all, &by_bob, &by_himself.map(|action| (action, id, "bob", ""))).await;
        let by_the_other = [
            (Action::AccountRoleChanged, id, "bob", "admin"),
            (Action::AccountDisabled, id, "bob", ""),
            (Action::AccountEnabled, id, "bob", ""),
            (Action::AccountDeleted, id, "bob", ""),
        ];
        self.logged(admin, &all, &by_admin, &by_the_other).await;
    }

    async fn tokens_and_invitations(&self) {
        let Self { admin, .. } = self;
        let by_admin = user(admin).await;
        let body = json!({ "name": "script", "scopes": ["manage"] });
        let token: Value = admin.client().post("/tokens", &body).await.unwrap();
        let invitation: Value = admin.client().post("/invitations", &json!({})).await.unwrap();
        let (id, invited) = (token["tokenId"].as_str().unwrap(), invitation["invitationId"].as_str().unwrap());
        let request = self.stack.stranger().request(Method::POST, "/machines").json(&json!({ "name": "scripted" }));
        let machine = request.bearer_auth(token["secret"].as_str().unwrap()).send().await.unwrap();
        let machine: Value = machine.json().await.unwrap();
        let mut by_token = by_admin.clone();
        by_token["tokenId"] = id.into();
        by_token["tokenName"] = "script".into();
        let made = [(Action::MachineCreated, machine["machineId"].as_str().unwrap(), "scripted", "")];
        self.logged(admin, "", &by_token, &made).await;
        for path in [format!("/tokens/{id}"), format!("/invitations/{invited}")] {
            admin.client().send(Method::DELETE, &path, None).await.unwrap();
        }
        let deeds = [
            (Action::TokenCreated, id, "script", ""),
            (Action::TokenDeleted, id, "script", ""),
            (Action::InvitationCreated, invited, "", ""),
            (Action::InvitationDeleted, invited, "", ""),
        ];
        self.logged(admin, "", &by_admin, &deeds).await;
    }

    async fn machines_and_workers(&self) {
        let Self { stack, ada, .. } = self;
        let by_ada = user(ada).await;
        let send = async |method: Method, path: String, body: Value| {
            ada.client().send(method, &path, Some(&body)).await.unwrap();
        };
        let machine = ada.machine("desk").await;
        let (waiting, path) = (machine.worker().await, format!("/machines/{}", machine.id()));
        let (worker, id) = (waiting.bare(stack), waiting.id());
        let _holds = worker.approved(ada).await;
        let takeover = RegisterRequest { takeover: true, ..RegisterRequest::default() };
        let (mut second, _) = worker.twin().connect().await;
        second.request(&worker.subject(RegistryVerb::Register), &takeover.encode_to_vec()).await.unwrap();
        let other = waiting.bare(stack);
        let (_asks, _) = other.connect().await;
        let (key, turned_away) = (worker.fingerprint().to_string(), other.fingerprint().to_string());
        send(Method::POST, format!("/workers/{id}/reject"), json!({ "fingerprint": turned_away })).await;
        send(Method::PATCH, format!("/workers/{id}"), json!({ "name": "left" })).await;
        send(Method::PATCH, path.clone(), json!({ "name": "shelf", "hidden": true })).await;
        send(Method::PATCH, path.clone(), json!({ "hidden": false })).await;
        send(Method::DELETE, path, json!({})).await;

        let deeds = [
            (Action::MachineCreated, machine.id(), "desk", ""),
            (Action::MachineRenamed, machine.id(), "desk", "shelf"),
            (Action::MachineHidden, machine.id(), "shelf", ""),
            (Action::MachineShown, machine.id(), "shelf", ""),
            (Action::MachineDeleted, machine.id(), "shelf", ""),
            (Action::WorkerCreated, id, "", ""),
            (Action::WorkerApproved, id, "", &key),
            (Action::WorkerRejected, id, "", &turned_away),
            (Action::WorkerRenamed, id, "", "left"),
            (Action::WorkerRemoved, id, "left", ""),
        ];
        let of_it = format!("&object={}", machine.id());
        self.logged(ada, &of_it, &by_ada, &deeds).await;
        let deeds = [
            (Action::WorkerAsked, id, "", key.as_str()),
            (Action::WorkerAsked, id, "", &turned_away),
            (Action::WorkerTakenOver, id, "", &key),
        ];
        self.logged(ada, &of_it, &json!({ "workerId": id, "address": "127.0.0.1" }), &deeds).await;
    }

    async fn sessions_and_requests(&self, worker: &Running) {
        let Self { ada, .. } = self;
        let by_ada = user(ada).await;
        let session = worker.session("demo/fast").await;
        let (id, path) = (session.id(), format!("/sessions/{}", session.id()));
        let first = own(ada, &path, "title").await;
        let to = async |method: Method, rest: &str, body: Value| {
            let answer = ada.client().send(method, &format!("{path}{rest}"), Some(&body)).await;
            answer.unwrap_or_else(|error| panic!("{rest} {body}: {error}"))
        };
        to(Method::PATCH, "", json!({ "title": "Plans" })).await;
        to(Method::PATCH, "", json!({ "model": "demo/slow/with/slashes" })).await;
        let said = session.send(SECRET).await;
        session.reply_to(&said).await;
        let fork: Value =
            to(Method::POST, "/fork", json!({ "messageId": said.message_id })).await.json().await.unwrap();
        let replaced = Sent { message_id: MessageId::random().to_string() };
        let body = json!({ "messageId": replaced.message_id, "content": "echo anew", "replaces": said.message_id });
        to(Method::POST, "/messages", body).await;
        session.reply_to(&replaced).await;
        self.waits_and_fails(&session).await;
        let (request, title) = self.asks(&session).await;
        to(Method::POST, "/share", json!({ "expiresAt": tomorrow() })).await;
        to(Method::DELETE, "/share", json!({})).await;
        to(Method::POST, "/end", json!({})).await;
        to(Method::POST, "/restore", json!({})).await;

        let of_it = format!("&object={id}");
        self.logged(ada, &of_it, &json!({ "workerId": worker.id() }), &[(Action::RequestAsked, &request, &title, "")])
            .await;
        let answered = [(Action::RequestAnswered, request.as_str(), title.as_str(), "Allow once")];
        self.logged(ada, &of_it, &by_ada, &answered).await;
        let copy = fork["chatSessionId"].as_str().unwrap();
        let copied = [(Action::SessionForked, copy, fork["title"].as_str().unwrap(), "Plans")];
        self.logged(ada, &format!("&object={copy}"), &by_ada, &copied).await;
        let deeds = [
            (Action::SessionCreated, id, first.as_str(), "demo/fast"),
            (Action::SessionRenamed, id, &first, "Plans"),
            (Action::SessionChanged, id, "Plans", "demo/slow/with/slashes"),
        ];
        self.logged(ada, &of_it, &by_ada, &deeds).await;
        let deeds = [
            Action::MessageSent,
            Action::MessageReplaced,
            Action::MessageEdited,
            Action::MessageWithdrawn,
            Action::MessageSentNow,
            Action::TurnStopped,
            Action::TurnRetried,
            Action::QueueContinued,
            Action::SessionShared,
            Action::SessionUnshared,
            Action::SessionEnded,
            Action::SessionRestored,
        ];
        self.logged(ada, &of_it, &by_ada, &deeds.map(|action| (action, id, "Plans", ""))).await;
        // With the session goes what it was called.
        to(Method::DELETE, "", json!({})).await;
        self.logged(ada, &of_it, &by_ada, &[(Action::SessionDeleted, id, "", "")]).await;
    }

    /// Messages that wait, one that is stopped, and one that fails.
    async fn waits_and_fails(&self, session: &Session) {
        let to = async |method: Method, sent: &Sent, rest: &str, body: Value| {
            let path = format!("/sessions/{}/messages/{}{rest}", session.id(), sent.message_id);
            self.ada.client().send(method, &path, Some(&body)).await.unwrap_or_else(|error| panic!("{rest}: {error}"));
        };
        let hangs = begun(session, "hang").await;
        let (waits, goes) = (session.send("echo waits").await, session.send("echo goes").await);
        to(Method::PATCH, &waits, "", json!({ "content": "echo waited" })).await;
        to(Method::DELETE, &goes, "", json!({})).await;
        to(Method::POST, &waits, "/send-now", json!({})).await;
        assert_eq!(session.reply_to(&hangs).await.status, "cancelled");
        assert_eq!(session.reply_to(&waits).await.content, "waited");
        let stopped = begun(session, "hang").await;
        let (fails, held_back) = (session.send("fail").await, session.send("echo at last").await);
        session.stop(&stopped).await;
        assert_eq!(session.reply_to(&fails).await.status, "failed");
        let path = format!("/sessions/{}", session.id());
        assert_eq!(own(&self.ada, &path, "queue").await, "paused");
        self.ada.client().send(Method::POST, &format!("{path}/continue"), None).await.unwrap();
        assert_eq!(session.reply_to(&held_back).await.content, "at last");
        to(Method::POST, &fails, "/retry", json!({})).await;
        replies(session, &fails, |replies| replies.iter().filter(|it| it.completed).count() == 2).await;
    }

    /// The agent asks and is answered; tells the request's id and title.
    async fn asks(&self, session: &Session) -> (String, String) {
        let asks = session.send("ask").await;
        let asked = async {
            loop {
                let listed: Value = self.ada.client().get("/requests").await.unwrap();
                if let Some(request) = listed["items"].as_array().unwrap().first() {
                    return request.clone();
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        let request = tokio::time::timeout(PATIENCE, asked).await.expect("it asks");
        let id = request["requestId"].as_str().unwrap().to_owned();
        let path = format!("/sessions/{}/requests/{id}", session.id());
        self.ada.client().send(Method::POST, &path, Some(&json!({ "optionId": "once" }))).await.unwrap();
        session.reply_to(&asks).await;
        (id, request["title"].as_str().unwrap().to_owned())
    }
}

/// Waits until the replies to a message are like this.
async fn replies(session: &Session, sent: &Sent, condition: impl Fn(&[Message]) -> bool) {
    let looking = async {
        loop {
            let mut items = session.messages().await.items;
            items.retain(|it| it.reply_to.as_ref() == Some(&sent.message_id));
            if condition(&items) {
                return;
            }
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::time::timeout(PATIENCE, looking).await.expect("there are such replies");
}

/// A message that the agent has begun to answer.
async fn begun(session: &Session, text: &str) -> Sent {
    let sent = session.send(text).await;
    replies(session, &sent, |replies| !replies.is_empty()).await;
    sent
}

#[expect(clippy::disallowed_methods, reason = "the link is for a person's time, not for a test's")]
fn tomorrow() -> u128 {
    (SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + Duration::from_hours(24)).as_millis()
}

async fn everything_that_is_done_is_in_the_log(engine: Engine) {
    let scene = Scene::on(engine).await;
    let Scene { stack, admin, ada, .. } = &scene;
    scene.accounts().await;
    scene.tokens_and_invitations().await;
    scene.machines_and_workers().await;
    let worker = ada.machine("farm").await.worker().await.started(stack).await.approved().await;
    let kept = worker.session("demo/fast").await;
    kept.reply_to(&kept.send(SECRET).await).await;
    scene.sessions_and_requests(&worker).await;

    let (own, all) = (log(ada, "").await, log(admin, "&all=true").await);
    assert!(!own.iter().any(|entry| entry.to_string().contains("end of it")), "never what was said");
    let strangers = log(admin, "").await;
    assert!(!strangers.iter().any(|entry| entry.to_string().contains(kept.id())), "{strangers:?}");
    assert!(all.iter().any(|entry| entry.to_string().contains(kept.id())), "{all:?}");
    let words = |entry: &Value| entry.to_string().contains("What I write") || entry.to_string().contains("Plans");
    assert!(own.iter().any(words) && !all.iter().any(words), "what a session is called is its owner's: {all:?}");

    let found = scene.found.lock().unwrap();
    let forgotten: Vec<_> = Action::ALL.iter().filter(|it| !found.contains(it) && !ELSEWHERE.contains(it)).collect();
    assert!(forgotten.is_empty(), "nobody has seen in the log {forgotten:?}");
    assert!(!ELSEWHERE.iter().any(|action| found.contains(action)), "it is here and not elsewhere");
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_everything_that_is_done_is_in_the_log() {
    everything_that_is_done_is_in_the_log(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_everything_that_is_done_is_in_the_log() {
    everything_that_is_done_is_in_the_log(Engine::Postgres).await;
}
