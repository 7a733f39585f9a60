//! Ends a process when we are gone, however we went.
//!
//! A shell waits for the end of a pipe that only we hold open: the kernel
//! closes it even after SIGKILL. It needs no unsafe code and, unlike a
//! parent-death signal, is not tied to the thread that spawned.

use std::{
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
};

/// `$1` process group, `$2` seconds to end by itself, `$3` directory to remove, if any.
/// `kill -s` and not `kill -KILL`: a group's number after the latter is not read by every shell.
const SCRIPT: &str = r#"
read -r _
if [ "$2" -gt 0 ]; then
    kill -s TERM -- "-$1" 2>/dev/null
    left=$(( $2 * 10 ))
    while [ "$left" -gt 0 ] && kill -s 0 -- "-$1" 2>/dev/null; do
        sleep 0.1
        left=$(( left - 1 ))
    done
fi
kill -s KILL -- "-$1" 2>/dev/null
if [ -n "$3" ]; then
    rm -rf -- "$3"
fi
"#;

/// Watches one process group for as long as we live. Dropped, it lets go of it.
#[derive(Debug)]
pub(crate) struct Watchdog {
    shell: Child,
    _held: Option<ChildStdin>,
}

impl Watchdog {
    /// Ends the group `pid` when we are gone: at once, or after `grace` seconds
    /// in which it may end by itself. Then removes `directory`.
    pub(crate) fn over(pid: u32, grace: u32, directory: Option<&Path>) -> std::io::Result<Self> {
        use std::os::unix::process::CommandExt as _;

        let mut shell = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "muster-watchdog", &pid.to_string(), &grace.to_string()])
            .arg(directory.unwrap_or_else(|| Path::new("")))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .current_dir("/")
            .process_group(0)
            .spawn()?;
        let held = shell.stdin.take();
        Ok(Self { shell, _held: held })
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        // Killed before the pipe closes, so that it does not act.
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};

    use super::*;

    fn sleeper(script: &str) -> Child {
        Command::new("/bin/sh").args(["-c", script]).process_group(0).spawn().unwrap()
    }

    /// What the kernel does to our end of the pipe when we are gone.
    fn gone(mut watchdog: Watchdog) {
        watchdog._held = None;
        assert!(watchdog.shell.wait().unwrap().success());
    }

    #[test]
    fn a_process_and_its_children_end_with_us_and_a_directory_goes() {
        let home = tempfile::tempdir().unwrap().keep();
        let mut child = sleeper("sleep 1000 & sleep 1000");
        gone(Watchdog::over(child.id(), 0, Some(&home)).unwrap());
        assert_eq!(child.wait().unwrap().signal(), Some(9));
        assert!(!home.exists());
    }

    #[test]
    fn a_patient_one_is_asked_first() {
        let mut child = sleeper("exec sleep 1000");
        let watchdog = Watchdog::over(child.id(), 5, None).unwrap();
        let ended = std::thread::spawn(move || child.wait().unwrap());
        gone(watchdog);
        assert_eq!(ended.join().unwrap().signal(), Some(15));
    }

    #[test]
    fn a_dropped_one_lets_go() {
        let mut child = sleeper("exec sleep 1000");
        drop(Watchdog::over(child.id(), 0, None).unwrap());
        assert!(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
