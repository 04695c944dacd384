//! A config with what it refers to.

use std::sync::Arc;
use std::time::Duration;

use super::read::read;
use super::sources::{Sources, Wanted};
use crate::config::ComponentConfig;
use crate::transport::failure::{Cause, Failure};
use crate::transport::on_thread::beside_tasks;

/// A provider is asked no more often than this for connections that ask at each connect.
const ASKED_EVERY: Duration = Duration::from_secs(1);

/// Returns the config with what stands elsewhere, as it is now. Files are read beside the runtime.
///
/// # Errors
///
/// Returns an error within `bound` if something cannot be used.
pub(crate) async fn resolve(
    config: &ComponentConfig,
    sources: &Arc<Sources>,
    bound: Duration,
) -> Result<ComponentConfig, Failure> {
    let needs = config.needs();
    if needs.is_empty() {
        return Ok(config.clone());
    }
    let sources = Arc::clone(sources);
    let wanted = Wanted::Since(ASKED_EVERY);
    let reading = move || read(&needs, &sources, wanted);
    let read = beside_tasks(bound, unread(bound), reading).await?;
    Ok(config.clone().with_contents(Some(Arc::new(read.contents))))
}

/// Returns the failure of a config whose files have not been read in time.
pub(super) fn unread(bound: Duration) -> Failure {
    let what = format!("what the config refers to could not be read in time ({bound:?})");
    Failure::new(Cause::Local, what)
}
