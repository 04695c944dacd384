//! From a name to addresses. Every address that is dialled passes through here.

use std::net::SocketAddr;

use redis::RedisError;

use super::admission::{admit_addresses, admit_name};
use super::failure::Failure;
use crate::settings::policy::Policy;

/// Returns the addresses of `host` that the policy allows, in the order in which the system prefers
/// them. They are dialled as they are: the name is not looked up again.
///
/// # Errors
///
/// Returns an error if the name cannot be resolved, or has no allowed address.
pub(super) async fn resolve(
    policy: &Policy,
    host: &str,
    port: u16,
) -> Result<Vec<SocketAddr>, Failure> {
    admit_name(policy, host)?;
    let found = tokio::net::lookup_host((host, port)).await;
    let addresses = found.map_err(|error| {
        let mut failure = Failure::from(RedisError::from(error));
        let advice = "; check how the name is written, and that this machine can look it up";
        failure.message.push_str(advice);
        failure
    })?;
    let admitted = admit_addresses(policy, host, addresses)?;
    if admitted.is_empty() {
        return Err(Failure::unreachable("the name has no address"));
    }
    Ok(admitted)
}
