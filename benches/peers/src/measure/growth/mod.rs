//! Measures how cost grows with components and with processes.

pub(super) mod components;
pub(super) mod fan_out;
pub(super) mod processes;
mod servers;

use std::time::Duration;

use crate::plan::Plan;

pub(super) fn planned(plan: &Plan) -> Duration {
    components::planned(&plan.growth)
        + processes::planned(&plan.growth)
        + fan_out::planned(&plan.growth)
}
