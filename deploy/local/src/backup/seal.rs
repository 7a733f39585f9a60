//! Keeping a backup from others: age's format, which its own programs open as well.

use std::{
    fs,
    io::{self, BufRead, BufWriter, Read, Write},
    iter,
    path::Path,
};

use age::{DecryptError, Decryptor, Encryptor, scrypt, stream::StreamWriter, x25519};
use secrecy::SecretString;

use super::BackupError;

/// Holds a passphrase, if no file does.
pub(super) const PASSPHRASE: &str = "MUSTER_BACKUP_PASSPHRASE";
/// How a sealed file begins.
pub(super) const MAGIC: &[u8] = b"age-encryption.org/v1";
/// Passphrases that take more work to try than this many doublings take more memory than we have.
const MOST_WORK: u8 = 20;

/// What a backup is locked with.
pub(super) enum Lock {
    Open,
    Keys(Vec<x25519::Recipient>),
    Passphrase(SecretString),
}

/// What may open one.
pub(super) struct Keys {
    identities: Vec<x25519::Identity>,
    passphrase: Option<SecretString>,
}

/// A file, sealed or not.
pub(super) enum Sealed<W: Write> {
    Open(BufWriter<W>),
    Closed(Box<StreamWriter<BufWriter<W>>>),
}

impl Lock {
    /// Of what was asked for.
    pub(super) fn of(recipients: &[String], passphrase_file: Option<&Path>) -> Result<Self, BackupError> {
        let passphrase = passphrase(passphrase_file)?;
        if recipients.is_empty() {
            return Ok(passphrase.map_or(Self::Open, Self::Passphrase));
        }
        if passphrase.is_some() {
            return Err(BackupError::TwoLocks);
        }
        let parsed = recipients
            .iter()
            .map(|text| text.parse::<x25519::Recipient>().map_err(|_| BackupError::Recipient(text.clone())));
        parsed.collect::<Result<_, _>>().map(Self::Keys)
    }

    pub(super) const fn is_open(&self) -> bool {
        matches!(self, Self::Open)
    }

    /// Whatever is written goes through it.
    pub(super) fn seal<W: Write>(&self, file: W) -> io::Result<Sealed<W>> {
        let file = BufWriter::new(file);
        let encryptor = match self {
            Self::Open => return Ok(Sealed::Open(file)),
            Self::Passphrase(passphrase) => {
                Encryptor::with_recipients(iter::once(&scrypt::Recipient::new(passphrase.clone()) as _))
            }
            Self::Keys(keys) => Encryptor::with_recipients(keys.iter().map(|key| key as _)),
        };
        let encryptor = encryptor.map_err(|error| io::Error::other(error.to_string()))?;
        Ok(Sealed::Closed(Box::new(encryptor.wrap_output(file)?)))
    }
}

impl<W: Write> Sealed<W> {
    /// Writes what is left, and gives back what was sealed.
    pub(super) fn finish(self) -> io::Result<W> {
        let file = match self {
            Self::Open(file) => file,
            Self::Closed(stream) => stream.finish()?,
        };
        file.into_inner().map_err(io::IntoInnerError::into_error)
    }
}

impl<W: Write> Write for Sealed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Open(file) => file.write(bytes),
            Self::Closed(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Open(file) => file.flush(),
            Self::Closed(stream) => stream.flush(),
        }
    }
}

impl Keys {
    /// Those that were given.
    pub(super) fn of(identity: Option<&Path>, passphrase_file: Option<&Path>) -> Result<Self, BackupError> {
        let mut identities = Vec::new();
        if let Some(path) = identity {
            let text = fs::read_to_string(path).map_err(BackupError::file(path))?;
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
            for line in lines {
                identities.push(line.parse().map_err(|_| BackupError::Identity(path.to_owned()))?);
            }
            if identities.is_empty() {
                return Err(BackupError::Identity(path.to_owned()));
            }
        }
        Ok(Self { identities, passphrase: passphrase(passphrase_file)? })
    }

    /// What a sealed file says.
    pub(super) fn open<'a>(&self, file: impl BufRead + 'a) -> Result<Box<dyn Read + 'a>, BackupError> {
        let decryptor = Decryptor::new_buffered(file).map_err(opening)?;
        let opened = if decryptor.is_scrypt() {
            let passphrase = self.passphrase.clone().ok_or(BackupError::Locked("a passphrase"))?;
            let mut identity = scrypt::Identity::new(passphrase);
            identity.set_max_work_factor(MOST_WORK);
            decryptor.decrypt(iter::once(&identity as _))
        } else {
            if self.identities.is_empty() {
                return Err(BackupError::Locked("a key"));
            }
            decryptor.decrypt(self.identities.iter().map(|identity| identity as _))
        };
        Ok(Box::new(opened.map_err(opening)?))
    }
}

fn opening(error: DecryptError) -> BackupError {
    match error {
        DecryptError::NoMatchingKeys
        | DecryptError::KeyDecryptionFailed
        | DecryptError::DecryptionFailed
        | DecryptError::ExcessiveWork { .. } => BackupError::WrongKey,
        error => BackupError::Damaged(error.to_string()),
    }
}

/// From the file that was named, else from the environment.
fn passphrase(file: Option<&Path>) -> Result<Option<SecretString>, BackupError> {
    let text = match file {
        Some(path) => fs::read_to_string(path).map_err(BackupError::file(path))?,
        None => match std::env::var(PASSPHRASE) {
            Ok(text) => text,
            Err(_) => return Ok(None),
        },
    };
    let text = text.trim_end_matches(['\n', '\r']);
    if text.is_empty() { Err(BackupError::NoPassphrase) } else { Ok(Some(text.into())) }
}
