//! What copied signatures and documentation need of their file's surroundings.

use std::collections::BTreeSet;

use proc_macro2::Ident;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::visit::Visit;
use syn::visit_mut::VisitMut;
use syn::{Item, ItemType, Visibility, parse_quote};

use super::import::{Import, cfgs, copied, first_name, local, sort_key};
use super::items::{declared, has_macro_calls};
use super::use_tree::{Leaf, leaves};
use super::{Mentions, Source, is_public, is_visible_from_root};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::manifest::Function;
use crate::module_path::ModulePath;
use crate::rewrite::Absolute;

/// What makes the names of copied signatures resolve.
#[derive(Default)]
pub(crate) struct Imports {
    pub(crate) uses: Vec<Import>,
    /// Private aliases of the file, which cannot be imported, so they are declared again.
    pub(crate) aliases: Vec<ItemType>,
    /// Whether everything the file itself declares for them is `pub`.
    pub(crate) are_all_public: bool,
    /// Items that the crate's root cannot name: their kind and where they are.
    hidden: Vec<(&'static str, Ident)>,
}

impl Imports {
    /// Collects what `mentions` needs of a source file.
    pub(crate) fn of(source: &Source, module: &ModulePath, mentions: &Mentions) -> Self {
        let mut imports = Self {
            are_all_public: true,
            ..Self::default()
        };
        let mut seen = BTreeSet::new();
        let mut open: Vec<String> = mentions.names.iter().cloned().collect();
        let mut is_complete = true;
        while let Some(name) = open.pop() {
            if seen.insert(name.clone()) {
                is_complete &= imports.add(&name, source, module, &mut open);
            }
        }
        if !is_complete {
            imports.add_globs(source, module);
        }
        imports
    }

    /// Collects what the links of copied documentation need, for documentation builds alone.
    pub(crate) fn of_links(source: &Source, module: &ModulePath, names: BTreeSet<String>) -> Self {
        let mut imports = Self::default();
        for name in names {
            for item in &source.items {
                match item {
                    Item::Use(item) => {
                        let is_named = |leaf: &&Leaf| !leaf.is_glob && leaf.name.unraw() == name;
                        let leaves = leaves(item);
                        let found = leaves.iter().filter(is_named);
                        let found = found.filter_map(|leaf| copied(leaf, item, source, module));
                        imports.uses.extend(found);
                    }
                    item => {
                        if let Some((_, ident, visibility)) = declared(item)
                            && ident.unraw() == name
                            && is_visible_from_root(visibility, module)
                        {
                            imports.uses.push(local(ident, item, module));
                        }
                    }
                }
            }
        }
        for import in &mut imports.uses {
            import.cfg.insert(0, parse_quote!(#[cfg(doc)]));
        }
        imports
    }

    /// Adds another function's.
    pub(crate) fn merge(&mut self, other: Self) {
        self.uses.extend(other.uses);
        self.uses.sort_by_cached_key(sort_key);
        self.uses.dedup_by_key(|import| sort_key(import));
        self.aliases.extend(other.aliases);
        self.aliases.sort_by_cached_key(alias_key);
        self.aliases.dedup_by_key(|alias| alias_key(alias));
    }

    /// Reports the items that a generated module cannot name.
    pub(crate) fn report_hidden(
        &self,
        function: &Function,
        source: &Source,
        diagnostics: &mut Diagnostics,
    ) {
        for (kind, ident) in &self.hidden {
            let message = format!("`{}` needs `{ident}`, which is private", function.name);
            diagnostics.error(
                Diagnostic::error(
                    message,
                    &source.spot(ident.span()),
                    format!("{kind} of this file alone"),
                )
                .context(&function.spot, "listed here")
                .help(format!("make `{ident}` `pub` or `pub(crate)`")),
            );
        }
    }

    /// Adds what declares `name`; `false` if nothing that can be seen does.
    fn add(
        &mut self,
        name: &str,
        source: &Source,
        module: &ModulePath,
        open: &mut Vec<String>,
    ) -> bool {
        let mut is_found = false;
        for item in &source.items {
            match item {
                Item::Use(item) => {
                    for leaf in leaves(item) {
                        if !leaf.is_glob && leaf.name.unraw() == name {
                            is_found = true;
                            if let Some(import) = copied(&leaf, item, source, module) {
                                open.extend(first_name(&import));
                                self.uses.push(import);
                            }
                        }
                    }
                }
                Item::Type(alias)
                    if alias.ident.unraw() == name && !is_visible_from_root(&alias.vis, module) =>
                {
                    is_found = true;
                    let alias = copied_alias(alias, module);
                    let mut mentions = Mentions::default();
                    mentions.visit_type(&alias.ty);
                    mentions.visit_generics(&alias.generics);
                    open.extend(mentions.names);
                    self.aliases.push(alias);
                }
                item => {
                    // A function is no type, and a wrapper may have its name.
                    let Some((kind, ident, visibility)) = declared(item) else {
                        continue;
                    };
                    if ident.unraw() != name || matches!(item, Item::Fn(_)) {
                        continue;
                    }
                    is_found = true;
                    if is_visible_from_root(visibility, module) {
                        self.are_all_public &= is_public(visibility);
                        self.uses.push(local(ident, item, module));
                    } else {
                        self.hidden.push((kind, ident.clone()));
                    }
                }
            }
        }
        is_found
    }

    /// Adds the file's own globs, and the file itself where a macro may declare names.
    fn add_globs(&mut self, source: &Source, module: &ModulePath) {
        for item in &source.items {
            if let Item::Use(item) = item {
                for leaf in leaves(item).iter().filter(|leaf| leaf.is_glob) {
                    self.uses.extend(copied(leaf, item, source, module));
                }
            }
        }
        if has_macro_calls(&source.items) {
            self.uses.push(Import {
                cfg: Vec::new(),
                leading_colon: false,
                path: module.idents(),
                rename: None,
                is_glob: true,
            });
        }
    }
}

fn copied_alias(alias: &ItemType, module: &ModulePath) -> ItemType {
    let mut alias = alias.clone();
    alias.attrs = cfgs(&alias.attrs);
    alias.vis = Visibility::Inherited;
    Absolute { module }.visit_item_type_mut(&mut alias);
    alias
}

fn alias_key(alias: &ItemType) -> (String, String) {
    (alias.ident.to_string(), alias.to_token_stream().to_string())
}
