//! The agent's process: started under a guard, listened to line by line, and ended with it.

use std::{
    ffi::OsString,
    fs::{File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use agent_client_protocol::{
    Agent, Client, Lines as Transport, on_receive_request,
    v1::{
        ConnectionTo,
        schema::{CreateElicitationRequest, RequestPermissionRequest},
    },
};
use futures_util::{sink, stream};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    process::{Child, ChildStdin, Command},
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
    time::timeout,
};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::hub::Hub;
use crate::backend::{BackendError, lines::Lines};

/// Longest line that is read: a tool's whole output may be in it.
const LINE_BYTES: usize = 32 * 1024 * 1024;
/// Bytes of what an agent says beside the protocol that are kept.
const LOG_BYTES: usize = 1024 * 1024;
/// How long the guard may take to end the process group.
const STOP: Duration = Duration::from_secs(3);
/// How long the last words of a process that has ended are read.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Ends when the process behind it has ended; cancelling it ends the process.
pub(super) type Gone = CancellationToken;

/// What is needed to start an agent.
#[derive(Debug, Clone)]
pub(super) struct Launch {
    pub(super) guard: PathBuf,
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<OsString>,
    pub(super) environment: Vec<(OsString, OsString)>,
    /// Whether a key of the agent's own provider is in it.
    pub(super) has_key: bool,
    pub(super) root: PathBuf,
    pub(super) log: PathBuf,
    /// Counts when it has told something of itself outside of a turn.
    pub(super) changed: watch::Sender<u64>,
}

/// A process that speaks the protocol.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) connection: ConnectionTo<Agent>,
    pub(super) hub: Hub,
    pub(super) gone: Gone,
    /// Cancelled when nothing is left of it.
    pub(super) ended: CancellationToken,
}

impl Launch {
    /// Starts it. It has said nothing yet.
    pub(super) async fn start(&self) -> Result<Process, BackendError> {
        let mut command = Command::new(&self.guard);
        command
            .args(["guard", "--talk", "--"])
            .arg(&self.program)
            .args(&self.arguments)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.root)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Ctrl-C is for the worker, which then ends the agent in order.
            .process_group(0);
        let log = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&self.log)?;
        let mut child = command.spawn()?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(stdin), Some(stdout), Some(stderr)) = pipes else {
            return Err(BackendError::Broken("the agent's pipes cannot be had".to_owned()));
        };
        let (hub, gone, ended) = (Hub::telling(self.changed.clone()), Gone::new(), CancellationToken::new());
        tokio::spawn(keep(stderr, log));
        let (lines, heard) = mpsc::channel(1);
        let reading = tokio::spawn(read(stdout, hub.clone(), lines));
        let (told, connected) = oneshot::channel();
        tokio::spawn(speak(stdin, heard, hub.clone(), gone.clone(), told));
        tokio::spawn(watch(child, reading, gone.clone(), ended.clone().drop_guard()));
        let connection = connected.await.map_err(|_| BackendError::Broken("the agent ends at once".to_owned()))?;
        Ok(Process { connection, hub, gone, ended })
    }

    /// The end of what it said beside the protocol, for the message to a person.
    pub(super) fn last_words(&self) -> String {
        last_line(&self.log).unwrap_or_else(|| "it says nothing".to_owned())
    }
}

fn last_line(log: &Path) -> Option<String> {
    const CHARS: usize = 300;
    let text = String::from_utf8_lossy(&std::fs::read(log).ok()?).into_owned();
    let line = text.lines().rev().find(|line| !line.trim().is_empty())?;
    Some(line.chars().filter(|letter| !letter.is_control()).take(CHARS).collect())
}

/// Runs the connection until the process has gone. Its end closes the agent's standard input, which its guard takes for
/// the end of us.
async fn speak(
    stdin: ChildStdin,
    heard: mpsc::Receiver<String>,
    hub: Hub,
    gone: Gone,
    told: oneshot::Sender<ConnectionTo<Agent>>,
) {
    let outgoing = sink::unfold(stdin, async |mut stdin: ChildStdin, mut line: String| {
        line.push('\n');
        stdin.write_all(line.as_bytes()).await?;
        Ok::<_, io::Error>(stdin)
    });
    let incoming =
        stream::unfold(heard, async |mut heard| heard.recv().await.map(|line| (Ok::<_, io::Error>(line), heard)));
    let of_forms = hub.clone();
    let connecting = Client
        .v1()
        .name("muster")
        .on_receive_request(
            async move |request: RequestPermissionRequest, responder, _| {
                hub.ask_permission(request, responder);
                Ok(())
            },
            on_receive_request!(),
        )
        .on_receive_request(
            async move |request: CreateElicitationRequest, responder, _| {
                of_forms.ask_form(request, responder);
                Ok(())
            },
            on_receive_request!(),
        )
        .connect_with(Transport::new(Box::pin(outgoing), Box::pin(incoming)), {
            let gone = gone.clone();
            async move |connection: ConnectionTo<Agent>| {
                // Whoever waited for it may have stopped waiting.
                let _ = told.send(connection);
                gone.cancelled().await;
                Ok(())
            }
        });
    tokio::select! {
        ended = connecting => if let Err(error) = ended {
            tracing::warn!(code = ?error.code, "the connection to the agent has ended");
        },
        () = gone.cancelled() => {}
    }
    gone.cancel();
}

/// Reads what the agent says. What is no message is left out: some print words of welcome.
async fn read(mut stdout: impl AsyncRead + Unpin, hub: Hub, lines: mpsc::Sender<String>) {
    let mut cut = Lines::up_to(LINE_BYTES);
    let mut buffer = vec![0; 64 * 1024];
    let mut garbage = 0_u64;
    while let Ok(count @ 1..) = stdout.read(&mut buffer).await {
        for line in cut.push(buffer.get(..count).unwrap_or_default()) {
            let Ok(message) = serde_json::from_slice(&line) else {
                garbage += u64::from(!line.is_empty());
                continue;
            };
            if let Some(message) = hub.sift(message).await
                && lines.send(message.to_string()).await.is_err()
            {
                return;
            }
        }
    }
    if garbage > 0 {
        tracing::debug!(garbage, "the agent has printed lines that are no messages");
    }
}

/// Keeps what the agent says beside the protocol in a file of its own, as much as there is room for.
async fn keep(mut stderr: impl AsyncRead + Unpin, mut log: File) {
    let mut buffer = vec![0; 8 * 1024];
    let mut room = LOG_BYTES;
    while let Ok(count @ 1..) = stderr.read(&mut buffer).await {
        let fits = buffer.get(..count.min(room)).unwrap_or_default();
        room -= fits.len();
        if let Err(error) = log.write_all(fits) {
            tracing::debug!(%error, "what the agent says beside the protocol cannot be kept");
            room = 0;
        }
    }
}

async fn watch(mut child: Child, reading: JoinHandle<()>, gone: Gone, _ended: DropGuard) {
    tokio::select! {
        status = child.wait() => {
            if !gone.is_cancelled() {
                tracing::warn!(?status, "the agent has ended by itself");
            }
            // What it said last is on its way still.
            if timeout(LAST_WORDS, reading).await.is_err() {
                tracing::debug!("something holds the output of an agent that has ended");
            }
            gone.cancel();
            return;
        }
        () = gone.cancelled() => reading.abort(),
    }
    if timeout(STOP, child.wait()).await.is_err() {
        tracing::warn!("the agent did not end in time");
        if let Err(error) = child.kill().await {
            tracing::warn!(%error, "its guard cannot be ended");
        }
    }
}
