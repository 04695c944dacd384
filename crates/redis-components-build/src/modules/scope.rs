//! Where names are looked up: a module, its own items, and what it is called from the crate's root.

use std::collections::BTreeSet;
use std::rc::Rc;

use syn::ext::IdentExt;
use syn::{Attribute, Item, ItemMod};

use crate::module_path::ModulePath;
use crate::modules::visible::is_visible_from;
use crate::source::attributes::allowed_lints;
use crate::source::attributes::{cfgs, without_repetitions};
use crate::source::file::Source;

/// A module of the crate: a file, or an inline module of one.
#[derive(Clone)]
pub(crate) struct Scope {
    pub(crate) source: Rc<Source>,
    pub(crate) module: ModulePath,
    /// The lints that the module and those around it allow, and so its functions' signatures.
    pub(crate) allows: BTreeSet<String>,
    /// The conditions under which it is there at all.
    pub(crate) cfg: Vec<Attribute>,
    /// Whether the generated modules can name the module by this path, as far as its surroundings are
    /// known.
    pub(crate) is_reachable: bool,
    /// The innermost module around it that includes generated modules, else the root: what is private
    /// there, they may name.
    viewer: ModulePath,
}

impl Scope {
    /// The crate's root. What it allows, it allows where generated modules stand as well.
    pub(crate) fn root(source: Rc<Source>) -> Self {
        Self {
            source,
            module: ModulePath::root(),
            allows: BTreeSet::new(),
            cfg: Vec::new(),
            is_reachable: true,
            viewer: ModulePath::root(),
        }
    }

    /// A file whose surroundings are not known.
    pub(crate) fn of_file(source: Rc<Source>, module: ModulePath) -> Self {
        Self {
            allows: allowed_lints(&source.attributes),
            cfg: cfgs(&source.attributes),
            source,
            module,
            is_reachable: true,
            viewer: ModulePath::root(),
        }
    }

    /// A module that a `mod` item of this one declares.
    pub(crate) fn inside(&self, item: &ItemMod, source: Rc<Source>) -> Self {
        let mut inner = Self::of_file(source, self.module.child(&item.ident.unraw().to_string()));
        inner.allows.extend(self.allows.iter().cloned());
        inner.allows.extend(allowed_lints(&item.attrs));
        let outer = self.cfg.iter().cloned().chain(cfgs(&item.attrs));
        inner.cfg = without_repetitions(outer.chain(inner.cfg).collect());
        inner.viewer = if includes(&self.source.items) {
            self.module.clone()
        } else {
            self.viewer.clone()
        };
        inner.is_reachable =
            self.is_reachable && is_visible_from(&item.vis, &self.module, &inner.viewer);
        inner
    }

    /// Returns the `mod` item of this name.
    pub(crate) fn declaration(&self, name: &str) -> Option<&ItemMod> {
        self.source.items.iter().find_map(|item| match item {
            Item::Mod(item) if item.ident.unraw() == name => Some(item),
            _ => None,
        })
    }

    /// Returns the module of this path, if it is this one or an inline module of it.
    pub(crate) fn walk(&self, module: &ModulePath) -> Option<Self> {
        let mut scope = self.clone();
        for name in module.below(&self.module)? {
            scope = scope.inline(scope.declaration(name)?)?;
        }
        Some(scope)
    }

    /// Returns the inline modules.
    pub(crate) fn inline_modules(&self) -> impl Iterator<Item = Self> {
        self.source.items.iter().filter_map(|item| match item {
            Item::Mod(module) => self.inline(module),
            _ => None,
        })
    }

    pub(crate) fn inline(&self, module: &ItemMod) -> Option<Self> {
        let (_, items) = module.content.as_ref()?;
        let source = Source {
            file: self.source.file.clone(),
            items: items.clone(),
            cuts: Rc::clone(&self.source.cuts),
            index: Default::default(),
            // Those of the item, inner ones among them, are read with it.
            attributes: Vec::new(),
        };
        Some(self.inside(module, Rc::new(source)))
    }
}

/// Tells whether generated modules are included among some items, or in an inline module of them.
fn includes(items: &[Item]) -> bool {
    items.iter().any(|item| match item {
        Item::Macro(call) => {
            let name = call.mac.path.segments.last().map(|last| &last.ident);
            name.is_some_and(|name| name == "include_components" || name == "include")
        }
        Item::Mod(module) => {
            let inner = module.content.as_ref();
            inner.is_some_and(|(_, items)| includes(items))
        }
        _ => false,
    })
}
