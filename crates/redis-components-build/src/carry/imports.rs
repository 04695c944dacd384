//! What copied signatures and documentation need of their file's surroundings.

use std::collections::{BTreeMap, BTreeSet};

use syn::ext::IdentExt;
use syn::{Item, ItemUse, parse_quote};

use crate::carry::import::{Import, sort_key};
use crate::carry::mentions::Mentions;
use crate::diagnostics::Diagnostics;
use crate::manifest::functions::Function;
use crate::modules::sources::Sources;
use crate::modules::visible::is_visible_from_root;
use crate::resolve::hidden::Hidden;
use crate::resolve::public::{View, is_public_item};
use crate::resolve::resolver::{Kind, Meaning};
use crate::source::attributes::{attributes, cfgs, without_repetitions};
use crate::source::items::declared;
use crate::source::use_tree::Leaf;

/// What makes the names of copied signatures resolve.
pub(crate) struct Imports {
    pub(crate) uses: Vec<Import>,
    /// Whether everything of this crate that they name is `pub`.
    pub(crate) are_all_public: bool,
    /// Whether one of them is deprecated, as far as this crate tells.
    pub(crate) is_deprecated: bool,
    /// Whether an alias was written out, which may have been there to make a type short.
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
    /// Collects what the links of copied documentation need, for documentation builds alone.
    pub(crate) fn of_links(
        view: View<'_>,
        names: BTreeSet<String>,
        sources: &mut Sources<'_>,
    ) -> Self {
        let mut imports = Self::default();
        for name in names {
            let source = &view.scope.source;
            for (item, leaf) in source.importing(&name) {
                imports.add_use(leaf, item, view, sources);
            }
            for item in source.declaring(&name) {
                imports.add_item(item, view, sources);
            }
        }
        for import in &mut imports.uses {
            import.cfg.insert(0, parse_quote!(#[cfg(doc)]));
        }
        imports
    }

    /// Collects what `mentions` needs of a source file.
    pub(crate) fn add_all(
        &mut self,
        mentions: Mentions,
        view: View<'_>,
        sources: &mut Sources<'_>,
    ) {
        let mut is_complete = true;
        for name in mentions.names {
            is_complete &= self.add(&name, view, sources);
        }
        if !is_complete {
            self.add_globs(view.scope, view, sources);
        }
    }

    /// Adds another function's.
    pub(crate) fn merge(&mut self, other: Self) {
        self.uses.extend(other.uses);
        self.are_all_public &= other.are_all_public;
        self.is_deprecated |= other.is_deprecated;
        self.is_written_out |= other.is_written_out;
        self.hidden.extend(other.hidden);
    }

    /// Sorts them, and keeps one of each.
    pub(crate) fn tidy(&mut self) {
        let uses = std::mem::take(&mut self.uses).into_iter().rev();
        let uses: BTreeMap<_, Import> = uses.map(|import| (sort_key(&import), import)).collect();
        self.uses = uses.into_values().collect();
    }

    /// Reports what the crate's root cannot name.
    pub(crate) fn report_hidden(&self, function: &Function, diagnostics: &mut Diagnostics) {
        let mut reported = BTreeSet::new();
        let is_module = |hidden: &Hidden| hidden.kind == "a module";
        // A module that is in the way of an item is reported with it.
        let has_items = !self.hidden.iter().all(is_module);
        let hidden = self.hidden.iter();
        for hidden in hidden.filter(|hidden| !has_items || !is_module(hidden)) {
            if reported.insert(hidden.name.to_string()) {
                hidden.report(function, diagnostics);
            }
        }
    }

    /// Takes note of something that a signature names.
    pub(crate) fn note(&mut self, meaning: &Meaning) {
        self.are_all_public &= is_public_item(meaning);
        if let Meaning::Item(_, item) = meaning {
            let mut attributes = attributes(item).iter();
            self.is_deprecated |= attributes.any(|a| a.path().is_ident("deprecated"));
        }
    }

    /// Adds what declares `name`; `false` if nothing that can be seen does.
    fn add(&mut self, name: &str, view: View<'_>, sources: &mut Sources<'_>) -> bool {
        let scope = view.scope;
        let mut is_found = false;
        for (item, leaf) in scope.source.importing(name) {
            is_found = true;
            self.add_use(leaf, item, view, sources);
        }
        for item in scope.source.declaring(name) {
            // A function is no type, and a wrapper may have its name.
            let is_function = matches!(item, Item::Fn(item) if item.sig.constness.is_none());
            if !is_function {
                is_found = true;
                if let Some(hidden) = self.add_item(item, view, sources) {
                    self.hidden.push(hidden);
                }
            }
        }
        is_found || self.add_globbed(name, view, sources)
    }

    /// Adds an import of the file, from where the crate's root can name what it imports.
    fn add_use(&mut self, leaf: &Leaf, item: &ItemUse, view: View<'_>, sources: &mut Sources<'_>) {
        let scope = view.scope;
        let (target, leading_colon) = sources.target(leaf, item, scope);
        let is_own = !leading_colon && target.first().is_some_and(|first| first == "crate");
        let mut cfg = scope.cfg.clone();
        cfg.extend(cfgs(&item.attrs));
        let located = if is_own {
            sources.locate(&target, Kind::Other)
        } else {
            None
        };
        let located = located.filter(|found| found.used == target.len());
        if let Some(found) = &located {
            self.note(&found.meaning);
        }
        let is_exported = scope.is_reachable && is_visible_from_root(&item.vis, &scope.module);
        let import = if is_exported {
            let mut path = scope.module.idents();
            path.push(leaf.name.clone());
            Import::of_path(path)
        } else if let Some(found) = located {
            cfg.extend(found.cfg.iter().cloned());
            let path = if found.is_nameable {
                Some(target)
            } else {
                sources.public_path(&found.meaning, view)
            };
            let Some(path) = path else {
                self.hidden.extend(sources.hidden(&found.meaning, view));
                return;
            };
            let leading_colon = matches!(found.meaning, Meaning::Outside(_, true));
            Import {
                leading_colon,
                ..Import::named(path, &leaf.name)
            }
        } else {
            if is_own && let Some(module) = sources.hidden_module_of(&target, view) {
                self.hidden.push(module);
                return;
            }
            Import {
                leading_colon,
                ..Import::named(target, &leaf.name)
            }
        };
        if !import.is_needless() {
            self.uses.push(Import {
                cfg: without_repetitions(cfg),
                ..import
            });
        }
    }

    /// Adds an item of the file itself, or says what hides it.
    fn add_item(
        &mut self,
        item: &Item,
        view: View<'_>,
        sources: &mut Sources<'_>,
    ) -> Option<Hidden> {
        let (_, ident, _) = declared(item)?;
        let scope = view.scope;
        let meaning = match item {
            Item::Mod(_) => {
                Meaning::Module(sources.scope(&scope.module.child(&ident.unraw().to_string()))?)
            }
            item => Meaning::Item(scope.clone(), Box::new(item.clone())),
        };
        let Some(path) = sources.public_path(&meaning, view) else {
            return sources.hidden(&meaning, view);
        };
        self.note(&meaning);
        let mut cfg = scope.cfg.clone();
        cfg.extend(cfgs(attributes(item)));
        self.uses.push(Import {
            cfg: without_repetitions(cfg),
            ..Import::named(path, ident)
        });
        None
    }
}
