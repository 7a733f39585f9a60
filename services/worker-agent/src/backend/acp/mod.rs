//! Any agent that speaks the Agent Client Protocol over its standard input and output.
//!
//! One process serves all sessions: fifty agents that each take some hundred megabytes would not fit a machine. It may
//! end at any time: the turns that it was working on fail with a reason, the next message starts it again, and the
//! session goes on with its context where the agent can open it again. What an agent says waits for the stream, and the
//! agent's other sessions wait with it.

mod agent;
mod content;
mod diff;
mod form;
mod hub;
mod options;
mod presets;
mod process;
mod prompt;
mod requests;
mod session;
mod tool;
mod transcript;

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures_util::future::BoxFuture;
use muster_contracts::v1::{self, Capabilities, Mode, Model};
use tokio::sync::watch;

pub use self::presets::{Preset, Settings};
use self::{
    agent::{Agent, CallError, Offered, Opened},
    options::{Levels, Options},
    presets::Command,
    process::Launch,
};
use super::{Backend, BackendError, Begin, Surroundings, environment, silence::Silence};
use crate::{
    domain::event::Outcome,
    turn::{Turn, TurnIo},
};

/// See the module.
#[derive(Debug)]
pub struct Acp {
    /// As people are shown it.
    name: String,
    /// The agent's own.
    agent_name: String,
    launch: Launch,
    sign_in: Option<&'static str>,
    /// Of the command line: see [`Silence`].
    silence: Option<u64>,
    /// Taken while it is started, so that there is one.
    agent: tokio::sync::Mutex<Option<Agent>>,
    offered: Offered,
    known: Mutex<Known>,
    models_changed: watch::Sender<u64>,
}

/// Whether a line of the log would show what is said: at its finest level the library prints every word of the protocol.
pub(crate) fn shows_messages(line: &tracing::Metadata<'_>) -> bool {
    *line.level() == tracing::Level::TRACE && line.target().starts_with("agent_client_protocol")
}

/// What the agent has told of itself.
#[derive(Debug, Default)]
struct Known {
    version: String,
    models: Vec<Model>,
    levels: Levels,
    modes: Vec<Mode>,
}

impl Begin for Acp {
    fn label(settings: &super::Settings) -> Option<String> {
        Some(settings.acp.label())
    }

    fn is_installed() -> bool {
        false
    }

    /// Finds the agent, starts it and asks what it offers.
    async fn begin(surroundings: Surroundings) -> Result<Arc<dyn Backend>, BackendError> {
        let Command { name, program, arguments, own, sign_in } = surroundings.settings.acp.command()?;
        std::fs::create_dir_all(&surroundings.state)?;
        let own = surroundings.settings.own(own);
        let environment = environment::passed_on(&surroundings.environment, &own);
        let models_changed = watch::Sender::new(0);
        let backend = Self {
            name: surroundings.settings.acp.label(),
            agent_name: name,
            launch: Launch {
                guard: surroundings.guard.clone(),
                program,
                arguments,
                has_key: environment::has_key(&environment, &own),
                environment,
                root: surroundings.root.clone(),
                log: surroundings.state.join("acp.log"),
                changed: models_changed.clone(),
            },
            sign_in,
            silence: surroundings.settings.agent_silence,
            agent: tokio::sync::Mutex::default(),
            offered: Offered::default(),
            known: Mutex::default(),
            models_changed,
        };
        if let Err(error) = backend.look_around().await {
            // Nothing of it is left when this is told.
            backend.shutdown().await;
            return Err(error);
        }
        Ok(Arc::new(backend))
    }
}

impl Acp {
    /// Opens a session to learn what can be chosen.
    async fn look_around(&self) -> Result<(), BackendError> {
        let agent = self.agent().await?;
        let root = &self.launch.root;
        let opened = agent.open(root).await;
        let opened = opened.map_err(|error| BackendError::Broken(format!("{}: {error}.", self.agent_name)))?;
        self.learn(&agent, &opened.options);
        agent.keep_spare(opened);
        Ok(())
    }

    /// The running agent, started when there is none.
    async fn agent(&self) -> Result<Agent, BackendError> {
        let mut running = self.agent.lock().await;
        if let Some(agent) = running.as_ref().filter(|agent| !agent.gone().is_cancelled()) {
            return Ok(agent.clone());
        }
        let agent = Agent::start(&self.launch, self.sign_in, &self.offered).await?;
        Ok(running.insert(agent).clone())
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps what the agent offers, and tells when that is something else than before.
    fn learn(&self, agent: &Agent, options: &Options) {
        let shown = if agent.name().is_empty() { &self.agent_name } else { agent.name() };
        let modes = options::listed_modes(options);
        let mut known = self.known();
        known.levels.learn(options);
        let models = options::listed(options, &known.levels, shown, agent.can().prompt_capabilities.image);
        agent.version().clone_into(&mut known.version);
        // Which of them a session is in is its own matter; the one that new ones begin in stays the first.
        if modes.len() != known.modes.len() || modes.iter().any(|mode| !known.modes.contains(mode)) {
            known.modes = modes;
        }
        let changed = !known.models.is_empty() && known.models != models;
        known.models = models;
        if changed {
            self.models_changed.send_modify(|count| *count += 1);
        }
    }

    /// Takes over what the agent has told of its choices outside of a turn.
    fn catch_up(&self) {
        // One that is being started tells all of it then.
        let Some(agent) = self.agent.try_lock().ok().and_then(|agent| agent.clone()) else { return };
        let Some(config) = agent.hub().news() else { return };
        let options = {
            let mut offered = self.offered.lock().unwrap_or_else(PoisonError::into_inner);
            offered.configure(&config);
            offered.clone()
        };
        self.learn(&agent, &options);
    }

    async fn answer(&self, turn: &Turn, io: &TurnIo) -> Outcome {
        let beginning = tokio::select! {
            biased;
            () = io.stopped().cancelled() => return Outcome::Cancelled,
            beginning = self.begin(turn, io) => beginning,
        };
        let (agent, opened) = match beginning {
            Ok(begun) => begun,
            Err(outcome) => return outcome,
        };
        let outcome = prompt::run(&agent, opened, (&self.agent_name, Silence::new(self.silence)), turn, io).await;
        if let Some(opened) = agent.opened(&turn.session) {
            self.learn(&agent, &opened.options);
        }
        outcome
    }

    /// The agent with the turn's session open in it. One that has ended a moment ago is started again, and one that
    /// hangs, if nobody else has a turn in it.
    async fn begin(&self, turn: &Turn, io: &TurnIo) -> Result<(Agent, Opened), Outcome> {
        let mut again = true;
        loop {
            let agent = self.agent().await.map_err(|error| Outcome::Failed(error.to_string()))?;
            match session::begin(&agent, turn, io).await {
                Ok(opened) => return Ok((agent, opened)),
                Err(CallError::Gone) if std::mem::take(&mut again) => agent.gone().cancel(),
                Err(CallError::Silent) if agent.hub().turns() == 0 && std::mem::take(&mut again) => agent.end().await,
                Err(error) => return Err(prompt::failure(&self.agent_name, &error)),
            }
        }
    }
}

impl Backend for Acp {
    fn name(&self) -> &str {
        &self.name
    }

    fn version(&self) -> String {
        self.known().version.clone()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { attachments: true, ..Capabilities::default() }
    }

    fn models(&self) -> BoxFuture<'_, Result<Vec<Model>, BackendError>> {
        self.catch_up();
        Box::pin(async { Ok(self.known().models.clone()) })
    }

    fn modes<'a>(&'a self, directory: &'a Path) -> BoxFuture<'a, Result<Vec<Mode>, BackendError>> {
        self.catch_up();
        let known = self.known().modes.clone();
        // One that is being started has told none yet.
        let running = self.agent.try_lock().ok();
        let there = running.and_then(|agent| agent.as_ref()?.options(directory));
        let mut modes = there.map_or_else(|| known.clone(), |options| options::listed_modes(&options));
        // A session that is there may be in another one than a new one begins in.
        modes.sort_by_key(|mode| known.first() != Some(mode));
        Box::pin(async { Ok(modes) })
    }

    fn commands<'a>(&'a self, directory: &'a Path) -> BoxFuture<'a, Result<Vec<v1::Command>, BackendError>> {
        // One that is being started has told none yet.
        let running = self.agent.try_lock().ok();
        let commands = running.and_then(|agent| Some(agent.as_ref()?.commands(directory)));
        Box::pin(async { Ok(commands.unwrap_or_default()) })
    }

    fn models_changed(&self) -> watch::Receiver<u64> {
        self.models_changed.subscribe()
    }

    fn run<'a>(&'a self, turn: &'a Turn, io: &'a TurnIo) -> BoxFuture<'a, Outcome> {
        Box::pin(self.answer(turn, io))
    }

    fn held(&self) -> Vec<String> {
        // One that is being started holds nothing yet.
        let running = self.agent.try_lock().ok().and_then(|agent| agent.clone());
        running.map_or_else(Vec::new, |agent| agent.held())
    }

    fn release<'a>(&'a self, session: &'a str) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let running = self.agent.lock().await.clone();
            if let Some(agent) = running.filter(|agent| !agent.gone().is_cancelled()) {
                agent.release(session).await;
            }
        })
    }

    fn shutdown(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            if let Some(agent) = self.agent.lock().await.take() {
                agent.end().await;
            }
        })
    }
}
