//! An installation as people have it: `cargo muster up` on SQLite, or services beside a PostgreSQL.

use std::{
    ffi::OsString,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Output,
    time::Duration,
};

use muster_contracts::permissions::ServiceUser;
use muster_testkit::{
    broker::Broker,
    client::Client,
    credentials::Credentials,
    nats, postgres,
    process::{Child, Command},
    service::{self, Service},
    sqlite,
    stack::Engine,
};
use nix::sys::signal::Signal;

pub(crate) const PASSWORD: &str = "a password for tests alone";
const PATIENCE: Duration = Duration::from_secs(180);
const SERVICES: [ServiceUser; 3] = [ServiceUser::Registry, ServiceUser::Chat, ServiceUser::Api];

/// A command of the launcher, to its end.
pub(crate) async fn muster(arguments: impl IntoIterator<Item = OsString>, settings: &[(&str, &str)]) -> Output {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_muster"));
    command.args(arguments).env_remove("MUSTER_BACKUP_PASSPHRASE").envs(settings.iter().copied()).kill_on_drop(true);
    tokio::time::timeout(PATIENCE, command.output()).await.expect("it ends").unwrap()
}

async fn succeeds(arguments: Vec<OsString>, settings: &[(&str, &str)]) {
    let output = muster(arguments, settings).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The one database of all services.
pub(crate) fn database_of(home: &Path) -> String {
    let settings = fs::read_to_string(home.join("chat.toml")).unwrap();
    let url = settings.lines().find_map(|line| line.strip_prefix("database_url = ")).unwrap();
    url.trim_matches('"').to_owned()
}

/// See the module.
pub(crate) struct Installation {
    url: String,
    home: PathBuf,
    runs: Runs,
}

enum Runs {
    Up(Child),
    Services(Vec<Service>, Box<Broker>),
}

impl Installation {
    /// An empty one.
    pub(crate) async fn start(engine: Engine, home: &Path) -> Self {
        match engine {
            Engine::Sqlite => Self::up(home).await,
            Engine::Postgres => {
                let broker = Self::beside_postgres(home).await;
                Self::services(home, broker).await
            }
        }
    }

    /// One that is made of a backup.
    pub(crate) async fn restore(engine: Engine, home: &Path, file: &Path, locked: &[(&str, &str)]) -> Self {
        match engine {
            Engine::Sqlite => {
                succeeds(vec!["restore".into(), file.into(), "--data-dir".into(), home.into()], locked).await;
                Self::up(home).await
            }
            Engine::Postgres => {
                let broker = Self::beside_postgres(home).await;
                Self::restore_beside(broker, home, file, locked).await
            }
        }
    }

    /// The same, on a PostgreSQL and a broker that are there and empty.
    pub(crate) async fn restore_beside(broker: Broker, home: &Path, file: &Path, locked: &[(&str, &str)]) -> Self {
        let arguments = vec!["restore".into(), file.into(), "--secrets".into(), home.into()];
        succeeds(arguments.clone(), locked).await;
        let again = muster(arguments, locked).await;
        let printed = String::from_utf8_lossy(&again.stderr).into_owned();
        assert!(!again.status.success(), "{printed}");
        for there in ["there is something already", "the database of chat", "the stream CHUNKS"] {
            assert!(printed.contains(there), "{printed}");
        }
        Self::services(home, broker).await
    }

    async fn up(home: &Path) -> Self {
        let log = home.with_extension("log");
        let command = Command::new("cargo muster up", env!("CARGO_BIN_EXE_muster"), &log)
            .without_our_settings()
            .args(["up", "--bare", "--listen", "127.0.0.1:0", "--nats-listen", "127.0.0.1:0", "--data-dir"])
            .arg(home)
            .env("MUSTER_ADMIN_PASSWORD", PASSWORD);
        let child = Child::spawn(command).unwrap();
        let printed = || fs::read_to_string(&log).unwrap();
        let ready = || printed().lines().find_map(|line| line.strip_prefix("ready ").map(str::to_owned));
        let url = child.until(PATIENCE, ready).await.unwrap();
        Self { url, home: home.to_owned(), runs: Runs::Up(child) }
    }

    /// A broker, an empty database, and what containers find in /secrets.
    pub(crate) async fn beside_postgres(home: &Path) -> Broker {
        fs::create_dir_all(home).unwrap();
        let server = nats::find_or_install(&|_| {}).unwrap();
        let credentials = Credentials::in_directory(home).unwrap();
        let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let broker = Broker::start_in(server, credentials, &home.join("nats"), anywhere).await.unwrap();
        let database = postgres::database();
        for user in SERVICES {
            let settings = format!("database_url = \"{}\"\nnats_url = \"{}\"\n", database.url(), broker.url());
            fs::write(home.join(format!("{}.toml", user.name())), settings).unwrap();
        }
        broker
    }

    async fn services(home: &Path, broker: Broker) -> Self {
        let database = database_of(home);
        let mut services = Vec::new();
        for user in SERVICES {
            let command = service::command(user, home, &broker.url(), &database, broker.credentials()).unwrap();
            let mut command = command.without_our_settings().env("MUSTER_LISTEN", "127.0.0.1:0");
            if user == ServiceUser::Api {
                command = command.env("MUSTER_ADMIN_PASSWORD", PASSWORD);
            }
            services.push(Service::start(command).await.unwrap());
        }
        let page = services.last().unwrap().address(service::PAGE).unwrap();
        let runs = Runs::Services(services, Box::new(broker));
        Self { url: format!("http://{page}"), home: home.to_owned(), runs }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(&self.url)
    }

    /// Where the api keeps what it knows.
    pub(crate) fn database_of_the_api(&self) -> String {
        match &self.runs {
            Runs::Up(_) => sqlite::url(&self.home.join("api.db")),
            Runs::Services(..) => database_of(&self.home),
        }
    }

    /// Signs in as the account that was made at the start.
    pub(crate) async fn make_admin(&self, client: &Client) {
        client.sign_in("admin", PASSWORD).await.unwrap();
    }

    /// Makes a backup of it.
    pub(crate) async fn backup(&self, file: &Path, locked: &[(&str, &str)]) {
        let option = if matches!(self.runs, Runs::Up(_)) { "--data-dir" } else { "--secrets" };
        succeeds(vec!["backup".into(), file.into(), option.into(), self.home.clone().into()], locked).await;
    }

    /// Ends it in order.
    pub(crate) async fn stop(self) {
        match self.runs {
            Runs::Up(child) => {
                child.signal(Signal::SIGTERM);
                tokio::time::timeout(PATIENCE, child.wait()).await.expect("it ends in time");
            }
            Runs::Services(services, broker) => {
                for service in &services {
                    service.process().kill().await;
                }
                broker.stop().await;
            }
        }
    }
}
