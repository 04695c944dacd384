//! A module of the crate: its items, its conditions, and if generated modules can name it.

use std::collections::BTreeSet;
use std::rc::Rc;

use proc_macro2::Ident;
use syn::ext::IdentExt;
use syn::{Attribute, Expr, ExprLit, Item, ItemMod, Lit, Meta, Visibility, parse_quote};

use crate::diagnostics::file::Spot;
use crate::files::{directory_of, joined};
use crate::module_path::ModulePath;
use crate::modules::include::place_of_include;
use crate::modules::visible::is_visible_from;
use crate::source::attributes::{allowed_lints, cfgs, inner, without_repetitions};
use crate::source::conditions::otherwise;
use crate::source::file::Source;

/// A module of the crate: a file, or an inline module of one.
#[derive(Clone)]
pub(crate) struct Scope {
    pub(crate) source: Rc<Source>,
    pub(crate) module: ModulePath,
    /// The module's path, with a number if several declarations share it.
    pub(crate) id: Rc<str>,
    /// The `mod` item. `None` for the root, and if no item is visible.
    pub(crate) declared: Option<Rc<Declared>>,
    /// The lints that the module and its outer modules allow. The signatures of its functions need
    /// the same.
    pub(crate) allows: BTreeSet<String>,
    /// The conditions under which the module exists.
    pub(crate) cfg: Vec<Attribute>,
    /// Whether the generated modules can name the module by this path, as far as its outer modules
    /// are known.
    pub(crate) is_reachable: bool,
    /// The directory in which `mod` items look for files.
    pub(crate) directory: String,
    /// The directory from which `#[path]` starts.
    pub(crate) path_base: String,
    /// The name of the generated file.
    out_file: Rc<str>,
    /// Whether the module, or an inline module of it, includes that file.
    has_include: bool,
    /// The innermost outer module that includes generated modules, or else the root.
    /// Generated modules can name the private items of that module.
    viewer: ModulePath,
}

/// The facts in a `mod` item.
pub(crate) struct Declared {
    pub(crate) ident: Ident,
    pub(crate) visibility: Visibility,
    pub(crate) cfg: Vec<Attribute>,
    pub(crate) spot: Spot,
}

impl Scope {
    /// Returns the crate's root. Lints that it allows are allowed in generated modules as well.
    pub(crate) fn root(source: Rc<Source>, out_file: &Rc<str>) -> Self {
        let directory = directory_of(&source.file.path).to_owned();
        Self {
            allows: BTreeSet::new(),
            cfg: Vec::new(),
            path_base: directory.clone(),
            directory,
            ..Self::of_file(source, ModulePath::root(), out_file)
        }
    }

    /// Returns a file's module whose outer modules are not known.
    pub(crate) fn of_file(source: Rc<Source>, module: ModulePath, out_file: &Rc<str>) -> Self {
        let file = &source.file.path;
        let directory = file.strip_suffix("/mod.rs").or(file.strip_suffix(".rs"));
        Self {
            directory: directory.unwrap_or_default().to_owned(),
            path_base: directory_of(file).to_owned(),
            has_include: place_of_include(&source.items, out_file).is_some(),
            out_file: Rc::clone(out_file),
            allows: allowed_lints(&source.attributes),
            cfg: cfgs(&source.attributes),
            id: format!("{module} in {}", source.file.path).into(),
            source,
            declared: None,
            module,
            is_reachable: true,
            viewer: ModulePath::root(),
        }
    }

    /// Returns the module with the items of another file, whose text it includes.
    pub(crate) fn with_source(&self, source: Rc<Source>) -> Self {
        Self {
            id: format!("{} in {}", self.id, source.file.path).into(),
            source,
            ..self.clone()
        }
    }

    /// Returns a module that a `mod` item of this module declares. The number counts the items with
    /// its name. The condition says when the item stands for this source.
    pub(crate) fn inside(
        &self,
        item: &ItemMod,
        number: usize,
        condition: &[Attribute],
        source: Rc<Source>,
    ) -> Self {
        let name = item.ident.unraw().to_string();
        let mut inner = Self::of_file(source, self.module.child(&name), &self.out_file);
        inner.id = match number {
            0 => format!("{}::{name}", self.id).into(),
            number => format!("{}::{name}#{number}", self.id).into(),
        };
        inner.allows.extend(self.allows.iter().cloned());
        inner.allows.extend(allowed_lints(&item.attrs));
        let mut cfg = cfgs(&item.attrs);
        cfg.extend_from_slice(condition);
        let outer = self.cfg.iter().chain(&cfg).cloned();
        inner.cfg = without_repetitions(outer.chain(inner.cfg).collect());
        inner.viewer = if self.has_include {
            self.module.clone()
        } else {
            self.viewer.clone()
        };
        inner.is_reachable =
            self.is_reachable && is_visible_from(&item.vis, &self.module, &inner.viewer);
        inner.declared = Some(Rc::new(Declared {
            ident: item.ident.clone(),
            visibility: item.vis.clone(),
            cfg,
            spot: self.source.spot(item.ident.span()),
        }));
        inner
    }

    /// Returns the `mod` items with this name. `cfg` may choose between several.
    pub(crate) fn declarations(&self, name: &str) -> impl Iterator<Item = &ItemMod> {
        self.source.declaring(name).filter_map(|item| match item {
            Item::Mod(item) => Some(item),
            _ => None,
        })
    }

    /// Returns the modules with this path, if the path is this module's or an inline module's.
    pub(crate) fn walk(&self, module: &ModulePath) -> Vec<Self> {
        let Some(names) = module.below(&self.module) else {
            return Vec::new();
        };
        let mut scopes = vec![self.clone()];
        for name in names {
            let inner = scopes.iter().flat_map(|scope| scope.inline(name));
            scopes = inner.collect();
        }
        scopes
    }

    /// Returns the inline modules with a name.
    pub(crate) fn inline(&self, name: &str) -> impl Iterator<Item = Self> {
        let items = self.declarations(name).enumerate();
        items.filter_map(|(number, item)| self.of_inline(item, number))
    }

    /// Returns the inline modules.
    pub(crate) fn inline_modules(&self) -> impl Iterator<Item = Self> {
        let names: BTreeSet<String> = self.module_names().collect();
        names.into_iter().flat_map(|name| {
            let inline: Vec<Self> = self.inline(&name).collect();
            inline
        })
    }

    /// Returns the names of the modules that this module declares, in their order.
    pub(crate) fn module_names(&self) -> impl Iterator<Item = String> {
        self.source.items.iter().filter_map(|item| match item {
            Item::Mod(item) => Some(item.ident.unraw().to_string()),
            _ => None,
        })
    }

    /// Returns the module of a `mod` item, if its content is inline.
    pub(crate) fn of_inline(&self, item: &ItemMod, number: usize) -> Option<Self> {
        let (_, items) = item.content.as_ref()?;
        let source = self.source.inline(items.clone());
        let name = item.ident.unraw().to_string();
        let directory = match paths(item).into_iter().next() {
            Some((Some(path), _)) => joined(&self.path_base, &path),
            _ => joined(&self.directory, &name),
        };
        let inner = self.inside(item, number, &[], Rc::new(source));
        let directory = directory.unwrap_or_default();
        Some(Self {
            path_base: directory.clone(),
            directory,
            ..inner
        })
    }
}

/// Returns the paths that `#[path = "…"]` gives, also inside of `cfg_attr`, with their conditions.
/// `None` stands for the file that follows from the module's name.
pub(crate) fn paths(item: &ItemMod) -> Vec<(Option<String>, Vec<Attribute>)> {
    let mut paths = Vec::new();
    for attribute in &item.attrs {
        if let Some(path) = path_of(&attribute.meta) {
            return vec![(Some(path), Vec::new())];
        }
        if attribute.path().is_ident("cfg_attr")
            && let Some(metas) = inner(&attribute.meta)
            && let Some(path) = metas.iter().skip(1).find_map(path_of)
        {
            let condition = &metas[0];
            paths.push((Some(path), vec![parse_quote!(#[cfg(#condition)])]));
        }
    }
    let conditions: Vec<_> = paths.iter().map(|(_, cfg)| cfg.clone()).collect();
    paths.push((None, otherwise(&conditions).into_iter().collect()));
    paths
}

fn path_of(meta: &Meta) -> Option<String> {
    match meta {
        Meta::NameValue(meta) if meta.path.is_ident("path") => match &meta.value {
            Expr::Lit(ExprLit {
                lit: Lit::Str(path),
                ..
            }) => Some(path.value()),
            _ => None,
        },
        _ => None,
    }
}
