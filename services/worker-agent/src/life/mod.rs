//! The life of the process: configure, take the key, start the backend,
//! connect, be approved, work, go.

mod connect;
mod silence;
mod stance;
mod worker;

use std::{env, ffi::OsString, path::Path, process::ExitCode, sync::Arc, time::Duration};

use muster_bus::trace::Traces;
use muster_contracts::v1::RegisterRequest;
use tokio::time::timeout;
use tracing_subscriber::{
    EnvFilter, Layer as _,
    filter::{FilterExt as _, filter_fn},
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

use self::{connect::connect, worker::Worker};
use crate::{
    backend::{Backend, BackendError, Surroundings, acp},
    clock,
    config::{self, Config, Run},
    exit::{Code, Exit},
    rotation::Rotation,
    say::say,
    state::StateDir,
    stop::Stop,
    turn::CLOSE,
};

/// How long saying goodbye to the server may take.
const GOODBYE: Duration = Duration::from_millis(500);
/// How long the backend may take to end: what is left of it then, its guard ends as soon as we have gone.
const BACKEND_ENDS: Duration = Duration::from_millis(2500);
/// Whoever stops a service waits ten seconds, then kills it.
const _: () = assert!(CLOSE.as_millis() + GOODBYE.as_millis() + BACKEND_ENDS.as_millis() <= 9_000);

/// Runs a worker until it is stopped.
#[must_use]
pub fn begin(run: Run) -> ExitCode {
    let done = prepare(run).and_then(|(config, traces)| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Exit::new(Code::Unavailable, format!("The worker cannot start: {error}.")))?;
        let done = runtime.block_on(work(config));
        if let Some(traces) = traces {
            traces.flush();
        }
        done
    });
    told(done)
}

/// Ends the process, saying why when something is wrong.
#[must_use]
pub fn told(done: Result<(), Exit>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(exit) => {
            eprintln!("{exit}");
            exit.code.into()
        }
    }
}

fn prepare(run: Run) -> Result<(Config, Option<Traces>), Exit> {
    let filter = EnvFilter::try_new(&run.log).map_err(|_| {
        Exit::new(Code::Usage, format!("--log {:?} is no level: use error, warn, info or debug.", run.log))
    })?;
    let filter = filter.and(filter_fn(|line| !muster_bus::shows_messages(line) && !acp::shows_messages(line)));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_filter(filter);
    let endpoint = run.otlp_endpoint.as_deref().filter(|endpoint| !endpoint.is_empty());
    let traces = endpoint.map(|endpoint| Traces::to("worker-agent", endpoint)).transpose();
    let traces = traces.map_err(|error| Exit::new(Code::Usage, format!("--otlp-endpoint {error}.")))?;
    tracing_subscriber::registry().with(traces.as_ref().map(Traces::layer)).with(lines).init();
    Ok((Config::from_run(run, &config::environment())?, traces))
}

async fn work(config: Config) -> Result<(), Exit> {
    let state = StateDir::open(&config.state_dir)?;
    let key = state.key()?;
    say(format_args!(
        "Worker {} in {}, backend {}.",
        config.token.worker,
        config.root.display(),
        config.backend.label(&config.settings)
    ));
    let mut stop = Stop::listen()?;
    if config.tied {
        stop.with_standard_input();
    }
    let starting = async {
        let backend = start_backend(&config, state.path(), env::vars_os().collect()).await?;
        match connect(&config, &key).await {
            Ok(link) => Ok((backend, link)),
            Err(exit) => {
                backend.shutdown().await;
                Err(exit)
            }
        }
    };
    let (backend, (link, instance)) = tokio::select! {
        started = starting => started?,
        () = stop.asked() => return Ok(()),
    };
    let worker = Worker::new(config.clone(), link, instance.clone(), Arc::clone(&backend), state.journal())?;
    let introduction = RegisterRequest { takeover: false, ..introduction(&config) };
    let rotation = Rotation { config: &config, state: &state, instance: instance.to_string(), introduction };
    let ended = worker.live(&mut stop, &rotation).await;
    if timeout(BACKEND_ENDS, backend.shutdown()).await.is_err() {
        tracing::warn!("the backend did not end in time");
    }
    ended
}

pub(crate) async fn start_backend(
    config: &Config,
    state: &Path,
    environment: Vec<(OsString, OsString)>,
) -> Result<Arc<dyn Backend>, Exit> {
    let guard = env::current_exe()
        .map_err(|error| Exit::new(Code::Unavailable, format!("The worker cannot find its own program: {error}.")))?;
    let surroundings = Surroundings {
        root: config.root.clone(),
        state: state.to_owned(),
        clock: clock::system,
        guard,
        environment,
        insecure: config.insecure,
        settings: config.settings.clone(),
    };
    config.backend.start(surroundings).await.map_err(|error| {
        let code = match error {
            BackendError::Files(_) => Code::CantCreate,
            BackendError::Settings(_) => Code::Usage,
            BackendError::Missing(_) | BackendError::Broken(_) => Code::Unavailable,
        };
        Exit::new(code, error.to_string())
    })
}

/// What the owner judges the worker by.
pub(crate) fn introduction(config: &Config) -> RegisterRequest {
    let hostname = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    let user = nix::unistd::User::from_uid(nix::unistd::geteuid()).ok().flatten().map(|user| user.name);
    RegisterRequest {
        hostname: hostname.unwrap_or_default(),
        os_user: user.unwrap_or_default(),
        directory: config.root.display().to_string(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        backend: config.backend.label(&config.settings),
        takeover: config.takeover,
    }
}
