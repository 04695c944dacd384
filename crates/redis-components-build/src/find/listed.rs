//! Finds the functions for a listed name.

use proc_macro2::Ident;
use syn::{Item, ItemFn, ItemUse};

use crate::diagnostics::Diagnostics;
use crate::find::found::Found;
use crate::find::missing::{ambiguous, not_found, private, unreachable};
use crate::manifest::functions::Function;
use crate::manifest::source_path::SourcePath;
use crate::modules::scope::Scope;
use crate::modules::visible::{is_public, is_visible_from_root};
use crate::resolve::meaning::{Kind, Meaning};
use crate::resolve::resolver::Resolver;
use crate::source::attributes::without_repetitions;
use crate::source::file::Source;
use crate::source::items::free_function;
use crate::source::use_tree::Leaf;

/// Finds a listed function in the modules of a component's source. Returns several if `cfg` chooses
/// between them. Returns none if there is a problem, which is reported.
pub(crate) fn find(
    function: &Function,
    path: &SourcePath,
    scopes: &[Scope],
    resolver: &mut Resolver<'_>,
    diagnostics: &mut Diagnostics,
) -> Vec<Found> {
    let mut all = Vec::new();
    for scope in scopes {
        match direct(function, path, scope, resolver, diagnostics) {
            Some(found) => all.extend(found),
            None => return Vec::new(),
        }
    }
    if !all.is_empty() {
        return all;
    }
    for scope in scopes {
        all.extend(reexported(&function.name, scope, resolver));
    }
    if all.is_empty() {
        for scope in scopes {
            inside(&function.name, scope, &mut all);
        }
    }
    if let Some(first) = all.first() {
        if let Some(other) = all.iter().find(|other| other.module != first.module) {
            diagnostics.error(ambiguous(function, first, other));
            return Vec::new();
        }
    } else if let Some(scope) = scopes.first() {
        let mut exports = scopes
            .iter()
            .flat_map(|scope| exports(&function.name, scope));
        // Rustc is about to report why the other file cannot be read.
        if exports.next().is_none() || !resolver.sources.has_unparsable() {
            diagnostics.error(not_found(function, path, &scope.source));
        }
    }
    all
}

/// Finds the functions of a module. Returns `None` if one cannot be called, which is reported.
fn direct(
    function: &Function,
    path: &SourcePath,
    scope: &Scope,
    resolver: &mut Resolver<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<Found>> {
    let items: Vec<&ItemFn> = functions_named(&function.name, &scope.source).collect();
    let is_hidden = |item: &&&ItemFn| !is_visible_from_root(&item.vis, &scope.module);
    if let Some(item) = items.iter().find(is_hidden) {
        diagnostics.error(private(function, item, &scope.source));
        return None;
    }
    let Some(first) = items.first() else {
        return Some(Vec::new());
    };
    let Some(module) = resolver.caller_of(scope, &first.sig.ident, &first.vis) else {
        let module = resolver.hiding(&scope.module);
        diagnostics.error(unreachable(path, scope, module.as_ref()));
        return None;
    };
    let found = items.into_iter().map(|item| Found {
        is_foreign: false,
        module: module.clone(),
        ..here(item, scope)
    });
    Some(found.collect())
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

/// Searches the inline modules that the crate's root can name.
fn inside(name: &str, scope: &Scope, found: &mut Vec<Found>) {
    for inner in scope.inline_modules() {
        if inner.is_reachable {
            let visible = functions_named(name, &inner.source)
                .filter(|item| is_visible_from_root(&item.vis, &inner.module));
            found.extend(visible.map(|item| here(item, &inner)));
            inside(name, &inner, found);
        }
    }
}

/// Returns the re-exports of a name in a module, and the globs that may re-export it.
fn exports<'a>(name: &str, scope: &'a Scope) -> impl Iterator<Item = (&'a ItemUse, &'a Leaf)> {
    let named = scope.source.importing(name).chain(scope.source.globs());
    named.filter(|(item, _)| is_visible_from_root(&item.vis, &scope.module))
}

/// Follows the re-exports of a name to functions of this crate.
fn reexported(name: &str, scope: &Scope, resolver: &mut Resolver<'_>) -> Vec<Found> {
    let ident = crate::syntax::ident(name);
    let mut all = Vec::new();
    for (item, leaf) in exports(name, scope) {
        for located in resolver.imported(&ident, (item, leaf), scope, Kind::Function) {
            let Meaning::Item(definition, function) = &located.meaning else {
                continue;
            };
            let Item::Fn(function) = &**function else {
                continue;
            };
            let mut found = here(function, definition);
            if !leaf.is_glob {
                rename(&mut found.item.sig.ident, &leaf.name);
            }
            found.module = scope.module.clone();
            found.is_public = is_public(&item.vis);
            found.cfg = scope
                .cfg
                .iter()
                .cloned()
                .chain(located.cfg)
                .chain(found.cfg)
                .collect();
            found.cfg = without_repetitions(found.cfg);
            all.push(found);
        }
    }
    all
}

/// Sets the name by which a function is called. The span stays at the definition.
fn rename(ident: &mut Ident, name: &Ident) {
    let span = ident.span();
    *ident = name.clone();
    ident.set_span(span);
}
