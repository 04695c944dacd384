//! The `use` items that copied signatures need.

use std::collections::BTreeSet;

use proc_macro2::Ident;
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::visit::Visit;
use syn::visit_mut::VisitMut;
use syn::{Attribute, Item, ItemType, ItemUse, UseTree, Visibility};

use super::items::{declared, has_macro_calls};
use super::{Mentions, Source, is_public, is_visible_from_root};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::manifest::FunctionName;
use crate::module_path::ModulePath;
use crate::rewrite::{Absolute, resolve};

/// One name, or everything, brought into a generated module.
pub(crate) struct Import {
    pub(crate) cfg: Vec<Attribute>,
    pub(crate) leading_colon: bool,
    pub(crate) path: Vec<Ident>,
    pub(crate) rename: Option<Ident>,
    pub(crate) is_glob: bool,
}

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
        function: &FunctionName,
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

/// One end of a `use` tree.
pub(super) struct Leaf {
    path: Vec<Ident>,
    /// The name that it declares; the last module's for a glob.
    pub(super) name: Ident,
    is_renamed: bool,
    is_glob: bool,
}

/// Takes a `use` item apart.
pub(super) fn leaves(item: &ItemUse) -> Vec<Leaf> {
    let mut leaves = Vec::new();
    walk(&item.tree, &mut Vec::new(), &mut leaves);
    leaves
}

fn walk(tree: &UseTree, prefix: &mut Vec<Ident>, leaves: &mut Vec<Leaf>) {
    match tree {
        UseTree::Path(path) => {
            prefix.push(path.ident.clone());
            walk(&path.tree, prefix, leaves);
            prefix.pop();
        }
        UseTree::Group(group) => {
            for tree in &group.items {
                walk(tree, prefix, leaves);
            }
        }
        UseTree::Name(name) => {
            let mut path = prefix.clone();
            if name.ident != "self" {
                path.push(name.ident.clone());
            }
            if let Some(name) = path.last().cloned() {
                leaves.push(Leaf {
                    path,
                    name,
                    is_renamed: false,
                    is_glob: false,
                });
            }
        }
        UseTree::Rename(rename) => {
            let mut path = prefix.clone();
            // `as _` brings in methods alone, and a signature calls none.
            if rename.rename == "_" {
                return;
            }
            if rename.ident != "self" {
                path.push(rename.ident.clone());
            }
            leaves.push(Leaf {
                path,
                name: rename.rename.clone(),
                is_renamed: true,
                is_glob: false,
            });
        }
        UseTree::Glob(_) => {
            if let Some(name) = prefix.last().cloned() {
                leaves.push(Leaf {
                    path: prefix.clone(),
                    name,
                    is_renamed: false,
                    is_glob: true,
                });
            }
        }
    }
}

/// Copies one end of a `use` item, meaning the same from anywhere in the crate.
fn copied(leaf: &Leaf, item: &ItemUse, source: &Source, module: &ModulePath) -> Option<Import> {
    let mut path = leaf.path.clone();
    let leading_colon = item.leading_colon.is_some();
    if !leading_colon {
        let first = path.first()?.clone();
        if let Some((mut prefix, used)) = resolve(&path, module) {
            prefix.extend(path.drain(used..));
            path = prefix;
        } else if is_declared(&first, source) {
            let mut prefix = module.idents();
            prefix.append(&mut path);
            path = prefix;
        }
    }
    // `use redis::{self, …}`: a crate's name resolves without.
    if path.len() == 1 && !leaf.is_renamed && !leaf.is_glob {
        return None;
    }
    Some(Import {
        cfg: cfgs(&item.attrs),
        leading_colon,
        path,
        rename: leaf.is_renamed.then(|| leaf.name.clone()),
        is_glob: leaf.is_glob,
    })
}

fn local(ident: &Ident, item: &Item, module: &ModulePath) -> Import {
    let mut path = module.idents();
    path.push(ident.clone());
    Import {
        cfg: attributes(item).map(cfgs).unwrap_or_default(),
        leading_colon: false,
        path,
        rename: None,
        is_glob: false,
    }
}

fn copied_alias(alias: &ItemType, module: &ModulePath) -> ItemType {
    let mut alias = alias.clone();
    alias.attrs = cfgs(&alias.attrs);
    alias.vis = Visibility::Inherited;
    Absolute { module }.visit_item_type_mut(&mut alias);
    alias
}

/// Tells whether the file itself declares a name that a path can begin with.
fn is_declared(name: &Ident, source: &Source) -> bool {
    source
        .items
        .iter()
        .filter(|item| !matches!(item, Item::Const(_) | Item::Fn(_) | Item::Static(_)))
        .filter_map(declared)
        .any(|(_, ident, _)| ident == name)
}

/// Returns the name that an import needs other imports for.
fn first_name(import: &Import) -> Option<String> {
    let first = import.path.first()?;
    (!import.leading_colon && first != "crate").then(|| first.unraw().to_string())
}

fn cfgs(attributes: &[Attribute]) -> Vec<Attribute> {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("cfg"))
        .cloned()
        .collect()
}

fn attributes(item: &Item) -> Option<&[Attribute]> {
    Some(match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::TraitAlias(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        _ => return None,
    })
}

/// What imports are sorted by, the crate's own names first, and what tells two of them apart.
fn sort_key(import: &Import) -> (bool, String, bool, Option<String>, String) {
    let path: Vec<String> = import.path.iter().map(ToString::to_string).collect();
    let cfg = &import.cfg;
    (
        path.first().is_none_or(|first| first != "crate"),
        path.join("::"),
        import.is_glob,
        import.rename.as_ref().map(ToString::to_string),
        quote!(#(#cfg)*).to_string(),
    )
}

fn alias_key(alias: &ItemType) -> (String, String) {
    (alias.ident.to_string(), alias.to_token_stream().to_string())
}
