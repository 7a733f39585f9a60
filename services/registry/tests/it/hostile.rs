//! What an approved worker that turned bad can do with what it may publish.

use async_nats::HeaderMap;
use muster_contracts::{
    Message as _, id, method, permissions,
    subject::RegistryVerb,
    v1::{self, RegisterStatus, WorkerStatus},
};
use nkeys::KeyPair;

use crate::{stack::Stack, worker::Worker};

/// The worker's own connection, without our client's manners.
async fn raw(stack: &Stack, worker: &Worker) -> async_nats::Client {
    // Two clients of one process would cut each other for ever.
    worker.bus.close().await;
    let (seed, token) = (worker.key.seed().unwrap(), worker.token.to_string());
    async_nats::ConnectOptions::with_auth_callback(move |nonce| {
        let (key, token) = (KeyPair::from_seed(&seed).unwrap(), token.clone());
        async move {
            let mut auth = async_nats::Auth::new();
            auth.signature = Some(key.sign(&nonce).unwrap());
            auth.nkey = Some(key.public_key());
            auth.token = Some(token);
            Ok(auth)
        }
    })
    .name(worker.instance.to_string())
    .custom_inbox_prefix(format!("_INBOX_{}", worker.fingerprint()))
    .connect(stack.broker.url())
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn reply_subjects_of_a_bad_worker_change_nothing() {
    let stack = Stack::on_sqlite().await;
    let (bad, victim) = (Worker::approved(&stack).await, Worker::approved(&stack).await);
    let client = raw(&stack, &bad).await;
    let delete = v1::MachineRef { caller: stack.caller(), machine_id: victim.token.machine.to_string() };
    let before = stack.api.stream_state("EVENTS").await.unwrap();
    let replies = [
        "$JS.API.STREAM.DELETE.EVENTS".to_owned(),
        "$JS.API.STREAM.DELETE.CHUNKS".to_owned(),
        "$JS.API.STREAM.PURGE.EVENTS".to_owned(),
        format!("wrk.v1.{}.wake", victim.token.worker),
        "reg.v1.api.delete_machine".to_owned(),
        "reg.v1.api.delete_worker".to_owned(),
        format!("reg.v1.worker.{}.{}.{}.bye", victim.token.machine, victim.token.worker, victim.fingerprint()),
        format!("evt.v1.{}.worker.{}", stack.user, victim.token.worker),
        "$SYS.REQ.USER.AUTH".to_owned(),
        format!("_INBOX_{}.x", victim.fingerprint()),
        "_INBOX_registry.x".to_owned(),
    ];
    let rights = permissions::worker(&bad.token.machine, &bad.token.worker, &bad.fingerprint());
    let verbs = RegistryVerb::ALL.iter().map(|verb| bad.subject(*verb).to_string());
    let subjects = rights.publish.iter().filter(|subject| !subject.starts_with("reg.")).map(|subject| {
        subject
            .split('.')
            .map(|token| if token == "*" { id::random() } else { token.replace('>', "sync") })
            .collect::<Vec<_>>()
            .join(".")
    });
    for subject in subjects.chain(verbs.filter(|subject| !subject.ends_with(".bye"))).collect::<Vec<_>>() {
        for reply in &replies {
            for payload in [Vec::new(), delete.encode_to_vec()] {
                client.publish_with_reply(subject.clone(), reply.clone(), payload.into()).await.unwrap();
            }
        }
    }
    client.flush().await.unwrap();
    // Answered after all of the above, on the same connection's way through the registry.
    let asked = bad.subject(RegistryVerb::Register).to_string();
    client.request(asked, v1::RegisterRequest::default().encode_to_vec().into()).await.unwrap();

    let after = stack.api.stream_state("EVENTS").await.unwrap();
    assert_eq!((after.epoch, after.first), (before.epoch, before.first), "the stream is still there");
    assert_eq!(stack.machines().await.unwrap().len(), 2);
    assert_eq!(victim.register().await.unwrap().status(), RegisterStatus::Approved);
    assert_eq!(stack.shown(&victim.token).await.status(), WorkerStatus::Online);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_header_and_foreign_subjects_are_of_no_use() {
    let stack = Stack::on_sqlite().await;
    let (bad, victim) = (Worker::approved(&stack).await, Worker::approved(&stack).await);
    let client = raw(&stack, &bad).await;
    let victim_name = format!("{}.{}.{}.1", victim.token.worker, victim.fingerprint(), victim.instance);
    let mut headers = HeaderMap::new();
    headers.insert(
        "Nats-Request-Info",
        format!(r#"{{"acc":"APP","user":"{victim_name}","name":"{victim_name}"}}"#).as_str(),
    );
    let models = v1::ModelsRequest {
        models: vec![v1::Model { model_id: "forged".to_owned(), ..Default::default() }],
        ..Default::default()
    };
    let mine = bad.subject(RegistryVerb::Models).to_string();
    client.request_with_headers(mine, headers.clone(), models.encode_to_vec().into()).await.unwrap();
    assert_eq!(stack.shown(&bad.token).await.models.len(), 1, "it is taken as what it is");

    for verb in RegistryVerb::ALL {
        let subject = victim.subject(*verb).to_string();
        client.publish_with_headers(subject, headers.clone(), models.encode_to_vec().into()).await.unwrap();
    }
    client.flush().await.unwrap();
    let asked = bad.subject(RegistryVerb::Register).to_string();
    client.request(asked, v1::RegisterRequest::default().encode_to_vec().into()).await.unwrap();
    let shown = stack.shown(&victim.token).await;
    assert!(shown.models.is_empty());
    assert_eq!(shown.status(), WorkerStatus::Online);
    assert!(stack.call::<method::GetWorker>(stack.worker_ref(&victim.token)).await.is_ok());
}
