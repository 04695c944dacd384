//! The maps of a component's clusters, which its clients on all executors share.

use std::sync::{Arc, Mutex, PoisonError};

use super::map::ClusterMap;
use crate::background::Background;
use crate::config::ComponentConfig;
use crate::settings::timeouts::Timeouts;
use crate::transport::failure::Failure;

/// How many are kept: of the config in force, and of a newer one that is not in force yet.
const KEPT: usize = 2;

/// The maps of one component in this process.
#[derive(Debug, Default)]
pub(crate) struct ClusterMaps(Mutex<Vec<Arc<ClusterMap>>>);

impl ClusterMaps {
    /// Returns the map of a config. All clients of one config get the same.
    pub(super) async fn of(
        &self,
        config: &Arc<ComponentConfig>,
        timeouts: Timeouts,
        background: Option<&Background>,
    ) -> Result<Arc<ClusterMap>, Failure> {
        if let Some(known) = self.find(config) {
            return Ok(known);
        }
        let map = Arc::new(ClusterMap::prepare(config, timeouts).await?);
        let mut maps = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = maps.iter().find(|map| map.config == *config) {
            return Ok(Arc::clone(known));
        }
        if let Some(background) = background {
            map.refresh_regularly(background);
        }
        maps.insert(0, Arc::clone(&map));
        maps.truncate(KEPT);
        Ok(map)
    }

    fn find(&self, config: &Arc<ComponentConfig>) -> Option<Arc<ClusterMap>> {
        let mut maps = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = maps.iter().position(|map| map.config == *config)?;
        let found = maps.remove(place);
        maps.insert(0, Arc::clone(&found));
        Some(found)
    }
}
