//! A reply arrives whole whatever the stream does.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail anywhere"
)]

mod support;

use std::{sync::Arc, time::Duration};

use muster_contracts::{
    id::{MessageId, SessionId},
    subject::ChunkKind,
    v1::{Part, ToolState, TurnStatus, part},
};
use muster_worker_agent::{backend::demo::Demo, turn::WORKER_BYTES};
use support::{Fault, PATIENCE, Shelf, Worker, surroundings};
use tokio::time::timeout;

fn worker(shelf: &Arc<Shelf>) -> (Worker, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let backend = Demo::start(surroundings(directory.path(), directory.path())).unwrap();
    (Worker::with(Arc::new(backend), directory.path(), Arc::clone(shelf)), directory)
}

fn numbers(to: u64) -> String {
    (1..=to).map(|number| format!("{number}\n")).collect()
}

/// Does what chat does with a doubtful reply: tells how far it is stored.
fn answer_doubts(worker: &Worker) -> tokio::task::JoinHandle<()> {
    let (turns, shelf, bell) = (Arc::clone(&worker.turns), Arc::clone(&worker.shelf), Arc::clone(&worker.bell));
    tokio::spawn(async move {
        loop {
            bell.notified().await;
            for open in turns.report().0.into_iter().filter(|open| open.doubtful) {
                let entry = turns.get(&open.reply_id).unwrap();
                entry.go_on((shelf.of(&entry.reply).len() as u64).checked_sub(1));
            }
        }
    })
}

#[tokio::test(start_paused = true)]
async fn tokens_that_come_while_the_stream_is_slow_are_merged() {
    let shelf = Shelf::new(Duration::from_millis(50));
    let (worker, _directory) = worker(&shelf);
    let told = worker.turn(&SessionId::random(), "count 500 every 1ms", |_| {}).await;
    assert_eq!(told.reply.content(), numbers(500));
    assert!((5..=15).contains(&told.reply.number()), "{} chunks in half a second", told.reply.number());
}

#[tokio::test(start_paused = true)]
async fn tokens_that_come_faster_than_a_screen_shows_them_are_merged_but_for_the_first() {
    let shelf = Shelf::new(Duration::ZERO);
    let (worker, _directory) = worker(&shelf);
    let reply = worker.begin(&SessionId::random(), "count 320 every 1ms", |_| {});
    let first = shelf.wait(&reply, |told| told.reply.number() > 0).await;
    assert_eq!(first.reply.content(), numbers(1));
    let told = worker.ended(&reply).await;
    assert_eq!(told.reply.content(), numbers(320));
    assert!((15..=25).contains(&told.reply.number()), "{} chunks in 320 ms", told.reply.number());
}

#[tokio::test]
async fn lost_messages_and_lost_acknowledgements_change_nothing() {
    let shelf = Shelf::new(Duration::ZERO);
    let (worker, _directory) = worker(&shelf);
    let doubts = answer_doubts(&worker);
    shelf.fail([Fault::AckLost, Fault::Lost, Fault::AckLost, Fault::Full, Fault::AckLost, Fault::Lost]);
    let told = worker.turn(&SessionId::random(), "count 1000", |_| {}).await;
    assert_eq!(told.reply.content(), numbers(1000));
    doubts.abort();
}

#[tokio::test]
async fn a_start_that_is_stored_without_an_answer_goes_on_by_chat_s_word() {
    let shelf = Shelf::new(Duration::ZERO);
    let (worker, _directory) = worker(&shelf);
    shelf.fail([Fault::AckLost]);
    let reply = worker.begin(&SessionId::random(), "count 3", |_| {});
    let doubtful = async {
        while !worker.turns.report().0.iter().any(|open| open.doubtful) {
            worker.bell.notified().await;
        }
    };
    timeout(PATIENCE, doubtful).await.unwrap();
    assert_eq!(worker.turns.report().0[0].acknowledged, None);
    assert_eq!(shelf.of(&reply).len(), 1, "nothing but the start, and the backend has not heard of it");
    worker.turns.get(reply.as_str()).unwrap().go_on(Some(0));
    assert_eq!(worker.ended(&reply).await.reply.content(), numbers(3));
}

#[tokio::test]
async fn a_dropped_reply_is_silent_at_once() {
    let shelf = Shelf::new(Duration::ZERO);
    let (worker, _directory) = worker(&shelf);
    let reply = worker.begin(&SessionId::random(), "count 100000 every 1ms", |_| {});
    shelf.wait(&reply, |told| told.reply.number() > 3).await;
    worker.turns.get(reply.as_str()).unwrap().drop_it();
    let gone = async {
        while worker.turns.get(reply.as_str()).is_some() {
            worker.bell.notified().await;
        }
    };
    timeout(PATIENCE, gone).await.unwrap();
    assert!(shelf.of(&reply).iter().all(|(kind, _)| *kind != ChunkKind::End));
}

#[tokio::test(start_paused = true)]
async fn a_full_stream_makes_the_backend_wait_and_loses_nothing() {
    let shelf = Shelf::new(Duration::ZERO);
    let (worker, _directory) = worker(&shelf);
    let reply = worker.begin(&SessionId::random(), "count 200000", |_| {});
    shelf.wait(&reply, |told| told.start.is_some()).await;
    shelf.fail(vec![Fault::Full; 10]);
    let told = worker.ended(&reply).await;
    assert_eq!(told.reply.content(), numbers(200_000));
    assert_eq!(told.end.unwrap().outcome(), TurnStatus::Completed);
}

#[tokio::test]
async fn what_is_said_while_the_broker_is_away_waits_and_arrives_whole_and_in_large_chunks() {
    let shelf = Shelf::new(Duration::ZERO);
    let (worker, _directory) = worker(&shelf);
    let doubts = answer_doubts(&worker);
    let reply = worker.begin(&SessionId::random(), "count 600000", |_| {});
    shelf.wait(&reply, |told| told.reply.number() > 3).await;
    shelf.set_reachable(false);
    let on_disk = async {
        while worker.disk.used() == 0 {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, on_disk).await.expect("memory is full, and the rest lies on disk");
    let before = shelf.reply(&reply).reply.number();
    shelf.set_reachable(true);
    let told = worker.ended(&reply).await;
    assert_eq!(told.reply.content(), numbers(600_000));
    assert!(told.reply.number() - before < 10_000, "{} chunks", told.reply.number() - before);
    assert_eq!(worker.disk.used(), 0, "nothing stays on disk");
    doubts.abort();
}

/// Cut off for so long, in the middle of a reply; which one that is, and how much of it is stored.
async fn cut_off_for(worker: &Worker, seconds: u64) -> (MessageId, usize) {
    let reply = worker.begin(&SessionId::random(), "count 2000 every 1ms", |_| {});
    worker.shelf.wait(&reply, |told| told.reply.number() > 3).await;
    worker.shelf.set_reachable(false);
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let stored = worker.shelf.of(&reply).len();
    worker.shelf.set_reachable(true);
    (reply, stored)
}

#[tokio::test(start_paused = true)]
async fn whoever_may_be_taken_for_dead_asks_before_it_writes_another_word() {
    let shelf = Shelf::new(Duration::ZERO);
    let (worker, _directory) = worker(&shelf);
    let (reply, stored) = cut_off_for(&worker, 10).await;
    let asks = async {
        while !worker.turns.report().0.iter().any(|open| open.doubtful) {
            worker.bell.notified().await;
        }
    };
    timeout(PATIENCE, asks).await.expect("it asks");
    assert_eq!(shelf.of(&reply).len(), stored, "and writes nothing");
    worker.turns.get(reply.as_str()).unwrap().go_on(Some(stored as u64 - 1));
    assert_eq!(worker.ended(&reply).await.reply.content(), numbers(2_000));

    let (dropped, stored) = cut_off_for(&worker, 10).await;
    worker.turns.get(dropped.as_str()).unwrap().drop_it();
    let gone = async {
        while worker.turns.get(dropped.as_str()).is_some() {
            worker.bell.notified().await;
        }
    };
    timeout(PATIENCE, gone).await.unwrap();
    assert_eq!(shelf.of(&dropped).len(), stored);
}

fn runs(part: &Part) -> bool {
    matches!(&part.kind, Some(part::Kind::Tool(tool)) if tool.state() == ToolState::ToolRunning)
}

#[tokio::test(start_paused = true)]
async fn whoever_was_quiet_while_it_was_cut_off_asks_as_well() {
    let shelf = Shelf::new(Duration::ZERO);
    let (worker, _directory) = worker(&shelf);
    // The agent speaks again after the connection is back, or just before.
    for quiet in ["tool for 12000ms", "tool for 9500ms"] {
        let reply = worker.begin(&SessionId::random(), quiet, |_| {});
        shelf.wait(&reply, |told| told.reply.parts().iter().any(runs)).await;
        let stored = shelf.of(&reply).len();
        shelf.set_reachable(false);
        tokio::time::sleep(Duration::from_secs(10)).await;
        shelf.set_reachable(true);
        let asks = async {
            while !worker.turns.report().0.iter().any(|open| open.doubtful) {
                worker.bell.notified().await;
            }
        };
        timeout(PATIENCE, asks).await.expect("it asks");
        assert_eq!(shelf.of(&reply).len(), stored, "and writes nothing");
        worker.turns.get(reply.as_str()).unwrap().go_on(Some(stored as u64 - 1));
        let told = worker.ended(&reply).await;
        assert_eq!(told.end.unwrap().outcome(), TurnStatus::Completed);
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_is_back_at_once_goes_on_without_asking() {
    let shelf = Shelf::new(Duration::ZERO);
    let (worker, _directory) = worker(&shelf);
    let (reply, _) = cut_off_for(&worker, 1).await;
    assert_eq!(worker.ended(&reply).await.reply.content(), numbers(2_000));
}

#[tokio::test]
async fn fifty_sessions_hold_no_more_than_the_worker_may_and_nothing_afterwards() {
    let shelf = Shelf::new(Duration::ZERO);
    let (worker, _directory) = worker(&shelf);
    let doubts = answer_doubts(&worker);
    let begin = || worker.begin(&SessionId::random(), "count 20000", |_| {});
    let replies = std::iter::repeat_with(begin).take(50).collect::<Vec<_>>();
    for reply in &replies {
        shelf.wait(reply, |told| told.start.is_some()).await;
    }
    shelf.set_reachable(false);
    let mut most = 0;
    let on_disk = async {
        while worker.disk.used() < 1 << 20 {
            most = most.max(worker.runner.waiting());
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, on_disk).await.expect("memory is full, and the rest lies on disk");
    assert!((WORKER_BYTES / 2..=WORKER_BYTES).contains(&most), "{most} bytes");
    shelf.set_reachable(true);
    for reply in &replies {
        assert_eq!(worker.ended(reply).await.reply.content(), numbers(20_000));
    }
    let over = async {
        while !worker.turns.all().is_empty() {
            worker.bell.notified().await;
        }
    };
    timeout(PATIENCE, over).await.unwrap();
    assert_eq!((worker.runner.waiting(), worker.disk.used()), (0, 0), "nothing is held of what is over");
    doubts.abort();
}

#[tokio::test]
async fn a_turn_is_begun_once() {
    let shelf = Shelf::new(Duration::ZERO);
    let (worker, _directory) = worker(&shelf);
    let session = SessionId::random();
    let mut again = None;
    let reply = worker.begin(&session, "count 3", |start| again = Some(start.clone()));
    for _ in 0..3 {
        worker.runner.start(again.clone().unwrap());
    }
    worker.ended(&reply).await;
    let closed = async {
        while worker.turns.get(reply.as_str()).is_some() {
            worker.bell.notified().await;
        }
    };
    timeout(PATIENCE, closed).await.unwrap();
    worker.runner.start(again.unwrap());
    assert!(worker.turns.get(reply.as_str()).is_none(), "an ended turn is remembered");
    assert_eq!(shelf.of(&reply).iter().filter(|(kind, _)| *kind == ChunkKind::Start).count(), 1);
}
