//! Registry and chat as scripts: they answer from what a test has put into the world.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use muster_bus::Bus;
use muster_contracts::{
    method::{self, Service},
    stream, v1,
};
use muster_service::problem;
use tokio_util::sync::CancellationToken;

/// What registry and chat know.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) sessions: Mutex<HashMap<String, v1::ChatSession>>,
    pub(crate) workers: Mutex<HashMap<String, v1::Worker>>,
    pub(crate) machines: Mutex<Vec<v1::Machine>>,
    pub(crate) pages: Mutex<Vec<v1::Page>>,
    /// The ids under which sessions were to be made.
    pub(crate) asked_for: Mutex<Vec<String>>,
    /// What was to be changed of sessions.
    pub(crate) changes: Mutex<Vec<v1::UpdateSessionRequest>>,
    /// Whoever holds it holds up the machines that are to be made.
    pub(crate) making: tokio::sync::Mutex<()>,
}

fn user(caller: &Option<v1::Caller>) -> &str {
    &caller.as_ref().unwrap().user_id
}

pub(super) async fn play_registry(bus: &Bus, world: &Arc<World>, stop: &CancellationToken) {
    let known = |world: &Arc<World>| {
        let world = Arc::clone(world);
        move |request: &v1::WorkerRef| {
            let found = world.workers.lock().unwrap().get(&request.worker_id).cloned();
            found.filter(|worker| worker.user_id == user(&request.caller)).ok_or_else(|| problem::not_found("worker"))
        }
    };
    let (get, machines, list) = (known(world), Arc::clone(world), Arc::clone(world));
    let endpoints = bus.announce(Service::Registry, "0.0.0", stop.clone()).await.unwrap();
    let endpoints = endpoints.method::<method::GetWorker, _, _>(move |request| std::future::ready(get(&request)));
    let endpoints = endpoints.await.unwrap().method::<method::CreateMachine, _, _>(move |request| {
        let machine = v1::Machine {
            user_id: user(&request.caller).to_owned(),
            machine_id: request.machine_id,
            name: request.name,
            ..v1::Machine::default()
        };
        let world = Arc::clone(&machines);
        async move {
            let _free = world.making.lock().await;
            world.machines.lock().unwrap().push(machine.clone());
            Ok(machine)
        }
    });
    let endpoints = endpoints.await.unwrap().method::<method::ListMachines, _, _>(move |request| {
        let machines = list.machines.lock().unwrap();
        let own = machines.iter().filter(|machine| machine.user_id == user(&request.caller)).cloned().collect();
        list.pages.lock().unwrap().extend(request.page);
        std::future::ready(Ok(v1::ListMachinesReply { machines: own, next_cursor: Some("next".into()) }))
    });
    tokio::spawn(endpoints.await.unwrap().run());
}

pub(super) async fn play_chat(bus: &Bus, world: &Arc<World>, stop: &CancellationToken) {
    let (get, create, change) = (Arc::clone(world), Arc::clone(world), Arc::clone(world));
    let list = bus.clone();
    let endpoints = bus.announce(Service::Chat, "0.0.0", stop.clone()).await.unwrap();
    let endpoints = endpoints.method::<method::GetSession, _, _>(move |request| {
        let found = get.sessions.lock().unwrap().get(&request.chat_session_id).cloned();
        let own = found.filter(|session| session.user_id == user(&request.caller));
        std::future::ready(own.ok_or_else(|| problem::not_found("session")))
    });
    let endpoints = endpoints.await.unwrap().method::<method::CreateSession, _, _>(move |request| {
        create.asked_for.lock().unwrap().push(request.chat_session_id);
        // Chat's own rule, which needs the worker with its models.
        let offered = request.worker.is_some_and(|worker| worker.models.iter().any(|it| it.model_id == request.model));
        let refused = muster_service::problem::invalid("/model", "is not offered");
        let session = v1::ChatSession { model: request.model, ..v1::ChatSession::default() };
        std::future::ready(if offered { Ok(session) } else { Err(refused) })
    });
    let endpoints = endpoints.await.unwrap().method::<method::UpdateSession, _, _>(move |request| {
        change.changes.lock().unwrap().push(request);
        std::future::ready(Ok(v1::ChatSession::default()))
    });
    let endpoints = endpoints.await.unwrap().method::<method::ListMessages, _, _>(move |_| {
        let list = list.clone();
        async move {
            let state = list.stream_state(stream::CHUNKS).await.unwrap();
            Ok(v1::ListMessagesReply { position: state.last, epoch: state.epoch, ..v1::ListMessagesReply::default() })
        }
    });
    tokio::spawn(endpoints.await.unwrap().run());
}
