//! What was found, so that nothing is looked for twice, nor in a circle.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::resolve::meaning::{Kind, Located};

/// Imports of imports are followed so far: a cycle is rustc's to report.
const MOST_STEPS: usize = 32;

/// A module's id, a name in it, what kind of thing the name is to be, and whether only globs are asked.
pub(crate) type Question = (Rc<str>, String, Kind, bool);

/// What is known, and what is being looked for.
#[derive(Default)]
pub(crate) struct Answers {
    known: BTreeMap<Question, Rc<[Located]>>,
    /// The questions of the search that is under way; `None` while one is being answered.
    asked: BTreeMap<Question, Option<Rc<[Located]>>>,
    depth: usize,
    /// How often the search met a question that is being answered, or went too deep: what was found
    /// meanwhile may not be all.
    gaps: usize,
}

/// What comes of a question.
pub(crate) enum Asked {
    Known(Rc<[Located]>),
    /// It has to be answered; `gaps` is for [`Answers::end`].
    Now {
        gaps: usize,
    },
}

impl Answers {
    /// Begins to answer a question, unless the answer is known or cannot be found now.
    pub(crate) fn begin(&mut self, question: &Question) -> Asked {
        let known = self.known.get(question);
        let asked = self.asked.get(question);
        if let Some(known) = known.or_else(|| asked.and_then(Option::as_ref)) {
            return Asked::Known(Rc::clone(known));
        }
        if asked.is_some() || self.depth == MOST_STEPS {
            self.gaps += 1;
            return Asked::Known(Rc::new([]));
        }
        self.asked.insert(question.clone(), None);
        self.depth += 1;
        Asked::Now { gaps: self.gaps }
    }

    /// Takes the answer to a question.
    pub(crate) fn end(
        &mut self,
        question: Question,
        found: Vec<Located>,
        gaps: usize,
    ) -> Rc<[Located]> {
        let found: Rc<[Located]> = found.into();
        self.depth -= 1;
        if gaps == self.gaps || self.depth == 0 {
            self.known.insert(question, Rc::clone(&found));
        } else {
            self.asked.insert(question, Some(Rc::clone(&found)));
        }
        if self.depth == 0 {
            self.asked.clear();
        }
        found
    }
}
