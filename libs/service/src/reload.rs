//! A configuration that changes while the service runs: on SIGHUP, and when its file does.

use std::{
    convert::Infallible,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use tokio::{signal::unix::Signal, sync::watch};

use crate::{
    config::{self, ConfigError, Loaded, Section},
    telemetry::Telemetry,
};

/// How often the file is looked at.
const LOOK: Duration = Duration::from_secs(2);

/// Follows it for ever. What is wrong is told in the log, and everything stays as it was.
pub(crate) async fn follow<S: Section>(
    file: Option<PathBuf>,
    mut known: Loaded<S>,
    told: watch::Sender<S>,
    mut hangup: Signal,
    telemetry: &Telemetry,
) -> Infallible {
    let changed_at = || file.as_deref().and_then(changed);
    // It may be another one since it was read.
    let mut seen = None;
    let mut ticks = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            _ = hangup.recv() => {}
            _ = ticks.tick() => if changed_at() == seen {
                continue;
            },
        }
        seen = changed_at();
        match take(&known, file.as_deref(), telemetry) {
            Ok(Some(taken)) => {
                told.send_replace(taken.own.clone());
                known = taken;
            }
            Ok(None) => {}
            Err(error) => tracing::error!(%error, "the configuration is not taken, and stays as it was"),
        }
    }
}

fn changed(file: &Path) -> Option<SystemTime> {
    std::fs::metadata(file).and_then(|about| about.modified()).ok()
}

/// What counts from now on, if that is something else.
fn take<S: Section>(
    known: &Loaded<S>,
    file: Option<&Path>,
    telemetry: &Telemetry,
) -> Result<Option<Loaded<S>>, ConfigError> {
    let read = config::read_all::<S>(file)?;
    let later = known.differences(&read, false).join(", ");
    if !later.is_empty() {
        tracing::warn!(keys = later, "some of the configuration counts from the next start on");
    }
    let now = known.differences(&read, true).join(", ");
    if now.is_empty() {
        return Ok(None);
    }
    let taken = known.taking(&read)?;
    telemetry.log(&taken.common.log).map_err(ConfigError::Invalid)?;
    tracing::info!(keys = now, "the configuration has changed");
    Ok(Some(taken))
}
