//! Workers, before and while their process runs.

use std::{fmt::Display, path::PathBuf, time::Duration};

use muster_contracts::fingerprint::Fingerprint;
use serde_json::json;

use super::{Stack, must, person::Person, session::Session};
use crate::{
    binaries,
    client::{self, WorkerRegistration},
    process::{Child, Command},
    wire::Login,
};

/// Generous: machines that run tests are busy, and a service may have to notice first that its connection is dead.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(50);

/// A worker that has a token and no process.
#[derive(Debug, Clone)]
pub struct Waiting {
    made: WorkerRegistration,
    owner: Person,
    backend: String,
    server: Option<String>,
    settings: Vec<(String, String)>,
    files: Vec<(String, String)>,
}

impl Waiting {
    pub(super) fn new(made: WorkerRegistration, owner: Person) -> Self {
        Self { made, owner, backend: "demo".to_owned(), server: None, settings: Vec::new(), files: Vec::new() }
    }

    /// What its process is started with.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.made.token
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.made.worker_id
    }

    /// Waits until its owner sees it `so`, whoever runs it.
    ///
    /// # Panics
    /// When that does not happen.
    pub async fn seen(&self, so: &str, condition: impl Fn(&client::Worker) -> bool) -> client::Worker {
        match self.looking(condition).await {
            Some(worker) => worker,
            None => panic!("the worker is not {so} in time"),
        }
    }

    async fn looking(&self, condition: impl Fn(&client::Worker) -> bool) -> Option<client::Worker> {
        let looking = async {
            loop {
                match self.owner.client().worker(self.id()).await {
                    Ok(worker) if condition(&worker) => return worker,
                    // A part of the stack may be away: that is what tests are about.
                    Ok(_) | Err(_) => tokio::time::sleep(LOOK).await,
                }
            }
        };
        tokio::time::timeout(PATIENCE, looking).await.ok()
    }

    /// Lets this key in.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn approve(&self, fingerprint: &str) {
        must("approving the worker", self.owner.client().approve(self.id(), fingerprint).await);
    }

    /// It runs in this process, however that was started.
    #[must_use]
    pub fn running_in(&self, process: Child) -> Running {
        Running { child: process, waiting: self.clone(), directory: PathBuf::new() }
    }

    /// Driving something else than the demo.
    #[must_use]
    pub fn driving(mut self, backend: &str) -> Self {
        backend.clone_into(&mut self.backend);
        self
    }

    /// Reaching the server at another address, such as that of a proxy.
    #[must_use]
    pub fn through(mut self, server: impl Into<String>) -> Self {
        self.server = Some(server.into());
        self
    }

    /// A variable of its environment.
    #[must_use]
    pub fn setting(mut self, key: &str, value: impl Into<String>) -> Self {
        self.settings.push((key.to_owned(), value.into()));
        self
    }

    /// A file in its directory.
    #[must_use]
    pub fn file(mut self, name: &str, content: impl Display) -> Self {
        self.files.push((name.to_owned(), content.to_string()));
        self
    }

    /// Starts its process, in a directory of its own below the stack's.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn started(self, stack: &Stack) -> Running {
        let home = stack.home().join(&self.made.worker_id);
        let directory = home.join("work");
        must("the worker's directory", std::fs::create_dir_all(&directory));
        for (name, content) in &self.files {
            must("a file of the worker's", std::fs::write(directory.join(name), content));
        }
        let program = must("the worker", binaries::find("muster-worker-agent"));
        let command = Command::new("worker", program, home.join("worker.log"))
            .without_our_settings()
            .args(["run", "--token", &self.made.token, "--backend", &self.backend])
            .args(["--server", &self.server.clone().unwrap_or_else(|| stack.direct_url())])
            .arg("--dir")
            .arg(&directory)
            .arg("--state-dir")
            .arg(home.join("state"))
            .envs(stack.trust().map(|file| ("MUSTER_CA_FILE", file)))
            .envs(self.settings.iter().cloned())
            .patient();
        Running { child: must("the worker", Child::spawn(command)), waiting: self, directory }
    }
}

/// A worker whose process was started.
#[derive(Debug)]
pub struct Running {
    child: Child,
    waiting: Waiting,
    directory: PathBuf,
}

impl Running {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.waiting.made.worker_id
    }

    /// What it was before it ran.
    #[must_use]
    pub const fn waiting(&self) -> &Waiting {
        &self.waiting
    }

    /// Its process: to be killed, paused, asked to end.
    #[must_use]
    pub const fn process(&self) -> &Child {
        &self.child
    }

    /// Of its key.
    ///
    /// # Panics
    /// When it has not made one yet.
    #[must_use]
    pub fn fingerprint(&self, stack: &Stack) -> Fingerprint {
        let seed = must("its key", std::fs::read_to_string(stack.home().join(self.id()).join("state/worker.nk")));
        Login::key(seed.trim()).fingerprint()
    }

    /// The directory that it works in.
    #[must_use]
    pub const fn directory(&self) -> &PathBuf {
        &self.directory
    }

    /// Starts its process again.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn restart(&mut self) {
        must("the worker", self.child.restart().await);
    }

    /// Waits for it to ask, lets it in, and waits until it is online.
    ///
    /// # Panics
    /// When it does not come.
    pub async fn approved(self) -> Self {
        let seen = self.until("asking to be registered", |worker| !worker.registrations.is_empty()).await;
        let fingerprint = seen.registrations.first().map(|asking| asking.fingerprint.clone()).unwrap_or_default();
        self.waiting.approve(&fingerprint).await;
        self.online().await;
        self
    }

    /// Waits until it is online.
    ///
    /// # Panics
    /// When it does not become so.
    pub async fn online(&self) {
        self.until("online", |worker| worker.status == "online").await;
    }

    /// Waits until its owner sees it `so`.
    ///
    /// # Panics
    /// When that does not happen.
    pub async fn until(&self, so: &str, condition: impl Fn(&client::Worker) -> bool) -> client::Worker {
        match self.waiting.looking(condition).await {
            Some(worker) => worker,
            None => panic!("the worker is not {so} in time; the end of its log:\n{}", self.child.log_tail(30)),
        }
    }

    /// Starts a session with this model.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn session(&self, model: &str) -> Session {
        let client = self.waiting.owner.client();
        let path = format!("/workers/{}/sessions", self.id());
        Session::new(must("a new session", client.post(&path, &json!({ "model": model })).await), client.clone())
    }
}
