//! The worker-agent that the page gives to other computers of this one's kind.

use std::{
    env::consts::{ARCH, OS},
    fs, io,
    os::unix::fs::symlink,
    path::PathBuf,
};

use muster_testkit::binaries;

use super::UpError;
use crate::data_dir::DataDir;

/// Where the api looks for programs.
pub(super) const VARIABLE: &str = "MUSTER_DOWNLOADS_DIR";

/// A directory with the program that was built just now, and any others that were put there.
pub(super) fn directory(data: &DataDir) -> Result<PathBuf, UpError> {
    let directory = data.path().join("programs");
    let ours = directory.join(format!("muster-worker-agent-{OS}-{ARCH}"));
    let failed = || UpError::io(format!("making {}", ours.display()));
    fs::create_dir_all(&directory).map_err(failed())?;
    match fs::remove_file(&ours) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed()(error)),
        _ => symlink(binaries::find("muster-worker-agent")?, &ours).map_err(failed())?,
    }
    Ok(directory)
}
