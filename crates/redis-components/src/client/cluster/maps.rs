//! The maps of a component's clusters, which its clients on all executors share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::map::ClusterMap;
use crate::background::Background;
use crate::config::ComponentConfig;
use crate::settings::policy::Policy;
use crate::settings::timeouts::Timeouts;
use crate::telemetry::component::Subject;
use crate::transport::failure::Failure;

/// The maps of one component in this process. Its clients keep them: a cluster that the component
/// has left is not asked any more.
#[derive(Debug, Default)]
pub(crate) struct ClusterMaps(Mutex<Vec<Weak<ClusterMap>>>);

impl ClusterMaps {
    /// Returns the map of a config. All clients of one config get the same.
    pub(super) async fn of(
        &self,
        config: &Arc<ComponentConfig>,
        policy: &Arc<Policy>,
        timeouts: Timeouts,
        subject: &Subject,
        background: Option<&Background>,
    ) -> Result<Arc<ClusterMap>, Failure> {
        if let Some(known) = find(&self.maps(), config) {
            return Ok(known);
        }
        let map = Arc::new(ClusterMap::prepare(config, policy, timeouts, subject).await?);
        let mut maps = self.maps();
        // Another executor may have been first.
        if let Some(known) = find(&maps, config) {
            return Ok(known);
        }
        maps.retain(|map| map.strong_count() > 0);
        maps.push(Arc::downgrade(&map));
        drop(maps);
        if let Some(background) = background {
            map.refresh_regularly(background);
        }
        Ok(map)
    }

    fn maps(&self) -> MutexGuard<'_, Vec<Weak<ClusterMap>>> {
        // Nothing that panics runs under this lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn find(maps: &[Weak<ClusterMap>], config: &Arc<ComponentConfig>) -> Option<Arc<ClusterMap>> {
    let mut living = maps.iter().filter_map(Weak::upgrade);
    living.find(|map| map.config == *config)
}
