//! Which address to listen on.

use std::net::{SocketAddr, TcpListener};

/// Why there is no address.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PortError {
    /// Somebody else has it.
    #[error("{address} is taken by another program; give {flag} another address, or port 0 for any free port")]
    Taken {
        /// Which.
        address: SocketAddr,
        /// What chooses it.
        flag: &'static str,
    },
    /// It is none of this computer's, or not allowed.
    #[error("cannot listen on {address} ({flag}): {source}")]
    Unusable {
        /// Which.
        address: SocketAddr,
        /// What chooses it.
        flag: &'static str,
        /// Why.
        source: std::io::Error,
    },
}

/// An address to listen on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Choice {
    /// Port 0 stands for any free one.
    pub(crate) address: SocketAddr,
    /// The default was taken.
    pub(crate) moved: bool,
}

/// The address that was asked for, which must be free; else the default, or a
/// free port of it.
pub(crate) fn choose(asked: Option<SocketAddr>, default: SocketAddr, flag: &'static str) -> Result<Choice, PortError> {
    let address = asked.unwrap_or(default);
    match TcpListener::bind(address) {
        Ok(_) => Ok(Choice { address, moved: false }),
        Err(source) if source.kind() == std::io::ErrorKind::AddrInUse => match asked {
            Some(address) => Err(PortError::Taken { address, flag }),
            None => Ok(Choice { address: SocketAddr::new(address.ip(), 0), moved: true }),
        },
        Err(source) => Err(PortError::Unusable { address, flag, source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_default_moves_on_and_a_taken_wish_is_refused() {
        let other = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let taken = other.local_addr().unwrap();
        let choice = choose(None, taken, "--listen").unwrap();
        assert!(choice.moved && choice.address.port() == 0);
        assert!(matches!(choose(Some(taken), taken, "--listen"), Err(PortError::Taken { .. })));
    }

    #[test]
    fn an_address_of_another_computer_is_refused() {
        let foreign = Some("192.0.2.1:80".parse().unwrap());
        assert!(matches!(choose(foreign, ([127, 0, 0, 1], 0).into(), "--listen"), Err(PortError::Unusable { .. })));
    }
}
