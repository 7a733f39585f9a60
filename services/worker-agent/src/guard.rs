//! Runs a program in a process group of its own, and ends the whole group when
//! standard input closes. The worker holds the other end of that pipe: however
//! it dies, nothing of what it started outlives it.

use std::{
    ffi::OsString,
    io::Read as _,
    os::unix::process::{CommandExt as _, ExitStatusExt as _},
    process::{Command, ExitCode, ExitStatus, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};

/// How long the program may take to end by itself.
const GRACE: Duration = Duration::from_secs(2);

enum Seen {
    Ended(std::io::Result<ExitStatus>),
    Abandoned,
}

/// Runs until the program has ended; its exit code is ours.
#[must_use]
pub fn run(program: Vec<OsString>) -> ExitCode {
    let mut words = program.into_iter();
    let Some(name) = words.next() else { return ExitCode::from(64) };
    let mut command = Command::new(&name);
    command.args(words).stdin(Stdio::null()).process_group(0);
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            eprintln!("{} cannot be started: {error}", name.display());
            return ExitCode::from(69);
        }
    };
    let group = i32::try_from(child.id()).map(Pid::from_raw);
    let (sender, seen) = mpsc::channel();
    let abandoned = sender.clone();
    thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        let _ = abandoned.send(Seen::Abandoned);
    });
    thread::spawn(move || {
        let _ = sender.send(Seen::Ended(child.wait()));
    });
    let signal = |signal| {
        if let Ok(group) = group {
            // A group that has ended is what is wanted.
            let _ = killpg(group, signal);
        }
    };
    let mut code = ExitCode::SUCCESS;
    match seen.recv() {
        Ok(Seen::Ended(status)) => code = exit_code(status),
        Ok(Seen::Abandoned) | Err(_) => {
            signal(Signal::SIGTERM);
            if matches!(seen.recv_timeout(GRACE), Err(RecvTimeoutError::Timeout)) {
                tracing::debug!("the program did not end by itself");
            }
        }
    }
    // What the program started may have outlived it.
    signal(Signal::SIGKILL);
    code
}

fn exit_code(status: std::io::Result<ExitStatus>) -> ExitCode {
    let code = status.ok().and_then(|status| status.code().or_else(|| status.signal().map(|signal| 128 + signal)));
    ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(70))
}
