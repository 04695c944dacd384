//! The items that a signature needs, but the crate's root cannot name.

use proc_macro2::Ident;

use crate::diagnostics::Diagnostics;
use crate::diagnostics::diagnostic::Diagnostic;
use crate::diagnostics::file::Spot;
use crate::manifest::functions::Function;
use crate::module_path::ModulePath;
use crate::modules::visible::{is_public, is_visible_from_root};
use crate::resolve::meaning::{Kind, Meaning};
use crate::resolve::public::View;
use crate::resolve::resolver::Resolver;
use crate::source::items::declared;

/// An item that the crate's root cannot name.
pub(crate) struct Hidden {
    /// Its kind, with an article.
    pub(crate) kind: &'static str,
    pub(crate) name: Ident,
    pub(crate) spot: Spot,
    /// The declaration of the private module that hides the item. `None` if the item itself is
    /// private.
    pub(crate) module: Option<Spot>,
    /// The `use` item that would re-export it in the function's module.
    pub(crate) export: String,
}

impl Hidden {
    /// Reports the item for a function that needs it.
    pub(crate) fn report(&self, function: &Function, diagnostics: &mut Diagnostics) {
        let (kind, hidden, name) = (self.kind, &self.name, &function.name);
        let error = if kind == "a macro" {
            let message = format!(
                "`{name}` needs the macro `{hidden}`, which is known in its own file alone"
            );
            Diagnostic::error(message, &self.spot, "a macro in a signature").help(format!(
                "declare a type alias for what it stands for, such as `pub type {} = {hidden}!(…);`, and use that",
                camel_case(&hidden.to_string()),
            ))
        } else if let Some(module) = &self.module {
            let message = format!("`{name}` needs `{hidden}`, whose module is private");
            let label = format!("{kind} that cannot be named from the crate's root");
            Diagnostic::error(message, &self.spot, label)
                .context(module, "private")
                .help(format!(
                    "re-export it beside `{name}`, with `{}`, or make the module `pub(crate)`",
                    self.export
                ))
        } else {
            let message = format!("`{name}` needs `{hidden}`, which is private");
            let label = format!("{kind} of this file alone");
            Diagnostic::error(message, &self.spot, label)
                .help(format!("make `{hidden}` `pub` or `pub(crate)`"))
        };
        diagnostics.error(error.context(&function.spot, "listed here"));
    }
}

impl Resolver<'_> {
    /// Returns the obstacle that hides an item or a module.
    pub(crate) fn hidden(&mut self, meaning: &Meaning, view: View<'_>) -> Option<Hidden> {
        let (kind, ident, visibility, spot, around) = match meaning {
            Meaning::Outside(..) => return None,
            Meaning::Item(scope, item) => {
                let (kind, ident, visibility) = declared(item)?;
                let spot = scope.source.spot(ident.span());
                (kind, ident, visibility, spot, scope.module.clone())
            }
            Meaning::Module(scope) => {
                let item = scope.declared.as_ref()?;
                let (around, _) = scope.module.split_last()?;
                let spot = item.spot.clone();
                ("a module", &item.ident, &item.visibility, spot, around)
            }
        };
        let is_visible = is_visible_from_root(visibility, &around);
        let word = if is_public(visibility) {
            "pub"
        } else {
            "pub(crate)"
        };
        Some(Hidden {
            kind,
            name: ident.clone(),
            spot,
            module: self.hiding(&around).filter(|_| is_visible),
            export: format!("{word} use {};", relative(&meaning.path(), view.caller)),
        })
    }

    /// Returns the module of a path with an unknown last name, if the crate's root cannot name the
    /// module.
    pub(crate) fn hidden_module_of(&mut self, path: &[Ident], view: View<'_>) -> Option<Hidden> {
        let (_, module) = path.split_last()?;
        let found = self.locate(module, Kind::Other);
        let found = found.iter().find(|found| {
            matches!(found.meaning, Meaning::Module(_)) && found.used == module.len()
        })?;
        if self.public_path(&found.meaning, view).is_some() {
            return None;
        }
        self.hidden(&found.meaning, view)
    }

    /// Returns the declaration of the outermost module that the generated modules cannot name.
    pub(crate) fn hiding(&mut self, module: &ModulePath) -> Option<Spot> {
        let (outer, _) = module.split_last()?;
        if let Some(spot) = self.hiding(&outer) {
            return Some(spot);
        }
        let scopes = self.sources.scopes(module);
        let hidden = scopes.iter().find(|scope| !scope.is_reachable)?;
        Some(hidden.declared.as_ref()?.spot.clone())
    }
}

/// Returns a path as code in a module writes it.
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

fn camel_case(name: &str) -> String {
    let words = name.split('_').filter(|word| !word.is_empty());
    words
        .flat_map(|word| {
            let mut characters = word.chars();
            let first = characters.next().into_iter().flat_map(char::to_uppercase);
            first.chain(characters).collect::<Vec<char>>()
        })
        .collect()
}
