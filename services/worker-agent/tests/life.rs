//! The program itself, against the real broker and the real services.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail anywhere"
)]

mod support;

use std::{
    collections::BTreeSet,
    path::Path,
    process::{Command as Process, Output},
    time::Duration,
};

use muster_contracts::{id, permissions::ServiceUser};
use muster_testkit::{
    broker::Broker,
    client::Client,
    process::{Child, Command},
    service::{self, Service},
    sqlite,
};
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use support::PATIENCE;
use tempfile::TempDir;
use tokio::time::{Instant, sleep, timeout};

const PROGRAM: &str = env!("CARGO_BIN_EXE_muster-worker-agent");

struct Stack {
    client: Client,
    broker: Broker,
    services: Vec<Service>,
    home: TempDir,
    page: String,
    worker: String,
    token: String,
}

impl Stack {
    async fn start() -> Self {
        let home = tempfile::tempdir().unwrap();
        let broker = Broker::start().await.unwrap();
        let mut services = Vec::new();
        for user in [ServiceUser::Registry, ServiceUser::Chat, ServiceUser::Api] {
            let database = sqlite::url(&home.path().join(format!("{}.db", user.name())));
            let command = service::command(user, home.path(), &broker.url(), &database, broker.credentials()).unwrap();
            let command = command.env("MUSTER_LISTEN", "127.0.0.1:0").env("MUSTER_PUBLIC_NATS", broker.url());
            services.push(Service::start(command).await.unwrap());
        }
        let page = format!("http://{}", services[2].address("listen").or_else(|| services[2].address("http")).unwrap());
        let client = Client::new(&page);
        client.sign_up("ada", "correct horse battery").await.unwrap();
        let machine = client.post::<Value>("/machines", &json!({"name": "desk"})).await.unwrap();
        let machine = machine["machineId"].as_str().unwrap().to_owned();
        let made = client.post::<Value>(&format!("/machines/{machine}/workers"), &json!({})).await.unwrap();
        let token = made["token"].as_str().unwrap().to_owned();
        let worker = token.rsplit_once(":worker_").unwrap().1.to_owned();
        Self { client, broker, services, home, page, worker, token }
    }

    fn agent(&self, name: &str) -> Command {
        let log = self.home.path().join(format!("{name}.log"));
        std::fs::create_dir_all(self.home.path().join("root")).unwrap();
        Command::new(name, PROGRAM, log)
            .args(["run", "--backend", "demo", "--log", "info", "--token", &self.token])
            .args(["--server", &self.broker.url()])
            .arg("--dir")
            .arg(self.home.path().join("root"))
            .arg("--state-dir")
            .arg(self.home.path().join("state"))
    }

    /// Starts a worker that nobody has approved yet, and approves it.
    async fn approved(&self) -> Child {
        let agent = Child::spawn(self.agent("agent")).unwrap();
        let fingerprint = self
            .worker_that("asks", |worker| worker["registrations"][0]["fingerprint"].as_str().map(str::to_owned))
            .await;
        self.client
            .post::<Value>(&format!("/workers/{}/approve", self.worker), &json!({"fingerprint": fingerprint}))
            .await
            .unwrap();
        let begun = Instant::now();
        self.online().await;
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
        agent
    }

    async fn online(&self) {
        self.worker_that("is online", |worker| {
            (worker["status"] == "online" && worker["models"].as_array().is_some_and(|models| models.len() == 2))
                .then_some(())
        })
        .await;
    }

    async fn worker_that<T>(&self, what: &str, wanted: impl Fn(&Value) -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            let worker = self.client.get::<Value>(&format!("/workers/{}", self.worker)).await.unwrap();
            if let Some(found) = wanted(&worker) {
                return found;
            }
            assert!(begun.elapsed() < PATIENCE, "no worker that {what}: {worker:#}\n{}", self.log("agent"));
            sleep(Duration::from_millis(50)).await;
        }
    }

    fn log(&self, name: &str) -> String {
        std::fs::read_to_string(self.home.path().join(format!("{name}.log"))).unwrap_or_default()
    }

    async fn session(&self) -> String {
        let path = format!("/workers/{}/sessions", self.worker);
        let session = self.client.post::<Value>(&path, &json!({"model": "demo/fast"})).await.unwrap();
        session["chatSessionId"].as_str().unwrap().to_owned()
    }

    async fn send(&self, session: &str, content: &str) -> String {
        let message = id::random();
        let body = json!({"messageId": message, "content": content});
        self.client.post::<Value>(&format!("/sessions/{session}/messages"), &body).await.unwrap();
        message
    }

    /// The reply to a message, once it is as wanted.
    async fn reply(&self, session: &str, message: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            // A service that is just being started again has no answer yet.
            let page = self.client.get::<Value>(&format!("/sessions/{session}/messages")).await.unwrap_or_default();
            let items = page["items"].as_array().cloned().unwrap_or_default();
            if let Some(found) = items.iter().find(|item| item["replyTo"] == message && wanted(item)) {
                return found.clone();
            }
            assert!(begun.elapsed() < PATIENCE, "no such reply: {page:#}\n{}", self.log("agent"));
            sleep(Duration::from_millis(50)).await;
        }
    }

    async fn ended(&self, session: &str, message: &str) -> Value {
        self.reply(session, message, |reply| reply["completed"] == true).await
    }
}

fn numbers(to: u64) -> String {
    (1..=to).map(|number| format!("{number}\n")).collect()
}

#[tokio::test]
async fn a_worker_waits_is_approved_answers_and_goes() {
    let stack = Stack::start().await;
    let agent = stack.approved().await;
    assert!(stack.log("agent").contains("Waiting for approval"), "{}", stack.log("agent"));
    let session = stack.session().await;
    let message = stack.send(&session, "count 500 every 1ms").await;
    let reply = stack.ended(&session, &message).await;
    assert_eq!((reply["status"].as_str(), reply["content"].as_str()), (Some("completed"), Some(numbers(500).as_str())));

    let second = Process::new(PROGRAM)
        .args(["run", "--backend", "demo", "--token", &stack.token, "--server", &stack.broker.url(), "--state-dir"])
        .arg(stack.home.path().join("state"))
        .output()
        .unwrap();
    assert_eq!(second.status.code(), Some(69), "a second process on the same key: {second:?}");

    let hanging = stack.send(&session, "hang").await;
    // The text of an open reply is in the stream; this page has it only once it has ended.
    stack.reply(&session, &hanging, |reply| reply["status"] == "streaming").await;
    let begun = Instant::now();
    agent.signal(Signal::SIGTERM);
    let status = timeout(Duration::from_secs(10), agent.wait()).await.unwrap().unwrap();
    assert!(status.success(), "{status:?} {}", stack.log("agent"));
    let reply = stack.ended(&session, &hanging).await;
    assert_eq!(reply["error"], "the worker was stopped", "{reply:#}");
    stack.worker_that("is offline", |worker| (worker["status"] == "offline").then_some(())).await;
    assert!(begun.elapsed() < Duration::from_secs(10));

    // Started again it is online without an approval, with its context.
    let agent = Child::spawn(stack.agent("again")).unwrap();
    stack.online().await;
    let first = stack.send(&session, "first").await;
    assert_eq!(stack.ended(&session, &first).await["content"], "count 500 every 1ms");
    drop(agent);
}

#[tokio::test]
async fn nothing_is_lost_when_the_broker_is_killed() {
    let mut stack = Stack::start().await;
    let _agent = stack.approved().await;
    let session = stack.session().await;
    let message = stack.send(&session, "count 2000 every 2ms").await;
    stack.reply(&session, &message, |reply| reply["status"] == "streaming").await;
    sleep(Duration::from_millis(500)).await;
    stack.broker.kill().await;
    stack.broker.restart().await.unwrap();
    let reply = stack.ended(&session, &message).await;
    assert_eq!(
        (reply["status"].as_str(), reply["content"].as_str()),
        (Some("completed"), Some(numbers(2000).as_str()))
    );
}

#[tokio::test]
async fn a_crash_leaves_what_was_stored_and_a_reason() {
    let stack = Stack::start().await;
    let agent = stack.approved().await;
    let session = stack.session().await;
    let message = stack.send(&session, "crash").await;
    agent.wait().await;
    let reply = stack.ended(&session, &message).await;
    assert_eq!(
        (reply["status"].as_str(), reply["content"].as_str()),
        (Some("interrupted"), Some(numbers(10).as_str()))
    );
}

#[tokio::test]
async fn a_removed_worker_ends_and_says_why() {
    let stack = Stack::start().await;
    let agent = stack.approved().await;
    let path = format!("/workers/{}", stack.worker);
    stack.client.send(reqwest::Method::DELETE, &path, None).await.unwrap();
    let status = timeout(Duration::from_secs(10), agent.wait()).await.unwrap().unwrap();
    assert_eq!(status.code(), Some(77), "{}", stack.log("agent"));
    assert!(stack.log("agent").contains("Add worker") || stack.log("agent").contains("add a worker"));
    assert!(stack.services.len() == 3 && !stack.page.is_empty());
}

fn run(arguments: &[&str]) -> Output {
    let none = tempfile::tempdir().unwrap();
    let mut process = Process::new(PROGRAM);
    process.arg("run").args(arguments).current_dir(none.path());
    process.env("HOME", none.path()).env("MUSTER_OPENCODE", "/nowhere/opencode").output().unwrap()
}

#[test]
fn whatever_is_wrong_is_one_line_and_a_code() {
    let token = format!("machine_{}:worker_{}", id::random(), id::random());
    let home = tempfile::tempdir().unwrap();
    let (state, unusable) = (home.path().join("state"), home.path().join("unusable"));
    std::fs::create_dir_all(unusable.join("lock")).unwrap();
    let with = |backend: &str, state: &Path, more: &[&str]| {
        let all = ["--backend", backend, "--state-dir", state.to_str().unwrap()];
        run(&[&all[..], more].concat())
    };
    let right = ["--token", &token, "--server", "nats://127.0.0.1:1"];
    let demo = |more: &[&str]| with("demo", &state, more);
    let mut codes = BTreeSet::new();
    for (output, code, words) in [
        (demo(&["--server", "nats://127.0.0.1:1"]), 64, "token"),
        (demo(&["--token", "machine_x:worker_y", "--server", "nats://127.0.0.1:1"]), 64, "token"),
        (demo(&["--token", &token, "--server", "nats://broker.example:4222"]), 64, "tls://"),
        (demo(&["--token", &token, "--server", "http://127.0.0.1:1"]), 69, "cannot be reached"),
        (demo(&[&right[..], &["--dir", "/nowhere"]].concat()), 66, "/nowhere"),
        (demo(&["--dirr", "/"]), 64, "'--dirr'"),
        (with("demo", Path::new("/proc/x"), &right), 73, "--state-dir"),
        (with("demo", &unusable, &right), 74, "lock"),
        (with("nonsense", &state, &right), 64, "possible values: opencode, acp, openai, demo"),
        (with("opencode", &state, &right), 69, "MUSTER_OPENCODE names /nowhere/opencode, which is no program"),
        (with("acp", &state, &[&right[..], &["--", "/nowhere/agent"]].concat()), 69, "/nowhere/agent"),
    ] {
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{told}");
        assert!(told.trim_end().lines().count() == 1 && told.contains(words), "{words}: {told}");
        assert!(!told.contains(&token), "the token is not repeated: {told}");
        codes.insert(code);
    }
    assert_eq!(codes.len(), 5);
}
