//! A worker that is connected: approved or not, at work or not.

use std::{future::pending, pin::pin, sync::Arc, time::Duration};

use muster_contracts::id::InstanceId;
use tokio::{
    sync::{Notify, watch},
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use super::{
    GOODBYE, introduction,
    stance::{Act, Stance},
};
use crate::{
    backend::Backend,
    clock,
    config::Config,
    exit::{Code, Exit},
    protocol::{Link, asks::Asks, heartbeat, models, register, sync},
    rotation::Rotation,
    say::say,
    state::{Journal, Report},
    stop::Stop,
    turn::{AttachmentSource, Attachments, ChunkStore, Disk, Runner, Turns},
};

/// How long the broker is given to let in, with its rights, a worker that was approved just now.
const RIGHTS: Duration = Duration::from_millis(100);

/// A worker, from its first connection on.
pub(super) struct Worker {
    config: Config,
    /// Another one once a new key has taken the place of the old one.
    link: watch::Sender<Link>,
    backend: Arc<dyn Backend>,
    runner: Arc<Runner>,
    bell: Arc<Notify>,
    models: Arc<Notify>,
}

impl Worker {
    pub(super) fn new(
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

    pub(super) async fn live(&self, stop: &mut Stop, rotation: &Rotation<'_>) -> Result<(), Exit> {
        let mut tasks = JoinSet::new();
        tokio::select! {
            exit = self.stand(&mut tasks, rotation) => {
                self.drop_turns();
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
        let mut stance = Stance::new(link.fingerprint.as_str());
        let report = |online, state: &str| {
            rotation.state.reports(&Report { online, state: state.to_owned(), since: clock::system() });
        };
        report(false, "asking the server");
        loop {
            let epoch = connection.borrow_and_update().epoch;
            let standing = register::ask(&link, &request).await;
            tracing::debug!(?standing, "asked to be registered");
            let step = match stance.take(standing, rotation.is_under_way(), Instant::now()) {
                Ok(step) => step,
                Err(exit) => return exit,
            };
            if let Some((online, state)) = step.report {
                report(online, state);
            }
            step.says.iter().for_each(say);
            match step.act {
                Act::Wait => {}
                Act::Work => {
                    // The lease was taken; whoever takes it from us now shall keep it.
                    request.takeover = false;
                    if tasks.is_empty() {
                        self.begin_work(tasks);
                    }
                    self.bell.notify_one();
                }
                Act::Reconnect => {
                    sleep(RIGHTS).await;
                    link.bus.reconnect().await;
                }
                Act::DropTurns => self.drop_turns(),
            }
            let pause = async {
                match step.again {
                    Some(pause) => sleep(pause).await,
                    None => pending().await,
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
                stance = Stance::new(new.fingerprint.as_str());
                (connection, link) = (new.bus.connection(), new);
                rotated.set(rotation.approved());
            }
        }
    }

    /// Nothing that their agent says now would arrive.
    fn drop_turns(&self) {
        for entry in self.runner.turns.all() {
            entry.drop_it();
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
}
