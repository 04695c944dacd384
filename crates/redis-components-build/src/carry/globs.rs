//! Imports that a signature needs because of its file's globs.

use std::collections::BTreeSet;

use crate::carry::import::Import;
use crate::carry::imports::Imports;
use crate::modules::scope::Scope;
use crate::modules::sources::Sources;
use crate::resolve::public::View;
use crate::resolve::resolver::{Kind, Meaning};
use crate::source::attributes::{cfgs, without_repetitions};
use crate::source::items::has_macro_calls;

impl Imports {
    /// Adds what a glob of the file brings in, as far as the glob leads to a module of this crate.
    pub(crate) fn add_globbed(
        &mut self,
        name: &str,
        view: View<'_>,
        sources: &mut Sources<'_>,
    ) -> bool {
        let ident = crate::syntax::ident(name);
        let found = sources.locate_from(view.scope, std::slice::from_ref(&ident), Kind::Other);
        let Some(found) = found else {
            return false;
        };
        self.note(&found.meaning);
        match sources.public_path(&found.meaning, view) {
            Some(path) => {
                let mut cfg = view.scope.cfg.clone();
                cfg.extend(found.cfg);
                self.uses.push(Import {
                    cfg: without_repetitions(cfg),
                    leading_colon: matches!(found.meaning, Meaning::Outside(_, true)),
                    ..Import::named(path, &ident)
                });
            }
            None => self.hidden.extend(sources.hidden(&found.meaning, view)),
        }
        true
    }

    /// Adds the globs of a file and of the modules that they lead to, as far as they may bring in what
    /// cannot be seen, and modules in which a macro may declare names.
    pub(crate) fn add_globs(&mut self, scope: &Scope, view: View<'_>, sources: &mut Sources<'_>) {
        let mut open = vec![scope.clone()];
        let mut seen = BTreeSet::new();
        while let Some(scope) = open.pop() {
            if !seen.insert(scope.module.to_string()) {
                continue;
            }
            if has_macro_calls(&scope.source.items)
                && let Some(path) = sources.public_path(&Meaning::Module(scope.clone()), view)
            {
                self.uses.push(Import {
                    cfg: scope.cfg.clone(),
                    is_glob: true,
                    ..Import::of_path(path)
                });
            }
            for (item, leaf) in scope.source.globs() {
                let (path, leading_colon) = sources.target(leaf, item, &scope);
                let is_own = path.first().is_some_and(|first| first == "crate");
                match sources.locate(&path, Kind::Other).filter(|_| is_own) {
                    Some(found) => {
                        if let Meaning::Module(inner) = found.meaning {
                            open.push(inner);
                        }
                    }
                    None => {
                        let mut cfg = scope.cfg.clone();
                        cfg.extend(cfgs(&item.attrs));
                        self.uses.push(Import {
                            cfg: without_repetitions(cfg),
                            leading_colon,
                            is_glob: true,
                            ..Import::of_path(path)
                        });
                    }
                }
            }
        }
    }
}
