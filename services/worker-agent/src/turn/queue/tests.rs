use std::{path::Path, sync::Arc};

use muster_contracts::v1::ToolPart;
use proptest::prelude::*;
use tokio::sync::Semaphore;

use super::{overflow::BLOCK, *};
use crate::domain::event::{Piece, Span};

const ROOM: usize = 48 * 1024;

/// What happens, in some order, while a backend speaks.
#[derive(Debug, Clone)]
enum Step {
    Say(Event),
    Away(bool),
    /// The writer takes what there is.
    Take,
    /// The backend gets as far as it can.
    Yield,
}

fn text(append: String) -> Event {
    Event::Text { part: "a".to_owned(), append }
}

fn tool(output: String) -> Event {
    let piece = Piece::Tool(ToolPart { output, ..ToolPart::default() });
    Event::Piece { part: "t".to_owned(), piece, span: Span { started_at: Some(3), ended_at: None } }
}

fn step() -> impl Strategy<Value = Step> {
    let said = (0_u8..4, 1_usize..40_000, 0_u32..1_000_000).prop_map(|(kind, length, seed)| {
        let words = format!("{seed},").repeat(length / 4 + 1);
        match kind {
            0 => tool(words),
            1 => Event::Reasoning { part: "r".to_owned(), append: words },
            _ => text(words),
        }
    });
    prop_oneof![
        6 => said.prop_map(Step::Say),
        2 => any::<bool>().prop_map(Step::Away),
        2 => Just(Step::Take),
        4 => Just(Step::Yield),
    ]
}

/// As a reader hears it: neighbours that may be one thing are one.
fn joined(events: impl IntoIterator<Item = Event>) -> Vec<Event> {
    let mut heard: Vec<Event> = Vec::new();
    for event in events {
        match (heard.last_mut(), event) {
            (Some(Event::Text { append, .. }), Event::Text { append: more, .. })
            | (Some(Event::Reasoning { append, .. }), Event::Reasoning { append: more, .. }) => append.push_str(&more),
            (_, event) => heard.push(event),
        }
    }
    heard
}

struct Taken {
    events: Vec<Event>,
    finished: bool,
}

async fn take(reader: &mut Reader, taken: &mut Taken) {
    while let Some(item) = reader.try_next() {
        assert!(!taken.finished, "nothing comes behind the end");
        match item {
            Item::Said(event, room) => {
                taken.events.push(event);
                reader.give_back(room);
            }
            Item::Finish(..) => taken.finished = true,
            Item::Settle(_) => {}
        }
    }
    if reader.is_filed() {
        assert!(!taken.finished, "the end waits for what lies in the file");
        taken.events.extend(reader.read_back().await.unwrap().into_iter().map(|(_, event)| event));
    }
}

fn clock() -> i64 {
    7
}

fn begin(directory: &Path, bytes: u64) -> (Sayer, Reader, Arc<Semaphore>, Arc<Disk>) {
    let (worker, disk) = (Arc::new(Semaphore::new(2 * ROOM)), Disk::new(directory.to_owned(), bytes));
    let (sayer, reader) = queue(Room::new(ROOM, Arc::clone(&worker)), Arc::clone(&disk), clock);
    (sayer, reader, worker, disk)
}

async fn play(steps: Vec<Step>, bytes: u64) {
    let directory = tempfile::tempdir().unwrap();
    let (sayer, mut reader, worker, disk) = begin(directory.path(), bytes);
    let (script, mut lines) = mpsc::unbounded_channel::<Event>();
    let backend = tokio::spawn(async move {
        while let Some(event) = lines.recv().await {
            sayer.say(event).await;
        }
        sayer.send(Item::Finish(Outcome::Completed, None));
    });
    let mut said = Vec::new();
    let mut taken = Taken { events: Vec::new(), finished: false };
    for step in steps {
        match step {
            Step::Say(event) => {
                said.push(event.clone());
                script.send(event).unwrap();
            }
            Step::Away(away) => reader.set_away(away),
            Step::Take => take(&mut reader, &mut taken).await,
            Step::Yield => tokio::task::yield_now().await,
        }
        assert!(disk.used() <= bytes);
    }
    drop(script);
    reader.set_away(false);
    while !taken.finished {
        take(&mut reader, &mut taken).await;
        tokio::task::yield_now().await;
    }
    backend.await.unwrap();
    assert!(joined(taken.events) == joined(said), "everything once, in order");
    assert_eq!((disk.used(), worker.available_permits()), (0, 2 * ROOM), "all room is given back");
    drop(reader);
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0, "no file is left");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_happens_everything_is_taken_once_and_in_order(
        steps in proptest::collection::vec(step(), 0..80),
        bytes in prop_oneof![Just(0_u64), Just(150_000), Just(64 << 20)],
    ) {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(play(steps, bytes));
    }
}

#[tokio::test]
async fn the_disk_is_not_touched_while_the_broker_is_there() {
    let directory = tempfile::tempdir().unwrap();
    let (sayer, mut reader, _, disk) = begin(directory.path(), 64 << 20);
    let speaking = tokio::spawn(async move {
        for _ in 0..20 {
            sayer.say(text("x".repeat(10_000))).await;
        }
        sayer.send(Item::Finish(Outcome::Completed, None));
    });
    let mut taken = Taken { events: Vec::new(), finished: false };
    while !taken.finished {
        take(&mut reader, &mut taken).await;
        assert_eq!(disk.used(), 0);
        assert!(!reader.is_filed());
        tokio::task::yield_now().await;
    }
    speaking.await.unwrap();
}

#[tokio::test]
async fn a_directory_that_cannot_be_written_makes_the_backend_wait_and_loses_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let (sayer, mut reader, _, disk) = begin(&directory.path().join("missing"), 64 << 20);
    reader.set_away(true);
    let speaking = tokio::spawn(async move {
        for number in 0..20_u32 {
            sayer.say(text(format!("{number:05}").repeat(4_000))).await;
        }
        sayer.send(Item::Finish(Outcome::Completed, None));
    });
    while !reader.is_filed() {
        tokio::task::yield_now().await;
    }
    let mut taken = Taken { events: Vec::new(), finished: false };
    while !taken.finished {
        take(&mut reader, &mut taken).await;
        reader.set_away(false);
        tokio::task::yield_now().await;
    }
    speaking.await.unwrap();
    let expected = joined((0..20_u32).map(|number| text(format!("{number:05}").repeat(4_000))));
    assert!(joined(taken.events) == expected);
    assert_eq!(disk.used(), 0);
}

#[tokio::test]
async fn whoever_waits_for_room_is_let_through_when_nobody_reads_any_more() {
    let directory = tempfile::tempdir().unwrap();
    let (sayer, reader, worker, _) = begin(directory.path(), 1);
    reader.set_away(true);
    let speaking = tokio::spawn(async move {
        for _ in 0..10 {
            sayer.say(text("x".repeat(BLOCK))).await;
        }
    });
    while !reader.is_filed() {
        tokio::task::yield_now().await;
    }
    drop(reader);
    speaking.await.unwrap();
    assert_eq!(worker.available_permits(), 2 * ROOM);
}

#[tokio::test]
async fn the_end_behind_a_file_is_no_end_of_the_queue() {
    let directory = tempfile::tempdir().unwrap();
    let (sayer, mut reader, ..) = begin(directory.path(), 1 << 20);
    let words = "x".repeat(ROOM);
    reader.set_away(true);
    // Two are in memory, and leave no room for the third.
    for _ in 0..3 {
        sayer.say(text(words.clone())).await;
    }
    sayer.send(Item::Finish(Outcome::Completed, None));
    drop(sayer);
    for _ in 0..2 {
        assert!(matches!(reader.next().await, Some(Item::Said(..))));
    }
    let next = tokio::time::timeout(std::time::Duration::from_millis(10), reader.next()).await;
    assert!(next.is_err(), "{next:?}");
    let mut taken = Taken { events: Vec::new(), finished: false };
    take(&mut reader, &mut taken).await;
    take(&mut reader, &mut taken).await;
    assert!(taken.finished);
    assert_eq!(taken.events, [text(words)]);
}
