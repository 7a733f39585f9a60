//! The one file: a tar archive, compressed and perhaps sealed. The manifest comes first, so that whoever reads it knows
//! what must follow.

use std::{
    fs::{self, File},
    io::{self, BufRead as _, BufReader, Read, Write},
    path::{Path, PathBuf},
};

use data_encoding::HEXLOWER;
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use sha2::{Digest as _, Sha256};
use tar::{Archive, Builder, Header};
use tempfile::NamedTempFile;

use super::{
    BackupError,
    manifest::{FORMAT, Manifest, NAME, Part},
    seal::{self, Keys, Lock},
};

/// How a compressed file begins.
const GZIP: &[u8] = &[0x1f, 0x8b];
/// No manifest is as long.
const LONGEST: u64 = 16 << 20;
const BUFFER: usize = 256 * 1024;

/// What is known of a file in `directory` that is to be a part.
pub(super) fn part(directory: &Path, name: &str) -> Result<Part, BackupError> {
    let path = directory.join(name);
    let failed = |source| BackupError::File { path: path.clone(), source };
    let mut sink = Counted::new(io::sink());
    io::copy(&mut File::open(&path).map_err(failed)?, &mut sink).map_err(failed)?;
    Ok(sink.part(name))
}

/// Writes a backup of the manifest's parts in `directory`; it is at `to` once it is whole.
pub(super) fn write(to: &Path, lock: &Lock, manifest: &Manifest, directory: &Path) -> Result<u64, BackupError> {
    let failed = |source| BackupError::File { path: to.to_owned(), source };
    let beside = to.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // For its owner alone, as it is made.
    let mut half = tempfile::Builder::new().prefix(".muster-backup-").tempfile_in(beside).map_err(failed)?;
    fill(&mut half, lock, manifest, directory).map_err(failed)?;
    half.as_file().sync_all().map_err(failed)?;
    let bytes = half.as_file().metadata().map_err(failed)?.len();
    half.persist_noclobber(to).map_err(|error| failed(error.error))?;
    File::open(beside).and_then(|directory| directory.sync_all()).map_err(failed)?;
    Ok(bytes)
}

fn fill(half: &mut NamedTempFile, lock: &Lock, manifest: &Manifest, directory: &Path) -> io::Result<()> {
    // The broker's part is compressed already.
    let mut archive = Builder::new(GzEncoder::new(lock.seal(half)?, Compression::fast()));
    let text = serde_json::to_vec_pretty(manifest)?;
    archive.append_data(&mut header(text.len() as u64), NAME, text.as_slice())?;
    for part in manifest.parts() {
        let file = File::open(directory.join(&part.name))?;
        archive.append_data(&mut header(part.bytes), &part.name, BufReader::with_capacity(BUFFER, file))?;
    }
    archive.into_inner()?.finish()?.finish()?.flush()
}

fn header(bytes: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_size(bytes);
    header.set_mode(0o600);
    header
}

/// Reads a backup into `directory`, all of it, and checks that it is what its maker wrote.
pub(super) fn read(from: &Path, keys: &Keys, directory: &Path) -> Result<Manifest, BackupError> {
    let failed = |source| BackupError::File { path: from.to_owned(), source };
    let mut file = BufReader::with_capacity(BUFFER, File::open(from).map_err(failed)?);
    let begin = file.fill_buf().map_err(failed)?;
    let (sealed, compressed) = (begin.starts_with(seal::MAGIC), begin.starts_with(GZIP));
    let file: Box<dyn Read> = match (sealed, compressed) {
        (true, _) => keys.open(file)?,
        (false, true) => Box::new(file),
        (false, false) => return Err(BackupError::Foreign),
    };
    let mut archive = Archive::new(GzDecoder::new(BufReader::with_capacity(BUFFER, file)));
    let mut entries = archive.entries().map_err(damaged)?;
    let mut next = || -> Result<_, BackupError> {
        let Some(entry) = entries.next() else { return Ok(None) };
        let entry = entry.map_err(damaged)?;
        let name = entry.path().map_err(damaged)?.to_string_lossy().into_owned();
        Ok(Some((name, entry)))
    };
    let manifest = match next() {
        Ok(Some((name, entry))) if name == NAME => manifest(entry)?,
        Ok(_) => return Err(BackupError::Foreign),
        Err(error) => return Err(error),
    };
    for part in manifest.parts() {
        if !part.is_plain() {
            return Err(BackupError::Damaged(format!("it names a part {:?}", part.name)));
        }
        match next()? {
            Some((name, entry)) if name == part.name => unpack(entry, part, directory.join(&part.name))?,
            _ => return Err(BackupError::Damaged(format!("{} is missing", part.name))),
        }
    }
    if next()?.is_some() {
        return Err(BackupError::Damaged("there is something behind its end".to_owned()));
    }
    // The seal's and the compression's own checks are at the very end.
    io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(damaged)?;
    Ok(manifest)
}

fn manifest(entry: impl Read) -> Result<Manifest, BackupError> {
    #[derive(serde::Deserialize)]
    struct Format {
        format: u32,
        muster: String,
    }
    let mut text = Vec::new();
    entry.take(LONGEST).read_to_end(&mut text).map_err(damaged)?;
    let unreadable = |error: serde_json::Error| BackupError::Damaged(format!("its manifest: {error}"));
    let Format { format, muster } = serde_json::from_slice(&text).map_err(unreadable)?;
    if format != FORMAT {
        return Err(BackupError::Format { format, muster });
    }
    serde_json::from_slice(&text).map_err(unreadable)
}

fn unpack(mut entry: impl Read, part: &Part, to: PathBuf) -> Result<(), BackupError> {
    let failed = |source| BackupError::File { path: to.clone(), source };
    let mut file = Counted::new(fs::File::create_new(&to).map_err(failed)?);
    let mut buffer = vec![0; BUFFER];
    loop {
        let read = entry.read(&mut buffer).map_err(damaged)?;
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
        file.write_all(bytes).map_err(failed)?;
    }
    file.to.sync_all().map_err(failed)?;
    let found = file.part(&part.name);
    if (found.bytes, &found.sha256) == (part.bytes, &part.sha256) {
        Ok(())
    } else {
        Err(BackupError::Damaged(format!("{} is not what was written", part.name)))
    }
}

fn damaged(error: io::Error) -> BackupError {
    BackupError::Damaged(error.to_string())
}

/// Counts and hashes what goes through it.
struct Counted<W> {
    to: W,
    bytes: u64,
    hash: Sha256,
}

impl<W> Counted<W> {
    fn new(to: W) -> Self {
        Self { to, bytes: 0, hash: Sha256::new() }
    }

    fn part(self, name: &str) -> Part {
        Part { name: name.to_owned(), bytes: self.bytes, sha256: HEXLOWER.encode(&self.hash.finalize()) }
    }
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.hash.update(bytes.get(..written).unwrap_or_default());
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}
