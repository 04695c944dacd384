//! The server that the watch is connected to, for those who read beside it.

use std::sync::Arc;

use arc_swap::{ArcSwapOption, Guard};

use crate::settings::timeouts::Timeouts;
use crate::transport::node::Node;

/// A read beside the watch gets this part of the time of an answer. Then the call asks the watch,
/// which has the whole.
const PART: u32 = 4;

/// A server, and how long it may take to answer.
pub(super) struct Way {
    pub(super) node: Arc<Node>,
    pub(super) timeouts: Timeouts,
}

/// The server that the watch is connected to, if it is connected.
///
/// With each connection of the watch there is another [`Way`], also if it leads to the same server:
/// what was opened before is not used any more.
#[derive(Default)]
pub(in crate::config_server) struct Ways(ArcSwapOption<Way>);

impl Ways {
    /// Notes that the watch is connected.
    pub(in crate::config_server) fn open(&self, node: Arc<Node>, timeouts: Timeouts) {
        let response = timeouts.response / PART;
        let timeouts = Timeouts {
            response,
            ..timeouts
        };
        self.0.store(Some(Arc::new(Way { node, timeouts })));
    }

    /// Notes that the watch is not connected.
    pub(in crate::config_server) fn close(&self) {
        self.0.store(None);
    }

    pub(super) fn current(&self) -> Guard<Option<Arc<Way>>> {
        self.0.load()
    }

    /// Returns `true` if the watch is connected there.
    pub(super) fn leads(&self, way: &Arc<Way>) -> bool {
        let current = self.0.load();
        current
            .as_ref()
            .is_some_and(|current| Arc::ptr_eq(current, way))
    }
}
