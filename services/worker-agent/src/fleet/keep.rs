//! Keeps workers running, each by itself.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::Arc,
    time::Duration,
};

use secrecy::ExposeSecret as _;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, BufReader},
    process::{Child, Command},
    task::JoinSet,
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{Entry, File};
use crate::{
    config::TOKEN_VARIABLE,
    exit::{Code, Exit},
    say::say,
    stop::Stop,
};

/// Pause before a first new start; it doubles with each that follows at once.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// A worker that ran this long begins anew with the first pause.
const SETTLED: Duration = Duration::from_mins(1);
/// Time that a worker has to end its turns and its agent.
const GRACE: Duration = Duration::from_secs(15);
/// Codes after which the same start ends the same way.
const FOR_GOOD: [Code; 3] = [Code::Usage, Code::NoPermission, Code::Config];

/// Runs the workers of a file until it is told to stop, or none is left that can run. `given`: variables for all of them.
///
/// # Errors
/// When the file cannot be used, or every worker ended for good.
pub fn run(file: &Path, given: Vec<(OsString, OsString)>) -> Result<(), Exit> {
    let file = File::read(file)?;
    let path = std::env::current_exe()
        .map_err(|error| Exit::new(Code::Unavailable, format!("The worker cannot find its own program: {error}.")))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Exit::new(Code::Unavailable, format!("The workers cannot start: {error}.")))?;
    let program = Arc::new(Program { path, variables: file.variables().chain(given).collect() });
    runtime.block_on(all(&program, file.workers))
}

/// What is run for each worker.
struct Program {
    path: PathBuf,
    variables: Vec<(OsString, OsString)>,
}

async fn all(program: &Arc<Program>, workers: Vec<Entry>) -> Result<(), Exit> {
    let mut signals = Stop::listen()?;
    let stop = CancellationToken::new();
    let mut kept = JoinSet::new();
    for worker in workers {
        kept.spawn(keep(Arc::clone(program), worker, stop.clone()));
    }
    let ended = async { while kept.join_next().await.is_some() {} };
    tokio::select! {
        () = ended => {
            let message = "None of the workers can run; see what each of them said.";
            return Err(Exit::new(Code::Config, message));
        }
        () = signals.asked() => say("Stopping all workers."),
    }
    stop.cancel();
    while kept.join_next().await.is_some() {}
    Ok(())
}

/// Runs one worker again and again, until it ends for good or all shall stop.
async fn keep(program: Arc<Program>, worker: Entry, stop: CancellationToken) {
    let name = worker.label();
    let mut pause = FIRST_PAUSE;
    loop {
        let since = Instant::now();
        let ended = match start(&program, &worker, &name) {
            Ok(child) => until_it_ends(child, &stop).await,
            Err(error) => {
                say(format_args!("{name}: cannot be started: {error}."));
                None
            }
        };
        if stop.is_cancelled() {
            return;
        }
        if let Some(status) = ended
            && is_for_good(status)
        {
            say(format_args!("{name}: ended for good ({status}). The others go on."));
            return;
        }
        if since.elapsed() >= SETTLED {
            pause = FIRST_PAUSE;
        }
        say(format_args!("{name}: ended; starting it again in {} s.", pause.as_secs()));
        tokio::select! {
            () = sleep(pause) => {}
            () = stop.cancelled() => return,
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

fn start(program: &Program, worker: &Entry, name: &str) -> std::io::Result<Child> {
    let mut child = Command::new(&program.path)
        .args(words(worker))
        .envs(program.variables.iter().map(|(name, value)| (name, value)))
        .env(TOKEN_VARIABLE, worker.token.expose_secret())
        // A terminal's Ctrl-C is for us; we tell it.
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    if let Some(out) = child.stdout.take() {
        tokio::spawn(pass_on(out, name.to_owned()));
    }
    if let Some(err) = child.stderr.take() {
        tokio::spawn(pass_on(err, name.to_owned()));
    }
    Ok(child)
}

/// What a worker prints, with its name before each line.
async fn pass_on(from: impl AsyncRead + Unpin, name: String) {
    let mut lines = BufReader::new(from).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        say(format_args!("{name}: {line}"));
    }
}

/// How it is run: however we die, it ends when we do.
fn words(worker: &Entry) -> Vec<String> {
    ["run", "--tied"].into_iter().map(str::to_owned).chain(worker.arguments()).collect()
}

async fn until_it_ends(mut child: Child, stop: &CancellationToken) -> Option<ExitStatus> {
    // Waiting for a child closes its standard input, which it takes for our end.
    let lifeline = child.stdin.take();
    tokio::select! {
        status = child.wait() => return status.ok(),
        () = stop.cancelled() => drop(lifeline),
    }
    if timeout(GRACE, child.wait()).await.is_err() {
        // It had its time.
        let _ = child.kill().await;
    }
    None
}

fn is_for_good(status: ExitStatus) -> bool {
    status.code().is_some_and(|code| FOR_GOOD.iter().any(|&known| i32::from(known as u8) == code))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::config::{Cli, Command as Asked};

    #[test]
    fn a_worker_is_tied_to_us_whatever_words_are_its_agents_own() {
        let worker = Entry {
            name: None,
            token: "t".to_owned().into(),
            dir: "/srv".into(),
            server: None,
            backend: Some("acp".to_owned()),
            state_dir: None,
            options: ["--", "agent", "--acp"].map(str::to_owned).to_vec(),
        };
        let words = std::iter::once("muster-worker-agent".to_owned()).chain(words(&worker));
        let Asked::Run(run) = Cli::try_parse_from(words).unwrap().command else { panic!("a run") };
        assert!(run.tied);
        assert_eq!(run.settings.acp.agent_words, ["agent", "--acp"]);
    }
}
