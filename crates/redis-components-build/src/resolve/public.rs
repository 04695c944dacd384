//! By which path the crate's root can name something.

use proc_macro2::Ident;
use syn::ext::IdentExt;
use syn::{Item, Visibility};

use crate::diagnostics::file::Spot;
use crate::module_path::ModulePath;
use crate::modules::scope::Scope;
use crate::modules::sources::Sources;
use crate::modules::visible::{is_public, is_visible_from_root};
use crate::resolve::hidden::Hidden;
use crate::resolve::resolver::{Kind, Located, Meaning};
use crate::source::items::declared;
use crate::source::use_tree::leaves;

/// Modules in modules in private modules are followed so far.
const MOST_LEVELS: usize = 16;

/// The places from which a signature is seen.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    /// The module that the function is written in.
    pub(crate) scope: &'a Scope,
    /// The module through which it is called.
    pub(crate) caller: &'a ModulePath,
}

impl Sources<'_> {
    /// Returns a path by which the crate's root can name what was found.
    pub(crate) fn public_path(&mut self, meaning: &Meaning, view: View<'_>) -> Option<Vec<Ident>> {
        match meaning {
            Meaning::Outside(path, _) => Some(path.clone()),
            Meaning::Module(scope) => self.path_of_module(scope, view, MOST_LEVELS),
            Meaning::Item(scope, item) => {
                let (_, ident, visibility) = declared(item)?;
                let kind = kind(item);
                self.path_of(scope, ident, visibility, kind, view, MOST_LEVELS)
            }
        }
    }

    /// Says what hides an item or a module.
    pub(crate) fn hidden(&mut self, meaning: &Meaning, view: View<'_>) -> Option<Hidden> {
        let export = |visibility: &Visibility| {
            let word = if is_public(visibility) {
                "pub"
            } else {
                "pub(crate)"
            };
            format!("{word} use {};", relative(&meaning.path(), view.caller))
        };
        match meaning {
            Meaning::Outside(..) => None,
            Meaning::Item(scope, item) => {
                let (kind, ident, visibility) = declared(item)?;
                let is_visible = is_visible_from_root(visibility, &scope.module);
                Some(Hidden {
                    kind,
                    name: ident.clone(),
                    spot: scope.source.spot(ident.span()),
                    module: self.hiding(&scope.module).filter(|_| is_visible),
                    export: export(visibility),
                })
            }
            Meaning::Module(scope) => {
                let (outer, name) = scope.module.split_last()?;
                let outer = self.scope(&outer)?;
                let item = outer.declaration(name)?;
                let is_visible = is_visible_from_root(&item.vis, &outer.module);
                Some(Hidden {
                    kind: "a module",
                    name: item.ident.clone(),
                    spot: outer.source.spot(item.ident.span()),
                    module: self.hiding(&outer.module).filter(|_| is_visible),
                    export: export(&item.vis),
                })
            }
        }
    }

    /// Returns the module of a path whose last name cannot be seen, if the crate's root cannot name it.
    pub(crate) fn hidden_module_of(&mut self, path: &[Ident], view: View<'_>) -> Option<Hidden> {
        let (_, module) = path.split_last()?;
        let found = self.locate(module, Kind::Other)?;
        let is_module = matches!(found.meaning, Meaning::Module(_)) && found.used == module.len();
        if !is_module || self.public_path(&found.meaning, view).is_some() {
            return None;
        }
        self.hidden(&found.meaning, view)
    }

    /// Returns where the outermost module is declared that the generated modules cannot name.
    pub(crate) fn hiding(&mut self, module: &ModulePath) -> Option<Spot> {
        let (outer, name) = module.split_last()?;
        if let Some(spot) = self.hiding(&outer) {
            return Some(spot);
        }
        let is_reachable = self.scope(module).is_none_or(|scope| scope.is_reachable);
        let outer = self.scope(&outer)?;
        let item = outer.declaration(name)?;
        (!is_reachable).then(|| outer.source.spot(item.ident.span()))
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
        };
        let path = self.path_of(scope, ident, visibility, Kind::Function, view, MOST_LEVELS)?;
        let (name, module) = path.split_last()?;
        // A wrapper calls its function by its own name.
        (name == ident).then(|| ModulePath::of_idents(module))?
    }

    fn path_of_module(
        &mut self,
        scope: &Scope,
        view: View<'_>,
        levels: usize,
    ) -> Option<Vec<Ident>> {
        if scope.is_reachable {
            return Some(scope.module.idents());
        }
        let (outer, name) = scope.module.split_last()?;
        let outer = self.scope(&outer)?;
        let item = outer.declaration(name)?;
        self.path_of(&outer, &item.ident, &item.vis, Kind::Other, view, levels)
    }

    fn path_of(
        &mut self,
        scope: &Scope,
        ident: &Ident,
        visibility: &Visibility,
        kind: Kind,
        view: View<'_>,
        levels: usize,
    ) -> Option<Vec<Ident>> {
        let levels = levels.checked_sub(1)?;
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
        if is_visible && let Some(mut path) = self.path_of_module(scope, view, levels) {
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
        let scope = self.scope(module).filter(|scope| scope.is_reachable)?;
        let is_it = |found: Option<Located>| {
            found.is_some_and(|found| {
                found.is_nameable && found.used == 1 && found.meaning.path() == own
            })
        };
        let mut names = vec![ident.clone()];
        for item in &scope.source.items {
            if let Item::Use(item) = item {
                let leaves = leaves(item).into_iter();
                let renamed = leaves.filter(|leaf| {
                    leaf.is_renamed
                        && leaf
                            .path
                            .last()
                            .is_some_and(|last| last.unraw() == ident.unraw())
                });
                names.extend(renamed.map(|leaf| leaf.name));
            }
        }
        let name = names
            .into_iter()
            .find(|name| is_it(self.locate_from(&scope, std::slice::from_ref(name), kind)))?;
        let mut path = module.idents();
        path.push(name);
        Some(path)
    }
}

/// Tells whether an item is `pub`, so that what has it in its signature may be as well.
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

/// Writes a path as it is written in a module.
fn relative(path: &[Ident], module: &ModulePath) -> String {
    let own = module.idents();
    let (first, rest) = match path.strip_prefix(own.as_slice()) {
        Some(rest) if !own.is_empty() => ("self", rest),
        _ => ("crate", path.get(1..).unwrap_or_default()),
    };
    let mut text = first.to_owned();
    for ident in rest {
        text.push_str("::");
        text.push_str(&ident.to_string());
    }
    text
}
