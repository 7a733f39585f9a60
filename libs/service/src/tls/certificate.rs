//! The certificate that is shown: read at the start, and again once its files have changed.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use rustls::{
    ServerConfig,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use tokio_util::sync::CancellationToken;

use crate::config::ConfigError;

/// How often the files are looked at: a renewal may take this long to be seen.
const LOOK: Duration = Duration::from_secs(5);

/// A certificate with its key, and the files that both are in. Cloning shares it.
#[derive(Debug, Clone)]
pub struct Certificate(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    files: Files,
    provider: Arc<CryptoProvider>,
    current: RwLock<Arc<CertifiedKey>>,
}

#[derive(Debug)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

impl Certificate {
    /// Reads it, if `tls_cert_file` and `tls_key_file` are set.
    ///
    /// # Errors
    /// When only one of them is, a file cannot be used, or they do not belong together.
    pub fn configured(certificate: Option<&Path>, key: Option<&Path>) -> Result<Option<Self>, ConfigError> {
        let files = match (certificate, key) {
            (Some(certificate), Some(key)) => Files { certificate: certificate.to_owned(), key: key.to_owned() },
            (None, None) => return Ok(None),
            (Some(_), None) => return Err(alone("tls_cert_file", "tls_key_file")),
            (None, Some(_)) => return Err(alone("tls_key_file", "tls_cert_file")),
        };
        let provider = Arc::new(aws_lc_rs::default_provider());
        let current = RwLock::new(Arc::new(files.read(&provider)?));
        Ok(Some(Self(Arc::new(Inner { files, provider, current }))))
    }

    /// For a listener that offers HTTP/2 and HTTP/1.1.
    ///
    /// # Errors
    /// When the library has no version of TLS.
    pub(super) fn http(&self) -> Result<ServerConfig, rustls::Error> {
        let builder = ServerConfig::builder_with_provider(Arc::clone(&self.0.provider));
        let builder = builder.with_safe_default_protocol_versions()?.with_no_client_auth();
        let mut config = builder.with_cert_resolver(Arc::<Inner>::clone(&self.0));
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }

    /// Takes what the files have become, until `stop`. What cannot be used is told once, and the
    /// certificate before it stays.
    pub async fn keep_current(self, stop: CancellationToken) {
        let mut told = None;
        loop {
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = stop.cancelled() => return,
            }
            let inner = Arc::clone(&self.0);
            let Ok(looked) = tokio::task::spawn_blocking(move || inner.look()).await else { continue };
            let problem = looked.err().map(|error| error.to_string());
            if let Some(problem) = problem.as_ref().filter(|&problem| told.as_ref() != Some(problem)) {
                tracing::warn!(problem, "the renewed certificate cannot be used; the one before stays");
            }
            told = problem;
        }
    }
}

impl Inner {
    fn look(&self) -> Result<(), ConfigError> {
        let found = self.files.read(&self.provider)?;
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if current.cert != found.cert {
            *current = Arc::new(found);
            tracing::info!("the certificate was renewed");
        }
        Ok(())
    }
}

impl ResolvesServerCert for Inner {
    fn resolve(&self, _asked: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl Files {
    fn read(&self, provider: &CryptoProvider) -> Result<CertifiedKey, ConfigError> {
        let chain = CertificateDer::pem_file_iter(&self.certificate)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| unreadable("tls_cert_file", &self.certificate, error.to_string()))?;
        if chain.is_empty() {
            return Err(unreadable("tls_cert_file", &self.certificate, "it holds no certificate in PEM".to_owned()));
        }
        let key = PrivateKeyDer::from_pem_file(&self.key)
            .map_err(|error| unreadable("tls_key_file", &self.key, error.to_string()))?;
        CertifiedKey::from_der(chain, key, provider).map_err(|error| {
            let (key, certificate) = (self.key.display(), self.certificate.display());
            ConfigError::Invalid(format!(
                "tls_key_file {key} is not the key of the certificate in tls_cert_file {certificate}: {error}"
            ))
        })
    }
}

fn alone(set: &str, missing: &str) -> ConfigError {
    ConfigError::Invalid(format!("{set} is set and {missing} is not: TLS needs both"))
}

fn unreadable(key: &'static str, path: &Path, reason: String) -> ConfigError {
    ConfigError::Unreadable { key, path: path.display().to_string(), reason }
}

#[cfg(test)]
mod tests {
    use muster_testkit::certificates::Authority;

    use super::*;

    #[test]
    fn both_files_or_neither_and_they_must_belong_together() {
        let home = tempfile::tempdir().unwrap();
        let authority = Authority::new(home.path());
        let (one, other) = (authority.certificate("one"), authority.certificate("other"));
        let configured = |certificate: Option<&str>, key: Option<&str>| {
            Certificate::configured(certificate.map(Path::new), key.map(Path::new)).map(|found| found.is_some())
        };
        assert!(!configured(None, None).unwrap());
        assert!(configured(Some(&one.certificate), Some(&one.key)).unwrap());
        for (certificate, key, word) in [
            (Some(one.certificate.as_str()), None, "tls_key_file"),
            (None, Some(one.key.as_str()), "tls_cert_file"),
            (Some("/nowhere"), Some(one.key.as_str()), "tls_cert_file /nowhere"),
            (Some(one.certificate.as_str()), Some("/nowhere"), "tls_key_file /nowhere"),
            (Some(one.certificate.as_str()), Some(other.key.as_str()), "is not the key"),
            (Some(one.key.as_str()), Some(one.key.as_str()), "tls_cert_file"),
        ] {
            let error = configured(certificate, key).unwrap_err().to_string();
            assert!(error.contains(word), "{word}: {error}");
            assert!(!error.contains("PRIVATE"), "{error}");
        }
    }

    #[test]
    fn a_renewed_certificate_is_taken_and_half_a_renewal_is_not() {
        let home = tempfile::tempdir().unwrap();
        let authority = Authority::new(home.path());
        let files = authority.certificate("page");
        let served = Certificate::configured(Some(files.certificate.as_ref()), Some(files.key.as_ref()));
        let served = served.unwrap().unwrap();
        let shown = || served.0.current.read().unwrap().cert.clone();
        let first = shown();
        let next = authority.certificate("next");
        std::fs::copy(&next.certificate, &files.certificate).unwrap();
        assert!(served.0.look().is_err());
        assert_eq!(shown(), first);
        std::fs::copy(&next.key, &files.key).unwrap();
        served.0.look().unwrap();
        assert_ne!(shown(), first);
    }
}
