//! The opencode process: started under a guard, watched, and started again.

use std::{
    ffi::OsString,
    fs::{File, TryLockError},
    path::{Path, PathBuf},
    process::Stdio,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use muster_contracts::id;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::{
    net::TcpListener,
    process::{Child, Command},
    sync::watch,
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{Gone, client::Client, events::Hub};
use crate::backend::{BackendError, Surroundings, environment};

/// The oldest version whose interface is the one that is used here.
const OLDEST: (u32, u32) = (1, 18);
/// The first start on a machine prepares a database.
const START: Duration = Duration::from_secs(90);
/// Pauses between a process's end and the next start.
const PAUSES: [Duration; 2] = [Duration::from_millis(300), Duration::from_secs(10)];
/// A process that lived so long was well.
const WELL: Duration = Duration::from_secs(60);
/// How often is looked whether one that runs still answers.
const PULSE: Duration = Duration::from_secs(5);
/// One that has not answered for so long never will.
const HUNG: Duration = Duration::from_secs(30);
/// How often is looked whether it answers at its start, or whether another one does.
const LOOK: Duration = Duration::from_millis(100);
/// Held while an opencode starts, in the directory of its data.
const LOCK: &str = "muster.lock";
/// Ports that are tried in one start.
const PORTS: u32 = 3;
/// How long the guard may take to end the process group.
const STOP: Duration = Duration::from_secs(3);

/// An opencode that answers.
#[derive(Debug, Clone)]
pub(super) struct Running {
    pub(super) client: Client,
    pub(super) hub: Hub,
    /// Cancelled when the process has ended.
    pub(super) gone: Gone,
}

#[derive(Debug)]
pub(super) struct Server {
    running: watch::Receiver<Option<Running>>,
    version: String,
    stop: CancellationToken,
    watching: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug, Clone)]
struct Launch {
    program: PathBuf,
    guard: PathBuf,
    root: PathBuf,
    log: PathBuf,
    environment: Vec<(OsString, OsString)>,
}

impl Server {
    pub(super) async fn start(surroundings: &Surroundings) -> Result<Self, BackendError> {
        let program = find(&surroundings.environment)?;
        let own = surroundings.settings.own(&["OPENCODE_"]);
        let environment = environment::passed_on(&surroundings.environment, &own);
        let version = version(&program, &environment).await?;
        std::fs::create_dir_all(&surroundings.state)?;
        let launch = Launch {
            program,
            guard: surroundings.guard.clone(),
            root: surroundings.root.clone(),
            log: surroundings.state.join("opencode.log"),
            environment,
        };
        let first = launch.start().await?;
        let (sender, running) = watch::channel(Some(first.1.clone()));
        let stop = CancellationToken::new();
        let watching = tokio::spawn(watch_process(launch, first, sender, stop.clone()));
        Ok(Self { running, version, stop, watching: Mutex::new(Some(watching)) })
    }

    pub(super) fn running(&self) -> watch::Receiver<Option<Running>> {
        self.running.clone()
    }

    pub(super) fn version(&self) -> String {
        self.version.clone()
    }

    /// Ends the process and everything that it has started.
    pub(super) async fn stop(&self) {
        self.stop.cancel();
        let watching = self.watching.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(watching) = watching
            && watching.await.is_err()
        {
            tracing::warn!("the watch over opencode has failed");
        }
    }
}

/// Starts it again whenever it ends, until it is stopped.
async fn watch_process(
    launch: Launch,
    mut current: (Child, Running),
    told: watch::Sender<Option<Running>>,
    stop: CancellationToken,
) {
    let mut pause = PAUSES[0];
    loop {
        let since = Instant::now();
        let (mut child, running) = current;
        // Waiting for a child closes its standard input, which its guard takes for our death.
        let lifeline = child.stdin.take();
        tokio::select! {
            status = child.wait() => {
                tracing::warn!(?status, "opencode has ended by itself; starting it again");
                drop(lifeline);
            }
            () = hangs(|| answers(running.client.clone())) => {
                tracing::warn!("opencode has not answered for {} s; starting it again", HUNG.as_secs());
                told.send_replace(None);
                running.gone.cancel();
                drop(lifeline);
                end(child).await;
            }
            () = stop.cancelled() => {
                running.gone.cancel();
                drop(lifeline);
                end(child).await;
                return;
            }
        }
        told.send_replace(None);
        running.gone.cancel();
        if since.elapsed() > WELL {
            pause = PAUSES[0];
        }
        current = loop {
            tokio::select! {
                () = sleep(pause) => {}
                () = stop.cancelled() => return,
            }
            pause = (pause * 2).min(PAUSES[1]);
            tokio::select! {
                started = launch.start() => match started {
                    Ok(started) => break started,
                    Err(error) => tracing::error!(%error, "opencode cannot be started again"),
                },
                // Dropping a start closes the guard's pipe, which ends the process.
                () = stop.cancelled() => return,
            }
        };
        told.send_replace(Some(current.1.clone()));
    }
}

async fn answers(client: Client) -> bool {
    client.health().await.is_ok()
}

/// Returns when it has not answered for too long.
async fn hangs<F: Future<Output = bool>>(answers: impl Fn() -> F) {
    let mut answered = Instant::now();
    while answered.elapsed() < HUNG {
        sleep(PULSE).await;
        if answers().await {
            answered = Instant::now();
        }
    }
}

/// The guard ends the group when its standard input closes.
async fn end(mut child: Child) {
    drop(child.stdin.take());
    if timeout(STOP, child.wait()).await.is_err() {
        tracing::warn!("opencode did not end in time");
        if let Err(error) = child.kill().await {
            tracing::warn!(%error, "its guard cannot be ended");
        }
    }
}

impl Launch {
    async fn start(&self) -> Result<(Child, Running), BackendError> {
        let _turn = self.wait_for_turn().await;
        for _ in 1..PORTS {
            let port = free_port().await?;
            match self.start_at(port).await {
                Err(error) if is_taken(port).await => {
                    tracing::warn!(port, %error, "somebody else took opencode's port")
                }
                done => return done,
            }
        }
        self.start_at(free_port().await?).await
    }

    async fn start_at(&self, port: u16) -> Result<(Child, Running), BackendError> {
        let password = SecretString::from(id::random() + &id::random());
        let client = Client::new(port, password.clone()).map_err(|error| BackendError::Broken(error.to_string()))?;
        let log = File::create(&self.log)?;
        let mut command = Command::new(&self.guard);
        command
            .arg("guard")
            .arg("--")
            .arg(&self.program)
            .args(["serve", "--hostname", "127.0.0.1", "--log-level", "WARN", "--port", &port.to_string()])
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .env("OPENCODE_SERVER_PASSWORD", password.expose_secret())
            .env("OPENCODE_SERVER_USERNAME", "opencode")
            .env("OPENCODE_DISABLE_AUTOUPDATE", "1")
            .current_dir(&self.root)
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log)
            // Ctrl-C is for the worker, which then ends opencode in order.
            .process_group(0);
        let mut child = command.spawn()?;
        let deadline = Instant::now() + START;
        while let Err(error) = client.health().await {
            if let Ok(Some(_)) = child.try_wait() {
                return Err(BackendError::Broken(format!("opencode ends at once: {}", self.last_words())));
            }
            if Instant::now() > deadline {
                end(child).await;
                return Err(BackendError::Broken(format!("opencode does not answer ({error}): {}", self.last_words())));
            }
            sleep(LOOK).await;
        }
        let running = Running { client: client.clone(), hub: Hub::default(), gone: CancellationToken::new() };
        let (connected, mut listening) = watch::channel(0);
        tokio::spawn(running.hub.clone().run(client, connected, running.gone.clone()));
        if timeout(START, listening.wait_for(|&count| count > 0)).await.is_err() {
            running.gone.cancel();
            end(child).await;
            return Err(BackendError::Broken("opencode sends no events".to_owned()));
        }
        tracing::info!(port, "opencode answers");
        Ok((child, running))
    }

    /// All opencodes of a user share a database, and two that prepare it at the same time break each other's start: so
    /// workers start theirs one after the other. Without a place for the lock each takes its chance.
    async fn wait_for_turn(&self) -> Option<File> {
        let directory = data_directory(&self.environment)?;
        let lock = std::fs::create_dir_all(&directory).and_then(|()| File::create(directory.join(LOCK)));
        let lock = lock.inspect_err(|error| tracing::warn!(%error, "opencode's data cannot be locked")).ok()?;
        // Not a blocking lock: its thread could not be told that the worker is asked to stop.
        while let Err(TryLockError::WouldBlock) = lock.try_lock() {
            sleep(LOOK).await;
        }
        Some(lock)
    }

    /// The end of its output, for the message to a person.
    fn last_words(&self) -> String {
        let output = std::fs::read_to_string(&self.log).unwrap_or_default();
        output.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it says nothing").to_owned()
    }
}

/// Where an opencode with this environment keeps its data (XDG Base Directory Specification).
fn data_directory(environment: &[(OsString, OsString)]) -> Option<PathBuf> {
    let absolute = |name: &str| {
        let value = environment.iter().find(|(key, _)| key == name).map(|(_, value)| PathBuf::from(value));
        value.filter(|path| path.is_absolute())
    };
    let data = absolute("XDG_DATA_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/share")));
    data.map(|data| data.join("opencode"))
}

fn find(environment: &[(OsString, OsString)]) -> Result<PathBuf, BackendError> {
    if let Some(named) = environment.iter().rfind(|(name, _)| name == super::VARIABLE) {
        let named = PathBuf::from(&named.1);
        let missing = || {
            BackendError::Missing(format!(
                "{} names {}, which is no program: correct it, or unset it.",
                super::VARIABLE,
                named.display()
            ))
        };
        return which::which(&named).map_err(|_| missing());
    }
    which::which("opencode").map_err(|_| {
        BackendError::Missing(
            "opencode is not on the PATH: install it (npm install -g opencode-ai), or use --backend demo.".to_owned(),
        )
    })
}

async fn version(program: &Path, environment: &[(OsString, OsString)]) -> Result<String, BackendError> {
    let mut command = Command::new(program);
    command.arg("--version").env_clear().envs(environment.iter().map(|(name, value)| (name, value)));
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = timeout(START, command.output()).await;
    let output = output.map_err(|_| BackendError::Broken(format!("{} --version does not end", program.display())))?;
    let output =
        output.map_err(|error| BackendError::Missing(format!("{} cannot be run: {error}", program.display())))?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    match parse(&text) {
        Some(found) if found >= OLDEST => Ok(text),
        Some(_) => Err(BackendError::Missing(format!(
            "opencode {text} is too old: {}.{} or newer is needed; run opencode upgrade.",
            OLDEST.0, OLDEST.1
        ))),
        None => Err(BackendError::Missing(format!(
            "{} does not say which version of opencode it is: install opencode anew (npm install -g opencode-ai).",
            program.display()
        ))),
    }
}

fn parse(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.lines().last()?.trim().trim_start_matches('v').split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// A port that is free now. If somebody takes it meanwhile, opencode ends at once and is started again.
async fn free_port() -> Result<u16, BackendError> {
    Ok(TcpListener::bind(("127.0.0.1", 0)).await?.local_addr()?.port())
}

async fn is_taken(port: u16) -> bool {
    TcpListener::bind(("127.0.0.1", port)).await.is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_answers_within_half_a_minute_does_not_hang() {
        let begun = Instant::now();
        let quiet = |from: u64, to: u64| (from..to).contains(&begun.elapsed().as_secs());
        hangs(|| std::future::ready(!quiet(10, 35) && !quiet(100, 1000))).await;
        assert_eq!(begun.elapsed().as_secs(), 125);
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(parse("1.18.33"), Some((1, 18)));
        assert!(parse("1.9.1").is_some_and(|found| found < OLDEST));
        assert!(parse("v2.0.0").is_some_and(|found| found >= OLDEST));
        assert_eq!(parse("opencode"), None);
    }
}
