//! Looking for a nats-server that is there already.

use std::path::PathBuf;

use super::{NatsError, NatsServer, OLDEST, OVERRIDE, Version, install};

/// The one named in the environment, else one on the PATH, else the installed one.
///
/// # Errors
/// When the environment names one that cannot be used. One on the PATH that
/// cannot be used is passed over, and `tell` hears of it.
pub fn find(tell: &dyn Fn(&str)) -> Result<Option<NatsServer>, NatsError> {
    if let Some(named) = std::env::var_os(OVERRIDE) {
        return usable(PathBuf::from(named)).map(Some);
    }
    for path in which::which_all("nats-server").into_iter().flatten() {
        match usable(path) {
            Ok(found) => return Ok(Some(found)),
            Err(NatsError::Old { path, version }) => {
                tell(&format!("passing over {}: {version} is older than {OLDEST}", path.display()));
            }
            Err(error) => tell(&format!("passing over a nats-server: {error}")),
        }
    }
    Ok(install::installed()?.and_then(|path| usable(path).ok()))
}

pub(super) fn usable(path: PathBuf) -> Result<NatsServer, NatsError> {
    match Version::of(&path) {
        Ok(version) if version >= OLDEST => Ok(NatsServer { path, version }),
        Ok(version) => Err(NatsError::Old { path, version }),
        Err(reason) => Err(NatsError::Unusable { path, reason }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::executable;

    #[test]
    fn an_old_one_and_something_else_are_told_apart() {
        let home = tempfile::tempdir().unwrap();
        let (old, other) = (home.path().join("old"), home.path().join("other"));
        executable(&old, "echo 'nats-server: v2.9.10'");
        assert!(matches!(usable(old), Err(NatsError::Old { .. })));
        executable(&other, "echo hello");
        assert!(matches!(usable(other), Err(NatsError::Unusable { .. })));
        assert!(matches!(usable(PathBuf::from("/nowhere/nats-server")), Err(NatsError::Unusable { .. })));
    }
}
