//! The end of a generation, and of the slot.

use std::sync::MutexGuard;
use std::sync::atomic::Ordering;

use super::Slot;
use super::drain::Retired;
use super::outlook::Outlook;
use super::published::Published;

/// The connections of a slot that was shut down.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Remains {
    pub(crate) in_use: usize,
    /// Open, and used by nobody.
    pub(crate) closing: usize,
}

impl Slot {
    /// Builds no client any more, and says what connections there are.
    pub(crate) fn shut_down(&self) -> Remains {
        let mut outlook = self.outlook();
        outlook.shut_down();
        self.unpublish(&mut outlook);
        Remains {
            in_use: outlook.old_connections(),
            closing: outlook.closing(),
        }
    }

    /// Ends connections that nobody uses and whose runtimes do not, because they are not run.
    pub(crate) fn end_unused(&self) {
        self.outlook().end_unused();
    }

    /// Ends the config in force because the newest one says so.
    pub(super) fn switch_off(&self, mut outlook: MutexGuard<'_, Outlook>) {
        let switched_off = self.unpublish(&mut outlook);
        // A subscriber may itself call a component, which takes the lock.
        drop(outlook);
        if switched_off {
            let Self { component, key, .. } = self;
            tracing::info!(component, key, "component is switched off");
        }
    }

    /// Hands out no clients of the config in force any more; returns whether there was one.
    pub(super) fn unpublish(&self, outlook: &mut Outlook) -> bool {
        let published = self.published.swap(None);
        if let Some(published) = &published {
            self.newest.fetch_add(1, Ordering::AcqRel);
            self.retire(outlook, published);
        }
        published.is_some()
    }

    /// Lets the calls of an earlier generation end.
    pub(super) fn retire(&self, outlook: &mut Outlook, old: &Published) {
        let retired = Retired::new(old);
        if let Some(server) = &self.server {
            let (component, key) = (self.component.clone(), self.key.clone());
            let drain = retired.clone().drain(component, key, self.conduct.drain);
            server.errands().run(drain);
        }
        outlook.retire(retired);
    }
}
