//! `doctor`: looks at everything that a worker needs, and says what to mend.

use std::{collections::HashMap, ffi::OsString, path::Path, time::Duration};

use clap::Parser as _;
use muster_bus::Bus;
use muster_contracts::{id::InstanceId, v1::RegisterRequest};
use secrecy::ExposeSecret as _;
use tokio::time::timeout;

use crate::{
    address::{self, ServerAddress},
    backend::openai::URL_VARIABLE,
    clock,
    config::{Cli, Command, Config, Run, environment},
    exit::{Code, Exit},
    fleet, life,
    protocol::{
        Link,
        register::{self, Standing, grouped},
    },
    say::say,
    service,
    state::{Found, Key, StateDir, look},
};

/// How far the clocks may be apart before something refuses: certificates and tokens have times in them.
const SKEW: i64 = 30;
/// How long the backend may take to start and tell its models.
const BACKEND: Duration = Duration::from_secs(90);
/// What to do about it.
const BROKER: &str = "check that NATS runs there, and that a firewall lets this machine reach it";
/// How long the server may take to say how the worker stands.
const SERVER: Duration = Duration::from_secs(10);

/// Looks at the worker that is named, or at all of a file.
///
/// # Errors
/// When something is to be mended.
pub fn examine(asked: Run) -> Result<(), Exit> {
    let environment = environment();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Exit::new(Code::Unavailable, format!("Nothing can be asked: {error}.")))?;
    let mut found = Findings::default();
    match fleet::meant(&asked, &environment) {
        None => runtime.block_on(worker(asked, &environment, &[], &mut found)),
        Some(file) => {
            let file = fleet::File::read(&file)?;
            let variables = file.variables().collect::<Vec<_>>();
            let unknown = file.unknown(&environment);
            for entry in file.workers {
                say(format_args!("{}:", entry.label()));
                let words = entry.arguments();
                match Cli::try_parse_from(
                    ["muster-worker-agent", "run"].into_iter().chain(words.iter().map(String::as_str)),
                ) {
                    Ok(Cli { command: Command::Run(mut run) }) => {
                        run.ca = run.ca.or_else(|| asked.ca.clone());
                        run.insecure |= asked.insecure;
                        run.token = Some(entry.token.expose_secret().to_owned().into());
                        let url = variables.iter().find(|(name, _)| name == URL_VARIABLE);
                        let url = url.and_then(|(_, url)| url.to_str()).map(str::to_owned);
                        run.settings.openai.openai_url = run.settings.openai.openai_url.or(url);
                        runtime.block_on(worker(*run, &environment, &variables, &mut found));
                    }
                    Ok(_) => {}
                    Err(wrong) => found.bad("settings", Exit::from(wrong)),
                }
            }
            if !unknown.is_empty() && service::state(&environment).is_some() {
                say(format_args!("\n{}", service::hint(&unknown)));
            }
        }
    }
    match found.bad {
        0 => {
            say("Nothing is wrong.");
            Ok(())
        }
        1 => Err(Exit::new(Code::Unavailable, "One thing is to be mended.")),
        bad => Err(Exit::new(Code::Unavailable, format!("{bad} things are to be mended."))),
    }
}

#[derive(Debug, Default)]
struct Findings {
    bad: usize,
}

impl Findings {
    fn good(&self, what: &str, how: impl std::fmt::Display) {
        say(format_args!("  ok    {what}: {how}"));
    }

    fn bad(&mut self, what: &str, how: impl std::fmt::Display) {
        self.bad += 1;
        say(format_args!("  MEND  {what}: {how}"));
    }
}

/// `variables`: what the worker's file adds to the environment.
async fn worker(
    run: Run,
    environment: &HashMap<String, String>,
    variables: &[(OsString, OsString)],
    found: &mut Findings,
) {
    let config = match Config::from_run(run, environment) {
        Ok(config) => config,
        Err(exit) => return found.bad("settings", exit),
    };
    found.good("settings", format_args!("worker {} in {}", config.token.worker, config.root.display()));
    let running = key(&config.state_dir, found);
    let brokers = server(&config, found).await;
    backend(&config, variables, found).await;
    if let Some(brokers) = brokers {
        standing(&config, brokers, running, found).await;
    }
}

/// The key and the process that has it; whether one runs.
fn key(state: &Path, found: &mut Findings) -> bool {
    match StateDir::present_key(state) {
        Ok(Some(key)) => found.good("key", grouped(key.fingerprint.as_str())),
        Ok(None) => found.good("key", "made at the first start"),
        Err(exit) => found.bad("key", exit),
    }
    match look(state) {
        Found::Running { process, report: Some(report) } if report.online => {
            found.good("process", format_args!("{process}, {}", report.state));
            true
        }
        Found::Running { process, report } => {
            let state = report.map_or_else(|| "starting".to_owned(), |report| report.state);
            found.bad("process", format_args!("{process} runs, and is not online: {state}; what it says tells why"));
            true
        }
        Found::Never | Found::Stopped => false,
    }
}

async fn server(config: &Config, found: &mut Findings) -> Option<Vec<String>> {
    if !matches!(config.server, ServerAddress::Page(_)) {
        say("  --    clock: not looked at, because only the page's address tells a time");
    }
    if let ServerAddress::Page(page) = &config.server {
        match address::ask(page, config.ca_file.as_deref()).await {
            Ok(server) => {
                found.good("server", format_args!("{} {} at {page}", server.name, server.version));
                if let Some(time) = server.time {
                    match clock::system() / 1000 - time {
                        apart if apart.abs() > SKEW => {
                            found.bad(
                                "clock",
                                format_args!("{apart} s from the server's: set this machine's clock by NTP"),
                            );
                        }
                        _ => found.good("clock", "as the server's"),
                    }
                }
            }
            Err(exit) => {
                found.bad("server", exit);
                return None;
            }
        }
    }
    match config.server.brokers(config.insecure, config.ca_file.as_deref()).await {
        Ok(brokers) => Some(brokers),
        Err(exit) => {
            found.bad("broker", exit);
            None
        }
    }
}

/// Starts it in a directory of its own, so that one that runs is not disturbed.
async fn backend(config: &Config, variables: &[(OsString, OsString)], found: &mut Findings) {
    let what = format!("backend {}", config.backend.label(&config.settings));
    let scratch = config.state_dir.join("doctor");
    let trying = async {
        let environment = std::env::vars_os().chain(variables.iter().cloned()).collect();
        let backend = life::start_backend(config, &scratch, environment).await?;
        let models = backend.models().await;
        let version = backend.version();
        backend.shutdown().await;
        let models = models.map_err(|error| Exit::new(Code::Unavailable, error.to_string()))?;
        Ok::<_, Exit>((version, models.len()))
    };
    match timeout(BACKEND, trying).await {
        Ok(Ok((version, 0))) => {
            found.bad(&what, format_args!("{version} offers no model: sign in to a provider with it"))
        }
        Ok(Ok((version, models))) => {
            found.good(&what, format_args!("{version}, {models} models").to_string().trim_start_matches(", "))
        }
        Ok(Err(exit)) => found.bad(&what, exit),
        Err(_) => found.bad(&what, format_args!("does not start within {} s", BACKEND.as_secs())),
    }
    // Nothing of it is needed again.
    let _ = std::fs::remove_dir_all(&scratch);
}

/// Asks the server with the worker's key, once, and goes. While that key is in use, or there is none that could be,
/// it looks only whether the broker lets anybody in.
async fn standing(config: &Config, brokers: Vec<String>, running: bool, found: &mut Findings) {
    // One that is wrong has been told of.
    let own = StateDir::present_key(&config.state_dir).ok().flatten().filter(|_| !running);
    let is_own = own.is_some();
    let Some(key) = own.or_else(Key::passing) else { return };
    let shown = brokers.join(", ");
    let connect = config.connect(brokers, &key, InstanceId::random().as_str());
    let bus = match timeout(SERVER, Bus::connect_worker(connect)).await {
        Ok(Ok(bus)) => bus,
        Ok(Err(error)) => return found.bad("broker", format_args!("{error}: {BROKER}")),
        Err(_) => {
            let waited = SERVER.as_secs();
            return found.bad("broker", format_args!("{shown} does not answer in {waited} s: {BROKER}"));
        }
    };
    found.good("broker", shown);
    if !is_own {
        return bus.close().await;
    }
    let link = Link::new(bus, config.token.clone(), &key);
    let said = register::ask(&link, &RegisterRequest { takeover: false, ..life::introduction(config) }).await;
    link.bus.close().await;
    match said {
        Standing::Approved { .. } | Standing::Reconnect => found.good("approval", "given"),
        Standing::Pending => found.bad("approval", "not given yet: approve the key above on the page"),
        Standing::Mismatch => found.bad("approval", "given to another key: approve this one on the page"),
        Standing::Suspended { why } | Standing::Later { why } => found.bad("approval", why.trim_end_matches('.')),
        Standing::Leased(exit) | Standing::Hopeless(exit) => found.bad("approval", exit),
        Standing::Unknown(reason) => {
            found.bad("registry", format_args!("does not answer ({reason}): see on the server whether it runs"));
        }
    }
}
