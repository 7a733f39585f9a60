//! What to start, as a value, so that it can be started again.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::Stdio,
};

use super::ProcessError;

/// A program with its arguments, environment and log.
#[derive(Debug, Clone)]
pub struct Command {
    pub(super) name: String,
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<OsString>,
    pub(super) environment: Vec<(OsString, OsString)>,
    pub(super) without: Vec<OsString>,
    pub(super) clean: bool,
    pub(super) directory: Option<PathBuf>,
    pub(super) log: PathBuf,
    pub(super) announce: Option<PathBuf>,
    pub(super) patient: bool,
}

impl Command {
    /// `name` is what messages call it; everything that it prints goes to the end of `log`.
    pub fn new(name: impl Into<String>, program: impl Into<PathBuf>, log: impl Into<PathBuf>) -> Self {
        Self {
            name: name.into(),
            program: program.into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            without: Vec::new(),
            clean: false,
            directory: None,
            log: log.into(),
            announce: None,
            patient: false,
        }
    }

    /// One more argument.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// More arguments.
    #[must_use]
    pub fn args<A: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// One more variable; a later one wins.
    #[must_use]
    pub fn env(mut self, key: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.push((key.into(), value.into()));
        self
    }

    /// More variables.
    #[must_use]
    pub fn envs<K: Into<OsString>, V: Into<OsString>>(mut self, pairs: impl IntoIterator<Item = (K, V)>) -> Self {
        self.environment.extend(pairs.into_iter().map(|(key, value)| (key.into(), value.into())));
        self
    }

    /// Takes back a variable that was set.
    #[must_use]
    pub fn unset(mut self, key: &str) -> Self {
        self.environment.retain(|(set, _)| set != key);
        self
    }

    /// Does not take over this variable of ours.
    #[must_use]
    pub fn without(mut self, key: impl Into<OsString>) -> Self {
        self.without.push(key.into());
        self
    }

    /// Takes over no `MUSTER_…` variable of ours, so that a test does not depend on who runs it.
    #[must_use]
    pub const fn without_our_settings(mut self) -> Self {
        self.clean = true;
        self
    }

    /// Where it runs.
    #[must_use]
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// The file in which it announces its addresses; it is told so in `MUSTER_ANNOUNCE_FILE`.
    #[must_use]
    pub fn announces(mut self, file: impl Into<PathBuf>) -> Self {
        self.announce = Some(file.into());
        self
    }

    /// If we die, it is asked to end and has five seconds for that before it is killed.
    #[must_use]
    pub const fn patient(mut self) -> Self {
        self.patient = true;
        self
    }

    /// What messages call it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The log.
    #[must_use]
    pub fn log(&self) -> &Path {
        &self.log
    }

    pub(super) fn spawn(&self) -> Result<std::process::Child, ProcessError> {
        use std::os::unix::process::CommandExt as _;

        let log = |source| ProcessError::Log { path: self.log.clone(), source };
        if let Some(parent) = self.log.parent() {
            std::fs::create_dir_all(parent).map_err(log)?;
        }
        let output = std::fs::OpenOptions::new().create(true).append(true).open(&self.log).map_err(log)?;
        let errors = output.try_clone().map_err(log)?;
        let mut command = std::process::Command::new(&self.program);
        if self.clean {
            for (key, _) in std::env::vars_os().filter(|(key, _)| key.to_string_lossy().starts_with("MUSTER_")) {
                command.env_remove(key);
            }
        }
        for key in &self.without {
            command.env_remove(key);
        }
        if let Some(announce) = &self.announce {
            let _ = std::fs::remove_file(announce);
            command.env("MUSTER_ANNOUNCE_FILE", announce);
        }
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
        command
            .args(&self.arguments)
            .envs(self.environment.iter().map(|(key, value)| (key, value)))
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            // A group of its own: Ctrl-C in the terminal reaches us alone, and we end the rest in order.
            .process_group(0)
            .spawn()
            .map_err(|source| ProcessError::Start { program: self.program.clone(), source })
    }
}

impl std::fmt::Display for Command {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let program = self.program.file_name().unwrap_or_default().to_string_lossy();
        write!(f, "{program}")?;
        self.arguments.iter().try_for_each(|argument| write!(f, " {}", argument.to_string_lossy()))
    }
}
