//! What copied signatures and documentation need of their file's surroundings.

use std::collections::BTreeSet;

use proc_macro2::Ident;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::visit::Visit;
use syn::visit_mut::VisitMut;
use syn::{Item, ItemType, Visibility, parse_quote};

use super::import::{Import, cfgs, copied, exported, first_name, local, sort_key};
use super::items::{declared, has_macro_calls};
use super::private::Surroundings;
use super::use_tree::{Leaf, leaves};
use super::{Mentions, Scope, Source, Sources, is_public, is_visible_from_root};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::manifest::Function;
use crate::rewrite::Absolute;

/// What makes the names of copied signatures resolve.
#[derive(Default)]
pub(crate) struct Imports {
    pub(crate) uses: Vec<Import>,
    /// Private aliases of the file, which cannot be imported, so they are declared again.
    pub(crate) aliases: Vec<ItemType>,
    /// Whether everything the file itself declares for them is `pub`.
    pub(crate) are_all_public: bool,
    /// Items that the crate's root cannot name.
    hidden: Vec<Hidden>,
}

/// An item that a signature needs and the crate's root cannot name.
struct Hidden {
    kind: &'static str,
    ident: Ident,
    /// Whether its module is what hides it.
    is_visible: bool,
}

impl Imports {
    /// Collects what `mentions` needs of a source file.
    pub(crate) fn of(
        scope: &Scope,
        mentions: &Mentions,
        sources: &mut Sources<'_>,
        diagnostics: &mut Diagnostics,
    ) -> Self {
        let mut around = Surroundings {
            scope,
            sources,
            diagnostics,
        };
        let mut imports = Self {
            are_all_public: true,
            ..Self::default()
        };
        let mut seen = BTreeSet::new();
        let mut open: Vec<String> = mentions.names.iter().cloned().collect();
        let mut is_complete = true;
        while let Some(name) = open.pop() {
            if seen.insert(name.clone()) {
                is_complete &= imports.add(&name, &mut around, &mut open)
                    || imports.add_through_globs(&name, &mut around);
            }
        }
        if !is_complete {
            imports.add_globs(scope);
        }
        imports
    }

    /// Collects what the links of copied documentation need, for documentation builds alone.
    pub(crate) fn of_links(scope: &Scope, names: BTreeSet<String>) -> Self {
        let mut imports = Self::default();
        for name in names {
            for item in &scope.source.items {
                match item {
                    Item::Use(item) => {
                        let is_named = |leaf: &&Leaf| !leaf.is_glob && leaf.name.unraw() == name;
                        let leaves = leaves(item);
                        let found = leaves.iter().filter(is_named);
                        let found = found.filter_map(|leaf| copied(leaf, item, scope));
                        imports.uses.extend(found);
                    }
                    item => {
                        if let Some((_, ident, visibility)) = declared(item)
                            && ident.unraw() == name
                            && is_visible_from_root(visibility, &scope.module)
                        {
                            imports.uses.extend(local(ident, item, scope));
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
        for Hidden {
            kind,
            ident,
            is_visible,
        } in &self.hidden
        {
            let name = &function.name;
            let (message, label, help) = if *is_visible {
                (
                    format!("`{name}` needs `{ident}`, whose module is private"),
                    format!("{kind} that cannot be named from the crate's root"),
                    format!("re-export `{ident}` where `{name}` is re-exported"),
                )
            } else {
                (
                    format!("`{name}` needs `{ident}`, which is private"),
                    format!("{kind} of this file alone"),
                    format!("make `{ident}` `pub` or `pub(crate)`"),
                )
            };
            diagnostics.error(
                Diagnostic::error(message, &source.spot(ident.span()), label)
                    .context(&function.spot, "listed here")
                    .help(help),
            );
        }
    }

    /// Adds what declares `name`; `false` if nothing that can be seen does.
    fn add(
        &mut self,
        name: &str,
        around: &mut Surroundings<'_, '_>,
        open: &mut Vec<String>,
    ) -> bool {
        let scope = around.scope;
        let mut is_found = false;
        for item in &scope.source.items {
            match item {
                Item::Use(item) => {
                    for leaf in leaves(item) {
                        if !leaf.is_glob && leaf.name.unraw() == name {
                            is_found = true;
                            if let Some(import) = exported(&leaf, item, scope) {
                                self.uses.push(import);
                            } else if let Some(mut import) = copied(&leaf, item, scope) {
                                around.look_through(&mut import);
                                open.extend(first_name(&import));
                                self.uses.push(import);
                            }
                        }
                    }
                }
                Item::Type(alias)
                    if alias.ident.unraw() == name
                        && !is_visible_from_root(&alias.vis, &scope.module) =>
                {
                    is_found = true;
                    let mut alias = copied_alias(alias, scope);
                    around.visit_item_type_mut(&mut alias);
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
                    let is_visible = is_visible_from_root(visibility, &scope.module);
                    match local(ident, item, scope).filter(|_| is_visible) {
                        Some(import) => {
                            self.are_all_public &= is_public(visibility);
                            self.uses.push(import);
                        }
                        None => self.hidden.push(Hidden {
                            kind,
                            ident: ident.clone(),
                            is_visible,
                        }),
                    }
                }
            }
        }
        is_found
    }

    /// Adds what a glob of the file brings in, although it is private where the glob leads to.
    fn add_through_globs(&mut self, name: &str, around: &mut Surroundings<'_, '_>) -> bool {
        let scope = around.scope;
        for item in &scope.source.items {
            if let Item::Use(item) = item {
                for leaf in leaves(item).iter().filter(|leaf| leaf.is_glob) {
                    let glob = copied(leaf, item, scope);
                    if let Some(import) = glob.and_then(|glob| around.through_glob(name, &glob)) {
                        self.uses.push(import);
                        return true;
                    }
                }
            }
        }
        false
    }

    /// Adds the file's own globs, and the file itself where a macro may declare names.
    fn add_globs(&mut self, scope: &Scope) {
        for item in &scope.source.items {
            if let Item::Use(item) = item {
                for leaf in leaves(item).iter().filter(|leaf| leaf.is_glob) {
                    self.uses.extend(copied(leaf, item, scope));
                }
            }
        }
        if scope.is_reachable && has_macro_calls(&scope.source.items) {
            self.uses.push(Import {
                cfg: scope.source.cfg.clone(),
                leading_colon: false,
                path: scope.module.idents(),
                rename: None,
                is_glob: true,
            });
        }
    }
}

fn copied_alias(alias: &ItemType, scope: &Scope) -> ItemType {
    let mut alias = alias.clone();
    let mut cfg = scope.source.cfg.clone();
    cfg.extend(cfgs(&alias.attrs));
    alias.attrs = cfg;
    alias.vis = Visibility::Inherited;
    let module = &scope.module;
    Absolute { module }.visit_item_type_mut(&mut alias);
    alias
}

fn alias_key(alias: &ItemType) -> (String, String) {
    (alias.ident.to_string(), alias.to_token_stream().to_string())
}
