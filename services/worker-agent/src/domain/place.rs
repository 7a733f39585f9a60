//! Where a session works: at the worker's root or below it.

use std::path::{Path, PathBuf};

/// A directory that a session may not use.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// Not there, or not a directory.
    #[error("the directory {0} does not exist on this machine")]
    Missing(String),
    /// Somewhere else.
    #[error("the directory {0} is not below this worker's directory")]
    Outside(String),
}

/// The session's directory with links resolved, so that no link leads out of the root.
///
/// # Errors
/// When it is missing or elsewhere.
pub fn resolve(root: &Path, directory: &str) -> Result<PathBuf, PlaceError> {
    let wanted = root.join(directory);
    let real = wanted.canonicalize().ok().filter(|path| path.is_dir());
    let real = real.ok_or_else(|| PlaceError::Missing(wanted.display().to_string()))?;
    let root = root.canonicalize().map_err(|_| PlaceError::Missing(root.display().to_string()))?;
    if real.starts_with(&root) { Ok(real) } else { Err(PlaceError::Outside(wanted.display().to_string())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_root_and_what_is_below_it() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("below")).unwrap();
        std::os::unix::fs::symlink("/", root.path().join("out")).unwrap();
        let real = root.path().canonicalize().unwrap();
        assert_eq!(resolve(root.path(), "").unwrap(), real);
        assert_eq!(resolve(root.path(), "below").unwrap(), real.join("below"));
        assert_eq!(resolve(root.path(), real.to_str().unwrap()).unwrap(), real);
        for outside in ["..", "/", "out", "below/../.."] {
            assert!(matches!(resolve(root.path(), outside), Err(PlaceError::Outside(_))), "{outside}");
        }
        assert!(matches!(resolve(root.path(), "missing"), Err(PlaceError::Missing(_))));
    }
}
