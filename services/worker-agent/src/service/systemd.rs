//! systemd's manager of the user's own services.

use std::{
    collections::HashMap,
    fmt::Write as _,
    path::{Path, PathBuf},
};

use super::{Job, tool, utf8};
use crate::{
    exit::{Code, Exit},
    say::say,
};

const UNIT: &str = "muster-worker.service";

pub(super) fn file(environment: &HashMap<String, String>, home: &Path) -> PathBuf {
    let config = environment.get("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    config.unwrap_or_else(|| home.join(".config")).join("systemd/user").join(UNIT)
}

/// See systemd.service(5).
pub(super) fn unit(job: &Job) -> Result<String, Exit> {
    let Job { program, config, environment, home: _ } = job;
    let program = utf8(program.as_os_str(), "The program's path")?;
    // systemd takes no such program, however it is written.
    if program.contains(['"', '\'', '\\']) {
        let message =
            format!("systemd runs no program whose path has quotes or backslashes: move {program} elsewhere.");
        return Err(Exit::new(Code::Config, message));
    }
    let program = quoted(program, false);
    let config = quoted(utf8(config.as_os_str(), "The settings' path")?, true);
    let mut variables = String::new();
    for (name, value) in environment {
        let _ = writeln!(variables, "Environment={}", quoted(&format!("{name}={}", utf8(value, name)?), false));
    }
    Ok(format!(
        "\
# Written by muster-worker-agent install-service, which also renews it.
[Unit]
Description=Muster workers
StartLimitIntervalSec=0

[Service]
ExecStart={program} run --config {config}
{variables}Restart=always
RestartSec=5
# Wrong settings stay wrong.
RestartPreventExitStatus=64 77 78
# Replies that are under way are ended, and agents with them.
KillMode=mixed
TimeoutStopSec=25

[Install]
WantedBy=default.target
"
    ))
}

/// One word, between quotes, without what systemd would make something else of: specifiers, escapes and, in the
/// words behind a program, variables.
fn quoted(text: &str, variables: bool) -> String {
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '%' => out.push_str("%%"),
            '$' if variables => out.push_str("$$"),
            '"' | '\\' => {
                out.push('\\');
                out.push(letter);
            }
            _ => out.push(letter),
        }
    }
    out.push('"');
    out
}

pub(super) fn start(linger: bool) -> Result<(), Exit> {
    if which::which("systemctl").is_err() {
        let message = "The service is written, but there is no systemd here: have whatever starts programs on this \
                       machine start muster-worker-agent run.";
        return Err(Exit::new(Code::Unavailable, message));
    }
    let refused = |complaint: String| {
        let message = format!(
            "The service is written, but systemd did not start it ({complaint}). Sign in as this user itself, not by \
             su or sudo, and run: systemctl --user enable --now {UNIT}"
        );
        Exit::new(Code::Unavailable, message)
    };
    for arguments in [&["daemon-reload"][..], &["enable", UNIT], &["restart", UNIT]] {
        tool("systemctl", &[&["--user"], arguments].concat()).map_err(refused)?;
    }
    say(format_args!("It runs: journalctl --user --unit {UNIT} --follow shows what the workers say."));
    if linger {
        return match tool("loginctl", &["enable-linger"]) {
            Ok(_) => Ok(()),
            Err(complaint) => Err(Exit::new(
                Code::NoPermission,
                format!("The service runs, but lingering could not be enabled ({complaint}): ask an administrator."),
            )),
        };
    }
    if !lingers() {
        say("It ends when you sign out. To have it run from boot on, whoever is signed in: loginctl enable-linger");
    }
    Ok(())
}

fn lingers() -> bool {
    let user = nix::unistd::geteuid().to_string();
    let shown = tool("loginctl", &["show-user", &user, "--property", "Linger", "--value"]);
    shown.is_ok_and(|shown| shown.stdout.trim_ascii() == b"yes")
}

/// What is in the way when it cannot be stopped.
pub(super) fn stop() -> Result<(), String> {
    tool("systemctl", &["--user", "disable", "--now", UNIT]).map(|_| ()).map_err(|complaint| {
        format!(
            "systemd did not stop it ({complaint}). Sign in as this user itself, not by su or sudo, and do this again"
        )
    })
}

pub(super) fn forget() {
    if let Err(complaint) = tool("systemctl", &["--user", "daemon-reload"]) {
        tracing::debug!(complaint, "systemd does not read its units again");
    }
}

pub(super) fn state() -> String {
    let shown = tool("systemctl", &["--user", "show", UNIT, "--property", "ActiveState", "--value"]);
    let state = shown.map(|shown| String::from_utf8_lossy(&shown.stdout).trim().to_owned()).unwrap_or_default();
    if state.is_empty() { "installed; systemd cannot be asked here".to_owned() } else { state }
}

#[cfg(test)]
mod tests {
    use std::{fs, process::Command};

    use super::*;

    fn job(directory: &Path) -> Job {
        let program = directory.join("bin/muster-worker-agent");
        fs::create_dir_all(program.parent().unwrap()).unwrap();
        fs::write(&program, "#!/bin/sh\n").unwrap();
        fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        Job {
            program,
            config: directory.join("\"odd\" \\ $HOME.toml"),
            environment: vec![("PATH", "/usr/bin:/opt/a b/100%".into()), ("XDG_STATE_HOME", "/var/a".into())],
            home: "/home/a".into(),
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn systemd_itself_finds_nothing_wrong_with_the_unit() {
        let directory = tempfile::Builder::new().prefix("100% odd $HOME ").tempdir().unwrap();
        let text = unit(&job(directory.path())).unwrap();
        let file = directory.path().join(UNIT);
        fs::write(&file, &text).unwrap();
        let mut checked = Command::new("systemd-analyze");
        checked.args(["verify", "--user"]).arg(&file).env("XDG_RUNTIME_DIR", directory.path());
        let checked = checked.output().unwrap();
        let said = String::from_utf8_lossy(&checked.stderr).into_owned();
        assert!(checked.status.success() && !said.contains(UNIT), "{said}\n{text}");
    }

    #[test]
    fn words_come_through_as_they_are() {
        assert_eq!(quoted("/a b/\"c\"\\%h$X", true), "\"/a b/\\\"c\\\"\\\\%%h$$X\"");
        assert_eq!(quoted("PATH=$X", false), "\"PATH=$X\"");
        let mut broken = job(tempfile::tempdir().unwrap().path());
        broken.config = "/a\nExecStartPost=/bin/evil".into();
        assert_eq!(unit(&broken).unwrap_err().code, Code::Config);
    }
}
