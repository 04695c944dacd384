//! What a call does next to get its client.

use std::sync::Arc;
use std::time::Instant;

use super::Slot;
use super::attempt::{Attempt, Ended};
use super::executor::Executor;
use super::outlook::{Goal, Prospect};
use super::published::Numbered;
use crate::{ComponentConfig, Error};

/// What a caller does next.
pub(super) enum Step<X: Executor> {
    Use(Arc<Numbered<X::Client>>),
    /// Wait until the attempt is over, or the target has another revision than this.
    Wait(Ended, u64),
    /// Start the attempt, and look again.
    Start(Attempt<X>),
}

impl Slot {
    /// Decides, from the newest config and what is published, how a call on `executor` gets its client.
    ///
    /// The call began to look at `begun`: what has failed since then it does not wait for again.
    pub(super) fn step<X: Executor>(
        self: &Arc<Self>,
        executor: &X,
        begun: Instant,
    ) -> Result<Step<X>, Error> {
        self.note_early_end(executor);
        let mut outlook = self.outlook();
        if outlook.is_shut_down() {
            return Err(self.was_shut_down());
        }
        let target = self.watched.target();
        let mut published = self.published.load_full();
        let revisions = published.as_ref().map(|published| published.revision);
        outlook.forget_failures_except(|revision| {
            revision == target.revision || Some(revision) == revisions
        });

        if let (Some(config), Some(current)) = (&target.config, &published)
            && current.config == *config
            && current.revision != target.revision
        {
            // The config went elsewhere and came back, or was never left: the clients are built from it already.
            let adopted = Arc::new(current.at_revision(target.revision));
            self.published.store(Some(Arc::clone(&adopted)));
            published = Some(adopted);
        }
        if target
            .config
            .as_deref()
            .is_some_and(ComponentConfig::is_disabled)
        {
            self.switch_off(outlook);
            return Err(self.disabled());
        }
        let existing = published
            .as_ref()
            .and_then(|published| executor.find(&published.clients))
            .cloned();

        let mut refusal = None;
        if let Some(goal) = Goal::new_config(&target, published.as_deref()) {
            // The first attempt is waited for; while one that failed is tried again, the last good client serves.
            let serves = existing.is_some() && outlook.has_failed(executor.id(), goal.revision);
            match outlook.prospect(executor.id(), &goal, begun) {
                Prospect::Open => {
                    let attempt = Attempt::begin(&mut outlook, self, executor, goal);
                    return Ok(Step::Start(attempt));
                }
                Prospect::Underway(ended) if !serves => {
                    return Ok(Step::Wait(ended, target.revision));
                }
                Prospect::Underway(_) => {}
                Prospect::Failed(error) => refusal = Some(error),
            }
        }
        if let Some(client) = existing {
            return Ok(Step::Use(client));
        }
        let Some(published) = published else {
            return Err(refusal.unwrap_or_else(|| self.no_config(&target)));
        };
        let goal = Goal::same_config(&published);
        match outlook.prospect(executor.id(), &goal, begun) {
            Prospect::Open => {
                let attempt = Attempt::begin(&mut outlook, self, executor, goal);
                Ok(Step::Start(attempt))
            }
            Prospect::Underway(ended) => Ok(Step::Wait(ended, target.revision)),
            Prospect::Failed(error) => Err(error),
        }
    }
}
