//! Where names are looked up: a module, its own items, and what it is called from the crate's root.

use std::collections::BTreeMap;
use std::rc::Rc;

use proc_macro2::Ident;
use syn::ext::IdentExt;
use syn::{Item, ItemMod};

use super::import::{cfgs, resolved};
use super::use_tree::leaves;
use super::{Source, is_visible_from_root};
use crate::attributes::allowed_lints;
use crate::manifest::SourcePath;
use crate::module_path::ModulePath;

/// A module of the crate: a file, or an inline module of one.
#[derive(Clone)]
pub(crate) struct Scope {
    pub(crate) source: Rc<Source>,
    pub(crate) module: ModulePath,
    /// Whether the crate's root can name the module, as far as its files were read.
    pub(super) is_reachable: bool,
    /// What another module makes known of this one.
    pub(super) exports: Option<Rc<Exports>>,
}

/// The names under which a module re-exports another's items.
pub(super) struct Exports {
    module: ModulePath,
    names: BTreeMap<String, Ident>,
    has_all: bool,
}

impl Scope {
    /// The module that a component names: the file, or where `module` says so, an inline module of it.
    pub(crate) fn of(path: &SourcePath, source: Rc<Source>) -> Self {
        let file = ModulePath::of_file(&path.file).filter(|file| {
            path.module
                .below(file)
                .is_some_and(|below| !below.is_empty())
        });
        let inline =
            file.and_then(|module| Self::of_file(source.clone(), module).walk(&path.module));
        inline.unwrap_or_else(|| Self::of_file(source, path.module.clone()))
    }

    pub(super) fn of_file(source: Rc<Source>, module: ModulePath) -> Self {
        Self {
            source,
            module,
            is_reachable: true,
            exports: None,
        }
    }

    /// Returns the module of this path, if it is this one or an inline module of it.
    pub(super) fn walk(&self, module: &ModulePath) -> Option<Self> {
        let mut scope = self.clone();
        for name in module.below(&self.module)? {
            let inner = scope.inline_modules().find(|(inner, _)| inner == name)?.1;
            scope = inner;
        }
        Some(scope)
    }

    /// Returns the inline modules and their names.
    pub(super) fn inline_modules(&self) -> impl Iterator<Item = (String, Self)> {
        self.source.items.iter().filter_map(|item| match item {
            Item::Mod(module) => Some((module.ident.unraw().to_string(), self.inline(module)?)),
            _ => None,
        })
    }

    fn inline(&self, module: &ItemMod) -> Option<Self> {
        let (_, items) = module.content.as_ref()?;
        let mut allows = self.source.allows.clone();
        allows.extend(allowed_lints(&module.attrs));
        let mut cfg = self.source.cfg.clone();
        cfg.extend(cfgs(&module.attrs));
        Some(Self {
            source: Rc::new(Source {
                file: self.source.file.clone(),
                items: items.clone(),
                allows,
                cfg,
            }),
            module: self.module.child(&module.ident.unraw().to_string()),
            is_reachable: self.is_reachable && is_visible_from_root(&module.vis, &self.module),
            exports: None,
        })
    }

    /// The same module, known through another one's re-exports.
    pub(super) fn exported_by(mut self, outer: &Self) -> Self {
        let mut exports = Exports {
            module: outer.module.clone(),
            names: BTreeMap::new(),
            has_all: false,
        };
        for item in &outer.source.items {
            match item {
                Item::Use(item) if is_visible_from_root(&item.vis, &outer.module) => {
                    for leaf in leaves(item) {
                        exports.add(&resolved(&leaf, item, outer), &leaf, &self.module);
                    }
                }
                Item::Mod(item)
                    if outer.module.child(&item.ident.unraw().to_string()) == self.module =>
                {
                    self.is_reachable &= is_visible_from_root(&item.vis, &outer.module);
                }
                _ => {}
            }
        }
        self.exports = Some(Rc::new(exports));
        self
    }

    /// Returns the path of an item of this module, and whether the crate's root can use it.
    pub(super) fn path_of(&self, ident: &Ident) -> Option<Vec<Ident>> {
        if let Some(exports) = &self.exports
            && let Some(name) = exports.name_of(ident)
        {
            let mut path = exports.module.idents();
            path.push(name);
            return Some(path);
        }
        self.is_reachable.then(|| {
            let mut path = self.module.idents();
            path.push(ident.clone());
            path
        })
    }
}

impl Exports {
    fn add(&mut self, path: &[Ident], leaf: &super::use_tree::Leaf, module: &ModulePath) {
        if leaf.is_glob {
            self.has_all |= path == module.idents();
        } else if let Some((last, parent)) = path.split_last()
            && parent == module.idents()
        {
            self.names
                .insert(last.unraw().to_string(), leaf.name.clone());
        }
    }

    fn name_of(&self, ident: &Ident) -> Option<Ident> {
        let named = self.names.get(&ident.unraw().to_string()).cloned();
        named.or_else(|| self.has_all.then(|| ident.clone()))
    }
}
