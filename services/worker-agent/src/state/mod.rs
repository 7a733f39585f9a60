//! The worker's own files: its key, its lock, its journal, and what its backend keeps.

mod journal;
mod key;
mod report;
pub(crate) mod whole;

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Read as _, Seek as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
};

pub use journal::Journal;
pub use key::Key;
pub use report::{Found, Report, look};

use crate::exit::{Code, Exit};

/// Held by the process that has the directory, with its id inside.
const LOCK: &str = "lock";
/// File of the present key.
const KEY: &str = "worker.nk";
/// File of what was begun.
const JOURNAL: &str = "journal";
/// File of the key that waits to take its place.
const NEXT_KEY: &str = "worker.next.nk";

/// A state directory that belongs to this process alone until it is dropped.
#[derive(Debug)]
pub struct StateDir {
    path: PathBuf,
    /// The operating system lets go of it when the process ends, however it ends.
    _lock: File,
}

impl StateDir {
    /// Makes the directory if need be and locks it.
    ///
    /// # Errors
    /// When it cannot be made, or another process has it.
    pub fn open(path: &Path) -> Result<Self, Exit> {
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|error| {
            let why = format!(
                "The state directory {} cannot be made: {error}. Name another with --state-dir.",
                path.display()
            );
            Exit::new(Code::CantCreate, why)
        })?;
        let file = path.join(LOCK);
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&file)
            .map_err(|error| unusable(&file, &error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // Only for the message: who holds it may not have written it yet.
                let _ = lock.read_to_string(&mut holder);
                let holder =
                    if holder.trim().is_empty() { String::new() } else { format!(" (process {})", holder.trim()) };
                return Err(Exit::new(
                    Code::Unavailable,
                    format!(
                        "Another worker{holder} is using {}: stop it first, or give this one another --state-dir.",
                        path.display()
                    ),
                ));
            }
            Err(TryLockError::Error(error)) => return Err(unusable(&file, &error)),
        }
        note_holder(&mut lock).map_err(|error| unusable(&file, &error))?;
        report::forget(path);
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// The worker's key, made on the first start.
    ///
    /// # Errors
    /// When it cannot be read, is no key, or others could read it.
    pub fn key(&self) -> Result<Key, Exit> {
        Key::open(&self.path.join(KEY))
    }

    /// Makes the key that shall take the place of the present one, in a directory that a running
    /// worker may have; one that waits already stays.
    ///
    /// # Errors
    /// When there is no present key, or the file cannot be made.
    pub fn make_next(path: &Path) -> Result<Key, Exit> {
        if !path.join(KEY).is_file() {
            let message =
                format!("No worker has a key in {}: start it first, or name its --state-dir.", path.display());
            return Err(Exit::new(Code::NoInput, message));
        }
        Key::open(&path.join(NEXT_KEY))
    }

    /// Whether a key waits to take the place of the present one.
    #[must_use]
    pub fn has_next(&self) -> bool {
        self.path.join(NEXT_KEY).exists()
    }

    /// The key that waits, if there is one.
    ///
    /// # Errors
    /// When it cannot be read, is no key, or others could read it.
    pub fn next_key(&self) -> Result<Option<Key>, Exit> {
        if self.has_next() { Key::open(&self.path.join(NEXT_KEY)).map(Some) } else { Ok(None) }
    }

    /// Makes the key that waits the present one, in one step; the old one is gone.
    ///
    /// # Errors
    /// When the file cannot be renamed.
    pub fn adopt_next(&self) -> Result<(), Exit> {
        let (next, present) = (self.path.join(NEXT_KEY), self.path.join(KEY));
        fs::rename(&next, &present).map_err(|error| unusable(&next, &error))
    }

    /// Removes the key that waits.
    ///
    /// # Errors
    /// When the file cannot be removed.
    pub fn discard_next(&self) -> Result<(), Exit> {
        let next = self.path.join(NEXT_KEY);
        fs::remove_file(&next).map_err(|error| unusable(&next, &error))
    }

    /// The present key in a directory that a running worker may have, if there is one.
    ///
    /// # Errors
    /// When it cannot be read, is no key, or others could read it.
    pub fn present_key(path: &Path) -> Result<Option<Key>, Exit> {
        let file = path.join(KEY);
        if file.exists() { Key::open(&file).map(Some) } else { Ok(None) }
    }

    /// Says how the process stands, for [`look`].
    pub fn reports(&self, report: &Report) {
        report::say(&self.path, report);
    }

    /// What earlier processes of this worker have begun, to be continued by this one.
    #[must_use]
    pub fn journal(&self) -> Arc<Journal> {
        Journal::open(&self.path.join(JOURNAL))
    }

    /// Where the backend keeps its files.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn note_holder(lock: &mut File) -> io::Result<()> {
    lock.set_len(0)?;
    lock.rewind()?;
    write!(lock, "{}", std::process::id())
}

fn unusable(file: &Path, error: &io::Error) -> Exit {
    Exit::new(Code::Io, format!("{} cannot be used: {error}. Check its owner and its rights.", file.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_directory_is_private_and_has_one_owner() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("a/b");
        let first = StateDir::open(&path).unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        let refused = StateDir::open(&path).unwrap_err();
        assert_eq!(refused.code, Code::Unavailable);
        assert!(refused.message.contains(&std::process::id().to_string()), "{refused}");
        drop(first);
        StateDir::open(&path).unwrap();
    }

    #[test]
    fn a_new_key_waits_and_takes_the_place_of_the_present_one_in_one_step() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(StateDir::make_next(directory.path()).unwrap_err().code, Code::NoInput);
        let state = StateDir::open(directory.path()).unwrap();
        let old = state.key().unwrap();
        assert!(state.next_key().unwrap().is_none());
        let next = StateDir::make_next(directory.path()).unwrap();
        assert_eq!(StateDir::make_next(directory.path()).unwrap().fingerprint, next.fingerprint, "it stays");
        assert_eq!(directory.path().join(NEXT_KEY).metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(state.key().unwrap().fingerprint, old.fingerprint, "until it is approved nothing changes");
        state.adopt_next().unwrap();
        assert_eq!(state.key().unwrap().fingerprint, next.fingerprint);
        assert!(!state.has_next());
        StateDir::make_next(directory.path()).unwrap();
        state.discard_next().unwrap();
        assert_eq!(state.key().unwrap().fingerprint, next.fingerprint);
    }

    #[test]
    fn a_directory_that_cannot_be_made_is_told() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert_eq!(StateDir::open(&file.path().join("below")).unwrap_err().code, Code::CantCreate);
    }
}
