//! `cargo muster up`: everything on this computer, until it is asked to end.

mod agent;
mod first_run;
mod programs;
mod start;
mod supervise;
mod transport;

use std::process::ExitCode;

pub(crate) use agent::OPENCODE;
use muster_testkit::{
    binaries, broker::BrokerError, client::ClientError, credentials::CredentialsError, nats::NatsError,
    process::ProcessError, service::ServiceError,
};

use crate::{
    cli,
    data_dir::{DataDir, DataDirError},
    interrupt::Interrupt,
    ports::PortError,
    report::Report,
    tool::ToolError,
    web::WebError,
};

/// What a shell answers for a program that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

/// Why it does not run. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UpError {
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    #[error(transparent)]
    Port(#[from] PortError),
    #[error(transparent)]
    Web(#[from] WebError),
    #[error(transparent)]
    Tool(#[from] ToolError),
    #[error(transparent)]
    Nats(#[from] NatsError),
    #[error(transparent)]
    Broker(#[from] BrokerError),
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    #[error(transparent)]
    Service(#[from] ServiceError),
    #[error(transparent)]
    NotBuilt(#[from] binaries::NotBuilt),
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// A certificate is for a name.
    #[error("--tls-cert needs --public-url https://NAME, where NAME is the one in the certificate")]
    Certificate,
    /// The API refuses what a first run does.
    #[error("{what}: {source}")]
    FirstRun {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        source: ClientError,
    },
    /// A file cannot be read or written, a signal not be heard.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// Why it failed.
        source: std::io::Error,
    },
}

impl UpError {
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}

/// Runs until Ctrl-C or SIGTERM.
pub(crate) async fn run(options: cli::Up, report: &Report) -> Result<ExitCode, UpError> {
    let mut interrupt = Interrupt::new().map_err(UpError::io("listening for Ctrl-C"))?;
    let data = DataDir::open(&options.data_dir)?;
    let running = tokio::select! {
        running = start::everything(&options, &data, report) => running?,
        // What was started is killed as it is dropped.
        () = interrupt.asked() => return Ok(ExitCode::from(INTERRUPTED)),
    };
    report.say("Ctrl-C ends it.");
    interrupt.asked().await;
    report.say("ending");
    tokio::select! {
        () = running.end() => {}
        () = interrupt.asked() => report.warn("asked again: ending at once"),
    }
    report.say("ended");
    Ok(ExitCode::SUCCESS)
}
