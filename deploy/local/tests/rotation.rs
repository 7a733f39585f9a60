//! A worker gets a new key.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail anywhere")]

use std::{path::PathBuf, process::Output, time::Duration};

use muster_testkit::{
    binaries,
    stack::{Person, Running, Stack},
};

const PATIENCE: Duration = Duration::from_secs(20);
const KEY: &str = "worker.nk";
const NEXT_KEY: &str = "worker.next.nk";

fn state(stack: &Stack, worker: &Running) -> PathBuf {
    stack.home().join(worker.id()).join("state")
}

fn rotate(stack: &Stack, worker: &Running) -> Output {
    let mut command = std::process::Command::new(binaries::find("muster-worker-agent").unwrap());
    command.arg("rotate-key").arg("--state-dir").arg(state(stack, worker)).output().unwrap()
}

async fn started(stack: &Stack, admin: &Person) -> Running {
    admin.machine("desk").await.worker().await.started(stack).await.approved().await
}

async fn asking(worker: &Running) -> String {
    let seen = worker.until("asking with its new key", |worker| !worker.registrations.is_empty()).await;
    seen.registrations.into_iter().next().unwrap().fingerprint
}

async fn echo(worker: &Running, text: &str) {
    let session = worker.session("demo/fast").await;
    let sent = session.send(&format!("echo {text}")).await;
    assert_eq!(session.reply_to(&sent).await.content, text);
}

async fn said(worker: &Running, words: &str) {
    let says_so = || worker.process().log_tail(30).contains(words).then_some(());
    worker.process().until(PATIENCE, says_so).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_old_key_works_until_the_new_one_is_approved_and_opens_nothing_afterwards() {
    let stack = Stack::start().await;
    let admin = stack.admin().await;
    let machine = admin.machine("desk").await;
    let waiting = machine.worker().await;
    let token = waiting.token().to_owned();
    let worker = waiting.started(&stack).await.approved().await;
    let old = std::fs::read_to_string(state(&stack, &worker).join(KEY)).unwrap();

    let made = rotate(&stack, &worker);
    assert!(made.status.success(), "{made:?}");
    let fingerprint = asking(&worker).await;
    let told = String::from_utf8(made.stdout).unwrap().replace(' ', "");
    assert!(told.contains(&fingerprint), "{told}");
    echo(&worker, "with the old key").await;

    let session = worker.session("demo/fast").await;
    let viewer = session.view().await;
    let sent = session.send("count 500 every 5ms").await;
    viewer.until("some of the reply", |frames| (frames.len() > 10).then_some(())).await;
    admin.client().approve(worker.id(), &fingerprint).await.unwrap();
    said(&worker, "The new key is approved").await;
    assert!(!state(&stack, &worker).join(NEXT_KEY).exists());
    assert_ne!(std::fs::read_to_string(state(&stack, &worker).join(KEY)).unwrap(), old);
    let counted = (1..=500).map(|number| format!("{number}\n")).collect::<String>();
    assert_eq!(viewer.whole_reply_to(&sent).await, counted, "a reply goes on with the new key");
    assert_eq!(session.reply_to(&sent).await.status, "completed");
    echo(&worker, "with the new key").await;

    let copy = stack.home().join("copy");
    std::fs::create_dir(&copy).unwrap();
    let mut thief = muster_testkit::process::Command::new("thief", binaries::find("muster-worker-agent").unwrap(), {
        stack.home().join("thief.log")
    });
    write_private(&copy.join(KEY), &old);
    thief = thief.without_our_settings().args(["run", "--backend", "demo", "--token", &token]);
    thief = thief.args(["--server", &stack.url(), "--takeover", "--state-dir"]).arg(copy);
    let thief = muster_testkit::process::Child::spawn(thief).unwrap();
    let refused = || thief.log_tail(9).contains("Another key is approved").then_some(());
    thief.until(PATIENCE, refused).await.unwrap();
    echo(&worker, "undisturbed").await;
}

fn write_private(path: &std::path::Path, text: &str) {
    use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _};
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_that_is_turned_away_is_forgotten_and_the_present_one_stays() {
    let stack = Stack::start().await;
    let admin = stack.admin().await;
    let worker = started(&stack, &admin).await;
    let present = std::fs::read_to_string(state(&stack, &worker).join(KEY)).unwrap();
    assert!(rotate(&stack, &worker).status.success());
    let fingerprint = asking(&worker).await;
    let path = format!("/workers/{}/registrations/{fingerprint}", worker.id());
    admin.client().send(reqwest::Method::DELETE, &path, None).await.unwrap();
    said(&worker, "The new key was turned away").await;
    worker.process().until(PATIENCE, || (!state(&stack, &worker).join(NEXT_KEY).exists()).then_some(())).await.unwrap();
    assert_eq!(std::fs::read_to_string(state(&stack, &worker).join(KEY)).unwrap(), present);
    echo(&worker, "still here").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_that_is_cut_short_by_a_crash_is_finished_at_the_next_start() {
    let stack = Stack::start().await;
    let admin = stack.admin().await;
    let mut worker = started(&stack, &admin).await;
    assert!(rotate(&stack, &worker).status.success());
    let fingerprint = asking(&worker).await;
    worker.process().kill().await;
    admin.client().approve(worker.id(), &fingerprint).await.unwrap();
    worker.restart().await;
    worker.online().await;
    echo(&worker, "with the new key").await;
    assert!(!state(&stack, &worker).join(NEXT_KEY).exists());
    worker.process().stop(PATIENCE).await;
    worker.restart().await;
    worker.online().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_nothing_to_rotate_before_the_first_start() {
    let nowhere = tempfile::tempdir().unwrap();
    let mut command = std::process::Command::new(binaries::find("muster-worker-agent").unwrap());
    let output = command.arg("rotate-key").arg("--state-dir").arg(nowhere.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(66), "{output:?}");
    assert_eq!(std::fs::read_dir(nowhere.path()).unwrap().count(), 0);
}
