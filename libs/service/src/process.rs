//! The life of a service's process.

use std::{future::Future, net::SocketAddr, path::PathBuf, process::ExitCode, time::Duration};

use clap::{Arg, ArgAction, Command, value_parser};
use muster_bus::{Bus, CertificatesError, ConnectError, ServiceConnect};
use muster_contracts::{objects::ObjectsSpec, permissions::ServiceUser, stream::StreamSpec};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::watch,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    Clock, Db, DbError, Migrations,
    config::{self, Common, ConfigError, Key, Loaded, Section},
    db::{in_time, is_passing},
    health::{Health, Need},
    metric::{self, Metric},
    operator, reload,
    stream::{self, Owned},
    telemetry,
};

/// From sysexits.h: the command line is wrong.
const EX_USAGE: u8 = 64;
/// From sysexits.h: the configuration is wrong.
const EX_CONFIG: u8 = 78;
/// From sysexits.h: something that is needed is not there.
const EX_UNAVAILABLE: u8 = 69;
/// From sysexits.h: an error of our own.
const EX_SOFTWARE: u8 = 70;
/// The database answers within it, or is said to be missing.
const PROBE: Duration = Duration::from_secs(5);
/// Between two tries to open a database that is not there yet.
const RETRY: Duration = Duration::from_millis(500);
/// Work in hand may take this long at the end.
const DRAIN: Duration = Duration::from_secs(8);

/// A service: its name, its configuration, and how it starts.
pub trait Service {
    /// Its own part of the configuration.
    type Config: Section;
    /// One word.
    const NAME: &'static str;
    /// One sentence, for `--help`.
    const ABOUT: &'static str;
    /// Its version.
    const VERSION: &'static str;
    /// What it counts beside what every service does.
    const METRICS: &'static [&'static dyn Metric];
    /// Of its own schema, which is called like it.
    const MIGRATIONS: &'static Migrations;

    /// Starts everything that the service does, as tasks of the app. Of what it is told, keys that are live may change.
    fn start(
        app: &mut App,
        config: watch::Receiver<Self::Config>,
    ) -> impl Future<Output = Result<(), StartError>> + Send;
}

/// Why a service does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration is wrong.
    #[error("configuration: {0}")]
    Config(#[from] ConfigError),
    /// The broker cannot be used.
    #[error("broker: {0}")]
    Broker(#[from] ConnectError),
    /// The database cannot be had.
    #[error("database: {0}")]
    Database(DbError),
    /// A port cannot be bound, or a file not be written.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// Why it failed.
        source: std::io::Error,
    },
}

impl From<DbError> for StartError {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Configuration(reason) => ConfigError::Invalid(reason.to_string()).into(),
            error => Self::Database(error),
        }
    }
}

impl StartError {
    /// Why there is no connection to the broker, by the keys that say where it is and who connects.
    #[must_use]
    pub fn connecting(error: ConnectError, seed: &'static str) -> Self {
        match error {
            ConnectError::Certificates(CertificatesError { file, reason }) => {
                ConfigError::Unreadable { key: "nats_ca_file", path: file.display().to_string(), reason }.into()
            }
            ConnectError::Address(list) => {
                let detail = format!("`nats_url` must list nats://HOST:PORT or tls://HOST:PORT, not {list}");
                ConfigError::Invalid(detail).into()
            }
            ConnectError::Seed => {
                ConfigError::Invalid(format!("`{seed}` is not the seed of a user's NKey (SU…)")).into()
            }
            other => other.into(),
        }
    }

    const fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_) => EX_CONFIG,
            Self::Broker(ConnectError::Seed | ConnectError::Address(_) | ConnectError::Certificates(_)) => EX_CONFIG,
            Self::Broker(_) | Self::Database(_) | Self::Io { .. } => EX_UNAVAILABLE,
        }
    }
}

/// What a starting service is given, and where it leaves its tasks.
#[derive(Debug)]
pub struct App {
    /// What every service is told.
    pub common: Common,
    /// The time.
    pub clock: Clock,
    /// What is missing.
    pub health: Health,
    /// Cancelled when the process shall end: take nothing new, finish what is begun.
    pub stop: CancellationToken,
    begun: Need,
    tasks: TaskTracker,
    failed: CancellationToken,
    announced: serde_json::Map<String, serde_json::Value>,
    buses: Vec<Bus>,
    databases: Vec<Db>,
}

impl App {
    fn new(common: Common) -> Self {
        let health = Health::default();
        Self {
            common,
            clock: Clock::system(),
            // The operator's port answers first; until the service does, others must not be sent to it.
            begun: health.need("start"),
            health,
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            failed: CancellationToken::new(),
            announced: serde_json::Map::new(),
            buses: Vec::new(),
            databases: Vec::new(),
        }
    }

    /// Runs a task until `stop`. One that ends before, or panics, ends the process.
    pub fn spawn(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let (stop, failed) = (self.stop.clone(), self.failed.clone());
        let running = tokio::spawn(task);
        self.tasks.spawn(async move {
            let ended = running.await;
            if let Err(error) = ended {
                tracing::error!(task = name, %error, "a task crashed");
                failed.cancel();
            } else if !stop.is_cancelled() {
                tracing::error!(task = name, "a task ended before its time");
                failed.cancel();
            }
        });
    }

    /// Connects to the broker with the service's own user.
    ///
    /// # Errors
    /// When the seed is missing or not valid.
    pub async fn connect_bus(&mut self, user: ServiceUser) -> Result<Bus, StartError> {
        let common = &self.common;
        let seed = config::secret("nats_seed", common.nats_seed.as_ref(), common.nats_seed_file.as_deref())?;
        let bus = Bus::connect_service(ServiceConnect {
            servers: common.nats_url.clone(),
            user,
            seed,
            ca_file: common.nats_ca_file.clone(),
        })
        .await
        .map_err(|error| StartError::connecting(error, "nats_seed"))?;
        self.buses.push(bus.clone());
        self.watch_bus("nats", &bus);
        Ok(bus)
    }

    /// Keeps the need `name` as the connection is.
    pub fn watch_bus(&self, name: &'static str, bus: &Bus) {
        let need = self.health.need(name);
        let (bus, mut connection, stop) = (bus.clone(), bus.connection(), self.stop.clone());
        self.spawn(name, async move {
            loop {
                if !connection.borrow_and_update().connected {
                    need.missing("the broker is not connected");
                } else if let Some(why) = bus.outdated() {
                    tracing::error!("{why}");
                    need.missing(why);
                } else {
                    need.met();
                }
                tokio::select! {
                    changed = connection.changed() => if changed.is_err() { stop.cancelled().await; return },
                    () = stop.cancelled() => return,
                }
            }
        });
    }

    /// Makes a stream that is the service's, and keeps it; `name` is the need that it is there and takes something.
    pub fn keep_stream(&self, name: &'static str, bus: &Bus, spec: StreamSpec) {
        self.spawn(name, stream::keep(bus.clone(), Owned::Stream(spec), self.health.need(name), self.stop.clone()));
    }

    /// The same of an object store.
    pub fn keep_objects(&self, name: &'static str, bus: &Bus, spec: ObjectsSpec) {
        self.spawn(name, stream::keep(bus.clone(), Owned::Objects(spec), self.health.need(name), self.stop.clone()));
    }

    /// Opens the service's database and brings its schema up to date. Waits for one that does not answer.
    ///
    /// # Errors
    /// When its address or the schema is not right.
    pub async fn open_database<S: Service>(&mut self) -> Result<Db, StartError> {
        let common = &self.common;
        let need = self.health.need("database");
        let db = loop {
            match Db::open(&common.database_url, S::NAME, common.database_connections, S::MIGRATIONS).await {
                Ok(db) => break db,
                Err(error) if is_passing(&error) => {
                    tracing::warn!(%error, "the database is not there yet");
                    need.missing("the database does not answer");
                    tokio::time::sleep(RETRY).await;
                }
                Err(error) => return Err(error.into()),
            }
        };
        self.databases.push(db.clone());
        let (probe, stop) = (db.clone(), self.stop.clone());
        self.spawn("database probe", async move {
            loop {
                probe.measure();
                match in_time(PROBE, sqlx::query("SELECT 1").execute(probe.pool())).await {
                    Ok(_) => need.met(),
                    Err(_) => need.missing("the database does not answer"),
                }
                tokio::select! {
                    () = tokio::time::sleep(Duration::from_secs(2)) => {}
                    () = stop.cancelled() => return,
                }
            }
        });
        Ok(db)
    }

    /// Binds a port and notes it for the announcement.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn bind(&mut self, name: &'static str, address: SocketAddr) -> Result<TcpListener, StartError> {
        let failed = |source| StartError::Io { what: format!("{name} {address} cannot be bound"), source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let bound = listener.local_addr().map_err(failed)?;
        self.announced.insert(name.to_owned(), bound.to_string().into());
        tracing::info!(%bound, "{name} is bound");
        Ok(listener)
    }

    fn announce(&self) -> Result<(), StartError> {
        self.begun.met();
        let Some(path) = &self.common.announce_file else { return Ok(()) };
        let failed = |source| StartError::Io { what: format!("announce_file {}", path.display()), source };
        let text = serde_json::Value::Object(self.announced.clone()).to_string();
        let half = path.with_extension("half");
        std::fs::write(&half, text).map_err(failed)?;
        std::fs::rename(&half, path).map_err(failed)
    }

    async fn drain(self) {
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(DRAIN, self.tasks.wait()).await.is_err() {
            tracing::warn!("work in hand was not finished in time");
        }
        for bus in &self.buses {
            bus.close().await;
        }
        for db in &self.databases {
            db.close().await;
        }
    }
}

/// The whole life of a service's process.
#[must_use]
pub fn run<S: Service>() -> ExitCode {
    // Shells give a process 1,024 open files, which a thousand event streams use up.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let command = Command::new(format!("muster-{}", S::NAME))
        .about(S::ABOUT)
        .version(S::VERSION)
        .after_help(keys_help::<S::Config>())
        .arg(
            Arg::new("config")
                .long("config")
                .value_name("FILE")
                .env(config::FILE_VARIABLE)
                .value_parser(value_parser!(PathBuf))
                .help("TOML file with the keys below; the environment wins over it"),
        )
        .arg(
            Arg::new("ready")
                .long("ready")
                .action(ArgAction::SetTrue)
                .help("Ask the one that runs with this configuration whether it is ready: 0, or 69 if it is not"),
        )
        .arg(
            Arg::new("migrate")
                .long("migrate")
                .action(ArgAction::SetTrue)
                .help("Bring the database's schema up to date, as each start does, and end"),
        )
        // For `cargo muster generate`, which makes a page of it.
        .arg(Arg::new("describe").long("describe").hide(true).action(ArgAction::SetTrue));
    let matches = match command.try_get_matches() {
        Ok(matches) => matches,
        Err(told) => {
            // Help and version are told in the same way, and are no error.
            let code = if told.use_stderr() { EX_USAGE } else { 0 };
            return told.print().map_or(ExitCode::from(EX_SOFTWARE), |()| ExitCode::from(code));
        }
    };
    if matches.get_flag("describe") {
        return describe::<S::Config>();
    }
    let file = matches.get_one::<PathBuf>("config").cloned();
    let loaded = match config::read_all::<S::Config>(file.as_deref()) {
        Ok(loaded) => loaded,
        Err(error) => return fail(S::NAME, &error.to_string(), EX_CONFIG),
    };
    if matches.get_flag("ready") {
        return ready::<S>(loaded.common.operator_listen);
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(S::NAME, &error.to_string(), EX_SOFTWARE),
    };
    if matches.get_flag("migrate") {
        return runtime.block_on(migrate::<S>(loaded.common));
    }
    runtime.block_on(live::<S>(file, loaded))
}

/// What a job does before an upgrade: a migration that fails then leaves the version before at work.
async fn migrate<S: Service>(common: Common) -> ExitCode {
    let telemetry = match telemetry::start::<S>(&common) {
        Ok(telemetry) => telemetry,
        Err(error) => return fail(S::NAME, &format!("configuration: {error}"), EX_CONFIG),
    };
    let mut app = App::new(common);
    let migrated = tokio::select! {
        migrated = app.open_database::<S>() => migrated,
        () = asked_to_end() => return fail(S::NAME, "told to end before the schema was up to date", EX_UNAVAILABLE),
    };
    if let Err(error) = migrated {
        return fail(S::NAME, &error.to_string(), error.exit_code());
    }
    tracing::info!(version = S::VERSION, "the schema of muster-{} is up to date", S::NAME);
    app.drain().await;
    telemetry.flush();
    ExitCode::SUCCESS
}

async fn live<S: Service>(file: Option<PathBuf>, loaded: Loaded<S::Config>) -> ExitCode {
    // From now on it does not end the process.
    let hangup = match signal(SignalKind::hangup()) {
        Ok(hangup) => hangup,
        Err(error) => return fail(S::NAME, &format!("cannot listen for signals: {error}"), EX_SOFTWARE),
    };
    let telemetry = match telemetry::start::<S>(&loaded.common) {
        Ok(telemetry) => telemetry,
        Err(error) => return fail(S::NAME, &format!("configuration: {error}"), EX_CONFIG),
    };
    let mut app = App::new(loaded.common.clone());
    let (told, own) = watch::channel(loaded.own.clone());
    let started = async {
        serve_operator::<S>(&mut app, &telemetry).await?;
        S::start(&mut app, own).await?;
        app.announce()
    };
    let started = tokio::select! {
        started = started => started,
        // What it waits for may never come.
        () = asked_to_end() => return ExitCode::SUCCESS,
    };
    if let Err(error) = started {
        return fail(S::NAME, &error.to_string(), error.exit_code());
    }
    tracing::info!(version = S::VERSION, "muster-{} serves", S::NAME);
    let crashed = tokio::select! {
        () = asked_to_end() => false,
        () = app.failed.cancelled() => true,
        never = reload::follow(file, loaded, told, hangup, &telemetry) => match never {},
    };
    tracing::info!("muster-{} ends", S::NAME);
    app.drain().await;
    telemetry.flush();
    if crashed { ExitCode::from(EX_SOFTWARE) } else { ExitCode::SUCCESS }
}

async fn serve_operator<S: Service>(app: &mut App, telemetry: &telemetry::Telemetry) -> Result<(), StartError> {
    let metrics = telemetry.metrics.clone();
    app.spawn("metrics", metric::tidy(metrics, app.stop.clone()));
    let listener = app.bind("operator", app.common.operator_listen).await?;
    let router = operator::router(S::NAME, S::VERSION, app.health.clone(), telemetry.metrics.clone());
    let stop = app.stop.clone();
    app.spawn("operator", async move {
        if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned()).await {
            tracing::error!(%error, "the operator's port fails");
        }
    });
    Ok(())
}

async fn asked_to_end() {
    let (Ok(mut term), Ok(mut int)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
        return std::future::pending().await;
    };
    tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
}

fn keys_help<S: Section>() -> String {
    let mut help = String::from("Configuration (in the environment MUSTER_ and the key in capitals):\n");
    for key in config::keys::<S>() {
        let default = key.default.map(|default| format!(" [{default}]")).unwrap_or_default();
        let live = if key.live { " (while it runs)" } else { "" };
        help.push_str(&format!("  {}{default}{live}:{}\n", key.name, key.doc));
    }
    help.push_str("\nThe file is read again when it changes, and on SIGHUP.\n");
    help
}

/// The keys as JSON.
#[expect(clippy::print_stdout, reason = "it is what was asked for")]
fn describe<S: Section>() -> ExitCode {
    let described = |keys: &[Key]| {
        let key = |key: &Key| {
            serde_json::json!({
                "key": key.name,
                "type": key.allowed(),
                "default": key.default,
                "needed": key.default.is_none() && !key.optional,
                "live": key.live,
                "environment": key.variable(),
                "meaning": key.doc.trim(),
            })
        };
        keys.iter().map(key).collect::<Vec<_>>()
    };
    println!("{}", serde_json::json!({ "common": described(Common::KEYS), "own": described(S::KEYS) }));
    ExitCode::SUCCESS
}

fn ready<S: Service>(operator_listen: SocketAddr) -> ExitCode {
    match operator::says_ready(operator_listen) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => fail(S::NAME, "not ready: /readyz says what is missing", EX_UNAVAILABLE),
        Err(error) => fail(S::NAME, &format!("not ready: {operator_listen}: {error}"), EX_UNAVAILABLE),
    }
}

#[expect(clippy::print_stderr, reason = "before or without a log")]
fn fail(name: &str, message: &str, code: u8) -> ExitCode {
    eprintln!("muster-{name}: {message}");
    ExitCode::from(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::settings! {
        struct Nothing {}
    }

    #[test]
    fn a_service_that_has_not_begun_is_not_ready() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "database_url = 'sqlite:x.db'").unwrap();
        let (common, Nothing {}) = config::load(Some(file.path())).unwrap();
        let app = App::new(common);
        assert!(app.health.missing().contains_key("start"));
        app.announce().unwrap();
        assert!(app.health.missing().is_empty());
    }
}
