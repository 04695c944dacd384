//! A move, for scripts.

use std::time::Duration;

use serde_json::{Value, json};

use crate::moving::preflight::findings::Checks;
use crate::moving::records::offer::Offer;
use crate::moving::records::record::Record;
use crate::moving::standing::sight::Sight;
use crate::time::milliseconds;

/// Returns where a move stands, and what the command has done with it.
pub(crate) fn report(
    record: &Record,
    sight: &Sight,
    checks: Option<&Checks>,
    held: Option<Duration>,
) -> Value {
    let mut data = sight.shown();
    data["component"] = json!(record.component);
    data["with"] = json!(
        record
            .components()
            .filter(|name| *name != record.component)
            .collect::<Vec<_>>()
    );
    data["id"] = json!(record.id);
    data["since"] = json!(record.since());
    data["by"] = json!(record.by);
    data["can_be_undone"] = json!(sight.state.can_be_undone());
    data["candidate"] = json!(sight.offer.as_ref().map(Offer::shown));
    data["held_ms"] = json!(held.map(milliseconds));
    data["checks"] = json!(checks.map(|checks| &checks.found));
    data["compared"] = Value::Null;
    data
}
