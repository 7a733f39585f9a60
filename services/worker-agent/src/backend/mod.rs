//! What a worker can drive. A backend is a module in here and a line in the table of [`Choice`].

pub mod acp;
pub mod demo;
pub(crate) mod environment;
mod lines;
pub mod openai;
pub mod opencode;
mod reason;
mod silence;

use std::{
    collections::HashMap,
    ffi::OsString,
    future::Future,
    path::{Path, PathBuf},
    sync::Arc,
};

use futures_util::future::BoxFuture;
use muster_contracts::v1::{Capabilities, Command, Mode, Model};
use tokio::sync::watch;

use crate::{
    clock::Clock,
    domain::event::Outcome,
    turn::{Turn, TurnIo},
};

/// An agent, or something that behaves like one. One value serves all sessions of the worker.
pub trait Backend: Send + Sync + 'static {
    /// Its name as people are shown it.
    fn name(&self) -> &str;

    /// Its version, empty when it has none of its own.
    fn version(&self) -> String;

    /// What it can do beside answering.
    fn capabilities(&self) -> Capabilities;

    /// The models it offers now. Never a key.
    fn models(&self) -> BoxFuture<'_, Result<Vec<Model>, BackendError>>;

    /// Changes whenever the models may have changed.
    fn models_changed(&self) -> watch::Receiver<u64>;

    /// The ways of working that it offers in a directory; the one that is used when none is chosen comes first.
    fn modes<'a>(&'a self, _directory: &'a Path) -> BoxFuture<'a, Result<Vec<Mode>, BackendError>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    /// The commands that it takes at the beginning of a message, in a directory.
    fn commands<'a>(&'a self, _directory: &'a Path) -> BoxFuture<'a, Result<Vec<Command>, BackendError>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    /// Runs one turn to its end. What it says meanwhile it gives to `io`, which
    /// makes it wait when the stream does not keep up. It ends soon after
    /// [`TurnIo::stopped`]; the future is dropped when it does not.
    fn run<'a>(&'a self, turn: &'a Turn, io: &'a TurnIo) -> BoxFuture<'a, Outcome>;

    /// Sessions for which it holds something between their turns that it can let go of.
    fn held(&self) -> Vec<String> {
        Vec::new()
    }

    /// Lets go of what a session holds, because it is quiet or has ended; its next turn brings it back.
    fn release<'a>(&'a self, _session: &'a str) -> BoxFuture<'a, ()> {
        Box::pin(async {})
    }

    /// Ends whatever the backend has started.
    fn shutdown(&self) -> BoxFuture<'_, ()>;
}

/// Why a backend cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    /// What it needs is not installed, or too old; the text says what to do.
    #[error("{0}")]
    Missing(String),
    /// What it was told on the command line is missing or wrong; the text says how to mend it.
    #[error("{0}")]
    Settings(String),
    /// It does not answer, or not as it should.
    #[error("{0}")]
    Broken(String),
    /// Its files cannot be written.
    #[error("the backend's files cannot be written: {0}")]
    Files(#[from] std::io::Error),
}

/// How a backend is begun.
trait Begin {
    /// Its name as people are shown it, before it is started; that of its folder where there is none of its own.
    fn label(_settings: &Settings) -> Option<String> {
        None
    }

    /// Whether what it needs is found on this machine. Which agent or which endpoint, only a person may know.
    fn is_installed() -> bool;

    /// Starts it.
    ///
    /// # Errors
    /// When it is not installed or does not start.
    fn begin(surroundings: Surroundings) -> impl Future<Output = Result<Arc<dyn Backend>, BackendError>> + Send;
}

/// Makes of the backends' folders all that is chosen among: the command line's words, their help, and the start.
macro_rules! backends {
    ($($(#[$about:meta])+ $choice:ident = $folder:ident::$backend:ident;)+) => {
        /// Which backend.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
        pub enum Choice {
            $($(#[$about])+ $choice,)+
        }

        impl Choice {
            /// The name on the command line.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$choice => stringify!($folder),)+
                }
            }

            /// Its name as people are shown it, before it is started.
            #[must_use]
            pub fn label(self, settings: &Settings) -> String {
                let label = match self {
                    $(Self::$choice => $folder::$backend::label(settings),)+
                };
                label.unwrap_or_else(|| self.name().to_owned())
            }

            /// Whether what it needs is found on this machine.
            #[must_use]
            pub fn is_installed(self) -> bool {
                match self {
                    $(Self::$choice => $folder::$backend::is_installed(),)+
                }
            }

            /// Starts it.
            ///
            /// # Errors
            /// When it is not installed or does not start.
            pub async fn start(self, surroundings: Surroundings) -> Result<Arc<dyn Backend>, BackendError> {
                match self {
                    $(Self::$choice => $folder::$backend::begin(surroundings).await,)+
                }
            }
        }
    };
}

backends! {
    /// opencode, started by the worker itself.
    Opencode = opencode::Opencode;
    /// Any agent that speaks the Agent Client Protocol, such as Gemini CLI or Claude Code: see --agent.
    Acp = acp::Acp;
    /// A model behind an OpenAI-compatible endpoint, such as Ollama or vLLM: see --openai-url.
    Openai = openai::OpenAi;
    /// A deterministic stand-in that needs nothing installed.
    Demo = demo::Demo;
}

/// What the backends are told on the command line, each its own part.
#[derive(Debug, Clone, Default, clap::Args)]
#[group(skip)]
pub struct Settings {
    /// Seconds without a word of an agent after which its reply says so [default: 60]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub agent_silence: Option<u64>,
    /// A variable of the environment that the agent gets too; its provider's keys it gets anyway
    #[arg(long, value_name = "NAME")]
    pub agent_env: Vec<String>,
    /// Of the backend `acp`.
    #[command(flatten)]
    pub acp: acp::Settings,
    /// Of the backend `openai`.
    #[command(flatten)]
    pub openai: openai::Settings,
}

impl Settings {
    /// Whether any is given, otherwise than by the environment.
    #[must_use]
    pub fn is_given(&self, environment: &HashMap<String, String>) -> bool {
        let Self { agent_silence, agent_env, acp, openai } = self;
        agent_silence.is_some() || !agent_env.is_empty() || acp.is_given() || openai.is_given(environment)
    }

    /// An agent's own variables of the environment, and those that were named for it.
    fn own<'a>(&'a self, of_agent: &[&'a str]) -> Vec<&'a str> {
        of_agent.iter().copied().chain(self.agent_env.iter().map(String::as_str)).collect()
    }
}

/// What a backend gets to know of its surroundings.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The worker's directory.
    pub root: PathBuf,
    /// A directory of the backend's own, kept over restarts.
    pub state: PathBuf,
    /// The time.
    pub clock: Clock,
    /// The program that guards child processes: this one.
    pub guard: PathBuf,
    /// The worker's own environment; a backend passes on of it what its agent needs.
    pub environment: Vec<(OsString, OsString)>,
    /// Addresses without encryption are allowed everywhere.
    pub insecure: bool,
    /// What the command line says.
    pub settings: Settings,
}
