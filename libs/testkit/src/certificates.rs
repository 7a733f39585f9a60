//! An authority of one test, and certificates for this computer that it has signed.
#![expect(clippy::panic, reason = "tests only: each failure says what was expected and what came")]

use std::{
    fmt::Display,
    fs,
    path::{Path, PathBuf},
};

use muster_contracts::broker::Tls;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

/// An authority that nobody trusts by itself.
#[derive(Debug)]
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    home: PathBuf,
}

impl Authority {
    /// A new one, with its certificate in `home`.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn new(home: &Path) -> Self {
        let mut params = must(CertificateParams::new([]));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // Another name than what it signs has: that would have signed itself.
        params.distinguished_name.push(DnType::CommonName, "an authority of tests");
        let issuer = must(CertifiedIssuer::self_signed(params, must(KeyPair::generate())));
        must(fs::create_dir_all(home));
        let authority = Self { issuer, home: home.to_owned() };
        must(fs::write(authority.file(), authority.issuer.pem()));
        authority
    }

    /// Its own certificate, to be trusted.
    #[must_use]
    pub fn file(&self) -> PathBuf {
        self.home.join("authority.pem")
    }

    /// A new certificate for this computer, `NAME.pem` and `NAME.key`; one of that name is replaced.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn certificate(&self, name: &str) -> Tls {
        let key = must(KeyPair::generate());
        let params = must(CertificateParams::new(["localhost".to_owned(), "127.0.0.1".to_owned()]));
        let certificate = must(params.signed_by(&key, &self.issuer));
        let [pem, key_file] = ["pem", "key"].map(|kind| self.home.join(format!("{name}.{kind}")));
        must(fs::write(&pem, certificate.pem()));
        must(fs::write(&key_file, key.serialize_pem()));
        Tls { certificate: pem.display().to_string(), key: key_file.display().to_string() }
    }
}

fn must<T, E: Display>(result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("a certificate cannot be made: {error}"),
    }
}
