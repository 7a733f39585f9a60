//! The worker's share of the disk, for all of its turns.

use std::{
    io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use tokio::fs::File;

/// See the module.
#[derive(Debug)]
pub struct Disk {
    directory: PathBuf,
    bytes: u64,
    used: AtomicU64,
    complained: AtomicBool,
}

impl Disk {
    /// At most this many bytes below this directory; with none, what finds no room in memory waits.
    #[must_use]
    pub fn new(directory: PathBuf, bytes: u64) -> Arc<Self> {
        Arc::new(Self { directory, bytes, used: AtomicU64::new(0), complained: AtomicBool::new(false) })
    }

    /// Bytes that are used now.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// Whether it may be used at all.
    pub(super) const fn is_allowed(&self) -> bool {
        self.bytes > 0
    }

    /// A file that only this process can open, and that is gone with it however it ends.
    pub(super) async fn file(&self) -> io::Result<File> {
        let directory = self.directory.clone();
        let made = tokio::task::spawn_blocking(move || tempfile::tempfile_in(directory)).await;
        Ok(File::from_std(made.map_err(io::Error::other)??))
    }

    pub(super) fn take(&self, bytes: u64) -> io::Result<()> {
        let add = |used: u64| used.checked_add(bytes).filter(|&sum| sum <= self.bytes);
        match self.used.try_update(Ordering::Relaxed, Ordering::Relaxed, add) {
            Ok(_) => Ok(()),
            Err(_) => Err(io::Error::new(io::ErrorKind::QuotaExceeded, "what the worker may keep there is used up")),
        }
    }

    pub(super) fn give_back(&self, bytes: u64) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// It takes nothing: told once, until it has taken something again.
    pub(super) fn refuses(&self, error: &io::Error) {
        if !self.complained.swap(true, Ordering::Relaxed) {
            let directory = self.directory.display();
            tracing::warn!(%error, %directory, "the disk takes no more of what waits for the broker: the backend waits");
        }
    }

    pub(super) fn accepts(&self) {
        self.complained.store(false, Ordering::Relaxed);
    }
}
