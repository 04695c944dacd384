//! What a path in the crate stands for: modules are walked, imports and globs followed, in one recursion.
//!
//! A name may stand for several things, because `cfg` may choose between its declarations. All of them
//! are found, each with the conditions of what leads to it.

use std::collections::BTreeMap;
use std::rc::Rc;

use proc_macro2::Ident;
use quote::ToTokens;
use syn::{Attribute, Item, ItemUse, Path};

use crate::module_path::ModulePath;
use crate::modules::scope::Scope;
use crate::modules::sources::Sources;
use crate::modules::visible::{is_visible_from, is_visible_from_root};
use crate::rewrite::resolve;
use crate::source::attributes::{attributes, cfgs, without_repetitions};
use crate::source::index::key;
use crate::source::items::{declared, is_value};
use crate::source::use_tree::Leaf;

/// Imports of imports are followed so far: a cycle is rustc's to report.
const MOST_STEPS: usize = 32;

/// A function and a type may have the same name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Function,
    Other,
}

/// What a path stands for.
#[derive(Clone)]
pub(crate) enum Meaning {
    Module(Scope),
    /// An item of a module of this crate.
    Item(Scope, Rc<Item>),
    /// Something of another crate: its path, and whether that begins with `::`.
    Outside(Vec<Ident>, bool),
}

/// What a path stands for, and how.
#[derive(Clone)]
pub(crate) struct Located {
    pub(crate) meaning: Meaning,
    /// Whether the crate's root can use the path as it stands.
    pub(crate) is_nameable: bool,
    /// How many of the path's segments it is; what follows is inside of the item.
    pub(crate) used: usize,
    /// The conditions of what leads to it.
    pub(crate) cfg: Vec<Attribute>,
}

/// What one end of a `use` item imports, from the crate's root.
pub(crate) struct Target {
    pub(crate) path: Vec<Ident>,
    /// Whether the path begins with `::`.
    pub(crate) has_colon: bool,
    /// The conditions of the imports that the path goes through.
    pub(crate) cfg: Vec<Attribute>,
}

/// A module's id, a name in it, what kind of thing the name is to be, and whether only globs are asked.
type Question = (String, String, Kind, bool);

/// Finds what paths stand for, in the crate's modules.
pub(crate) struct Resolver<'a> {
    pub(crate) sources: Sources<'a>,
    known: BTreeMap<Question, Rc<[Located]>>,
    /// The questions of the search that is under way; `None` while one is being answered.
    asked: BTreeMap<Question, Option<Rc<[Located]>>>,
    depth: usize,
    /// How often the search met a question that is being answered, or went too deep: what was found
    /// meanwhile may not be all.
    gaps: usize,
}

impl Target {
    /// Returns `true` if the path begins with `crate`.
    pub(crate) fn is_own(&self) -> bool {
        !self.has_colon && self.path.first().is_some_and(|first| first == "crate")
    }
}

impl Meaning {
    /// Returns the path of where it is defined.
    pub(crate) fn path(&self) -> Vec<Ident> {
        match self {
            Self::Module(scope) => scope.module.idents(),
            Self::Item(scope, item) => {
                let mut path = scope.module.idents();
                path.extend(declared(item).map(|(_, ident, _)| ident.clone()));
                path
            }
            Self::Outside(path, _) => path.clone(),
        }
    }

    /// Returns `true` if it is of another crate, by a path that begins with `::`.
    pub(crate) fn has_colon(&self) -> bool {
        matches!(self, Self::Outside(_, true))
    }

    /// Returns what tells it apart from its twins.
    fn id(&self) -> String {
        let path: Vec<String> = self.path().iter().map(ToString::to_string).collect();
        match self {
            Self::Module(scope) => scope.id.clone(),
            Self::Item(scope, item) => {
                let place = declared(item).map(|(_, ident, _)| ident.span().byte_range().start);
                format!("{} {} {place:?}", scope.id, path.join("::"))
            }
            Self::Outside(_, has_colon) => format!("{has_colon} {}", path.join("::")),
        }
    }
}

impl<'a> Resolver<'a> {
    pub(crate) fn new(sources: Sources<'a>) -> Self {
        Self {
            sources,
            known: BTreeMap::new(),
            asked: BTreeMap::new(),
            depth: 0,
            gaps: 0,
        }
    }

    /// Finds what a path that begins with `crate` stands for; nothing if that cannot be seen.
    pub(crate) fn locate(&mut self, path: &[Ident], kind: Kind) -> Vec<Located> {
        if path.first().is_none_or(|first| first != "crate") {
            return Vec::new();
        }
        // Without the root's file, a module is where its path says.
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

    /// Finds what a path stands for in a module, from where it can see what is private around it.
    pub(crate) fn locate_from(
        &mut self,
        scope: &Scope,
        path: &[Ident],
        kind: Kind,
    ) -> Vec<Located> {
        match path.first() {
            // Most names are of the language or its library.
            Some(first) if scope.source.may_have(first) => {
                self.walk(scope, path, scope.is_reachable, kind)
            }
            _ => Vec::new(),
        }
    }

    /// Finds what a path of a signature stands for in a module.
    pub(crate) fn locate_path(&mut self, scope: &Scope, path: &Path, kind: Kind) -> Vec<Located> {
        if path.leading_colon.is_some() {
            return Vec::new();
        }
        let mut idents: Vec<Ident> = path.segments.iter().map(|s| s.ident.clone()).collect();
        if let Some((mut whole, used)) = resolve(&idents, &scope.module) {
            whole.extend(idents.into_iter().skip(used));
            idents = whole;
        }
        let mut found = if idents.first().is_some_and(|first| first == "crate") {
            self.locate(&idents, kind)
        } else {
            self.locate_from(scope, &idents, kind)
        };
        found.retain(|found| found.used == idents.len());
        for found in &mut found {
            found.used = path.segments.len();
        }
        found
    }

    /// Finds what one end of a `use` item, or what a glob brings in under a name, stands for.
    pub(crate) fn imported(
        &mut self,
        name: &Ident,
        (item, leaf): (&ItemUse, &Leaf),
        scope: &Scope,
        kind: Kind,
    ) -> Vec<Located> {
        let mut all = Vec::new();
        let is_nameable = is_visible_from_root(&item.vis, &scope.module);
        let targets = self.targets((item, leaf), scope);
        for target in targets {
            let is_own = target.is_own();
            let cfg: Vec<Attribute> = cfgs(&item.attrs).into_iter().chain(target.cfg).collect();
            let found = if !is_own && leaf.is_glob {
                continue;
            } else if !is_own {
                vec![Located {
                    meaning: Meaning::Outside(target.path, target.has_colon),
                    is_nameable: true,
                    used: 1,
                    cfg: Vec::new(),
                }]
            } else if leaf.is_glob {
                let modules = self.locate(&target.path, Kind::Other);
                self.of_modules(name, modules, scope, kind)
            } else {
                let mut found = self.locate(&target.path, kind);
                found.retain(|found| found.used == target.path.len());
                found
            };
            all.extend(found.into_iter().map(|found| Located {
                // A glob shows no more than what its module can name.
                is_nameable: is_nameable && (found.is_nameable || !leaf.is_glob),
                used: 1,
                cfg: cfg.iter().cloned().chain(found.cfg).collect(),
                meaning: found.meaning,
            }));
        }
        all
    }

    /// Returns the whole paths of one end of a `use` item.
    pub(crate) fn targets(
        &mut self,
        (item, leaf): (&ItemUse, &Leaf),
        scope: &Scope,
    ) -> Vec<Target> {
        let target = |path: Vec<Ident>, has_colon: bool| Target {
            path,
            has_colon,
            cfg: Vec::new(),
        };
        let path = &leaf.path;
        if item.leading_colon.is_some() {
            return vec![target(path.clone(), true)];
        }
        if let Some((mut prefix, used)) = resolve(path, &scope.module) {
            prefix.extend(path.iter().skip(used).cloned());
            return vec![target(prefix, false)];
        }
        let (first, rest) = match path.split_first() {
            Some((first, rest)) if first != "crate" => (first, rest),
            _ => return vec![target(path.clone(), false)],
        };
        let mut targets: Vec<Target> = Vec::new();
        for found in self.first_of_use(first, scope).iter() {
            let has_colon = found.meaning.has_colon();
            let (mut whole, cfg) = if found.is_nameable || has_colon {
                (found.meaning.path(), found.cfg.clone())
            } else {
                // By the name that it has here, which can be looked up again.
                (scope.module.child(&key(first)).idents(), Vec::new())
            };
            whole.extend(rest.iter().cloned());
            if targets.iter().all(|known| known.path != whole) {
                targets.push(Target {
                    path: whole,
                    has_colon,
                    cfg,
                });
            }
        }
        if targets.is_empty() {
            targets.push(target(path.clone(), false));
        }
        if let [only] = targets.as_mut_slice() {
            only.cfg.clear();
        }
        targets
    }

    /// Finds what the first name of an import stands for, unless it is a crate.
    fn first_of_use(&mut self, first: &Ident, scope: &Scope) -> Rc<[Located]> {
        let name = key(first);
        let source = &scope.source;
        let mut imports = source.importing(&name);
        let is_own = imports.any(|(_, leaf)| leaf.path.first() != Some(first))
            || source.declaring(&name).any(|item| !is_value(item));
        if is_own {
            self.entry(first, scope, Kind::Other)
        } else {
            self.through_globs(first, scope, Kind::Other)
        }
    }

    /// Goes from a module along a path.
    fn walk(
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
                    // What is in another crate is there under the rest of the path.
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

    /// Finds what a name stands for in a module.
    fn entry(&mut self, name: &Ident, scope: &Scope, kind: Kind) -> Rc<[Located]> {
        self.answer(name, scope, kind, false)
    }

    /// Finds what a module's globs bring in under a name.
    fn through_globs(&mut self, name: &Ident, scope: &Scope, kind: Kind) -> Rc<[Located]> {
        if scope.source.globs().next().is_none() {
            return Rc::new([]);
        }
        self.answer(name, scope, kind, true)
    }

    fn answer(&mut self, name: &Ident, scope: &Scope, kind: Kind, globs: bool) -> Rc<[Located]> {
        let question = (scope.id.clone(), key(name), kind, globs);
        if let Some(known) = self.known.get(&question) {
            return Rc::clone(known);
        }
        if let Some(Some(known)) = self.asked.get(&question) {
            return Rc::clone(known);
        }
        if self.asked.contains_key(&question) || self.depth == MOST_STEPS {
            self.gaps += 1;
            return Rc::new([]);
        }
        self.asked.insert(question.clone(), None);
        self.depth += 1;
        let gaps = self.gaps;
        let found: Rc<[Located]> = if globs {
            self.look_in_globs(name, scope, kind).into()
        } else {
            self.look(name, scope, kind).into()
        };
        self.depth -= 1;
        if gaps == self.gaps || self.depth == 0 {
            self.known.insert(question, Rc::clone(&found));
        } else {
            self.asked.insert(question, Some(Rc::clone(&found)));
        }
        if self.depth == 0 {
            self.asked.clear();
        }
        found
    }

    fn look(&mut self, ident: &Ident, scope: &Scope, kind: Kind) -> Vec<Located> {
        let name = key(ident);
        let source = Rc::clone(&scope.source);
        let mut found = Vec::new();
        // Whether something has the name whatever the conditions.
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
                if has_macro(&source.items, &leaf.path) {
                    continue;
                }
                let imported = self.imported(ident, (item, leaf), scope, kind);
                is_certain |= !imported.is_empty() && cfgs(&item.attrs).is_empty();
                found.extend(imported);
            }
        }
        if !is_certain {
            found.extend_from_slice(&self.through_globs(ident, scope, kind));
        }
        if let ([only], 1) = (found.as_mut_slice(), declared) {
            // Its own conditions do not matter, as there is nothing to choose from.
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

    /// Finds what a name stands for in the modules that a glob of another module leads to.
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
            if inner.id == viewer.id || !may_see(name, &inner, &viewer.module) {
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

/// Returns `true` if an import is of a `macro_rules!` of the file.
fn has_macro(items: &[Item], path: &[Ident]) -> bool {
    let [name] = path else {
        return false;
    };
    items
        .iter()
        .any(|item| matches!(item, Item::Macro(item) if item.ident.as_ref() == Some(name)))
}

/// Returns `true` if a module's items of a name, if it has some itself, are known to another module.
fn may_see(name: &Ident, scope: &Scope, viewer: &ModulePath) -> bool {
    let name = key(name);
    let imported = scope.source.importing(&name).map(|(item, _)| &item.vis);
    let declared = scope.source.declaring(&name).filter_map(declared);
    let mut visibilities = imported.chain(declared.map(|(_, _, visibility)| visibility));
    let mut is_there = false;
    let is_visible = visibilities.any(|visibility| {
        is_there = true;
        is_visible_from(visibility, &scope.module, viewer)
    });
    is_visible || !is_there
}

/// Keeps one of what is found twice: the one with no conditions, if there is one.
fn without_twice(found: Vec<Located>) -> Vec<Located> {
    let mut kept: Vec<(String, String, Located)> = Vec::new();
    for mut located in found {
        located.cfg = without_repetitions(located.cfg);
        let cfg = located
            .cfg
            .iter()
            .map(|cfg| cfg.to_token_stream().to_string());
        let (id, cfg) = (located.meaning.id(), cfg.collect::<String>());
        let is_known = |known: &(String, String, Located)| {
            known.0 == id && (known.1.is_empty() || known.1 == cfg)
        };
        if kept.iter().any(is_known) {
            continue;
        }
        if cfg.is_empty() {
            kept.retain(|known| known.0 != id);
        }
        kept.push((id, cfg, located));
    }
    kept.into_iter().map(|(_, _, located)| located).collect()
}
