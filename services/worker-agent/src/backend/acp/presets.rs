//! Agents that are known by name, and what the command line says about the agent.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use clap::ValueEnum as _;

use crate::backend::BackendError;

/// An agent that is known: how it is started, and how one gets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Preset {
    /// opencode, as `opencode acp`.
    Opencode,
    /// Gemini CLI, as `gemini --acp`.
    Gemini,
    /// Claude Code, through `claude-agent-acp`.
    Claude,
    /// Codex, through `codex-acp`.
    Codex,
    /// Goose, as `goose acp`.
    Goose,
}

/// What is known of a preset.
struct Known {
    name: &'static str,
    /// The first one that is found.
    programs: &'static [&'static str],
    arguments: &'static [&'static str],
    /// How to get it.
    install: &'static str,
    /// How to sign in.
    sign_in: &'static str,
    /// Its own variables of the environment.
    own: &'static [&'static str],
}

impl Preset {
    /// Those whose program is found on this machine.
    #[must_use]
    pub fn installed() -> Vec<Self> {
        let found = |preset: &Self| preset.known().programs.iter().any(|program| which::which(program).is_ok());
        Self::value_variants().iter().copied().filter(found).collect()
    }

    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.known().name
    }

    /// Its own variables of the environment: names, or beginnings that end in `_`.
    pub(in crate::backend) const fn own(self) -> &'static [&'static str] {
        self.known().own
    }

    const fn known(self) -> Known {
        match self {
            Self::Opencode => Known {
                name: "opencode",
                programs: &["opencode"],
                arguments: &["acp"],
                install: "npm install -g opencode-ai",
                sign_in: "run opencode auth login",
                own: &["OPENCODE_"],
            },
            Self::Gemini => Known {
                name: "gemini",
                programs: &["gemini"],
                arguments: &["--acp"],
                install: "npm install -g @google/gemini-cli",
                sign_in: "run gemini once and sign in, or set GEMINI_API_KEY",
                own: &["GEMINI_", "GOOGLE_"],
            },
            Self::Claude => Known {
                name: "claude",
                programs: &["claude-agent-acp", "claude-code-acp"],
                arguments: &[],
                install: "npm install -g @agentclientprotocol/claude-agent-acp",
                sign_in: "run claude once and sign in, or set ANTHROPIC_API_KEY",
                own: &["ANTHROPIC_", "CLAUDE_"],
            },
            Self::Codex => Known {
                name: "codex",
                programs: &["codex-acp"],
                arguments: &[],
                install: "npm install -g @agentclientprotocol/codex-acp",
                sign_in: "run codex login, or set OPENAI_API_KEY",
                own: &["OPENAI_", "CODEX_"],
            },
            Self::Goose => Known {
                name: "goose",
                programs: &["goose"],
                arguments: &["acp"],
                install: "brew install block-goose-cli, or as Goose's documentation says",
                sign_in: "run goose configure",
                own: &["GOOSE_"],
            },
        }
    }
}

/// What the command line says about the agent.
#[derive(Debug, Clone, Default, clap::Args)]
#[group(skip)]
#[command(next_help_heading = "Backend acp")]
pub struct Settings {
    /// An agent that is known by name, and is on the PATH
    #[arg(long, value_enum, conflicts_with_all = ["agent_command", "agent_words"])]
    pub agent: Option<Preset>,
    /// The command that starts any other agent, in one word as a shell takes it
    #[arg(long, value_name = "COMMAND", conflicts_with = "agent_words")]
    pub agent_command: Option<String>,
    /// The same as --agent-command, word by word
    #[arg(last = true, value_name = "COMMAND")]
    pub agent_words: Vec<OsString>,
}

/// How the agent is started.
#[derive(Debug, Clone)]
pub(super) struct Command {
    pub(super) name: String,
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<OsString>,
    /// Its own variables of the environment.
    pub(super) own: &'static [&'static str],
    /// What a person does who is not signed in.
    pub(super) sign_in: Option<&'static str>,
}

impl Settings {
    /// Whether an agent is named.
    #[must_use]
    pub fn is_given(&self) -> bool {
        self.agent.is_some() || self.agent_command.is_some() || !self.agent_words.is_empty()
    }

    /// What the backend is called with this agent.
    #[must_use]
    pub fn label(&self) -> String {
        let first = || shell_words::split(self.agent_command.as_ref()?).ok()?.into_iter().next().map(OsString::from);
        let words = || first().or_else(|| self.agent_words.first().cloned());
        let name = match self.agent {
            Some(preset) => Some(preset.known().name.to_owned()),
            None => words().and_then(|word| Some(Path::new(&word).file_stem()?.to_string_lossy().into_owned())),
        };
        name.map_or_else(|| "acp".to_owned(), |name| format!("acp: {name}"))
    }

    pub(super) fn command(&self) -> Result<Command, BackendError> {
        let Self { agent, agent_command, agent_words } = self;
        if let Some(preset) = agent {
            let Known { name, programs, arguments, install, sign_in, own } = preset.known();
            let program = programs.iter().find_map(|program| which::which(program).ok()).ok_or_else(|| {
                BackendError::Missing(format!(
                    "{} is not on the PATH: install it ({install}), or give the whole command with --agent-command.",
                    programs.first().unwrap_or(&name)
                ))
            })?;
            return Ok(Command {
                name: name.to_owned(),
                program,
                arguments: arguments.iter().map(OsString::from).collect(),
                own,
                sign_in: Some(sign_in),
            });
        }
        let words = match agent_command {
            Some(command) => {
                let words = shell_words::split(command);
                let words = words.map_err(|_| wrong("--agent-command has a quotation mark without its partner"))?;
                words.into_iter().map(OsString::from).collect()
            }
            None => agent_words.clone(),
        };
        let mut words = words.into_iter();
        let first = words.next().filter(|first| !first.is_empty()).ok_or_else(|| {
            wrong("No agent is named: give --agent gemini (or opencode, claude, codex, goose), or --agent-command")
        })?;
        let program = which::which(&first).map_err(|_| {
            BackendError::Missing(format!("{} is no program on the PATH: check the command.", first.display()))
        })?;
        let name = program.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(Command { name, program, arguments: words.collect(), own: &[], sign_in: None })
    }
}

fn wrong(what: &str) -> BackendError {
    BackendError::Settings(format!("{what}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Settings {
        Settings { agent_words: words.iter().map(OsString::from).collect(), ..Settings::default() }
    }

    #[test]
    fn a_command_is_taken_apart_as_a_shell_does() {
        let settings = Settings { agent_command: Some("sh -c 'a b'".to_owned()), ..Settings::default() };
        let command = settings.command().unwrap();
        assert_eq!((command.name.as_str(), command.arguments), ("sh", vec!["-c".into(), "a b".into()]));
        assert_eq!(settings.label(), "acp: sh");
        assert_eq!(words(&["/bin/sh", "-c"]).label(), "acp: sh");
        assert_eq!(words(&["sh", "-c"]).command().unwrap().arguments, ["-c"]);
    }

    #[test]
    fn what_is_missing_is_told_with_what_to_do() {
        for (settings, told) in [
            (Settings::default(), "--agent gemini"),
            (words(&[""]), "--agent gemini"),
            (words(&["no-such-agent"]), "no-such-agent"),
            (Settings { agent_command: Some("a 'b".to_owned()), ..Settings::default() }, "quotation mark"),
            (Settings { agent: Some(Preset::Goose), ..Settings::default() }, "goose is not on the PATH: install it"),
        ] {
            let error = settings.command().unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
    }
}
