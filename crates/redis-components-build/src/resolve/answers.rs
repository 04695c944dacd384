//! The results of searches, so that none runs twice or in a circle.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::resolve::meaning::{Kind, Located};

/// The longest chain of imports that is followed. Rustc reports a cycle.
const MOST_STEPS: usize = 32;

/// A module's id, a name in it, the kind of item, and `true` if only globs are searched.
pub(crate) type Question = (Rc<str>, String, Kind, bool);

/// The known answers, and the open questions.
#[derive(Default)]
pub(crate) struct Answers {
    known: BTreeMap<Question, Rc<[Located]>>,
    /// The questions of the running search. `None` means that the answer is still being searched.
    asked: BTreeMap<Question, Option<Rc<[Located]>>>,
    depth: usize,
    /// How often the search met an open question, or went too deep. Answers found since then may be
    /// incomplete.
    gaps: usize,
}

/// The result of asking a question.
pub(crate) enum Asked {
    Known(Rc<[Located]>),
    /// The caller has to answer it, and passes `gaps` to [`Answers::end`].
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

    /// Stores the answer to a question.
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
