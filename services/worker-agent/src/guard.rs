//! Runs a program in a process group of its own, and ends everything that it has started when standard input closes, or
//! when it ends. The worker holds the other end of that pipe: however it dies, nothing of what it started outlives it.
//! What is written into the pipe goes to the program where the worker talks to it.
//!
//! What a tool of an agent starts is often in a group of its own. On Linux such orphans become children of the guard,
//! which ends them as well; elsewhere only the program's own group is known.

use std::{
    ffi::OsString,
    fs::File,
    io,
    os::{fd::AsFd as _, unix::process::CommandExt as _},
    process::{Command, ExitCode, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

use nix::{
    errno::Errno,
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::{
        signal::{Signal, killpg},
        wait::{WaitStatus, waitpid},
    },
    unistd::Pid,
};

/// How long the program may take to end by itself.
const GRACE: Duration = Duration::from_secs(2);
/// The exit code of a program whose end was not seen.
const UNKNOWN: i32 = 70;

enum Seen {
    Ended(i32),
    Abandoned,
}

/// Runs until the program has ended; its exit code is ours. With `talk` the program's standard input is ours.
#[must_use]
pub fn run(program: Vec<OsString>, talk: bool) -> ExitCode {
    let mut words = program.into_iter();
    let Some(name) = words.next() else { return ExitCode::from(64) };
    #[cfg(target_os = "linux")]
    if let Err(error) = nix::sys::prctl::set_child_subreaper(true) {
        eprintln!("what {} leaves behind cannot be ended: {error}", name.display());
    }
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
    let Ok(group) = i32::try_from(child.id()).map(Pid::from_raw) else { return ExitCode::from(69) };
    let (sender, seen) = mpsc::channel();
    let abandoned = sender.clone();
    if let Some(mut program) = child.stdin.take() {
        thread::spawn(move || {
            let mut input = io::stdin().lock();
            // A program that no longer listens may work on.
            let _ = io::copy(&mut input, &mut program);
            let _ = io::copy(&mut input, &mut io::sink());
        });
    }
    thread::spawn(move || {
        until_abandoned();
        let _ = abandoned.send(Seen::Abandoned);
    });
    thread::spawn(move || {
        let _ = sender.send(Seen::Ended(end_of(group)));
    });
    let mut code = 0;
    match seen.recv() {
        Ok(Seen::Ended(ended)) => code = ended,
        Ok(Seen::Abandoned) | Err(_) => {
            // A group that has ended is what is wanted, here and below.
            let _ = killpg(group, Signal::SIGTERM);
            if matches!(seen.recv_timeout(GRACE), Err(RecvTimeoutError::Timeout)) {
                tracing::debug!("the program did not end by itself");
            }
        }
    }
    let _ = killpg(group, Signal::SIGKILL);
    #[cfg(target_os = "linux")]
    orphans::end_all();
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}

/// Waits until nobody holds the other end of standard input, whether what came over it was taken or not.
fn until_abandoned() {
    let input = io::stdin();
    let mut end = [PollFd::new(input.as_fd(), PollFlags::empty())];
    while poll(&mut end, PollTimeout::NONE) == Err(Errno::EINTR) {}
}

/// Waits for the program, and meanwhile takes leave of the orphans that end.
fn end_of(program: Pid) -> i32 {
    loop {
        match waitpid(None, None) {
            Ok(WaitStatus::Exited(pid, code)) if pid == program => return code,
            Ok(WaitStatus::Signaled(pid, signal, _)) if pid == program => return 128 + signal as i32,
            Ok(_) | Err(Errno::EINTR) => {}
            Err(_) => return UNKNOWN,
        }
    }
}

#[cfg(target_os = "linux")]
mod orphans {
    use std::fs;

    use nix::{
        sys::{
            signal::{Signal, kill},
            wait::waitpid,
        },
        unistd::Pid,
    };

    /// Ends every child; what they leave behind becomes ours, and is next.
    pub(super) fn end_all() {
        loop {
            let children = children(Pid::this());
            if children.is_empty() {
                return;
            }
            for child in children {
                // It may have ended, or been taken leave of, in between.
                let _ = kill(child, Signal::SIGKILL);
                let _ = waitpid(child, None);
            }
        }
    }

    fn children(parent: Pid) -> Vec<Pid> {
        let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
        let id = |entry: fs::DirEntry| entry.file_name().to_str()?.parse::<i32>().ok().map(Pid::from_raw);
        processes.filter_map(|entry| id(entry.ok()?)).filter(|&process| parent_of(process) == Some(parent)).collect()
    }

    /// The second field behind the name, which may hold anything.
    fn parent_of(process: Pid) -> Option<Pid> {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        let (_, rest) = stat.rsplit_once(')')?;
        rest.split_whitespace().nth(1)?.parse().ok().map(Pid::from_raw)
    }
}
