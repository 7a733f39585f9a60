//! A broker, a database and a registry, and the api's place beside them.

use std::{future::Future, io::Write as _, path::Path, time::Duration};

use muster_bus::{Bus, CallError, ServiceConnect};
use muster_contracts::{
    id::{self, UserId},
    method::{self, Method},
    permissions::ServiceUser,
    token::WorkerToken,
    v1::{self, Caller, Problem},
};
use muster_testkit::{
    broker::Broker,
    postgres,
    process::{Child, Command, log_tail},
    sqlite::Sqlite,
};
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// Its configuration, beside what the environment says.
const CONFIG: &str = "registry.toml";

/// Runs a test on both engines.
#[macro_export]
macro_rules! on_both_engines {
    ($($(#[$doc:meta])* async fn $name:ident($stack:ident: Stack) $body:block)*) => {$(
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn run(mut $stack: $crate::stack::Stack) {
                let _ = &mut $stack;
                $body
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn on_sqlite() {
                run($crate::stack::Stack::on_sqlite().await).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn on_postgres() {
                run($crate::stack::Stack::on_postgres().await).await;
            }
        }
    )*};
}

pub(crate) struct Stack {
    pub(crate) broker: Broker,
    pub(crate) registry: Child,
    pub(crate) api: Bus,
    pub(crate) user: UserId,
    operator: String,
    home: tempfile::TempDir,
    database: String,
    _sqlite: Option<Sqlite>,
    place: Place,
}

/// Whoever has a place here may have to share the computer with others.
static PLACES: RwLock<()> = RwLock::const_new(());

enum Place {
    Shared(#[expect(dead_code, reason = "it is held")] RwLockReadGuard<'static, ()>),
    Alone(#[expect(dead_code, reason = "it is held")] RwLockWriteGuard<'static, ()>),
    None,
}

impl Stack {
    pub(crate) async fn on_sqlite() -> Self {
        let sqlite = Sqlite::new().unwrap();
        let url = sqlite.url();
        Self::start(&url, Some(sqlite)).await
    }

    pub(crate) async fn on_postgres() -> Self {
        let database = tokio::task::spawn_blocking(postgres::database).await.unwrap();
        Self::start(database.url(), None).await
    }

    async fn start(database: &str, sqlite: Option<Sqlite>) -> Self {
        let place = Place::Shared(PLACES.read().await);
        let broker = Broker::start().await.unwrap();
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join(CONFIG), "log = 'info,muster_registry=debug'").unwrap();
        let registry = Child::spawn(command("registry", home.path(), &broker, database)).unwrap();
        let api = bus(&broker, ServiceUser::Api).await;
        let user = UserId::random();
        let (operator, database) = (String::new(), database.to_owned());
        let mut stack = Self { broker, registry, api, user, operator, home, database, _sqlite: sqlite, place };
        stack.ready().await;
        stack
    }

    /// Waits until it has the computer for itself: nobody comes in as long as this stands.
    pub(crate) async fn alone(&mut self) {
        self.place = Place::None;
        self.place = Place::Alone(PLACES.write().await);
    }

    /// Chat's place beside the registry.
    pub(crate) async fn chat(&self) -> Bus {
        bus(&self.broker, ServiceUser::Chat).await
    }

    /// Writes its configuration anew.
    pub(crate) fn configure(&self, text: &str) {
        self.replace_config(text);
    }

    /// The same, so that the file's time does not tell.
    pub(crate) fn configure_unseen(&self, text: &str) {
        let time = std::fs::metadata(self.home.path().join(CONFIG)).unwrap().modified().unwrap();
        self.replace_config(text).set_modified(time).unwrap();
    }

    /// Whole at once: whoever looks meanwhile finds one or the other.
    fn replace_config(&self, text: &str) -> std::fs::File {
        let mut file = tempfile::NamedTempFile::new_in(self.home.path()).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file.persist(self.home.path().join(CONFIG)).unwrap()
    }

    /// Waits until the registry writes these words to its log.
    pub(crate) async fn says(&self, words: &str) {
        self.registry.until(PATIENCE, || self.registry.log_tail(30).contains(words).then_some(())).await.unwrap();
    }

    /// Lets workers come and go as often as they like.
    pub(crate) async fn let_come_often(&self) {
        self.configure("connections_per_minute = 1000000\n");
        self.says("the configuration has changed").await;
    }

    /// Starts the broker again that was killed, and waits until the api is connected to it.
    pub(crate) async fn restart_broker(&mut self) {
        let mut connection = self.api.connection();
        let before = connection.borrow_and_update().epoch;
        self.broker.restart().await.unwrap();
        connection.wait_for(|now| now.connected && now.epoch > before).await.unwrap();
    }

    /// Waits until the registry says that nothing is missing.
    pub(crate) async fn ready(&mut self) {
        self.operator = self.ready_at(&self.registry).await;
    }

    /// Another instance of the registry, beside the first.
    pub(crate) async fn another_registry(&self) -> Child {
        let child = Child::spawn(command("another", self.home.path(), &self.broker, &self.database)).unwrap();
        self.ready_at(&child).await;
        child
    }

    /// Waits until this instance says that nothing is missing, and somebody answers.
    pub(crate) async fn ready_at(&self, registry: &Child) -> String {
        let operator = registry.announced(PATIENCE).await.unwrap()["operator"].clone();
        let url = format!("http://{operator}/readyz");
        eventually("the registry is ready", || async {
            reqwest::get(&url).await.is_ok_and(|answer| answer.status() == 200).then_some(())
        })
        .await;
        eventually("the registry answers", || async { self.machines().await.ok() }).await;
        operator
    }

    /// What the registry counted under a name, over all labels.
    pub(crate) async fn counted(&self, name: &str) -> u64 {
        let text = reqwest::get(format!("http://{}/metrics", self.operator)).await.unwrap().text().await.unwrap();
        let lines = text.lines().filter(|line| line.starts_with(name));
        lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
    }

    pub(crate) fn caller(&self) -> Option<Caller> {
        Some(Caller { user_id: self.user.to_string(), address: "192.0.2.1".to_owned(), token_id: String::new() })
    }

    pub(crate) async fn call<M: Method>(&self, request: M::Request) -> Result<M::Reply, Problem> {
        match self.api.call::<M>(&request).await {
            Ok(reply) => Ok(reply),
            Err(CallError::Refused(problem)) => Err(problem),
            Err(error) => panic!("{}: {error}\n{}", M::NAME, self.logs()),
        }
    }

    /// The ends of what the broker and every registry that was started here have logged.
    fn logs(&self) -> String {
        let registries = std::fs::read_dir(self.home.path()).unwrap().map(|entry| entry.unwrap().path());
        let registries = registries.filter(|path| path.extension().is_some_and(|extension| extension == "log"));
        let tails = registries.map(|path| format!("{}\n{}", path.display(), log_tail(&path, 30)));
        std::iter::once(format!("nats-server\n{}", self.broker.process().log_tail(30))).chain(tails).collect()
    }

    /// Where a worker is, as chat learns it.
    pub(crate) async fn presence(&self, worker: &WorkerToken) -> Result<v1::WorkerPresence, CallError> {
        let request = v1::PresenceRequest { worker_ids: vec![worker.worker.to_string()] };
        Ok(self.chat().await.call::<method::Presence>(&request).await?.workers.remove(0))
    }

    pub(crate) async fn machines(&self) -> Result<Vec<v1::Machine>, CallError> {
        let request = v1::ListMachinesRequest { caller: self.caller(), page: None };
        Ok(self.api.call::<method::ListMachines>(&request).await?.machines)
    }

    pub(crate) async fn machine(&self, name: &str) -> v1::Machine {
        let request =
            v1::CreateMachineRequest { caller: self.caller(), machine_id: id::random(), name: name.to_owned() };
        self.call::<method::CreateMachine>(request).await.unwrap()
    }

    /// A new worker on a new machine.
    pub(crate) async fn token(&self) -> WorkerToken {
        let machine = self.machine("laptop").await.machine_id;
        let request = v1::CreateWorkerRequest {
            caller: self.caller(),
            machine_id: machine.clone(),
            worker_id: id::random(),
            name: None,
        };
        let worker = self.call::<method::CreateWorker>(request).await.unwrap();
        WorkerToken { machine: machine.parse().unwrap(), worker: worker.worker_id.parse().unwrap() }
    }

    pub(crate) fn worker_ref(&self, token: &WorkerToken) -> v1::WorkerRef {
        v1::WorkerRef { caller: self.caller(), worker_id: token.worker.to_string() }
    }

    pub(crate) fn registration(&self, token: &WorkerToken, fingerprint: &str) -> v1::RegistrationRef {
        v1::RegistrationRef {
            caller: self.caller(),
            worker_id: token.worker.to_string(),
            fingerprint: fingerprint.to_owned(),
        }
    }

    pub(crate) async fn shown(&self, token: &WorkerToken) -> v1::Worker {
        self.call::<method::GetWorker>(self.worker_ref(token)).await.unwrap()
    }

    pub(crate) async fn until_status(&self, token: &WorkerToken, status: v1::WorkerStatus) -> v1::Worker {
        eventually(status.as_str_name(), || async {
            let worker = self.shown(token).await;
            (worker.status() == status).then_some(worker)
        })
        .await
    }
}

async fn bus(broker: &Broker, user: ServiceUser) -> Bus {
    let seed = broker.credentials().seed(user).unwrap().into();
    let connect = ServiceConnect { servers: broker.url(), user, seed, ca_file: None };
    let bus = Bus::connect_service(connect).await.unwrap();
    bus.connected().await;
    bus
}

fn command(name: &str, home: &Path, broker: &Broker, database: &str) -> Command {
    let program = env!("CARGO_BIN_EXE_muster-registry");
    Command::new("muster-registry", program, home.join(format!("{name}.log")))
        .without_our_settings()
        .announces(home.join(format!("{name}.json")))
        .envs(broker.credentials().environment(ServiceUser::Registry).unwrap())
        .env("MUSTER_CONFIG", home.join(CONFIG))
        .env("MUSTER_NATS_URL", broker.url())
        .env("MUSTER_DATABASE_URL", database)
}

/// What `condition` answers once it answers something.
pub(crate) async fn eventually<T, F>(what: &str, condition: impl Fn() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let looked = async {
        loop {
            if let Some(answer) = condition().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    match tokio::time::timeout(PATIENCE, looked).await {
        Ok(answer) => answer,
        Err(_) => panic!("not in time: {what}"),
    }
}
