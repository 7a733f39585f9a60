//! The worker's NKey: made on the first start, never leaves the machine.

use std::{fs, io, os::unix::fs::PermissionsExt as _, path::Path};

use muster_contracts::fingerprint::Fingerprint;
use nkeys::{KeyPair, KeyPairType};
use secrecy::{ExposeSecret as _, SecretString};

use super::whole;
use crate::exit::{Code, Exit};

/// A key pair, known by its fingerprint.
#[derive(Debug)]
pub struct Key {
    /// The private half.
    pub seed: SecretString,
    /// What the owner approves.
    pub fingerprint: Fingerprint,
}

impl Key {
    pub(super) fn open(file: &Path) -> Result<Self, Exit> {
        match fs::metadata(file) {
            Ok(found) if found.permissions().mode() & 0o077 != 0 => Err(Exit::new(
                Code::NoPermission,
                format!(
                    "Others can read the worker's key {0}: run chmod 600 {0}, or remove it and approve a new one.",
                    file.display()
                ),
            )),
            Ok(_) => {
                let seed =
                    SecretString::from(fs::read_to_string(file).map_err(|error| unreadable(file, &error))?.trim());
                Self::from_seed(seed).ok_or_else(|| {
                    Exit::new(
                        Code::Config,
                        format!(
                            "{} is not a worker's key: remove it, start again, and approve the new key on the page.",
                            file.display()
                        ),
                    )
                })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::make(file),
            Err(error) => Err(unreadable(file, &error)),
        }
    }

    /// One for a look at a server: nobody is asked to approve it, and it is kept nowhere.
    pub(crate) fn passing() -> Option<Self> {
        Self::from_seed(KeyPair::new(KeyPairType::User).seed().ok()?.into())
    }

    fn make(file: &Path) -> Result<Self, Exit> {
        let cannot = |error: &dyn std::fmt::Display| {
            Exit::new(Code::CantCreate, format!("The worker's key {} cannot be made: {error}.", file.display()))
        };
        let seed = SecretString::from(KeyPair::new(KeyPairType::User).seed().map_err(|error| cannot(&error))?);
        whole::write(file, format!("{}\n", seed.expose_secret()).as_bytes()).map_err(|error| cannot(&error))?;
        Self::from_seed(seed).ok_or_else(|| cannot(&"it cannot be read back"))
    }

    fn from_seed(seed: SecretString) -> Option<Self> {
        let pair = KeyPair::from_seed(seed.expose_secret()).ok()?;
        let public = pair.public_key();
        public.starts_with('U').then(|| Self { seed, fingerprint: Fingerprint::of(&public) })
    }
}

fn unreadable(file: &Path, error: &io::Error) -> Exit {
    Exit::new(
        Code::Io,
        format!("The worker's key {} cannot be read: {error}. Check its owner and its rights.", file.display()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_made_once_and_kept_private() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("worker.nk");
        let made = Key::open(&file).unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(Key::open(&file).unwrap().fingerprint, made.fingerprint);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("worker.nk");
        Key::open(&file).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        assert_eq!(Key::open(&file).unwrap_err().code, Code::NoPermission);
    }

    #[test]
    fn a_file_that_is_no_key_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("worker.nk");
        for content in ["", "SAAA", KeyPair::new(KeyPairType::Account).seed().unwrap().as_str()] {
            fs::write(&file, content).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
            assert_eq!(Key::open(&file).unwrap_err().code, Code::Config);
        }
    }
}
