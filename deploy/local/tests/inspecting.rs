//! `cargo muster inspect` against everything: what is stored and what is live, as what it is.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail anywhere"
)]

use std::{
    collections::BTreeSet,
    process::{Output, Stdio},
    time::Duration,
};

use muster_testkit::stack::{Engine, Setup, Stack};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

const PATIENCE: Duration = Duration::from_secs(30);

fn command(arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_muster"));
    command.arg("inspect").args(arguments.split_whitespace()).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn of(stack: &Stack, arguments: &str) -> Command {
    let mut command = command(arguments);
    command.arg("--server").arg(stack.broker().url()).arg("--keys").arg(stack.home());
    command
}

async fn ended(mut command: Command) -> Output {
    timeout(PATIENCE, command.output()).await.expect("it ends").unwrap()
}

async fn lines(stack: &Stack, arguments: &str) -> Vec<Value> {
    let output = ended(of(stack, &format!("{arguments} --json"))).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Runs until it is dropped.
async fn running(mut command: Command) -> (Child, Lines<BufReader<ChildStdout>>) {
    let mut child = command.spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    (child, lines)
}

async fn next(lines: &mut Lines<BufReader<ChildStdout>>) -> Value {
    let line = timeout(PATIENCE, lines.next_line()).await.expect("there is more").unwrap().unwrap();
    serde_json::from_str(&line).unwrap()
}

fn kinds(lines: &[Value]) -> BTreeSet<&str> {
    lines.iter().map(|line| line["type"].as_str().unwrap_or_else(|| panic!("{line}"))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stored_is_read_from_a_sequence_and_since_a_time() {
    let stack = Setup::on(Engine::Sqlite).inspected().start().await;
    let admin = stack.admin().await;
    let worker = admin.machine("desk").await.worker().await.started(&stack).await.approved().await;
    let session = worker.session("demo/fast").await;
    let sent = session.send("echo Grüße, broker").await;
    session.reply_to(&sent).await;

    let chunks = lines(&stack, "CHUNKS --from 1").await;
    let wanted = ["Start", "Chunk", "End", "State"].map(|name| format!("muster.v1.{name}"));
    assert_eq!(kinds(&chunks), wanted.iter().map(String::as_str).collect());
    let said = chunks.iter().filter_map(|line| line["message"]["text"]["append"].as_str()).collect::<String>();
    assert!(said.contains("Grüße, broker"), "{said}");
    let sequences = chunks.iter().map(|line| line["sequence"].as_u64().unwrap()).collect::<Vec<_>>();
    assert!(sequences.is_sorted() && sequences[0] == 1, "{sequences:?}");

    // Behind a sequence, since its time, and not since a later one.
    let third = &chunks[2];
    assert!(lines(&stack, &format!("CHUNKS --from {}", third["sequence"])).await.starts_with(&chunks[2..]));
    let since = format!("CHUNKS --since {}", third["time"].as_str().unwrap());
    assert!(lines(&stack, &since).await.starts_with(&chunks[2..]));
    assert!(lines(&stack, "CHUNKS --since 1h").await.starts_with(&chunks));
    assert!(lines(&stack, "CHUNKS --since 2100-01-01T00:00:00Z").await.is_empty());
    assert_eq!(lines(&stack, "CHUNKS --from 1 --limit 2").await, chunks[..2]);

    // A filter takes its part.
    let ends = lines(&stack, &format!("chat.v1.stream.{}.{}.*.end --from 1", worker.id(), session.id())).await;
    assert_eq!(kinds(&ends), BTreeSet::from(["muster.v1.End"]));
    let events = lines(&stack, "EVENTS --from 1").await;
    assert_eq!(kinds(&events), BTreeSet::from(["muster.v1.Event"]));
    let machines = lines(&stack, "evt.v1.*.machine.* --from 1").await;
    assert!(machines.iter().any(|line| line["message"]["machine"]["name"] == "desk"), "{machines:?}");
    assert!(machines.len() < events.len());

    // For people.
    let output = ended(of(&stack, "CHUNKS --from 1")).await;
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("muster.v1.End") && text.contains("outcome: COMPLETED"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_live_comes_by_itself_and_behind_what_is_stored() {
    let stack = Setup::on(Engine::Sqlite).inspected().start().await;
    let admin = stack.admin().await;
    let worker = admin.machine("desk").await.worker().await.started(&stack).await.approved().await;
    let session = worker.session("demo/fast").await;
    let sent = session.send("echo before").await;
    session.reply_to(&sent).await;

    let (_child, mut followed) = running(of(&stack, "CHUNKS --from 1 --follow --json")).await;
    let first = next(&mut followed).await;
    assert_eq!(first["sequence"], 1);
    let sent = session.send("echo behind").await;
    session.reply_to(&sent).await;
    let (mut sequence, mut said) = (1, String::new());
    while !said.contains("behind") {
        let line = next(&mut followed).await;
        assert_eq!(line["sequence"], sequence + 1, "without a gap or a repeat");
        sequence += 1;
        said.push_str(line["message"]["text"]["append"].as_str().unwrap_or_default());
    }
    assert!(said.contains("before"), "{said}");

    let live = format!("chat.v1.stream.*.{}.> --json", session.id());
    let mut command = of(&stack, &live);
    let mut child = command.spawn().unwrap();
    let mut told = BufReader::new(child.stderr.take().unwrap()).lines();
    let ready = timeout(PATIENCE, told.next_line()).await.unwrap().unwrap().unwrap();
    assert!(ready.contains("from now on"), "{ready}");
    let mut followed = BufReader::new(child.stdout.take().unwrap()).lines();
    session.send("echo now").await;
    let line = next(&mut followed).await;
    assert!(line["sequence"].as_u64().unwrap() > sequence, "{line}");
    assert!(line["subject"].as_str().unwrap().contains(session.id()), "{line}");

    // Whoever reads it goes away.
    drop(followed);
    session.send("echo unheard").await;
    let status = timeout(PATIENCE, child.wait()).await.expect("it ends with its reader").unwrap();
    assert!(status.success(), "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_looked_at_is_told_in_one_line() {
    let stack = Setup::on(Engine::Sqlite).start().await;
    let empty = tempfile::tempdir().unwrap();
    let nowhere = format!("--data-dir {}", empty.path().display());
    let stranger = tempfile::tempdir().unwrap();
    muster_testkit::credentials::Credentials::generate().inspected(stranger.path()).unwrap();
    let unknown = format!("--server {} --keys {}", stack.broker().url(), stranger.path().display());
    let down = format!("--server nats://127.0.0.1:1 --keys {}", stranger.path().display());
    let keyless = format!("--server {} --keys {}", stack.broker().url(), empty.path().display());
    for (arguments, word) in [
        (nowhere.as_str(), "cargo muster up --inspect"),
        ("reg.v1.worker.> --from 1", "neither stored nor republished"),
        ("--from 1", "CHUNKS"),
        ("CHUNKS --since yesterday", "--since yesterday"),
        (&unknown, "started with --inspect"),
        (&down, "is it running"),
        (&keyless, "inspect.seed"),
    ] {
        let output = ended(command(arguments)).await;
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && output.stdout.is_empty(), "{arguments}: {told}");
        assert!(told.contains(word) && told.lines().count() == 1, "{arguments}: {told}");
    }
}
