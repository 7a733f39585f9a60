//! Whose certificates are trusted; and which was not, since the client only says that it cannot connect.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _},
};

/// Certificates that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the certificates in {} cannot be used: {reason}", .file.display())]
pub struct CertificatesError {
    /// Where they are.
    pub file: PathBuf,
    /// Why.
    pub reason: String,
}

/// Why the broker's certificate was refused last, if it was.
#[derive(Debug, Clone, Default)]
pub(crate) struct Refused(Arc<Mutex<Option<String>>>);

impl Refused {
    pub(crate) fn reason(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes what became of a certificate. A client tries again and again: it is told once.
    fn note(&self, reason: Option<String>) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reason) = reason.as_ref().filter(|&reason| last.as_ref() != Some(reason)) {
            tracing::warn!(reason, "the broker's certificate is not trusted");
        }
        *last = reason;
    }
}

/// Trusts the system's authorities and those in `file`. None: nobody is there to be trusted.
pub(crate) fn client(file: Option<&Path>, refused: &Refused) -> Result<Option<ClientConfig>, CertificatesError> {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    for error in system.errors {
        tracing::debug!(%error, "an authority of the system cannot be read");
    }
    roots.add_parsable_certificates(system.certs);
    if let Some(file) = file {
        let unusable = |reason: String| CertificatesError { file: file.to_owned(), reason };
        for certificate in read(file)? {
            roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
        }
    }
    if roots.is_empty() {
        return Ok(None);
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let webpki = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build();
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let (Ok(inner), Ok(builder)) = (webpki, builder) else { return Ok(None) };
    // "Dangerous" is to decide oneself; this one lets webpki decide, and listens.
    let verifier = Arc::new(Listening { inner, refused: refused.clone() });
    Ok(Some(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth()))
}

fn read(file: &Path) -> Result<Vec<CertificateDer<'static>>, CertificatesError> {
    let unusable = |reason: String| CertificatesError { file: file.to_owned(), reason };
    let certificates = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unusable(error.to_string()))?;
    if certificates.is_empty() {
        return Err(unusable("it holds no certificate in PEM".to_owned()));
    }
    Ok(certificates)
}

#[derive(Debug)]
struct Listening {
    inner: Arc<WebPkiServerVerifier>,
    refused: Refused,
}

impl ServerCertVerifier for Listening {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified = self.inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        self.refused.note(verified.as_ref().err().map(|error| format!("{}: {error}", server_name.to_str())));
        verified
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_certificate_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let empty = home.path().join("empty.pem");
        std::fs::write(&empty, "").unwrap();
        let broken = home.path().join("broken.pem");
        std::fs::write(&broken, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
        for file in [empty, broken, home.path().join("nowhere.pem")] {
            assert!(client(Some(&file), &Refused::default()).is_err(), "{}", file.display());
        }
    }
}
