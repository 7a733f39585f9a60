//! The worker-agents that this server gives away: files `muster-worker-agent-<os>-<processor>` in one directory.

use std::{
    collections::HashMap,
    fmt,
    fs::File,
    io::{self, BufRead as _, BufReader},
    path::{Path, PathBuf},
    str::FromStr,
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use sha2::{Digest as _, Sha256};

/// What the names of the files begin with.
const NAME: &str = "muster-worker-agent-";
/// Characters of a target at most.
const TARGET: usize = 40;

/// Bytes that are read at once.
const PIECE: usize = 256 * 1024;

/// A kind of machine, as Rust names operating systems and processors: `linux-x86_64`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Target(String);

/// It is no kind of machine.
#[derive(Debug, thiserror::Error)]
#[error("a kind of machine is <os>-<processor>, such as linux-x86_64")]
pub(crate) struct NoTarget;

impl FromStr for Target {
    type Err = NoTarget;

    fn from_str(text: &str) -> Result<Self, NoTarget> {
        let word = |text: &str| {
            !text.is_empty()
                && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        };
        match text.split_once('-') {
            Some((os, processor)) if word(os) && word(processor) && text.len() <= TARGET => Ok(Self(text.to_owned())),
            _ => Err(NoTarget),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// One program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Program {
    pub(crate) target: Target,
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
    /// In lower-case hex.
    pub(crate) sha256: String,
}

impl Program {
    /// Its SHA-256.
    pub(crate) fn digest(&self) -> Vec<u8> {
        data_encoding::HEXLOWER.decode(self.sha256.as_bytes()).unwrap_or_default()
    }
}

/// The directory. A file may be replaced while we run: it is read again when its time or size is another.
#[derive(Debug, Clone)]
pub(crate) struct Downloads {
    directory: PathBuf,
    known: Arc<Mutex<HashMap<Target, Known>>>,
}

#[derive(Debug, Clone)]
struct Known {
    changed: Option<SystemTime>,
    program: Program,
}

impl Downloads {
    pub(crate) fn of(directory: &Path) -> Self {
        Self { directory: directory.to_owned(), known: Arc::default() }
    }

    /// All of them, by name.
    ///
    /// # Errors
    /// When the directory or a file cannot be read.
    pub(crate) async fn programs(&self) -> io::Result<Vec<Program>> {
        let mut entries = tokio::fs::read_dir(&self.directory).await?;
        let mut programs = Vec::new();
        while let Some(entry) = entries.next_entry().await? {
            let name = entry.file_name();
            let target = name.to_str().and_then(|name| name.strip_prefix(NAME)?.parse().ok());
            if let Some(target) = target
                && let Some(program) = self.program(&target).await?
            {
                programs.push(program);
            }
        }
        programs.sort_by(|one, other| one.target.cmp(&other.target));
        Ok(programs)
    }

    /// The one for a kind of machine, if there is one.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(crate) async fn program(&self, target: &Target) -> io::Result<Option<Program>> {
        let path = self.directory.join(format!("{NAME}{target}"));
        let found = match tokio::fs::metadata(&path).await {
            Ok(found) if found.is_file() => found,
            Ok(_) => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let changed = found.modified().ok();
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(target).cloned();
        if let Some(known) = known.filter(|known| known.changed == changed && known.program.bytes == found.len()) {
            return Ok(Some(known.program));
        }
        let file = path.clone();
        let sha256 = tokio::task::spawn_blocking(move || hash(&file)).await.map_err(io::Error::other)??;
        let program = Program { target: target.clone(), path, bytes: found.len(), sha256 };
        let known = Known { changed, program: program.clone() };
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(target.clone(), known);
        Ok(Some(program))
    }
}

fn hash(file: &Path) -> io::Result<String> {
    let (mut sum, mut file) = (Sha256::new(), BufReader::with_capacity(PIECE, File::open(file)?));
    loop {
        let piece = file.fill_buf()?;
        let read = piece.len();
        if read == 0 {
            break;
        }
        sum.update(piece);
        file.consume(read);
    }
    Ok(data_encoding::HEXLOWER.encode(&sum.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_two_plain_words() {
        for text in ["linux-x86_64", "macos-aarch64", "linux-riscv64gc"] {
            assert_eq!(text.parse::<Target>().unwrap().to_string(), text);
        }
        let long = format!("linux-{}", "x".repeat(TARGET));
        for text in ["", "linux", "linux-", "-x86", "../etc-passwd", "linux-x86/../..", "Linux-x86", "a-b-c", &long] {
            assert!(text.parse::<Target>().is_err(), "{text}");
        }
    }

    #[tokio::test]
    async fn a_program_that_is_replaced_is_hashed_anew_and_other_files_are_none() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("muster-worker-agent-linux-x86_64");
        std::fs::write(&file, "one").unwrap();
        std::fs::write(directory.path().join("notes.txt"), "").unwrap();
        std::fs::create_dir(directory.path().join("muster-worker-agent-linux-aarch64")).unwrap();
        let downloads = Downloads::of(directory.path());
        let first = downloads.programs().await.unwrap();
        assert_eq!(first.iter().map(|program| program.target.to_string()).collect::<Vec<_>>(), ["linux-x86_64"]);
        std::fs::write(&file, "another").unwrap();
        let second = downloads.programs().await.unwrap();
        assert_eq!((first[0].bytes, second[0].bytes), (3, 7));
        assert_ne!(first[0].sha256, second[0].sha256);
        assert_eq!(second[0].digest().len(), 32);
        std::fs::remove_file(&file).unwrap();
        assert_eq!(downloads.programs().await.unwrap(), []);
    }
}
