//! The surroundings that all contestants share.

use std::sync::Arc;

use tokio::runtime::Runtime;

use crate::servers::Urls;

/// The arguments of every call.
pub(crate) const APP: &str = "main";
pub(crate) const MESSAGE: &str = "User 235 logged in";

/// The runtime of the contestants, and their servers.
pub(crate) struct World {
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) urls: Urls,
}
