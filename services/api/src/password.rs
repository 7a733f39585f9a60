//! Argon2id, a few at a time: each takes 19 MiB and a core for a while.

use argon2::{
    Argon2,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use tokio::sync::Semaphore;

/// Passwords that are worked on at once.
const AT_ONCE: usize = 2;

/// Hashes and checks passwords.
#[derive(Debug)]
pub(crate) struct Passwords(Semaphore);

/// A password could not be worked on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PasswordError {
    #[error("hashing failed: {0}")]
    Hash(argon2::password_hash::Error),
    #[error("the task was lost")]
    Lost(#[from] tokio::task::JoinError),
    #[error("the process ends")]
    Ending(#[from] tokio::sync::AcquireError),
}

impl Default for Passwords {
    fn default() -> Self {
        Self(Semaphore::new(AT_ONCE))
    }
}

impl Passwords {
    /// The hash to store.
    pub(crate) async fn hash(&self, password: String) -> Result<String, PasswordError> {
        let _permit = self.0.acquire().await?;
        tokio::task::spawn_blocking(move || hash(&password)).await?
    }

    /// Whether the password is the one of this hash. Without a hash it takes
    /// as long and says no, so that time does not tell who has an account.
    pub(crate) async fn matches(&self, password: String, stored: Option<String>) -> Result<bool, PasswordError> {
        let _permit = self.0.acquire().await?;
        let matches = tokio::task::spawn_blocking(move || match stored.as_deref().map(PasswordHash::new) {
            Some(Ok(stored)) => Ok(Argon2::default().verify_password(password.as_bytes(), &stored).is_ok()),
            Some(Err(_)) | None => hash(&password).map(|_| false),
        });
        matches.await?
    }
}

fn hash(password: &str) -> Result<String, PasswordError> {
    let hash: argon2::password_hash::phc::PasswordHash =
        Argon2::default().hash_password(password.as_bytes()).map_err(PasswordError::Hash)?;
    Ok(hash.to_string())
}
