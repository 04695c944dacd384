//! Where reads beside the watch go.

use std::sync::Arc;

use crate::settings::timeouts::Timeouts;
use crate::transport::node::Node;

/// A read beside the watch gets this part of the time of an answer. Then the call asks the watch,
/// which has the whole.
const PART: u32 = 4;

/// A server, and how long it may take to answer.
pub(super) struct Destination {
    pub(super) node: Arc<Node>,
    pub(super) timeouts: Timeouts,
}

impl Destination {
    pub(super) fn new(node: Arc<Node>, timeouts: Timeouts) -> Self {
        let response = timeouts.response / PART;
        let timeouts = Timeouts {
            response,
            ..timeouts
        };
        Self { node, timeouts }
    }
}
