//! What is said while there is no broker.

use std::time::{Duration, Instant};

use muster_bus::{CallError, StoreError, Storing};
use muster_contracts::{
    id,
    method::CreateMachine,
    permissions::ServiceUser,
    stream::{self, CHUNKS},
    subject::filter,
    v1::CreateMachineRequest,
};
use muster_testkit::broker::Broker;

use crate::service;

fn message(id: &str) -> Storing {
    let subject = "chat.v1.stream.chat.V1StGXR8_Z5jdHi6B-myT.-.state".to_owned();
    Storing { subject, id: id.to_owned(), payload: id.to_owned().into(), first_only: false, traceparent: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_was_there_to_take_is_not_sent_later() {
    let mut broker = Broker::start().await.unwrap();
    let chat = service(&broker, ServiceUser::Chat).await;
    chat.define_stream(&stream::chunks(Duration::from_hours(1), 1 << 30, 1)).await.unwrap();
    let api = service(&broker, ServiceUser::Api).await;
    let mut connections = [chat.connection(), api.connection()];
    broker.kill().await;
    for connection in &mut connections {
        connection.wait_for(|now| !now.connected).await.unwrap();
    }

    let begun = Instant::now();
    assert_eq!(chat.store(message(&id::random())).await, Err(StoreError::Doubtful));
    let asked = api.call::<CreateMachine>(&CreateMachineRequest::default()).await;
    assert!(matches!(asked, Err(CallError::Disconnected)), "{asked:?}");
    assert!(begun.elapsed() < Duration::from_secs(1), "it is known at once");

    broker.restart().await.unwrap();
    chat.connected().await;
    // Behind all that the client might have kept.
    let last = id::random();
    chat.store(message(&last)).await.unwrap();
    let stored = chat.read(CHUNKS, filter::CHUNKS, 1, 100).await.unwrap().messages;
    assert_eq!(stored.into_iter().map(|message| message.payload).collect::<Vec<_>>(), [last]);
}
