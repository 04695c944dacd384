//! Imports that a signature needs because of its file's globs.

use std::collections::BTreeSet;
use std::rc::Rc;

use syn::Attribute;

use crate::carry::import::Import;
use crate::carry::imports::Imports;
use crate::modules::scope::Scope;
use crate::resolve::meaning::{Kind, Meaning};
use crate::resolve::public::View;
use crate::resolve::resolver::Resolver;
use crate::source::attributes::cfgs;
use crate::source::items::has_macro_calls;

impl Imports {
    /// Adds the items with a name that globs of the file bring in under a condition. Only modules
    /// of this crate are searched.
    pub(crate) fn add_globbed(
        &mut self,
        name: &str,
        condition: Option<Attribute>,
        view: View<'_>,
        resolver: &mut Resolver<'_>,
    ) -> bool {
        let ident = crate::syntax::ident(name);
        let cfg: Vec<Attribute> = view.scope.cfg.iter().cloned().chain(condition).collect();
        let all = resolver.through_globs(&ident, view.scope, Kind::Other);
        for found in all.iter().filter(|found| view.may_have(&found.cfg)) {
            self.note(&found.meaning);
            self.add_located(found.clone(), None, &ident, &cfg, view, resolver);
        }
        !all.is_empty()
    }

    /// Adds the globs of a file, and of the modules that they lead to, if they may bring in names
    /// that the generator cannot see. Adds modules in which a macro may declare names as well.
    pub(crate) fn add_globs(&mut self, scope: &Scope, view: View<'_>, resolver: &mut Resolver<'_>) {
        let mut open = vec![scope.clone()];
        let mut seen = BTreeSet::new();
        while let Some(scope) = open.pop() {
            if !seen.insert(Rc::clone(&scope.id)) {
                continue;
            }
            if has_macro_calls(&scope.source.items)
                && let Some(path) = resolver.public_path(&Meaning::Module(scope.clone()), view)
            {
                self.uses.push(Import {
                    cfg: scope.cfg.clone(),
                    is_glob: true,
                    ..Import::of_path(path)
                });
            }
            for (item, leaf) in scope.source.globs() {
                for target in resolver.targets((item, leaf), &scope) {
                    let found = resolver.locate(&target.path, Kind::Other);
                    if found.is_empty() || !target.is_own() {
                        let cfg = scope.cfg.iter().cloned().chain(cfgs(&item.attrs));
                        self.push(Import {
                            cfg: cfg.chain(target.cfg).collect(),
                            leading_colon: target.has_colon,
                            is_glob: true,
                            ..Import::of_path(target.path)
                        });
                        continue;
                    }
                    open.extend(found.into_iter().filter_map(|found| match found.meaning {
                        Meaning::Module(inner) => Some(inner),
                        _ => None,
                    }));
                }
            }
        }
    }
}
