//! What the launcher says: what it does to stderr, what others read to stdout.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "speaking is this file's duty")]

use std::time::Duration;

use console::{Term, style};
use indicatif::{ProgressBar, ProgressStyle};

/// A spinner on a terminal, plain lines elsewhere.
#[derive(Debug, Clone)]
pub(crate) struct Report {
    terminal: bool,
}

impl Report {
    pub(crate) fn new() -> Self {
        Self { terminal: Term::stderr().is_term() }
    }

    /// Something begins; until the returned step is dropped it is seen to go on.
    pub(crate) fn step(&self, what: &str) -> Step {
        if !self.terminal {
            eprintln!("{what}");
            return Step { what: what.to_owned(), bar: None };
        }
        let bar = ProgressBar::new_spinner();
        if let Ok(look) = ProgressStyle::with_template("{spinner:.cyan} {wide_msg} {elapsed:.dim}") {
            bar.set_style(look);
        }
        bar.set_message(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(100));
        Step { what: what.to_owned(), bar: Some(bar) }
    }

    /// A sentence for the person in front of it.
    pub(crate) fn say(&self, text: &str) {
        eprintln!("{text}");
    }

    /// A sentence that deserves attention.
    pub(crate) fn warn(&self, text: &str) {
        eprintln!("{} {text}", style("warning:").for_stderr().yellow().bold());
    }

    /// Why it ends.
    pub(crate) fn error(&self, text: &str) {
        eprintln!("{} {text}", style("error:").for_stderr().red().bold());
    }

    /// A line that programs look for.
    pub(crate) fn line(&self, text: &str) {
        println!("{text}");
    }
}

/// Something that goes on.
#[derive(Debug)]
pub(crate) struct Step {
    what: String,
    bar: Option<ProgressBar>,
}

impl Step {
    /// How far it is; the last word wins.
    pub(crate) fn progress(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.set_message(format!("{}: {}", self.what, console::strip_ansi_codes(text.trim()))),
            None => eprintln!("  {}", text.trim_end()),
        }
    }

    /// It is done.
    pub(crate) fn done(self, text: &str) {
        match &self.bar {
            Some(bar) => {
                bar.finish_and_clear();
                eprintln!("{} {text}", style("✓").for_stderr().green());
            }
            None => eprintln!("{text}"),
        }
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
