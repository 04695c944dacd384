use syn::{Item, ItemUse, Visibility};

use crate::carry::import::Import;
use crate::nodes::use_tree;

/// Returns an import as its own `use` item.
pub(super) fn item(import: &Import) -> Option<Item> {
    let tree = use_tree(&import.path, import.rename.as_ref(), import.is_glob)?;
    Some(Item::Use(ItemUse {
        attrs: import.cfg.clone(),
        vis: Visibility::Inherited,
        use_token: Default::default(),
        leading_colon: import.leading_colon.then(Default::default),
        tree,
        semi_token: Default::default(),
    }))
}
