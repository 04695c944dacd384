//! Components whose names have another meaning in the module that includes the generated modules.

use proc_macro2::Ident;
use syn::{Attribute, Item, ItemUse};

use crate::diagnostics::Diagnostics;
use crate::diagnostics::diagnostic::Diagnostic;
use crate::diagnostics::file::Spot;
use crate::manifest::component::Component;
use crate::manifest::names::ACCESSORS;
use crate::module_path::ModulePath;
use crate::modules::scope::Scope;
use crate::modules::sources::Sources;
use crate::package::Package;
use crate::rewrite;
use crate::source::attributes::{attributes, cfgs};
use crate::source::conditions::may_hold;
use crate::source::index::key;
use crate::source::items::{declared, is_value};
use crate::source::naming::{self, Meaning, Taken};
use crate::source::use_tree::Leaf;
use crate::syntax::{is_in_prelude, is_primitive};

/// Crates that are in scope without an `extern crate`.
const STANDARD: [&str; 2] = ["core", "std"];

/// The generated items beside the generated modules.
const GENERATED: [&str; 3] = ["COMPONENTS", "connect_all", "connect_all_blocking"];

/// Refuses a component with the name of a module or type beside the generated modules, or of a
/// crate or type that the code there names.
pub(crate) fn check(
    components: &[Component],
    runtime: Option<&str>,
    package: &Package,
    sources: &mut Sources<'_>,
    diagnostics: &mut Diagnostics,
) {
    let root = sources.root_scope();
    let around = root.as_ref().and_then(|root| {
        let place = sources.root.place.as_ref()?;
        let modules = place.modules.iter();
        let module = modules.fold(ModulePath::root(), |module, name| module.child(name));
        root.walk(&module).into_iter().next()
    });
    if let Some(around) = &around {
        check_generated(around, diagnostics);
    }
    let is_library = sources.root.target.is_library;
    let library = package.library.as_deref().filter(|_| !is_library);
    for component in components {
        let name = component.name.as_str();
        let Some(around) = &around else {
            let source = component.source.as_ref();
            let own = source.and_then(|source| sources.module_of(source));
            let module = ModulePath::root().child(name);
            if root.is_none() && own.as_ref() == Some(&module) {
                diagnostics.error(same_name(component, "module", &module));
            }
            continue;
        };
        if let Some((kind, place)) = declaration(component, around, sources) {
            let error = same_name(component, kind, &around.module.child(name));
            diagnostics.error(error.context(&place, "and so has this one"));
            continue;
        }
        let is_crate = STANDARD.contains(&name)
            || package.crates.contains(name)
            || runtime == Some(name)
            || root
                .as_ref()
                .is_some_and(|root| has_extern_crate(root, name))
            || library == Some(name);
        let (meaning, what) = if is_crate {
            (Meaning::Crate, "crate")
        } else if is_in_prelude(name) {
            (Meaning::Type, "type or trait")
        } else if is_primitive(name) {
            // A path means the type of the language nevertheless, and only an import does not.
            (Meaning::Import, "type")
        } else {
            continue;
        };
        let listed = component.functions.iter();
        let inside = listed.map(|function| function.name.as_str());
        let inside: Vec<&str> = inside.chain(ACCESSORS).collect();
        let taken = Taken {
            name,
            meaning,
            inside: &inside,
        };
        if let Some(place) = mention(taken, around) {
            diagnostics.error(shadows(component, &format!("the {what} `{name}`"), &place));
        }
    }
}

/// Refuses an item beside the generated modules with the name of one that stands there too.
fn check_generated(around: &Scope, diagnostics: &mut Diagnostics) {
    for item in &around.source.items {
        let Some((kind, ident, _)) = declared(item).filter(|_| is_value(item)) else {
            continue;
        };
        // Under a condition, it may never be there.
        let is_there = cfgs(attributes(item)).is_empty();
        if is_there && GENERATED.iter().any(|name| ident == name) {
            let message = format!("{kind} has the name of the generated `{ident}`");
            let place = around.source.spot(ident.span());
            let help = "rename it, or include the generated modules inside of a module";
            diagnostics.error(Diagnostic::error(message, &place, "both stand here").help(help));
        }
    }
}

fn same_name(component: &Component, kind: &str, path: &ModulePath) -> Diagnostic {
    let name = &component.name;
    let message = format!("the component `{name}` has the name of the {kind} `{path}`");
    Diagnostic::error(message, &component.spot, "the generated module has this name").help(format!(
        "rename the component, or move the functions, for example to `src/functions/{name}.rs`, or include the generated modules inside of a module"
    ))
}

fn shadows(component: &Component, what: &str, place: &Spot) -> Diagnostic {
    let name = &component.name;
    let message = format!("the component `{name}` takes the name of {what}");
    Diagnostic::error(message, &component.spot, "the generated module has this name")
        .context(place, "this would mean the generated module")
        .help("rename the component and keep its config with `key`, or include the generated modules inside of a module of their own")
}

/// Finds an item beside the generated modules whose name is in the name space of modules.
fn declaration(
    component: &Component,
    around: &Scope,
    sources: &mut Sources<'_>,
) -> Option<(&'static str, Spot)> {
    let name = component.name.as_str();
    let own = component.cfg.iter().map(|condition| &condition.attribute);
    let own: Vec<Attribute> = own.cloned().collect();
    let meets = |item: &[Attribute]| may_hold(own.iter().chain(&cfgs(item)));
    let spot = |ident: &Ident| around.source.spot(ident.span());
    let mut items = around.source.items.iter();
    let item = items.find_map(|item| {
        let (kind, ident) = in_name_space_of_modules(item)?;
        (key(ident) == name && meets(attributes(item))).then(|| (kind, spot(ident)))
    });
    item.or_else(|| {
        let mut imports = around.source.importing(name);
        let (_, leaf) = imports.find(|import| {
            meets(&import.0.attrs) && {
                let module = imported_module(*import, around);
                module.is_some_and(|module| !sources.scopes(&module).is_empty())
            }
        })?;
        Some(("import", spot(&leaf.name)))
    })
}

/// Returns `true` if the root brings a crate into scope, which then is in scope in every module.
fn has_extern_crate(root: &Scope, name: &str) -> bool {
    let mut items = root.source.items.iter();
    items.any(|item| {
        matches!(in_name_space_of_modules(item), Some(("crate", ident)) if key(ident) == name)
    })
}

fn in_name_space_of_modules(item: &Item) -> Option<(&'static str, &Ident)> {
    if let Item::ExternCrate(item) = item {
        let renamed = item.rename.as_ref().map(|(_, name)| name);
        return Some(("crate", renamed.unwrap_or(&item.ident)));
    }
    let (_, ident, _) = declared(item)?;
    let kind = match item {
        Item::Mod(_) => "module",
        Item::Trait(_) | Item::TraitAlias(_) => "trait",
        Item::Enum(_) | Item::Struct(_) | Item::Type(_) | Item::Union(_) => "type",
        _ => return None,
    };
    Some((kind, ident))
}

/// Returns the module of this crate that one end of a `use` item names, if it names one.
fn imported_module((item, leaf): (&ItemUse, &Leaf), scope: &Scope) -> Option<ModulePath> {
    let path = leaf.path.as_slice();
    let first = path.first().filter(|_| item.leading_colon.is_none())?;
    let (mut module, rest) = match rewrite::resolve(path, &scope.module) {
        Some((idents, length)) => (ModulePath::of_idents(&idents)?, &path[length..]),
        None if first == "crate" => (ModulePath::root(), &path[1..]),
        None if scope.declarations(&key(first)).next().is_some() => (scope.module.clone(), path),
        None => return None,
    };
    for name in rest {
        module = module.child(&key(name));
    }
    Some(module)
}

/// Finds a place at which a name would mean the generated module: beside it, or in an inline module
/// that imports everything from there.
fn mention(taken: Taken<'_>, around: &Scope) -> Option<Spot> {
    let beside = naming::first(taken, &around.source);
    beside.or_else(|| mention_inside(taken, around, &around.module))
}

fn mention_inside(taken: Taken<'_>, outer: &Scope, around: &ModulePath) -> Option<Spot> {
    outer.inline_modules().find_map(|inner| {
        let mut globs = inner.source.globs();
        let imports_all =
            globs.any(|import| imported_module(import, &inner).as_ref() == Some(around));
        let has_own = inner.source.declaring(taken.name).next().is_some()
            || inner.source.importing(taken.name).next().is_some();
        let found = (imports_all && !has_own)
            .then(|| naming::first(taken, &inner.source))
            .flatten();
        found.or_else(|| mention_inside(taken, &inner, around))
    })
}
