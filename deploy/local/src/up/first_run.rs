//! What happens once, on an empty data directory: the account `admin`, this
//! computer as a machine, and its worker, made over the API as any user would.

use std::{ffi::OsString, fs, io::Write as _, os::unix::fs::OpenOptionsExt as _, path::PathBuf, time::Duration};

use muster_contracts::{limits::NAME_CHARS, name, token::WorkerToken};
use muster_testkit::{
    client::{Client, ClientError, Registration},
    process::Child,
};
use rand::{RngExt as _, distr::Alphanumeric};
use secrecy::{ExposeSecret as _, SecretString};

use super::{
    UpError,
    agent::{Drives, Worker},
};
use crate::{data_dir::DataDir, report::Report};

const ADMIN: &str = "admin";
/// Characters of a generated password: about 119 bits.
const LENGTH: usize = 20;
/// Time that the worker has to ask to be registered, and then to be online.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(200);

/// A first run that is not complete yet.
#[derive(Debug)]
pub(super) struct FirstRun {
    password: SecretString,
    generated: bool,
    kept: PathBuf,
}

/// The first run, if this is one, or one that was cut short is to be gone on
/// with: the password stands in a file until everything is made.
pub(super) fn begin(data: &DataDir, given: Option<String>) -> Result<Option<FirstRun>, UpError> {
    let kept = data.path().join("first-run");
    if let Ok(text) = fs::read_to_string(&kept) {
        let (kind, password) = text.split_once(' ').unwrap_or(("given", &text));
        return Ok(Some(FirstRun { password: password.trim().into(), generated: kind == "generated", kept }));
    }
    if !data.is_fresh() {
        return Ok(None);
    }
    let generated = given.is_none();
    let password =
        given.unwrap_or_else(|| rand::rng().sample_iter(Alphanumeric).take(LENGTH).map(char::from).collect());
    let failed = || UpError::io(format!("writing {}", kept.display()));
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&kept).map_err(failed())?;
    let kind = if generated { "generated" } else { "given" };
    writeln!(file, "{kind} {password}").map_err(failed())?;
    Ok(Some(FirstRun { password: password.into(), generated, kept }))
}

impl FirstRun {
    /// Of the account `admin`.
    pub(super) fn password(&self) -> &str {
        self.password.expose_secret()
    }

    /// Shows a generated password, this once.
    pub(super) fn announce(&self, report: &Report) {
        if self.generated {
            report.line(&format!("account {ADMIN} password {}", self.password()));
        }
    }

    /// Everything is made: the password is kept no longer.
    pub(super) fn complete(self) -> Result<(), UpError> {
        fs::remove_file(&self.kept).map_err(UpError::io(format!("removing {}", self.kept.display())))
    }

    /// Makes the worker, starts it and lets it in.
    pub(super) async fn run_worker(
        &self,
        worker: &Worker,
        client: Client,
        drives: &Drives,
        path: OsString,
        report: &Report,
    ) -> Result<Child, UpError> {
        let step = report.step("adding this computer");
        client.sign_in(ADMIN, self.password()).await.map_err(failed("signing in as admin"))?;
        if !worker.exists() {
            let host = nix::unistd::gethostname().unwrap_or_default().to_string_lossy().into_owned();
            let called = if host.trim().is_empty() { "this computer" } else { host.trim() };
            let machine = client.create_machine(called).await.map_err(failed("registering this computer"))?;
            let made = client
                .create_worker(&machine.machine_id, here().as_deref())
                .await
                .map_err(failed("making a worker"))?;
            worker.keep_token(&made.token)?;
        }
        let id = worker.token()?.parse::<WorkerToken>().map(|token| token.worker.to_string()).unwrap_or_default();
        let child = worker.start(drives, path)?;
        step.progress("the worker starts");
        match admit(&client, &id, &child).await {
            Ok(true) => step.done(&format!("this computer's worker is online ({})", drives.name)),
            Ok(false) => {
                report.warn(&format!("the worker is not online yet; its log is {}", child.command().log().display()))
            }
            Err(error) => return Err(failed("letting the worker in")(error)),
        }
        client.sign_out().await.map_err(failed("signing out"))?;
        Ok(child)
    }
}

/// What the worker is called: the directory that it works in, if that is a name.
fn here() -> Option<String> {
    let directory = std::env::current_dir().ok()?;
    let name = directory.file_name()?.to_str()?;
    name::parse(name, NAME_CHARS).ok().map(str::to_owned)
}

/// Approves the worker's key, and waits until it is online; false: not in time.
async fn admit(client: &Client, worker: &str, child: &Child) -> Result<bool, ClientError> {
    let admitting = async {
        loop {
            let seen = client.worker(worker).await?;
            if seen.status == "online" {
                return Ok(true);
            }
            if child.ended().is_some() {
                return Ok(false);
            }
            if let Some(Registration { fingerprint, .. }) = seen.registrations.first() {
                match client.approve(worker, fingerprint).await {
                    // It was taken back or approved meanwhile: look again.
                    Ok(_) | Err(ClientError::Refused { status: 404 | 409, .. }) => {}
                    Err(error) => return Err(error),
                }
            }
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::time::timeout(PATIENCE, admitting).await.unwrap_or(Ok(false))
}

fn failed(what: &'static str) -> impl FnOnce(ClientError) -> UpError {
    move |source| UpError::FirstRun { what, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_made_once_and_forgotten_when_all_is_done() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("data");
        let data = DataDir::open(&path).unwrap();
        let first = begin(&data, None).unwrap().unwrap();
        assert_eq!(first.password().len(), LENGTH);
        drop(data);

        let data = DataDir::open(&path).unwrap();
        let again = begin(&data, Some("another".to_owned())).unwrap().unwrap();
        assert_eq!(again.password(), first.password());
        again.complete().unwrap();
        assert!(begin(&data, None).unwrap().is_none());
    }
}
