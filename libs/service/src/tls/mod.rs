//! Serving over TLS, with a certificate that may be renewed meanwhile.

mod certificate;
mod listener;

pub use certificate::Certificate;
pub use listener::TlsListener;
