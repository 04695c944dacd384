//! A port that nobody listens on and nobody else is given.

use std::io;
#[cfg(target_os = "linux")]
use std::os::fd::OwnedFd;

/// Keeps a port of 127.0.0.1 for a server that is not running.
///
/// Connections are refused. On Linux no other process is given the port, while one that asks for
/// this very port, as the server does, can listen on it. Other systems do not allow both, so that
/// the port is not kept there.
#[derive(Debug)]
pub(crate) struct Reserved {
    port: u16,
    #[cfg(target_os = "linux")]
    _socket: OwnedFd,
}

impl Reserved {
    /// Keeps a free port.
    pub(crate) fn any() -> io::Result<Self> {
        Self::bind(0)
    }

    /// Keeps this port, which has just become free.
    pub(crate) fn again(port: u16) -> io::Result<Self> {
        Self::bind(port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    #[cfg(target_os = "linux")]
    fn bind(port: u16) -> io::Result<Self> {
        use std::net::{Ipv4Addr, SocketAddr};

        use rustix::net::{AddressFamily, SocketFlags, SocketType};

        let (family, kind) = (AddressFamily::INET, SocketType::STREAM);
        let socket = rustix::net::socket_with(family, kind, SocketFlags::CLOEXEC, None)?;
        rustix::net::sockopt::set_socket_reuseaddr(&socket, true)?;
        rustix::net::bind(&socket, &SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
        let address = SocketAddr::try_from(rustix::net::getsockname(&socket)?)?;
        Ok(Self {
            port: address.port(),
            _socket: socket,
        })
    }

    #[cfg(not(target_os = "linux"))]
    fn bind(port: u16) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind(("127.0.0.1", port))?;
        let port = listener.local_addr()?.port();
        Ok(Self { port })
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::Reserved;

    #[test]
    fn a_reserved_port_refuses_until_its_server_listens() {
        let reserved = Reserved::any().unwrap();
        let address = ("127.0.0.1", reserved.port());
        assert!(TcpStream::connect(address).is_err());
        // The port is never free, so that no other process can take it meanwhile.
        let again = Reserved::again(address.1).unwrap();
        drop(reserved);
        assert_eq!(again.port(), address.1);
        let server = TcpListener::bind(address).unwrap();
        assert!(TcpStream::connect(address).is_ok());
        drop(server);
        assert!(TcpStream::connect(address).is_err());
    }
}
