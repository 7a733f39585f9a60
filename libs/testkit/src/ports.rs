//! Ports for what others find again after it was killed and started anew, and for what has to be told its own.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpStream},
    ops::Range,
};

/// Below those that a system hands out itself, from 32768 (Linux) or 49152: nobody gets one of these by chance while
/// nothing listens there.
const LASTING: Range<u16> = 10_000..32_768;

/// An address of loopback that is free, and stays so until somebody asks for just this one.
///
/// Nobody answers there: that is what is tried. Had it been listened on for a moment, a process that another thread starts
/// just then would go on doing so until it is what it is to become.
///
/// # Errors
/// When this computer does not let us connect.
pub fn lasting() -> io::Result<SocketAddr> {
    loop {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, rand::random_range(LASTING)));
        match TcpStream::connect(address) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => return Ok(address),
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn it_is_none_that_a_system_hands_out_and_none_that_is_taken() {
        let held: Vec<_> = (0..200).map(|_| TcpListener::bind(lasting().unwrap()).unwrap()).collect();
        assert!(held.iter().all(|listener| LASTING.contains(&listener.local_addr().unwrap().port())));
    }
}
