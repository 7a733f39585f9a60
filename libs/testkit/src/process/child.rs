//! A running process.

use std::{collections::BTreeMap, path::Path, process::ExitStatus, time::Duration};

use nix::{
    sys::signal::{Signal, kill},
    unistd::{Pid, SysconfVar, sysconf},
};
use tokio::{sync::watch, time::Instant};

use super::{Command, ProcessError, log, watchdog::Watchdog};

/// How often a condition outside of our process is looked at.
const LOOK: Duration = Duration::from_millis(20);
/// Lines of a log that an error shows.
const TAIL: usize = 20;
/// Time that a patient process has when we are gone, in seconds.
const GRACE: u32 = 5;

/// A running process. Dropped, it and everything in its process group is killed.
#[derive(Debug)]
pub struct Child {
    command: Command,
    pid: u32,
    ended: watch::Receiver<Option<ExitStatus>>,
}

impl Child {
    /// Starts it.
    ///
    /// # Errors
    /// When its file cannot be run or its log not be written.
    pub fn spawn(command: Command) -> Result<Self, ProcessError> {
        let (pid, ended) = start(&command)?;
        Ok(Self { command, pid, ended })
    }

    /// What was started.
    #[must_use]
    pub const fn command(&self) -> &Command {
        &self.command
    }

    /// To change what [`Child::restart`] starts.
    pub const fn command_mut(&mut self) -> &mut Command {
        &mut self.command
    }

    /// Its process id.
    #[must_use]
    pub const fn pid(&self) -> u32 {
        self.pid
    }

    /// How it ended, if it has.
    #[must_use]
    pub fn ended(&self) -> Option<ExitStatus> {
        *self.ended.borrow()
    }

    /// Waits until it has ended.
    pub async fn wait(&self) -> Option<ExitStatus> {
        let mut ended = self.ended.clone();
        ended.wait_for(Option::is_some).await.ok().and_then(|status| *status)
    }

    /// Sends it a signal, if it still runs.
    pub fn signal(&self, signal: Signal) {
        if self.ended().is_none() {
            let _ = kill(pid(self.pid), signal);
        }
    }

    /// Bytes of memory that it has now; none where the system does not tell.
    #[must_use]
    pub fn resident(&self) -> Option<u64> {
        self.memory("VmRSS:")
    }

    /// The most that it ever had.
    #[must_use]
    pub fn most_resident(&self) -> Option<u64> {
        self.memory("VmHWM:")
    }

    fn memory(&self, which: &str) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix(which))?;
        Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? * 1024)
    }

    /// Time that it has computed until now; none where the system does not tell.
    #[must_use]
    pub fn computed(&self) -> Option<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid)).ok()?;
        // Behind its name, which may have blanks in it; `utime` and `stime` of proc(5).
        let fields = stat.rsplit_once(") ")?.1.split(' ').collect::<Vec<_>>();
        let ticks = fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?;
        let second = sysconf(SysconfVar::CLK_TCK).ok()??;
        Some(Duration::from_secs_f64(ticks / f64::from(i32::try_from(second).ok()?)))
    }

    /// Halts it, without its knowledge.
    pub fn pause(&self) {
        self.signal(Signal::SIGSTOP);
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.signal(Signal::SIGCONT);
    }

    /// Ends it as a power cut would, and all that it started in its process group.
    pub async fn kill(&self) {
        self.kill_group();
        self.wait().await;
    }

    /// Asks it to end; kills it when it has not after `patience`.
    pub async fn stop(&self, patience: Duration) -> Option<ExitStatus> {
        self.signal(Signal::SIGTERM);
        if let Ok(status) = tokio::time::timeout(patience, self.wait()).await {
            return status;
        }
        self.kill_group();
        self.wait().await
    }

    /// Starts it once more, after it has ended or been killed.
    ///
    /// # Errors
    /// As [`Child::spawn`].
    pub async fn restart(&mut self) -> Result<(), ProcessError> {
        self.kill().await;
        (self.pid, self.ended) = start(&self.command)?;
        Ok(())
    }

    /// The addresses that it announces, once everything of it serves.
    ///
    /// # Errors
    /// When it ends before, or is not ready in time.
    pub async fn announced(&self, patience: Duration) -> Result<BTreeMap<String, String>, ProcessError> {
        self.until(patience, || {
            let text = std::fs::read(self.command.announce.as_deref().unwrap_or_else(|| Path::new(""))).ok()?;
            serde_json::from_slice(&text).ok()
        })
        .await
    }

    /// What `condition` answers once it answers something, for as long as the process runs.
    ///
    /// # Errors
    /// When it ends before, or `patience` does.
    pub async fn until<T>(
        &self,
        patience: Duration,
        mut condition: impl FnMut() -> Option<T>,
    ) -> Result<T, ProcessError> {
        let begun = Instant::now();
        loop {
            if let Some(answer) = condition() {
                return Ok(answer);
            }
            let (name, log, tail) = (self.command.name.clone(), self.command.log.clone(), self.log_tail(TAIL));
            if let Some(status) = self.ended() {
                return Err(ProcessError::Ended { name, status, log, tail });
            }
            if begun.elapsed() > patience {
                return Err(ProcessError::Late { name, after: patience, log, tail });
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// The last lines of its log.
    #[must_use]
    pub fn log_tail(&self, lines: usize) -> String {
        log::tail(&self.command.log, lines)
    }

    fn kill_group(&self) {
        if self.ended().is_none() {
            let _ = kill(Pid::from_raw(-pid(self.pid).as_raw()), Signal::SIGKILL);
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill_group();
    }
}

fn pid(pid: u32) -> Pid {
    // Process ids fit: the kernel's own type is signed.
    Pid::from_raw(i32::try_from(pid).unwrap_or(i32::MAX))
}

fn start(command: &Command) -> Result<(u32, watch::Receiver<Option<ExitStatus>>), ProcessError> {
    let failed = |source| ProcessError::Start { program: command.program.clone(), source };
    let mut child = command.spawn()?;
    let id = child.id();
    let watchdog = match Watchdog::over(id, if command.patient { GRACE } else { 0 }, None) {
        Ok(watchdog) => watchdog,
        Err(error) => {
            let _ = child.kill();
            let _ = child.wait();
            return Err(failed(error));
        }
    };
    let (tell, ended) = watch::channel(None);
    // A thread and not a task: the process outlives the runtime that a test started it from.
    let waiter = std::thread::Builder::new().name(format!("wait-{}", command.name));
    waiter
        .spawn(move || {
            let status = child.wait().ok();
            // What it started and left behind is of no use to anyone.
            let _ = kill(Pid::from_raw(-pid(id).as_raw()), Signal::SIGKILL);
            drop(watchdog);
            tell.send_replace(status);
        })
        .map_err(failed)?;
    Ok((id, ended))
}
