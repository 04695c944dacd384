//! From a name to addresses. Every address that is dialled passes through here.

use std::io;
use std::net::SocketAddr;

/// Returns all addresses of `host`, in the order in which the system prefers them.
///
/// # Errors
///
/// Returns an error if the name cannot be resolved or has no address.
pub(super) async fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let addresses: Vec<_> = tokio::net::lookup_host((host, port)).await?.collect();
    if addresses.is_empty() {
        let message = "the name has no address";
        return Err(io::Error::new(io::ErrorKind::NotFound, message));
    }
    Ok(addresses)
}
