//! The life of the process: configure, take the key, start the backend,
//! connect, be approved, work, go.

use std::{env, ffi::OsString, path::Path, pin::pin, process::ExitCode, sync::Arc, time::Duration};

use muster_bus::{Bus, CertificatesError, ConnectError, trace::Traces};
use muster_contracts::{id::InstanceId, v1::RegisterRequest};
use tokio::{
    sync::{Notify, watch},
    task::JoinSet,
    time::{Instant, sleep, timeout},
};
use tracing_subscriber::{
    EnvFilter, Layer as _,
    filter::{FilterExt as _, filter_fn},
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

use crate::{
    address,
    backend::{Backend, BackendError, Surroundings},
    clock,
    config::{self, Config, Run},
    exit::{Code, Exit},
    protocol::{
        Link,
        asks::Asks,
        heartbeat, models,
        register::{self, Standing, grouped},
        sync,
    },
    rotation::Rotation,
    say::say,
    state::{Journal, Key, Report, StateDir},
    stop::Stop,
    turn::{AttachmentSource, Attachments, CLOSE, ChunkStore, Disk, Runner, Turns},
};

/// How long the broker may take to let the worker in at the start.
const CONNECT: Duration = Duration::from_secs(15);
const NO_ANSWER: &str = "The server does not answer at the moment.";
/// Between two attempts to be let in at the start.
const CONNECT_AGAIN: Duration = Duration::from_millis(500);
/// How often a waiting worker asks without having been cut off.
const ASK_AGAIN: Duration = Duration::from_secs(5);
/// How long the lease of a process that has just ended may take to end.
const LEASE_ENDS: Duration = Duration::from_secs(3);
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
        let runtime = tokio::runtime::Builder::new_multi_thread()
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
    let filter = filter.and(filter_fn(|line| !muster_bus::shows_messages(line)));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_filter(filter);
    let endpoint = run.otlp_endpoint.as_deref().filter(|endpoint| !endpoint.is_empty());
    let traces = endpoint.map(|endpoint| Traces::to("worker-agent", endpoint)).transpose();
    let traces = traces.map_err(|error| Exit::new(Code::Usage, format!("--otlp-endpoint: {error}.")))?;
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

async fn connect(config: &Config, key: &Key) -> Result<(Link, InstanceId), Exit> {
    let servers = config.server.brokers(config.insecure, config.ca_file.as_deref()).await?;
    let instance = InstanceId::random();
    let deadline = Instant::now() + CONNECT;
    let mut silence = Silence::default();
    let bus = loop {
        let connect = config.connect(servers.clone(), key, instance.as_str());
        match Bus::connect_worker(connect).await {
            Ok(bus) => break bus,
            Err(ConnectError::Certificates(CertificatesError { file, reason })) => {
                return Err(address::no_certificates(&file, &reason));
            }
            Err(ConnectError::Untrusted { reason }) => return Err(address::untrusted(&reason)),
            Err(error @ ConnectError::Unreachable { .. }) if Instant::now() < deadline => {
                tracing::debug!(%error, "connecting again");
                sleep(CONNECT_AGAIN).await;
            }
            // The address is right: it is worth waiting for, however long that takes.
            Err(error @ ConnectError::Undecided { .. }) => {
                tracing::debug!(%error, "connecting again");
                silence.goes_on(NO_ANSWER);
                sleep(CONNECT_AGAIN).await;
            }
            Err(error) => {
                return Err(Exit::new(
                    Code::Unavailable,
                    format!("No connection: {error}. Check the address and that NATS runs there."),
                ));
            }
        }
    };
    Ok((Link::new(bus, config.token.clone(), key), instance))
}

struct Worker {
    config: Config,
    /// Another one once a new key has taken the place of the old one.
    link: watch::Sender<Link>,
    backend: Arc<dyn Backend>,
    runner: Arc<Runner>,
    bell: Arc<Notify>,
    models: Arc<Notify>,
}

impl Worker {
    fn new(
        config: Config,
        link: Link,
        instance: InstanceId,
        backend: Arc<dyn Backend>,
        journal: Arc<Journal>,
    ) -> Result<Self, Exit> {
        let bell = Arc::new(Notify::new());
        let turns = Arc::new(Turns::with_journal(Arc::clone(&bell), journal));
        let link = watch::Sender::new(link);
        let store: Arc<dyn ChunkStore> = Arc::new(link.subscribe());
        let source: Arc<dyn AttachmentSource> = Arc::new(link.subscribe());
        let attachments = Attachments::open(source, &config.state_dir).map_err(|error| {
            Exit::new(Code::Io, format!("Files of an earlier turn cannot be removed: {error}. Check --state-dir."))
        })?;
        let identity = (config.token.worker.clone(), instance);
        let disk = Disk::new(config.state_dir.clone(), config.buffer_bytes);
        let (root, agent) = (config.root.clone(), Arc::clone(&backend));
        let runner = Runner::new(identity, root, agent, (store, attachments), turns, disk, clock::system);
        Ok(Self { config, link, backend, runner, bell, models: Arc::new(Notify::new()) })
    }

    fn link(&self) -> Link {
        self.link.borrow().clone()
    }

    async fn live(&self, stop: &mut Stop, rotation: &Rotation<'_>) -> Result<(), Exit> {
        let mut tasks = JoinSet::new();
        tokio::select! {
            exit = self.stand(&mut tasks, rotation) => {
                // Cut off: nothing that is said now would arrive.
                for entry in self.runner.turns.all() {
                    entry.drop_it();
                }
                self.runner.close("the worker was cut off").await;
                Err(exit)
            }
            () = stop.asked() => {
                say("Stopping.");
                self.runner.close("the worker was stopped").await;
                tasks.shutdown().await;
                let link = self.link();
                let goodbye = async {
                    heartbeat::bye(&link).await;
                    link.bus.close().await;
                };
                if link.bus.connection().borrow().connected && timeout(GOODBYE, goodbye).await.is_err() {
                    tracing::debug!("the goodbye was not heard in time; the broker reports the closed connection");
                }
                Ok(())
            }
        }
    }

    /// Asks for approval with every new connection, works while it has it, and
    /// comes back when there is no hope.
    async fn stand(&self, tasks: &mut JoinSet<()>, rotation: &Rotation<'_>) -> Exit {
        let mut link = self.link();
        let mut connection = link.bus.connection();
        let mut rotated = pin!(rotation.approved());
        let mut request = introduction(&self.config);
        let mut told = None;
        let mut leased_since = None;
        let mut silence = Silence::default();
        let report = |online, state: &str| {
            rotation.state.reports(&Report { online, state: state.to_owned(), since: clock::system() });
        };
        report(false, "asking the server");
        loop {
            let epoch = connection.borrow_and_update().epoch;
            let standing = register::ask(&link, &request).await;
            tracing::debug!(?standing, "asked to be registered");
            let mut again = Some(ASK_AGAIN);
            if !matches!(standing, Standing::Unknown(_) | Standing::Later { .. }) {
                silence.ends();
            }
            match standing {
                Standing::Approved { name } => {
                    // The lease was taken; whoever takes it from us now shall keep it.
                    request.takeover = false;
                    leased_since = None;
                    report(true, "online");
                    if told.replace(Told::Approved) != Some(Told::Approved) {
                        let name = if name.is_empty() { String::new() } else { format!(" as {name}") };
                        say(format_args!("Online{name}. Press Ctrl-C to stop."));
                    }
                    if tasks.is_empty() {
                        self.begin_work(tasks);
                    }
                    self.bell.notify_one();
                    again = None;
                }
                Standing::Reconnect => {
                    sleep(Duration::from_millis(100)).await;
                    link.bus.reconnect().await;
                    again = Some(Duration::from_secs(1));
                }
                Standing::Pending => {
                    if told.replace(Told::Pending) != Some(Told::Pending) {
                        report(false, "waiting for approval");
                        self.explain_waiting();
                    }
                }
                // Whoever was approved and is not any more has been replaced.
                Standing::Mismatch if told == Some(Told::Approved) && !rotation.is_under_way() => return replaced(),
                Standing::Mismatch if told == Some(Told::Approved) => again = Some(Duration::from_secs(1)),
                Standing::Mismatch => {
                    if told.replace(Told::Mismatch) != Some(Told::Mismatch) {
                        report(false, "waiting: another key is approved");
                        say(
                            "Another key is approved for this worker. If this machine was set up anew, approve this one.",
                        );
                        self.explain_waiting();
                    }
                }
                Standing::Suspended { why } => {
                    if told.replace(Told::Suspended) != Some(Told::Suspended) {
                        report(false, "waiting: it is kept out for now");
                        say(format_args!("{why} Waiting until it is let in again."));
                        // Nobody is there for whom the agent should go on.
                        for entry in self.runner.turns.all() {
                            entry.drop_it();
                        }
                    }
                }
                Standing::Leased(exit) => {
                    // A process that was killed a moment ago loses its lease in a moment.
                    let since = *leased_since.get_or_insert_with(Instant::now);
                    if told == Some(Told::Approved) || since.elapsed() > LEASE_ENDS {
                        return exit;
                    }
                    again = Some(Duration::from_millis(500));
                }
                Standing::Hopeless(exit) => return exit,
                Standing::Unknown(reason) => {
                    tracing::debug!(reason, "the registry has not answered; asking again");
                    silence.goes_on(NO_ANSWER);
                    again = Some(Duration::from_secs(1));
                }
                Standing::Later { why } => silence.goes_on(&why),
            }
            let pause = async {
                match again {
                    Some(pause) => sleep(pause).await,
                    None => std::future::pending().await,
                }
            };
            let renewed = tokio::select! {
                () = pause => None,
                () = async {
                    // The sender lives as long as the link does.
                    let lost = connection.wait_for(|now| !now.connected || now.epoch != epoch).await;
                    if lost.is_ok_and(|now| !now.connected) {
                        report(false, "no connection to the server");
                    }
                    let _ = connection.wait_for(|now| now.connected && now.epoch != epoch).await;
                } => None,
                new = &mut rotated => Some(new),
            };
            if let Some(new) = renewed {
                // Replies go on over the new connection, from what chat says is stored of them.
                tasks.shutdown().await;
                self.link.send_replace(new.clone());
                tokio::spawn(async move { link.bus.close().await });
                (connection, link, told) = (new.bus.connection(), new, None);
                rotated.set(rotation.approved());
            }
        }
    }

    fn begin_work(&self, tasks: &mut JoinSet<()>) {
        let link = self.link();
        tasks.spawn(heartbeat::beat(link.clone()));
        tasks.spawn(models::publish(link.clone(), Arc::clone(&self.backend), Arc::clone(&self.models)));
        tasks.spawn(sync::doorbell(link.clone(), Arc::clone(&self.bell)));
        let asks = Asks {
            root: self.config.root.clone(),
            link: link.clone(),
            backend: Arc::clone(&self.backend),
            models: Arc::clone(&self.models),
            open: Arc::default(),
        };
        let sync = sync::Sync { link, runner: Arc::clone(&self.runner), bell: Arc::clone(&self.bell), asks };
        tasks.spawn(sync.run());
    }

    fn explain_waiting(&self) {
        say(format_args!("Key fingerprint: {}", grouped(self.link().fingerprint.as_str())));
        say("Waiting for approval: compare the fingerprint on the page and approve this worker there.");
    }
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Pending,
    Mismatch,
    Approved,
    Suspended,
}

/// How often in a row nobody answered. Once may be a moment's trouble.
#[derive(Default)]
struct Silence(u32);

impl Silence {
    fn goes_on(&mut self, why: &str) {
        self.0 += 1;
        if self.0 == 2 {
            say(format_args!("{why} Trying again until it does."));
        }
    }

    fn ends(&mut self) {
        if std::mem::take(&mut self.0) >= 2 {
            say("The server answers again.");
        }
    }
}

fn replaced() -> Exit {
    let message = "The owner has approved another key for this worker: add a worker of its own for this machine.";
    Exit::new(Code::NoPermission, message)
}
