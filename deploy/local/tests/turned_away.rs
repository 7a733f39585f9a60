//! What the person at a worker's terminal reads when the worker may not work any more.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail anywhere")]

use std::{fs, path::Path, time::Duration};

use muster_testkit::{
    binaries,
    process::{Child, Command},
    stack::{Running, Stack},
};
use reqwest::Method;

const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until the process says so, wherever its lines break.
async fn says(process: &Child, words: &str) {
    process.until(PATIENCE, || process.log_tail(30).contains(words).then_some(())).await.unwrap();
}

/// Waits for its end and tells its code.
async fn code(process: &Child) -> i32 {
    let ended = tokio::time::timeout(PATIENCE, process.wait()).await;
    ended.unwrap_or_else(|_| panic!("it goes on: {}", process.log_tail(30))).unwrap().code().unwrap()
}

/// A second process with a copy of the key, as after a disk was copied.
fn copied(stack: &Stack, worker: &Running, name: &str, more: &[&str]) -> Child {
    let home = stack.home().join(name);
    fs::create_dir(&home).unwrap();
    let state = stack.home().join(worker.id()).join("state");
    for entry in fs::read_dir(state).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_file()) {
        copy(&entry.path(), &home.join(entry.file_name()));
    }
    let program = binaries::find("muster-worker-agent").unwrap();
    let command = Command::new(name, program, stack.home().join(format!("{name}.log"))).without_our_settings();
    let command = command.args(["run", "--backend", "demo", "--token", worker.waiting().token()]);
    let command = command.args(["--server", &stack.direct_url(), "--state-dir"]).arg(&home).args(more).patient();
    let command = command.arg("--dir").arg(worker.directory());
    Child::spawn(command).unwrap()
}

/// As private as it was.
fn copy(from: &Path, to: &Path) {
    fs::copy(from, to).unwrap();
    fs::set_permissions(to, fs::metadata(from).unwrap().permissions()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_rejected_reads_why_and_each_time_again() {
    let stack = Stack::start().await;
    let ada = stack.person("ada").await;
    let mut worker = ada.machine("desk").await.worker().await.started(&stack).await;
    let seen = worker.until("asking to be registered", |worker| !worker.registrations.is_empty()).await;
    let fingerprint = &seen.registrations.first().unwrap().fingerprint;
    let path = format!("/workers/{}/reject", worker.id());
    let which = serde_json::json!({ "fingerprint": fingerprint });
    ada.client().send(Method::POST, &path, Some(&which)).await.unwrap();
    for _ in 0..2 {
        assert_eq!(code(worker.process()).await, 77);
        says(worker.process(), "This worker was rejected or removed on the page").await;
        worker.restart().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_was_never_given_is_refused_in_one_line_that_says_what_to_do() {
    let stack = Stack::start().await;
    let ada = stack.person("ada").await;
    let waiting = ada.machine("desk").await.worker().await;
    let token = waiting.token();
    // Its last letter is another one.
    let other = if token.ends_with('A') { "B" } else { "A" };
    let wrong = format!("{}{other}", token.get(..token.len() - 1).unwrap());
    let log = stack.home().join("wrong.log");
    let command = Command::new("wrong", binaries::find("muster-worker-agent").unwrap(), &log).without_our_settings();
    let command = command.args(["run", "--backend", "demo", "--token", &wrong, "--server", &stack.direct_url()]);
    let command = command.arg("--dir").arg(stack.home()).arg("--state-dir").arg(stack.home().join("wrong"));
    let worker = Child::spawn(command).unwrap();
    assert_eq!(code(&worker).await, 77);
    says(&worker, "Add a worker on the page and use its token").await;
    assert!(!fs::read_to_string(&log).unwrap().contains(&wrong), "its token is in no log");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_whose_machine_is_deleted_reads_what_to_do() {
    let stack = Stack::start().await;
    let ada = stack.person("ada").await;
    let machine = ada.machine("desk").await;
    let worker = machine.worker().await.started(&stack).await.approved().await;
    ada.client().send(Method::DELETE, &format!("/machines/{}", machine.id()), None).await.unwrap();
    assert_eq!(code(worker.process()).await, 77);
    says(worker.process(), "Add a worker on the page and use its token").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_of_a_disabled_account_waits_and_is_back_by_itself() {
    let stack = Stack::start().await;
    let admin = stack.admin().await;
    let ada = stack.person("ada").await;
    let worker = ada.machine("desk").await.worker().await.started(&stack).await.approved().await;
    let account: serde_json::Value = ada.client().get("/auth/me").await.unwrap();
    let account = format!("/users/{}", account["userId"].as_str().unwrap());
    let disabled = |disabled: bool| serde_json::json!({ "disabled": disabled });
    admin.client().send(Method::PATCH, &account, Some(&disabled(true))).await.unwrap();
    says(worker.process(), "The account that this worker belongs to is disabled. Waiting until it is let in again.")
        .await;
    admin.client().send(Method::PATCH, &account, Some(&disabled(false))).await.unwrap();
    ada.client().sign_in("ada", muster_testkit::stack::PASSWORD).await.unwrap();
    worker.online().await;
    let session = worker.session("demo/fast").await;
    let sent = session.send("echo let in again").await;
    assert_eq!(session.reply_to(&sent).await.content, "let in again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_takes_over_when_it_is_told_to_and_the_first_one_reads_so() {
    let stack = Stack::start().await;
    let ada = stack.person("ada").await;
    let worker = ada.machine("desk").await.worker().await.started(&stack).await.approved().await;
    let session = worker.session("demo/fast").await;
    let sent = session.send("echo the first").await;
    assert_eq!(session.reply_to(&sent).await.content, "the first");

    let polite = copied(&stack, &worker, "polite", &[]);
    assert_eq!(code(&polite).await, 69);
    let told = polite.log_tail(30);
    assert!(told.contains("This worker runs elsewhere already") && told.contains("give --takeover"), "{told}");
    assert!(told.contains(" runs on ") && told.contains(" in "), "it says where: {told}");
    assert!(worker.process().ended().is_none());

    let viewer = session.view().await;
    let begun = session.send("count 2000 every 5ms").await;
    viewer.until("some of the reply", |frames| (frames.len() > 10).then_some(())).await;
    let bold = copied(&stack, &worker, "bold", &["--takeover"]);
    says(&bold, "Online").await;
    assert_eq!(code(worker.process()).await, 69);
    says(worker.process(), "This worker runs elsewhere already").await;
    assert_eq!(session.reply_to(&begun).await.status, "interrupted", "its turn does not hang");
    let sent = session.send("echo the second").await;
    assert_eq!(session.reply_to(&sent).await.content, "the second");
    assert!(bold.ended().is_none());
}
