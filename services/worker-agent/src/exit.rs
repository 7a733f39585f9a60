//! Why the process ends: one line that says what and how to mend it, and an
//! exit code of sysexits.h for whoever supervises it.

use std::{fmt, process::ExitCode};

/// Exit codes of sysexits.h that are used here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Code {
    /// The command line is wrong.
    Usage = 64,
    /// A file or directory that is named does not exist. It may yet, so whoever keeps workers tries again.
    NoInput = 66,
    /// A server, a program or a lease is not available.
    Unavailable = 69,
    /// A file cannot be created.
    CantCreate = 73,
    /// A file cannot be read or written.
    Io = 74,
    /// The owner of the worker has not allowed it.
    NoPermission = 77,
    /// A setting is missing or wrong.
    Config = 78,
}

/// The end of the process, for a person to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    /// For the supervisor.
    pub code: Code,
    /// One line.
    pub message: String,
}

impl Exit {
    /// Ends with this code and line.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}

impl std::error::Error for Exit {}

impl From<clap::Error> for Exit {
    /// clap says it in several lines: what is wrong, what would be right, and how to read on.
    fn from(wrong: clap::Error) -> Self {
        let told = wrong.to_string();
        let is_said = |line: &&str| !(line.is_empty() || line.starts_with("Usage:") || line.starts_with("For more"));
        let said = told.lines().map(str::trim).filter(|line| is_said(line)).collect::<Vec<_>>().join(" ");
        Self::new(Code::Usage, format!("{}; --help tells what there is.", said.trim_start_matches("error: ")))
    }
}

impl From<Code> for ExitCode {
    fn from(code: Code) -> Self {
        Self::from(code as u8)
    }
}
