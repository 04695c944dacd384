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

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::resolve;
    use crate::settings::policy::Policy;
    use crate::transport::failure::Cause;

    const CASES: &str = include_str!("../../tests/trust/address-cases.json");

    /// A host, what kind of special address it is, and the networks that the policy allows.
    #[derive(Debug, Deserialize)]
    struct Case {
        host: String,
        is: Option<String>,
        #[serde(default)]
        allow: Vec<String>,
    }

    #[tokio::test]
    async fn r11_every_spelling_of_an_address_is_understood_as_the_cases_say() {
        let cases: Vec<Case> = serde_json::from_str(CASES).unwrap();
        for case in cases {
            let allow = case.allow.iter();
            let policy = allow.fold(Policy::new(), |policy, network| {
                policy.allow_network(network).unwrap()
            });
            let found = resolve(&policy, &case.host, 6379).await;
            match (&found, &case.is) {
                (Ok(_), None) => {}
                (Err(failure), Some(is)) if failure.cause == Cause::Forbidden => {
                    let is = format!(", {is}, which");
                    assert!(failure.message.contains(&is), "{case:?}: {failure:?}");
                }
                _ => panic!("{case:?}: {found:?}"),
            }
        }
    }
}
