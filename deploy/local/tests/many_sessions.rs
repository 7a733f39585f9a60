//! What many sessions of one worker cost it while nothing can be stored, and what becomes of what they say.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail anywhere"
)]

use std::{fmt::Write as _, time::Duration};

use futures_util::future::join_all;
use muster_testkit::stack::{Part, Stack};
use tokio::time::{Instant, sleep};

const SESSIONS: usize = 50;
/// 35 MiB in all, of which a worker keeps 8 MiB in its memory.
const NUMBERS: usize = 120_000;
const MIB: u64 = 1024 * 1024;
/// What was seen is 41 to 43 MiB, however much is said: also fifty turns, and what of each is on its way.
const BOUND: u64 = 56 * MIB;
/// How long nothing is stored.
const AWAY: Duration = Duration::from_secs(5);

fn counted(up_to: usize) -> String {
    (1..=up_to).fold(String::new(), |mut text, number| {
        let _ = writeln!(text, "{number}");
        text
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_sessions_that_write_at_once_cost_a_worker_little_and_lose_nothing() {
    let stack = Stack::start().await;
    let worker = stack.admin().await.machine("desk").await.worker().await.started(&stack).await.approved().await;
    let sessions = join_all((0..SESSIONS).map(|_| worker.session("demo/fast"))).await;
    let greetings = join_all(sessions.iter().map(async |session| session.send("echo here").await)).await;
    for (session, sent) in sessions.iter().zip(&greetings) {
        assert_eq!(session.reply_to(sent).await.content, "here");
    }
    let resident = || worker.process().resident().expect("the system tells how much memory a process has");
    let before = resident();
    let asked = format!("count {NUMBERS}");
    let sent = join_all(sessions.iter().map(async |session| session.send(&asked).await)).await;
    stack.pause(Part::Nats);
    let (mut most, paused) = (before, Instant::now());
    while paused.elapsed() < AWAY {
        most = most.max(resident());
        sleep(Duration::from_millis(20)).await;
    }
    stack.resume(Part::Nats);
    let whole = counted(NUMBERS);
    let replies = async {
        for (session, sent) in sessions.iter().zip(&sent) {
            let reply = session.reply_to(sent).await;
            assert!(reply.content == whole, "{} of {} bytes", reply.content.len(), whole.len());
        }
    };
    let looking = async {
        loop {
            most = most.max(resident());
            sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        () = replies => {}
        () = looking => {}
    }
    let (said, more) = (SESSIONS * whole.len() / 1_048_576, most.saturating_sub(before));
    println!("{SESSIONS} sessions said {said} MiB; the worker took {} MiB more at most", more / MIB);
    assert!(more < BOUND, "{} MiB", more / MIB);
}
