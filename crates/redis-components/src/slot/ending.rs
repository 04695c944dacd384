//! The end of a generation, and of the slot.

use std::sync::atomic::Ordering;

use super::Slot;
use super::drain::Retired;
use super::outlook::Outlook;
use super::published::Published;

impl Slot {
    /// Builds no client any more, and returns how many connections are in use.
    pub(crate) fn shut_down(&self) -> usize {
        let mut outlook = self.outlook();
        outlook.shut_down();
        self.unpublish(&mut outlook);
        outlook.old_connections()
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
