//! The command line, the environment and `.env`, made into one checked value.

use std::{
    collections::HashMap,
    env,
    ffi::OsString,
    fmt,
    path::{Path, PathBuf},
};

use clap::{Args, Parser, Subcommand};
use muster_bus::WorkerConnect;
use muster_contracts::{id::WorkerId, token::WorkerToken};
use secrecy::{ExposeSecret as _, SecretString};

use crate::{
    address::{self, ServerAddress},
    backend::{Choice, Settings, acp::Preset, openai::URL_VARIABLE},
    exit::{Code, Exit},
    service, setup,
    state::Key,
    status,
};

/// Where the token is taken from when it is not on the command line.
pub(crate) const TOKEN_VARIABLE: &str = "MUSTER_WORKER_TOKEN";
/// Where the server is taken from when it is not on the command line.
const SERVER_VARIABLE: &str = "MUSTER_SERVER";

/// Puts the AI coding agent of this machine behind Muster.
#[derive(Debug, Parser)]
#[command(name = "muster-worker-agent", version, about, disable_help_subcommand = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a worker, or all workers of a file, until stopped (Ctrl-C or SIGTERM)
    #[command(after_help = EXAMPLES)]
    Run(Box<Run>),
    /// Make a new key for a worker; it takes the place of the present one once it is approved
    #[command(after_help = ROTATE)]
    RotateKey(RotateKey),
    /// Ask what is needed, and write down a worker for run and install-service
    #[command(after_help = SETUP)]
    Setup(Box<setup::Setup>),
    /// Show the workers of this machine, and whether they are online
    Status(status::Status),
    /// Look for what may be wrong: settings, key, server, clock, agent
    #[command(after_help = DOCTOR)]
    Doctor(Box<Run>),
    /// Run the workers of a file from now on, also after the machine was started again
    #[command(after_help = INSTALL_SERVICE)]
    InstallService(service::Install),
    /// Stop that and undo it; keys and settings stay
    UninstallService,
    /// Tells its options as JSON
    #[command(hide = true)]
    Describe,
    /// Runs a program and ends it when standard input closes
    #[command(hide = true)]
    Guard(Guard),
}

const EXAMPLES: &str = "\
Examples:
  muster-worker-agent run --token machine_…:worker_… --server https://muster.example
  MUSTER_WORKER_TOKEN=machine_…:worker_… muster-worker-agent run --server http://127.0.0.1:8080 --backend demo
  muster-worker-agent run                            all workers of ./muster-worker.toml, or of those from setup
  muster-worker-agent run --config workers.toml

The page shows the token and this command under Add worker. Token and server may also stand in a
file .env in the worker's directory, as MUSTER_WORKER_TOKEN and MUSTER_SERVER. A file of several workers is

  server = \"https://muster.example\"
  [[worker]]
  token = \"machine_…:worker_…\"
  dir = \"/home/ada/api\"
  backend = \"opencode\"          # and name, server, state-dir; options = [\"--log\", \"info\"]

Each of them runs and fails by itself.";

const ROTATE: &str = "\
Example:
  muster-worker-agent rotate-key --token machine_…:worker_…

The worker may be running meanwhile: it asks with the new key beside its work, and goes over to it when the owner
approves it on the page. From then on the old key opens nothing.";

const SETUP: &str = "\
Examples:
  muster-worker-agent setup                           asks
  muster-worker-agent setup --server https://muster.example --token machine_…:worker_… --dir ~/api --yes --service

Nothing is asked for that was given; --yes takes what is found for the rest. Called again it adds another worker, or
changes the one with the same token.";

const DOCTOR: &str = "\
Examples:
  muster-worker-agent doctor                          the workers of ./muster-worker.toml, or of those from setup
  muster-worker-agent doctor --token machine_…:worker_… --server https://muster.example

It takes the options of run. A worker that runs is left alone; for one that does not, the server is asked with its
key whether it would be let in.";

const INSTALL_SERVICE: &str = "\
Examples:
  muster-worker-agent install-service                 the workers that setup has written down
  muster-worker-agent install-service --linger        also while you are not signed in
  muster-worker-agent install-service --print         only show it

A service of your own, without administrator's rights: on Linux a unit of systemd's user manager, on macOS a launch
agent. Agents are found on the PATH of the shell that this is called in. Called again it is renewed.";

/// Whose key is to be replaced.
#[derive(Debug, Args)]
pub struct RotateKey {
    /// The worker's token, as for run [env: MUSTER_WORKER_TOKEN]
    #[arg(long)]
    pub token: Option<SecretString>,
    /// The worker's directory, in which a file .env may have the token
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub dir: PathBuf,
    /// Where the worker keeps its key [default: ~/.local/state/muster/<worker>]
    #[arg(long, value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
}

impl RotateKey {
    /// Where the worker keeps its key.
    ///
    /// # Errors
    /// When it is not given and there is no token to tell it.
    pub fn state_dir(self, environment: &HashMap<String, String>) -> Result<PathBuf, Exit> {
        let Self { token, dir, state_dir } = self;
        let tell = || {
            let file = dotenv(&root(&dir)?)?;
            default_state_dir(environment, &worker_token(token, environment, &file)?.worker)
        };
        state_dir.map_or_else(tell, Ok)
    }
}

/// What a worker needs to run.
#[derive(Debug, Args)]
pub struct Run {
    /// The worker's token, from Add worker on the page [env: MUSTER_WORKER_TOKEN]
    #[arg(long)]
    pub token: Option<SecretString>,
    /// The page's address, or that of its NATS server: https://, http://, tls://, nats://, wss:// or ws:// [env: MUSTER_SERVER]
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
    /// What answers; without it the one whose settings are given, else opencode when it is on the PATH
    #[arg(long, value_enum)]
    pub backend: Option<Choice>,
    /// The directory that the agent works in; it never works outside
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub dir: PathBuf,
    /// Where the worker keeps its key [default: ~/.local/state/muster/<worker>]
    #[arg(long, value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
    /// Run the workers of this file [default without a token: muster-worker.toml in DIR, else ~/.config/muster/worker.toml]
    #[arg(long, value_name = "FILE", conflicts_with_all = ["token", "server", "backend", "state_dir", "takeover", "tied", "agent", "agent_command", "agent_words", "agent_env", "agent_silence", "openai_key_file", "openai_system", "openai_model", "openai_context", "openai_timeout"])]
    pub config: Option<PathBuf>,
    /// Stop the process that runs this worker now, wherever it is, and take its place
    #[arg(long)]
    pub takeover: bool,
    /// Allow addresses without encryption to other machines
    #[arg(long, env = "MUSTER_INSECURE")]
    pub insecure: bool,
    /// Certificates (PEM) to trust beside the system's, for the page and for NATS
    #[arg(long, env = "MUSTER_CA_FILE", value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// Mebibytes that may wait in the state directory while the server is away; when they are full, the agent waits
    #[arg(long, env = "MUSTER_BUFFER_MIB", value_name = "MIB", default_value_t = 64)]
    pub buffer_mib: u64,
    /// What to log to standard error: error, warn, info, debug, or a filter of tracing-subscriber
    #[arg(long, env = "MUSTER_LOG", default_value = "warn", value_name = "LEVEL")]
    pub log: String,
    /// Base address of an OpenTelemetry collector that takes OTLP over HTTP; none: no traces leave
    #[arg(long, env = "MUSTER_OTLP_ENDPOINT", value_name = "URL")]
    pub otlp_endpoint: Option<String>,
    /// What only some backends are told
    #[command(flatten)]
    pub settings: Settings,
    /// End when standard input closes
    #[arg(long, hide = true)]
    pub tied: bool,
}

impl Run {
    /// Whether one worker is meant: by what was given, or by a token in the environment or the directory's `.env`.
    #[must_use]
    pub fn is_of_one(&self, environment: &HashMap<String, String>) -> bool {
        let given = self.token.is_some() || self.server.is_some() || self.backend.is_some() || self.state_dir.is_some();
        let file = || dotenv(&self.dir).unwrap_or_default().contains_key(TOKEN_VARIABLE);
        given
            || self.settings.is_given(environment)
            || self.takeover
            || environment.contains_key(TOKEN_VARIABLE)
            || file()
    }

    /// What is given for all workers of a file, as the variables that tell it to each.
    #[must_use]
    pub fn for_all(&self) -> Vec<(OsString, OsString)> {
        let mut all: Vec<(OsString, OsString)> = vec![
            ("MUSTER_INSECURE".into(), self.insecure.to_string().into()),
            ("MUSTER_BUFFER_MIB".into(), self.buffer_mib.to_string().into()),
            ("MUSTER_LOG".into(), self.log.clone().into()),
        ];
        all.extend(self.ca.as_ref().map(|ca| ("MUSTER_CA_FILE".into(), ca.clone().into())));
        all.extend(self.otlp_endpoint.as_ref().map(|url| ("MUSTER_OTLP_ENDPOINT".into(), url.into())));
        all.extend(self.settings.openai.openai_url.as_ref().map(|url| (URL_VARIABLE.into(), url.into())));
        all
    }
}

/// A program to be guarded.
#[derive(Debug, Args)]
pub struct Guard {
    /// The program gets what comes over standard input
    #[arg(long)]
    pub talk: bool,
    /// The program and its arguments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    pub program: Vec<OsString>,
}

/// A worker, ready to run.
#[derive(Clone)]
pub struct Config {
    /// Names the worker.
    pub token: WorkerToken,
    /// Where the server is.
    pub server: ServerAddress,
    /// What answers.
    pub backend: Choice,
    /// What it is told.
    pub settings: Settings,
    /// The worker's directory, absolute.
    pub root: PathBuf,
    /// The worker's own files.
    pub state_dir: PathBuf,
    /// Take the lease from whoever has it.
    pub takeover: bool,
    /// Addresses without encryption are allowed everywhere.
    pub insecure: bool,
    /// Certificates to trust beside the system's.
    pub ca_file: Option<PathBuf>,
    /// It ends when standard input closes.
    pub tied: bool,
    /// Bytes that may wait in the state directory while the server is away.
    pub buffer_bytes: u64,
}

impl fmt::Debug for Config {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Config").field("worker", &self.token.worker).field("root", &self.root).finish_non_exhaustive()
    }
}

impl Config {
    /// How the worker connects to these brokers with this key, as this process.
    #[must_use]
    pub fn connect(&self, servers: Vec<String>, key: &Key, instance: &str) -> WorkerConnect {
        WorkerConnect {
            servers,
            token: SecretString::from(self.token.to_string()),
            seed: key.seed.clone(),
            instance: instance.to_owned(),
            ca_file: self.ca_file.clone(),
        }
    }

    /// Checks what was given, and fills in what was not.
    ///
    /// # Errors
    /// When something is missing or wrong; the message says how to mend it.
    pub fn from_run(run: Run, environment: &HashMap<String, String>) -> Result<Self, Exit> {
        let Run {
            token,
            server,
            backend,
            dir,
            state_dir,
            config: _,
            takeover,
            insecure,
            ca,
            buffer_mib,
            log: _,
            otlp_endpoint: _,
            tied,
            settings,
        } = run;
        let root = root(&dir)?;
        let file = dotenv(&root)?;
        let token = worker_token(token, environment, &file)?;
        let server = setting(server, SERVER_VARIABLE, environment, &file).ok_or_else(|| {
            Exit::new(
                Code::Usage,
                format!("No server: give --server with the page's address, or set {SERVER_VARIABLE}."),
            )
        })?;
        let server = ServerAddress::parse(server.trim(), insecure)?;
        if let Some(ca) = &ca {
            address::certificates(ca)?;
        }
        let backend = match backend {
            Some(backend) => backend,
            None if settings.acp.is_given() => Choice::Acp,
            None if settings.openai.openai_url.is_some() || settings.openai.is_given(environment) => Choice::Openai,
            None => installed()?,
        };
        let state_dir = state_dir.map_or_else(|| default_state_dir(environment, &token.worker), Ok)?;
        let buffer_bytes = buffer_mib.saturating_mul(1024 * 1024);
        Ok(Self {
            token,
            server,
            backend,
            settings,
            root,
            state_dir,
            takeover,
            insecure,
            ca_file: ca,
            tied,
            buffer_bytes,
        })
    }
}

/// From the command line, the environment or the file, in this order.
fn setting(
    given: Option<String>,
    variable: &str,
    environment: &HashMap<String, String>,
    file: &HashMap<String, String>,
) -> Option<String> {
    given
        .or_else(|| environment.get(variable).cloned())
        .or_else(|| file.get(variable).cloned())
        .filter(|value| !value.is_empty())
}

fn worker_token(
    given: Option<SecretString>,
    environment: &HashMap<String, String>,
    file: &HashMap<String, String>,
) -> Result<WorkerToken, Exit> {
    let given = given.map(|token| token.expose_secret().to_owned());
    let token = setting(given, TOKEN_VARIABLE, environment, file).ok_or_else(|| {
        Exit::new(
            Code::Usage,
            format!(
                "No token: give --token, or set {TOKEN_VARIABLE}; the page shows it under Add worker. \
                 For workers that stay, see muster-worker-agent setup."
            ),
        )
    })?;
    let parsed = token.trim().parse::<WorkerToken>();
    parsed.map_err(|error| Exit::new(Code::Usage, format!("The token cannot be read: {error}.")))
}

fn root(dir: &Path) -> Result<PathBuf, Exit> {
    let missing = |why: &dyn fmt::Display| {
        Exit::new(
            Code::NoInput,
            format!("The directory {} cannot be used: {why}. Name another with --dir.", dir.display()),
        )
    };
    let root = dir.canonicalize().map_err(|error| missing(&error))?;
    if root.is_dir() { Ok(root) } else { Err(missing(&"it is not a directory")) }
}

/// Reads `.env` without touching the environment of this process or of its children.
fn dotenv(root: &Path) -> Result<HashMap<String, String>, Exit> {
    let file = root.join(".env");
    let wanted = |name: &String| name == TOKEN_VARIABLE || name == SERVER_VARIABLE;
    let Ok(lines) = dotenvy::from_path_iter(&file) else { return Ok(HashMap::new()) };
    let mut found = HashMap::new();
    for line in lines {
        // A project's own .env may have lines that only its own reader understands.
        if let Ok((name, value)) = line
            && wanted(&name)
        {
            found.insert(name, value);
        }
    }
    Ok(found)
}

fn installed() -> Result<Choice, Exit> {
    if Choice::Opencode.is_installed() {
        return Ok(Choice::Opencode);
    }
    let others = Preset::installed().into_iter().map(|agent| format!("--agent {}", agent.name())).collect::<Vec<_>>();
    let message = if others.is_empty() {
        "No agent is found: install opencode (npm install -g opencode-ai), or try --backend demo, which needs nothing."
            .to_owned()
    } else {
        format!("opencode is not on the PATH; give {} for what is.", others.join(" or "))
    };
    Err(Exit::new(Code::Unavailable, message))
}

pub(crate) fn default_state_dir(environment: &HashMap<String, String>, worker: &WorkerId) -> Result<PathBuf, Exit> {
    let absolute = |name: &str| environment.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute("XDG_STATE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/state")));
    base.map(|base| base.join("muster").join(worker.as_str())).ok_or_else(|| {
        Exit::new(Code::Config, "There is no home directory to keep the worker's key in: give --state-dir.")
    })
}

/// The environment as a map; what is not UTF-8 is none of ours.
#[must_use]
pub fn environment() -> HashMap<String, String> {
    env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(arguments: &[&str]) -> Run {
        let arguments = ["muster-worker-agent", "run"].iter().chain(arguments);
        match Cli::try_parse_from(arguments).unwrap().command {
            Command::Run(run) => *run,
            other => panic!("not a run: {other:?}"),
        }
    }

    fn token() -> String {
        format!("machine_{}:worker_{}", "m".repeat(21), "w".repeat(21))
    }

    #[test]
    fn the_command_line_wins_over_the_environment_and_that_over_the_file() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(
            dir.path().join(".env"),
            format!("OTHER=$(not ours\nMUSTER_WORKER_TOKEN={}\nMUSTER_SERVER=http://127.0.0.1:3\n", token()),
        )
        .unwrap();
        let path = dir.path().to_str().unwrap();
        let mut environment = HashMap::from([("HOME".to_owned(), "/home/me".to_owned())]);
        let base = ["--backend", "demo", "--dir", path];
        let config = Config::from_run(run(&base), &environment).unwrap();
        assert_eq!(config.server, ServerAddress::parse("http://127.0.0.1:3", false).unwrap());
        assert_eq!(config.state_dir, PathBuf::from("/home/me/.local/state/muster").join("w".repeat(21)));
        environment.insert(SERVER_VARIABLE.to_owned(), "http://127.0.0.1:2".to_owned());
        let config = Config::from_run(run(&base), &environment).unwrap();
        assert_eq!(config.server, ServerAddress::parse("http://127.0.0.1:2", false).unwrap());
        let given = [&base[..], &["--server", "http://127.0.0.1:1"]].concat();
        let config = Config::from_run(run(&given), &environment).unwrap();
        assert_eq!(config.server, ServerAddress::parse("http://127.0.0.1:1", false).unwrap());
    }

    #[test]
    fn what_is_wrong_is_told_with_its_code() {
        let token = token();
        for (arguments, code, words) in [
            (vec!["--server", "http://127.0.0.1:1"], Code::Usage, "No token"),
            (vec!["--token", "machine_x", "--server", "http://127.0.0.1:1"], Code::Usage, "machine_<id>"),
            (vec!["--token", &token], Code::Usage, "No server"),
            (vec!["--token", &token, "--server", "nats://broker.example"], Code::Usage, "--insecure"),
            (vec!["--token", &token, "--server", "http://127.0.0.1", "--dir", "/nowhere"], Code::NoInput, "--dir"),
        ] {
            let given = [&["--backend", "demo"][..], &arguments].concat();
            let exit = Config::from_run(run(&given), &HashMap::new()).unwrap_err();
            assert_eq!(exit.code, code, "{exit}");
            assert!(exit.message.contains(words), "{exit}");
        }
    }
}
