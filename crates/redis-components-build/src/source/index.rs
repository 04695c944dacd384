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
    /// A bit for each declared or imported name. Most names that are looked up are neither, and a
    /// build script is not optimised: a search in the maps takes ten times as long.
    bits: u64,
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
                let name = key(ident);
                index.bits |= bit(&name);
                index.declared.entry(name).or_default().push(place);
            }
        }
        index
    }

    fn add(&mut self, item: usize, leaf: Leaf) {
        let place = self.leaves.len();
        if leaf.is_glob {
            self.globs.push(place);
        } else {
            let name = key(&leaf.name);
            self.bits |= bit(&name);
            self.imported.entry(name).or_default().push(place);
        }
        self.leaves.push((item, leaf));
    }

    /// Returns `true` if the module declares or imports the name, or may do so through a glob.
    pub(crate) fn may_have(&self, ident: &Ident) -> bool {
        if !self.globs.is_empty() {
            return true;
        }
        let name = key(ident);
        self.bits & bit(&name) != 0
            && (self.declared.contains_key(&name) || self.imported.contains_key(&name))
    }
}

/// Returns the bit of a name, which it shares with other names.
fn bit(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else {
        return 0;
    };
    1 << ((bytes.len() * 7 + usize::from(*first) * 5 + usize::from(*last) * 3) % 64)
}

/// Returns a name without `r#`, as the index has it.
pub(crate) fn key(ident: &Ident) -> String {
    let name = ident.to_string();
    match name.strip_prefix("r#") {
        Some(name) => name.to_owned(),
        None => name,
    }
}
