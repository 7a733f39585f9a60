//! Runs a program in a process group of its own, and ends the whole group when
//! standard input closes. The worker holds the other end of that pipe: however
//! it dies, nothing of what it started outlives it. What is written into the pipe
//! goes to the program where the worker talks to it.

use std::{
    ffi::OsString,
    fs::File,
    io,
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

/// Runs until the program has ended; its exit code is ours. With `talk` the program's standard input is ours.
#[must_use]
pub fn run(program: Vec<OsString>, talk: bool) -> ExitCode {
    let mut words = program.into_iter();
    let Some(name) = words.next() else { return ExitCode::from(64) };
    let mut command = Command::new(&name);
    command.args(words).stdin(if talk { Stdio::piped() } else { Stdio::null() }).process_group(0);
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            eprintln!("{} cannot be started: {error}", name.display());
            return ExitCode::from(69);
        }
    };
    if talk {
        // The pipe's end is the program's to close.
        let _ = File::options().write(true).open("/dev/null").map(nix::unistd::dup2_stdout);
    }
    let group = i32::try_from(child.id()).map(Pid::from_raw);
    let (sender, seen) = mpsc::channel();
    let abandoned = sender.clone();
    let talked_to = child.stdin.take();
    thread::spawn(move || {
        let mut input = io::stdin().lock();
        if let Some(mut program) = talked_to {
            // A program that no longer listens may work on.
            let _ = io::copy(&mut input, &mut program);
        }
        let _ = io::copy(&mut input, &mut io::sink());
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
