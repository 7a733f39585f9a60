//! Several workers of one machine, told by one file: a process for each, so that what befalls one is no concern of the
//! others.

mod file;
mod keep;

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

pub use file::{Entry, File};
pub use keep::run;

use crate::{
    config::Run,
    exit::{Code, Exit},
};

/// What the file is called in a directory that has workers of its own.
const LOCAL: &str = "muster-worker.toml";

/// The file that tells of the user's workers, unless another one is named.
///
/// # Errors
/// When there is no home directory to look in.
pub fn default_file(environment: &HashMap<String, String>) -> Result<PathBuf, Exit> {
    let absolute = |name: &str| environment.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute("XDG_CONFIG_HOME").or_else(|| absolute("HOME").map(|home| home.join(".config")));
    base.map(|base| base.join("muster").join("worker.toml"))
        .ok_or_else(|| Exit::new(Code::Config, "There is no home directory to keep settings in: give --config."))
}

/// The one in this directory, or the user's.
///
/// # Errors
/// When there is no home directory to look in.
pub fn file_here(environment: &HashMap<String, String>) -> Result<PathBuf, Exit> {
    let local = PathBuf::from(LOCAL);
    if is_file(&local) { Ok(local) } else { default_file(environment) }
}

/// The file that is meant when nothing names a worker: the one that was named, one in the worker's directory, or the
/// user's.
#[must_use]
pub fn meant(run: &Run, environment: &HashMap<String, String>) -> Option<PathBuf> {
    if run.config.is_some() {
        return run.config.clone();
    }
    if run.is_of_one(environment) {
        return None;
    }
    let local = run.dir.join(LOCAL);
    [Some(local), default_file(environment).ok()].into_iter().flatten().find(|file: &PathBuf| is_file(file))
}

fn is_file(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| found.is_file())
}
