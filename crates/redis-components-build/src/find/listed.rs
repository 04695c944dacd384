use proc_macro2::Ident;
use syn::ext::IdentExt;
use syn::{Item, ItemFn, ItemUse};

use crate::diagnostics::Diagnostics;
use crate::find::found::Found;
use crate::find::missing::{ambiguous, not_found, private, unreachable};
use crate::manifest::functions::Function;
use crate::manifest::source_path::SourcePath;
use crate::module_path::ModulePath;
use crate::modules::scope::Scope;
use crate::modules::sources::Sources;
use crate::modules::visible::{is_public, is_visible_from_root};
use crate::source::attributes::{cfgs, without_repetitions};
use crate::source::file::Source;
use crate::source::items::free_function;
use crate::source::use_tree::{Leaf, leaves};

/// Re-exports of re-exports are followed so far: a cycle is rustc's to report.
const MOST_HOPS: usize = 8;

/// Finds a listed function: more than one where `cfg` chooses between them, none where there is a
/// problem, which is reported.
pub(crate) fn find(
    function: &Function,
    path: &SourcePath,
    scope: &Scope,
    sources: &mut Sources<'_>,
    diagnostics: &mut Diagnostics,
) -> Vec<Found> {
    let direct: Vec<&ItemFn> = functions_named(&function.name, &scope.source).collect();
    let hidden = direct
        .iter()
        .find(|item| !is_visible_from_root(&item.vis, &scope.module));
    if let Some(item) = hidden {
        diagnostics.error(private(function, item, &scope.source));
        return Vec::new();
    }
    if let Some(first) = direct.first() {
        let Some(module) = sources.caller_of(scope, &first.sig.ident, &first.vis) else {
            let module = sources.hiding(&scope.module);
            diagnostics.error(unreachable(path, scope, module.as_ref()));
            return Vec::new();
        };
        return direct
            .into_iter()
            .map(|item| Found {
                is_foreign: false,
                module: module.clone(),
                ..here(item, scope)
            })
            .collect();
    }

    let mut search = Search {
        sources,
        met_unparsable: false,
    };
    let mut found = search.reexported(&function.name, scope, MOST_HOPS);
    let met_unparsable = search.met_unparsable;
    if found.is_empty() {
        found = inside(&function.name, scope);
    }
    if found.is_empty() {
        // Rustc is about to say why the other file cannot be read.
        if !met_unparsable {
            diagnostics.error(not_found(function, path, &scope.source));
        }
    } else if let Some(other) = found.iter().find(|other| other.module != found[0].module) {
        diagnostics.error(ambiguous(function, &found[0], other));
        return Vec::new();
    }
    found
}

fn functions_named<'a>(name: &str, source: &'a Source) -> impl Iterator<Item = &'a ItemFn> {
    source.declaring(name).filter_map(free_function)
}

fn here(item: &ItemFn, scope: &Scope) -> Found {
    Found {
        item: item.clone(),
        scope: scope.clone(),
        module: scope.module.clone(),
        cfg: scope.cfg.clone(),
        is_public: is_public(&item.vis),
        is_foreign: true,
    }
}

/// Looks in the inline modules that the crate's root can name.
fn inside(name: &str, scope: &Scope) -> Vec<Found> {
    let mut found = Vec::new();
    for inner in scope.inline_modules() {
        if inner.is_reachable {
            let visible = functions_named(name, &inner.source)
                .filter(|item| is_visible_from_root(&item.vis, &inner.module));
            found.extend(visible.map(|item| here(item, &inner)));
            found.extend(inside(name, &inner));
        }
    }
    found
}

/// A search that goes from file to file.
struct Search<'a, 'b> {
    sources: &'a mut Sources<'b>,
    met_unparsable: bool,
}

impl Search<'_, '_> {
    /// Follows the re-exports of a name to functions of this crate.
    fn reexported(&mut self, name: &str, scope: &Scope, hops: usize) -> Vec<Found> {
        let Some(hops) = hops.checked_sub(1) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for item in &scope.source.items {
            let Item::Use(item) = item else {
                continue;
            };
            if !is_visible_from_root(&item.vis, &scope.module) {
                continue;
            }
            for leaf in leaves(item) {
                if leaf.is_glob || leaf.name.unraw() == name {
                    found.extend(self.follow(name, &leaf, item, scope, hops));
                }
            }
        }
        found
    }

    fn follow(
        &mut self,
        name: &str,
        leaf: &Leaf,
        item: &ItemUse,
        scope: &Scope,
        hops: usize,
    ) -> Vec<Found> {
        let (mut path, _) = self.sources.target(leaf, item, scope);
        let original = if leaf.is_glob {
            name.to_owned()
        } else {
            match path.pop() {
                Some(last) => last.unraw().to_string(),
                None => return Vec::new(),
            }
        };
        let Some(module) = ModulePath::of_idents(&path) else {
            return Vec::new();
        };
        let Some(definition) = self.module(&module, scope) else {
            return Vec::new();
        };
        let mut found: Vec<Found> = functions_named(&original, &definition.source)
            .map(|item| here(item, &definition))
            .collect();
        if found.is_empty() {
            found = self.reexported(&original, &definition, hops);
        }
        for function in &mut found {
            rename(&mut function.item.sig.ident, leaf);
            function.module = scope.module.clone();
            function.is_public = is_public(&item.vis);
            let mut cfg = scope.cfg.clone();
            cfg.extend(cfgs(&item.attrs));
            cfg.append(&mut function.cfg);
            function.cfg = without_repetitions(cfg);
        }
        found
    }

    fn module(&mut self, module: &ModulePath, from: &Scope) -> Option<Scope> {
        if let Some(scope) = from.walk(module) {
            return Some(scope);
        }
        let found = self.sources.scope(module);
        self.met_unparsable |= found.is_none() && self.sources.is_unparsable(module);
        found
    }
}

fn rename(ident: &mut Ident, leaf: &Leaf) {
    if !leaf.is_glob {
        // The place stays that of the definition.
        let span = ident.span();
        *ident = leaf.name.clone();
        ident.set_span(span);
    }
}
