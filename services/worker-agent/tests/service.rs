//! The service under a real manager of a user's services.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail anywhere"
)]

use std::{path::Path, process::Output, time::Duration};

use muster_testkit::{
    process::{Child, Command},
    stack::Stack,
};
use nix::sys::signal::Signal;
use tempfile::TempDir;
use tokio::process::Command as Process;

const PROGRAM: &str = env!("CARGO_BIN_EXE_muster-worker-agent");
const PATIENCE: Duration = Duration::from_secs(60);

/// systemd as a user's manager. It only starts where the system itself was booted by systemd, so it gets a /run of its
/// own in which that is so.
struct Manager {
    process: Child,
    home: TempDir,
}

impl Manager {
    async fn start() -> Self {
        let home = tempfile::tempdir().unwrap();
        let boot = "mount -t tmpfs none /run && mkdir -p /run/systemd/system && mkdir -m 700 /run/me \
                    && exec /lib/systemd/systemd --user";
        let command = Command::new("systemd", "unshare", home.path().join("systemd.log"))
            .args(["--mount", "sh", "-c", boot])
            .env("HOME", home.path())
            .env("XDG_RUNTIME_DIR", "/run/me")
            .env("SYSTEMD_LOG_TARGET", "console")
            .unset("XDG_CONFIG_HOME")
            .unset("XDG_STATE_HOME")
            .patient();
        let manager = Self { process: Child::spawn(command).unwrap(), home };
        manager.runs().await;
        manager
    }

    async fn runs(&self) {
        let running = async {
            while self.call("systemctl", &["--user", "is-system-running"]).await.stdout != b"running\n" {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let running = tokio::time::timeout(PATIENCE, running).await;
        running.unwrap_or_else(|_| panic!("no manager: {}", self.process.log_tail(20)));
    }

    /// Calls a program where the manager is.
    async fn call(&self, program: &str, arguments: &[&str]) -> Output {
        self.call_at("/run/me", program, arguments).await
    }

    /// `runtime`: where the manager is looked for.
    async fn call_at(&self, runtime: &str, program: &str, arguments: &[&str]) -> Output {
        let mut process = Process::new("nsenter");
        process.args(["--mount", "--target", &self.process.pid().to_string(), program]).args(arguments);
        process.env("HOME", self.home.path()).env("XDG_RUNTIME_DIR", runtime);
        process.env("KEPT_API_KEY", "a secret").env("LEFT_API_KEY", "another");
        process.env_remove("XDG_CONFIG_HOME").env_remove("XDG_STATE_HOME");
        process.output().await.unwrap()
    }

    async fn agent(&self, arguments: &[&str]) -> String {
        let output = self.call(PROGRAM, arguments).await;
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(output.status.success(), "{arguments:?}: {text}\n{}", self.process.log_tail(20));
        text
    }

    /// Until the worker says so itself: the server knows it a moment before.
    async fn says_online(&self) -> String {
        let online = async {
            loop {
                let output = self.call(PROGRAM, &["status"]).await;
                if output.status.success() {
                    return String::from_utf8(output.stdout).unwrap();
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let online = tokio::time::timeout(PATIENCE, online).await;
        online.unwrap_or_else(|_| panic!("never online: {}", self.process.log_tail(20)))
    }

    fn unit(&self) -> std::path::PathBuf {
        self.home.path().join(".config/systemd/user/muster-worker.service")
    }
}

fn pid(lock: &Path) -> i32 {
    std::fs::read_to_string(lock).unwrap().trim().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_installed_service_comes_back_when_it_is_killed_and_when_its_manager_starts_again() {
    let stack = Stack::start().await;
    let worker = stack.admin().await.machine("desk").await.worker().await;
    let mut manager = Manager::start().await;
    let work = manager.home.path().join("work");
    std::fs::create_dir(&work).unwrap();
    let server = stack.url();
    let setup = ["setup", "--yes", "--service", "--env", "KEPT_API_KEY", "--server", &server, "--backend", "demo"];
    let told =
        manager.agent(&[&setup[..], &["--token", worker.token(), "--dir", work.to_str().unwrap()]].concat()).await;
    assert!(told.contains("It runs") && told.contains("enable-linger"), "{told}");
    assert!(told.contains("--env LEFT_API_KEY") && !told.contains("--env KEPT_API_KEY"), "{told}");
    assert!(!told.contains("a secret"), "{told}");

    let seen = worker.seen("asking", |seen| !seen.registrations.is_empty()).await;
    worker.approve(&seen.registrations[0].fingerprint).await;
    let online = || worker.seen("online", |seen| seen.status == "online");
    online().await;

    // Not only the worker, but whoever keeps it.
    let shown = manager.call("systemctl", &["--user", "show", "muster-worker", "-p", "MainPID", "--value"]).await;
    let keeper: i32 = String::from_utf8(shown.stdout).unwrap().trim().parse().unwrap();
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(keeper), Signal::SIGKILL).unwrap();
    worker.seen("offline", |seen| seen.status == "offline").await;
    online().await;

    // The worker has what was kept for its agent, and nothing else of the shell in which it was installed.
    let lock = manager.home.path().join(".local/state/muster").join(worker.id()).join("lock");
    let before = pid(&lock);
    let has = std::fs::read_to_string(format!("/proc/{before}/environ")).unwrap();
    assert!(has.split('\0').any(|variable| variable == "KEPT_API_KEY=a secret"), "{has}");
    assert!(!has.contains("LEFT_API_KEY"), "{has}");
    manager.process.stop(PATIENCE).await;
    worker.seen("offline", |seen| seen.status == "offline").await;
    manager.process.restart().await.unwrap();
    manager.runs().await;
    online().await;
    assert_ne!(pid(&lock), before);

    assert!(manager.says_online().await.contains("run by a service (active)"));
    // As it is for who became this user by su.
    let refused = manager.call_at("/run/nobody", PROGRAM, &["uninstall-service"]).await;
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(69), "{said}");
    assert!(said.contains("stays as it is") && said.contains("su or sudo"), "{said}");
    assert!(manager.unit().exists());
    online().await;
    manager.agent(&["uninstall-service"]).await;
    worker.seen("offline", |seen| seen.status == "offline").await;
    assert!(!manager.unit().exists());
    assert!(manager.agent(&["uninstall-service"]).await.contains("no service"));
}
