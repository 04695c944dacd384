//! A module of the crate: its items, its conditions, and whether generated modules can name it.

use std::collections::BTreeSet;
use std::rc::Rc;

use proc_macro2::Ident;
use syn::ext::IdentExt;
use syn::{Attribute, Item, ItemMod, Visibility};

use crate::diagnostics::file::Spot;
use crate::module_path::ModulePath;
use crate::modules::include::place_of_include;
use crate::modules::visible::is_visible_from;
use crate::source::attributes::{allowed_lints, cfgs, without_repetitions};
use crate::source::file::Source;

/// A module of the crate: a file, or an inline module of one.
#[derive(Clone)]
pub(crate) struct Scope {
    pub(crate) source: Rc<Source>,
    pub(crate) module: ModulePath,
    /// The module's path, with a number if several declarations share it.
    pub(crate) id: String,
    /// The `mod` item, unless this is the root or nothing shows the item.
    pub(crate) declared: Option<Rc<Declared>>,
    /// The lints that the module and those around it allow, and so its functions' signatures.
    pub(crate) allows: BTreeSet<String>,
    /// The conditions under which it is there at all.
    pub(crate) cfg: Vec<Attribute>,
    /// Whether the generated modules can name the module by this path, as far as its surroundings are
    /// known.
    pub(crate) is_reachable: bool,
    /// The innermost module around it that includes generated modules, else the root: they can name
    /// what is private there.
    viewer: ModulePath,
}

/// What a `mod` item says.
pub(crate) struct Declared {
    pub(crate) ident: Ident,
    pub(crate) visibility: Visibility,
    pub(crate) cfg: Vec<Attribute>,
    pub(crate) spot: Spot,
}

impl Scope {
    /// The crate's root. What it allows, it allows where generated modules stand as well.
    pub(crate) fn root(source: Rc<Source>) -> Self {
        Self {
            allows: BTreeSet::new(),
            cfg: Vec::new(),
            ..Self::of_file(source, ModulePath::root())
        }
    }

    /// A file whose surroundings are not known.
    pub(crate) fn of_file(source: Rc<Source>, module: ModulePath) -> Self {
        Self {
            allows: allowed_lints(&source.attributes),
            cfg: cfgs(&source.attributes),
            id: format!("{module} in {}", source.file.path),
            source,
            declared: None,
            module,
            is_reachable: true,
            viewer: ModulePath::root(),
        }
    }

    /// A module that a `mod` item of this one declares: the item's number among those of its name.
    pub(crate) fn inside(&self, item: &ItemMod, number: usize, source: Rc<Source>) -> Self {
        let name = item.ident.unraw().to_string();
        let mut inner = Self::of_file(source, self.module.child(&name));
        inner.id = match number {
            0 => format!("{}::{name}", self.id),
            number => format!("{}::{name}#{number}", self.id),
        };
        inner.allows.extend(self.allows.iter().cloned());
        inner.allows.extend(allowed_lints(&item.attrs));
        let cfg = cfgs(&item.attrs);
        let outer = self.cfg.iter().chain(&cfg).cloned();
        inner.cfg = without_repetitions(outer.chain(inner.cfg).collect());
        inner.viewer = if place_of_include(&self.source.items).is_some() {
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

    /// Returns the `mod` items of this name: `cfg` may choose between several.
    pub(crate) fn declarations(&self, name: &str) -> impl Iterator<Item = &ItemMod> {
        self.source.declaring(name).filter_map(|item| match item {
            Item::Mod(item) => Some(item),
            _ => None,
        })
    }

    /// Returns the modules of this path, if it is this one or an inline module of it.
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

    /// Returns the inline modules of a name.
    fn inline(&self, name: &str) -> impl Iterator<Item = Self> {
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

    /// Returns the names of the modules that it declares, in their order.
    pub(crate) fn module_names(&self) -> impl Iterator<Item = String> {
        self.source.items.iter().filter_map(|item| match item {
            Item::Mod(item) => Some(item.ident.unraw().to_string()),
            _ => None,
        })
    }

    /// Returns the module of an item, if its content stands there.
    pub(crate) fn of_inline(&self, item: &ItemMod, number: usize) -> Option<Self> {
        let (_, items) = item.content.as_ref()?;
        let source = self.source.inline(items.clone());
        Some(self.inside(item, number, Rc::new(source)))
    }
}
