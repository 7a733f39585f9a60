//! The workers as a service of the user: started with the machine, started again when they end.

mod launchd;
mod systemd;

use std::{
    collections::{BTreeMap, HashMap},
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use clap::Args;
use secrecy::SecretString;

use crate::{
    config::environment,
    exit::{Code, Exit},
    fleet,
    say::say,
};

/// How to install the service.
#[derive(Debug, Args)]
pub struct Install {
    /// The file that tells of the workers [default: muster-worker.toml here, else ~/.config/muster/worker.toml]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print what would be written, and change nothing
    #[arg(long)]
    pub print: bool,
    /// Keep this variable of the shell in the file: a service has none of them
    #[arg(long, value_name = "NAME")]
    pub env: Vec<String>,
    /// Keep the service running when the user is not signed in (systemd: enables lingering)
    #[arg(long)]
    pub linger: bool,
}

/// Variables that say where things are.
const WHERE: &[&str] = &["PATH", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"];

/// What the service runs.
#[derive(Debug)]
struct Job {
    program: PathBuf,
    config: PathBuf,
    /// Of this shell; a service has next to none of its own. Agents and files are looked for where it finds them.
    environment: Vec<(&'static str, OsString)>,
    home: PathBuf,
}

/// Who starts services on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manager {
    Systemd,
    Launchd,
}

impl Manager {
    const fn here() -> Self {
        if cfg!(target_os = "macos") { Self::Launchd } else { Self::Systemd }
    }

    fn file(self, environment: &HashMap<String, String>, home: &Path) -> PathBuf {
        match self {
            Self::Systemd => systemd::file(environment, home),
            Self::Launchd => launchd::file(home),
        }
    }
}

/// Installs the service and starts it.
///
/// # Errors
/// When there are no workers to run, or the manager of services refuses.
pub fn install(asked: Install) -> Result<(), Exit> {
    let environment = environment();
    let home = home(&environment)?;
    let config = asked.config.map_or_else(|| fleet::file_here(&environment), Ok)?;
    // Told now rather than in a log that nobody reads.
    let unknown = fleet::File::read(&config)?.unknown(&environment);
    let kept = asked.env.into_iter().map(|name| match environment.get(&name) {
        Some(value) => Ok((name, SecretString::from(value.as_str()))),
        None => Err(Exit::new(Code::Usage, format!("This shell has no variable {name}: export it, then try again."))),
    });
    let kept = kept.collect::<Result<BTreeMap<_, _>, _>>()?;
    let config =
        config.canonicalize().map_err(|error| Exit::new(Code::NoInput, format!("{}: {error}.", config.display())))?;
    let program = std::env::current_exe()
        .map_err(|error| Exit::new(Code::Unavailable, format!("The worker cannot find its own program: {error}.")))?;
    let kept_too = WHERE.iter().filter_map(|&name| Some((name, std::env::var_os(name)?)));
    let job = Job { program, config, environment: kept_too.collect(), home };
    let manager = Manager::here();
    let text = match manager {
        Manager::Systemd => systemd::unit(&job)?,
        Manager::Launchd => launchd::plist(&job)?,
    };
    if asked.print {
        print!("{text}");
        return Ok(());
    }
    if !kept.is_empty() {
        fleet::File::keep(&job.config, &kept)?;
        let names = kept.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        say(format_args!("Kept in {}, which only you can read: {names}.", job.config.display()));
    }
    let file = manager.file(&environment, &job.home);
    write(&file, &text)
        .map_err(|error| Exit::new(Code::CantCreate, format!("{} cannot be written: {error}.", file.display())))?;
    say(format_args!("Wrote {}.", file.display()));
    match manager {
        Manager::Systemd => systemd::start(asked.linger),
        Manager::Launchd => launchd::start(&file),
    }?;
    let unknown = unknown.into_iter().filter(|name| !kept.contains_key(*name)).collect::<Vec<_>>();
    if !unknown.is_empty() {
        say(hint(&unknown));
    }
    Ok(())
}

/// That a service knows nothing of these variables, and what to do.
pub(crate) fn hint(unknown: &[&str]) -> String {
    let options = unknown.iter().map(|name| format!(" --env {name}")).collect::<String>();
    format!(
        "The service does not know what this shell has in {}. Whatever its agents need of it is kept for them by: \
         muster-worker-agent install-service{options}",
        unknown.join(", ")
    )
}

/// Stops the service and removes it; the workers, their keys and their approval stay.
///
/// # Errors
/// When it cannot be stopped, or its file not be removed.
pub fn uninstall() -> Result<(), Exit> {
    let environment = environment();
    let manager = Manager::here();
    let file = manager.file(&environment, &home(&environment)?);
    if !file.exists() {
        say("There is no service to remove.");
        return Ok(());
    }
    let stopped = match manager {
        Manager::Systemd => systemd::stop(),
        Manager::Launchd => launchd::stop(),
    };
    stopped.map_err(|reason| {
        let file = file.display();
        let message = format!("The service stays as it is: {reason}; where it certainly does not run, delete {file}.");
        Exit::new(Code::Unavailable, message)
    })?;
    fs::remove_file(&file)
        .map_err(|error| Exit::new(Code::CantCreate, format!("{} cannot be removed: {error}.", file.display())))?;
    if manager == Manager::Systemd {
        systemd::forget();
    }
    say("The service is removed. Keys and settings stay: muster-worker-agent run starts the workers again.");
    Ok(())
}

/// What the manager of services says of it, in a word or two; nothing where there is no service.
#[must_use]
pub fn state(environment: &HashMap<String, String>) -> Option<String> {
    let manager = Manager::here();
    manager.file(environment, &home(environment).ok()?).exists().then(|| match manager {
        Manager::Systemd => systemd::state(),
        Manager::Launchd => launchd::state(),
    })
}

fn home(environment: &HashMap<String, String>) -> Result<PathBuf, Exit> {
    let home = environment.get("HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    home.ok_or_else(|| Exit::new(Code::Config, "There is no home directory to install a service in: set HOME."))
}

fn write(file: &Path, text: &str) -> io::Result<()> {
    if let Some(directory) = file.parent() {
        fs::create_dir_all(directory)?;
    }
    fs::write(file, text)
}

/// Runs a tool of the manager's; its complaint when it fails.
fn tool(name: &str, arguments: &[&str]) -> Result<Output, String> {
    let words = || format!("{name} {}", arguments.join(" "));
    let output = Command::new(name).args(arguments).output().map_err(|error| format!("{}: {error}", words()))?;
    if output.status.success() {
        return Ok(output);
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    let complaint = complaint.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ");
    Err(format!("{}: {complaint}", words()))
}

/// A path as text; the files of both managers are UTF-8.
fn utf8<'a>(text: &'a std::ffi::OsStr, what: &str) -> Result<&'a str, Exit> {
    let text = text.to_str().filter(|text| !text.contains(['\n', '\r', '\0']));
    text.ok_or_else(|| Exit::new(Code::Config, format!("{what} has characters that a service's file cannot hold.")))
}
