//! All callers.

mod crew;
mod followers;
mod frozen;
mod poppers;
mod runtimes;
mod scopes;
mod subscribers;
mod tasks;
mod threads;

use std::sync::Arc;

use self::crew::Crew;
use crate::fleets::Fleets;
use crate::soak::Soak;

/// Starts all callers, on the current runtime and on threads.
pub(crate) fn start(soak: &Arc<Soak>, fleets: &Fleets) -> Crew {
    let mut crew = Crew::default();
    tasks::start(soak, fleets, &mut crew);
    threads::start(soak, fleets, &mut crew);
    poppers::start(soak, fleets, &mut crew);
    subscribers::start(soak, fleets, &mut crew);
    followers::start(soak, fleets, &mut crew);
    runtimes::start(soak, &mut crew);
    frozen::start(soak, fleets, &mut crew);
    scopes::start(soak, &mut crew);
    crew
}
