//! Trying the server that a config names.

use redis_components::{CheckedServer, ComponentConfig, Error, ServerRole, check};
use serde::Serialize;

use crate::session::settings;

/// How many servers are tried at once. Each takes a connection of ours.
pub(crate) const AT_ONCE: usize = 32;

/// What a server was found to be.
#[derive(Debug, Serialize)]
pub(crate) struct Probed {
    pub(crate) address: String,
    /// The primaries, if it is a cluster.
    pub(crate) nodes: Vec<String>,
    pub(crate) role: &'static str,
    #[serde(skip)]
    is_cluster_node: bool,
    #[serde(skip)]
    is_cluster_down: bool,
    pub(crate) milliseconds: f64,
}

/// What came of trying a server.
#[derive(Debug)]
pub(crate) enum Tried {
    Answered(Probed),
    /// What the config refers to is not here, so that nobody can log in. The text says why.
    NotHere(String),
}

/// Resolves, connects, logs in, and asks the server for its role. Sentinels are asked first; of a
/// cluster, all primaries are tried.
///
/// # Errors
///
/// Returns the error for which the runtime would not use the config.
pub(crate) async fn probe(config: &ComponentConfig) -> Result<Tried, Error> {
    let settings = settings();
    let config = match config.resolve(&settings).await {
        Ok(config) => config,
        Err(error) => {
            let text = format!("{error}; the server was not tried from here");
            return Ok(Tried::NotHere(text));
        }
    };
    let CheckedServer {
        address,
        nodes,
        role,
        is_cluster_node,
        is_cluster_down,
        took,
        ..
    } = check(&config, &settings).await?;
    let role = match role {
        ServerRole::Primary => "primary",
        ServerRole::Replica => "replica",
        _ => "unknown",
    };
    Ok(Tried::Answered(Probed {
        address,
        nodes,
        role,
        is_cluster_node,
        is_cluster_down,
        milliseconds: (took.as_secs_f64() * 1e6).round() / 1e3,
    }))
}

impl Probed {
    /// Returns what answered, for people.
    pub(crate) fn subject(&self) -> String {
        match self.nodes.len() {
            0 => format!("{} ({})", self.address, self.role),
            1 => format!("{} (1 primary)", self.address),
            count => format!("{} ({count} primaries)", self.address),
        }
    }

    /// Returns why the server may be the wrong one although it answers.
    pub(crate) fn warning(&self) -> Option<String> {
        let address = &self.address;
        if self.is_cluster_node {
            return Some(format!(
                "{address} is a node of a cluster: it refuses keys of other nodes; write it as `\"cluster\": \
                 [\"{address}\"]`, unless it has all slots"
            ));
        }
        if self.is_cluster_down {
            return Some(format!(
                "{address} says `cluster_state:fail`: its nodes refuse commands until each slot is served again, \
                unless they have `cluster-require-full-coverage no`; look with CLUSTER INFO"
            ));
        }
        (self.role == "replica")
            .then(|| format!("{address} is a replica: it takes no writes, unless it was made to"))
    }
}
