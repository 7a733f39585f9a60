//! A stack at work, and the hand that disturbs it.

use std::{convert::Infallible, sync::Arc, time::Duration};

use futures_util::future::join_all;
use tokio::time::{Instant, sleep_until};

use super::{
    check::{self, Checked},
    plan::{Edge, Fault, Plan, Process},
};
use crate::stack::{Frame, Running, Sent, Session, Setup, Stack, Viewer};

/// Sessions that are answered at once by the one worker.
const SESSIONS: usize = 4;
/// Viewers of each, beside the one who watches all.
const VIEWERS: usize = 2;
/// How far each reply counts.
pub(super) const UP_TO: usize = 5000;
/// Chunks of a reply that are there before anything happens; a busy machine makes few large ones.
const BEGUN: usize = 10;
/// Both ends of a lost connection to the broker have missed the other by then: nats-server asks nothing of who spoke in
/// the interval before, then twice in vain, and gives up the time after. With ours of 15 s that is a minute at most, and
/// this is what a busy machine may be late.
const NOTICED: Duration = Duration::from_secs(60 + 15);
/// How much later everything arrives over a delayed link.
const DELAY: Duration = Duration::from_millis(50);

/// A stack with one worker.
#[derive(Debug)]
pub struct World {
    pub(super) stack: Stack,
    pub(super) worker: Running,
    /// Of the last round.
    watched: Vec<Watched>,
    /// What happens in it.
    plan: Plan,
}

/// A session, who watches it, and what it was asked.
#[derive(Debug)]
pub(super) struct Watched {
    pub(super) session: Session,
    /// The last one watches all of them on one connection.
    pub(super) viewers: Vec<Arc<Viewer>>,
    pub(super) sent: Sent,
}

/// A round that held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Round {
    /// From the first message to the last check.
    pub took: Duration,
    /// What was looked at.
    pub checked: Checked,
}

impl World {
    /// With a worker that drives the demo.
    ///
    /// # Panics
    /// When a part does not come up.
    pub async fn begin(setup: Setup) -> Self {
        let stack = setup.start().await;
        let machine = stack.admin().await.machine("desk").await;
        let worker = machine.worker().await.started(&stack).await.approved().await;
        Self { stack, worker, watched: Vec::new(), plan: Plan::default() }
    }

    /// The stack.
    #[must_use]
    pub const fn stack(&self) -> &Stack {
        &self.stack
    }

    /// Four new sessions with two viewers each, and one of all four, are answered by `count 5000 every 1ms`, all of them at once; meanwhile
    /// everything of the plan happens. Then all must be as if nothing had been.
    ///
    /// # Panics
    /// When something is not.
    pub async fn round(&mut self, plan: &Plan) -> Round {
        let begun = Instant::now();
        self.plan = plan.clone();
        let watched = self.asked().await;
        self.disturb(plan).await;
        self.mend(plan).await;
        let killed = plan.kills(Process::Worker);
        let worker = self.worker.id().to_owned();
        let checked = tokio::select! {
            checked = check::all(&self.stack, &worker, &watched, killed) => checked,
            never = supervised(&mut self.worker, killed) => match never {},
        };
        self.watched = watched;
        Round { took: begun.elapsed(), checked }
    }

    /// The viewers of the last round, who see nothing new any more, are told that their connections live.
    ///
    /// # Panics
    /// When one is not.
    pub async fn beats(&self) {
        let viewers = self.watched.iter().flat_map(|watched| &watched.viewers);
        join_all(viewers.map(|viewer| viewer.next_beat())).await;
    }

    /// Sessions of which every reply has begun.
    async fn asked(&self) -> Vec<Watched> {
        let mut sessions = Vec::new();
        for _ in 0..SESSIONS {
            sessions.push(self.worker.session("demo/fast").await);
        }
        let together = Arc::new(Session::view_together(&sessions).await);
        let mut all = Vec::new();
        for session in sessions {
            let mut viewers = Vec::new();
            for _ in 0..VIEWERS {
                viewers.push(Arc::new(session.view().await));
            }
            viewers.push(Arc::clone(&together));
            let sent = session.send(&format!("count {UP_TO} every 1ms")).await;
            all.push(Watched { session, viewers, sent });
        }
        for watched in &all {
            for viewer in &watched.viewers {
                viewer.until("the beginning of the reply", |frames| has_begun(frames).then_some(())).await;
            }
        }
        all
    }

    async fn disturb(&mut self, plan: &Plan) {
        let begun = Instant::now();
        for (at, edge) in plan.timeline() {
            sleep_until(begun + at).await;
            match edge {
                Edge::Begin(fault) => self.inject(fault).await,
                Edge::End(fault) => self.end(fault).await,
            }
        }
    }

    async fn inject(&self, fault: Fault) {
        match fault {
            Fault::Kill(Process::Of(instance)) => self.stack.kill(instance).await,
            Fault::Kill(Process::Worker) => self.worker.process().kill().await,
            Fault::Pause(Process::Of(instance)) => self.stack.pause(instance),
            Fault::Pause(Process::Worker) => self.worker.process().pause(),
            Fault::Cut(link) => self.stack.link(link).iter().for_each(|proxy| proxy.refuse()),
            Fault::Delay(link) => self.stack.link(link).iter().for_each(|proxy| proxy.delay(DELAY)),
            Fault::Silence(link) => self.stack.link(link).iter().for_each(|proxy| proxy.go_silent()),
            Fault::Lose(link) => self.stack.link(link).iter().for_each(|proxy| proxy.lose()),
        }
    }

    async fn end(&mut self, fault: Fault) {
        match fault {
            Fault::Kill(Process::Of(instance)) => self.stack.start_again(instance).await,
            Fault::Kill(Process::Worker) => self.worker.restart().await,
            Fault::Pause(Process::Of(instance)) => self.stack.resume(instance),
            Fault::Pause(Process::Worker) => self.worker.process().resume(),
            Fault::Cut(link) | Fault::Delay(link) | Fault::Silence(link) | Fault::Lose(link) => {
                self.stack.link(link).iter().for_each(|proxy| proxy.recover());
            }
        }
    }

    /// Waits until everything runs again. Whatever was killed may have been started when something that it needs was
    /// away, and is started once more; all else may not have ended.
    async fn mend(&mut self, plan: &Plan) {
        for instance in self.stack.ended() {
            let tail = self.stack.service(instance).process().log_tail(20);
            assert!(plan.kills(instance.into()), "{instance} has ended by itself; the end of its log:\n{tail}");
            self.stack.start_again(instance).await;
        }
        self.stack.ready().await;
        // Until then half of what is asked of a service may go to its lost connection.
        for link in plan.lost().filter(|link| link.is_to_broker()) {
            for proxy in self.stack.link(link) {
                let noticed = tokio::time::timeout(NOTICED, proxy.given_up()).await;
                assert!(noticed.is_ok(), "{link} was lost, and one of its ends has not noticed");
            }
        }
    }
}

impl Drop for World {
    #[expect(clippy::print_stderr, reason = "tests only: it is shown with the failure")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("it did not hold: {}", self.plan);
        }
    }
}

/// Keeps a worker running that was killed, as whatever supervises it does: while nobody knows yet that the process
/// before it is dead, it is refused, and ends. One that was not killed may not end.
async fn supervised(worker: &mut Running, killed: bool) -> Infallible {
    loop {
        worker.process().wait().await;
        let tail = worker.process().log_tail(20);
        assert!(killed, "the worker has ended by itself; the end of its log:\n{tail}");
        worker.restart().await;
    }
}

fn has_begun(frames: &[Frame]) -> bool {
    frames.iter().filter(|frame| frame.event == "chunk").count() >= BEGUN
}
