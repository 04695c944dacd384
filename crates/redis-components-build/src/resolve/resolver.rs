//! Finds the items that a path in the crate stands for. One recursion walks modules, and follows
//! imports and globs.
//!
//! A name may stand for several items, because `cfg` may choose between its declarations. The
//! resolver finds all of them, each with the conditions of the declarations on its path.

use std::rc::Rc;

use proc_macro2::Ident;
use syn::Item;

use crate::module_path::ModulePath;
use crate::modules::scope::Scope;
use crate::modules::sources::Sources;
use crate::modules::visible::{is_visible_from_root, may_see};
use crate::resolve::answers::{Answers, Asked};
use crate::resolve::meaning::{Kind, Located, Meaning, without_twice};
use crate::source::attributes::{attributes, cfgs};
use crate::source::conditions::otherwise;
use crate::source::index::key;
use crate::source::items::declared;

/// Finds the items that paths stand for, in the crate's modules.
pub(crate) struct Resolver<'a> {
    pub(crate) sources: Sources<'a>,
    answers: Answers,
}

impl<'a> Resolver<'a> {
    pub(crate) fn new(sources: Sources<'a>) -> Self {
        Self {
            sources,
            answers: Answers::default(),
        }
    }

    /// Finds the items of a path that begins with `crate`. Returns nothing if they are not visible.
    pub(crate) fn locate(&mut self, path: &[Ident], kind: Kind) -> Vec<Located> {
        if path.first().is_none_or(|first| first != "crate") {
            return Vec::new();
        }
        // Without the root's file, only the path says which module a file is.
        for length in 1..=path.len() {
            let Some(module) = ModulePath::of_idents(&path[..length]) else {
                break;
            };
            let scopes = self.sources.scopes(&module);
            if scopes.is_empty() {
                continue;
            }
            let mut all = Vec::new();
            for scope in scopes.iter() {
                all.extend(self.walk(scope, &path[length..], scope.is_reachable, kind));
            }
            all.iter_mut().for_each(|found| found.used += length);
            return all;
        }
        Vec::new()
    }

    /// Finds the items of a path in a module, which can also see the private items around it.
    pub(crate) fn locate_from(
        &mut self,
        scope: &Scope,
        path: &[Ident],
        kind: Kind,
    ) -> Vec<Located> {
        match path.first() {
            // Most names are from the language or the standard library.
            Some(first) if scope.source.may_have(first) => {
                self.walk(scope, path, scope.is_reachable, kind)
            }
            _ => Vec::new(),
        }
    }

    /// Follows a path from a module.
    pub(super) fn walk(
        &mut self,
        scope: &Scope,
        path: &[Ident],
        is_nameable: bool,
        kind: Kind,
    ) -> Vec<Located> {
        let Some((name, rest)) = path.split_first() else {
            return vec![Located {
                meaning: Meaning::Module(scope.clone()),
                is_nameable,
                used: 0,
                cfg: Vec::new(),
            }];
        };
        let kind_here = if rest.is_empty() { kind } else { Kind::Other };
        let mut all = Vec::new();
        for found in self.entry(name, scope, kind_here).iter() {
            let is_nameable = is_nameable && found.is_nameable;
            let cfg = found.cfg.clone();
            match &found.meaning {
                Meaning::Module(inner) => {
                    let deeper = self.walk(inner, rest, is_nameable, kind);
                    all.extend(deeper.into_iter().map(|deeper| Located {
                        used: deeper.used + 1,
                        cfg: cfg.iter().cloned().chain(deeper.cfg).collect(),
                        ..deeper
                    }));
                }
                Meaning::Outside(outer, has_colon) => {
                    // The rest of the path is valid in the other crate as well.
                    let whole = outer.iter().chain(rest).cloned().collect();
                    all.push(Located {
                        meaning: Meaning::Outside(whole, *has_colon),
                        is_nameable,
                        used: path.len(),
                        cfg,
                    });
                }
                item @ Meaning::Item(..) => all.push(Located {
                    meaning: item.clone(),
                    is_nameable,
                    used: 1,
                    cfg,
                }),
            }
        }
        all
    }

    /// Finds the items with a name in a module.
    fn entry(&mut self, name: &Ident, scope: &Scope, kind: Kind) -> Rc<[Located]> {
        self.answer(name, scope, kind, false)
    }

    /// Finds the items that a module's globs bring in under a name.
    pub(crate) fn through_globs(
        &mut self,
        name: &Ident,
        scope: &Scope,
        kind: Kind,
    ) -> Rc<[Located]> {
        if scope.source.globs().next().is_none() {
            return Rc::new([]);
        }
        self.answer(name, scope, kind, true)
    }

    fn answer(&mut self, name: &Ident, scope: &Scope, kind: Kind, globs: bool) -> Rc<[Located]> {
        let question = (Rc::clone(&scope.id), key(name), kind, globs);
        let gaps = match self.answers.begin(&question) {
            Asked::Known(found) => return found,
            Asked::Now { gaps } => gaps,
        };
        let found = if globs {
            self.look_in_globs(name, scope, kind)
        } else {
            self.look(name, scope, kind)
        };
        self.answers.end(question, found, gaps)
    }

    fn look(&mut self, ident: &Ident, scope: &Scope, kind: Kind) -> Vec<Located> {
        let name = key(ident);
        let source = Rc::clone(&scope.source);
        let mut found = Vec::new();
        // Imports and globs cannot change the meaning of a name that has a declaration without
        // conditions.
        let mut is_certain = false;
        for item in source.declaring(&name) {
            let is_function = matches!(item, Item::Fn(_));
            // A constant function can stand in a type, and no wrapper has its name.
            let is_constant = matches!(item, Item::Fn(item) if item.sig.constness.is_some());
            let is_module = matches!(item, Item::Mod(_));
            if is_module || (is_function != (kind == Kind::Function) && !is_constant) {
                continue;
            }
            let Some((_, _, visibility)) = declared(item) else {
                continue;
            };
            let cfg = cfgs(attributes(item));
            is_certain |= cfg.is_empty();
            found.push(Located {
                meaning: Meaning::Item(scope.clone(), Rc::new(item.clone())),
                is_nameable: is_visible_from_root(visibility, &scope.module),
                used: 1,
                cfg,
            });
        }
        if kind == Kind::Other {
            let modules = self.sources.children(scope, &name);
            for module in modules.iter() {
                let Some(item) = &module.declared else {
                    continue;
                };
                is_certain |= item.cfg.is_empty();
                found.push(Located {
                    is_nameable: is_visible_from_root(&item.visibility, &scope.module),
                    used: 1,
                    cfg: item.cfg.clone(),
                    meaning: Meaning::Module(module.clone()),
                });
            }
        }
        let declared = found.len();
        if !is_certain {
            for (item, leaf) in source.importing(&name) {
                if item.leading_colon.is_none() && has_macro(&source.items, &leaf.path) {
                    continue;
                }
                let imported = self.imported(ident, (item, leaf), scope, kind);
                is_certain |= !imported.is_empty() && cfgs(&item.attrs).is_empty();
                found.extend(imported);
            }
        }
        if !is_certain {
            let explicit: Vec<_> = found.iter().map(|found| found.cfg.clone()).collect();
            let otherwise = otherwise(&explicit);
            let globbed = self.through_globs(ident, scope, kind);
            found.extend(globbed.iter().cloned().map(|mut globbed| {
                globbed.cfg.extend(otherwise.clone());
                globbed
            }));
        }
        if let ([only], 1) = (found.as_mut_slice(), declared) {
            // With a single declaration there is no choice, so its conditions do not matter.
            only.cfg.clear();
        }
        without_twice(found)
    }

    fn look_in_globs(&mut self, name: &Ident, scope: &Scope, kind: Kind) -> Vec<Located> {
        let source = Rc::clone(&scope.source);
        let globs = source.globs();
        globs
            .flat_map(|glob| self.imported(name, glob, scope, kind))
            .collect()
    }

    /// Finds the items with a name in the modules that a glob of another module leads to.
    fn of_modules(
        &mut self,
        name: &Ident,
        modules: Vec<Located>,
        viewer: &Scope,
        kind: Kind,
    ) -> Vec<Located> {
        let mut all = Vec::new();
        for module in modules {
            let Meaning::Module(inner) = module.meaning else {
                continue;
            };
            if inner.id == viewer.id || !may_see(name, &inner.source, &inner.module, &viewer.module)
            {
                continue;
            }
            for found in self.entry(name, &inner, kind).iter() {
                let cfg = module.cfg.iter().cloned().chain(found.cfg.clone());
                all.push(Located {
                    cfg: cfg.collect(),
                    ..found.clone()
                });
            }
        }
        all
    }
}

/// Returns `true` if an import names a `macro_rules!` of the file.
fn has_macro(items: &[Item], path: &[Ident]) -> bool {
    let [name] = path else {
        return false;
    };
    items
        .iter()
        .any(|item| matches!(item, Item::Macro(item) if item.ident.as_ref() == Some(name)))
}

mod imports;
