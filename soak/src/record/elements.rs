//! The elements that went into a queue and came out of it.

use std::collections::HashMap;

/// The elements of one queue, on all servers. Each is pushed at most once and popped at most once.
#[derive(Debug, Default)]
pub(crate) struct Elements {
    last: u64,
    /// The elements that were not popped, each with `true` if it was certainly pushed.
    waiting: HashMap<u64, bool>,
    /// How many pops ended without an answer. Each may have taken an element.
    unanswered: u64,
}

impl Elements {
    /// Returns a new element, which is about to be pushed.
    pub(crate) fn next(&mut self) -> u64 {
        self.last += 1;
        self.waiting.insert(self.last, false);
        self.last
    }

    pub(crate) fn pushed(&mut self, element: u64) {
        if let Some(certain) = self.waiting.get_mut(&element) {
            *certain = true;
        }
    }

    pub(crate) fn not_pushed(&mut self, element: u64) -> Result<(), String> {
        let waited = self.waiting.remove(&element);
        waited
            .map(|_| ())
            .ok_or_else(|| format!("element {element} was popped, but its push had no connection"))
    }

    pub(crate) fn popped(&mut self, element: u64) -> Result<(), String> {
        let waited = self.waiting.remove(&element);
        waited
            .map(|_| ())
            .ok_or_else(|| format!("element {element} was popped twice, or never pushed"))
    }

    pub(crate) fn unanswered(&mut self) {
        self.unanswered += 1;
    }

    /// Compares with the elements that the servers hold at rest. The caller then removes these.
    ///
    /// # Errors
    ///
    /// Returns an error if an element was lost or is there twice.
    pub(crate) fn settle(&mut self, left: &[u64]) -> Result<(), String> {
        for element in left {
            self.popped(*element)
                .map_err(|error| format!("{error}, and is still there"))?;
        }
        let lost = self.waiting.values().filter(|certain| **certain).count() as u64;
        if lost > self.unanswered {
            return Err(format!(
                "{lost} elements were lost, but only {} pops ended without an answer",
                self.unanswered
            ));
        }
        self.waiting.clear();
        self.unanswered = 0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Elements;

    #[test]
    fn an_element_is_popped_once() {
        let mut elements = Elements::default();
        let element = elements.next();
        elements.pushed(element);
        elements.popped(element).unwrap();
        elements.popped(element).unwrap_err();
    }

    #[test]
    fn a_missing_element_is_lost_unless_a_pop_failed() {
        let mut elements = Elements::default();
        let [first, second] = [elements.next(), elements.next()];
        elements.pushed(first);
        elements.pushed(second);
        elements.unanswered();
        elements.settle(&[first]).unwrap();
        let third = elements.next();
        elements.pushed(third);
        elements.settle(&[]).unwrap_err();
    }
}
