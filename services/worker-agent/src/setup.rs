//! `setup`: asks for what a worker needs, and writes it down.

use std::{
    collections::HashMap,
    io::{self, IsTerminal as _},
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum as _};
use dialoguer::{Confirm, Input, Select};
use muster_contracts::token::WorkerToken;
use secrecy::{ExposeSecret as _, SecretString};

use crate::{
    address::{self, ServerAddress},
    backend::{Choice, acp::Preset, openai},
    config::environment,
    exit::{Code, Exit},
    fleet::{self, Entry},
    say::say,
    service,
};

/// How the backend `openai` is told its endpoint.
const ENDPOINT: &str = "--openai-url";
/// What listens on many machines.
const OLLAMA: &str = "http://127.0.0.1:11434/v1";

/// What is given need not be asked for.
#[derive(Debug, Args)]
pub struct Setup {
    /// The page's address
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
    /// The worker's token, from Add worker on the page
    #[arg(long)]
    pub token: Option<SecretString>,
    /// The directory that the agent works in
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// What answers
    #[arg(long, value_enum)]
    pub backend: Option<Choice>,
    /// What the worker is called on this machine [default: the directory's name]
    #[arg(long)]
    pub name: Option<String>,
    /// The file to write it to [default: ~/.config/muster/worker.toml]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Allow addresses without encryption to other machines
    #[arg(long)]
    pub insecure: bool,
    /// Certificates (PEM) to trust beside the system's
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// Ask nothing: take what is found
    #[arg(long)]
    pub yes: bool,
    /// Also install the service that runs the workers
    #[arg(long)]
    pub service: bool,
    /// Keep this variable of the shell in the file: a service has none of them
    #[arg(long, value_name = "NAME", requires = "service")]
    pub env: Vec<String>,
    /// Further options of run for this worker
    #[arg(last = true, value_name = "OPTION")]
    pub options: Vec<String>,
}

/// Asks, writes, and says what comes next.
///
/// # Errors
/// When something is missing and nobody can be asked, or cannot be used.
pub fn begin(asked: Setup) -> Result<(), Exit> {
    let environment = environment();
    let Setup { server, token, dir, backend, name, config, insecure, ca, yes, service, env, options } = asked;
    let config = config.map_or_else(|| fleet::default_file(&environment), Ok)?;
    let person = Person { there: !yes && io::stdin().is_terminal() && io::stderr().is_terminal() };

    let parse = |text: &String| ServerAddress::parse(text.trim(), insecure);
    let server = person.text("Address of the page", "--server", server, None, |text| parse(text).map(drop))?;
    greet(&parse(&server)?, ca.as_deref())?;
    let token = token.map(|token| token.expose_secret().to_owned());
    let token = person.text("Token of the worker, from Add worker on the page", "--token", token, None, |text| {
        let parsed = text.trim().parse::<WorkerToken>();
        parsed.map(drop).map_err(|error| Exit::new(Code::Usage, format!("The token cannot be read: {error}.")))
    })?;
    let here = std::env::current_dir().ok().map(|here| here.display().to_string());
    let dir = dir.map(|dir| dir.display().to_string());
    let dir = person.text("Directory that the agent works in", "--dir", dir, here, |text| directory(text).map(drop))?;
    let answers = person.answers(backend, &options)?;
    let endpoint = person.endpoint(answers.choice, &options, &environment)?;

    let mut further = Vec::new();
    if insecure {
        further.push("--insecure".to_owned());
    }
    if let Some(ca) = &ca {
        further.extend(["--ca".to_owned(), absolute(ca)?.display().to_string()]);
    }
    further.extend(answers.options());
    further.extend(endpoint);
    // They may end with an agent's own words.
    further.extend(options);
    let worker = Entry {
        name,
        token: SecretString::from(token.trim()),
        dir: directory(&dir)?,
        server: Some(server.trim().to_owned()),
        backend: Some(answers.choice.name().to_owned()),
        state_dir: None,
        options: further,
    };
    fleet::File::add(&config, &worker)?;
    say(format_args!("Wrote the worker {} to {}.", worker.label(), config.display()));

    if service || person.agrees("Run it as a service, also after this machine was started again?")? {
        let unknown = fleet::File::read(&config)?.unknown(&environment);
        let env = match env.is_empty() && !unknown.is_empty() {
            true if person.agrees(&format!("Keep {} of this shell for it?", unknown.join(", ")))? => {
                unknown.into_iter().map(str::to_owned).collect()
            }
            _ => env,
        };
        return service::install(service::Install { config: Some(config), print: false, env, linger: false });
    }
    say("To run it: muster-worker-agent run. To have it run for good: muster-worker-agent install-service.");
    Ok(())
}

/// Says whose page it is, so that a wrong address is noticed before anything is written.
fn greet(server: &ServerAddress, ca: Option<&Path>) -> Result<(), Exit> {
    let ServerAddress::Page(page) = server else { return Ok(()) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Exit::new(Code::Unavailable, format!("Nothing can be asked: {error}.")))?;
    let found = runtime.block_on(address::ask(page, ca))?;
    say(format_args!("{} {} answers at {page}.", found.name, found.version));
    Ok(())
}

/// Absolute, so that it means the same wherever the worker is started.
fn directory(text: &str) -> Result<PathBuf, Exit> {
    let home = std::env::home_dir().filter(|_| text == "~" || text.starts_with("~/"));
    let path = match home {
        Some(home) => home.join(text.trim_start_matches('~').trim_start_matches('/')),
        None => PathBuf::from(text),
    };
    let path = absolute(&path)?;
    if path.is_dir() {
        return Ok(path);
    }
    Err(Exit::new(Code::NoInput, format!("{} is not a directory.", path.display())))
}

fn absolute(path: &Path) -> Result<PathBuf, Exit> {
    path.canonicalize()
        .map_err(|error| Exit::new(Code::NoInput, format!("{} cannot be used: {error}.", path.display())))
}

/// Whoever sits at the terminal, if anybody may be asked there.
struct Person {
    there: bool,
}

impl Person {
    /// What was given, what they say, or what is taken otherwise.
    fn text(
        &self,
        what: &str,
        option: &str,
        given: Option<String>,
        otherwise: Option<String>,
        check: impl Fn(&String) -> Result<(), Exit>,
    ) -> Result<String, Exit> {
        if let Some(given) = given {
            check(&given)?;
            return Ok(given);
        }
        if !self.there {
            return otherwise.ok_or_else(|| {
                Exit::new(Code::Usage, format!("{what} is missing: give {option}, or call setup at a terminal."))
            });
        }
        let mut input = Input::new().with_prompt(what).validate_with(|text: &String| check(text));
        if let Some(otherwise) = otherwise {
            input = input.default(otherwise);
        }
        input.interact_text().map_err(gone)
    }

    /// What was given, else one of those that are here.
    fn answers(&self, given: Option<Choice>, options: &[String]) -> Result<Answers, Exit> {
        // Which agent, the further options may say themselves.
        let is_named = options.iter().any(|option| option == "--" || option.starts_with("--agent"));
        let here = match given {
            Some(Choice::Acp) if !is_named => agents(),
            Some(choice) => return Ok(Answers { choice, agent: None }),
            None => here(self.there),
        };
        let Some(&first) = here.first() else {
            let missing = "No agent is found on the PATH: install one (npm install -g opencode-ai), name its command behind -- --agent-command, or give --backend demo, which needs nothing.";
            return Err(Exit::new(Code::Usage, missing));
        };
        if !self.there || here.len() < 2 {
            say(format_args!("Backend: {}.", first.label()));
            return Ok(first);
        }
        let names = here.iter().map(|answers| answers.label()).collect::<Vec<_>>();
        let chosen = Select::new().with_prompt("What answers").items(&names).default(0).interact().map_err(gone)?;
        Ok(here.get(chosen).copied().unwrap_or(first))
    }

    /// The option that tells the backend `openai` its endpoint, unless that is one of those given. What the shell has
    /// is written down: a service has it not.
    fn endpoint(
        &self,
        choice: Choice,
        options: &[String],
        environment: &HashMap<String, String>,
    ) -> Result<Vec<String>, Exit> {
        let told = options.iter().any(|option| option == ENDPOINT || option.starts_with(&format!("{ENDPOINT}=")));
        if choice != Choice::Openai || told {
            return Ok(Vec::new());
        }
        let given = environment.get(openai::URL_VARIABLE).cloned();
        let otherwise = self.there.then(|| OLLAMA.to_owned());
        let url = self.text("Address of the endpoint", &format!("-- {ENDPOINT}"), given, otherwise, |text| {
            openai::check_address(text.trim()).map_err(|error| Exit::new(Code::Usage, error.to_string()))
        })?;
        Ok(vec![ENDPOINT.to_owned(), url.trim().to_owned()])
    }

    fn agrees(&self, question: &str) -> Result<bool, Exit> {
        if !self.there {
            return Ok(false);
        }
        Confirm::new().with_prompt(question).default(true).interact().map_err(gone)
    }
}

/// What a worker drives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Answers {
    choice: Choice,
    /// Of the backend `acp`.
    agent: Option<Preset>,
}

impl Answers {
    fn label(self) -> String {
        let name = self.choice.name();
        self.agent.map_or_else(|| name.to_owned(), |agent| format!("{name}: {}", agent.name()))
    }

    fn options(self) -> Vec<String> {
        self.agent.map_or_else(Vec::new, |agent| vec!["--agent".to_owned(), agent.name().to_owned()])
    }
}

/// What is found on this machine: backends, then agents that speak the protocol; then, for somebody who can be asked, an
/// endpoint and what needs nothing.
fn here(asked: bool) -> Vec<Answers> {
    let backends = Choice::value_variants().iter().filter(|choice| choice.is_installed() && **choice != Choice::Demo);
    let backends = backends.map(|&choice| Answers { choice, agent: None });
    // opencode has a backend of its own, which can do more.
    let agents = agents().into_iter().filter(|answers| answers.agent != Some(Preset::Opencode));
    let last = [Choice::Openai, Choice::Demo].into_iter().filter(|_| asked);
    let last = last.map(|choice| Answers { choice, agent: None });
    backends.chain(agents).chain(last).collect()
}

fn agents() -> Vec<Answers> {
    Preset::installed().into_iter().map(|agent| Answers { choice: Choice::Acp, agent: Some(agent) }).collect()
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn gone(error: dialoguer::Error) -> Exit {
    Exit::new(Code::Usage, format!("Nothing was changed: {error}."))
}
