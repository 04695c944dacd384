//! Trying the server that a config names.

use redis_components::{CheckedServer, ComponentConfig, Error, ServerRole, check};
use serde::Serialize;

use crate::session::settings;

/// What a server was found to be.
#[derive(Debug, Serialize)]
pub(crate) struct Probed {
    pub(crate) address: String,
    pub(crate) role: &'static str,
    pub(crate) milliseconds: f64,
}

/// Resolves, connects, logs in, and asks the server for its role.
///
/// # Errors
///
/// Returns the error for which the runtime would not use the config.
pub(crate) async fn probe(config: &ComponentConfig) -> Result<Probed, Error> {
    let CheckedServer {
        address,
        role,
        took,
        ..
    } = check(config, &settings()).await?;
    let role = match role {
        ServerRole::Primary => "primary",
        ServerRole::Replica => "replica",
        _ => "unknown",
    };
    Ok(Probed {
        address,
        role,
        milliseconds: (took.as_secs_f64() * 1e6).round() / 1e3,
    })
}

impl Probed {
    /// Returns why the server may be the wrong one although it answers.
    pub(crate) fn warning(&self) -> Option<String> {
        let address = &self.address;
        (self.role == "replica")
            .then(|| format!("{address} is a replica: it takes no writes, unless it was made to"))
    }
}
