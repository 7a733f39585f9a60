//! Chat: sessions, messages, turns and requests.
//!
//! **Duty.** It owns the queue of every session and decides which worker answers
//! what; it assembles finished replies from the stream and keeps them.
//!
//! **Consumes.** `chat.v1.api.*` from the api; `chat.v1.worker.*.{sync,result}`
//! from workers, with `attachment`; starts, requests and ends in CHUNKS; workers and accounts in EVENTS.
//!
//! **Publishes.** What changed: `chat.v1.stream.chat.…state` into CHUNKS for
//! viewers, `evt.v1.<user>.{session,request}.…` and what was done to them (`audit`)
//! into EVENTS, by an outbox; the doorbell `wrk.v1.<worker>.wake`.
//!
//! **Owns.** The stream CHUNKS, the object store ATTACHMENTS (the api writes files into it and reads them; what is
//! known of them is here) and the tables in `migrations/`.
//!
//! **When it dies**, workers go on writing into the stream and viewers go on
//! reading; what was said and ended meanwhile is taken up after the restart,
//! by any instance.

pub mod attach;
pub mod config;
pub mod domain;
pub mod erase;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzz;
pub mod handlers;
pub mod listen;
mod metric;
pub mod quota;
pub mod reaper;
pub mod restriction;
pub mod retention;
pub mod state;
pub mod store;
pub mod tell;
pub mod tidy;
pub mod turns;

use std::{
    sync::{Arc, atomic::AtomicI64, atomic::Ordering},
    time::Duration,
};

use muster_contracts::{
    method, objects,
    permissions::ServiceUser,
    stream::{self, CHUNKS, EVENTS},
    subject::{ChunkKind, Entity, filter},
};
use muster_service::{App, Migrations, Service, StartError, metric::Metric, outbox};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{config::Config, state::State};

/// The tables.
pub static MIGRATIONS: Migrations =
    Migrations::with(sqlx::migrate!(), sqlx::migrate!("./migrations/sqlite"), sqlx::migrate!("./migrations/postgres"));

/// Milliseconds.
const DAY: i64 = 24 * 60 * 60 * 1000;

/// The service chat.
#[derive(Debug)]
pub struct Chat;

impl Service for Chat {
    type Config = Config;
    const NAME: &'static str = "chat";
    const ABOUT: &'static str = "Muster's sessions, messages and turns";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const METRICS: &'static [&'static dyn Metric] = metric::ALL;
    const MIGRATIONS: &'static Migrations = &MIGRATIONS;

    async fn start(app: &mut App, changing: watch::Receiver<Config>) -> Result<(), StartError> {
        let config = changing.borrow().clone();
        let db = app.open_database::<Self>().await?;
        let bus = app.connect_bus(ServiceUser::Chat).await?;
        let state = State {
            db: db.clone(),
            bus: bus.clone(),
            clock: app.clock.clone(),
            config: changing,
            tidy: Arc::default(),
            departures: Arc::default(),
            position: Arc::default(),
            answered: Arc::default(),
            settled_since: Arc::new(AtomicI64::new(0)),
            asked: Arc::default(),
        };
        // What a message was made of is not kept longer than the message.
        let keep_for = config.messages_max_days.map(|days| i64::from(days.get()) * DAY);
        let most = keep_for.map_or(u64::MAX, |most| most.unsigned_abs() / 1000);
        let chunks_for = Duration::from_secs(config.chunks_max_seconds.min(most));
        let chunks = stream::chunks(chunks_for, config.chunks_max_bytes, app.common.stream_replicas);
        app.keep_stream("stream CHUNKS", &bus, chunks);
        let attachments = objects::attachments(config.attachments_max_bytes, app.common.stream_replicas);
        app.keep_objects("object store ATTACHMENTS", &bus, attachments);
        app.spawn("settle", settle(state.clone(), app.stop.clone()));
        let position = Arc::clone(&state.position);
        app.spawn("outbox", {
            let (bus, stop) = (bus.clone(), app.stop.clone());
            async move {
                outbox::relay(db, bus, stop, |stored| {
                    if stored.stream == CHUNKS {
                        position.saw(stored.sequence);
                    }
                })
                .await;
            }
        });
        listen(app, &state);
        app.spawn("reaper", reaper::end_lost_turns(state.clone(), app.stop.clone()));
        app.spawn("quotas", quota::watch(state.clone(), app.stop.clone()));
        app.spawn("tidy", tidy::remove_what_nobody_has(state.clone(), app.stop.clone()));
        let terms = reaper::Terms { keep_for, chunks_for };
        app.spawn("house", reaper::keep_house(state.clone(), terms, app.stop.clone()));
        app.spawn("departures", erase::accounts(state.clone(), app.stop.clone()));
        app.spawn("erasing", erase::what_is_left(state.clone(), app.stop.clone()));
        app.spawn("methods", serve(state, app.stop.clone()));
        Ok(())
    }
}

fn listen(app: &App, state: &State) {
    let (bus, stop) = (state.bus.clone(), app.stop.clone());
    app.spawn("chunks", {
        let (bus, stop, state) = (bus.clone(), stop.clone(), state.clone());
        let kinds = [ChunkKind::Start, ChunkKind::Request, ChunkKind::End].map(filter::kind).to_vec();
        async move {
            bus.consume(CHUNKS, "chat", kinds, stop, move |delivery| listen::chunks::handle(state.clone(), delivery))
                .await;
        }
    });
    app.spawn("events", {
        let (bus, stop, state) = (bus.clone(), stop.clone(), state.clone());
        async move {
            bus.consume(
                EVENTS,
                "chat",
                vec![filter::entity(Entity::Worker), filter::entity(Entity::User)],
                stop,
                move |delivery| listen::events::handle(state.clone(), delivery),
            )
            .await;
        }
    });
    app.spawn("workers", {
        let state = state.clone();
        async move {
            let asked = {
                let state = state.clone();
                move |incoming| listen::sync::handle(state.clone(), incoming)
            };
            if let Err(error) = bus.answer(listen::sync::FILTER, "chat", stop, asked).await {
                tracing::error!(%error, "workers cannot be heard");
            }
        }
    });
}

/// Remembers since when the broker has been connected without a break.
async fn settle(state: State, stop: CancellationToken) {
    let mut connection = state.bus.connection();
    loop {
        let since = if connection.borrow_and_update().connected { state.clock.now() } else { 0 };
        state.settled_since.store(since, Ordering::Relaxed);
        tokio::select! {
            changed = connection.changed() => if changed.is_err() { stop.cancelled().await; return },
            () = stop.cancelled() => return,
        }
    }
}

async fn serve(state: State, stop: CancellationToken) {
    let announced = async {
        state.bus.connected().await;
        let endpoints = state.bus.announce(method::Service::Chat, Chat::VERSION, stop.clone()).await?;
        handlers::announce(&state, endpoints).await
    };
    match announced.await {
        Ok(endpoints) => endpoints.run().await,
        Err(error) => tracing::error!(%error, "the methods cannot be announced"),
    }
}
