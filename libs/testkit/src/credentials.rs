//! Who our own processes are on the broker: keys made once and kept in files
//! that only their owner may read.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use muster_contracts::{
    broker::Identities,
    permissions::{INSPECTOR, ServiceUser},
};
use nkeys::{KeyPair, KeyPairType, XKey};

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// A file or directory cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file does not hold a seed of the right kind.
    #[error("{0} holds no valid key: put back the one that was there, or remove the directory to make new ones")]
    Seed(PathBuf),
    /// There is no randomness.
    #[error("a key cannot be made: {0}")]
    Make(#[from] nkeys::error::Error),
}

/// The private keys of one installation.
pub struct Credentials {
    registry: KeyPair,
    chat: KeyPair,
    api: KeyPair,
    system: KeyPair,
    backup: KeyPair,
    issuer: KeyPair,
    xkey: XKey,
    inspect: Option<KeyPair>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("api", &self.api.public_key()).finish_non_exhaustive()
    }
}

impl Credentials {
    /// New ones, kept nowhere.
    #[must_use]
    pub fn generate() -> Self {
        Self {
            registry: KeyPair::new(KeyPairType::User),
            chat: KeyPair::new(KeyPairType::User),
            api: KeyPair::new(KeyPairType::User),
            system: KeyPair::new(KeyPairType::User),
            backup: KeyPair::new(KeyPairType::User),
            issuer: KeyPair::new(KeyPairType::Account),
            xkey: XKey::new(),
            inspect: None,
        }
    }

    /// Those in `directory`; what is missing there is made.
    ///
    /// # Errors
    /// When a file cannot be read or written, or holds something else.
    pub fn in_directory(directory: &Path) -> Result<Self, CredentialsError> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .map_err(|source| CredentialsError::File { path: directory.to_owned(), source })?;
        Ok(Self {
            registry: key(directory, "registry", KeyPairType::User)?,
            chat: key(directory, "chat", KeyPairType::User)?,
            api: key(directory, "api", KeyPairType::User)?,
            system: key(directory, "system", KeyPairType::User)?,
            backup: key(directory, "backup", KeyPairType::User)?,
            issuer: key(directory, "issuer", KeyPairType::Account)?,
            xkey: {
                let path = directory.join("xkey.seed");
                let seed = kept(&path, || XKey::new().seed())?;
                XKey::from_seed(&seed).map_err(|_| CredentialsError::Seed(path))?
            },
            inspect: None,
        })
    }

    /// With an operator who may look and change nothing. Their seed is made in `directory`, if it is not there.
    ///
    /// # Errors
    /// When its file cannot be read or written, or holds something else.
    pub fn inspected(mut self, directory: &Path) -> Result<Self, CredentialsError> {
        self.inspect = Some(key(directory, INSPECTOR, KeyPairType::User)?);
        Ok(self)
    }

    /// What the broker is to know of them.
    #[must_use]
    pub fn identities(&self) -> Identities {
        Identities {
            registry: self.registry.public_key(),
            chat: self.chat.public_key(),
            api: self.api.public_key(),
            system: self.system.public_key(),
            backup: self.backup.public_key(),
            issuer: self.issuer.public_key(),
            xkey: self.xkey.public_key(),
            inspect: self.inspect.as_ref().map(KeyPair::public_key),
        }
    }

    /// The file of an inspector's seed, for `nats --nkey`.
    #[must_use]
    pub fn inspector_file(directory: &Path) -> PathBuf {
        directory.join(format!("{INSPECTOR}.seed"))
    }

    /// The file of a user's seed.
    #[must_use]
    pub fn file(directory: &Path, user: ServiceUser) -> PathBuf {
        directory.join(format!("{}.seed", user.name()))
    }

    /// The seed of one user.
    ///
    /// # Errors
    /// Never for keys made or loaded here; the library's type says otherwise.
    pub fn seed(&self, user: ServiceUser) -> Result<String, CredentialsError> {
        let key = match user {
            ServiceUser::Registry => &self.registry,
            ServiceUser::Chat => &self.chat,
            ServiceUser::Api => &self.api,
            ServiceUser::System => &self.system,
            ServiceUser::Backup => &self.backup,
        };
        Ok(key.seed()?)
    }

    /// The environment in which a service finds its own keys, and no others.
    ///
    /// # Errors
    /// As [`Credentials::seed`].
    pub fn environment(&self, user: ServiceUser) -> Result<Vec<(&'static str, String)>, CredentialsError> {
        let mut environment = vec![("MUSTER_NATS_SEED", self.seed(user)?)];
        if user == ServiceUser::Registry {
            environment.push(("MUSTER_SYSTEM_SEED", self.seed(ServiceUser::System)?));
            environment.push(("MUSTER_ISSUER_SEED", self.issuer.seed()?));
            environment.push(("MUSTER_XKEY_SEED", self.xkey.seed()?));
        }
        Ok(environment)
    }
}

fn key(directory: &Path, name: &str, kind: KeyPairType) -> Result<KeyPair, CredentialsError> {
    let path = directory.join(format!("{name}.seed"));
    let expected = KeyPair::new(kind);
    let seed = kept(&path, || expected.seed())?;
    match KeyPair::from_seed(&seed) {
        Ok(key) if key.public_key().get(..1) == expected.public_key().get(..1) => Ok(key),
        _ => Err(CredentialsError::Seed(path)),
    }
}

fn kept(path: &Path, make: impl FnOnce() -> Result<String, nkeys::error::Error>) -> Result<String, CredentialsError> {
    let failed = |source| CredentialsError::File { path: path.to_owned(), source };
    match fs::read_to_string(path) {
        Ok(text) => Ok(text.trim().to_owned()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let seed = make()?;
            let mut file =
                fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
            writeln!(file, "{seed}").map_err(failed)?;
            Ok(seed)
        }
        Err(error) => Err(failed(error)),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn keys_are_kept_and_only_for_their_owner() {
        let home = tempfile::tempdir().unwrap();
        let made = Credentials::in_directory(home.path()).unwrap();
        assert_eq!(Credentials::in_directory(home.path()).unwrap().identities(), made.identities());
        for file in fs::read_dir(home.path()).unwrap() {
            assert_eq!(file.unwrap().metadata().unwrap().permissions().mode() & 0o077, 0);
        }
    }

    #[test]
    fn a_file_with_something_else_is_named() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("chat.seed"), "nonsense").unwrap();
        let error = Credentials::in_directory(home.path()).unwrap_err();
        assert!(matches!(error, CredentialsError::Seed(path) if path.ends_with("chat.seed")));
    }

    #[test]
    fn only_the_registry_gets_the_keys_of_the_callout() {
        let credentials = Credentials::generate();
        assert_eq!(credentials.environment(ServiceUser::Chat).unwrap().len(), 1);
        assert_eq!(credentials.environment(ServiceUser::Registry).unwrap().len(), 4);
    }
}
