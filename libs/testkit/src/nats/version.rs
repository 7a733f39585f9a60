//! What a nats-server says of its version.

use std::{fmt, path::Path, process::Command};

/// A release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// Breaking.
    pub major: u32,
    /// New.
    pub minor: u32,
    /// Mended.
    pub patch: u32,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl Version {
    /// Reads `nats-server: v2.15.1`; a suffix such as `-RC.1` is passed over.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let number = text.trim().strip_prefix("nats-server:")?.trim().trim_start_matches('v');
        let mut parts = number.split(['.', '-', '+']).map(|part| part.parse::<u32>().ok());
        Some(Self { major: parts.next()??, minor: parts.next()??, patch: parts.next().flatten().unwrap_or(0) })
    }

    /// Asks the program itself.
    pub(super) fn of(program: &Path) -> Result<Self, String> {
        let output = Command::new(program).arg("--version").output().map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(&output.stdout);
        Self::parse(&text).ok_or_else(|| format!("--version answers {:?}", text.trim()))
    }
}

#[cfg(test)]
mod tests {
    use super::Version;

    #[test]
    fn releases_and_candidates_are_understood_and_nothing_else() {
        let version = |major, minor, patch| Some(Version { major, minor, patch });
        assert_eq!(Version::parse("nats-server: v2.15.1\n"), version(2, 15, 1));
        assert_eq!(Version::parse("nats-server: v2.16.0-RC.2"), version(2, 16, 0));
        assert_eq!(Version::parse("nats-server: 2.9.10"), version(2, 9, 10));
        assert_eq!(Version::parse("nginx version: 1.2.3"), None);
        assert!(Version::parse("nats-server: v2.9.10") < Version::parse("nats-server: v2.12.0"));
    }
}
