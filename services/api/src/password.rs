//! Argon2id, a few at a time: each takes 19 MiB and a core for a while.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::{
        Error,
        phc::{Output, ParamsString, PasswordHash, Salt},
    },
};
use tokio::sync::oneshot;

/// Passwords that are worked on at once.
const AT_ONCE: usize = 2;
/// Passwords that may wait for that; it takes about a second until the last one's turn.
const WAITING: usize = 32;

type Job = Box<dyn FnOnce(&mut Hasher) + Send>;

/// Hashes and checks passwords, on threads of its own.
#[derive(Debug)]
pub(crate) struct Passwords(SyncSender<Job>);

/// A password could not be worked on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PasswordError {
    #[error("hashing failed: {0}")]
    Hash(#[from] Error),
    #[error("the thread was lost")]
    Lost(#[from] oneshot::error::RecvError),
    #[error("too many passwords wait to be worked on")]
    Busy,
}

impl Default for Passwords {
    fn default() -> Self {
        let (jobs, waiting) = sync_channel(WAITING);
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..AT_ONCE {
            let waiting = Arc::clone(&waiting);
            thread::spawn(move || work(&waiting));
        }
        Self(jobs)
    }
}

impl Passwords {
    /// The hash to store.
    pub(crate) async fn hash(&self, password: String) -> Result<String, PasswordError> {
        self.have_done(move |hasher| hasher.hash(&password)).await
    }

    /// Whether the password is the one of this hash. Without a hash it takes
    /// as long and says no, so that time does not tell who has an account.
    pub(crate) async fn matches(&self, password: String, stored: Option<String>) -> Result<bool, PasswordError> {
        self.have_done(move |hasher| match stored.as_deref().map(PasswordHash::new) {
            Some(Ok(stored)) => hasher.matches(&password, &stored),
            Some(Err(_)) | None => hasher.hash(&password).map(|_| false),
        })
        .await
    }

    async fn have_done<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Hasher) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let (done, answer) = oneshot::channel();
        let job = move |hasher: &mut Hasher| {
            // Whoever asked may be gone.
            if !done.is_closed() {
                let _ = done.send(job(hasher));
            }
        };
        self.0.try_send(Box::new(job)).map_err(|_| PasswordError::Busy)?;
        Ok(answer.await??)
    }
}

/// Works until nobody can ask any more.
fn work(waiting: &Mutex<Receiver<Job>>) {
    let mut hasher = Hasher::default();
    loop {
        let job = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match job {
            Ok(job) => job(&mut hasher),
            Err(_) => return,
        }
    }
}

/// Argon2id with memory that is used again: given back each time, the allocator keeps many times as much.
#[derive(Default)]
struct Hasher {
    memory: Vec<Block>,
}

impl Hasher {
    fn hash(&mut self, password: &str) -> Result<String, Error> {
        let (argon2, salt) = (Argon2::default(), Salt::generate());
        let hash = PasswordHash {
            algorithm: Algorithm::default().ident(),
            version: Some(Version::default().into()),
            params: ParamsString::try_from(argon2.params())?,
            salt: Some(salt),
            hash: Some(self.output(&argon2, password, &salt)?),
        };
        Ok(hash.to_string())
    }

    /// With the parameters of what is stored, which may be those of an older version.
    fn matches(&mut self, password: &str, stored: &PasswordHash) -> Result<bool, Error> {
        let (Some(salt), Some(expected)) = (&stored.salt, &stored.hash) else { return Ok(false) };
        let algorithm = Algorithm::try_from(stored.algorithm.as_str())?;
        let version = stored.version.map(Version::try_from).transpose()?.unwrap_or_default();
        let argon2 = Argon2::new(algorithm, version, Params::try_from(stored)?);
        // Compared in constant time.
        Ok(self.output(&argon2, password, salt)? == *expected)
    }

    fn output(&mut self, argon2: &Argon2<'_>, password: &str, salt: &Salt) -> Result<Output, Error> {
        let params = argon2.params();
        self.memory.resize(params.block_count(), Block::default());
        let mut bytes = [0; Output::MAX_LENGTH];
        let length = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
        let output = bytes.get_mut(..length).ok_or(Error::OutputSize)?;
        argon2.hash_password_into_with_memory(password.as_bytes(), salt, output, &mut self.memory)?;
        Ok(Output::new(output)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_too_much_is_refused_and_the_rest_is_answered() {
        let passwords = Passwords::default();
        let asked = (0..10 * WAITING).map(|_| passwords.matches("wrong".into(), None));
        let answers = futures_util::future::join_all(asked).await;
        let busy = answers.iter().filter(|answer| matches!(answer, Err(PasswordError::Busy))).count();
        let refused = answers.iter().filter(|answer| matches!(answer, Ok(false))).count();
        assert!(busy > 0 && refused >= WAITING && busy + refused == answers.len(), "{busy} {refused}");
        let hash = passwords.hash("right".into()).await.unwrap();
        assert!(passwords.matches("right".into(), Some(hash.clone())).await.unwrap(), "there is room again");
        assert!(!passwords.matches("wrong".into(), Some(hash)).await.unwrap());
    }

    #[test]
    fn what_the_library_has_hashed_is_recognised_and_the_other_way_round() {
        use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
        let theirs: PasswordHash = Argon2::default().hash_password(b"right").unwrap();
        let mut hasher = Hasher::default();
        assert!(hasher.matches("right", &theirs).unwrap());
        assert!(!hasher.matches("wrong", &theirs).unwrap());
        let ours = PasswordHash::new(&hasher.hash("right").unwrap()).unwrap();
        assert!(Argon2::default().verify_password(b"right", &ours).is_ok());
        assert!(Argon2::default().verify_password(b"wrong", &ours).is_err());
    }
}
