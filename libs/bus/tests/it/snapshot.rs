//! Streams as a whole, taken from one real broker and made again on another.

use std::time::Duration;

use bytes::Bytes;
use muster_bus::{Bus, SnapshotError, Storing};
use muster_contracts::{
    id,
    objects::{self, ATTACHMENTS},
    permissions::ServiceUser,
    stream::{self, CHUNKS, EVENTS},
    subject::filter,
};
use muster_testkit::broker::Broker;
use serde_json::Value;

use crate::service;

/// Enough for several pieces.
const MESSAGES: usize = 3_000;

async fn store(bus: &Bus, session: &str, number: usize) {
    let subject = format!("chat.v1.stream.chat.{session}.-.state");
    // Which nothing makes smaller.
    let random = (0..48).map(|_| id::random()).collect::<String>();
    let payload = format!("{number}:{random}").into();
    bus.store(Storing { subject, id: id::random(), payload, first_only: false, traceparent: None }).await.unwrap();
}

async fn taken(bus: &Bus, stream: &str) -> (Value, Vec<Bytes>) {
    let mut snapshot = bus.snapshot(stream).await.unwrap().unwrap();
    let mut pieces = Vec::new();
    while let Some(piece) = snapshot.next().await.unwrap() {
        pieces.push(piece);
    }
    (snapshot.about().clone(), pieces)
}

async fn restored(bus: &Bus, stream: &str, (about, pieces): &(Value, Vec<Bytes>)) -> Result<u64, SnapshotError> {
    let mut restore = bus.restore(stream, about).await?;
    for piece in pieces {
        restore.write(piece.clone()).await?;
    }
    restore.finish().await
}

/// Sequence, subject and text of each.
async fn all(bus: &Bus) -> Vec<(u64, String, Bytes)> {
    let (mut all, mut from) = (Vec::new(), 1);
    loop {
        let batch = bus.read(CHUNKS, filter::CHUNKS, from, 500).await.unwrap();
        for message in batch.messages {
            from = message.sequence + 1;
            all.push((message.sequence, message.subject.to_string(), message.payload));
        }
        if !batch.more {
            return all;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_goes_on_meanwhile_is_the_same_elsewhere_with_another_epoch() {
    let (first, second) = (Broker::start().await.unwrap(), Broker::start().await.unwrap());
    let chat = service(&first, ServiceUser::Chat).await;
    let before = chat.define_stream(&stream::chunks(Duration::from_hours(1), 1 << 30, 1)).await.unwrap();
    chat.define_objects(&objects::attachments(1 << 30, 1)).await.unwrap();
    let session = id::random();
    for number in 0..MESSAGES {
        store(&chat, &session, number).await;
    }
    assert!(chat.erase(CHUNKS, 7).await.unwrap());
    let file = vec![7_u8; 300_000];
    let (object, mut writer) = (id::random(), chat.write_object(ATTACHMENTS, "file"));
    writer.write(&file).await.unwrap();
    writer.finish().await.unwrap();
    let known = all(&chat).await;

    let backup = service(&first, ServiceUser::Backup).await;
    let goes_on = async {
        for number in 0..MESSAGES {
            store(&chat, &object, number).await;
        }
    };
    let (chunks, ()) = tokio::join!(taken(&backup, CHUNKS), goes_on);
    let attachments = taken(&backup, ATTACHMENTS.stream).await;
    assert!(backup.snapshot(EVENTS).await.unwrap().is_none(), "there is no such stream");

    let elsewhere = service(&second, ServiceUser::Backup).await;
    let last = restored(&elsewhere, CHUNKS, &chunks).await.unwrap();
    restored(&elsewhere, ATTACHMENTS.stream, &attachments).await.unwrap();
    let chat = service(&second, ServiceUser::Chat).await;
    let there = all(&chat).await;
    assert_eq!(there.get(..known.len()), Some(&known[..]), "everything that was there when it began");
    assert_eq!(there.last().map(|(sequence, ..)| *sequence), Some(last));
    let after = chat.stream_state(CHUNKS).await.unwrap();
    assert!(!after.epoch.is_empty() && after.epoch != before.epoch, "{after:?}");
    assert_eq!(
        chat.define_stream(&stream::chunks(Duration::from_hours(1), 1 << 30, 1)).await.unwrap().epoch,
        after.epoch
    );
    let (mut read, mut position) = (Vec::new(), 0);
    while let Some(piece) = chat.read_object(ATTACHMENTS, "file", position).await.unwrap() {
        read.extend_from_slice(&piece.bytes);
        position = piece.position;
    }
    assert!(read == file);
    store(&chat, &session, 0).await;

    let again = restored(&elsewhere, CHUNKS, &chunks).await;
    assert_eq!(again, Err(SnapshotError::Exists(CHUNKS.to_owned())), "it never takes the place of one");
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_stream_is_refused() {
    let (first, second) = (Broker::start().await.unwrap(), Broker::start().await.unwrap());
    let chat = service(&first, ServiceUser::Chat).await;
    chat.define_stream(&stream::chunks(Duration::from_hours(1), 1 << 30, 1)).await.unwrap();
    for number in 0..MESSAGES {
        store(&chat, &id::random(), number).await;
    }
    let (about, mut pieces) = taken(&service(&first, ServiceUser::Backup).await, CHUNKS).await;
    assert!(pieces.len() > 1);
    pieces.truncate(pieces.len() / 2);
    let elsewhere = service(&second, ServiceUser::Backup).await;
    let refused = restored(&elsewhere, CHUNKS, &(about, pieces)).await.unwrap_err();
    assert!(matches!(refused, SnapshotError::Refused(_)), "{refused:?}");
}
