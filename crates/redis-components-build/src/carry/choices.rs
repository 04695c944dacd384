//! The declaration of a name that a variant of a signature uses, if `cfg` chooses between several.

use syn::Attribute;

/// Steps through all combinations of choices, in the order of the names in the signature.
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
    /// Returns the index of the chosen declaration of a name. `conditions` holds the conditions of
    /// each declaration. The choice stays the same within a variant.
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

    /// Goes on to the next variant. Returns `false` if there is none.
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

    /// Returns the conditions of this variant's declarations.
    pub(crate) fn conditions(&self) -> impl Iterator<Item = &Attribute> {
        let made = self.made.iter();
        made.flat_map(|choice| &choice.conditions[choice.chosen])
    }
}
