//! Which of a name's declarations a variant of a signature has, if `cfg` chooses between several.

use syn::Attribute;

/// Goes through all ways to choose, in the order in which choices are met.
#[derive(Default)]
pub(crate) struct Choices {
    made: Vec<Choice>,
}

struct Choice {
    name: String,
    /// The conditions of each declaration.
    conditions: Vec<Vec<Attribute>>,
    chosen: usize,
}

impl Choices {
    /// Chooses between a name's declarations, which have these conditions: always the same in one variant.
    pub(crate) fn choose(&mut self, name: &str, conditions: &[Vec<Attribute>]) -> usize {
        if let Some(choice) = self.made.iter().find(|choice| choice.name == name) {
            return choice.chosen;
        }
        self.made.push(Choice {
            name: name.to_owned(),
            conditions: conditions.to_vec(),
            chosen: 0,
        });
        0
    }

    /// Goes on to the next variant; `false` if there is none.
    pub(crate) fn next(&mut self) -> bool {
        while let Some(mut last) = self.made.pop() {
            last.chosen += 1;
            if last.chosen < last.conditions.len() {
                self.made.push(last);
                return true;
            }
        }
        false
    }

    /// Returns the conditions of what this variant has.
    pub(crate) fn conditions(&self) -> impl Iterator<Item = &Attribute> {
        let made = self.made.iter();
        made.flat_map(|choice| &choice.conditions[choice.chosen])
    }
}
