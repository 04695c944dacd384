use std::collections::BTreeMap;

use proc_macro2::Ident;
use syn::Item;

use crate::source::items::declared;
use crate::source::use_tree::{Leaf, leaves};

/// The declarations and imports of a module, by name. Each of its functions needs several.
#[derive(Default)]
pub(crate) struct Index {
    /// The indices of items, by the name that they declare, without `r#`.
    pub(crate) declared: BTreeMap<String, Vec<usize>>,
    /// The ends of `use` items, each with the index of its item.
    pub(crate) leaves: Vec<(usize, Leaf)>,
    /// The indices of ends, by the name that they declare, without `r#`.
    pub(crate) imported: BTreeMap<String, Vec<usize>>,
    /// The indices of ends that are globs.
    pub(crate) globs: Vec<usize>,
}

impl Index {
    pub(crate) fn of(items: &[Item]) -> Self {
        let mut index = Self::default();
        for (place, item) in items.iter().enumerate() {
            if let Item::Use(item) = item {
                for leaf in leaves(item) {
                    index.add(place, leaf);
                }
            } else if let Some((_, ident, _)) = declared(item) {
                index.declared.entry(key(ident)).or_default().push(place);
            }
        }
        index
    }

    fn add(&mut self, item: usize, leaf: Leaf) {
        let place = self.leaves.len();
        if leaf.is_glob {
            self.globs.push(place);
        } else {
            self.imported
                .entry(key(&leaf.name))
                .or_default()
                .push(place);
        }
        self.leaves.push((item, leaf));
    }
}

/// Returns a name without `r#`, as the index has it.
pub(crate) fn key(ident: &Ident) -> String {
    let name = ident.to_string();
    match name.strip_prefix("r#") {
        Some(name) => name.to_owned(),
        None => name,
    }
}
