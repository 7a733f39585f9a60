//! The registry: which machines and workers there are, who may be one, and
//! where they are right now.
//!
//! - **Owns** the tables `machines`, `workers`, `registrations`, `connections`,
//!   and the stream EVENTS.
//! - **Answers** `reg.v1.api.<method>` (the api, and chat for `presence`),
//!   `reg.v1.worker.….{register,models}` (workers), and the broker's auth callout.
//! - **Consumes** accounts in EVENTS: a disabled one's workers are cut off, a
//!   deleted one's machines go.
//! - **Hears** `reg.v1.worker.….{heartbeat,bye}`, and the broker's notices of
//!   connections in the account WORKERS.
//! - **Publishes** `evt.v1.<user>.{machine,worker,registration}.<id>`, and what was
//!   done to them (`audit`); cuts connections that the database does not allow.
//!
//! When it dies, connected workers and their chats go on; new workers cannot
//! connect and try again, nothing can be approved or removed. The next instance
//! counts the connections anew and goes on from there; until it has watched for
//! half a minute it says "unknown" where it cannot know. Any number may run.

mod config;
mod domain;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzz;
mod handlers;
mod memory;
mod metric;
mod presence;
mod state;
mod store;
mod tell;
mod view;

use std::{sync::Arc, time::Duration};

use muster_bus::{CallError, ServiceConnect, System};
use muster_contracts::{
    permissions::ServiceUser,
    stream::{EVENTS, StreamSpec},
    subject::{Entity, RegistryVerb, filter},
};
use muster_service::{App, Migrations, Service, StartError, health::Need, metric::Metric, outbox};
use tokio::sync::watch;

use crate::{
    config::RegistryConfig,
    memory::Memory,
    state::{Shared, State},
};

/// Pause after the broker refused something at the start.
const RETRY: Duration = Duration::from_millis(500);

/// The service.
#[derive(Debug)]
pub struct Registry;

impl Service for Registry {
    type Config = RegistryConfig;
    const NAME: &'static str = "registry";
    const ABOUT: &'static str = "Keeps machines and workers, decides who may connect, and knows who is there";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const METRICS: &'static [&'static dyn Metric] = metric::ALL;
    const MIGRATIONS: &'static Migrations = &store::MIGRATIONS;

    async fn start(app: &mut App, changing: watch::Receiver<RegistryConfig>) -> Result<(), StartError> {
        let config = changing.borrow().clone();
        let (keys, seed) = (config.keys()?, config.system_seed()?);
        let db = app.open_database::<Self>().await?;
        let bus = app.connect_bus(ServiceUser::Registry).await?;
        let system = System::connect(ServiceConnect {
            servers: app.common.nats_url.clone(),
            user: ServiceUser::System,
            seed,
            ca_file: app.common.nats_ca_file.clone(),
        })
        .await
        .map_err(|error| StartError::connecting(error, "system_seed"))?;
        let state = Arc::new(State {
            db,
            bus,
            system,
            clock: app.clock.clone(),
            keys,
            config: changing,
            memory: Memory::default(),
            stop: app.stop.clone(),
            waiting: Default::default(),
            asked: Default::default(),
            arrivals: Default::default(),
        });
        spawn(app, &state, config.events(app.common.stream_replicas));
        Ok(())
    }
}

fn spawn(app: &App, state: &Shared, events: StreamSpec) {
    let (listening, listened) = watch::channel(0);
    app.spawn("notices", presence::notices::follow(state.clone(), listening));
    app.spawn("census", presence::census::repeat(state.clone(), listened));
    app.spawn("sweep", presence::sweep::repeat(state.clone()));
    app.spawn("outbox", outbox::relay(state.db.clone(), state.bus.clone(), app.stop.clone(), |_| {}));
    let (shared, stop) = (state.clone(), app.stop.clone());
    app.spawn("accounts", async move {
        let told = vec![filter::entity(Entity::User)];
        let handler = shared.clone();
        let handle = move |delivery| handlers::account::handle(handler.clone(), delivery);
        shared.bus.consume(EVENTS, "registry", told, stop, handle).await;
    });
    app.spawn("system", close_system(state.clone()));
    app.keep_stream("stream EVENTS", &state.bus, events);
    app.spawn("system connection", watch_system(state.clone(), app.health.need("nats system")));

    let shared = state.clone();
    app.spawn("methods", until_stopped(state.clone(), move || serve(shared.clone())));
    for verb in [RegistryVerb::Register, RegistryVerb::Models] {
        let shared = state.clone();
        let answer = move || {
            let state = shared.clone();
            async move { handlers::answer_workers(&state, verb).await }
        };
        app.spawn("workers' requests", until_stopped(state.clone(), answer));
    }
    for verb in [RegistryVerb::Heartbeat, RegistryVerb::Bye] {
        let shared = state.clone();
        let hear = move || {
            let state = shared.clone();
            async move { handlers::hear_workers(&state, verb).await }
        };
        app.spawn("workers' signs", until_stopped(state.clone(), hear));
    }
    let shared = state.clone();
    let decide = move || {
        let (state, handler) = (shared.clone(), shared.clone());
        async move {
            let decided = move |callout| handlers::callout::handle(handler.clone(), callout);
            state.bus.decide_callouts(state.stop.clone(), decided).await
        }
    };
    app.spawn("callouts", until_stopped(state.clone(), decide));
}

async fn serve(state: Shared) -> Result<(), CallError> {
    tokio::select! {
        _ = state.bus.connected() => handlers::answer_methods(&state).await,
        () = state.stop.cancelled() => Ok(()),
    }
}

/// Subscriptions outlive the broker's restarts; what could not be made is tried again.
async fn until_stopped<F>(state: Shared, attempt: impl Fn() -> F)
where
    F: Future<Output = Result<(), CallError>>,
{
    while !state.stop.is_cancelled() {
        if let Err(error) = attempt().await {
            tracing::warn!(%error, "the broker does not take a subscription");
            tokio::time::sleep(RETRY).await;
        }
    }
}

async fn watch_system(state: Shared, need: Need) {
    let mut connection = state.system.connection();
    loop {
        if connection.borrow_and_update().connected {
            need.met();
        } else {
            need.missing("the broker does not let the system user in");
        }
        tokio::select! {
            changed = connection.changed() => if changed.is_err() { return state.stop.cancelled().await },
            () = state.stop.cancelled() => return,
        }
    }
}

async fn close_system(state: Shared) {
    state.stop.cancelled().await;
    state.system.close().await;
}
