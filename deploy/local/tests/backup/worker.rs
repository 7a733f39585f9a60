//! A worker whose server may move.

use std::path::{Path, PathBuf};

use muster_testkit::{
    binaries,
    client::{self, Client, WorkerRegistration},
    process::{Child, Command},
};

use crate::shown::until;

/// A worker with a process.
pub(crate) struct Worker {
    made: WorkerRegistration,
    home: PathBuf,
    process: Child,
}

impl Worker {
    pub(crate) fn start(made: WorkerRegistration, home: &Path, url: &str) -> Self {
        let home = home.join(&made.worker_id);
        std::fs::create_dir_all(home.join("work")).unwrap();
        let process = process(&made, &home, url);
        Self { made, home, process }
    }

    pub(crate) fn id(&self) -> &str {
        &self.made.worker_id
    }

    pub(crate) async fn stop(&self) {
        self.process.kill().await;
    }

    /// The same key and token, at another server.
    pub(crate) async fn move_to(&mut self, url: &str) {
        self.stop().await;
        self.process = process(&self.made, &self.home, url);
    }

    /// Its owner approves its key.
    pub(crate) async fn let_in(&self, owner: &Client) {
        let fingerprint = until("a registration", async || {
            let seen = owner.worker(self.id()).await.ok()?;
            seen.registrations.first().map(|asking| asking.fingerprint.clone())
        })
        .await;
        owner.approve(self.id(), &fingerprint).await.unwrap();
        self.online(owner).await;
    }

    pub(crate) async fn online(&self, owner: &Client) -> client::Worker {
        until("online", async || owner.worker(self.id()).await.ok().filter(|seen| seen.status == "online")).await
    }
}

fn process(made: &WorkerRegistration, home: &Path, url: &str) -> Child {
    let program = binaries::find("muster-worker-agent").unwrap();
    let command = Command::new("worker", program, home.join("worker.log"))
        .without_our_settings()
        .args(["run", "--token", &made.token, "--backend", "demo", "--server", url])
        .arg("--dir")
        .arg(home.join("work"))
        .arg("--state-dir")
        .arg(home.join("state"))
        .patient();
    Child::spawn(command).unwrap()
}
