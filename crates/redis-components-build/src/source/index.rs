use std::collections::BTreeMap;

use proc_macro2::Ident;
use syn::{Item, ItemUse};

use crate::source::file::Source;
use crate::source::items::declared;
use crate::source::use_tree::{Leaf, leaves};

/// What a module declares and imports, by name: each of its functions looks for several.
#[derive(Default)]
pub(crate) struct Index {
    /// The places of items, by the name that they declare, without `r#`.
    declared: BTreeMap<String, Vec<usize>>,
    /// The ends of `use` items, with the places of these.
    leaves: Vec<(usize, Leaf)>,
    /// The places of ends, by the name that they declare, without `r#`.
    imported: BTreeMap<String, Vec<usize>>,
    /// The places of ends that are globs.
    globs: Vec<usize>,
}

impl Index {
    fn of(items: &[Item]) -> Self {
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

impl Source {
    /// Tells whether the module declares or imports a name, or may do so by a glob.
    pub(crate) fn may_have(&self, name: &Ident) -> bool {
        let (index, name) = (self.index(), key(name));
        !index.globs.is_empty()
            || index.declared.contains_key(&name)
            || index.imported.contains_key(&name)
    }

    /// Returns the items that declare a name, in their order.
    pub(crate) fn declaring(&self, name: &str) -> impl Iterator<Item = &Item> {
        places(self.index().declared.get(name)).map(|place| &self.items[place])
    }

    /// Returns the ends of `use` items that import a name, in their order.
    pub(crate) fn importing(&self, name: &str) -> impl Iterator<Item = (&ItemUse, &Leaf)> {
        places(self.index().imported.get(name)).filter_map(|place| self.leaf(place))
    }

    /// Returns the ends of `use` items that import all that there is, in their order.
    pub(crate) fn globs(&self) -> impl Iterator<Item = (&ItemUse, &Leaf)> {
        places(Some(&self.index().globs)).filter_map(|place| self.leaf(place))
    }

    fn leaf(&self, place: usize) -> Option<(&ItemUse, &Leaf)> {
        let (item, leaf) = &self.index().leaves[place];
        match &self.items[*item] {
            Item::Use(item) => Some((item, leaf)),
            _ => None,
        }
    }

    fn index(&self) -> &Index {
        self.index.get_or_init(|| Index::of(&self.items))
    }
}

fn places(places: Option<&Vec<usize>>) -> impl Iterator<Item = usize> {
    places.into_iter().flatten().copied()
}

/// A name without `r#`, by which items are looked for.
pub(crate) fn key(ident: &Ident) -> String {
    let name = ident.to_string();
    match name.strip_prefix("r#") {
        Some(name) => name.to_owned(),
        None => name,
    }
}
