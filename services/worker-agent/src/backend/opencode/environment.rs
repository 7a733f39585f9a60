//! What opencode gets to see of the worker's environment: what it needs to work
//! and the keys of its providers, and nothing that is Muster's.

use std::{ffi::OsString, path::PathBuf};

/// Taken over as they are.
const NAMES: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LANGUAGE",
    "TERM",
    "COLORTERM",
    "TMPDIR",
    "TZ",
    "EDITOR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "all_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NODE_EXTRA_CA_CERTS",
    "SSH_AUTH_SOCK",
    "GH_TOKEN",
    "GITHUB_TOKEN",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GOOGLE_CLOUD_PROJECT",
    "VERTEX_LOCATION",
    "HF_TOKEN",
    "CLOUDFLARE_API_TOKEN",
    "CLOUDFLARE_ACCOUNT_ID",
    "GITLAB_TOKEN",
    "CARGO_HOME",
    "RUSTUP_HOME",
    "GOPATH",
    "GOROOT",
    "JAVA_HOME",
    "NVM_DIR",
    "PYENV_ROOT",
    "VIRTUAL_ENV",
];

/// Taken over when they begin so.
const PREFIXES: &[&str] = &["LC_", "XDG_", "OPENCODE_", "AWS_", "AZURE_", "AICORE_"];

/// Taken over when they end so: how providers call their keys.
const SUFFIXES: &[&str] = &["_API_KEY"];

/// Whether a variable is passed on.
pub(super) fn allowed(name: &str) -> bool {
    !name.starts_with("MUSTER_")
        && (NAMES.contains(&name)
            || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
            || SUFFIXES.iter().any(|suffix| name.ends_with(suffix)))
}

/// Where an opencode with this environment keeps its data (XDG Base Directory Specification).
pub(super) fn data_directory(environment: &[(OsString, OsString)]) -> Option<PathBuf> {
    let absolute = |name: &str| {
        let value = environment.iter().find(|(key, _)| key == name).map(|(_, value)| PathBuf::from(value));
        value.filter(|path| path.is_absolute())
    };
    let data = absolute("XDG_DATA_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/share")));
    data.map(|data| data.join("opencode"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_providers_pass_and_muster_s_own_do_not() {
        for name in ["PATH", "HOME", "LC_ALL", "XDG_DATA_HOME", "OPENCODE_CONFIG", "ANTHROPIC_API_KEY", "AWS_REGION"] {
            assert!(allowed(name), "{name}");
        }
        for name in ["MUSTER_WORKER_TOKEN", "MUSTER_API_KEY", "DATABASE_URL", "PGPASSWORD", "LD_PRELOAD"] {
            assert!(!allowed(name), "{name}");
        }
    }
}
