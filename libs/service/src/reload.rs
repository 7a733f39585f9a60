//! A configuration that changes while the service runs: on SIGHUP, and when its file does.

use std::{
    convert::Infallible,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

use crate::{
    config::{self, Loaded, Section},
    telemetry::Telemetry,
};

/// How often the file is looked at.
const LOOK: Duration = Duration::from_secs(2);

/// Follows it for ever. What is wrong is told in the log, and everything stays as it was.
pub(crate) async fn follow<S: Section>(
    file: Option<PathBuf>,
    mut known: Loaded<S>,
    told: watch::Sender<S>,
    telemetry: &Telemetry,
) -> Infallible {
    let Ok(mut hangup) = signal(SignalKind::hangup()) else { return std::future::pending().await };
    let changed_at = || file.as_deref().and_then(changed);
    let mut seen = changed_at();
    let mut ticks = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            _ = hangup.recv() => {}
            _ = ticks.tick() => if changed_at() == seen {
                continue;
            },
        }
        seen = changed_at();
        match config::read_all::<S>(file.as_deref()) {
            Ok(read) => {
                take(&known, &read, &told, telemetry);
                known = read;
            }
            Err(error) => tracing::error!(%error, "the configuration is not taken, and stays as it was"),
        }
    }
}

fn changed(file: &Path) -> Option<SystemTime> {
    std::fs::metadata(file).and_then(|about| about.modified()).ok()
}

fn take<S: Section>(known: &Loaded<S>, read: &Loaded<S>, told: &watch::Sender<S>, telemetry: &Telemetry) {
    let later = known.differences(read, false).join(", ");
    if !later.is_empty() {
        tracing::warn!(keys = later, "some of the configuration counts from the next start on");
    }
    let now = known.differences(read, true).join(", ");
    if now.is_empty() {
        return;
    }
    if known.common.log != read.common.log
        && let Err(error) = telemetry.log(&read.common.log)
    {
        tracing::error!(%error, "what is logged stays as it was");
    }
    told.send_replace(read.own.clone());
    tracing::info!(keys = now, "the configuration has changed");
}
