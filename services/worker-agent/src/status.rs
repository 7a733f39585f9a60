//! `status`: the workers of this machine, as their processes say.

use std::{
    collections::HashMap,
    ffi::OsString,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;
use muster_contracts::{id::WorkerId, token::WorkerToken};
use secrecy::ExposeSecret as _;

use crate::{
    clock,
    config::{default_state_dir, environment},
    exit::{Code, Exit},
    fleet,
    protocol::register::grouped,
    say::say,
    service,
    state::{Found, StateDir, look},
};

/// Whose status.
#[derive(Debug, Args)]
pub struct Status {
    /// The file that tells of the workers [default: muster-worker.toml here, else ~/.config/muster/worker.toml]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Shows it; the exit code says whether all of them are online.
///
/// # Errors
/// When the file cannot be used, or a worker is not online.
pub fn show(asked: Status) -> Result<(), Exit> {
    let environment = environment();
    let named = asked.config.is_some();
    let config = asked.config.map_or_else(|| fleet::file_here(&environment), Ok)?;
    let workers = match fleet::File::read(&config) {
        Err(Exit { code: Code::NoInput, message }) if !named => return started_by_hand(&environment, message),
        file => file?.workers,
    };
    match service::state(&environment) {
        Some(state) => say(format_args!("{}, run by a service ({state})", config.display())),
        None => say(format_args!("{}, without a service (muster-worker-agent install-service)", config.display())),
    }
    let mut absent = 0;
    for worker in &workers {
        let line = match worker.token.expose_secret().trim().parse::<WorkerToken>() {
            Ok(token) => {
                let state =
                    worker.state_dir.clone().map_or_else(|| default_state_dir(&environment, &token.worker), Ok)?;
                line(&state, clock::system())
            }
            Err(error) => Line { online: false, text: format!("its token cannot be read: {error}"), key: None },
        };
        absent += usize::from(!line.online);
        say(format_args!("\n{}: {}", worker.label(), line.text));
        say(format_args!("  in {}", worker.dir.display()));
        if let Some(key) = line.key {
            say(format_args!("  key {key}"));
        }
    }
    outcome(absent, workers.len())
}

/// Workers that no file tells of, by the directories that they have left; `otherwise` when there are none.
fn started_by_hand(environment: &HashMap<String, String>, otherwise: String) -> Result<(), Exit> {
    let nobody = WorkerId::random();
    let all = default_state_dir(environment, &nobody)?;
    let entries = all.parent().and_then(|all| std::fs::read_dir(all).ok()).into_iter().flatten().flatten();
    let is_worker = |name: &OsString| name.to_str().is_some_and(|name| name.parse::<WorkerId>().is_ok());
    let mut workers = entries.map(|entry| (entry.file_name(), entry.path())).collect::<Vec<_>>();
    workers.retain(|(name, _)| is_worker(name));
    workers.sort();
    if workers.is_empty() {
        return Err(Exit::new(Code::NoInput, otherwise));
    }
    say("Started by hand (muster-worker-agent setup makes workers that stay):");
    let mut absent = 0;
    for (name, state) in &workers {
        let line = line(state, clock::system());
        absent += usize::from(!line.online);
        say(format_args!("\n{}: {}", name.display(), line.text));
        if let Some(key) = line.key {
            say(format_args!("  key {key}"));
        }
    }
    outcome(absent, workers.len())
}

fn outcome(absent: usize, all: usize) -> Result<(), Exit> {
    if absent == 0 {
        return Ok(());
    }
    let message = format!("\n{absent} of {all} not online. muster-worker-agent doctor says what may be wrong.");
    Err(Exit::new(Code::Unavailable, message))
}

struct Line {
    online: bool,
    text: String,
    key: Option<String>,
}

fn line(state: &Path, now: i64) -> Line {
    let key = StateDir::present_key(state).ok().flatten().map(|key| grouped(key.fingerprint.as_str()));
    let (online, text) = match look(state) {
        Found::Never => (false, "never started".to_owned()),
        Found::Stopped => (false, "not running".to_owned()),
        Found::Running { process, report: None } => (false, format!("starting (process {process})")),
        Found::Running { process, report: Some(report) } => {
            let long = Duration::from_millis(now.saturating_sub(report.since).max(0).unsigned_abs());
            (report.online, format!("{} for {} (process {process})", report.state, rounded(long)))
        }
    };
    Line { online, text, key }
}

/// How long, in the largest unit that fits.
fn rounded(long: Duration) -> String {
    let seconds = long.as_secs();
    let (count, unit) = match seconds {
        0..60 => (seconds, "second"),
        60..3600 => (seconds / 60, "minute"),
        3600..86400 => (seconds / 3600, "hour"),
        _ => (seconds / 86400, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_told_in_one_unit() {
        for (seconds, told) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (59, "59 seconds"),
            (60, "1 minute"),
            (7200, "2 hours"),
            (90_000, "1 day"),
        ] {
            assert_eq!(rounded(Duration::from_secs(seconds)), told);
        }
    }
}
