//! The data directory: ours, and of one launcher at a time.

use std::{
    ffi::OsStr,
    fs::{self, File, OpenOptions, TryLockError},
    io::Write as _,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use muster_contracts::permissions::ServiceUser;

/// Says that a directory is Muster's, and in which layout.
const MARKER: &str = "muster-data";
const LAYOUT: &str = "1";

/// Why the directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DataDirError {
    /// It cannot be read or written.
    #[error("cannot use the data directory {path}: {source}; choose another with --data-dir")]
    Unusable {
        /// Which file or directory.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Something else is in it.
    #[error("{0} holds something that is not Muster's; choose an empty or new directory with --data-dir")]
    Foreign(PathBuf),
    /// It was made by another version.
    #[error("{path} has the layout {found:?}, and this Muster knows {LAYOUT:?}; use the version that made it")]
    Layout {
        /// The directory.
        path: PathBuf,
        /// What its marker says.
        found: String,
    },
    /// Another launcher has it.
    #[error(
        "{path} is in use by another `cargo muster up` (process {holder}); stop that one, or choose another with --data-dir"
    )]
    Locked {
        /// The directory.
        path: PathBuf,
        /// The other's process id, as far as is known.
        holder: String,
    },
}

/// Where the keys are, in a data directory.
pub(crate) fn keys(directory: &Path) -> PathBuf {
    directory.join("keys")
}

/// The file that says where the broker listens, of the last start.
pub(crate) fn broker(directory: &Path) -> PathBuf {
    directory.join("broker")
}

/// Makes an empty directory a data directory, that is not fresh.
pub(crate) fn mark(directory: &Path) -> Result<(), DataDirError> {
    let path = directory.join(MARKER);
    fs::write(&path, format!("{LAYOUT}\n")).map_err(|source| DataDirError::Unusable { path, source })
}

/// A data directory that is ours alone until this is dropped.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    fresh: bool,
    _lock: File,
}

impl DataDir {
    /// Takes it; makes it when there is none.
    pub(crate) fn open(path: &Path) -> Result<Self, DataDirError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| DataDirError::Unusable { path, source }
        };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed(path))?;
        let path = path.canonicalize().map_err(failed(path))?;
        let marker = path.join(MARKER);
        let fresh = match fs::read_to_string(&marker) {
            Ok(found) if found.trim() == LAYOUT => false,
            Ok(found) => return Err(DataDirError::Layout { path, found: found.trim().to_owned() }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let entries = fs::read_dir(&path).map_err(failed(&path))?;
                if entries.flatten().any(|entry| !is_settings(&entry.file_name())) {
                    return Err(DataDirError::Foreign(path));
                }
                true
            }
            Err(source) => return Err(DataDirError::Unusable { path: marker, source }),
        };
        if fresh {
            mark(&path)?;
        }
        let lock = lock(&path)?;
        Ok(Self { path, fresh, _lock: lock })
    }

    /// Whether it was empty.
    pub(crate) const fn is_fresh(&self) -> bool {
        self.fresh
    }

    /// Absolute.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What a person may write down for a service.
    pub(crate) fn settings(&self, user: ServiceUser) -> PathBuf {
        self.path.join(settings(user))
    }

    /// What the processes print.
    pub(crate) fn logs(&self) -> PathBuf {
        self.path.join("logs")
    }
}

fn settings(user: ServiceUser) -> String {
    format!("{}.toml", user.name())
}

fn is_settings(name: &OsStr) -> bool {
    [ServiceUser::Api, ServiceUser::Chat, ServiceUser::Registry].into_iter().any(|user| name == &*settings(user))
}

fn lock(directory: &Path) -> Result<File, DataDirError> {
    let path = directory.join("lock");
    let failed = |source| DataDirError::Unusable { path: path.clone(), source };
    let mut file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let holder = fs::read_to_string(&path).unwrap_or_default().trim().to_owned();
            return Err(DataDirError::Locked { path: directory.to_owned(), holder });
        }
        Err(TryLockError::Error(source)) => return Err(failed(source)),
    }
    file.set_len(0).map_err(failed)?;
    writeln!(file, "{}", std::process::id()).map_err(failed)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_directory_is_fresh_once() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("data");
        assert!(DataDir::open(&path).unwrap().is_fresh());
        assert!(!DataDir::open(&path).unwrap().is_fresh());
    }

    #[test]
    fn a_second_launcher_is_told_who_the_first_is() {
        let home = tempfile::tempdir().unwrap();
        let _first = DataDir::open(home.path()).unwrap();
        let error = DataDir::open(home.path()).unwrap_err();
        assert!(matches!(error, DataDirError::Locked { holder, .. } if holder == std::process::id().to_string()));
    }

    #[test]
    fn a_directory_with_other_things_or_of_another_layout_is_left_alone() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("api.toml"), "").unwrap();
        fs::write(home.path().join("thesis.txt"), "precious").unwrap();
        assert!(matches!(DataDir::open(home.path()), Err(DataDirError::Foreign(_))));
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 2);
        fs::write(home.path().join(MARKER), "99").unwrap();
        assert!(matches!(DataDir::open(home.path()), Err(DataDirError::Layout { .. })));
    }

    #[test]
    fn a_file_in_its_place_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(matches!(DataDir::open(file.path()), Err(DataDirError::Unusable { .. })));
    }
}
