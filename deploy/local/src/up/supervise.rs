//! Keeping everything running, and ending it in order.

use std::{process::ExitStatus, time::Duration};

use muster_testkit::{broker::Broker, process::Child, service::Service};
use tokio::{task::JoinHandle, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::report::Report;

/// Pause before a first new start; it doubles with each that follows at once.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A process that ran this long begins anew with the first pause.
const SETTLED: Duration = Duration::from_secs(60);
/// Time that each process has to end; five of them stay below ten seconds.
const GRACE: Duration = Duration::from_millis(1900);
/// Exit codes (sysexits.h) after which the same start ends the same way: wrong
/// use, not allowed, wrong settings.
const HOPELESS: &[i32] = &[64, 77, 78];

/// A process that is kept running.
#[derive(Debug)]
pub(super) enum Kept {
    Broker(Box<Broker>),
    Service(Service),
    Worker(Child),
}

impl Kept {
    const fn process(&self) -> &Child {
        match self {
            Self::Broker(broker) => broker.process(),
            Self::Service(service) => service.process(),
            Self::Worker(child) => child,
        }
    }

    /// Starts it again, and waits until it is ready.
    async fn restart(&mut self) -> Result<(), String> {
        match self {
            Self::Broker(broker) => broker.restart().await.map_err(|error| error.to_string()),
            Self::Service(service) => service.restart().await.map_err(|error| error.to_string()),
            Self::Worker(child) => child.restart().await.map_err(|error| error.to_string()),
        }
    }
}

/// Everything that runs. Dropped, it is killed.
#[derive(Debug)]
pub(super) struct Running {
    report: Report,
    kept: Vec<(CancellationToken, JoinHandle<()>)>,
}

impl Running {
    pub(super) const fn new(report: Report) -> Self {
        Self { report, kept: Vec::new() }
    }

    /// From now on this one is started again when it dies.
    pub(super) fn keep(&mut self, kept: Kept) {
        let stop = CancellationToken::new();
        let task = tokio::spawn(keep(kept, stop.clone(), self.report.clone()));
        self.kept.push((stop, task));
    }

    /// Ends one after the other, in the order in which they were given.
    pub(super) async fn end(mut self) {
        for (stop, task) in &mut self.kept {
            stop.cancel();
            let _ = task.await;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        for (_, task) in &self.kept {
            task.abort();
        }
    }
}

async fn keep(mut kept: Kept, stop: CancellationToken, report: Report) {
    let name = kept.process().command().name().to_owned();
    let mut pause = FIRST_PAUSE;
    loop {
        let since = Instant::now();
        let status = tokio::select! {
            status = kept.process().wait() => status,
            () = stop.cancelled() => break,
        };
        let how = status.map_or_else(|| "lost".to_owned(), |status| status.to_string());
        if matches!(kept, Kept::Worker(_)) && is_hopeless(status) {
            report.warn(&format!("{name} ended for good ({how}):\n{}", kept.process().log_tail(3).trim_end()));
            stop.cancelled().await;
            return;
        }
        if since.elapsed() >= SETTLED {
            pause = FIRST_PAUSE;
        }
        report.warn(&format!("{name} ended ({how}); starting it again in {:.1} s", pause.as_secs_f32()));
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => return,
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
        let restarted = tokio::select! {
            restarted = kept.restart() => restarted,
            () = stop.cancelled() => break,
        };
        match restarted {
            Ok(()) => report.say(&format!("{name} runs again")),
            Err(error) => report.warn(&error),
        }
    }
    kept.process().stop(GRACE).await;
}

fn is_hopeless(status: Option<ExitStatus>) -> bool {
    status.and_then(|status| status.code()).is_some_and(|code| HOPELESS.contains(&code))
}
