//! Saves configs that have come into force.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::store::Store;
use crate::config_server::config_text::ConfigText;
use crate::config_server::state::State;
use crate::telemetry::last_good::Use;

/// Changes within this time after a save are saved together.
const TOGETHER: Duration = Duration::from_millis(500);
/// The time after which a save that failed is tried again, if nothing changes.
const AGAIN: Duration = Duration::from_secs(5);

/// The configs in the file, by their keys, as far as this process has put them there.
type Saved = BTreeMap<String, ConfigText>;

/// Saves to the file until the watch ends, and a last time then. The file may be on a disk that
/// hangs, so each save has a thread of its own.
pub(in crate::config_server) async fn save_all(state: Arc<State>, store: Arc<Store>) {
    let mut saved = Saved::new();
    let mut is_saved = true;
    while !state.signal.has_ended() {
        let changed = state.signal.good_changed();
        if is_saved {
            changed.await;
        } else {
            // An error says that the time has come.
            let _ = timeout(AGAIN, changed).await;
        }
        is_saved = save(&state, &store, &mut saved).await;
        // An error says that the time is over.
        let _ = timeout(TOGETHER, state.signal.saver_ends()).await;
    }
    save(&state, &store, &mut saved).await;
}

/// Saves what is new. Returns `false` if that has failed.
async fn save(state: &State, store: &Arc<Store>, saved: &mut Saved) -> bool {
    let mut new = Vec::new();
    for (key, of_key) in state.keys().iter() {
        // Several components may share the key.
        let newest = of_key.iter().filter_map(|watched| watched.good_text());
        if let Some((_, text)) = newest.max_by_key(|(since, _)| *since)
            && saved.get(key) != Some(&text)
        {
            new.push((key.clone(), text));
        }
    }
    if new.is_empty() {
        return true;
    }
    let (file, configs) = (Arc::clone(store), new.clone());
    let put = spawn_blocking(move || file.put(&configs)).await;
    let put = put.unwrap_or_else(|error| Err(format!("its thread has ended: {error}")));
    if put.is_ok() {
        saved.extend(new);
    }
    let is_saved = put.is_ok();
    store.note(Use::Save, put.err());
    is_saved
}
