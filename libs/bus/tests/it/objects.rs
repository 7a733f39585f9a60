//! Objects on a real broker, with the rights that our services have.

use std::time::Duration;

use muster_bus::{Bus, ServiceConnect, StoreError};
use muster_contracts::{
    id,
    objects::{self, ATTACHMENTS, PIECE_BYTES},
    permissions::ServiceUser,
};
use muster_testkit::{broker::Broker, nats, process};
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncReadExt as _;

use crate::service;

fn bytes(count: usize) -> Vec<u8> {
    (0..count).map(|index| u8::try_from(index * 7 % 251).unwrap()).collect()
}

async fn write(bus: &Bus, id: &str, bytes: &[u8], step: usize) -> muster_bus::Whole {
    let mut writer = bus.write_object(ATTACHMENTS, id);
    for piece in bytes.chunks(step) {
        writer.write(piece).await.unwrap();
    }
    writer.finish().await.unwrap()
}

async fn read(bus: &Bus, id: &str) -> Vec<u8> {
    let (mut all, mut position) = (Vec::new(), 0);
    while let Some(piece) = bus.read_object(ATTACHMENTS, id, position).await.unwrap() {
        assert!(!piece.bytes.is_empty() && piece.bytes.len() <= PIECE_BYTES);
        all.extend_from_slice(&piece.bytes);
        position = piece.position;
    }
    all
}

#[tokio::test]
async fn an_object_is_read_as_it_was_written_by_whoever_may_and_leaves_nothing_when_it_is_deleted() {
    let broker = Broker::start().await.unwrap();
    let (chat, api) = (service(&broker, ServiceUser::Chat).await, service(&broker, ServiceUser::Api).await);
    chat.define_objects(&objects::attachments(1 << 26, 1)).await.unwrap();
    for (size, step) in [(1, 1), (PIECE_BYTES, 1000), (PIECE_BYTES + 1, 70_000), (3_000_000, 400_000)] {
        let (id, sent) = (id::random(), bytes(size));
        let whole = write(&api, &id, &sent, step).await;
        assert_eq!((whole.size, whole.digest), (size as u64, <[u8; 32]>::from(Sha256::digest(&sent))));
        assert!(read(&api, &id).await == sent && read(&chat, &id).await == sent, "{size}");
        assert_eq!(chat.list_objects(ATTACHMENTS).await.unwrap(), [id.as_str()]);
        chat.delete_object(ATTACHMENTS, &id).await.unwrap();
        chat.delete_object(ATTACHMENTS, &id).await.unwrap();
        assert!(read(&api, &id).await.is_empty());
        // What took its place goes by itself.
        until(async || chat.list_objects(ATTACHMENTS).await.unwrap().is_empty()).await;
    }
}

async fn until(condition: impl AsyncFn() -> bool) {
    let waiting = async {
        while !condition().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), waiting).await.expect("nothing is left");
}

#[tokio::test]
async fn two_objects_that_are_written_at_once_do_not_mix_and_an_unfinished_one_is_found_and_deleted() {
    let broker = Broker::start().await.unwrap();
    let (chat, api) = (service(&broker, ServiceUser::Chat).await, service(&broker, ServiceUser::Api).await);
    chat.define_objects(&objects::attachments(1 << 26, 1)).await.unwrap();
    let ids = [id::random(), id::random()];
    let sent = [bytes(700_000), bytes(900_001)];
    tokio::join!(write(&api, &ids[0], &sent[0], 999), write(&api, &ids[1], &sent[1], 100_001));
    for (id, sent) in ids.iter().zip(&sent) {
        assert!(read(&chat, id).await == *sent);
    }
    let cut = id::random();
    let mut writer = api.write_object(ATTACHMENTS, &cut);
    writer.write(&bytes(PIECE_BYTES * 6)).await.unwrap();
    drop(writer);
    assert!(chat.list_objects(ATTACHMENTS).await.unwrap().contains(&cut));
    chat.delete_object(ATTACHMENTS, &cut).await.unwrap();
    assert!(read(&api, &cut).await.is_empty());
    assert!(read(&api, &ids[0]).await == sent[0], "the others are as they were");
}

#[tokio::test]
async fn a_full_store_refuses_what_is_new_and_loses_nothing() {
    let broker = Broker::start().await.unwrap();
    let chat = service(&broker, ServiceUser::Chat).await;
    chat.define_objects(&objects::attachments(1 << 20, 1)).await.unwrap();
    let (kept, sent) = (id::random(), bytes(600_000));
    write(&chat, &kept, &sent, 100_000).await;
    let mut writer = chat.write_object(ATTACHMENTS, &id::random());
    let refused = match writer.write(&bytes(2_000_000)).await {
        Err(refused) => refused,
        Ok(()) => writer.finish().await.unwrap_err(),
    };
    assert_eq!(refused, StoreError::Full);
    assert!(read(&chat, &kept).await == sent);
}

#[tokio::test]
async fn the_tools_of_nats_read_our_objects() {
    let home = tempfile::tempdir().unwrap();
    let server = nats::find_or_install(&|_| {}).unwrap();
    let child = process::Child::spawn(
        process::Command::new("nats-server", &server.path, home.path().join("nats.log"))
            .args(["-a", "127.0.0.1", "-p", "-1", "-js", "-sd"])
            .arg(home.path().join("store"))
            .arg("--ports_file_dir")
            .arg(home.path()),
    )
    .unwrap();
    let file = home.path().join(format!("nats-server_{}.ports", child.pid()));
    let found = || {
        let text = std::fs::read_to_string(&file).ok()?;
        let (_, rest) = text.split_once("nats://")?;
        rest.split_once('"').map(|(address, _)| format!("nats://{address}"))
    };
    let url = child.until(Duration::from_secs(30), found).await.unwrap();
    let seed = nkeys::KeyPair::new_user().seed().unwrap();
    let connect = ServiceConnect { servers: url.clone(), user: ServiceUser::Chat, seed: seed.into(), ca_file: None };
    let bus = Bus::connect_service(connect).await.unwrap();
    bus.define_objects(&objects::attachments(1 << 26, 1)).await.unwrap();
    let (id, sent) = (id::random(), bytes(300_000));
    write(&bus, &id, &sent, 50_000).await;

    let tool = async_nats::jetstream::new(async_nats::connect(url).await.unwrap());
    let store = tool.get_object_store(ATTACHMENTS.bucket).await.unwrap();
    let mut read = Vec::new();
    store.get(&id).await.unwrap().read_to_end(&mut read).await.unwrap();
    assert!(read == sent, "whole, and with the digest that the tool checks");
}
