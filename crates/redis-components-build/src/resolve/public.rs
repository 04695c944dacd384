//! The paths by which the crate's root can name an item.

use proc_macro2::Ident;
use syn::ext::IdentExt;
use syn::{Attribute, Item, Visibility};

use crate::module_path::ModulePath;
use crate::modules::scope::Scope;
use crate::modules::visible::{is_public, is_visible_from_root};
use crate::resolve::meaning::{Kind, Located, Meaning};
use crate::resolve::resolver::Resolver;
use crate::source::conditions::may_hold;
use crate::source::items::declared;

/// The places from which a signature is seen.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    /// The module that contains the function.
    pub(crate) scope: &'a Scope,
    /// The module through which it is called.
    pub(crate) caller: &'a ModulePath,
    /// The conditions under which the signature exists.
    pub(crate) conditions: &'a [Attribute],
}

impl View<'_> {
    /// Returns `true` if an item with these conditions may exist together with the signature.
    pub(crate) fn may_have(&self, cfg: &[Attribute]) -> bool {
        may_hold(self.conditions.iter().chain(cfg))
    }
}

impl Resolver<'_> {
    /// Returns a path by which the crate's root can name an item.
    pub(crate) fn public_path(&mut self, meaning: &Meaning, view: View<'_>) -> Option<Vec<Ident>> {
        match meaning {
            Meaning::Outside(path, _) => Some(path.clone()),
            Meaning::Module(scope) => self.path_of_module(scope, view),
            Meaning::Item(scope, item) => {
                let (_, ident, visibility) = declared(item)?;
                self.path_of(scope, ident, visibility, kind(item), view)
            }
        }
    }

    /// Returns the module through which the crate's root can call a function.
    pub(crate) fn caller_of(
        &mut self,
        scope: &Scope,
        ident: &Ident,
        visibility: &Visibility,
    ) -> Option<ModulePath> {
        let view = View {
            scope,
            caller: &scope.module,
            conditions: &[],
        };
        let path = self.path_of(scope, ident, visibility, Kind::Function, view)?;
        let (name, module) = path.split_last()?;
        // A wrapper calls its function by the function's own name.
        (name == ident).then(|| ModulePath::of_idents(module))?
    }

    fn path_of_module(&mut self, scope: &Scope, view: View<'_>) -> Option<Vec<Ident>> {
        if scope.is_reachable {
            return Some(scope.module.idents());
        }
        let (outer, _) = scope.module.split_last()?;
        let outer = self.sources.scopes(&outer).first()?.clone();
        let item = scope.declared.as_ref()?;
        self.path_of(&outer, &item.ident, &item.visibility, Kind::Other, view)
    }

    fn path_of(
        &mut self,
        scope: &Scope,
        ident: &Ident,
        visibility: &Visibility,
        kind: Kind,
        view: View<'_>,
    ) -> Option<Vec<Ident>> {
        let is_visible = is_visible_from_root(visibility, &scope.module);
        let mut own = scope.module.idents();
        own.push(ident.clone());
        if is_visible && scope.is_reachable {
            return Some(own);
        }
        let around = [view.caller, &view.scope.module, &scope.module];
        for module in around {
            for module in (0..).map_while(|levels| module.ancestor(levels)) {
                if let Some(path) = self.reexported(&own, ident, &module, kind) {
                    return Some(path);
                }
            }
        }
        if is_visible && let Some(mut path) = self.path_of_module(scope, view) {
            path.push(ident.clone());
            return Some(path);
        }
        None
    }

    /// Returns the path by which a module re-exports an item.
    fn reexported(
        &mut self,
        own: &[Ident],
        ident: &Ident,
        module: &ModulePath,
        kind: Kind,
    ) -> Option<Vec<Ident>> {
        let scopes = self.sources.scopes(module);
        let scope = scopes.iter().find(|scope| scope.is_reachable)?;
        let is_it =
            |found: &Located| found.is_nameable && found.used == 1 && found.meaning.path() == own;
        let renamed = scope.source.leaves().filter(|(_, leaf)| {
            let last = leaf.path.last();
            leaf.is_renamed && last.is_some_and(|last| last.unraw() == ident.unraw())
        });
        let renamed = renamed.map(|(_, leaf)| &leaf.name);
        let mut names = std::iter::once(ident).chain(renamed);
        let name = names.find(|name| {
            let found = self.locate_from(scope, std::slice::from_ref(name), kind);
            found.iter().any(is_it)
        })?;
        let mut path = module.idents();
        path.push(name.clone());
        Some(path)
    }
}

/// Returns `true` if an item is `pub`, so that an item with it in the signature may be `pub` as
/// well.
pub(crate) fn is_public_item(meaning: &Meaning) -> bool {
    match meaning {
        Meaning::Item(_, item) => {
            declared(item).is_none_or(|(_, _, visibility)| is_public(visibility))
        }
        Meaning::Module(_) | Meaning::Outside(..) => true,
    }
}

fn kind(item: &Item) -> Kind {
    match item {
        Item::Fn(_) => Kind::Function,
        _ => Kind::Other,
    }
}
