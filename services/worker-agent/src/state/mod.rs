//! The worker's own files: its key, its lock, and what its backend keeps.

mod key;

use std::{
    fs::{DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Read as _, Seek as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

pub use key::Key;

use crate::exit::{Code, Exit};

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
        let file = path.join("lock");
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
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// The worker's key, made on the first start.
    ///
    /// # Errors
    /// When it cannot be read, is no key, or others could read it.
    pub fn key(&self) -> Result<Key, Exit> {
        Key::open(&self.path.join("worker.nk"))
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
    fn a_directory_that_cannot_be_made_is_told() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert_eq!(StateDir::open(&file.path().join("below")).unwrap_err().code, Code::CantCreate);
    }
}
