//! launchd's agents of the user, on macOS.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::Serialize;

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
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Agent<'a> {
    label: &'a str,
    program_arguments: [&'a str; 4],
    environment_variables: BTreeMap<&'a str, &'a str>,
    run_at_load: bool,
    keep_alive: bool,
    /// Seconds between two starts.
    throttle_interval: u32,
    /// Seconds from SIGTERM to SIGKILL.
    exit_time_out: u32,
    standard_out_path: &'a str,
    standard_error_path: &'a str,
}

pub(super) fn plist(job: &Job) -> Result<String, Exit> {
    let Job { program, config, environment, home } = job;
    let log = home.join("Library/Logs/muster-worker.log");
    let log = utf8(log.as_os_str(), "The home directory's path")?;
    let program = utf8(program.as_os_str(), "The program's path")?;
    let config = utf8(config.as_os_str(), "The settings' path")?;
    let variables = environment.iter().map(|(name, value)| Ok((*name, utf8(value, name)?)));
    let environment_variables = variables.collect::<Result<BTreeMap<_, _>, Exit>>()?;
    let agent = Agent {
        label: LABEL,
        program_arguments: [program, "run", "--config", config],
        environment_variables,
        run_at_load: true,
        keep_alive: true,
        throttle_interval: 10,
        exit_time_out: 25,
        standard_out_path: log,
        standard_error_path: log,
    };
    let mut written = Vec::new();
    plist::to_writer_xml(&mut written, &agent)
        .map_err(|error| Exit::new(Code::Usage, format!("The agent of launchd cannot be written: {error}.")))?;
    Ok(String::from_utf8_lossy(&written).into_owned())
}

pub(super) fn start(file: &Path) -> Result<(), Exit> {
    // One that stays where it is refuses the next one.
    let _ = stop();
    let path = file.display().to_string();
    tool("launchctl", &["bootstrap", &domain(), &path]).map_err(|complaint| {
        let message = format!(
            "The service is written, but launchd did not start it ({complaint}). Sign in at this Mac's own screen, \
                 and run: launchctl bootstrap {} {path}",
            domain()
        );
        Exit::new(Code::Unavailable, message)
    })?;
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
            environment: vec![("PATH", "/usr/bin".into())],
            home: "/Users/a & b".into(),
        };
        let written = plist(&job).unwrap();
        let read = plist::from_bytes::<plist::Dictionary>(written.as_bytes()).unwrap();
        let arguments = read["ProgramArguments"].as_array().unwrap().iter().filter_map(plist::Value::as_string);
        let program = "/Users/a & b/<bin>/muster-worker-agent";
        assert!(arguments.eq([program, "run", "--config", "/Users/a & b/worker.toml"]), "{read:?}");
        assert_eq!(read["EnvironmentVariables"].as_dictionary().unwrap()["PATH"].as_string(), Some("/usr/bin"));
        for (key, value) in [("KeepAlive", true.into()), ("RunAtLoad", true.into()), ("ExitTimeOut", 25.into())] {
            assert_eq!(read[key], value, "{key}");
        }
        for key in ["StandardOutPath", "StandardErrorPath"] {
            assert_eq!(read[key].as_string(), Some("/Users/a & b/Library/Logs/muster-worker.log"));
        }
        assert_eq!(file(&job.home), Path::new("/Users/a & b/Library/LaunchAgents/dev.muster.worker.plist"));
    }
}
