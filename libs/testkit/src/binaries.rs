//! The services' own programs, as cargo left them.

use std::path::{Path, PathBuf};

/// The programs of this workspace that run as processes of their own.
pub const NAMES: &[&str] = &["muster-registry", "muster-chat", "muster-api", "muster-worker-agent"];

/// A program is not there.
#[derive(Debug, thiserror::Error)]
#[error("{name} is not in {directory}: build it with `cargo build --bins{profile}`")]
pub struct NotBuilt {
    name: String,
    directory: PathBuf,
    profile: String,
}

/// Where a program of this workspace is: beside the one that runs, which for a
/// test is one directory up.
///
/// # Errors
/// When it was not built; cargo builds a package's own programs for its tests, and no others.
pub fn find(name: &str) -> Result<PathBuf, NotBuilt> {
    let directory = directory();
    let path = directory.join(name);
    if path.is_file() {
        return Ok(path);
    }
    let profile = match directory.file_name().and_then(|name| name.to_str()) {
        Some("release") => " --release".to_owned(),
        _ => String::new(),
    };
    Err(NotBuilt { name: name.to_owned(), directory, profile })
}

/// The directory that cargo puts programs of this profile in.
#[must_use]
pub fn directory() -> PathBuf {
    let own = std::env::current_exe().unwrap_or_default();
    let beside = own.parent().unwrap_or_else(|| Path::new(""));
    let test = beside.ends_with("deps") || beside.ends_with("examples");
    let directory = if test { beside.parent().unwrap_or(beside) } else { beside };
    directory.to_owned()
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_was_not_built_comes_with_the_command_that_builds_it() {
        let error = super::find("muster-nothing").unwrap_err();
        assert!(error.to_string().contains("cargo build --bins"), "{error}");
    }
}
