//! One server of a cluster.

use std::io;
use std::sync::Arc;

use super::view::View;
use crate::server::Server;

/// A server, with the identity that other nodes know it by.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) id: String,
    pub(super) server: Arc<Server>,
    /// `false` after it was forgotten.
    pub(super) is_member: bool,
}

impl Node {
    pub(super) fn of(server: Arc<Server>) -> io::Result<Self> {
        let id = server.ask(&["CLUSTER", "MYID"])?;
        Ok(Self {
            id,
            server,
            is_member: true,
        })
    }

    /// Sends a subcommand of CLUSTER whose answer is OK.
    pub(super) fn cluster(&self, words: &[&str]) -> io::Result<()> {
        self.server.ask(&[&["CLUSTER"], words].concat())
    }

    /// Returns what the node says, if it can do what it is for: serve its slots or copy its primary.
    pub(super) fn ready(&self) -> Result<View, String> {
        self.try_ready().map_err(|error| error.to_string())?
    }

    /// Returns `true` if the node does not answer with `CLUSTERDOWN`.
    pub(super) fn serves(&self) -> io::Result<bool> {
        let info: String = self.server.ask(&["CLUSTER", "INFO"])?;
        Ok(info.contains("cluster_state:ok"))
    }

    fn try_ready(&self) -> io::Result<Result<View, String>> {
        let url = self.server.url();
        if !self.serves()? {
            return Ok(Err(format!("{url} does not say cluster_state:ok")));
        }
        let view = View::of(&self.server)?;
        let is_replica = view
            .node(&self.id)
            .is_some_and(|seen| seen.primary.is_some());
        if is_replica {
            let info: String = self.server.ask(&["INFO", "replication"])?;
            if !info.contains("master_link_status:up") {
                return Ok(Err(format!("{url} is not linked to its primary")));
            }
        }
        Ok(Ok(view))
    }
}
