//! A file that is there whole or not at all, whatever happens meanwhile, and for its owner alone.

use std::{
    fs::File,
    io::{self, Write as _},
    path::Path,
};

use tempfile::NamedTempFile;

/// Puts it in the place of what is there, in one step; open behind its end. Where that fails nothing has changed.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<File> {
    let directory = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    // Its mode is 0600.
    let mut beside = NamedTempFile::new_in(directory)?;
    beside.write_all(bytes)?;
    beside.as_file().sync_all()?;
    let file = beside.persist(path)?;
    // Its name, too, survives a power cut.
    File::open(directory)?.sync_all()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    #[test]
    fn a_file_is_replaced_in_one_step_and_goes_on_behind_its_end() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        fs::write(&path, "what was there, and longer").unwrap();
        let mut file = write(&path, b"one").unwrap();
        file.write_all(b", two").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "one, two");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        fs::create_dir(directory.path().join("taken")).unwrap();
        assert!(write(&directory.path().join("taken"), b"x").is_err());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2, "nothing is left beside them");
    }
}
