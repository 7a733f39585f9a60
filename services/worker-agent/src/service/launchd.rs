//! launchd's agents of the user, on macOS.

use std::path::{Path, PathBuf};

use super::{Job, tool, utf8};
use crate::{
    exit::{Code, Exit},
    say::say,
};

const LABEL: &str = "dev.muster.worker";

pub(super) fn file(home: &Path) -> PathBuf {
    home.join("Library/LaunchAgents").join(format!("{LABEL}.plist"))
}

/// See launchd.plist(5).
pub(super) fn plist(job: &Job) -> Result<String, Exit> {
    let Job { program, config, path, home } = job;
    let log = home.join("Library/Logs/muster-worker.log");
    let program = escaped(utf8(program.as_os_str(), "The program's path")?);
    let config = escaped(utf8(config.as_os_str(), "The settings' path")?);
    let path = escaped(utf8(path, "PATH")?);
    let log = escaped(utf8(log.as_os_str(), "The home directory's path")?);
    Ok(format!(
        "\
<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">
<plist version=\"1.0\">
<dict>
    <key>Label</key><string>{LABEL}</string>
    <key>ProgramArguments</key>
    <array><string>{program}</string><string>run</string><string>--config</string><string>{config}</string></array>
    <key>EnvironmentVariables</key><dict><key>PATH</key><string>{path}</string></dict>
    <key>RunAtLoad</key><true/>
    <key>KeepAlive</key><true/>
    <key>ThrottleInterval</key><integer>10</integer>
    <key>ExitTimeOut</key><integer>25</integer>
    <key>StandardOutPath</key><string>{log}</string>
    <key>StandardErrorPath</key><string>{log}</string>
</dict>
</plist>
"
    ))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

pub(super) fn start(file: &Path) -> Result<(), Exit> {
    // One that stays where it is refuses the next one.
    let _ = stop();
    let path = file.display().to_string();
    tool("launchctl", &["bootstrap", &domain(), &path])
        .map_err(|complaint| Exit::new(Code::Unavailable, format!("launchd did not start it ({complaint}).")))?;
    say("It runs; what the workers say is in ~/Library/Logs/muster-worker.log.");
    Ok(())
}

/// What is in the way when it cannot be stopped.
pub(super) fn stop() -> Result<(), String> {
    match tool("launchctl", &["bootout", &format!("{}/{LABEL}", domain())]) {
        Err(complaint) if is_loaded() => Err(format!("launchd did not stop it ({complaint})")),
        _ => Ok(()),
    }
}

fn is_loaded() -> bool {
    tool("launchctl", &["print", &format!("{}/{LABEL}", domain())]).is_ok()
}

pub(super) fn state() -> String {
    if is_loaded() { "loaded".to_owned() } else { "installed, not loaded".to_owned() }
}

fn domain() -> String {
    format!("gui/{}", nix::unistd::geteuid())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_is_well_formed_whatever_the_paths_are() {
        let job = Job {
            program: "/Users/a & b/<bin>/muster-worker-agent".into(),
            config: "/Users/a & b/worker.toml".into(),
            path: "/usr/bin".into(),
            home: "/Users/a & b".into(),
        };
        let text = plist(&job).unwrap();
        assert!(text.contains("/Users/a &amp; b/&lt;bin&gt;/muster-worker-agent"), "{text}");
        assert!(!text.contains("a & b"));
        assert_eq!(file(&job.home), Path::new("/Users/a & b/Library/LaunchAgents/dev.muster.worker.plist"));
    }
}
