//! Who may be a worker.

use std::time::{Duration, Instant};

use muster_bus::CallError;
use muster_contracts::{
    limits::REGISTRATIONS_PER_WORKER,
    method,
    v1::{RegisterStatus, WorkerStatus, problem::Kind},
};
use nkeys::KeyPair;

use crate::{
    on_both_engines,
    stack::{Stack, eventually},
    worker::Worker,
};

on_both_engines! {
    async fn a_key_waits_is_approved_gets_its_rights_and_loses_them(stack: Stack) {
        let token = stack.token().await;
        let worker = Worker::connect(&stack, &token).await;
        assert_eq!(worker.register().await.unwrap().status(), RegisterStatus::Pending);
        let shown = stack.shown(&token).await;
        assert_eq!(shown.status(), WorkerStatus::PendingAuthorization);
        assert_eq!(shown.registrations.len(), 1);
        assert_eq!(shown.registrations[0].fingerprint, worker.fingerprint().as_str());
        assert_eq!(shown.registrations[0].hostname, "host");
        let again = worker.register().await.unwrap();
        assert_eq!(again.status(), RegisterStatus::Pending);
        assert_eq!(stack.shown(&token).await.revision, shown.revision, "asking again changes nothing");

        let began = Instant::now();
        worker.approve(&stack).await;
        let reply = worker.until(RegisterStatus::Approved).await;
        println!("approved and connected anew after {:?}", began.elapsed());
        assert_eq!(reply.term, 1);
        let online = stack.until_status(&token, WorkerStatus::Online).await;
        assert!(began.elapsed() < Duration::from_secs(5));
        assert!(online.registrations.is_empty());
        assert_eq!(online.instance.as_deref(), Some(worker.instance.as_str()));
        assert_eq!(online.directory.as_deref(), Some("/home/ada/src"));

        let (mut connection, epoch) = (worker.bus.connection(), worker.bus.connection().borrow().epoch);
        let began = Instant::now();
        stack.call::<method::DeleteWorker>(stack.worker_ref(&token)).await.unwrap();
        connection.wait_for(|now| !now.connected || now.epoch > epoch).await.unwrap();
        println!("cut {:?} after the removal was asked for", began.elapsed());
        assert!(began.elapsed() < Duration::from_secs(1));
        worker.until(RegisterStatus::UnknownToken).await;
    }

    async fn so_many_keys_may_wait_for_a_worker_and_the_next_is_told_how_many(stack: Stack) {
        let token = stack.token().await;
        let mut waiting = Vec::new();
        for _ in 0..REGISTRATIONS_PER_WORKER {
            let worker = Worker::connect(&stack, &token).await;
            assert_eq!(worker.register().await.unwrap().status(), RegisterStatus::Pending);
            waiting.push(worker.fingerprint());
        }
        let next = Worker::connect(&stack, &token).await;
        let Err(CallError::Refused(problem)) = next.register().await else { panic!("any number may wait") };
        assert_eq!((problem.kind(), problem.slug.as_str()), (Kind::Limit, "too-many-registrations"));
        let words = "10 keys wait for this worker, which is as many as may; ask again once its owner has decided on one of them.";
        assert_eq!(problem.detail, words);
        assert_eq!(stack.shown(&token).await.registrations.len(), REGISTRATIONS_PER_WORKER);

        let one = stack.registration(&token, waiting[0].as_str());
        stack.call::<method::DismissRegistration>(one).await.unwrap();
        assert_eq!(next.register().await.unwrap().status(), RegisterStatus::Pending);
    }

    async fn a_second_process_is_refused_until_it_takes_over(stack: Stack) {
        let first = Worker::approved(&stack).await;
        stack.until_status(&first.token, WorkerStatus::Online).await;
        let second = first.twin(&stack).await;
        let reply = second.until(RegisterStatus::Leased).await;
        assert!(reply.detail.contains("host") && reply.detail.contains("/home/ada/src"), "{}", reply.detail);
        assert!(second.models(&["m"]).await.is_err(), "it has no rights");
        assert_eq!(first.register().await.unwrap().status(), RegisterStatus::Approved);

        assert_eq!(second.ask(true).await.unwrap().status(), RegisterStatus::Reconnect);
        let reply = first.until(RegisterStatus::Leased).await;
        assert!(reply.detail.contains("/home/ada/copy"), "it is told who it was: {}", reply.detail);
        second.bus.reconnect().await;
        assert_eq!(second.until(RegisterStatus::Approved).await.term, 2);
        eventually("the second is shown", || async {
            let shown = stack.shown(&first.token).await;
            (shown.instance.as_deref() == Some(second.instance.as_str()) && shown.term == 2).then_some(())
        })
        .await;
    }

    async fn the_same_process_is_back_at_once(stack: Stack) {
        let worker = Worker::approved(&stack).await;
        stack.until_status(&worker.token, WorkerStatus::Online).await;
        for _ in 0..5 {
            let (began, mut connection) = (Instant::now(), worker.bus.connection());
            let epoch = connection.borrow_and_update().epoch;
            worker.bus.reconnect().await;
            connection.wait_for(|now| now.connected && now.epoch > epoch).await.unwrap();
            assert_eq!(worker.until(RegisterStatus::Approved).await.term, 1);
            println!("back after {:?}", began.elapsed());
            assert!(began.elapsed() < Duration::from_secs(1));
        }
        assert_eq!(stack.shown(&worker.token).await.term, 1);

        // Its old connection may seem to be open still: that one is cut.
        let mut old = worker.bus.connection();
        let epoch = old.borrow_and_update().epoch;
        let key = KeyPair::from_seed(&worker.key.seed().unwrap()).unwrap();
        let again = Worker::with(&stack, &worker.token, key, worker.instance.clone()).await;
        old.wait_for(|now| !now.connected || now.epoch > epoch).await.unwrap();
        drop(worker);
        assert_eq!(again.until(RegisterStatus::Approved).await.term, 1);
    }

    async fn another_process_gets_the_lease_of_one_that_died(stack: Stack) {
        let first = Worker::approved(&stack).await;
        stack.until_status(&first.token, WorkerStatus::Online).await;
        let key = KeyPair::from_seed(&first.key.seed().unwrap()).unwrap();
        let token = first.token.clone();
        drop(first);
        let second = Worker::with(&stack, &token, key, muster_contracts::id::InstanceId::random()).await;
        let approved = eventually("it is approved", || async {
            let reply = second.try_register().await?;
            // It came while the first seemed to be there still.
            if reply.status() == RegisterStatus::Reconnect {
                second.bus.reconnect().await;
            }
            (reply.status() == RegisterStatus::Approved).then_some(reply)
        });
        assert_eq!(approved.await.term, 2);
    }

    async fn another_key_is_a_mismatch_that_can_be_dismissed_or_approved(stack: Stack) {
        let old = Worker::approved(&stack).await;
        let token = old.token.clone();
        let new = Worker::connect(&stack, &token).await;
        assert_eq!(new.register().await.unwrap().status(), RegisterStatus::Mismatch);
        let shown = stack.shown(&token).await;
        assert!(shown.registrations[0].mismatch);
        assert_ne!(shown.status(), WorkerStatus::PendingAuthorization);

        let third = Worker::connect(&stack, &token).await;
        assert_eq!(third.register().await.unwrap().status(), RegisterStatus::Mismatch);
        let dismissed = stack.registration(&token, third.fingerprint().as_str());
        stack.call::<method::DismissRegistration>(dismissed).await.unwrap();
        third.until(RegisterStatus::Rejected).await;

        new.approve(&stack).await;
        new.until(RegisterStatus::Approved).await;
        old.until(RegisterStatus::Mismatch).await;
        let shown = stack.until_status(&token, WorkerStatus::Online).await;
        assert_eq!(shown.instance.as_deref(), Some(new.instance.as_str()));
    }

    async fn a_rejected_key_is_told_so_and_a_rejected_worker_is_gone(stack: Stack) {
        let token = stack.token().await;
        let (one, other) = (Worker::connect(&stack, &token).await, Worker::connect(&stack, &token).await);
        one.until(RegisterStatus::Pending).await;
        other.until(RegisterStatus::Pending).await;
        let asked = stack.registration(&token, one.fingerprint().as_str());
        stack.call::<method::RejectWorker>(asked.clone()).await.unwrap();
        stack.call::<method::RejectWorker>(asked.clone()).await.unwrap();
        one.until(RegisterStatus::Rejected).await;
        let refused = stack.call::<method::ApproveWorker>(asked).await.unwrap_err();
        assert_eq!(refused.kind(), Kind::Conflict);
        assert_eq!(stack.shown(&token).await.registrations.len(), 1);

        stack.call::<method::RejectWorker>(stack.registration(&token, "")).await.unwrap();
        other.until(RegisterStatus::UnknownToken).await;
        let gone = stack.call::<method::GetWorker>(stack.worker_ref(&token)).await.unwrap_err();
        assert_eq!(gone.kind(), Kind::NotFound);
    }

    async fn a_deleted_machine_cuts_its_workers(stack: Stack) {
        let worker = Worker::approved(&stack).await;
        let machine = muster_contracts::v1::MachineRef { caller: stack.caller(), machine_id: worker.token.machine.to_string() };
        stack.call::<method::DeleteMachine>(machine).await.unwrap();
        worker.until(RegisterStatus::UnknownToken).await;
        assert!(stack.machines().await.unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_prove_its_key_is_not_let_in() {
    let stack = Stack::on_sqlite().await;
    let token = stack.token().await;
    let key = KeyPair::new_user();
    let worker = Worker::connect(&stack, &token).await;
    drop(worker);
    let attempt = |token: String, name: String, nkey: String, sign: fn(&[u8]) -> Vec<u8>, seed: String| {
        let url = stack.broker.url();
        async move {
            let options = async_nats::ConnectOptions::with_auth_callback(move |nonce| {
                let (nkey, token, key) = (nkey.clone(), token.clone(), KeyPair::from_seed(&seed).unwrap());
                async move {
                    let mut auth = async_nats::Auth::new();
                    auth.nkey = Some(nkey);
                    auth.token = Some(token);
                    auth.signature = Some(key.sign(&sign(&nonce)).unwrap());
                    Ok(auth)
                }
            });
            let client = options.name(name).max_reconnects(1).connect(url).await;
            match client {
                Err(_) => false,
                Ok(client) => {
                    client.flush().await.is_ok()
                        && client.connection_state() == async_nats::connection::State::Connected
                        && client.server_info().client_id > 0
                        && client.publish("x", "".into()).await.is_ok()
                        && client.flush().await.is_ok()
                }
            }
        }
    };
    let instance = muster_contracts::id::random();
    let (nkey, seed) = (key.public_key(), key.seed().unwrap());
    let as_is = |nonce: &[u8]| nonce.to_vec();
    let other = KeyPair::new_user().public_key();
    assert!(attempt(token.to_string(), instance.clone(), nkey.clone(), as_is, seed.clone()).await);
    assert!(!attempt(token.to_string(), instance.clone(), other, as_is, seed.clone()).await, "another's key");
    assert!(!attempt(token.to_string(), instance.clone(), nkey.clone(), |_| b"old".to_vec(), seed.clone()).await);
    assert!(!attempt("guess".to_owned(), instance, nkey.clone(), as_is, seed.clone()).await, "no token");
    assert!(!attempt(token.to_string(), "a name".to_owned(), nkey, as_is, seed).await, "no instance");
    let bare = async_nats::ConnectOptions::with_token(token.to_string()).max_reconnects(1);
    assert!(bare.connect(stack.broker.url()).await.is_err(), "the token alone opens nothing");
}
