//! A port that nobody else is given.

use std::io;
#[cfg(target_os = "linux")]
use std::os::fd::OwnedFd;

/// Keeps a port of 127.0.0.1 for a server, whether it runs or not.
///
/// While it does not run, connections are refused. On Linux no other process is given the port,
/// while one that asks for this very port, as the server does, can listen on it. Other systems do
/// not allow both, so that the port is not kept there.
#[derive(Debug)]
pub(crate) struct Reserved {
    port: u16,
    #[cfg(target_os = "linux")]
    _socket: OwnedFd,
}

impl Reserved {
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Keeps a free port.
    #[cfg(target_os = "linux")]
    pub(crate) fn any() -> io::Result<Self> {
        use std::net::{Ipv4Addr, SocketAddr};

        use rustix::net::{AddressFamily, SocketFlags, SocketType};

        let (family, kind) = (AddressFamily::INET, SocketType::STREAM);
        let socket = rustix::net::socket_with(family, kind, SocketFlags::CLOEXEC, None)?;
        rustix::net::sockopt::set_socket_reuseaddr(&socket, true)?;
        rustix::net::bind(&socket, &SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        let address = SocketAddr::try_from(rustix::net::getsockname(&socket)?)?;
        Ok(Self {
            port: address.port(),
            _socket: socket,
        })
    }

    /// Finds a free port.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn any() -> io::Result<Self> {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
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
        let server = TcpListener::bind(address).unwrap();
        assert!(TcpStream::connect(address).is_ok());
        drop(server);
        assert!(TcpStream::connect(address).is_err());
        // It is the same port's turn again, and still nobody else's.
        let server = TcpListener::bind(address).unwrap();
        assert!(TcpStream::connect(address).is_ok());
        drop((server, reserved));
    }
}
