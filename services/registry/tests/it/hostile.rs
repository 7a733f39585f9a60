//! Whom the registry believes to be speaking. What a bad worker may reach at all is tried in deploy/local/tests/hostile.

use async_nats::HeaderMap;
use muster_bus::CallError;
use muster_contracts::{
    Message as _, method,
    subject::RegistryVerb,
    v1::{self, RegisterStatus, WorkerStatus, problem::Kind},
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
    let shown = stack.until_status(&victim.token, WorkerStatus::Online).await;
    assert!(shown.models.is_empty());
    assert!(stack.call::<method::GetWorker>(stack.worker_ref(&victim.token)).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_asks_too_often_is_told_to_wait_and_others_are_not() {
    let stack = Stack::on_sqlite().await;
    let (bad, other) = (Worker::approved(&stack).await, Worker::approved(&stack).await);
    // What it asks is of no matter.
    let ask = |times: u32| {
        futures_util::future::join_all((0..times).map(|number| {
            let bad = &bad;
            async move {
                let register = async { bad.register().await.map(|_| ()) };
                let models = async { bad.models(&["demo/fast"]).await.map(|_| ()) };
                if number % 2 == 0 { register.await } else { models.await }
            }
        }))
    };
    // More at once than any that means well, beside what it had to ask until it was let in.
    assert!(ask(50).await.iter().all(Result::is_ok));
    let asked = ask(400).await;
    let refused = asked.iter().filter_map(|answer| answer.as_ref().err()).map(|error| match error {
        CallError::Refused(problem) => problem,
        error => panic!("{error}"),
    });
    let refused = refused.collect::<Vec<_>>();
    assert!(!refused.is_empty());
    for problem in refused {
        assert_eq!((problem.kind(), problem.slug.as_str()), (Kind::Limit, "too-many-requests"));
        assert!(problem.detail.contains("again in 1 s"), "{}", problem.detail);
    }
    assert_eq!(other.register().await.unwrap().status(), RegisterStatus::Approved);
    bad.until(RegisterStatus::Approved).await;
}
