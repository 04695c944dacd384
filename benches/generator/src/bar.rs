use std::fmt;

use serde_json::{Value, json};

/// A figure and its upper limit.
pub(crate) struct Bar {
    pub(crate) name: &'static str,
    pub(crate) figure: f64,
    pub(crate) most: f64,
}

impl Bar {
    pub(crate) fn is_kept(&self) -> bool {
        self.figure <= self.most
    }

    pub(crate) fn json(&self) -> Value {
        json!({ "name": self.name, "figure": self.figure, "most": self.most, "kept": self.is_kept() })
    }
}

impl fmt::Display for Bar {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.is_kept() { "kept" } else { "MISSED" };
        let Self { name, figure, most } = self;
        write!(
            formatter,
            "{verdict}: {name}: {figure:.2}, at most {most:.2}"
        )
    }
}
