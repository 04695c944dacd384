//! What all contestants share.

use std::sync::Arc;

use tokio::runtime::Runtime;

use crate::servers::Urls;

/// The arguments of every call.
pub(crate) const APP: &str = "main";
pub(crate) const MESSAGE: &str = "User 235 logged in";

/// Where contestants run and whom they call.
pub(crate) struct World {
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) urls: Urls,
}
