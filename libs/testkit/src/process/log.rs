//! The end of a log.

use std::{
    fs::File,
    io::{Read as _, Seek as _, SeekFrom},
    path::Path,
};

/// As much of a log as is read for its tail.
const WINDOW: u64 = 16 * 1024;

/// The last lines of a file; what is wrong with it, if it cannot be read.
#[must_use]
pub fn tail(path: &Path, lines: usize) -> String {
    match end(path) {
        Ok(text) => {
            let all: Vec<&str> = text.lines().collect();
            all.iter().skip(all.len().saturating_sub(lines)).map(|line| format!("  {line}\n")).collect()
        }
        Err(error) => format!("  (cannot be read: {error})\n"),
    }
}

fn end(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(WINDOW)))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    #[test]
    fn only_the_last_lines_are_shown() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "one\ntwo\nthree\n").unwrap();
        assert_eq!(super::tail(file.path(), 2), "  two\n  three\n");
    }
}
