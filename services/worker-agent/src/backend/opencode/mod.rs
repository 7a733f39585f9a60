//! opencode, started and driven by the worker over its HTTP interface on loopback.
//!
//! One process serves all sessions. It may be killed at any time: the turns
//! that it was working on fail with a reason, it is started again, and the next
//! message goes on in the same session.

mod changes;
mod client;
mod events;
mod ids;
mod models;
mod offers;
mod past;
mod prompt;
mod requests;
mod server;
mod transcript;
mod wire;

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use futures_util::future::BoxFuture;
use muster_contracts::v1::{Capabilities, Command, Mode, Model};
use tokio::{sync::watch, time::timeout};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use self::{
    client::Client,
    server::{Running, Server},
};
use super::{Backend, BackendError, Begin, Surroundings, silence::Silence};
use crate::{
    domain::event::Outcome,
    turn::{Turn, TurnIo},
};

/// How long a turn waits for an opencode that is being started again.
const START: Duration = Duration::from_secs(60);
/// How often the models are looked at for changes.
const MODELS: Duration = Duration::from_secs(60);
/// Names an opencode that is not on the PATH.
const VARIABLE: &str = "MUSTER_OPENCODE";

/// See the module.
#[derive(Debug)]
pub struct Opencode {
    server: Server,
    surroundings: Surroundings,
    /// The models as they were told last.
    told: Mutex<Option<Vec<Model>>>,
    models_changed: watch::Sender<u64>,
    watching: Mutex<Option<AbortOnDropHandle<()>>>,
}

impl Begin for Opencode {
    fn is_installed() -> bool {
        std::env::var_os(VARIABLE).is_some() || which::which("opencode").is_ok()
    }

    /// Finds opencode, starts it and waits until it answers.
    async fn begin(surroundings: Surroundings) -> Result<Arc<dyn Backend>, BackendError> {
        let server = Server::start(&surroundings).await?;
        let models_changed = watch::Sender::new(0);
        let (told, watching) = (Mutex::default(), Mutex::default());
        let opencode = Arc::new(Self { server, surroundings, told, models_changed, watching });
        let watching = watch_models(Arc::downgrade(&opencode), opencode.server.running());
        let watching = AbortOnDropHandle::new(tokio::spawn(watching));
        *opencode.watching.lock().unwrap_or_else(PoisonError::into_inner) = Some(watching);
        Ok(Arc::new(opencode))
    }
}

impl Opencode {
    async fn running(&self) -> Option<Running> {
        let mut running = self.server.running();
        timeout(START, running.wait_for(Option::is_some)).await.ok()?.ok()?.clone()
    }

    async fn answer(&self, turn: &Turn, io: &TurnIo) -> Outcome {
        let running = tokio::select! {
            biased;
            () = io.stopped().cancelled() => return Outcome::Cancelled,
            running = self.running() => running,
        };
        let Some(running) = running else {
            return Outcome::Failed("opencode does not start on this machine; see the worker's log.".to_owned());
        };
        let gone = running.gone.clone();
        let silence = Silence::new(self.surroundings.settings.agent_silence);
        prompt::run(&running, turn, io, self.surroundings.clock, &gone, silence).await
    }
}

/// Looks now and then, and whenever it was started again, whether the models are others, and tells so.
async fn watch_models(opencode: Weak<Opencode>, mut running: watch::Receiver<Option<Running>>) {
    loop {
        let Some(this) = opencode.upgrade() else { return };
        if let Ok(models) = Opencode::models(&this).await
            && this.told().as_ref().is_some_and(|told| *told != models)
        {
            this.models_changed.send_modify(|count| *count += 1);
        }
        drop(this);
        // It was stopped for good.
        if let Ok(Err(_)) = timeout(MODELS, running.changed()).await {
            return;
        }
    }
}

impl Backend for Arc<Opencode> {
    fn name(&self) -> &str {
        "opencode"
    }

    fn version(&self) -> String {
        self.server.version()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { rewind: true, fork: true, attachments: true }
    }

    fn modes<'a>(&'a self, directory: &'a Path) -> BoxFuture<'a, Result<Vec<Mode>, BackendError>> {
        Box::pin(async {
            let agents = self.client().await?.agents(directory).await;
            agents.map(offers::modes).map_err(|error| BackendError::Broken(error.to_string()))
        })
    }

    fn commands<'a>(&'a self, directory: &'a Path) -> BoxFuture<'a, Result<Vec<Command>, BackendError>> {
        Box::pin(async {
            let commands = self.client().await?.commands(directory).await;
            commands.map(offers::commands).map_err(|error| BackendError::Broken(error.to_string()))
        })
    }

    fn models(&self) -> BoxFuture<'_, Result<Vec<Model>, BackendError>> {
        Box::pin(async {
            let models = Opencode::models(self).await?;
            *self.told() = Some(models.clone());
            Ok(models)
        })
    }

    fn models_changed(&self) -> watch::Receiver<u64> {
        self.models_changed.subscribe()
    }

    fn run<'a>(&'a self, turn: &'a Turn, io: &'a TurnIo) -> BoxFuture<'a, Outcome> {
        Box::pin(self.answer(turn, io))
    }

    fn shutdown(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.server.stop())
    }
}

impl Opencode {
    async fn client(&self) -> Result<Client, BackendError> {
        let running = self.running().await;
        running.map(|running| running.client).ok_or_else(|| BackendError::Broken("opencode does not answer".to_owned()))
    }

    fn told(&self) -> MutexGuard<'_, Option<Vec<Model>>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn models(&self) -> Result<Vec<Model>, BackendError> {
        let providers = self.client().await?.providers(&self.surroundings.root).await;
        providers.map(models::list).map_err(|error| BackendError::Broken(error.to_string()))
    }
}

/// Ends when the process behind it has ended.
type Gone = CancellationToken;
