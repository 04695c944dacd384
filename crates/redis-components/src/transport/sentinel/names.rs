//! The addresses that names stand for: one sentinel may name a server by its host name, and another
//! by its address.

use std::net::IpAddr;

use super::replies::{Answer, Replicas};
use crate::config::endpoint::Address;
use crate::settings::policy::Policy;
use crate::transport::resolve::resolve;

/// Adds what the primary's name stands for to `aliases`, and what the replicas' names stand for to
/// `replicas`. If this is dropped, what has been found stays.
pub(super) async fn all_names(
    policy: &Policy,
    answer: &Answer,
    aliases: &mut Vec<Address>,
    replicas: &mut Replicas,
) {
    if let Answer::Primary(primary) = answer {
        look_up(policy, &primary.address, aliases).await;
    }
    if let Replicas::Known(known) = replicas {
        for written in known.clone() {
            look_up(policy, &written, known).await;
        }
    }
}

async fn look_up(policy: &Policy, written: &Address, found: &mut Vec<Address>) {
    let Address::Tcp { host, port } = written else {
        return;
    };
    if host.parse::<IpAddr>().is_ok() {
        return;
    }
    // A name that cannot be looked up, or that the policy forbids, stays as it is written.
    let addresses = resolve(policy, host, *port).await.unwrap_or_default();
    found.extend(addresses.into_iter().map(|address| Address::Tcp {
        host: address.ip().to_canonical().to_string(),
        port: address.port(),
    }));
}
