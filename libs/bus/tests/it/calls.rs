//! Asking a service when the instance that has the question is not there any more.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use muster_bus::{CallError, Handled};
use muster_contracts::{
    method::{CreateMachine, DeleteMachine, Service},
    permissions::ServiceUser,
    v1::{CreateMachineRequest, Empty, Machine, MachineRef},
};
use muster_testkit::broker::Broker;
use tokio_util::sync::CancellationToken;

use crate::service;

/// Answers all but the first time, as if whoever had that question were gone.
async fn but_the_first<T>(asked: Arc<AtomicU32>, answer: T) -> Handled<T> {
    if asked.fetch_add(1, Ordering::Relaxed) == 0 {
        std::future::pending::<()>().await;
    }
    Ok(answer)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_question_is_asked_again_where_that_is_the_same_as_once() {
    let broker = Broker::start().await.unwrap();
    let registry = service(&broker, ServiceUser::Registry).await;
    let endpoints = registry.announce(Service::Registry, "0.0.0", CancellationToken::new()).await.unwrap();
    let (created, deleted) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let (creating, deleting) = (Arc::clone(&created), Arc::clone(&deleted));
    let endpoints = endpoints
        .method::<CreateMachine, _, _>(move |asked| {
            let machine = Machine { machine_id: asked.machine_id, ..Machine::default() };
            but_the_first(Arc::clone(&creating), machine)
        })
        .await
        .unwrap();
    let _endpoints =
        endpoints.method::<DeleteMachine, _, _>(move |_| but_the_first(Arc::clone(&deleting), Empty {})).await.unwrap();
    registry.round_trip().await.unwrap();

    let api = service(&broker, ServiceUser::Api).await;
    let create = CreateMachineRequest { machine_id: "laptop".to_owned(), ..CreateMachineRequest::default() };
    let delete = MachineRef::default();
    let (machine, done) = tokio::join!(api.call::<CreateMachine>(&create), api.call::<DeleteMachine>(&delete));
    assert_eq!((machine.unwrap().machine_id.as_str(), created.load(Ordering::Relaxed)), ("laptop", 2));
    assert!(matches!(done, Err(CallError::Timeout)), "{done:?}");
    assert_eq!(deleted.load(Ordering::Relaxed), 1);
}
