//! The imports that copied signatures and documentation need from their file.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use proc_macro2::Ident;
use syn::{Attribute, Item, ItemUse, parse_quote};

use crate::carry::import::{Import, sort_key};
use crate::carry::mentions::Mentions;
use crate::diagnostics::Diagnostics;
use crate::manifest::functions::Function;
use crate::modules::visible::is_visible_from_root;
use crate::resolve::hidden::Hidden;
use crate::resolve::meaning::{Kind, Located, Meaning};
use crate::resolve::public::{View, is_public_item};
use crate::resolve::resolver::Resolver;
use crate::source::attributes::{attributes, cfgs, without_repetitions};
use crate::source::conditions::otherwise;
use crate::source::index::key;
use crate::source::items::declared;
use crate::source::use_tree::Leaf;

/// The imports that make the names of copied signatures resolve.
pub(crate) struct Imports {
    pub(crate) uses: Vec<Import>,
    /// Whether every item of this crate that the signatures name is `pub`.
    pub(crate) are_all_public: bool,
    /// Whether an item that they name is deprecated, as far as this crate shows.
    pub(crate) is_deprecated: bool,
    /// Whether an alias is written out. It may have made a long type short.
    pub(crate) is_written_out: bool,
    /// Items that the crate's root cannot name.
    pub(crate) hidden: Vec<Hidden>,
}

impl Default for Imports {
    fn default() -> Self {
        Self {
            uses: Vec::new(),
            are_all_public: true,
            is_deprecated: false,
            is_written_out: false,
            hidden: Vec::new(),
        }
    }
}

impl Imports {
    /// Collects the imports for links in copied documentation. They exist only in documentation
    /// builds.
    pub(crate) fn of_links(
        view: View<'_>,
        names: BTreeSet<String>,
        resolver: &mut Resolver<'_>,
    ) -> Self {
        let mut imports = Self::default();
        for name in names {
            let source = &view.scope.source;
            for (item, leaf) in source.importing(&name) {
                imports.add_use(leaf, item, view, resolver);
            }
            for item in source.declaring(&name) {
                imports.add_item(item, view, resolver);
            }
        }
        for import in &mut imports.uses {
            import.cfg.insert(0, parse_quote!(#[cfg(doc)]));
        }
        imports
    }

    /// Collects the imports that `mentions` needs from a source file.
    pub(crate) fn add_all(
        &mut self,
        mentions: Mentions,
        view: View<'_>,
        resolver: &mut Resolver<'_>,
    ) {
        let mut is_complete = true;
        for name in mentions.names {
            is_complete &= self.add(&name, view, resolver);
        }
        if !is_complete {
            self.add_globs(view.scope, view, resolver);
        }
    }

    /// Adds the imports of another function.
    pub(crate) fn merge(&mut self, other: Self) {
        self.uses.extend(other.uses);
        self.are_all_public &= other.are_all_public;
        self.is_deprecated |= other.is_deprecated;
        self.is_written_out |= other.is_written_out;
        self.hidden.extend(other.hidden);
    }

    /// Sorts the imports, and removes duplicates.
    pub(crate) fn tidy(&mut self) {
        let uses = std::mem::take(&mut self.uses).into_iter().rev();
        let uses: BTreeMap<_, Import> = uses.map(|import| (sort_key(&import), import)).collect();
        self.uses = uses.into_values().collect();
    }

    /// Reports the items that the crate's root cannot name.
    pub(crate) fn report_hidden(&self, function: &Function, diagnostics: &mut Diagnostics) {
        let mut reported = BTreeSet::new();
        let is_module = |hidden: &Hidden| hidden.kind == "a module";
        // The report of an item also names the module that hides it.
        let has_items = !self.hidden.iter().all(is_module);
        let hidden = self.hidden.iter();
        for hidden in hidden.filter(|hidden| !has_items || !is_module(hidden)) {
            if reported.insert(hidden.name.to_string()) {
                hidden.report(function, diagnostics);
            }
        }
    }

    /// Records the visibility and the deprecation of an item that a signature names.
    pub(crate) fn note(&mut self, meaning: &Meaning) {
        self.are_all_public &= is_public_item(meaning);
        if let Meaning::Item(_, item) = meaning {
            let mut attributes = attributes(item).iter();
            self.is_deprecated |= attributes.any(|a| a.path().is_ident("deprecated"));
        }
    }

    /// Adds the declaration of `name`. Returns `false` if no visible declaration exists.
    fn add(&mut self, name: &str, view: View<'_>, resolver: &mut Resolver<'_>) -> bool {
        let scope = view.scope;
        let mut conditions = Vec::new();
        for (item, leaf) in scope.source.importing(name) {
            let cfg = cfgs(&item.attrs);
            if view.may_have(&cfg) {
                self.add_use(leaf, item, view, resolver);
            }
            conditions.push(cfg);
        }
        for item in scope.source.declaring(name) {
            // A function is not a type, and a wrapper may have its name.
            if matches!(item, Item::Fn(item) if item.sig.constness.is_none()) {
                continue;
            }
            let cfg = cfgs(attributes(item));
            if view.may_have(&cfg)
                && let Some(hidden) = self.add_item(item, view, resolver)
            {
                self.hidden.push(hidden);
            }
            conditions.push(cfg);
        }
        if conditions.iter().any(Vec::is_empty) {
            return true;
        }
        let is_globbed = self.add_globbed(name, otherwise(&conditions), view, resolver);
        is_globbed || !conditions.is_empty()
    }

    /// Adds an import of the file, by a path that the crate's root can name.
    fn add_use(
        &mut self,
        leaf: &Leaf,
        item: &ItemUse,
        view: View<'_>,
        resolver: &mut Resolver<'_>,
    ) {
        let scope = view.scope;
        let mut cfg = scope.cfg.clone();
        cfg.extend(cfgs(&item.attrs));
        let is_exported = scope.is_reachable && is_visible_from_root(&item.vis, &scope.module);
        for target in resolver.targets((item, leaf), scope) {
            let mut located = resolver.locate(&target.path, Kind::Other);
            located.retain(|found| found.used == target.path.len() && target.is_own());
            for found in &located {
                self.note(&found.meaning);
            }
            if is_exported {
                continue;
            }
            let cfg: Vec<Attribute> = cfg.iter().chain(&target.cfg).cloned().collect();
            if located.is_empty() {
                if target.is_own()
                    && let Some(module) = resolver.hidden_module_of(&target.path, view)
                {
                    self.hidden.push(module);
                    continue;
                }
                self.push(Import {
                    cfg,
                    leading_colon: target.has_colon,
                    ..Import::named(target.path, &leaf.name)
                });
            } else if located.len() > 1 && located.iter().all(|found| found.is_nameable) {
                // The path is the same for each of the items.
                self.push(Import {
                    cfg,
                    ..Import::named(target.path, &leaf.name)
                });
            } else {
                for found in located {
                    let path = found.is_nameable.then(|| target.path.clone());
                    self.add_located(found, path, &leaf.name, &cfg, view, resolver);
                }
            }
        }
        if is_exported {
            let path = scope.module.child(&key(&leaf.name)).idents();
            self.push(Import {
                cfg,
                ..Import::of_path(path)
            });
        }
    }

    /// Adds an item that was found under a name, by `path` or by a path that the crate's root can
    /// use.
    pub(crate) fn add_located(
        &mut self,
        found: Located,
        path: Option<Vec<Ident>>,
        name: &Ident,
        cfg: &[Attribute],
        view: View<'_>,
        resolver: &mut Resolver<'_>,
    ) {
        match path.or_else(|| resolver.public_path(&found.meaning, view)) {
            Some(path) => self.push(Import {
                cfg: cfg.iter().cloned().chain(found.cfg).collect(),
                leading_colon: found.meaning.has_colon(),
                ..Import::named(path, name)
            }),
            None => self.hidden.extend(resolver.hidden(&found.meaning, view)),
        }
    }

    /// Adds an import, unless its name resolves without it.
    pub(crate) fn push(&mut self, import: Import) {
        if !import.is_needless() {
            self.uses.push(Import {
                cfg: without_repetitions(import.cfg),
                ..import
            });
        }
    }

    /// Adds an item of the file itself. Returns the obstacle if the crate's root cannot name the
    /// item.
    fn add_item(
        &mut self,
        item: &Item,
        view: View<'_>,
        resolver: &mut Resolver<'_>,
    ) -> Option<Hidden> {
        let (_, ident, _) = declared(item)?;
        let scope = view.scope;
        let meaning = match item {
            Item::Mod(_) => {
                let modules = resolver.sources.children(scope, &key(ident));
                Meaning::Module(modules.first()?.clone())
            }
            item => Meaning::Item(scope.clone(), Rc::new(item.clone())),
        };
        let Some(path) = resolver.public_path(&meaning, view) else {
            return resolver.hidden(&meaning, view);
        };
        self.note(&meaning);
        let mut cfg = scope.cfg.clone();
        cfg.extend(cfgs(attributes(item)));
        self.push(Import {
            cfg,
            ..Import::named(path, ident)
        });
        None
    }
}
