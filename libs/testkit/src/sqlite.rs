//! A SQLite database for one test.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A directory with a database that is gone when this is dropped.
#[derive(Debug)]
pub struct Sqlite {
    directory: TempDir,
}

impl Sqlite {
    /// An empty one.
    ///
    /// # Errors
    /// When no directory can be made.
    pub fn new() -> std::io::Result<Self> {
        Ok(Self { directory: tempfile::Builder::new().prefix("muster-sqlite-").tempdir()? })
    }

    /// What a service's `database_url` is to be.
    #[must_use]
    pub fn url(&self) -> String {
        url(&self.file())
    }

    /// The file.
    #[must_use]
    pub fn file(&self) -> PathBuf {
        self.directory.path().join("database.db")
    }
}

/// What a service's `database_url` is to be for this file.
#[must_use]
pub fn url(file: &Path) -> String {
    let mut url = String::from("sqlite:");
    for character in file.to_string_lossy().chars() {
        // The driver reads these as a part of an address.
        match character {
            '%' => url.push_str("%25"),
            '?' => url.push_str("%3F"),
            '#' => url.push_str("%23"),
            other => url.push(other),
        }
    }
    url
}
